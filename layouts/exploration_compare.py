"""Several studies side by side in one large frame: the paper's figure 5 of one's own searches."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import dcc, html

from hypertendril.analysis.exploration.comparison import ComparedStudy, Comparison
from hypertendril.layouts import ids
from hypertendril.layouts.exploration_shapes import (
    band_shapes,
    border_shapes,
    ordinals,
    stacked_ticks,
    strip_meta,
    strip_names,
)
from hypertendril.layouts.frame import axis_style, frame_figure, graph
from hypertendril.layouts.labels import plain, plotly_text
from hypertendril.layouts.theme import LABEL_PX, Theme

MARGIN = {"l": 148, "r": 16, "t": 98, "b": 18}
GAP_SHARE = 0.012
# Settings on a line of a caption, and lines: five columns and more are narrow.
LINE_SETTINGS, NARROW_SETTINGS, NARROW_FROM = 2, 1, 5
MAX_LINES = 4
# Characters of a title that fit over all columns on a small screen.
MOST_CHARS = 160


def compare_box() -> dbc.Modal:
    """Return the dialog, closed."""
    head = [
        dbc.ModalTitle("Compare searches"),
        dcc.Dropdown(
            id=ids.EXPLORATION_COMPARE_STUDIES,
            options=[],
            value=[],
            multi=True,
            placeholder="studies",
            className="exploration-studies",
        ),
        html.Button(
            "every method",
            id=ids.EXPLORATION_COMPARE_ALL,
            className="pill",
            title="Searches of this space by as many methods as there are, six at most",
        ),
        html.Button(
            "same method",
            id=ids.EXPLORATION_COMPARE_SAME,
            className="pill",
            title="Searches of this space by this method with other settings",
        ),
        html.Span(id=ids.EXPLORATION_COMPARE_NOTE, className="exploration-note"),
        html.Div(id=ids.EXPLORATION_COMPARE_TOOLS, className="exploration-export"),
    ]
    return dbc.Modal(
        [
            dbc.ModalHeader(html.Div(head, className="exploration-compare-head")),
            dbc.ModalBody(
                html.Div(graph(ids.EXPLORATION_COMPARE_FRAME), className="exploration-compare")
            ),
        ],
        id=ids.EXPLORATION_COMPARE_BOX,
        fullscreen=True,
        is_open=False,
        class_name="exploration-dialog",
    )


def draw_comparison(data: Comparison, theme: Theme) -> go.Figure:
    """Return the frame of all columns; marks are drawn over it."""
    figure = frame_figure(theme, _meta(data), MARGIN)
    shapes = border_shapes(data.strips, theme)
    annotations = strip_names(data.strips, theme)
    for k, column in enumerate(data.columns):
        axis = _axis(k)
        shapes += band_shapes(column.bands, theme, axis)
        annotations += [
            *ordinals(column.texts, theme, axis),
            _caption(column, axis, theme, len(data.columns)),
        ]
        figure.update_layout({f"xaxis{axis[1:]}": _x(data, k, theme)})
        figure.add_scatter(x=[], y=[], xaxis=axis)
    values, labels = stacked_ticks(data.strips)
    figure.update_yaxes(
        range=[0, data.height], tickvals=values, ticktext=labels, **axis_style(theme)
    )
    figure.update_layout(shapes=shapes, annotations=annotations)
    return figure


def _axis(k: int) -> str:
    return "x" if k == 0 else f"x{k + 1}"


def _domain(data: Comparison, k: int) -> list[float]:
    n = len(data.columns)
    width = (1.0 - GAP_SHARE * (n - 1)) / n
    start = k * (width + GAP_SHARE)
    return [start, min(1.0, start + width)]


def _x(data: Comparison, k: int, theme: Theme) -> dict[str, Any]:
    return {
        "domain": _domain(data, k),
        "range": list(data.columns[k].x_range),
        "showticklabels": False,
        "anchor": "y",
        **axis_style(theme),
    }


def _meta(data: Comparison) -> dict[str, Any]:
    return {
        "view": "comparison",
        "study": data.columns[0].study,
        "strips": [strip_meta(strip) for strip in data.strips],
        "columns": [
            {
                "study": column.study,
                "version": column.version,
                "kind": column.kind,
                "axis": _axis(k),
            }
            for k, column in enumerate(data.columns)
        ],
        "worst": data.worst,
        "best": data.best,
        "log": data.is_log,
        "maximize": data.maximize,
    }


def _caption(column: ComparedStudy, axis: str, theme: Theme, n: int) -> dict[str, Any]:
    per_line = NARROW_SETTINGS if n >= NARROW_FROM else LINE_SETTINGS
    most = MOST_CHARS // n
    words = [
        f"<b>{plotly_text(setting.text)}</b>" if setting.is_other else plotly_text(setting.text)
        for setting in column.settings
    ]
    lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    name, method = plain(column.name, most), plain(column.method, most)
    title = f"<b>{plotly_text(name)}</b>"
    # Beside a long name the method would stand in the next column; most names say it anyway.
    if len(name) + len(method) <= most:
        title += f" · {plotly_text(method)}"
    return {
        "xref": axis + " domain",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 16,
        "align": "left",
        "text": "<br>".join([title, *lines[:MAX_LINES]]),
        "showarrow": False,
        "font": {"size": LABEL_PX, "color": theme.ink},
    }
