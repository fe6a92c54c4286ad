"""Batches that do not fit their study are refused in words, before anything is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypertendril.errors import StoreError
from hypertendril.model import Trials
from hypertendril.store import Batch, TrialUpdates
from hypertendril.store.encode import encode


@pytest.fixture
def refuse(header, trials):
    """Return a function that encodes a batch for a study of 3 trials and expects a refusal."""

    def check(batch, match):
        with pytest.raises(StoreError, match=match):
            encode(batch, header, trials(3))

    return check


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("state", np.array([5], np.int8), "5 as a trial's state"),
        ("state", np.array([-1], np.int8), "-1 as a trial's state"),
        ("state", np.array([258]), "'state' holds numbers too large"),
        ("state", np.array([1.0]), "'state' holds float64"),
        ("parent", np.array([4]), "4 as a trial's parent"),
        ("parent", np.array([-2]), "-2 as a trial's parent"),
        ("started", np.zeros(2), "'started' has the shape"),
        ("values", np.zeros(1), "'values' has the shape"),
        ("values", np.zeros((1, 4)), "'values' is 4 wide; the study has 3"),
        ("metrics", np.zeros((1, 3)), "Add the new names"),
        ("objectives", np.array([["a"]]), "'objectives' holds"),
        ("notes", {1: "x"}, "4 as a note's row"),
    ],
)
def test_new_trials_that_do_not_fit_are_refused(refuse, trials, column, value, match):
    refuse(Batch(trials=replace(trials(1), **{column: value})), match)


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("row", np.array([3]), "3 as an update's row"),
        ("row", np.array([-1]), "-1 as an update's row"),
        ("state", np.array([9], np.int8), "9 as a trial's state"),
        ("ended", np.zeros(2), "'ended' has the shape"),
        ("values", np.zeros((1, 9)), "9 wide"),
        ("notes", {3: "x"}, "3 as a note's row"),
    ],
)
def test_updates_that_do_not_fit_are_refused(refuse, trials, column, value, match):
    updates = TrialUpdates.like(trials(3), [1])
    refuse(Batch(updates=replace(updates, **{column: value})), match)


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("trial", np.array([0, 3]), "3 as an evaluation's trial"),
        ("outcome", np.array([0, 5], np.int8), "5 as an evaluation's outcome"),
        ("rung", np.array([0, 2**40]), "'rung' holds numbers too large"),
        ("value", np.zeros(3), "'value' has the shape"),
    ],
)
def test_evaluations_that_do_not_fit_are_refused(refuse, evaluations, column, value, match):
    refuse(Batch(evaluations=replace(evaluations(1), **{column: value})), match)


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("trial", np.array([3]), "3 as a curve point's trial"),
        ("metric", np.array([2], np.int16), "2 as a curve point's metric"),
        ("step", np.array([np.nan]), "step that is not a finite number"),
        ("step", np.array([np.inf]), "step that is not a finite number"),
    ],
)
def test_curve_points_that_do_not_fit_are_refused(refuse, points, column, value, match):
    refuse(Batch(curves=replace(points(0, 0, [1]), **{column: value})), match)


def test_rows_of_new_trials_may_be_named_by_the_rest_of_the_batch(
    header, trials, evaluations, points
):
    batch = Batch(trials(1, 3), None, evaluations(1, 3), points(3, 0, [1]))
    records = encode(batch, header, trials(3))
    assert records.evaluations["trial"].tolist() == [3, 3]
    assert records.points["trial"].tolist() == [3]


def test_columns_of_narrower_types_are_taken(header):
    trials = Trials.empty(2, 3, 1, 2)
    narrow = replace(trials, values=np.ones((2, 3), np.float32), number=np.array([1, 2], np.int32))
    records = encode(Batch(trials=narrow), header, Trials.empty(0, 3, 1, 2))
    assert records.trials["number"].tolist() == [1, 2]
    assert records.trials["values"].tolist() == [[1, 1, 1]] * 2
