"""Exploration overview: how the method searched, one strip a parameter under the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from dash import html

from hypertendril.analysis.exploration_frame import ExplorationFrame, Strip
from hypertendril.layouts import ids
from hypertendril.layouts.frame import axis_style, frame_figure, graph, message_figure
from hypertendril.layouts.labels import plotly_text
from hypertendril.layouts.panel import panel
from hypertendril.layouts.theme import LABEL_PX, Theme

MARGIN = {"l": 148, "r": 14, "t": 22, "b": 24}
NAME_SHIFT_PX = 54
MAX_NAME_CHARS = 15
MAX_TICK_CHARS = 9
# Bands grow from hardly visible to clearly grey and must leave pale marks readable.
BAND_OPACITY = (0.03, 0.12)


def exploration_panel() -> html.Section:
    """Return the panel of view E1."""
    return panel(
        "E1",
        "Exploration overview",
        ids.EXPLORATION_TITLE,
        [html.Div(id=ids.EXPLORATION_SCALE, className="ht-scale")],
        graph(ids.EXPLORATION_FRAME),
    )


def draw_exploration(data: ExplorationFrame, theme: Theme) -> go.Figure:
    """Return the frame: bands, strip borders, scales and names; points are drawn over it."""
    if not data.strips or data.n_evaluations == 0:
        return message_figure(theme, "Nothing has been evaluated yet.")
    figure = frame_figure(theme, _meta(data), MARGIN)
    figure.update_layout(shapes=[*_bands(data, theme), *_borders(data.strips, theme)])
    figure.update_layout(annotations=[*_names(data, theme), *_ordinals(data, theme)])
    tick_values, tick_labels = _ticks(data.strips)
    figure.update_yaxes(
        range=[0, data.height], tickvals=tick_values, ticktext=tick_labels, **axis_style(theme)
    )
    figure.update_xaxes(
        range=list(data.x_range), nticks=9, showticklabels=not data.bands, **axis_style(theme)
    )
    if not data.bands:
        title = {"text": data.x_title, "standoff": 2, "font": {"size": LABEL_PX}}
        figure.update_xaxes(title=title)
    figure.add_scatter(x=[], y=[])
    return figure


def _meta(data: ExplorationFrame) -> dict[str, Any]:
    return {
        "view": "exploration",
        "study": data.study,
        "version": data.version,
        "strips": [
            {**strip.axis.to_json(), "bottom": strip.bottom, "top": strip.top}
            for strip in data.strips
        ],
        "maximize": data.maximize,
    }


def _bands(data: ExplorationFrame, theme: Theme) -> list[dict[str, Any]]:
    low, high = BAND_OPACITY
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": band.x0,
            "x1": band.x1,
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"width": 0},
            "fillcolor": theme.ink,
            "opacity": low + (high - low) * band.shade,
        }
        for band in data.bands
    ]


def _borders(strips: Sequence[Strip], theme: Theme) -> list[dict[str, Any]]:
    return [
        {
            "type": "line",
            "xref": "paper",
            "yref": "y",
            "x0": 0,
            "x1": 1,
            "y0": level,
            "y1": level,
            "line": {"width": 1, "color": theme.line},
        }
        for level in _levels(strips)
    ]


def _levels(strips: Sequence[Strip]) -> list[float]:
    """Return the heights half-way between neighbouring strips."""
    return [(upper.bottom + lower.top) / 2 for upper, lower in pairwise(strips)]


def _names(data: ExplorationFrame, theme: Theme) -> list[dict[str, Any]]:
    return [
        {
            "xref": "paper",
            "yref": "y",
            "x": 0,
            "y": (strip.bottom + strip.top) / 2,
            "text": _name(strip),
            "showarrow": False,
            "xanchor": "right",
            "xshift": -NAME_SHIFT_PX,
            "font": {"size": LABEL_PX, "color": theme.ink},
        }
        for strip in data.strips
    ]


def _name(strip: Strip) -> str:
    prefix = "best<br>" if strip.is_monitor else ""
    return f"<b>{prefix}{plotly_text(strip.axis.label, MAX_NAME_CHARS)}</b>"


def _ordinals(data: ExplorationFrame, theme: Theme) -> list[dict[str, Any]]:
    return [
        {
            "xref": "x",
            "yref": "paper",
            "x": label.x,
            "y": 1,
            "text": plotly_text(label.text),
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"size": 9, "color": theme.muted},
        }
        for label in data.texts
    ]


def _ticks(strips: Sequence[Strip]) -> tuple[list[float], list[str]]:
    values: list[float] = []
    labels: list[str] = []
    for strip in strips:
        values += strip.tick_heights()
        labels += [plotly_text(text, MAX_TICK_CHARS) for text in strip.axis.tick_labels]
    return values, labels
