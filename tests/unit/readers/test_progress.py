"""How far a reading is, and that it ends when nobody waits for it any more."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypertendril.readers import Follower, Source, detect
from hypertendril.readers.progress import (
    Progress,
    ReadingCancelledError,
    counted,
    each,
    watched,
)
from hypertendril.store import ExperimentStore
from tests.contract.formats import FORMATS
from tests.contract.run_formats import RUNS, Format
from tests.waiting import PATIENCE_SECONDS

COUNTING = ("ray-tune", "mlflow", "keras-tuner", "tensorboard", "folder", "table", "generic")


@pytest.fixture
def store() -> Iterator[ExperimentStore]:
    with ExperimentStore.open(None) as opened:
        yield opened


def test_what_is_read_is_counted_and_only_the_outermost_shows() -> None:
    progress, seen = Progress(), []
    with watched(progress):
        for _ in each(["a", "b"], "runs"):
            with counted(100, "bytes") as inner:
                inner.reached(50)
            seen.append((progress.done, progress.total, progress.unit))
    assert seen == [(0, 2, "runs"), (1, 2, "runs")]


def test_nothing_is_counted_where_nobody_looks() -> None:
    assert list(each([1, 2], "trials")) == [1, 2]
    with counted(1, "bytes") as counter:
        counter.reached(1)


@pytest.mark.parametrize(
    "form",
    [next(f for f in FORMATS if f.reader == name) for name in COUNTING],
    ids=lambda form: form.reader,
)
def test_a_reading_that_was_called_off_ends(form: Format, tmp_path: Path) -> None:
    source = form.make(tmp_path)
    progress = Progress()
    progress.cancel()
    with watched(progress), pytest.raises(ReadingCancelledError):
        detect(source).read(source)


def test_a_source_that_is_closed_while_it_is_read_leaves_nothing(
    store: ExperimentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(RUNS / "ray_tune" / "asha", tmp_path / "run")
    source = Source.parse(tmp_path / "run")
    follower = Follower([source.file], store)
    reached, goes_on = threading.Event(), threading.Event()
    check: Callable[[Progress], None] = Progress.check

    def waits(progress: Progress) -> None:
        if progress.done == 3:  # in the middle
            reached.set()
            assert goes_on.wait(PATIENCE_SECONDS)
        check(progress)

    monkeypatch.setattr(Progress, "check", waits)
    reading = threading.Thread(target=follower.look)
    reading.start()
    assert reached.wait(PATIENCE_SECONDS)
    progress = follower.progress[source.shown]
    assert (progress.done, progress.total, progress.unit) == (3, 10, "trials")
    follower.remove(source)
    goes_on.set()
    reading.join(PATIENCE_SECONDS)
    assert not store.versions()
    assert not follower.problems


def test_a_long_journal_counts_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "configs.json"
    line = json.dumps([[0, 0, 0], {"x": 1}, {}]) + "\n"
    path.write_text(line * 5)
    (tmp_path / "results.json").write_text("")
    progress = Progress()
    with watched(progress):
        detect(tmp_path).read(Source.parse(tmp_path))
    assert progress.unit == "bytes"
