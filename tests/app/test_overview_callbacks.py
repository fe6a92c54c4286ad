from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dash import no_update

from hypertendril.callbacks.overview import overview_update
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

HISTOGRAMS, TRADEOFF, GOAL, BADGES, X_OPTIONS, X, Y_OPTIONS, Y = range(8)


def study(n: int = 6) -> Study:
    rng = np.random.default_rng(2)
    trials = Trials.empty(n, 0, 1, 2)
    trials.state[:] = TrialState.COMPLETE
    trials.objectives[:], trials.metrics[:] = rng.random((n, 1)), rng.random((n, 2))
    header = StudyHeader(
        "s", SearchSpace(), (Objective("y", Direction.MAXIMIZE),), metric_names=("size", "loss")
    )
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty())


def test_nothing_is_drawn_before_a_study_is_shown() -> None:
    assert overview_update(None, "light", None, None) == (no_update,) * 8


def test_a_new_page_gets_the_objective_over_the_size() -> None:
    answer = overview_update(study(), "light", None, None)

    assert (answer[X], answer[Y]) == ("metric:size", "objective:y")
    assert [option["value"] for option in answer[X_OPTIONS]] == [
        "objective:y",
        "metric:size",
        "metric:loss",
    ]
    assert answer[TRADEOFF].layout.meta["study"] == "id"


def test_the_axes_a_person_chose_are_kept() -> None:
    answer = overview_update(study(), "dark", "metric:loss", "metric:size")

    assert (answer[X], answer[Y]) == ("metric:loss", "metric:size")


@pytest.mark.parametrize("hostile", [3, ["metric:size"], {"a": 1}, "param:x", ""])
def test_an_axis_that_makes_no_sense_is_replaced(hostile: Any) -> None:
    answer = overview_update(study(), hostile, hostile, hostile)

    assert (answer[X], answer[Y]) == ("metric:size", "objective:y")


def test_an_empty_study_gets_a_sentence_and_no_axes() -> None:
    answer = overview_update(study(0), "light", "metric:size", None)

    assert (answer[X], answer[X_OPTIONS], answer[BADGES]) == (None, [], [])
    assert answer[HISTOGRAMS].layout.meta["empty"]
