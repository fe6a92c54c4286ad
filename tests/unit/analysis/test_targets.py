from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis import targets
from hypertendril.analysis.targets import target_of
from hypertendril.model import Study, TrialState

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
