from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hypertendril.analysis.selected import best_first
from hypertendril.model import Study, TrialState

StudyOf = Callable[..., Study]

S = TrialState


def test_scored_trials_come_first_then_running_pruned_failed_waiting(study_of: StudyOf) -> None:
    study = study_of(
        [np.nan, 0.2, np.nan, 0.9, 0.5, np.nan, np.inf],
        state=[S.FAILED, S.COMPLETE, S.WAITING, S.PRUNED, S.COMPLETE, S.RUNNING, S.COMPLETE],
    )
    assert best_first(study, np.ones(7, dtype=bool)).tolist() == [4, 1, 6, 5, 3, 0, 2]


def test_the_lowest_comes_first_when_minimised_and_equals_keep_their_order(
    study_of: StudyOf,
) -> None:
    study = study_of([2.0, 1.0, 2.0, 1.0], maximize=False)
    assert best_first(study, np.ones(4, dtype=bool)).tolist() == [1, 3, 0, 2]


def test_only_the_mask_is_listed_and_at_most_so_many(study_of: StudyOf) -> None:
    study = study_of([1.0, 2.0, 3.0, 4.0])
    mask = np.array([True, True, True, False])
    assert best_first(study, mask).tolist() == [2, 1, 0]
    assert best_first(study, mask, limit=2).tolist() == [2, 1]
    assert best_first(study, np.zeros(4, dtype=bool)).tolist() == []


def test_pruned_trials_without_a_value_come_after_those_with_one(study_of: StudyOf) -> None:
    study = study_of([np.nan, 0.1, 0.4], state=S.PRUNED)
    assert best_first(study, np.ones(3, dtype=bool)).tolist() == [2, 1, 0]
