"""The examples of docs/formats.md are read and printed as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypertendril.readers import READERS, inspect_json, read, to_generic
from hypertendril.readers.format_table import with_table
from hypertendril.readers.generic.reader import PARAMETER_KEYS, STUDY_KEYS
from hypertendril.readers.generic.trials import EVALUATION_KEYS, TRIAL_KEYS
from hypertendril.readers.tables.reader import PLAIN
from tests.docs.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "formats.md"


def _blocks(language: str) -> list[str]:
    return [block.text for block in blocks(PAGE) if block.language == language]


def _generic() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_blocks("json")[0])
    return found


def test_the_table_of_formats_is_what_the_readers_say() -> None:
    page = PAGE.read_text()
    assert with_table(page, READERS) == page, "run: python -m docs.make_formats"


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        with_table("# Formats", READERS)


def test_the_generic_example_is_read_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_text(json.dumps(_generic()))
    (found,) = read(path)
    assert found.header.skipped == ()
    assert found.as_study().params(0)["momentum"] == 0.9


def test_the_generic_example_shows_every_key_but_the_order() -> None:
    study = _generic()
    trial = study["trials"][0]
    shown = {key for parameter in study["space"] for key in parameter}
    assert study.keys() == STUDY_KEYS
    assert trial.keys() == TRIAL_KEYS
    assert shown == PARAMETER_KEYS
    assert trial["evaluations"][0].keys() == EVALUATION_KEYS - {"order"}


def test_the_table_is_read_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(_blocks("text")[0])
    (found,) = read(path)
    assert found.header.skipped == ()
    assert found.trials.parent.tolist() == [-1, 0]
    assert all(f"`{name}`" in PAGE.read_text() for name in PLAIN)


def test_the_inspect_example_has_the_keys_that_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_text(json.dumps(_generic()))
    printed = inspect_json(read(path)[0])
    (example,) = json.loads(_blocks("json")[1])["studies"]
    assert list(example) == list(printed)
    for key in ("method", "best", "counts"):
        assert list(example[key]) == list(printed[key])
    assert list(example["space"][0]) == list(printed["space"][0])


def test_an_export_has_no_key_the_page_lacks(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_text(json.dumps(_generic()))
    exported = to_generic(read(path)[0])
    assert exported.keys() == STUDY_KEYS
    assert exported["trials"][0].keys() <= TRIAL_KEYS
