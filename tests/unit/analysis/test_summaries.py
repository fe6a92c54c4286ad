from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hypertendril.analysis.summaries import summarise
from hypertendril.model import Study, TrialState

StudyOf = Callable[..., Study]

S = TrialState


def test_key_figures_of_a_mask_and_of_all_trials(study_of: StudyOf) -> None:
    study = study_of(
        [0.5, 0.9, 0.7, np.nan, np.inf, 0.95],
        state=[S.COMPLETE, S.COMPLETE, S.COMPLETE, S.FAILED, S.COMPLETE, S.PRUNED],
        times=([0, 10, 20, 30, 40, np.nan], [5, 12, 21, 34, 39, 99]),
    )
    found = summarise(study, np.array([True, False, True, True, False, False]))
    assert (found.selected.n, found.selected.n_scored, found.selected.best_row) == (3, 2, 2)
    assert found.selected.counts[S.FAILED] == 1
    assert found.selected.compute_seconds == 5 + 1 + 4
    assert (found.whole.n, found.whole.n_scored, found.whole.best_row) == (6, 3, 1)
    assert found.whole.best_value == 0.9
    assert math.isclose(found.whole.mean, 0.7)
    assert math.isclose(found.whole.sd, 0.2)
    assert found.whole.compute_seconds == 5 + 2 + 1 + 4 + 0


def test_the_best_of_a_minimised_objective_is_the_lowest(study_of: StudyOf) -> None:
    found = summarise(study_of([3.0, 1.0, 1.0], maximize=False)).whole
    assert (found.best_row, found.best_value) == (1, 1.0)


def test_infeasible_trials_are_not_scored(study_of: StudyOf) -> None:
    assert summarise(study_of([3.0, 1.0], violation=[0.5, np.nan])).whole.best_row == 1


def test_an_empty_study_has_key_figures(study_of: StudyOf) -> None:
    found = summarise(study_of()).whole
    assert (found.n, found.n_scored, found.best_row) == (0, 0, None)
    assert math.isnan(found.mean)
    assert math.isnan(found.sd)
    assert sum(found.counts.values()) == 0
