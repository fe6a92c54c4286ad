"""Hyperparameter importance: ranked effects, the marginal in focus, the pair in focus."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.effects import Effect, EffectsData, MarginalCurve, Surface
from hypertendril.analysis.ticks import value_ticks
from hypertendril.layouts import ids
from hypertendril.layouts.frame import axis_style, frame_figure, graph, message_figure
from hypertendril.layouts.labels import plain, plotly_text
from hypertendril.layouts.panel import panel
from hypertendril.layouts.theme import LABEL_PX, TICK_PX, Theme
from hypertendril.model import Direction

NO_EFFECT = "This study has<br>no parameters."
NO_ESTIMATE = "No scored trial<br>to estimate from yet."
ONE_PARAMETER = "An interaction needs<br>two parameters."
SMALL_PX = TICK_PX - 1
TICK_TEXT_CHARS = 9
# What fits above a plot on a small page.
NAME_CHARS = 22
# Width of a character of the tick font, on average.
CHAR_PX = 5.4
# Room around points at the ends of an axis, as a share of it.
EDGE_SHARE = 0.02
VALUE_MARGIN = 0.06
CONTOURS = 6
# A mark of values this near to the bottom would touch the marks of the parameter.
TICK_CLEARANCE = 0.05


def importance_panel() -> html.Section:
    """Return the panel of Hyperparameter importance."""
    body = [
        html.Div(id=ids.IMPORTANCE_LIST, className="importance-list"),
        html.Div(graph(ids.IMPORTANCE_MARGINAL), className="importance-plot"),
        html.Div(graph(ids.IMPORTANCE_SURFACE), className="importance-plot"),
        dcc.Store(id=ids.IMPORTANCE_DRAWN),
    ]
    title = "Hyperparameter importance"
    return panel("E2", title, ids.IMPORTANCE_TITLE, [], body, "importance")


def subtitle(data: EffectsData) -> str:
    """Return the words behind the panel's title: the parameters in focus."""
    return " × ".join(plain(name, 24) for name in data.focus)


def draw_ranking(data: EffectsData) -> list[Component]:
    """Return the ranked effects, each a button that puts its parameters in focus."""
    if not data.effects:
        return _warnings(data.warnings or ("This study has no parameters.",))
    most = max((effect.share for effect in data.effects), default=0.0) or 1.0
    rows = [_effect(effect, most, data.focus) for effect in data.effects]
    summary = [] if math.isnan(data.r2) else [_summary(data)]
    list_class = "importance-effects" if data.has_ranks else "importance-effects unsure"
    # The first warning is the gravest and may not be overlooked; the others may wait below.
    first, others = _warnings(data.warnings[:1]), _warnings(data.warnings[1:])
    return [*summary, *first, html.Div(rows, className=list_class), *others]


def _summary(data: EffectsData) -> html.P:
    title = (
        f"Of the variance over the space, by single and pair effects in a {data.surrogate} of "
        f"{data.n_trials:,} trials. R² says how well it predicts trials it has not seen: near 1 "
        "trust the ranking, near 0 do not."
    )
    explained, r2 = html.B(f"{100 * data.explained:.0f} %"), html.B(f"{data.r2:.2f}")
    return html.P([explained, " explained · R² ", r2], className="importance-note", title=title)


def _warnings(sentences: Sequence[str]) -> list[Component]:
    return [
        html.P(plain(words, 240), className="importance-warning", title=plain(words, 400))
        for words in sentences
    ]


def _effect(effect: Effect, most: float, focus: tuple[str, ...]) -> html.Button:
    is_on = effect.names in (focus, focus[::-1]) or effect.names == focus[:1]
    kind = "pair" if len(effect.names) > 1 else "single"
    names: list[Component] = []
    for name in effect.names:
        # Two long names share the room: each is cut by itself.
        names += [*([html.I("×")] if names else []), html.Span(plain(name))]
    share = html.Span(f"{effect.share:.3f}", className="effect-share")
    attributes: dict[str, Any] = {
        "data-names": json.dumps(effect.names),
        "aria-pressed": str(is_on).lower(),
    }
    return html.Button(
        [html.Span(names, className="effect-name"), _bar(effect, most), share],
        type="button",
        className=f"effect {kind}{' on' if is_on else ''}",
        title=_effect_words(effect),
        **attributes,
    )


def _bar(effect: Effect, most: float) -> html.Span:
    def percent(share: float) -> str:
        return f"{100 * min(1.0, max(0.0, share / most)):.1f}%"

    parts: list[Component] = [html.I(style={"width": percent(effect.share)})]
    if effect.sd > 0:
        low, high = effect.share - effect.sd, effect.share + effect.sd
        left, right = percent(low), 100 - float(percent(high).rstrip("%"))
        parts.append(html.Em(style={"left": left, "right": f"{right:.1f}%"}))
    return html.Span(parts, className="effect-bar")


def _effect_words(effect: Effect) -> str:
    share = f"{100 * effect.share:.1f} % of the variance"
    if effect.sd > 0:
        share += f", ± {100 * effect.sd:.1f}"
    names = [plain(name, 80) for name in effect.names]
    if len(names) > 1:
        return f"{names[0]} and {names[1]} together, beyond each alone: {share}"
    return f"{names[0]} alone: {share}"


def draw_marginal(data: EffectsData, theme: Theme) -> go.Figure:
    """Return the estimated objective along the parameter in focus, with its band.

    Observed trials and brushes are drawn over it by the page.
    """
    curve = data.marginal
    if curve is None or not np.isfinite(curve.mean).all():
        return message_figure(theme, NO_EFFECT if curve is None else NO_ESTIMATE)
    meta = {"study": data.study, "view": "importance", "axis": curve.axis.to_json()}
    figure = frame_figure(theme, meta, {"l": 38, "r": 8, "t": 22, "b": 32})
    low, high = _value_range(curve)
    ticks, texts = value_ticks(low + TICK_CLEARANCE * (high - low), high, 5)
    figure.update_layout(
        xaxis=_parameter_axis(theme, curve.axis) | {"range": _ends(curve.axis, EDGE_SHARE)},
        yaxis=axis_style(theme, grid=True)
        | {
            "range": [low, high],
            "tickvals": ticks.tolist(),
            "ticktext": list(texts),
            "tickfont": {"size": SMALL_PX, "color": theme.muted},
        },
    )
    marks = _choice_marks if curve.axis.choices else _band_and_line
    figure.add_traces(marks(curve, theme))
    _name_above(figure, theme, _estimated(data.objective.name))
    return figure


def _estimated(name: str) -> str:
    words = f"estimated {plain(name, NAME_CHARS)}"
    return words if len(words) <= NAME_CHARS else plain(name, NAME_CHARS)


def _value_range(curve: MarginalCurve) -> tuple[float, float]:
    low = float(np.nanmin(curve.mean - curve.sd))
    high = float(np.nanmax(curve.mean + curve.sd))
    margin = VALUE_MARGIN * (high - low) or abs(high) * VALUE_MARGIN or 1.0
    # More room below: the trials stand there.
    return low - 2 * margin, high + margin


def _band_and_line(curve: MarginalCurve, theme: Theme) -> list[go.Scatter]:
    low, high = curve.mean - curve.sd, curve.mean + curve.sd
    band = go.Scatter(
        x=np.concatenate([curve.position, curve.position[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=theme.accent,
        opacity=0.18,
        name="one standard deviation",
    )
    line = go.Scatter(
        x=curve.position,
        y=curve.mean,
        mode="lines",
        line={"color": theme.accent, "width": 2},
        name="mean",
    )
    return [band, line]


def _choice_marks(curve: MarginalCurve, theme: Theme) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=curve.position,
            y=curve.mean,
            mode="markers",
            marker={"color": theme.accent, "size": 7},
            error_y={"array": curve.sd, "color": theme.accent, "thickness": 1.2, "width": 4},
            name="mean",
        )
    ]


def draw_surface(data: EffectsData, theme: Theme) -> go.Figure:
    """Return the estimated objective over the two parameters in focus; the better, the stronger."""
    surface = data.surface
    if surface is None or not np.isfinite(surface.mean).all():
        return message_figure(theme, ONE_PARAMETER if surface is None else NO_ESTIMATE)
    meta = {
        "study": data.study,
        "view": "importance",
        "x": surface.x_axis.to_json(),
        "y": surface.y_axis.to_json(),
    }
    figure = frame_figure(
        theme, meta, {"l": _label_room(surface.y_axis), "r": 10, "t": 22, "b": 32}
    )
    figure.update_layout(
        xaxis=_parameter_axis(theme, surface.x_axis) | {"range": _ends(surface.x_axis, 0.0)},
        yaxis=_parameter_axis(theme, surface.y_axis)
        | {"range": _ends(surface.y_axis, 0.0), "title": None},
    )
    is_smooth = not (surface.x_axis.choices or surface.y_axis.choices)
    figure.add_trace(_heatmap(surface, data.objective.direction, theme, is_smooth=is_smooth))
    if is_smooth and (contour := _contour(surface, theme)) is not None:
        figure.add_trace(contour)
    _name_above(figure, theme, plain(surface.y_axis.label, NAME_CHARS))
    return figure


def _heatmap(
    surface: Surface, direction: Direction, theme: Theme, *, is_smooth: bool
) -> go.Heatmap:
    return go.Heatmap(
        x=surface.x,
        y=surface.y,
        z=surface.mean.astype(np.float32),
        colorscale=theme.colorscale,
        reversescale=direction is Direction.MINIMIZE,
        showscale=False,
        zsmooth="best" if is_smooth else False,
        xgap=1 if surface.x_axis.choices else 0,
        ygap=1 if surface.y_axis.choices else 0,
    )


def _contour(surface: Surface, theme: Theme) -> go.Contour | None:
    """Return lines at round values; none where the surface is flat."""
    low, high = float(np.nanmin(surface.mean)), float(np.nanmax(surface.mean))
    levels = value_ticks(low, high, CONTOURS)[0]
    if len(levels) < 2 or not high > low:
        return None
    labels = {"size": SMALL_PX, "color": theme.card}
    step = float(levels[1] - levels[0])
    return go.Contour(
        x=surface.x,
        y=surface.y,
        z=surface.mean.astype(np.float32),
        contours={
            "coloring": "none",
            "start": float(levels[0]),
            "end": float(levels[-1]),
            "size": step,
            "showlabels": True,
            "labelfont": labels,
        },
        line={"width": 0.7, "color": theme.card},
        opacity=0.75,
        showscale=False,
    )


def _parameter_axis(theme: Theme, axis: ColumnAxis) -> dict[str, Any]:
    return axis_style(theme) | {
        "tickvals": axis.unit(axis.ticks).tolist(),
        "ticktext": [plotly_text(text, TICK_TEXT_CHARS) for text in axis.tick_labels],
        "tickfont": {"size": SMALL_PX, "color": theme.muted},
        "tickangle": 0,
        "ticklabelstandoff": 2,
        "title": {
            "text": plotly_text(axis.label, 26),
            "font": {"size": LABEL_PX, "color": theme.muted},
            "standoff": 3,
        },
    }


def _ends(axis: ColumnAxis, edge: float) -> list[float]:
    """Return the range of positions: half a cell around choices, `edge` around numbers."""
    count = len(axis.choices)
    pad = 0.5 / max(1, count - 1) if count else edge
    return [-pad, 1 + pad]


def _label_room(axis: ColumnAxis) -> int:
    longest = max((len(text) for text in axis.tick_labels), default=0)
    return round(12 + CHAR_PX * min(TICK_TEXT_CHARS, max(3, longest)))


def _name_above(figure: go.Figure, theme: Theme, name: str) -> None:
    # Level, above the axis: a name turned on its side is read last.
    figure.add_annotation(
        text=plotly_text(name),
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        xshift=8 - figure.layout.margin.l,
        yshift=3,
        showarrow=False,
        borderpad=0,
        font={"size": LABEL_PX, "color": theme.muted},
    )


def messages(sentences: Sequence[str]) -> list[Component]:
    """Return sentences in the place of the ranking."""
    return [html.P(plain(sentence, 300), className="importance-note") for sentence in sentences]
