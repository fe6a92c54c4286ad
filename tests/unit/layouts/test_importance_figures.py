from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.importance.effects import Effect, EffectsData, MarginalCurve, Surface
from hypertendril.analysis.importance.promising import Promising
from hypertendril.analysis.importance.promising_view import PromisingView
from hypertendril.layouts.importance import importance_panel, others_options
from hypertendril.layouts.importance_figures import draw_marginal, draw_surface
from hypertendril.layouts.importance_ranking import messages_json, ranking_json, subtitle
from hypertendril.layouts.promising import promising_words
from hypertendril.layouts.theme import DARK, LIGHT
from hypertendril.model import Direction, Objective, Parameter, ParameterKind, SearchSpace

GRID = np.linspace(0, 1, 5)


def axis(name: str, choices: tuple[str, ...] = ()) -> ColumnAxis:
    high = float(len(choices) - 1) if choices else 10.0
    ticks = np.arange(len(choices), dtype=np.float64) if choices else np.array([0.0, 5.0, 10.0])
    labels = choices or ("0", "5", "10")
    return ColumnAxis(f"param:{name}", name, 0.0, high, False, choices, ticks, labels, False)


def marginal(one: ColumnAxis) -> MarginalCurve:
    return MarginalCurve(one, GRID, 1 - GRID**2, np.full(5, 0.1))


def surface(x: ColumnAxis, y: ColumnAxis) -> Surface:
    return Surface(x, y, GRID, GRID, GRID[None, :] + GRID[:, None])


def data(**changes: Any) -> EffectsData:
    lr, width = axis("lr"), axis("width")
    made = EffectsData(
        study="id",
        objective=Objective("loss", Direction.MINIMIZE),
        effects=(
            Effect(("lr",), 0.5, 0.1),
            Effect(("lr", "width"), 0.2, np.nan),
            Effect(("width",), 0.1, 0.0),
        ),
        has_ranks=True,
        explained=0.8,
        surrogate="random forest",
        r2=0.75,
        n_trials=40,
        warnings=(),
        focus=("lr", "width"),
        marginal=marginal(lr),
        surface=surface(lr, width),
    )
    return replace(made, **changes)


def texts(component: Any) -> str:
    return json.dumps(component.to_plotly_json(), default=lambda c: c.to_plotly_json())


def test_the_marginal_is_a_band_and_a_line_over_the_declared_axis() -> None:
    figure = draw_marginal(data(), LIGHT)

    assert [trace.name for trace in figure.data] == ["one standard deviation", "mean"]
    assert figure.layout.xaxis.title.text == "lr"
    assert figure.layout.xaxis.tickvals == (0.0, 0.5, 1.0)
    assert figure.layout.meta["axis"]["key"] == "param:lr"
    assert "loss" in [a.text for a in figure.layout.annotations]


def test_the_band_stays_inside_the_axis() -> None:
    low, high = draw_marginal(data(), LIGHT).layout.yaxis.range

    assert low < -0.1
    assert high > 1.1


def test_the_marginal_of_choices_has_a_mark_and_a_bar_for_each() -> None:
    kind = axis("kind", ("a", "<b>b</b>", "__proto__", "d", "e"))
    figure = draw_marginal(data(marginal=marginal(kind)), LIGHT)

    (marks,) = figure.data
    assert marks.mode == "markers"
    assert marks.error_y.array is not None
    assert figure.layout.xaxis.range == (-0.125, 1.125)
    assert figure.layout.xaxis.ticktext[1] == "&lt;b&gt;b&lt;/b&gt;"
    assert "__proto__" not in figure.layout.xaxis.ticktext


def test_the_surface_is_a_heatmap_under_contours() -> None:
    figure = draw_surface(data(), LIGHT)

    assert [trace.type for trace in figure.data] == ["heatmap", "contour"]
    assert figure.layout.xaxis.title.text == "lr"
    assert "width" in [a.text for a in figure.layout.annotations]
    assert figure.data[0].reversescale


def test_where_more_is_better_the_scale_is_not_turned_round() -> None:
    better = data(objective=Objective("accuracy", Direction.MAXIMIZE))

    assert not draw_surface(better, LIGHT).data[0].reversescale


def test_choices_have_cells_and_no_contours() -> None:
    kind = axis("kind", ("a", "b", "c"))
    figure = draw_surface(data(surface=surface(axis("lr"), kind)), LIGHT)

    (heatmap,) = figure.data
    assert (heatmap.xgap, heatmap.ygap) == (0, 1)


def test_a_flat_surface_has_no_contours() -> None:
    flat = replace(surface(axis("lr"), axis("width")), mean=np.full((5, 5), 0.5))

    assert [trace.type for trace in draw_surface(data(surface=flat), LIGHT).data] == ["heatmap"]


def test_frames_are_small() -> None:
    assert len(draw_marginal(data(), LIGHT).to_json()) < 8_000
    assert len(draw_surface(data(), LIGHT).to_json()) < 8_000


def test_without_an_estimate_a_sentence_says_so() -> None:
    nothing = np.full(5, np.nan)
    curve = replace(marginal(axis("lr")), mean=nothing, sd=nothing)
    plane = replace(surface(axis("lr"), axis("width")), mean=np.full((5, 5), np.nan))

    for figure in (
        draw_marginal(data(marginal=curve), DARK),
        draw_surface(data(surface=plane), DARK),
    ):
        assert figure.layout.annotations[0].text.startswith("No scored trial")


def test_one_parameter_has_no_surface_and_none_no_marginal() -> None:
    assert "two parameters" in draw_surface(data(surface=None), LIGHT).layout.annotations[0].text
    assert "no parameters" in draw_marginal(data(marginal=None), LIGHT).layout.annotations[0].text


def test_each_effect_names_its_parameters_and_says_which_are_in_focus() -> None:
    found = ranking_json(data())["effects"]

    assert [line["names"] for line in found] == [["lr"], ["lr", "width"], ["width"]]
    assert [line["isOn"] for line in found] == [True, True, False]
    assert [line["length"] for line in found] == [1.0, 0.4, 0.2]


def test_the_list_says_what_is_explained_and_how_far_to_trust_it() -> None:
    summary = ranking_json(data())["summary"]

    assert (summary["explained"], summary["r2"], summary["trust"]) == ("80 %", "0.75", "good")


def test_the_gravest_warning_comes_first() -> None:
    warnings = ranking_json(data(warnings=("grave", "lesser")))["warnings"]

    assert [warning["text"] for warning in warnings] == ["grave", "lesser"]


def test_ranks_that_are_noise_are_marked() -> None:
    assert not ranking_json(data(has_ranks=False))["isSure"]


def test_without_parameters_the_list_is_a_sentence() -> None:
    (words,) = ranking_json(data(effects=(), r2=np.nan))["messages"]

    assert "no parameters" in words


def test_names_of_users_reach_the_list_as_text() -> None:
    hostile = (Effect(("<b>x</b>", "__proto__"), 0.5, 0.1),)
    (line,) = ranking_json(data(effects=hostile))["effects"]

    assert line["names"] == ["<b>x</b>", "__proto__"]


def test_what_is_awaited_can_be_stopped_and_what_was_stopped_begun_again() -> None:
    assert messages_json(["Computing"], awaited="t")["awaited"] == "t"
    assert messages_json(["Stopped."], restart="t")["restart"] == "t"


def test_studies_are_offered_alone_all_alike_or_one_by_one() -> None:
    labels = [option["label"] for option in others_options([("a", "one"), ("b", "two")])]

    assert labels == ["this study", "with 2 alike", "with one", "with two"]
    assert len(others_options([])) == 1


def test_the_head_names_the_focus() -> None:
    assert subtitle(data()) == "lr × width"
    assert subtitle(data(focus=())) == ""


def test_the_panel_can_be_sent_to_a_page() -> None:
    assert "importance-ranking-div" in texts(importance_panel())


def test_a_third_parameter_splits_the_surface_on_one_scale_of_colours() -> None:
    lr, width = axis("lr"), axis("width")
    parts = tuple(replace(surface(lr, width), mean=surface(lr, width).mean + k) for k in range(3))
    figure = draw_surface(data(thirds=parts, third_labels=("≤ 1", "1 – 2", "≥ 2")), LIGHT)

    assert [trace.xaxis for trace in figure.data] == ["x", "x2", "x3"]
    assert {(trace.zmin, trace.zmax) for trace in figure.data} == {(0.0, 4.0)}
    shown = [annotation.text for annotation in figure.layout.annotations]
    assert shown[:3] == ["≤ 1", "1 – 2", "≥ 2"]


def test_the_best_trial_is_a_star_on_the_surface() -> None:
    starred = replace(surface(axis("lr"), axis("width")), incumbent=(0.2, 0.9))
    star = draw_surface(data(surface=starred), LIGHT).data[-1]

    assert (star.marker.symbol, star.x[0], star.y[0]) == ("star", 0.2, 0.9)


def promising(kind: str) -> PromisingView:
    ranges = Promising(
        SearchSpace((Parameter("lr", ParameterKind.FLOAT, 1.0, 2.0),)), 0.25, 9, 10, 7, ()
    )
    return PromisingView(kind, ranges, 0.5, 0.125)


def test_the_marginal_shows_what_is_promising_and_tenths_of_the_trials() -> None:
    kept = {"quantiles": ((0.2, 0.4),), "marginal": ((0.25, 0.3),), "joint": ()}
    line = replace(marginal(axis("lr")), promising=kept, deciles=(0.1, 0.5, 0.8))
    figure = draw_marginal(data(marginal=line), LIGHT)

    shown = [(shape.type, shape.x0, shape.x1) for shape in figure.layout.shapes]
    assert shown == [("line", 0.2, 0.4), ("line", 0.25, 0.3)]
    assert figure.layout.meta["promising"]["quantiles"] == ((0.2, 0.4),)
    assert list(figure.data[0].x) == [0.1, 0.5, 0.8]


def test_the_surface_outlines_what_is_promising_over_all_of_an_axis_that_is_whole() -> None:
    kept = {"quantiles": (((0.2, 0.4),), ()), "marginal": ((), ())}
    plane = replace(surface(axis("lr"), axis("width")), promising=kept)
    (box,) = draw_surface(data(surface=plane), LIGHT).layout.shapes

    assert (box.x0, box.x1, box.y0, box.y1) == (0.2, 0.4, 0.0, 1.0)


def test_promising_ranges_say_what_they_keep_hold_and_promise() -> None:
    (line,) = ranking_json(data(promising=(promising("joint"),)))["promising"]

    said = {key: line[key] for key in ("name", "keeps", "inside", "gain")}
    assert said == {"name": "joint box", "keeps": "25 %", "inside": "7/10", "gain": "+0.5 ± 0.12"}
    assert "expected +0.5 ± 0.12 better" in line["title"]
    assert "lr 1 to 2" in line["title"]


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100 %"), (0.05, "5.0 %"), (0.0995, "10 %"), (1e-9, "< 0.1 %")]
)
def test_the_share_that_is_kept_is_never_told_as_nothing(share: float, words: str) -> None:
    view = promising("marginal")
    view = replace(view, ranges=replace(view.ranges, kept_volume=share), gain=np.nan)

    assert promising_words(view)["keeps"] == words
    assert promising_words(view)["gain"] == ""


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_surface_of_values_no_half_precision_holds_is_drawn(size: float) -> None:
    plane = surface(axis("lr"), axis("width"))
    figure = draw_surface(data(surface=replace(plane, mean=plane.mean * size)), LIGHT)

    assert np.nanmax(np.abs(figure.data[0].z)) == np.nanmax(np.abs(plane.mean)) * size


def test_what_chance_explains_is_marked_in_the_list() -> None:
    assert ranking_json(data(shadow=0.05))["shadow"]["at"] == 0.1
    assert ranking_json(data())["shadow"] is None


def test_trust_and_the_part_of_the_space_are_said() -> None:
    summary = ranking_json(data(r2=0.4, scope="best 20 %"))["summary"]

    assert (summary["trust"], summary["scope"]) == ("rough", "best 20 %")


def test_losses_over_decades_are_drawn_by_their_logarithms_and_never_below_the_least() -> None:
    mean = np.array([1e4, 1e2, 1.0, 1e-3, -5.0])
    curve = MarginalCurve(axis("lr"), GRID, mean, np.full(5, 0.5))
    wide = Surface(axis("lr"), axis("width"), GRID, GRID, np.tile(mean, (5, 1)))
    told = data(marginal=curve, surface=wide, least=0.1)
    figure = draw_marginal(told, LIGHT)
    assert figure.layout.yaxis.type == "log"
    assert set(figure.layout.yaxis.ticktext) >= {"1", "100", "1e4"}
    assert figure.data[1].y.tolist() == [1e4, 1e2, 1.0, 0.1, 0.1]
    heatmap, contour = draw_surface(told, LIGHT).data[:2]
    assert heatmap.z[0] == pytest.approx([4, 2, 0, -1, -1])
    assert contour.contours.showlabels is False
