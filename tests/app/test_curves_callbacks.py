from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from dash import no_update

from hypertendril.callbacks.curves import curves_update, frame_update, rows_of, smoothing_of
from hypertendril.callbacks.services import Services
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
)
from hypertendril.store import ExperimentStore

N_TRIALS, N_STEPS = 5, 30


def study(names: tuple[str, ...] = ("lr", "loss", "y")) -> Study:
    """Each of five trials has a curve of thirty steps in each metric."""
    trial, metric, step = np.meshgrid(
        np.arange(N_TRIALS), np.arange(len(names)), np.arange(1, N_STEPS + 1), indexing="ij"
    )
    curves = CurvePoints(
        trial.ravel(),
        metric.ravel().astype(np.int16),
        step.ravel().astype(np.float64),
        (trial + step).ravel().astype(np.float64),
    )
    header = StudyHeader(
        "s", SearchSpace(), (Objective("y", Direction.MAXIMIZE),), curve_names=names
    )
    return Study("id", header, Trials.empty(N_TRIALS, 0, 1, 0), Evaluations.empty(), curves)


@pytest.fixture
def services() -> Iterator[Services]:
    with ExperimentStore.open(None) as store:
        one = study()
        store.put(one.id, one.header, one.trials, one.evaluations, one.curves)
        yield cast("Services", SimpleNamespace(store=store))


def test_nothing_is_drawn_before_a_study_is_shown(services: Services) -> None:
    assert frame_update(None, "light", None) == (no_update,) * 4
    assert curves_update(services, None, [], None, "3") == (no_update, no_update)


def test_a_new_page_shows_the_objective_and_a_loss() -> None:
    figure, background, options, values = frame_update(study(), "light", None)

    assert values == ["curve:y", "curve:loss"]
    assert [panel["metric"] for panel in figure.layout.meta["panels"]] == ["y", "loss"]
    assert len(options) == 3
    assert {curve["metric"] for curve in background["curves"]} == {"y", "loss"}


def test_the_points_are_those_of_the_highlighted_trials(services: Services) -> None:
    data, words = curves_update(services, study(), [4, 1], ["curve:y"], "1")

    assert [curve["row"] for curve in data["curves"]] == [4, 1]
    assert data["curves"][0]["raw"][:2] == [5.0, 6.0]
    assert words == "2 trials"


def test_the_smoothing_travels_with_the_points(services: Services) -> None:
    data, words = curves_update(services, study(), [0], ["curve:y"], "5")

    assert data["curves"][0]["smooth"][2] == pytest.approx(3.0)
    assert words == "1 trial, moving average 5"


def test_a_study_without_curves_gets_a_sentence() -> None:
    figure, background, options, values = frame_update(study(()), "light", None)

    assert "No curves" in figure.layout.annotations[0].text
    assert (background["curves"], options, values) == ([], [], [])


@pytest.mark.parametrize("hostile", [None, 3, "rows", {"rows": "x"}, {"rows": [True, -1, 99, "1"]}])
def test_rows_a_study_lacks_are_left_out(hostile: Any) -> None:
    assert rows_of(study(), hostile) == []


def test_no_more_trials_than_colours_are_read() -> None:
    assert rows_of(study(), {"rows": [0, 1, 2, 3, 4] * 3}) == [0, 1, 2, 3, 4, 0, 1, 2]


@pytest.mark.parametrize(
    ("asked", "window"), [("9", 9), (0, 1), ("10000000", 99), (None, 3), ("x", 3), ([], 3)]
)
def test_a_window_is_held_inside_its_limits(asked: Any, window: int) -> None:
    assert smoothing_of(asked) == window


@pytest.mark.parametrize("hostile", ["curve:y", [3, None], {"a": 1}])
def test_metrics_that_make_no_sense_do_not_break_the_page(hostile: Any) -> None:
    _figure, _background, _options, values = frame_update(study(), "light", hostile)

    assert set(values) <= {"curve:y", "curve:loss"}
