from __future__ import annotations

import json

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.space import SpaceAxes
from hypertendril.layouts import ids
from hypertendril.layouts.space import draw_space, space_panel, subtitle
from hypertendril.layouts.theme import DARK, LIGHT


def axis(key: str) -> ColumnAxis:
    ticks, labels = np.array([0.0, 1.0]), ("0", "1")
    return ColumnAxis(key, key.partition(":")[2], 0.0, 1.0, False, (), ticks, labels, False)


def data(*keys: str, missing: tuple[str, ...] = (), failed: tuple[str, ...] = ()) -> SpaceAxes:
    axes = tuple(map(axis, (*keys, "objective:y")))
    nothing: frozenset[str] = frozenset()
    return SpaceAxes("id", 3, axes, (), nothing, {}, frozenset(missing), frozenset(failed), nothing)


def test_the_frame_holds_no_marks_and_tells_the_page_all_axes() -> None:
    figure = draw_space(data("param:a", "param:b"), LIGHT)
    assert len(figure.data) == 0
    meta = json.loads(figure.to_json())["layout"]["meta"]
    assert [entry["key"] for entry in meta["axes"]] == ["param:a", "param:b", "objective:y"]
    assert meta["lanes"] == {}


def test_lanes_stand_below_the_axes_and_inside_the_frame() -> None:
    figure = draw_space(data("param:a", missing=("param:a",), failed=("objective:y",)), LIGHT)
    lanes = figure.layout.meta["lanes"]
    assert figure.layout.yaxis.range[0] < lanes["failed"] < lanes["none"] < 0


def test_a_study_without_parameters_says_so() -> None:
    figure = draw_space(data(), DARK)
    assert figure.layout.meta["empty"]
    assert "No parameter" in figure.layout.annotations[0].text


def test_the_same_axes_give_the_same_frame() -> None:
    drawn = [draw_space(data("param:a"), LIGHT).to_json() for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_the_head_says_whether_the_order_means_anything_yet() -> None:
    assert "being computed" in subtitle(data("param:a"), is_known=False)
    assert "rises to the right" in subtitle(data("param:a"), is_known=True)


def test_the_panel_has_a_place_for_everything_the_page_draws() -> None:
    text = json.dumps(space_panel().to_plotly_json(), default=lambda part: part.to_plotly_json())
    for needed in (ids.SPACE_BOXES, ids.SPACE_TOOLS, ids.SPACE_FRAME, ids.SPACE_NUMBERS):
        assert f'"{needed}"' in text
