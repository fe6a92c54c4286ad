from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.exploration.schedule import prepare_schedule, schedule_of
from hypertendril.analysis.exploration.stopped import looks_at, promise_of
from hypertendril.analysis.exploration.story import story_of
from hypertendril.analysis.lineage import ancestry, descendants
from hypertendril.model import (
    CurvePoints,
    Outcome,
    Parameter,
    ParameterKind,
    Study,
    TrialState,
)

StudyOf = Callable[..., Study]
SURVIVED, DISCARDED, FINAL = Outcome.SURVIVED, Outcome.DISCARDED, Outcome.FINAL
LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("<b>a</b>", "b"))


@pytest.fixture
def pbt(study_of: StudyOf) -> Study:
    """Three members, three generations of 10 epochs; trial 3 is a copy of 0, trial 4 of 3."""
    study = study_of(
        [0.3, 0.2, 0.5, 0.6, 0.9],
        space=(LR, KIND),
        values=[[0.1, 0], [0.01, 0], [0.2, 1], [0.125, 0], [0.125, 1]],
        parent=[-1, -1, -1, 0, 3],
        state=[TrialState.PRUNED, TrialState.PRUNED, TrialState.COMPLETE]
        + [TrialState.COMPLETE] * 2,
        evaluations=[
            (0, 0, -1, -1, 0.3, SURVIVED),
            (1, 0, -1, -1, 0.2, DISCARDED),
            (2, 0, -1, -1, 0.25, SURVIVED),
            (0, 1, -1, -1, 0.3, DISCARDED),
            (2, 1, -1, -1, 0.4, SURVIVED),
            (3, 1, -1, -1, 0.6, SURVIVED),
            (2, 2, -1, -1, 0.5, FINAL),
            (3, 2, -1, -1, 0.6, FINAL),
            (4, 2, -1, -1, 0.9, FINAL),
        ],
    )
    study.evaluations.resource[:] = [10, 10, 10, 20, 20, 20, 30, 30, 30]
    return study


def test_ancestry_runs_from_the_founder_to_the_trial(pbt: Study) -> None:
    assert ancestry(pbt, 4) == (0, 3, 4)
    assert descendants(pbt, 0).tolist() == [3, 4]
    assert descendants(pbt, 2).tolist() == []


def test_a_circle_in_the_lineage_ends(study_of: StudyOf) -> None:
    study = study_of([1, 2], parent=[1, 0])
    assert sorted(ancestry(study, 0)) == [0, 1]
    assert descendants(study, 0).tolist() == [1]


def test_a_look_knows_its_rank_and_the_last_that_went_on(pbt: Study) -> None:
    layout = prepare_exploration(pbt)
    (look,) = looks_at(pbt, layout, 1)
    assert (look.rank, look.peers, look.kept, look.threshold) == (3, 3, 2, 0.25)
    assert look.outcome is DISCARDED
    first, second, last = looks_at(pbt, layout, 2)
    assert [first.rank, second.rank, last.rank] == [2, 2, 3]
    assert last.kept == 0


def test_who_was_looked_at_again_went_on_whatever_was_noted(pbt: Study) -> None:
    pbt.evaluations.outcome[2] = Outcome.PENDING  # trial 2, in the first generation
    (look,) = looks_at(pbt, prepare_exploration(pbt), 1)
    assert (look.kept, look.threshold) == (2, 0.25)


def test_less_is_better_where_less_is_better(study_of: StudyOf) -> None:
    looks = [(row, 0, -1, 0, loss, SURVIVED) for row, loss in enumerate([0.5, 0.1, 0.3])]
    looks[0] = (0, 0, -1, 0, 0.5, DISCARDED)
    study = study_of([0.5, 0.1, 0.3], evaluations=looks, maximize=False)
    (look,) = looks_at(study, prepare_exploration(study), 0)
    assert (look.rank, look.threshold) == (3, 0.3)


def test_in_a_sequence_a_trial_is_ranked_among_those_before_it(study_of: StudyOf) -> None:
    scores = [0.5, 0.9, 0.7, 0.8]
    study = study_of(scores, evaluations=[(i, -1, -1, -1, v, FINAL) for i, v in enumerate(scores)])
    (look,) = looks_at(study, prepare_exploration(study), 2)
    assert (look.rank, look.peers) == (2, 3)


def test_a_value_that_is_not_finite_has_no_rank(study_of: StudyOf) -> None:
    study = study_of([np.nan, 0.1], evaluations=[(0, 0, -1, 0, np.nan, DISCARDED)])
    (look,) = looks_at(study, prepare_exploration(study), 0)
    assert look.rank == 0
    assert "without a usable value" in story_of(study, prepare_exploration(study), 0).why


def with_curves(study: Study, curves: dict[int, list[float]]) -> Study:
    rows = [(row, k + 1, value) for row, values in curves.items() for k, value in enumerate(values)]
    points = CurvePoints.empty(len(rows))
    trial, step, value = zip(*rows, strict=True)
    points.trial[:], points.step[:], points.value[:] = trial, step, value
    header = replace(study.header, curve_names=(study.objectives[0].name,))
    return replace(study, header=header, curves=points)


def test_a_power_law_is_continued_to_the_end_of_the_longest_curve(pbt: Study) -> None:
    steps = np.arange(1, 31)
    law = 0.8 - 0.6 * steps**-0.7
    study = with_curves(pbt, {1: law[:10].tolist(), 4: law.tolist()})
    promise = promise_of(study, 1)
    assert promise is not None
    assert promise.step == 30
    assert promise.value == pytest.approx(law[-1], abs=0.01)
    assert promise.low <= promise.value <= promise.high


def test_a_rough_curve_promises_less_surely_than_a_smooth_one(pbt: Study) -> None:
    steps = np.arange(1, 31)
    law = 0.8 - 0.6 * steps**-0.7
    rough = law + 0.02 * (-1.0) ** steps
    widths = []
    for curve in (law, rough):
        promise = promise_of(with_curves(pbt, {1: curve[:10].tolist(), 4: law.tolist()}), 1)
        assert promise is not None
        widths.append(promise.high - promise.low)
    assert widths[0] < 0.01 < widths[1] < 0.3


def test_a_few_points_promise_nothing(pbt: Study) -> None:
    assert promise_of(pbt, 1) is None
    assert promise_of(with_curves(pbt, {1: [0.1, 0.2, 0.3, 0.4]}), 1) is None


def test_the_schedule_is_what_the_ancestors_trained_with(pbt: Study) -> None:
    found = schedule_of(pbt, prepare_exploration(pbt), 4)
    assert [(s.row, s.start, s.end) for s in found.stretches] == [
        (0, 0, 10),
        (3, 10, 20),
        (4, 20, 30),
    ]
    assert found.varying == ("lr", "kind")
    assert found.has_resource


def test_without_resources_a_schedule_counts_generations(study_of: StudyOf) -> None:
    study = study_of([1, 2], parent=[-1, 0], values=[[0.1], [0.1]])
    found = schedule_of(study, prepare_exploration(study), 1)
    assert [(s.start, s.end) for s in found.stretches] == [(0, 0.5), (0.5, 1.5)]
    assert not found.has_resource
    assert found.varying == ()


def test_a_schedule_shows_its_numbers_on_the_parameters_scales(pbt: Study) -> None:
    view = prepare_schedule(pbt, prepare_exploration(pbt), 4)
    assert view.values[0].tolist() == [0.1, 0.125, 0.125]
    assert [axis.label for axis in view.axes] == ["lr", "kind"]
    assert (view.axes[0].low, view.axes[0].high) == (0.1, 0.125)


def test_a_story_says_what_changed_and_by_what_factor(pbt: Study) -> None:
    story = story_of(pbt, prepare_exploration(pbt), 3)
    assert story.parent == 0
    (change,) = story.changes
    assert (change.label, change.before, change.after) == ("lr", "0.1", "0.125")
    assert change.factor == "× 1.25"


def test_a_story_says_why_a_trial_was_stopped(pbt: Study) -> None:
    story = story_of(pbt, prepare_exploration(pbt), 1)
    assert story.why == (
        "Stopped at 10: 3rd of 3, of which 2 went on. It had 0.2, the last to go on 0.25."
    )
    assert [s.decision for s in story.standings] == ["stopped"]


def test_a_story_compares_what_a_curve_promised_with_the_best(pbt: Study) -> None:
    study = with_curves(pbt, {1: [0.1, 0.15, 0.18, 0.19, 0.2]})
    promise = story_of(study, prepare_exploration(study), 1).promise
    assert promise.startswith("Its curve promised 0.2")
    assert promise.endswith("; the best came to 0.9.")


def test_a_story_of_a_trial_that_finished_gives_no_reason(pbt: Study) -> None:
    story = story_of(pbt, prepare_exploration(pbt), 4)
    assert (story.why, story.promise) == ("", "")
    assert story.to_json()["changes"][0]["before"] == "<b>a</b>"
