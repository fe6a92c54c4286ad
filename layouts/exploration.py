"""Exploration overview: how the method searched, one strip a parameter under the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import plotly.graph_objects as go
from dash import dcc, html

from hypertendril.analysis.exploration.axes import METHOD, SPENT, TRIAL, WALL
from hypertendril.analysis.exploration.frame import ExplorationFrame
from hypertendril.layouts import ids
from hypertendril.layouts.exploration_compare import compare_box
from hypertendril.layouts.exploration_shapes import (
    band_shapes,
    band_word,
    border_shapes,
    ordinals,
    stacked_ticks,
    strip_meta,
    strip_names,
)
from hypertendril.layouts.exploration_story import story_box
from hypertendril.layouts.frame import axis_style, frame_figure, graph, message_figure
from hypertendril.layouts.panel import aria, panel
from hypertendril.layouts.theme import LABEL_PX, Theme

MARGIN = {"l": 148, "r": 14, "t": 22, "b": 32}
# Between the scales and the strips stand the handles of the range of colours.
HANDLE_PX = 9
X_OPTIONS = {
    METHOD: "method",
    TRIAL: "trial",
    WALL: "time",
    SPENT: "resource",
}
X_WORDS = "Horizontal axis: the method's own layout, trial by trial, time, resource spent"
NO_METRIC = {"label": "+ metric", "value": "-"}
NO_VALUE = "No evaluation has given a value yet."
ORDER_OPTIONS = {"importance": "importance", "name": "name", "space": "space"}


def exploration_panel() -> html.Section:
    """Return the panel of view E1."""
    return panel(
        "E1",
        "Exploration overview",
        ids.EXPLORATION_TITLE,
        [html.Div(id=ids.EXPLORATION_SCALE, className="exploration-scale"), _compare_button()],
        [
            _bar(),
            graph(ids.EXPLORATION_FRAME),
            story_box(),
            compare_box(),
            dcc.Store(id=ids.EXPLORATION_MOVED, data=None),
            dcc.Store(id=ids.EXPLORATION_STORY, data=None),
            dcc.Store(id=ids.EXPLORATION_COMPARED, data=None),
        ],
    )


def _bar() -> html.Div:
    orders = [{"label": words, "value": key} for key, words in ORDER_OPTIONS.items()]
    metric = NO_METRIC["value"]
    return html.Div(
        [
            html.Div(id=ids.EXPLORATION_PLAYER, className="exploration-player"),
            _select(ids.EXPLORATION_X, x_options(tuple(X_OPTIONS)), METHOD, X_WORDS),
            _select(ids.EXPLORATION_ORDER, orders, "importance", "Order of the strips"),
            _select(ids.EXPLORATION_METRICS, [NO_METRIC], metric, "One more strip: a metric"),
            html.Button(
                "zoom",
                id=ids.EXPLORATION_ZOOM,
                className="pill",
                title="Show only where the later half of the trials lies, where values converged",
                **aria(pressed="false"),
            ),
        ],
        className="exploration-bar",
    )


def _compare_button() -> html.Button:
    return html.Button(
        "compare",
        id=ids.EXPLORATION_COMPARE,
        className="pill",
        title="Several studies side by side on one scale",
    )


def _select(component_id: str, options: list[dict[str, Any]], value: str, words: str) -> html.Label:
    # dbc.Select takes neither title nor aria attributes: a label around it names it.
    select = dbc.Select(id=component_id, options=options, value=value, class_name="ht-select")
    return html.Label(
        [html.Span(words, className="visually-hidden"), select],
        title=words,
        className="exploration-choice",
    )


def x_options(available: Sequence[str]) -> list[dict[str, Any]]:
    """Return the choices of the horizontal axis; those not in `available` can not be chosen."""
    return [
        {"label": words, "value": key, "disabled": key not in available}
        for key, words in X_OPTIONS.items()
    ]


def draw_exploration(data: ExplorationFrame, theme: Theme) -> go.Figure:
    """Return the frame: bands, strip borders, scales and names; points are drawn over it."""
    if not data.strips or data.n_evaluations == 0:
        return message_figure(theme, "Nothing has been evaluated yet.")
    margin = MARGIN | {"b": 8} if data.bands else MARGIN
    figure = frame_figure(theme, _meta(data), margin)
    figure.update_layout(
        shapes=[*band_shapes(data.bands, theme), *border_shapes(data.strips, theme)]
    )
    figure.update_layout(
        annotations=[
            *strip_names(data.strips, theme, data.hidden),
            *ordinals(data.texts, theme),
            *band_word(data.band_word, theme),
            *no_value(data, theme),
        ]
    )
    tick_values, tick_labels = stacked_ticks(data.strips)
    figure.update_yaxes(
        range=[0, data.height],
        tickvals=tick_values,
        ticktext=tick_labels,
        ticklabelstandoff=HANDLE_PX,
        **axis_style(theme),
    )
    figure.update_xaxes(
        range=list(data.x_range), showticklabels=not data.bands, **axis_style(theme)
    )
    if not data.bands:
        title = {"text": data.x_title, "standoff": 3, "font": {"size": LABEL_PX}}
        values, labels = data.x_ticks
        figure.update_xaxes(title=title, tickvals=values.tolist(), ticktext=labels)
    figure.add_scatter(x=[], y=[])
    return figure


def no_value(data: ExplorationFrame, theme: Theme) -> list[dict[str, Any]]:
    """Return what stands in the monitoring where there is nothing to monitor."""
    note = {
        "xref": "paper",
        "yref": "y",
        "x": 0.5,
        "y": (data.strips[0].bottom + data.strips[0].top) / 2,
        "text": NO_VALUE,
        "showarrow": False,
        "font": {"size": LABEL_PX, "color": theme.muted},
    }
    return [] if data.has_value else [note]


def _meta(data: ExplorationFrame) -> dict[str, Any]:
    return {
        "view": "exploration",
        "study": data.study,
        "version": data.version,
        "strips": [strip_meta(strip) for strip in data.strips],
        "maximize": data.maximize,
        "kind": data.kind,
        "x": data.x,
        "order": data.order,
        "isMeasured": data.kind == "measured",
    }
