"""Selections: the trials brushes leave, and the form they travel in."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from hypertendril.errors import SelectionError
from hypertendril.model import (
    Brush,
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Selection,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.model.selection import MAX_BRUSHES, MAX_PARTS

NAN, INF = math.nan, math.inf


@pytest.fixture
def study():
    """Six trials: x = 0..4 and missing, loss = 5..0 with one infinite, states of every kind."""
    trials = Trials.empty(6, 1, 1, 0)
    trials.values[:, 0] = [0, 1, 2, 3, 4, NAN]
    trials.objectives[:, 0] = [5, 4, INF, 2, NAN, 0]
    trials.state[:] = [2, 2, 2, 3, 4, 1]
    space = SearchSpace((Parameter("x", ParameterKind.FLOAT, 0, 4),))
    header = StudyHeader("study", space, (Objective("loss", Direction.MINIMIZE),))
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty())


def rows(study, *brushes):
    return np.flatnonzero(Selection("id", brushes).mask(study)).tolist()


def test_no_brush_leaves_every_trial(study):
    assert rows(study) == [0, 1, 2, 3, 4, 5]


def test_ranges_are_closed_and_joined_by_or(study):
    assert rows(study, Brush("space", "ranges", ("param:x",), ((1, 2), (4, 9)))) == [1, 2, 4]


def test_a_ranges_brush_without_ranges_leaves_nothing(study):
    assert rows(study, Brush("space", "ranges", ("param:x",))) == []


def test_trials_without_a_value_are_left_only_when_asked_for(study):
    assert rows(study, Brush("space", "ranges", ("param:x",), ((-INF, INF),))) == [0, 1, 2, 3, 4]
    assert rows(study, Brush("space", "ranges", ("param:x",), missing=True)) == [5]
    assert rows(study, Brush("space", "ranges", ("param:x",), ((3, INF),), missing=True)) == [
        3,
        4,
        5,
    ]


def test_an_infinite_value_is_inside_an_open_range(study):
    assert rows(study, Brush("space", "ranges", ("objective:loss",), ((4, INF),))) == [0, 1, 2]


def test_a_box_joins_its_sides_by_and(study):
    dims = ("param:x", "objective:loss")
    assert rows(study, Brush("overview", "box", dims, ((0, 3), (2, 4)))) == [1, 3]


def test_picked_trials_are_left_and_rows_that_do_not_exist_yet_are_ignored(study):
    assert rows(study, Brush("selected", "trials", trials=(4, 1, 99))) == [1, 4]
    assert rows(study, Brush("selected", "trials")) == []


def test_states_and_numbers_can_be_brushed(study):
    pruned = (float(TrialState.PRUNED), float(TrialState.FAILED))
    assert rows(study, Brush("overview", "ranges", ("state",), (pruned,))) == [3, 4]
    assert rows(study, Brush("overview", "ranges", ("number",), ((0, 1),))) == [0, 1]


def test_brushes_are_joined_by_and(study):
    low = Brush("space", "ranges", ("param:x",), ((0, 3),))
    good = Brush("overview", "ranges", ("objective:loss",), ((0, 4),))
    picked = Brush("selected", "trials", trials=(1, 5))
    assert rows(study, low, good) == [1, 3]
    assert rows(study, low, good, picked) == [1]


def test_a_column_the_study_lacks_is_named(study):
    for dims in (("param:y",), ("nothing",)):
        with pytest.raises(SelectionError, match=dims[0]):
            rows(study, Brush("space", "ranges", dims, ((0, 1),)))


def test_a_selection_comes_back_equal_from_strict_json(study):
    selection = Selection(
        "id",
        (
            Brush("space", "ranges", ("param:x",), ((-INF, 0.1), (1, INF)), missing=True),
            Brush("overview", "box", ("param:x", "objective:loss"), ((0, 1), (-INF, INF))),
            Brush("selected", "trials", trials=(3, 1)),
        ),
    )
    text = json.dumps(selection.to_json(), allow_nan=False)
    back = Selection.from_json(json.loads(text))
    assert back == selection
    np.testing.assert_array_equal(back.mask(study), selection.mask(study))


def test_nothing_sent_is_the_empty_selection():
    assert Selection.from_json(None) == Selection()


RANGES = {"view": "space", "kind": "ranges", "dims": ["param:x"], "ranges": [[0, 1]]}


@pytest.mark.parametrize(
    "data",
    [
        [],
        "x",
        {},
        {"v": 2, "study": "s", "brushes": []},
        {"v": 1, "brushes": []},
        {"v": 1, "study": 3, "brushes": []},
        {"v": 1, "study": "s", "brushes": {}},
        {"v": 1, "study": "s", "brushes": [RANGES] * (MAX_BRUSHES + 1)},
    ],
)
def test_what_is_no_selection_is_refused(data):
    with pytest.raises(SelectionError):
        Selection.from_json(data)


@pytest.mark.parametrize(
    "brush",
    [
        1,
        {},
        {"view": "space"},
        RANGES | {"view": 1},
        RANGES | {"kind": "lasso"},
        RANGES | {"dims": "param:x"},
        RANGES | {"dims": [1]},
        RANGES | {"dims": []},
        RANGES | {"dims": ["a", "b"]},
        RANGES | {"ranges": None},
        RANGES | {"ranges": [[0]]},
        RANGES | {"ranges": [[0, 1, 2]]},
        RANGES | {"ranges": [["0", 1]]},
        RANGES | {"ranges": [[True, 1]]},
        RANGES | {"ranges": [[NAN, 1]]},
        RANGES | {"ranges": [[0, 10**400]]},
        RANGES | {"ranges": [[0, 1]] * (MAX_PARTS + 1)},
        RANGES | {"kind": "box"},
        RANGES | {"kind": "box", "dims": ["a", "b"]},
        {"view": "selected", "kind": "trials"},
        {"view": "selected", "kind": "trials", "trials": [-1]},
        {"view": "selected", "kind": "trials", "trials": [1.5]},
        {"view": "selected", "kind": "trials", "trials": [True]},
    ],
)
def test_a_malformed_brush_is_refused(brush):
    with pytest.raises(SelectionError):
        Selection.from_json({"v": 1, "study": "s", "brushes": [brush]})


def test_a_mask_belongs_to_its_caller(study):
    brush = Brush("space", "ranges", ("param:x",), ((1, 2),))
    first = brush.mask(study)
    first[:] = True
    assert rows(study, brush) == [1, 2]
