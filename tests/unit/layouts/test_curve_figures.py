from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.curves import Curve, CurvePanel, CurvesData
from hypertendril.layouts.curves import (
    background_json,
    chosen_metrics,
    curves_json,
    curves_panel,
    draw_curves,
    metric_options,
    title,
)
from hypertendril.layouts.theme import DARK, LIGHT

NAMES = ("accuracy", "val_loss", "lr", "time")


def curve(row: int = 0, metric: str = "accuracy", n: int = 3) -> Curve:
    step = np.arange(1.0, n + 1)
    return Curve(row, metric, step, step / 3, step / 2)


def frame(*metrics: str, n_wild: int = 0, rungs: tuple[float, ...] = ()) -> CurvesData:
    panels = [CurvePanel(name, 0.0, 1.0, (curve(5, name),), 4, n_wild) for name in metrics]
    return CurvesData(tuple(panels), 1.0, 27.0, is_whole=True, rungs=rungs)


def test_each_metric_has_a_panel_with_its_name_and_the_range_of_the_study() -> None:
    figure = draw_curves(frame("accuracy", "loss"), "id", LIGHT, has_curves=True)

    assert [panel["metric"] for panel in figure.layout.meta["panels"]] == ["accuracy", "loss"]
    assert [a.text for a in figure.layout.annotations] == ["accuracy", "loss"]
    assert figure.layout.xaxis2.title.text == "step"
    assert figure.layout.xaxis2.range == (1.0, 27.0)
    assert figure.layout.yaxis2.range == (0.0, 1.0)
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]


@pytest.mark.parametrize(("first", "last", "marks"), [(4.5, 5.5, ("5",)), (1, 3, ("1", "2", "3"))])
def test_few_epochs_are_marked_one_by_one(first: float, last: float, marks: tuple[str]) -> None:
    data = replace(frame("loss"), first_step=first, last_step=last)
    figure = draw_curves(data, "id", LIGHT, has_curves=True)

    assert figure.layout.xaxis.ticktext == marks


def test_comparisons_are_dotted_lines_in_every_panel() -> None:
    figure = draw_curves(frame("accuracy", "loss", rungs=(3.0, 9.0)), "id", LIGHT, has_curves=True)

    assert [list(trace.x) for trace in figure.data] == [[3.0, 3.0, None, 9.0, 9.0, None]] * 2
    assert {trace.line.dash for trace in figure.data} == {"dot"}


def test_curves_that_leave_the_axis_are_counted() -> None:
    figure = draw_curves(frame("loss", n_wild=2), "id", LIGHT, has_curves=True)

    assert "2 off scale" in [a.text for a in figure.layout.annotations]


@pytest.mark.parametrize(
    ("has_curves", "words"), [(False, "No curves in this study"), (True, "Choose a metric")]
)
def test_without_a_panel_a_sentence_says_why(has_curves: bool, words: str) -> None:  # noqa: FBT001
    figure = draw_curves(frame(), "id", DARK, has_curves=has_curves)

    assert figure.layout.annotations[0].text.startswith(words)


def test_the_frame_is_small_and_carries_no_curve() -> None:
    assert len(draw_curves(frame("a", "b", "c"), "id", LIGHT, has_curves=True).to_json()) < 8_000


def test_points_travel_with_five_digits_and_null_for_what_is_not_finite() -> None:
    one = Curve(7, "loss", np.array([1.0, 2.0]), np.array([np.inf, 1 / 3]), np.array([np.nan, 2.0]))
    sent = curves_json([one], "id", 5)

    assert sent["curves"] == [
        {"row": 7, "metric": "loss", "x": [1.0, 2.0], "raw": [None, 0.33333], "smooth": [None, 2.0]}
    ]
    json.dumps(sent, allow_nan=False)


def test_without_smoothing_only_the_raw_curve_travels() -> None:
    assert curves_json([curve()], "id", 1)["curves"][0]["smooth"] is None
    assert background_json(frame("accuracy"), "id")["curves"][0]["smooth"] is None


def test_the_first_view_shows_two_metrics() -> None:
    assert chosen_metrics(None, NAMES) == ["accuracy", "val_loss"]


def test_pressed_pills_are_shown_in_order_and_at_most_three() -> None:
    pressed = [f"curve:{name}" for name in ("time", "lr", "accuracy", "val_loss")]

    assert chosen_metrics(pressed, NAMES) == ["accuracy", "val_loss", "lr"]


def test_pills_of_another_study_give_way_to_the_first_metrics() -> None:
    assert chosen_metrics(["curve:other"], NAMES) == ["accuracy", "val_loss"]
    assert chosen_metrics([], NAMES) == []


def test_a_metric_called_like_a_key_of_objects_can_be_chosen() -> None:
    (option,) = metric_options(["__proto__"])

    assert option["value"] == "curve:__proto__"
    assert option["label"].children != "__proto__"


def test_the_head_says_what_is_shown() -> None:
    assert title(1, 1, 9, 1) == "1 trial"
    assert title(8, 8, 9, 5) == "8 trials, moving average 5"
    assert title(0, 8, 0, 5) == ""
    assert title(0, 8, 9, 5) == "none of the best 8 has a curve"


def test_the_panel_can_be_sent_to_a_page() -> None:
    assert json.dumps(curves_panel().to_plotly_json(), default=lambda c: c.to_plotly_json())
