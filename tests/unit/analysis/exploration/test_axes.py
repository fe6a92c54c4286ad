from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.exploration.axes import available_axes
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.model import Outcome, Study, TrialState

StudyOf = Callable[..., Study]
PROMOTED, DISCARDED, FINAL = Outcome.PROMOTED, Outcome.DISCARDED, Outcome.FINAL


@pytest.fixture
def halving(study_of: StudyOf) -> Study:
    """Two trials over a first rung of 2 epochs, one goes on to 6; a third is a copy of it to 8."""
    study = study_of(
        [0.2, 0.6, 0.7],
        parent=[-1, -1, 1],
        evaluations=[
            (0, -1, 0, 0, 0.2, DISCARDED),
            (1, -1, 0, 0, 0.4, PROMOTED),
            (1, -1, 0, 1, 0.6, FINAL),
            (2, -1, 0, 1, 0.7, FINAL),
        ],
    )
    study.evaluations.resource[:] = [2, 2, 6, 8]
    study.evaluations.time[:] = [100, 220, 280, 400]
    return study


def test_resource_spent_counts_what_each_look_added(halving: Study) -> None:
    found = prepare_exploration(halving, "spent")
    # 2, then 2 more, then 4 (6 of which 2 were spent), then 2 (8 of which the parent had 6).
    assert found.x.tolist() == [2, 4, 8, 10]
    assert found.kind == "measured"
    assert found.bands == ()
    assert found.incumbent_value.tolist() == [0.2, 0.4, 0.6, 0.7, 0.7]


def test_wall_time_starts_at_zero_in_a_readable_unit(halving: Study) -> None:
    found = prepare_exploration(halving, "wall")
    assert found.x.tolist() == [0, 2, 3, 5]
    assert found.x_title == "minutes since the start"
    assert found.x_low < 0
    assert found.x_high > 5


def test_trial_order_is_a_column_a_trial_for_any_method(halving: Study) -> None:
    found = prepare_exploration(halving, "trial")
    assert found.x.tolist() == pytest.approx([0, 1, 1.4, 2])
    assert found.previous.tolist() == [-1, -1, 1, -1]


def test_only_recorded_axes_are_offered(halving: Study, study_of: StudyOf) -> None:
    assert available_axes(halving) == ("method", "trial", "wall", "spent")
    assert available_axes(study_of([0.5, 0.6])) == ("method", "trial")


def test_what_nobody_noted_falls_back_to_the_methods_own_layout(study_of: StudyOf) -> None:
    study = study_of([0.5, 0.6])
    for axis in ("wall", "spent"):
        assert prepare_exploration(study, axis).kind == "sequence"


def test_looks_without_a_time_lie_evenly_between_start_and_end(study_of: StudyOf) -> None:
    looks = [(0, -1, -1, -1, 0.1, PROMOTED), (0, -1, -1, -1, 0.2, FINAL)]
    found = prepare_exploration(study_of([0.2], evaluations=looks, times=([0.0], [20.0])), "wall")
    assert found.x.tolist() == [0, 10]


def test_things_happen_in_the_order_of_their_times(halving: Study) -> None:
    halving.evaluations.time[:] = [4, 3, 2, 1]
    assert prepare_exploration(halving).when.tolist() == [3, 2, 1, 0]


def test_without_times_a_failed_trial_happens_between_its_neighbours(study_of: StudyOf) -> None:
    study = study_of(
        [0.1, np.nan, 0.3],
        state=[TrialState.COMPLETE, TrialState.FAILED, TrialState.COMPLETE],
        evaluations=[(0, -1, -1, -1, 0.1, FINAL), (2, -1, -1, -1, 0.3, FINAL)],
    )
    found = prepare_exploration(study)
    assert found.trial.tolist() == [0, 2, 1]
    assert found.when.tolist() == [0, 2, 1]
