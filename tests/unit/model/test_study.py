"""A study answers for its own columns: counts, the best trial, columns by key."""

from __future__ import annotations

import numpy as np
import pytest

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

SPACE = SearchSpace(
    (
        Parameter("a:b", ParameterKind.INT, 0, 9),
        Parameter("act", ParameterKind.CATEGORICAL, choices=("relu", True, 1)),
    )
)


def study_of(objectives, *, states=None, violation=None, directions=(Direction.MAXIMIZE,)):
    objectives = np.array(objectives, dtype=float).reshape(-1, len(directions))
    trials = Trials.empty(len(objectives), 2, len(directions), 1)
    trials.objectives[:] = objectives
    trials.state[:] = TrialState.COMPLETE if states is None else states
    if violation is not None:
        trials.violation[:] = violation
    names = tuple(Objective(f"o{i}", direction) for i, direction in enumerate(directions))
    header = StudyHeader("name", SPACE, names, metric_names=("size",))
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty())


def test_every_state_is_counted():
    study = study_of([1, 2, 3, 4], states=[2, 2, 4, 0])
    assert study.counts() == {
        TrialState.WAITING: 1,
        TrialState.RUNNING: 0,
        TrialState.COMPLETE: 2,
        TrialState.PRUNED: 0,
        TrialState.FAILED: 1,
    }


def test_the_best_trial_follows_the_direction():
    directions = (Direction.MAXIMIZE, Direction.MINIMIZE)
    study = study_of([[1, 5], [3, 2], [2, 4]], directions=directions)
    assert study.best() == 1
    assert study.best(1) == 1
    assert study_of([1, 3, 2], directions=(Direction.MINIMIZE,)).best() == 0


def test_only_complete_feasible_finite_trials_are_scored():
    study = study_of(
        [9, np.nan, np.inf, 1, 2, 3, 8],
        states=[4, 2, 2, 2, 2, 2, 1],
        violation=[np.nan, np.nan, np.nan, 0, np.nan, 0.5, np.nan],
    )
    assert study.scored().tolist() == [False, False, False, True, True, False, False]
    assert study.best() == 4


def test_of_equal_trials_the_earliest_is_best_and_of_none_there_is_no_best():
    assert study_of([1, 2, 2]).best() == 1
    assert study_of([]).best() is None
    assert study_of([np.nan]).best() is None


def test_columns_are_found_by_key():
    study = study_of([1, 2])
    study.trials.values[:, 0], study.trials.metrics[:, 0] = [3, 4], [5, 6]
    assert study.column("param:a:b").tolist() == [3, 4]
    assert study.column("objective:o0").tolist() == [1, 2]
    assert study.column("metric:size").tolist() == [5, 6]
    assert study.column("number").tolist() == [0, 1]


@pytest.mark.parametrize(
    "key", ["", "param:", "param:c", "objective:a:b", "metric:o0", "state", "x:y"]
)
def test_an_unknown_column_is_a_key_error(key):
    with pytest.raises(KeyError):
        study_of([1]).column(key)


def test_parameters_come_back_as_they_were_written_without_inactive_ones():
    study = study_of([1, 2, 3])
    study.trials.values[:] = [[7, 1], [np.nan, 2], [np.nan, np.nan]]
    assert study.params(0) == {"a:b": 7, "act": True}
    assert isinstance(study.params(0)["act"], bool)
    assert study.params(1) == {"act": 1}
    assert not isinstance(study.params(1)["act"], bool)
    assert study.params(2) == {}


def test_quality_grows_with_the_sign_of_the_direction():
    assert (Direction.MAXIMIZE.sign, Direction.MINIMIZE.sign) == (1, -1)
