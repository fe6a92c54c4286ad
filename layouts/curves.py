"""Model analysis: learning curves of the selected trials, one panel a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
import plotly.graph_objects as go
from dash import dcc, html

from hypertendril.analysis.curves import Curve, CurvePanel, CurvesData
from hypertendril.analysis.ticks import value_ticks
from hypertendril.layouts import ids
from hypertendril.layouts.frame import axis_style, frame_figure, graph, message_figure
from hypertendril.layouts.labels import plain, plotly_text, shortened, telling_ends
from hypertendril.layouts.panel import panel
from hypertendril.layouts.theme import LABEL_PX, Theme

NO_CURVES = "No curves in this study: its trials reported no values step by step."
NO_METRIC = "Choose a metric above to see its curves."
MAX_PANELS = 3
DEFAULT_PANELS = 2
MAX_SMOOTHING = 99
SMOOTHINGS = (1, 3, 5, 9, 15, 25, 49)
DEFAULT_SMOOTHING = 3
SIGNIFICANT_DIGITS = 5
# Shares of the width: behind each panel stand the labels of its line ends and the next axis.
GAP_SHARE = 0.13
MARGIN = {"l": 50, "r": 40, "t": 24, "b": 32}


def curves_panel() -> html.Section:
    """Return the panel of Model analysis."""
    metrics = dbc.Checklist(
        id=ids.CURVES_METRICS,
        options=[],
        value=[],
        inline=True,
        className="curves-metrics",
        inputClassName="btn-check",
        labelClassName="pill",
        labelCheckedClassName="on",
    )
    smoothing = dbc.Select(
        id=ids.CURVES_SMOOTHING,
        options=[{"label": _smoothing_words(w), "value": str(w)} for w in SMOOTHINGS],
        value=str(DEFAULT_SMOOTHING),
        className="ht-select curves-smoothing",
    )
    words = html.Label(
        "Points of the moving average", htmlFor=ids.CURVES_SMOOTHING, className="visually-hidden"
    )
    stores = [
        dcc.Store(id=ids.CURVES_DATA),
        dcc.Store(id=ids.CURVES_BACKGROUND),
        dcc.Store(id=ids.CURVES_HOVER),
        dcc.Store(id=ids.CURVES_HOVERED),
    ]
    body = [graph(ids.CURVES_FRAME), *stores]
    return panel(
        "D", "Model analysis", ids.CURVES_TITLE, [metrics, words, smoothing], body, "curves"
    )


def _smoothing_words(window: int) -> str:
    return "raw" if window == 1 else f"smooth {window}"


def metric_options(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pills that choose metrics."""
    ends = telling_ends(names)
    # In a small panel the words are cut further.
    labels = [html.Span(shortened(name, 24, ends), title=plain(name, 200)) for name in names]
    return [
        {"label": label, "value": f"curve:{name}"}
        for name, label in zip(names, labels, strict=True)
    ]


def chosen_metrics(values: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """Return the metrics to show, in the order of `names`: those chosen, at most three.

    Args:
        values: What the pills hold; None stands for no choice made yet.
        names: All curve names of the study, the most telling first.
    """
    wanted = [value.removeprefix("curve:") for value in values or []]
    known = [name for name in wanted if name in names][-MAX_PANELS:]
    # Pills of another study, or none pressed yet: begin with the most telling.
    if values is None or (wanted and not known):
        known = list(names[:DEFAULT_PANELS])
    return [name for name in names if name in known]


def draw_curves(data: CurvesData, study_id: str, theme: Theme, *, has_curves: bool) -> go.Figure:
    """Return the axes of the curve panels and the marks where the method compared trials.

    Args:
        data: Ranges of the whole study, so that axes stay while one selects.
        study_id: Its id.
        theme: Look.
        has_curves: The study has any curve at all.
    """
    if not data.panels:
        return message_figure(theme, NO_METRIC if has_curves else NO_CURVES)
    figure = frame_figure(theme, {}, MARGIN)
    panels: list[dict[str, Any]] = []
    for i, (one, domain) in enumerate(zip(data.panels, _domains(len(data.panels)), strict=True)):
        suffix = str(i + 1) if i else ""
        _add_panel(figure, theme, data, one, suffix, domain)
        panels.append({"metric": one.metric, "x": f"x{suffix}", "y": f"y{suffix}"})
    meta = {"study": study_id, "view": "curves", "panels": panels, "rungs": list(data.rungs)}
    figure.update_layout(meta=meta)
    return figure


def _domains(count: int) -> list[list[float]]:
    width = (1 - GAP_SHARE * (count - 1)) / count
    return [[i * (width + GAP_SHARE), i * (width + GAP_SHARE) + width] for i in range(count)]


def _add_panel(
    figure: go.Figure,
    theme: Theme,
    data: CurvesData,
    one: CurvePanel,
    suffix: str,
    domain: list[float],
) -> None:
    label = {"size": LABEL_PX, "color": theme.muted}
    steps, step_texts = value_ticks(data.first_step, data.last_step, 6, is_int=data.is_whole)
    values, value_texts = value_ticks(one.low, one.high, 6)
    figure.update_layout(
        {
            f"xaxis{suffix}": axis_style(theme)
            | {
                "domain": domain,
                "anchor": f"y{suffix}",
                "range": [data.first_step, data.last_step],
                "tickvals": steps.tolist(),
                "ticktext": list(step_texts),
                "title": {"text": "step", "font": label, "standoff": 4},
            },
            f"yaxis{suffix}": axis_style(theme, grid=True)
            | {
                "anchor": f"x{suffix}",
                "range": [one.low, one.high],
                "tickvals": values.tolist(),
                "ticktext": list(value_texts),
            },
        }
    )
    figure.add_trace(_rung_marks(data, one, suffix, theme))
    # Above the axis and level: a name turned on its side is read last.
    figure.add_annotation(
        text=plotly_text(one.metric),
        x=domain[0],
        y=1,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        yshift=4,
        showarrow=False,
        borderpad=0,
        font={"size": LABEL_PX, "color": theme.ink},
    )
    if words := _counts(one):
        figure.add_annotation(
            text=words,
            x=domain[1],
            y=1,
            xref="paper",
            yref="paper",
            xanchor="right",
            yanchor="bottom",
            yshift=4,
            showarrow=False,
            borderpad=0,
        )


def _counts(one: CurvePanel) -> str:
    """Return how many trials leave the axis, which is made for the others."""
    return f"{one.n_wild:,} off scale" if one.n_wild else ""


def _rung_marks(data: CurvesData, one: CurvePanel, suffix: str, theme: Theme) -> go.Scatter:
    x = [value for rung in data.rungs for value in (rung, rung, None)]
    y = [value for _ in data.rungs for value in (one.low, one.high, None)]
    return go.Scatter(
        x=x or [None],
        y=y or [None],
        xaxis=f"x{suffix}",
        yaxis=f"y{suffix}",
        mode="lines",
        line={"color": theme.muted, "width": 1, "dash": "dot"},
        opacity=0.6,
        name="compared",
    )


def curves_json(curves: Sequence[Curve], study_id: str, smoothing: int) -> dict[str, Any]:
    """Return curves as the page takes them: five significant digits, null for what is not finite."""
    return {
        "study": study_id,
        "smoothing": smoothing,
        "curves": [
            {
                "row": curve.row,
                "metric": curve.metric,
                "x": _numbers(curve.step),
                "raw": _numbers(curve.raw),
                "smooth": _numbers(curve.smooth) if smoothing > 1 else None,
            }
            for curve in curves
        ],
    }


def background_json(data: CurvesData, study_id: str) -> dict[str, Any]:
    """Return the faint curves of all panels as the page takes them."""
    curves = [curve for one in data.panels for curve in one.background]
    return curves_json(curves, study_id, 1)


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    return [
        float(f"{value:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(value) else None
        for value in values.tolist()
    ]


def title(n_shown: int, n_asked: int, n_with_curves: int, smoothing: int) -> str:
    """Return the words behind the panel's title.

    Args:
        n_shown: Trials with a curve on the page.
        n_asked: The best of the selected trials, whose curves are asked for.
        n_with_curves: Trials of the study that have any.
        smoothing: Points of the moving average.
    """
    if not n_with_curves:
        return ""
    if n_asked and not n_shown:
        return f"none of the best {n_asked} has a curve" if n_asked > 1 else "it has no curve"
    average = "" if smoothing <= 1 else f", moving average {smoothing}"
    noun = "trial" if n_shown == 1 else "trials"
    return f"{n_shown} {noun}{average}"
