from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.importance import targets
from hypertendril.analysis.importance.targets import (
    FAILURE,
    is_failure,
    shared_resource,
    target_of,
    values_at,
)
from hypertendril.model import Evaluations, Study, TrialState

StudyOf = Callable[..., Study]
S = TrialState
KEY = "objective:accuracy"


def test_only_complete_trials_with_a_finite_value_count(study_of: StudyOf) -> None:
    study = study_of(
        [0.1, np.nan, np.inf, 0.2, 0.3, 0.4],
        state=[S.COMPLETE, S.COMPLETE, S.COMPLETE, S.PRUNED, S.FAILED, S.RUNNING],
    )
    found = target_of(study, KEY, None, seed=0)
    assert found.rows.tolist() == [0]
    assert found.warnings == (
        "1 pruned and 1 failed trials are left out.",
        "2 trials have no finite accuracy and are left out.",
    )


def test_a_diverged_trial_is_taken_out_and_counted(study_of: StudyOf) -> None:
    found = target_of(study_of([*np.linspace(0, 1, 50), 1e9]), KEY, None, seed=0)
    assert len(found.rows) == 50
    assert "1 trial has diverged" in found.warnings[0]


def test_where_most_values_are_equal_none_has_diverged(study_of: StudyOf) -> None:
    found = target_of(study_of([0.1] * 50 + [0.9]), KEY, None, seed=0)
    assert len(found.rows) == 51
    assert found.warnings == ()


def test_rows_may_be_a_mask_or_numbers(study_of: StudyOf) -> None:
    study = study_of([1.0, 2.0, 3.0])
    by_mask = target_of(study, KEY, np.array([True, False, True]), seed=0)
    by_number = target_of(study, KEY, np.array([2, 0]), seed=0)
    assert by_mask.rows.tolist() == by_number.rows.tolist() == [0, 2]


def test_very_many_trials_are_represented_by_some(
    study_of: StudyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "MAX_TRIALS", 10)
    study = study_of(np.linspace(0, 1, 40))
    found = target_of(study, KEY, None, seed=0)
    assert len(np.unique(found.rows)) == 10
    assert found.warnings == ("Computed from 10 of 40 trials, drawn at random.",)
    assert target_of(study, KEY, None, seed=0).rows.tolist() == found.rows.tolist()


def test_the_largest_doubles_do_not_overflow(study_of: StudyOf) -> None:
    found = target_of(study_of([1e308, -1e308, 0.0, 1.0]), KEY, None, seed=0)
    assert np.isfinite(found.values).all()


def test_an_unknown_column_is_a_key_error(study_of: StudyOf) -> None:
    with pytest.raises(KeyError):
        target_of(study_of([1.0]), "objective:nothing", None, seed=0)


def test_a_trial_fails_in_state_without_a_value_or_by_diverging(study_of: StudyOf) -> None:
    scores = [*np.linspace(0, 1, 20), np.nan, 1e9, np.nan]
    state = [TrialState.COMPLETE] * 22 + [TrialState.FAILED]
    study = study_of(scores, state=state)
    assert np.flatnonzero(is_failure(study)).tolist() == [20, 21, 22]
    found = target_of(study, FAILURE, None, 0)
    assert found.values.sum() == 3
    assert len(found.rows) == 23
    assert found.warnings == ("3 of 23 trials failed, diverged ones included.",)


def test_pruned_and_complete_trials_are_compared_after_what_they_share(study_of: StudyOf) -> None:
    states = [TrialState.COMPLETE] * 2 + [TrialState.PRUNED] * 3
    study = study_of([0.8, 0.9, np.nan, np.nan, np.nan], state=states)
    seen = Evaluations.empty(7)
    seen.trial[:] = [0, 1, 2, 3, 4, 0, 1]
    seen.resource[:] = [2, 2, 2, 2, 2, 8, 8]
    seen.value[:] = [0.5, 0.6, 0.1, 0.2, 0.3, 0.8, 0.9]
    study = replace(study, evaluations=seen)
    assert shared_resource(study) == 2
    assert np.isnan(values_at(study, 8)).tolist() == [False, False, True, True, True]
    found = target_of(study, "at:2.0", None, 0)
    assert found.values.tolist() == [0.5, 0.6, 0.1, 0.2, 0.3]
    assert found.warnings == ()


def test_without_pruned_trials_nothing_is_shared(study_of: StudyOf) -> None:
    assert shared_resource(study_of([0.1, 0.2])) is None


def test_a_target_that_makes_no_sense_is_a_key_error(study_of: StudyOf) -> None:
    with pytest.raises(KeyError):
        target_of(study_of([0.1]), "at:noon", None, 0)
