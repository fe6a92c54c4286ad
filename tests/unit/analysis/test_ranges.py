from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.ranges import space_of_selection, space_of_trials
from hypertendril.errors import SpaceError
from hypertendril.model import Brush, Condition, Parameter, ParameterKind, Selection, Study

StudyOf = Callable[..., Study]

LR = Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True)
DEPTH = Parameter("depth", ParameterKind.INT, 2, 10, step=2)
OPT = Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd", "rms"))
MOMENTUM = Parameter("mom", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd",)))
SPACE = (LR, DEPTH, OPT, MOMENTUM)


def brushed(*brushes: Brush) -> Selection:
    return Selection("hand", brushes)


def ranges(name: str, *pairs: tuple[float, float], missing: bool = False) -> Brush:
    return Brush("space", "ranges", (f"param:{name}",), pairs, missing=missing)


def test_no_brush_keeps_the_declared_space(study_of: StudyOf) -> None:
    study = study_of([], space=SPACE)
    assert space_of_selection(study, brushed()) == study.space


def test_ranges_of_one_brush_become_their_hull_inside_the_bounds(study_of: StudyOf) -> None:
    selection = brushed(ranges("lr", (1e-9, 1e-4), (1e-3, 1e-2)))
    space = space_of_selection(study_of([], space=SPACE), selection)
    assert (space["lr"].low, space["lr"].high) == (1e-5, 1e-2)
    assert space["lr"].log
    assert space["depth"] == DEPTH


def test_two_brushes_on_one_parameter_must_both_hold(study_of: StudyOf) -> None:
    selection = brushed(ranges("lr", (1e-4, 1e-2)), ranges("lr", (1e-3, math.inf)))
    space = space_of_selection(study_of([], space=SPACE), selection)
    assert (space["lr"].low, space["lr"].high) == (1e-3, 1e-2)


def test_stepped_parameters_move_inwards_to_their_steps(study_of: StudyOf) -> None:
    study = study_of([], space=SPACE)
    depth = space_of_selection(study, brushed(ranges("depth", (2.5, 9.0))))["depth"]
    assert (depth.low, depth.high, depth.step) == (4, 8, 2)
    between = space_of_selection(study, brushed(ranges("depth", (4.9, 5.3))))["depth"]
    assert (between.low, between.high) == (6, 6)


def test_brushed_choices_are_kept_in_their_declared_order(study_of: StudyOf) -> None:
    selection = brushed(ranges("opt", (1.5, 2.5), (-0.5, 0.5)))
    space = space_of_selection(study_of([], space=SPACE), selection)
    assert space["opt"].choices == ("adam", "rms")


def test_a_parameter_its_parent_can_no_longer_make_active_is_left_out(study_of: StudyOf) -> None:
    study = study_of([], space=SPACE)
    assert "mom" not in space_of_selection(study, brushed(ranges("opt", (0, 0))))
    assert "mom" in space_of_selection(study, brushed(ranges("opt", (0, 1))))


def test_a_box_narrows_both_its_parameters(study_of: StudyOf) -> None:
    box = Brush("importance", "box", ("param:lr", "param:depth"), ((1e-4, 1e-3), (4, 6)))
    space = space_of_selection(study_of([], space=SPACE), brushed(box))
    assert (space["lr"].low, space["lr"].high) == (1e-4, 1e-3)
    assert (space["depth"].low, space["depth"].high) == (4, 6)


def test_brushes_on_other_columns_and_the_none_lane_narrow_nothing(study_of: StudyOf) -> None:
    study = study_of([], space=SPACE)
    other = Brush("overview", "ranges", ("objective:accuracy",), ((0.5, 1.0),))
    lane = ranges("lr", missing=True)
    picked = Brush("selected", "trials", trials=(0,))
    assert space_of_selection(study, brushed(other, lane, picked)) == study.space


def test_brushes_that_leave_nothing_say_which_parameter(study_of: StudyOf) -> None:
    study = study_of([], space=SPACE)
    with pytest.raises(SpaceError, match="'lr'"):
        space_of_selection(study, brushed(ranges("lr", (1e-5, 1e-4)), ranges("lr", (1e-3, 1e-2))))
    with pytest.raises(SpaceError, match="'opt'"):
        space_of_selection(study, brushed(ranges("opt", (0.2, 0.8))))


def test_the_space_of_trials_is_the_hull_of_their_values(study_of: StudyOf) -> None:
    values = [[1e-3, 4, 0, np.nan], [1e-2, 8, 2, np.nan], [1e-4, 6, 1, 0.5]]
    study = study_of([1, 2, 3], values=values, space=SPACE)
    space = space_of_trials(study, np.array([True, True, False]))
    assert (space["lr"].low, space["lr"].high) == (1e-3, 1e-2)
    assert (space["depth"].low, space["depth"].high) == (4, 8)
    assert space["opt"].choices == ("adam", "rms")
    assert "mom" not in space
    whole = space_of_trials(study, np.ones(3, dtype=bool))
    assert (whole["mom"].low, whole["mom"].high) == (0.5, 0.5)


def test_values_outside_the_declared_bounds_are_not_carried_over(study_of: StudyOf) -> None:
    study = study_of([1, 2], values=[[0.5], [7.0]])
    space = space_of_trials(study, np.ones(2, dtype=bool))
    assert (space["x"].low, space["x"].high) == (0.5, 1.0)


def test_no_trial_has_no_range(study_of: StudyOf) -> None:
    with pytest.raises(SpaceError, match="No trial"):
        space_of_trials(study_of([1.0]), np.zeros(1, dtype=bool))
