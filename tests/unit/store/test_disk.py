"""What is on disk: it comes back equal, is shared by processes, and is refused when it is not ours."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import StoreError
from hypertendril.model import Parameter, ParameterKind, Trials, TrialState
from hypertendril.store import Batch, ExperimentStore, TrialUpdates, records
from hypertendril.store.journal import Journal

DATA = Path(__file__).parents[2] / "data"


def fill(store, header, trials, evaluations, points):
    """Write a study in many small steps, with everything that can happen to one."""
    study_id = store.create(header)
    first = trials(3)
    first.notes[1] = "note"
    store.append(study_id, Batch(trials=first, evaluations=evaluations(3)))
    for row in range(3):
        updates = TrialUpdates.like(store.snapshot(study_id).trials, [row])
        updates.objectives[:], updates.ended[:] = row / 3, row
        store.append(study_id, Batch(updates=updates, curves=points(row, 0, [1, 2, 3])))
    memory = Parameter("memory", ParameterKind.INT, 0, 9)
    grown = replace(
        header, space=header.space.with_parameter(memory), metric_names=("size", "seconds", "x")
    )
    store.update_header(study_id, grown)
    late = Trials.empty(2, 4, 1, 3)
    late.state[:], late.notes[0] = TrialState.RUNNING, "late"
    store.append(study_id, Batch(trials=late, curves=points(4, 1, [1])))
    return study_id


def test_everything_comes_back_equal_with_its_version(
    folder, header, trials, evaluations, points, assert_same
):
    with ExperimentStore.open(folder) as store:
        before = store.snapshot(fill(store, header, trials, evaluations, points))
        summary = store.studies()[0]
    with ExperimentStore.open(folder) as store:
        after = store.snapshot(before.id)
        assert after.version == before.version
        assert_same(after, before)
        assert store.studies() == (summary,)
        assert store.problems == ()


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(records, "MAX_ROWS_A_PIECE", 7)


@pytest.mark.usefixtures("small_pieces")
def test_large_batches_are_kept_in_pieces(folder, header, trials, evaluations, points, assert_same):
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        batch = trials(20)
        batch.notes[19] = "last"
        store.append(study_id, Batch(batch, None, evaluations(20), points(19, 0, range(30))))
        updates = TrialUpdates.like(store.snapshot(study_id).trials, range(20))
        updates.ended[:] = np.arange(20)
        store.append(study_id, Batch(updates=updates))
        before = store.snapshot(study_id)
    with ExperimentStore.open(folder) as store:
        assert_same(store.snapshot(study_id), before)
        assert store.snapshot(study_id).trials.ended.tolist() == list(range(20))


def test_the_folder_is_for_its_owner_only(tmp_path):
    for folder in (tmp_path / "new" / "store", tmp_path / "loose"):
        if folder.name == "loose":
            folder.mkdir(mode=0o755)
        ExperimentStore.open(folder).close()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_commits_wait_for_the_disk(folder):
    with ExperimentStore.open(folder) as store:
        assert isinstance(store._journal, Journal)
        database = store._journal._db
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_two_stores_over_one_folder_see_each_other_after_refresh(folder, header, trials):
    with ExperimentStore.open(folder) as one, ExperimentStore.open(folder) as two:
        study_id = one.create(header)
        assert two.versions() == {}
        assert two.refresh()
        assert two.versions() == one.versions()
        one.append(study_id, Batch(trials=trials(2)))
        assert two.append(study_id, Batch(trials=trials(1, 2))).first_trial_row == 2
        assert len(one.snapshot(study_id)) == 2
        assert one.refresh()
        assert one.snapshot(study_id).trials.number.tolist() == [1000, 1001, 1002]
        one.update_header(study_id, replace(header, name="renamed"))
        assert two.refresh()
        assert two.snapshot(study_id).name == "renamed"
        two.remove(study_id)
        assert one.refresh()
        assert one.versions() == {}


def test_refresh_says_when_nothing_is_new(folder, header, trials):
    with ExperimentStore.open(folder) as one, ExperimentStore.open(folder) as two:
        study_id = one.create(header)
        assert not one.refresh()
        assert two.refresh()
        assert not two.refresh()
        one.append(study_id, Batch(trials=trials(1)))
        two.append(study_id, Batch(trials=trials(1)))
        assert two.refresh(), "what an append took in on the way is news too"


def test_a_snapshot_is_not_changed_by_what_another_process_updates(folder, header, trials):
    with ExperimentStore.open(folder) as one, ExperimentStore.open(folder) as two:
        study_id = one.create(header)
        one.append(study_id, Batch(trials=trials(2)))
        before = one.snapshot(study_id)
        two.refresh()
        updates = TrialUpdates.like(two.snapshot(study_id).trials, [0])
        updates.ended[:] = 7
        two.append(study_id, Batch(updates=updates, trials=trials(1, 2)))
        one.refresh()
        assert np.isnan(before.trials.ended).all()
        assert one.snapshot(study_id).trials.ended[0] == 7


def test_an_id_taken_by_another_process_is_refused(folder, header):
    with ExperimentStore.open(folder) as one, ExperimentStore.open(folder) as two:
        one.create(header, study_id="mine")
        with pytest.raises(StoreError, match="mine"):
            two.create(header, study_id="mine")
        two.remove("mine")
        one.create(header, study_id="mine")
        two.refresh()
        assert one.versions() == two.versions()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(folder, header):
    with ExperimentStore.open(folder) as store:
        store.create(header)
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"store\.sqlite: written by a newer version"):
        ExperimentStore.open(folder)
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
        assert database.execute("SELECT count(*) FROM studies").fetchone() == (1,)


def test_a_store_of_the_first_version_opens(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copy(DATA / "store_v1.sqlite", folder / "store.sqlite")
    with ExperimentStore.open(folder) as store:
        (summary,) = store.studies()
        study = store.snapshot(summary.id)
        assert (summary.id, study.name, len(study)) == ("firststudy", "digits", 5)
        assert study.trials.state.tolist() == [2, 2, 2, 1, 1]
        assert study.trials.notes == {1: "note", 3: "late"}
        assert study.params(1) == {"lr": 2e-5, "layers": 2, "optimizer": True}
        assert study.evaluations.trial.tolist() == [0, 0, 1, 1, 2, 2]
        assert [list(part) for part in store.curve(study.id, 2, 0)] == [[1, 2, 3], [0.1, 0.2, 0.3]]


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_database_is_named(folder, content):
    folder.mkdir()
    (folder / "store.sqlite").write_bytes(content)
    if not content:  # an interrupted first start: nothing was acknowledged, so begin
        ExperimentStore.open(folder).close()
        return
    with pytest.raises(StoreError, match=r"store\.sqlite"):
        ExperimentStore.open(folder)
    assert (folder / "store.sqlite").read_bytes() == content


def test_a_database_of_another_program_is_left_alone(folder):
    folder.mkdir()
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        database.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="another program"):
        ExperimentStore.open(folder)


def test_a_path_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file"):
        ExperimentStore.open(tmp_path / "file")


def damage(folder, sequence, column):
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        (blob,) = database.execute(
            f"SELECT {column} FROM events WHERE sequence = ?", (sequence,)
        ).fetchone()
        broken = bytes([blob[0] ^ 1]) + blob[1:] if isinstance(blob, bytes) else blob[:-1]
        database.execute(f"UPDATE events SET {column} = ? WHERE sequence = ?", (broken, sequence))
        database.commit()


def test_a_flipped_bit_costs_one_batch_and_is_reported(folder, header, trials, evaluations):
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        store.append(study_id, Batch(trials=trials(2)))
        hurt = store.append(study_id, Batch(trials=trials(2, 2), evaluations=evaluations(2, 2)))
        store.append(study_id, Batch(trials=trials(1, 4), evaluations=evaluations(1, 4)))
    damage(folder, hurt.version, "trials")
    with ExperimentStore.open(folder) as store:
        study = store.snapshot(study_id)
        assert study.trials.number.tolist() == [1000, 1001, -1, -1, 1004]
        assert study.trials.state.tolist() == [2, 2, 4, 4, 2]
        assert study.evaluations.trial.tolist() == [4, 4]
        (problem,) = store.problems
        assert "2 trials" in problem
        assert "digits" in problem


def test_a_damaged_header_hides_one_study_and_is_reported(folder, header, trials):
    with ExperimentStore.open(folder) as store:
        hurt = store.create(header)
        store.append(hurt, Batch(trials=trials(2)))
        well = store.create(header)
    damage(folder, 1, "header")
    with ExperimentStore.open(folder) as store:
        assert list(store.versions()) == [well]
        assert store.problems


def test_a_damaged_later_header_costs_the_batches_that_need_it(folder, header, trials):
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        store.append(study_id, Batch(trials=trials(2)))
        store.update_header(study_id, replace(header, metric_names=("size", "seconds", "x")))
        hurt = store.versions()[study_id]
        store.append(study_id, Batch(trials=trials(1, 2)))
    damage(folder, hurt, "header")
    with ExperimentStore.open(folder) as store:
        assert store.snapshot(study_id).trials.number.tolist() == [1000, 1001, -1]
        assert len(store.problems) == 2


def test_a_store_whose_file_was_removed_says_so(folder, header, trials):
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        (folder / "store.sqlite").unlink()
        with pytest.raises(StoreError, match="removed or replaced"):
            store.append(study_id, Batch(trials=trials(1)))
        with pytest.raises(StoreError, match="removed or replaced"):
            store.refresh()


def test_a_read_that_fails_halfway_is_made_good_by_the_next(
    folder, header, trials, points, monkeypatch, assert_same
):
    with ExperimentStore.open(folder) as one, ExperimentStore.open(folder) as two:
        gone, study_id = one.create(header), one.create(header)
        one.append(study_id, Batch(trials=trials(3)))
        two.refresh()
        one.append(study_id, Batch(trials=trials(3, 3), curves=points(1, 0, [1])))
        one.append(gone, Batch(trials=trials(1)))
        one.remove(gone)
        events = two._journal.events

        def failing(after):
            yield from list(events(after))[:1]
            raise StoreError("the disk went away")

        with monkeypatch.context() as patch:
            patch.setattr(two._journal, "events", failing)
            with pytest.raises(StoreError, match="went away"):
                two.refresh()
        assert len(two.snapshot(study_id)) == 3
        assert two.refresh()
        assert_same(two.snapshot(study_id), one.snapshot(study_id))
        assert two.versions() == one.versions()


def test_a_failed_commit_leaves_memory_and_disk_as_they_were(folder, header, trials):
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        store.append(study_id, Batch(trials=trials(2)))
        before = store.snapshot(study_id)
        assert isinstance(store._journal, Journal)
        database = store._journal._db
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"store\.sqlite.*full"):
            store.append(study_id, Batch(trials=trials(5000)))
        assert store.snapshot(study_id) is before
        database.execute("PRAGMA max_page_count = 1000000")
        assert store.append(study_id, Batch(trials=trials(1, 2))).first_trial_row == 2
    with ExperimentStore.open(folder) as store:
        assert store.snapshot(study_id).trials.number.tolist() == [1000, 1001, 1002]
