"""Whatever the disk refuses, and whenever: what was acknowledged stays, and the store opens again."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import StoreError
from hypertendril.model import Direction, Objective, SearchSpace, StudyHeader, Trials
from hypertendril.store import Batch, ExperimentStore
from tests.faults.failing_disk import (
    KINDS,
    fail_each_call,
    files_no_larger_than,
    run_with_failing_calls,
    somebody_without_rights,
)


def header() -> StudyHeader:
    return StudyHeader("faults", SearchSpace(), (Objective("loss", Direction.MINIMIZE),))


def numbered(first: int, n: int = 10) -> Batch:
    trials = Trials.empty(n, 0, 1, 0)
    trials.number[:] = np.arange(first, first + n)
    return Batch(trials=trials)


def require_whole(folder: Path, study_id: str, at_least: int) -> int:
    """Assert that the store is sound and holds at least that many trials; return how many."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with ExperimentStore.open(folder) as store:
        assert store.problems == ()
        if study_id not in store.versions():
            assert at_least == 0
            return 0
        numbers = store.snapshot(study_id).trials.number
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)))
    assert len(numbers) >= at_least
    return len(numbers)


def test_a_full_disk_is_reported_and_writing_goes_on_when_there_is_room(tmp_path):
    folder = tmp_path / "store"
    refused = 0
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header())
        kept = store.append(study_id, numbered(0)).first_trial_row + 10
        for extra in range(0, 12_000, 500):  # the write breaks off at another place each time
            size = (folder / "store.sqlite-wal").stat().st_size
            with files_no_larger_than(size + extra):
                try:
                    store.append(study_id, numbered(kept, 100))
                    kept += 100
                except StoreError as error:
                    refused += str(folder / "store.sqlite") in str(error)
            assert len(store.snapshot(study_id)) == kept
            store.append(study_id, numbered(kept))
            kept += 10
    assert refused > 5
    assert require_whole(folder, study_id, kept) == kept


def test_a_store_that_cannot_be_made_is_named(tmp_path):
    folder = tmp_path / "store"
    with files_no_larger_than(100), pytest.raises(StoreError, match=str(folder)):
        ExperimentStore.open(folder)
    ExperimentStore.open(folder).close()


def test_a_read_only_folder_is_named_and_its_data_stay():
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "store"
        with ExperimentStore.open(folder) as store:
            study_id = store.create(header())
            store.append(study_id, numbered(0))
        with somebody_without_rights(folder):
            (folder / "store.sqlite").chmod(0o400)
            folder.chmod(0o500)
            with pytest.raises(StoreError, match=str(folder)):
                ExperimentStore.open(folder)
            with pytest.raises(StoreError, match=str(folder)):
                ExperimentStore.open(folder / "inner")
            folder.chmod(0o700)
            (folder / "store.sqlite").chmod(0o600)
        assert require_whole(folder, study_id, 10) == 10


def test_a_log_cut_off_at_any_place_leaves_whole_batches(tmp_path):
    """A power cut may leave any part of what was written last."""
    folder, copy = tmp_path / "store", tmp_path / "copy"
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header())
        for number in range(12):
            store.append(study_id, numbered(10 * number))
        log = (folder / "store.sqlite-wal").read_bytes()
        main = (folder / "store.sqlite").read_bytes()
    found = []
    for length in [*range(0, len(log), 1499), len(log)]:
        copy.mkdir(mode=0o700)
        (copy / "store.sqlite").write_bytes(main)
        (copy / "store.sqlite-wal").write_bytes(log[:length])
        found.append(require_whole(copy, study_id, 0))
        shutil.rmtree(copy)
    assert found == sorted(found)
    assert found[-1] == 120
    assert all(n % 10 == 0 for n in found)
    assert len(set(found)) > 8


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_call_to_the_disk_fails_the_acknowledged_stays(kind):
    """Fail the 1st, 2nd, 3rd ... write, sync or truncation in turn, until none is left to fail."""
    assert run_with_failing_calls(Path(__file__), kind) > 15


def write_until_it_fails(folder: Path, acknowledged: Path) -> None:
    """Make a store and append to it; note on disk how far the acknowledgements came."""
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header(), study_id="study")
        for number in range(4):
            store.append(study_id, numbered(10 * number))
            acknowledged.symlink_to(
                str(10 * number + 10)
            )  # one call, and none that is made to fail
            acknowledged = acknowledged.with_suffix(f".{number + 1}")


def fail_every_call_in_turn(place: Path, kind: str) -> int:
    """Return how many calls there were to fail."""

    def write(number: int) -> None:
        write_until_it_fails(place / f"store{number}", place / f"said{number}.0")

    def check(number: int) -> None:
        kept = [int(str(link.readlink())) for link in place.glob(f"said{number}.*")]
        require_whole(place / f"store{number}", "study", max([0, *kept]))
        shutil.rmtree(place / f"store{number}")

    return fail_each_call(place, kind, write, check)


if __name__ == "__main__":
    sys.stdout.write(str(fail_every_call_in_turn(Path(sys.argv[1]), sys.argv[2])))
