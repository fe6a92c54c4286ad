"""Sources that this account may not read, and links in a circle."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import read
from hypertendril.readers.roots import links_outside, roots_of
from hypertendril.readers.source import Source
from hypertendril.store.answers import Answers
from tests.contract.run_formats import RUNS
from tests.faults.failing_disk import somebody_without_rights


def test_runs_of_others_are_left_out_and_named_and_ours_are_read() -> None:
    with tempfile.TemporaryDirectory() as place:
        runs = Path(place) / "runs"
        for name in ("a", "shut", "listed_only", "b"):
            shutil.copytree(RUNS / "hpbandster", runs / name)
        shutil.copy(RUNS / "hpbandster" / "results.json", runs / "shut.json")
        read(runs)  # loads what a reader needs, as long as it may be loaded
        with somebody_without_rights(runs):
            (runs / "shut").chmod(0)
            (runs / "listed_only").chmod(0o444)
            (runs / "shut.json").chmod(0)
            found = read(runs)
            with pytest.raises(SourceFormatError, match=r"can't be looked into \(Permission"):
                read(runs / "shut")
            with pytest.raises(SourceFormatError, match=r"can't be looked into .*Permission"):
                read(runs / "listed_only")
            (runs / "listed_only").chmod(0o755)
        assert [study.header.name for study in found] == ["a", "b"]
        reasons = [skipped.reason for skipped in found[0].header.skipped]
        assert f"this account may not read {runs / 'listed_only'}, and 2 more" in reasons


def test_a_link_to_itself_is_one_error_wherever_it_is_named(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(SourceFormatError, match="Too many levels"):
        Answers(tmp_path / "data").read(Source(path=circle))
    with pytest.raises(SourceFormatError, match="is no folder"):
        roots_of([], [circle])
    assert links_outside(tmp_path, [tmp_path]) is None


def test_the_home_of_nobody_is_a_path_like_any_other() -> None:
    with pytest.raises(SourceFormatError, match="can't be opened"):
        read("~no-such-user/runs")
