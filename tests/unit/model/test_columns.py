"""Blank rows, and curves put together from points in any order."""

from __future__ import annotations

import numpy as np
import pytest

from hypertendril.model import CurvePoints, Evaluations, Outcome, Trials, TrialState


def curves(*points):
    """Curve points from tuples (trial, metric, step, value), in the order they arrived."""
    trial, metric, step, value = zip(*points, strict=True) if points else ((), (), (), ())
    return CurvePoints(
        np.array(trial, np.int64),
        np.array(metric, np.int16),
        np.array(step, float),
        np.array(value, float),
    )


def test_blank_trials_wait_without_values_or_parents():
    trials = Trials.empty(3, 2, 1, 4)
    assert len(trials) == 3
    assert trials.number.tolist() == [0, 1, 2]
    assert (trials.state == TrialState.WAITING).all()
    assert (trials.values.shape, trials.objectives.shape, trials.metrics.shape) == (
        (3, 2),
        (3, 1),
        (3, 4),
    )
    assert np.isnan(trials.values).all()
    assert (trials.parent == -1).all()
    assert (trials.bracket == -1).all()
    assert trials.notes == {}


def test_blank_evaluations_are_pending():
    evaluations = Evaluations.empty(2)
    assert len(evaluations) == 2
    assert (evaluations.outcome == Outcome.PENDING).all()
    assert np.isnan(evaluations.value).all()
    assert (evaluations.rung == -1).all()
    assert len(Evaluations.empty()) == 0


def test_the_numbers_of_states_and_outcomes_never_change():
    assert [state.name for state in TrialState] == [
        "WAITING",
        "RUNNING",
        "COMPLETE",
        "PRUNED",
        "FAILED",
    ]
    assert [o.name for o in Outcome] == ["PENDING", "PROMOTED", "SURVIVED", "DISCARDED", "FINAL"]
    assert [*TrialState] == [*Outcome] == [0, 1, 2, 3, 4]


def test_a_curve_is_put_in_the_order_of_its_steps():
    points = curves((0, 0, 3, 0.3), (1, 0, 1, 9), (0, 0, 1, 0.1), (0, 1, 2, 8), (0, 0, 2, 0.2))
    np.testing.assert_array_equal(points.of(0, 0), [[1, 2, 3], [0.1, 0.2, 0.3]])
    np.testing.assert_array_equal(points.of(0, 1), [[2], [8]])
    np.testing.assert_array_equal(points.of(1, 0), [[1], [9]])


def test_a_repeated_step_replaces_the_earlier_value():
    points = curves((0, 0, 1, 1), (0, 0, 2, 2), (0, 0, 1, 3), (0, 0, 2, np.nan), (0, 0, 1, 4))
    np.testing.assert_array_equal(points.of(0, 0), [[1, 2], [4, np.nan]])


def test_infinite_values_and_negative_steps_are_kept():
    points = curves((0, 0, 0, np.inf), (0, 0, -1, -np.inf))
    np.testing.assert_array_equal(points.of(0, 0), [[-1, 0], [-np.inf, np.inf]])


@pytest.mark.parametrize("points", [curves(), curves((0, 0, 1, 1), (2, 1, 1, 1))])
def test_a_curve_without_points_is_empty(points):
    steps, values = points.of(1, 0)
    assert (len(steps), len(values)) == (0, 0)
    assert len(points.of(0, 1)[0]) == 0


def test_metrics_of_neighbouring_trials_are_not_mixed_up():
    points = curves((0, 32767, 1, 1), (1, 0, 1, 2))
    assert points.of(0, 32767)[1].tolist() == [1]
    assert points.of(1, 0)[1].tolist() == [2]


def test_blank_points_can_be_counted():
    assert (len(CurvePoints.empty()), len(CurvePoints.empty(3))) == (0, 3)
