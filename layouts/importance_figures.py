"""Hyperparameter importance: the marginal in focus, the pair in focus."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.importance.effects import EffectsData, MarginalCurve, Surface
from hypertendril.analysis.importance.promising_view import JOINT, MARGINAL, QUANTILES
from hypertendril.analysis.ticks import value_ticks
from hypertendril.layouts.frame import axis_style, frame_figure, message_figure
from hypertendril.layouts.importance_ranking import effect_ends
from hypertendril.layouts.labels import plain, plotly_text, shortened, tick_texts
from hypertendril.layouts.theme import LABEL_PX, TICK_PX, Theme
from hypertendril.model import Direction

Floats = NDArray[np.float64]
Band = tuple[Floats, Floats, Floats]

NO_EFFECT = "This study has<br>no parameters."
NO_ESTIMATE = "No scored trial<br>to estimate from yet."
ONE_PARAMETER = "An interaction needs<br>two parameters."
SMALL_PX = TICK_PX - 1
TICK_TEXT_CHARS = 9
# What fits above a plot beside the choice that stands there, and below it, on a small page.
NAME_CHARS, TITLE_CHARS = 14, 18
# Beside it the page lets choose the studies.
VALUE_CHARS = 9
# Width of a character of the tick font, on average.
CHAR_PX = 5.4
# Room around points at the ends of an axis, as a share of it.
EDGE_SHARE = 0.02
VALUE_MARGIN = 0.06
CONTOURS = 6
# The three ways to tell what is promising, told apart by their lines; heights are shares of the plot.
PROMISING_LINES: dict[str, dict[str, Any]] = {
    QUANTILES: {"width": 3},
    MARGINAL: {"width": 2, "dash": "6px,2px"},
    JOINT: {"width": 2, "dash": "2px,2px"},
}
PROMISING_HEIGHTS = {QUANTILES: 0.0, MARGINAL: 0.06, JOINT: 0.1}
# Between three small surfaces, as a share of the width; and what fits over each.
MULTIPLE_GAP = 0.035
MULTIPLE_CHARS = 20
# A mark of values this near to the bottom would touch the marks of the parameter.
TICK_CLEARANCE = 0.05


def draw_marginal(data: EffectsData, theme: Theme) -> go.Figure:
    """Return the estimated objective along the parameter in focus, with its band.

    Observed trials and brushes are drawn over it by the page.
    """
    curve = data.marginal
    if curve is None or not np.isfinite(curve.mean).all():
        return message_figure(theme, NO_EFFECT if curve is None else NO_ESTIMATE)
    meta = {
        "study": data.study,
        "view": "importance",
        "axis": curve.axis.to_json(),
        "promising": curve.promising,
    }
    figure = frame_figure(theme, meta, {"l": 38, "r": 8, "t": 22, "b": 32})
    ends = effect_ends(data)
    band, is_log = _band(curve, data.least), data.least is not None
    low, high = _value_range(band, is_log=is_log)
    clear = low + TICK_CLEARANCE * (high - low)
    bottom, top = (10.0**clear, 10.0**high) if is_log else (clear, high)
    ticks, texts = value_ticks(bottom, top, 5, log=is_log)
    figure.update_layout(
        xaxis=_parameter_axis(theme, curve.axis, ends) | {"range": _ends(curve.axis, EDGE_SHARE)},
        yaxis=axis_style(theme, grid=True)
        | {
            "type": "log" if is_log else "linear",
            "range": [low, high],
            "tickvals": ticks.tolist(),
            "ticktext": list(texts),
            "tickfont": {"size": SMALL_PX, "color": theme.muted},
        },
    )
    _promising_band(figure, curve, theme)
    if curve.deciles:
        figure.add_trace(_decile_marks(curve, top, theme))
    marks = _choice_marks if curve.axis.choices else _band_and_line
    figure.add_traces(marks(curve.position, band, theme))
    _name_above(figure, theme, plain(data.objective.name, VALUE_CHARS))
    return figure


def _promising_band(figure: go.Figure, curve: MarginalCurve, theme: Theme) -> None:
    """Mark what is promising by lines at the foot; the page tints the one that is chosen."""
    for kind, stretches in curve.promising.items():
        for x0, x1 in stretches:
            span: dict[str, Any] = {"x0": x0, "x1": x1, "yref": "paper", "layer": "below"}
            height = PROMISING_HEIGHTS[kind]
            line = PROMISING_LINES[kind] | {"color": theme.performance[3]}
            figure.add_shape(type="line", y0=height, y1=height, **span, line=line)


def _promising_boxes(figure: go.Figure, surface: Surface, theme: Theme) -> None:
    """Outline the promising ranges of both parameters; where one is whole, over all of its axis."""
    ends = [_ends(axis, 0.0) for axis in (surface.x_axis, surface.y_axis)]
    for kind, parts in surface.promising.items():
        if not any(parts):
            continue
        columns, rows = (part or ((end[0], end[1]),) for part, end in zip(parts, ends, strict=True))
        for (x0, x1), (y0, y1) in itertools.product(columns, rows):
            line = PROMISING_LINES[kind] | {"color": theme.card, "width": 1.4}
            figure.add_shape(type="rect", x0=x0, x1=x1, y0=y0, y1=y1, line=line)


def _decile_marks(curve: MarginalCurve, top: float, theme: Theme) -> go.Scatter:
    """Return ticks at the top of the plot between which a tenth of the trials lies each."""
    middle = len(curve.deciles) // 2
    lengths = [11 if k == middle else 7 for k in range(len(curve.deciles))]
    return go.Scatter(
        x=curve.deciles,
        y=[top] * len(curve.deciles),
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": lengths,
            "line": {"color": theme.muted, "width": 1},
        },
        cliponaxis=False,
        name="tenths of the trials",
    )


def _band(curve: MarginalCurve, least: float | None) -> Band:
    """Return (low, mean, high), one standard deviation apart; nothing is below `least`, where given."""
    floor = -np.inf if least is None else least
    low, mean, high = (np.maximum(curve.mean + sign * curve.sd, floor) for sign in (-1, 0, 1))
    return low, mean, high


def _value_range(band: Band, *, is_log: bool) -> tuple[float, float]:
    low, high = float(np.nanmin(band[0])), float(np.nanmax(band[2]))
    if is_log:
        low, high = math.log10(low), math.log10(high)
    margin = VALUE_MARGIN * (high - low) or abs(high) * VALUE_MARGIN or 1.0
    # More room below: the trials stand there.
    return low - 2 * margin, high + margin


def _band_and_line(position: Floats, band: Band, theme: Theme) -> list[go.Scatter]:
    low, mean, high = band
    area = go.Scatter(
        x=np.concatenate([position, position[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        fill="toself",
        line={"width": 0},
        fillcolor=theme.accent,
        opacity=0.18,
        name="one standard deviation",
    )
    line = go.Scatter(
        x=position,
        y=mean,
        mode="lines",
        line={"color": theme.accent, "width": 2},
        name="mean",
    )
    return [area, line]


def _choice_marks(position: Floats, band: Band, theme: Theme) -> list[go.Scatter]:
    low, mean, high = band
    error = {"array": high - mean, "arrayminus": mean - low}
    return [
        go.Scatter(
            x=position,
            y=mean,
            mode="markers",
            marker={"color": theme.accent, "size": 7},
            error_y=error | {"color": theme.accent, "thickness": 1.2, "width": 4},
            name="mean",
        )
    ]


def draw_surface(data: EffectsData, theme: Theme) -> go.Figure:
    """Return the estimated objective over the two parameters in focus; the better, the stronger."""
    surface = data.surface
    if surface is None or not np.isfinite(surface.mean).any():
        return message_figure(theme, ONE_PARAMETER if surface is None else NO_ESTIMATE)
    if data.thirds:
        return draw_multiples(data, theme)
    meta = {
        "study": data.study,
        "view": "importance",
        "x": surface.x_axis.to_json(),
        "y": surface.y_axis.to_json(),
        "promising": surface.promising,
    }
    figure = frame_figure(
        theme, meta, {"l": _label_room(surface.y_axis), "r": 10, "t": 22, "b": 32}
    )
    ends = effect_ends(data)
    figure.update_layout(
        xaxis=_parameter_axis(theme, surface.x_axis, ends) | {"range": _ends(surface.x_axis, 0.0)},
        yaxis=_parameter_axis(theme, surface.y_axis, ends)
        | {"range": _ends(surface.y_axis, 0.0), "title": None},
    )
    is_smooth = not (surface.x_axis.choices or surface.y_axis.choices)
    heights = _heights(surface, data.least)
    figure.add_trace(_heatmap(surface, heights, data.objective.direction, theme))
    if is_smooth and (contour := _contour(surface, heights, data.least, theme)) is not None:
        figure.add_trace(contour)
    _promising_boxes(figure, surface, theme)
    if surface.incumbent is not None:
        figure.add_trace(_incumbent(surface.incumbent, theme))
    _name_above(figure, theme, shortened(surface.y_axis.label, NAME_CHARS, ends))
    return figure


def _incumbent(place: tuple[float, float], theme: Theme) -> go.Scatter:
    """Return the mark of the best trial: a star with a rim, seen on every colour."""
    return go.Scatter(
        x=[place[0]],
        y=[place[1]],
        mode="markers",
        marker={
            "symbol": "star",
            "size": 12,
            "color": theme.card,
            "line": {"color": theme.ink, "width": 1.4},
        },
        cliponaxis=False,
        name="best trial",
    )


def draw_multiples(data: EffectsData, theme: Theme) -> go.Figure:
    """Return the surface in three parts of one more parameter, on one scale of colours."""
    first, n = data.thirds[0], len(data.thirds)
    meta = {"study": data.study, "view": "importance", "empty": True}
    margin = {"l": _label_room(first.y_axis), "r": 10, "t": 38, "b": 32}
    figure = frame_figure(theme, meta, margin)
    heights = [_heights(part, data.least) for part in data.thirds]
    known = np.concatenate([values[np.isfinite(values)] for values in heights])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    width = (1 - MULTIPLE_GAP * (n - 1)) / n
    ends = effect_ends(data)
    for k, part in enumerate(data.thirds):
        place = "" if k == 0 else str(k + 1)
        left = k * (width + MULTIPLE_GAP)
        x_axis = _parameter_axis(theme, part.x_axis, ends) | {
            "range": _ends(part.x_axis, 0.0),
            "domain": [left, left + width],
            "title": None if k != n // 2 else _parameter_axis(theme, part.x_axis, ends)["title"],
        }
        # Narrow plots have room for one mark each, in the middle.
        middle = slice(len(x_axis["tickvals"]) // 2, len(x_axis["tickvals"]) // 2 + 1)
        x_axis |= {key: x_axis[key][middle] for key in ("tickvals", "ticktext")}
        figure.update_layout({f"xaxis{place}": x_axis})
        heatmap = _heatmap(part, heights[k], data.objective.direction, theme)
        figure.add_trace(heatmap.update(xaxis=f"x{place}", yaxis="y", zmin=low, zmax=high))
        figure.add_annotation(
            text=plotly_text(data.third_labels[k], MULTIPLE_CHARS),
            x=left,
            y=1,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            borderpad=0,
            font={"size": SMALL_PX, "color": theme.ink},
        )
    figure.update_layout(
        yaxis=_parameter_axis(theme, first.y_axis, ends)
        | {"range": _ends(first.y_axis, 0.0), "title": None}
    )
    _name_above(figure, theme, shortened(first.y_axis.label, NAME_CHARS, ends), 18)
    return figure


def _heights(surface: Surface, least: float | None) -> Floats:
    """Return what colours and lines of a surface tell: its values, or their logarithms."""
    if least is None:
        return surface.mean
    logarithms: Floats = np.log10(np.maximum(surface.mean, least))
    return logarithms


def _compact(values: NDArray[np.float64]) -> NDArray[np.floating]:
    """Return `values` in half the bytes, where none is too great or all too small for that."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    limits = np.finfo(np.float32)
    is_fit = not most or float(limits.tiny) < most < float(limits.max)
    return values.astype(np.float32) if is_fit else values


def _heatmap(surface: Surface, heights: Floats, direction: Direction, theme: Theme) -> go.Heatmap:
    is_smooth = not (surface.x_axis.choices or surface.y_axis.choices)
    return go.Heatmap(
        x=surface.x,
        y=surface.y,
        z=_compact(heights),
        colorscale=theme.colorscale,
        reversescale=direction is Direction.MINIMIZE,
        showscale=False,
        zsmooth="best" if is_smooth else False,
        xgap=1 if surface.x_axis.choices else 0,
        ygap=1 if surface.y_axis.choices else 0,
    )


def _contour(
    surface: Surface, heights: Floats, least: float | None, theme: Theme
) -> go.Contour | None:
    """Return lines at round values, or at powers of ten; none where the surface is flat."""
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    levels = value_ticks(low, high, CONTOURS)[0]
    if len(levels) < 2 or not high > low:
        return None
    labels = {"size": SMALL_PX, "color": theme.card}
    step = float(levels[1] - levels[0])
    return go.Contour(
        x=surface.x,
        y=surface.y,
        z=_compact(heights),
        contours={
            "coloring": "none",
            "start": float(levels[0]),
            "end": float(levels[-1]),
            "size": step,
            "showlabels": least is None,  # the label of a logarithm would mislead
            "labelfont": labels,
        },
        line={"width": 0.7, "color": theme.card},
        opacity=0.75,
        showscale=False,
    )


def _parameter_axis(theme: Theme, axis: ColumnAxis, ends: Mapping[str, str]) -> dict[str, Any]:
    return axis_style(theme) | {
        "tickvals": axis.unit(axis.ticks).tolist(),
        "ticktext": tick_texts(axis, TICK_TEXT_CHARS),
        "tickfont": {"size": SMALL_PX, "color": theme.muted},
        "tickangle": 0,
        "ticklabelstandoff": 2,
        "title": {
            "text": plotly_text(shortened(axis.label, TITLE_CHARS, ends)),
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


def _name_above(figure: go.Figure, theme: Theme, name: str, above_px: int = 3) -> None:
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
        yshift=above_px,
        showarrow=False,
        borderpad=0,
        font={"size": LABEL_PX, "color": theme.muted},
    )
