from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.overview import likely_direction, metrics_of, prepare_overview
from hypertendril.model import Direction, Objective, Study, TrialState

StudyOf = Callable[..., Study]


def with_metrics(study: Study, **columns: list[float]) -> Study:
    values = np.array(list(columns.values()), dtype=np.float64).reshape(len(columns), -1).T
    return replace(
        study,
        header=replace(study.header, metric_names=tuple(columns)),
        trials=replace(study.trials, metrics=values),
    )


@pytest.mark.parametrize("name", ["train_acc", "F1", "test_score", "episode_reward"])
def test_a_gain_is_better_when_greater(name: str) -> None:
    assert likely_direction(name) is Direction.MAXIMIZE


@pytest.mark.parametrize("name", ["model_size", "inference_ms", "loss", "x"])
def test_anything_else_is_taken_for_a_cost(name: str) -> None:
    assert likely_direction(name) is Direction.MINIMIZE


def test_size_and_inference_time_come_before_other_metrics(study_of: StudyOf) -> None:
    study = with_metrics(
        study_of([0.5]), other=[1.0], train_time_s=[1.0], inference_ms=[1.0], model_size=[1.0]
    )

    names = [metric.name for metric in metrics_of(study)]
    assert names == ["accuracy", "model_size", "inference_ms", "train_time_s", "other"]


def test_a_metric_without_values_cannot_be_chosen(study_of: StudyOf) -> None:
    study = with_metrics(study_of([0.5, 0.6]), size=[np.nan, np.inf])

    assert [metric.key for metric in metrics_of(study)] == ["objective:accuracy"]


def test_histograms_are_at_most_three(study_of: StudyOf) -> None:
    study = with_metrics(study_of([0.5]), a=[1.0], b=[1.0], c=[1.0])

    assert len(prepare_overview(study).histograms) == 3


def test_the_front_holds_complete_feasible_trials_alone(study_of: StudyOf) -> None:
    states = [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.PRUNED, TrialState.COMPLETE]
    study = study_of([0.5, 0.7, 0.9, 0.8], state=states, violation=[np.nan, np.nan, np.nan, 1.0])
    tradeoff = prepare_overview(with_metrics(study, size=[1.0, 2.0, 0.5, 1.0])).tradeoff

    assert tradeoff is not None
    assert tradeoff.front.tolist() == [0, 1]
    assert (tradeoff.x.key, tradeoff.y.key) == ("metric:size", "objective:accuracy")


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (None, None),
        ("metric:gone", "objective:gone"),
        ("objective:accuracy", "objective:accuracy"),
    ],
)
def test_axes_that_make_no_sense_fall_back(study_of: StudyOf, x: str | None, y: str | None) -> None:
    tradeoff = prepare_overview(with_metrics(study_of([0.5]), size=[1.0]), x, y).tradeoff

    assert tradeoff is not None
    assert (tradeoff.x.key, tradeoff.y.key) == ("metric:size", "objective:accuracy")


def test_axes_can_be_exchanged(study_of: StudyOf) -> None:
    study = with_metrics(study_of([0.5]), size=[1.0])
    tradeoff = prepare_overview(study, "objective:accuracy", "metric:size").tradeoff

    assert tradeoff is not None
    assert (tradeoff.x.key, tradeoff.y.key) == ("objective:accuracy", "metric:size")


def test_one_metric_has_no_tradeoff(study_of: StudyOf) -> None:
    data = prepare_overview(study_of([0.5, np.nan]))

    assert data.tradeoff is None
    assert len(data.histograms) == 1


@pytest.mark.parametrize("objective", [[], [np.nan, np.nan]])
def test_a_study_without_values_has_nothing_to_count(
    study_of: StudyOf, objective: list[float]
) -> None:
    data = prepare_overview(study_of(objective))

    assert (data.histograms, data.tradeoff, data.best_number) == ((), None, None)


def test_trials_without_one_of_the_two_are_counted(study_of: StudyOf) -> None:
    study = with_metrics(study_of([0.5, np.nan, 0.7]), size=[1.0, 2.0, np.inf])
    tradeoff = prepare_overview(study).tradeoff

    assert tradeoff is not None
    assert tradeoff.n_missing == 2


def two_goals(study: Study, costs: list[float]) -> Study:
    objectives = (*study.objectives, Objective("cost", Direction.MINIMIZE))
    values = np.column_stack([study.trials.objectives, costs])
    header = replace(study.header, objectives=objectives)
    return replace(study, header=header, trials=replace(study.trials, objectives=values))


def test_the_hypervolume_tells_what_the_first_half_had_and_who_added_last(
    study_of: StudyOf,
) -> None:
    # Trials from the worst corner on; of a unit square they dominate 1/4, then 1/4 more.
    study = two_goals(study_of([0.0, 0.5, 1.0, 0.4]), [1.0, 0.5, 0.5, 0.0])
    tradeoff = prepare_overview(study).tradeoff

    assert tradeoff is not None
    assert tradeoff.volume is not None
    assert tradeoff.volume.share == pytest.approx(0.5 + 0.4 * 0.5)
    assert tradeoff.volume.half == pytest.approx(0.25 / 0.7)
    assert tradeoff.volume.last_number == study.trials.number[3]


@pytest.mark.parametrize("costs", [[1.0, 1.0, 1.0], [np.nan] * 3])
def test_without_anything_between_worst_and_best_there_is_no_hypervolume(
    study_of: StudyOf, costs: list[float]
) -> None:
    study = with_metrics(two_goals(study_of([0.1, 0.2, 0.3]), costs), size=[1.0, 2.0, 3.0])
    tradeoff = prepare_overview(study).tradeoff

    assert tradeoff is not None
    assert tradeoff.volume is None
