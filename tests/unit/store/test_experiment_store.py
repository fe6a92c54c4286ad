"""What both kinds of store promise: studies go in, come out equal, and versions grow."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.errors import StoreError
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Trials,
    TrialState,
)
from hypertendril.store import Batch, TrialUpdates


def test_a_new_study_is_empty_and_has_its_header(store, header):
    study = store.snapshot(store.create(header))
    assert len(study) == 0
    assert study.header == header
    assert study.trials.values.shape == (0, 3)
    assert study.trials.metrics.shape == (0, 2)


def test_made_up_ids_are_short_and_safe_in_a_url(store, header):
    ids = {store.create(header) for _ in range(20)}
    assert len(ids) == 20
    assert all(study_id.isalnum() and study_id.isascii() for study_id in ids)


def test_an_id_that_is_taken_is_refused(store, header):
    store.create(header, study_id="mine")
    with pytest.raises(StoreError, match="mine"):
        store.create(header, study_id="mine")


@pytest.mark.parametrize("study_id", ["", "a/b", "..", "-x", "a b", "é", "x" * 129, "a\n"])
def test_an_id_that_is_not_safe_in_a_url_is_refused(store, header, study_id):
    with pytest.raises(StoreError, match="cannot be a study's id"):
        store.create(header, study_id=study_id)


def test_appended_rows_come_back_in_order(store, header, trials, evaluations, points):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(3), evaluations=evaluations(3)))
    store.append(
        study_id,
        Batch(trials=trials(2, 3), evaluations=evaluations(2, 3), curves=points(4, 1, [1, 2])),
    )
    study = store.snapshot(study_id)
    np.testing.assert_array_equal(study.trials.values, trials(5).values)
    np.testing.assert_array_equal(study.trials.number, trials(5).number)
    np.testing.assert_array_equal(study.trials.parent, [-1, 0, 1, 2, 3])
    np.testing.assert_array_equal(study.evaluations.trial, np.repeat(np.arange(5), 2))
    np.testing.assert_array_equal(study.evaluations.value, np.repeat(np.arange(5), 2) / 7)
    assert study.params(1) == {"lr": 2e-5, "layers": 2, "optimizer": True}
    assert [list(part) for part in study.curves.of(4, 1)] == [[1, 2], [0.1, 0.2]]


def test_append_tells_the_first_new_row_and_the_version_that_shows_it(store, header, trials):
    study_id = store.create(header)
    assert store.append(study_id, Batch(trials=trials(3))).first_trial_row == 0
    appended = store.append(study_id, Batch(trials=trials(2, 3)))
    assert appended.first_trial_row == 3
    assert store.snapshot(study_id).version == appended.version == store.versions()[study_id]


def test_every_change_raises_the_version(store, header, trials):
    study_id = store.create(header)
    seen = [store.versions()[study_id]]
    store.append(study_id, Batch(trials=trials(1)))
    seen.append(store.versions()[study_id])
    store.update_header(study_id, replace(header, name="other"))
    seen.append(store.versions()[study_id])
    store.append(study_id, Batch(updates=TrialUpdates.like(store.snapshot(study_id).trials, [0])))
    seen.append(store.versions()[study_id])
    assert seen == sorted(set(seen))


def test_an_empty_batch_changes_nothing(store, header):
    study_id = store.create(header)
    before = store.versions()
    assert store.append(study_id, Batch()).version == before[study_id]
    assert store.versions() == before


def test_equal_versions_give_the_same_snapshot_object(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    assert store.snapshot(study_id) is store.snapshot(study_id)


def test_an_update_replaces_whole_rows_and_leaves_the_rest(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(4, state=TrialState.RUNNING)))
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [2, 0])
    updates.state[:] = [TrialState.FAILED, TrialState.COMPLETE]
    updates.objectives[:, 0] = [np.nan, np.inf]
    updates.ended[:] = [5.0, 6.0]
    updates.notes[2] = "out of memory"
    store.append(study_id, Batch(updates=updates))
    study = store.snapshot(study_id)
    assert study.trials.state.tolist() == [2, 1, 4, 1]
    np.testing.assert_array_equal(
        study.trials.objectives[:, 0], [np.inf, np.sin(1), np.nan, np.sin(3)]
    )
    np.testing.assert_array_equal(study.trials.ended, [6, np.nan, 5, np.nan])
    np.testing.assert_array_equal(study.trials.values, trials(4).values)
    assert study.trials.notes == {2: "out of memory"}


def test_an_update_may_bring_new_parameter_values(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [1])
    store.append(study_id, Batch(updates=replace(updates, values=np.array([[0.05, 2, np.nan]]))))
    np.testing.assert_array_equal(store.snapshot(study_id).trials.values[1], [0.05, 2, np.nan])


def test_of_two_updates_of_one_row_the_later_stands(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [1, 1, 0, 1])
    updates.ended[:] = [1, 2, 3, 4]
    store.append(study_id, Batch(updates=updates))
    assert store.snapshot(study_id).trials.ended.tolist() == [3, 4]


def test_notes_of_new_trials_are_keyed_by_their_place_in_the_batch(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(3)))
    batch = trials(2, 3)
    batch.notes[1] = "late"
    store.append(study_id, Batch(trials=batch))
    assert store.snapshot(study_id).trials.notes == {4: "late"}


def test_an_empty_note_removes_the_note(store, header, trials):
    study_id = store.create(header)
    first = trials(1)
    first.notes[0] = "failed once"
    store.append(study_id, Batch(trials=first))
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [0])
    updates.notes[0] = ""
    store.append(study_id, Batch(updates=updates))
    assert store.snapshot(study_id).trials.notes == {}


def test_a_batch_that_expects_other_rows_is_refused(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2), expected_trials=0))
    with pytest.raises(StoreError, match="2 trials, not 0"):
        store.append(study_id, Batch(trials=trials(2), expected_trials=0))
    assert len(store.snapshot(study_id)) == 2


def test_a_refused_batch_leaves_no_trace(store, header, trials, evaluations):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    before = store.snapshot(study_id)
    with pytest.raises(StoreError, match="an evaluation's trial"):
        store.append(study_id, Batch(trials=trials(1, 2), evaluations=evaluations(2, 2)))
    assert store.snapshot(study_id) is before


def test_a_header_may_grow_at_its_end(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    dropout = Parameter("dropout", ParameterKind.FLOAT, 0, 1)
    grown = replace(
        header,
        space=header.space.with_parameter(dropout),
        metric_names=(*header.metric_names, "memory"),
        curve_names=(*header.curve_names, "memory"),
    )
    store.update_header(study_id, grown)
    wide = Trials.empty(1, 4, 1, 3)
    wide.values[:], wide.metrics[:] = 0.5, 7
    store.append(study_id, Batch(trials=wide))
    study = store.snapshot(study_id)
    assert study.header == grown
    np.testing.assert_array_equal(study.column("param:dropout"), [np.nan, np.nan, 0.5])
    np.testing.assert_array_equal(study.column("metric:memory"), [np.nan, np.nan, 7])
    np.testing.assert_array_equal(study.trials.values[:2, :3], trials(2).values)


def test_a_writer_with_an_old_header_may_go_on_after_it_grew(store, header, trials):
    study_id = store.create(header)
    store.update_header(study_id, replace(header, metric_names=("size", "seconds", "memory")))
    store.append(study_id, Batch(trials=trials(2)))
    metrics = store.snapshot(study_id).trials.metrics
    np.testing.assert_array_equal(metrics, [[0, np.nan, np.nan], [10, np.nan, np.nan]])


def test_choices_may_be_added_at_the_end_only(store, header):
    study_id = store.create(header)
    choices = header.space["optimizer"].choices
    more = Parameter("optimizer", ParameterKind.CATEGORICAL, choices=(*choices, "sgd"))
    store.update_header(study_id, replace(header, space=header.space.with_parameter(more)))
    moved = Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("adam", 1, True, None))
    with pytest.raises(StoreError, match="'optimizer'"):
        store.update_header(study_id, replace(header, space=header.space.with_parameter(moved)))


@pytest.mark.parametrize(
    "change",
    [
        {"metric_names": ("size",)},
        {"metric_names": ("seconds", "size")},
        {"curve_names": ("loss",)},
        {"objectives": (Objective("accuracy", Direction.MINIMIZE),)},
        {"space": SearchSpace()},
    ],
)
def test_a_header_that_loses_or_moves_a_name_is_refused(store, header, change):
    study_id = store.create(header)
    before = store.versions()
    with pytest.raises(StoreError, match="digits"):
        store.update_header(study_id, replace(header, **change))
    assert store.versions() == before


def test_an_adopted_study_is_an_equal_copy_under_a_new_id(
    store, header, trials, evaluations, points, assert_same
):
    noted = trials(6)
    noted.notes[5] = "<b>x</b>"
    store.put("outside", header, noted, evaluations(6), points(2, 0, [3, 1, 2]))
    outside = store.snapshot("outside")
    adopted = store.snapshot(store.adopt(outside))
    assert adopted.id != "outside"
    assert_same(adopted, outside)


def test_put_replaces_a_study_and_raises_its_version(store, header, trials, evaluations, points):
    versions = []
    for n in (3, 1, 1):
        store.put("outside", header, trials(n), evaluations(n), points(0, 0, [1]))
        versions.append(store.versions()["outside"])
        assert len(store.snapshot("outside")) == n
    assert versions == sorted(set(versions))


def test_a_study_of_an_outside_source_cannot_be_written_here(store, header, trials):
    store.put("outside", header, trials(1), Evaluations.empty(), CurvePoints.empty())
    with pytest.raises(StoreError, match="outside source"):
        store.append("outside", Batch(trials=trials(1)))
    with pytest.raises(StoreError, match="outside source"):
        store.update_header("outside", header)
    with pytest.raises(StoreError, match="outside"):
        store.create(header, study_id="outside")


def test_a_source_cannot_take_the_id_of_a_study_kept_here(store, header, trials):
    study_id = store.create(header)
    with pytest.raises(StoreError, match="kept here"):
        store.put(study_id, header, trials(1), Evaluations.empty(), CurvePoints.empty())


def test_a_removed_study_is_gone_and_its_id_free(store, header, trials):
    store.put("outside", header, trials(1), Evaluations.empty(), CurvePoints.empty())
    store.create(header, study_id="mine")
    kept = store.snapshot("mine")
    before = store.versions()["mine"]
    store.remove("outside")
    store.remove("mine")
    assert store.versions() == {}
    with pytest.raises(StoreError, match="mine"):
        store.snapshot("mine")
    with pytest.raises(StoreError, match="mine"):
        store.remove("mine")
    assert kept.header == header
    store.create(header, study_id="mine")
    assert store.versions()["mine"] > before


def test_an_unknown_study_is_named(store, header):
    for call in (
        lambda: store.snapshot("nobody"),
        lambda: store.append("nobody", Batch()),
        lambda: store.update_header("nobody", header),
        lambda: store.remove("nobody"),
        lambda: store.curve("nobody", 0, 0),
    ):
        with pytest.raises(StoreError, match="'nobody'"):
            call()


def test_summaries_tell_counts_and_the_best_trial(store, header, trials):
    first = store.create(header)
    store.create(header)
    store.append(first, Batch(trials=trials(3)))
    store.append(first, Batch(trials=trials(2, 3, state=TrialState.FAILED)))
    one, two = store.studies()
    assert (one.id, one.n_trials, one.is_durable) == (first, 5, True)
    assert one.counts[TrialState.COMPLETE] == 3
    assert one.counts[TrialState.FAILED] == 2
    assert (one.best_row, one.best) == (2, pytest.approx(np.sin(2)))
    assert (two.n_trials, two.best, two.best_row) == (0, None, None)
    assert one.created <= two.created


def test_summaries_are_computed_once_per_version(store, header, trials):
    study_id = store.create(header)
    before = store.studies()[0]
    assert store.studies()[0] is before
    store.append(study_id, Batch(trials=trials(1)))
    assert store.studies()[0] is not before


def test_a_closed_store_refuses_writes_but_snapshots_stay(store, header, trials):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2)))
    study = store.snapshot(study_id)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.append(study_id, Batch(trials=trials(1)))
    with pytest.raises(StoreError, match="closed"):
        store.refresh()
    assert len(study) == len(store.snapshot(study_id)) == 2


def test_a_curve_has_each_step_once_with_its_latest_value(store, header, trials, points):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(2), curves=points(1, 0, [1, 2, 3])))
    store.append(study_id, Batch(curves=points(1, 0, [2, 1], [9.0, np.nan])))
    steps, values = store.curve(study_id, 1, 0)
    np.testing.assert_array_equal(steps, [1, 2, 3])
    np.testing.assert_array_equal(values, [np.nan, 9, 0.3])
    assert len(store.curve(study_id, 0, 1)[0]) == 0


def test_a_study_without_parameters_or_metrics_can_be_kept(store, header):
    bare = replace(header, space=SearchSpace(), metric_names=(), curve_names=())
    study_id = store.create(bare)
    store.append(study_id, Batch(trials=Trials.empty(3, 0, 1, 0)))
    assert store.snapshot(study_id).trials.values.shape == (3, 0)


def test_updates_like_the_present_change_nothing_but_the_version(
    store, header, trials, assert_same
):
    study_id = store.create(header)
    store.append(study_id, Batch(trials=trials(5)))
    before = store.snapshot(study_id)
    store.append(study_id, Batch(updates=TrialUpdates.like(before.trials, range(5))))
    after = store.snapshot(study_id)
    assert after.version > before.version
    assert_same(after, before)
    fields = {field.name for field in dataclasses.fields(TrialUpdates)}
    assert fields >= {"row", "state", "objectives", "metrics", "started", "ended", "violation"}
