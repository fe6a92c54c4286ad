from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from hypertendril.analysis.overview import OverviewData, prepare_overview
from hypertendril.layouts.overview import (
    badges,
    draw_histograms,
    draw_tradeoff,
    goal_badge,
    metric_options,
    overview_panel,
)
from hypertendril.layouts.theme import DARK, LIGHT
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)


def study(objective: list[float], size: list[float] | None = None, name: str = "size") -> Study:
    trials = Trials.empty(len(objective), 0, 1, 1)
    trials.state[:] = TrialState.COMPLETE
    trials.objectives[:, 0] = objective
    trials.metrics[:, 0] = np.nan if size is None else size
    header = StudyHeader(
        "s", SearchSpace(), (Objective("accuracy", Direction.MAXIMIZE),), metric_names=(name,)
    )
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty())


def data(*args: Any, **kwargs: Any) -> OverviewData:
    return prepare_overview(study(*args, **kwargs))


ACCURACY = [0.1, 0.5, 0.7, 0.9]
SIZE = [1.0, 2.0, 3.0, 4.0]


def test_each_histogram_has_axes_and_its_edges_in_the_meta() -> None:
    figure = draw_histograms(data(ACCURACY, SIZE), LIGHT)

    parts = figure.layout.meta["histograms"]
    assert [part["key"] for part in parts] == ["objective:accuracy", "metric:size"]
    assert [part["x"] for part in parts] == ["x", "x2"]
    assert figure.layout.xaxis2.range == (parts[1]["edges"][0], parts[1]["edges"][-1])
    assert {annotation.text for annotation in figure.layout.annotations} == {"accuracy", "size"}


def test_histograms_carry_no_marks_of_trials() -> None:
    figure = draw_histograms(data(ACCURACY, SIZE), LIGHT)

    assert {trace.type for trace in figure.data} == {"scatter"}
    assert all(trace.x == (None,) for trace in figure.data)


def test_a_histogram_with_round_bins_over_decades_has_a_logarithmic_axis() -> None:
    figure = draw_histograms(data(ACCURACY, [1.0, 1e2, 1e4, 1e7]), LIGHT)

    assert figure.layout.xaxis2.type == "log"
    low, high = figure.layout.xaxis2.range
    assert low <= 0
    assert high >= 7


def test_trials_in_no_bin_are_counted_beside_the_name() -> None:
    figure = draw_histograms(data([0.1, 0.5, np.nan, np.inf]), LIGHT)

    assert "2 n/a" in [annotation.text for annotation in figure.layout.annotations]


def test_the_frames_do_not_grow_with_the_trials() -> None:
    rng = np.random.default_rng(0)
    many = data(rng.random(50_000).tolist(), rng.random(50_000).tolist())

    assert len(draw_histograms(many, LIGHT).to_json()) < 8_000
    assert len(draw_tradeoff(many, LIGHT).to_json()) < 8_000


def test_the_front_is_a_staircase_from_the_best_size_to_the_best_accuracy() -> None:
    figure = draw_tradeoff(data(ACCURACY, [4.0, 1.0, 3.0, 2.0]), LIGHT)

    (front,) = figure.data
    assert front.line.shape == "hv"
    assert (list(front.x), list(front.y)) == ([1.0, 2.0], [0.5, 0.9])
    assert (figure.layout.meta["x"], figure.layout.meta["y"]) == (
        "metric:size",
        "objective:accuracy",
    )


def test_the_axes_of_the_tradeoff_leave_room_around_all_trials() -> None:
    figure = draw_tradeoff(data(ACCURACY, SIZE), LIGHT)

    assert figure.layout.xaxis.range[0] < min(SIZE)
    assert figure.layout.xaxis.range[1] > max(SIZE)


def test_trials_that_lack_a_metric_are_counted_in_the_corner() -> None:
    figure = draw_tradeoff(data([0.1, 0.2, np.nan], [1.0, np.nan, 3.0]), LIGHT)

    assert [annotation.text for annotation in figure.layout.annotations] == ["2 n/a"]


@pytest.mark.parametrize(
    ("objective", "words"), [([], "No trial has<br>been"), ([np.nan], "No trial has a<br>finite")]
)
def test_without_values_a_sentence_says_so(objective: list[float], words: str) -> None:
    empty = data(objective)

    figure = draw_histograms(empty, DARK)
    assert figure.layout.annotations[0].text.startswith(words)
    assert draw_tradeoff(empty, DARK).layout.meta["empty"]


def test_one_metric_has_a_histogram_and_a_sentence() -> None:
    only = data([0.5])

    assert len(draw_histograms(only, LIGHT).layout.meta["histograms"]) == 1
    assert "a second metric" in draw_tradeoff(only, LIGHT).layout.annotations[0].text


def test_a_name_with_markup_is_shown_as_written() -> None:
    hostile = data(ACCURACY, SIZE, name="<b>size</b>")

    figure = draw_histograms(hostile, LIGHT)
    assert "&lt;b&gt;size&lt;/b&gt;" in [a.text for a in figure.layout.annotations]
    assert metric_options(hostile.metrics)[1]["label"] == "<b>size</b> ↓"


def test_badges_tell_best_and_count_every_state_there_is() -> None:
    mixed = study(ACCURACY, SIZE)
    mixed.trials.state[:2] = [TrialState.FAILED, TrialState.PRUNED]
    found = prepare_overview(mixed)

    titles = [badge.title for badge in badges(found)]
    assert titles == ["Best complete trial: number 3", "2 complete", "1 pruned", "1 failed"]
    assert "maximize" in goal_badge(found).title


def test_trials_that_violate_a_constraint_are_counted_whatever_their_state() -> None:
    mixed = study(ACCURACY, SIZE)
    mixed.trials.violation[:2] = [0.5, 0.0]

    badge = badges(prepare_overview(mixed))[-1]
    assert badge.children[0].children == "1"
    assert "infeasible" in str(badge.children)


def test_the_same_data_give_the_same_figure_byte_for_byte() -> None:
    first, second = (draw_tradeoff(data(ACCURACY, SIZE), DARK).to_json() for _ in range(2))

    assert first == second


def test_the_panel_can_be_sent_to_a_page() -> None:
    assert json.dumps(overview_panel().to_plotly_json(), default=lambda c: c.to_plotly_json())
