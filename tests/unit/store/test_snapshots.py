"""A snapshot never changes, and never shows half of a change."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.model import CurvePoints, Evaluations, Parameter, ParameterKind, Trials
from hypertendril.store import Batch, ExperimentStore, TrialUpdates


def test_an_update_does_not_change_a_snapshot_taken_before(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(4)))
    before = store.snapshot(study_id)
    updates = TrialUpdates.like(before.trials, [1, 2])
    updates.objectives[:], updates.state[:], updates.notes[1] = 99, 4, "bad"
    store.append(study_id, Batch(updates=replace(updates, values=np.zeros((2, 3)))))
    np.testing.assert_array_equal(before.trials.objectives, trials(4).objectives)
    np.testing.assert_array_equal(before.trials.values, trials(4).values)
    assert before.trials.state.tolist() == [2, 2, 2, 2]
    assert before.trials.notes == {}
    assert store.snapshot(study_id).trials.objectives[:, 0].tolist()[1:3] == [99, 99]


def test_an_append_does_not_change_a_snapshot_taken_before(
    store, header, trials, evaluations, points
):
    study_id = store.create(header)
    taken = []
    for n in range(40):  # beyond every first capacity
        store.append(
            study_id,
            Batch(trials(1, n), None, evaluations(1, n), points(n, 0, [1, 2])),
        )
        taken.append(store.snapshot(study_id))
    for n, study in enumerate(taken, start=1):
        np.testing.assert_array_equal(study.trials.values, trials(n).values)
        np.testing.assert_array_equal(study.evaluations.value, evaluations(n).value)
        assert len(study.curves) == 2 * n


def test_a_grown_header_does_not_change_a_snapshot_taken_before(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(3)))
    before = store.snapshot(study_id)
    extra = Parameter("extra", ParameterKind.INT, 0, 1)
    grown = replace(
        header, space=header.space.with_parameter(extra), metric_names=("size", "seconds", "x")
    )
    store.update_header(study_id, grown)
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [0])
    updates.metrics[:] = 5
    store.append(study_id, Batch(updates=updates))
    np.testing.assert_array_equal(before.trials.metrics, trials(3).metrics)
    assert before.header == header
    assert store.snapshot(study_id).trials.metrics[0].tolist() == [5, 5, 5]


def test_no_array_of_a_snapshot_can_be_written(store, header, trials, evaluations, points):
    study_id = store.create(header)
    store.append(study_id, Batch(trials(2), None, evaluations(2), points(0, 0, [1])))
    store.put("outside", header, trials(2), evaluations(2), points(0, 0, [1]))
    for study in (store.snapshot(study_id), store.snapshot("outside")):
        for part in (study.trials, study.evaluations, study.curves):
            arrays = [value for value in vars(part).values() if isinstance(value, np.ndarray)]
            assert arrays
            assert not any(array.flags.writeable for array in arrays)
        with pytest.raises(ValueError, match="read-only"):
            study.trials.values[0, 0] = 1


def test_readers_in_other_threads_only_see_whole_versions(tmp_path, header):
    """Every batch moves all trials from k to k + 1 at once and adds one: any mixture is a tear."""
    with ExperimentStore.open(tmp_path / "store") as store:
        study_id = store.create(header)
        torn: list[str] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                study = store.snapshot(study_id)
                ended = study.trials.ended
                if len(study) and not (ended == len(study)).all():
                    torn.append(f"version {study.version}: {ended}")
                if len(study.evaluations) != len(study):
                    torn.append(f"version {study.version}: {len(study.evaluations)} evaluations")

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for n in range(120):
            old = TrialUpdates.like(store.snapshot(study_id).trials, range(n))
            old.ended[:] = n + 1
            new, seen = Trials.empty(1, 3, 1, 2), Evaluations.empty(1)
            new.ended[:], seen.trial[:] = n + 1, n
            store.append(study_id, Batch(new, old, seen))
        done.set()
        for reader in readers:
            reader.join()
        assert torn == []
        assert len(store.snapshot(study_id)) == 120


def test_writers_in_several_threads_lose_nothing(store, header, trials):
    study_id = store.create(header)

    def write(writer: int) -> None:
        for n in range(25):
            batch = trials(2, 1000 * writer + 2 * n)
            batch.parent[:] = -1
            store.append(study_id, Batch(trials=batch))

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    study = store.snapshot(study_id)
    expected = {1000 + 1000 * writer + n for writer in range(4) for n in range(50)}
    assert len(study) == len(expected)
    assert set(study.trials.number.tolist()) == expected


def test_a_snapshot_survives_the_removal_of_its_study(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(3)))
    study = store.snapshot(study_id)
    store.remove(study_id)
    np.testing.assert_array_equal(study.trials.number, trials(3).number)


def test_put_shows_the_new_study_only(store, header, trials):
    store.put("outside", header, trials(3), Evaluations.empty(), CurvePoints.empty())
    before = store.snapshot("outside")
    store.put("outside", header, trials(1), Evaluations.empty(), CurvePoints.empty())
    assert (len(before), len(store.snapshot("outside"))) == (3, 1)
