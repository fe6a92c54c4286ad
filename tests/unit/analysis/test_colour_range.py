from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.colour_range import colour_range, is_log_coloured
from hypertendril.model import Outcome, Study, TrialState

StudyOf = Callable[..., Study]


def test_the_range_runs_from_the_bad_tail_to_the_best(study_of: StudyOf) -> None:
    assert colour_range(study_of(np.arange(101.0))) == (5.0, 100.0)
    assert colour_range(study_of(np.arange(101.0), maximize=False)) == (0.0, 95.0)


def test_a_diverged_trial_does_not_stretch_the_range(study_of: StudyOf) -> None:
    losses = np.append(np.linspace(0, 1, 99), 1e9)
    low, high = colour_range(study_of(losses, maximize=False))
    assert low == 0.0
    assert high < 1.0


def test_several_diverged_trials_do_not_stretch_the_range(study_of: StudyOf) -> None:
    losses = np.append(np.linspace(0, 1, 90), np.full(10, 1e12))
    assert colour_range(study_of(losses, maximize=False)) == (0.0, 1.0)


def test_trials_that_were_discarded_count_where_no_parent_is_known(study_of: StudyOf) -> None:
    looks = [(row, row // 50, -1, -1, row / 100, Outcome.DISCARDED) for row in range(100)]
    states = [TrialState.PRUNED] * 90 + [TrialState.COMPLETE] * 10
    low, _ = colour_range(study_of(np.linspace(0, 0.99, 100), state=states, evaluations=looks))
    assert low < 0.1


def test_equal_values_get_the_best_colour(study_of: StudyOf) -> None:
    low, high = colour_range(study_of([2.0, 2.0]))
    assert low < high == 2.0
    low, high = colour_range(study_of([2.0], maximize=False))
    assert low == 2.0 < high


@pytest.mark.parametrize("objective", [[], [np.nan, np.inf]])
def test_no_scored_trial_gives_zero_to_one(study_of: StudyOf, objective: list[float]) -> None:
    assert colour_range(study_of(objective)) == (0.0, 1.0)


def test_failed_trials_do_not_count(study_of: StudyOf) -> None:
    states = [TrialState.FAILED, TrialState.COMPLETE, TrialState.COMPLETE]
    assert colour_range(study_of([9.0, 1.0, 0.0], state=states))[1] == 1.0


def test_losses_over_many_decades_are_coloured_by_their_logarithms(study_of: StudyOf) -> None:
    tiny = np.append(np.geomspace(1e-6, 1e-5, 80), np.geomspace(1e-4, 10, 20))
    assert is_log_coloured(study_of(np.geomspace(1e-5, 10, 50), maximize=False))
    assert is_log_coloured(study_of(tiny, maximize=False))
    assert colour_range(study_of(tiny, maximize=False))[1] > 0.1


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0.1, 0.9, 50),
        np.append(np.linspace(0.1, 0.9, 50), 1e10),
        np.geomspace(1e-5, 10, 50) - 1e-4,
        np.full(4, 0.25),
        np.full(4, np.nan),
    ],
    ids=["near one another", "one diverged", "some below zero", "all equal", "none"],
)
def test_other_values_are_coloured_as_they_are(study_of: StudyOf, values: np.ndarray) -> None:
    assert not is_log_coloured(study_of(values, maximize=False))
