from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.effects import Effect, EffectsData, MarginalCurve, Surface
from hypertendril.layouts.importance import (
    draw_marginal,
    draw_surface,
    importance_panel,
)
from hypertendril.layouts.importance_ranking import draw_ranking, subtitle
from hypertendril.layouts.theme import DARK, LIGHT
from hypertendril.model import Direction, Objective

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


def buttons(found: EffectsData) -> list[Any]:
    (effects,) = [p for p in draw_ranking(found) if p.className.startswith("importance-effects")]
    return list(effects.children)


def test_the_marginal_is_a_band_and_a_line_over_the_declared_axis() -> None:
    figure = draw_marginal(data(), LIGHT)

    assert [trace.name for trace in figure.data] == ["one standard deviation", "mean"]
    assert figure.layout.xaxis.title.text == "lr"
    assert figure.layout.xaxis.tickvals == (0.0, 0.5, 1.0)
    assert figure.layout.meta["axis"]["key"] == "param:lr"
    assert "estimated loss" in [a.text for a in figure.layout.annotations]


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


def test_each_effect_is_a_button_that_names_its_parameters() -> None:
    found = buttons(data())

    names = [json.loads(getattr(button, "data-names")) for button in found]
    assert names == [["lr"], ["lr", "width"], ["width"]]
    assert [" on" in button.className for button in found] == [True, True, False]


def test_the_list_says_what_is_explained_and_how_far_to_trust_it() -> None:
    page = texts(draw_ranking(data())[0])

    assert "80 %" in page
    assert "0.75" in page


def test_the_gravest_warning_stands_before_the_effects_and_the_others_after() -> None:
    parts = draw_ranking(data(warnings=("grave", "lesser")))

    classes = [part.className for part in parts]
    assert classes == [
        "importance-note",
        "importance-warning",
        "importance-effects",
        "importance-warning",
    ]


def test_ranks_that_are_noise_are_faint() -> None:
    parts = draw_ranking(data(has_ranks=False))

    assert parts[-1].className == "importance-effects unsure"


def test_without_parameters_the_list_is_a_sentence() -> None:
    (words,) = draw_ranking(data(effects=(), r2=np.nan))

    assert "no parameters" in words.children


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


def test_the_marginal_shows_promising_stretches_and_tenths_of_the_trials() -> None:
    line = replace(marginal(axis("lr")), promising=((0.2, 0.4),), deciles=(0.1, 0.5, 0.8))
    figure = draw_marginal(data(marginal=line), LIGHT)

    assert {(shape.x0, shape.x1) for shape in figure.layout.shapes} == {(0.2, 0.4)}
    assert list(figure.data[0].x) == [0.1, 0.5, 0.8]


def test_what_chance_explains_is_marked_in_the_list() -> None:
    shown = draw_ranking(data(shadow=0.05))
    (effects,) = [p for p in shown if p.className.startswith("importance-effects")]

    assert effects.style == {"--shadow": "10.0%"}
    assert any("no effect" in texts(part) for part in shown)


def test_trust_and_the_part_of_the_space_are_said() -> None:
    words = texts(draw_ranking(data(r2=0.4, scope="best 20 %"))[0])

    assert "(rough)" in words
    assert "best 20 %" in words
