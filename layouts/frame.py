"""What all frames share: a Plotly figure that draws axes and static marks, and is never interacted with.

Trials, selection and hover are drawn over it by `assets/`; what those scripts need to know
of the geometry travels in `layout.meta`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Plotly takes pandas out of sys.modules however it finds it there. While another thread imports it
# (scikit-learn does, for the first importance), every figure would fail: so it is imported first.
import pandas as pd  # noqa: F401
import plotly.graph_objects as go
from dash import dcc

from hypertendril.layouts.theme import FONT_FAMILY, LIGHT, TICK_PX, Theme

# Plotly offers to send figures to its cloud unless told otherwise.
GRAPH_CONFIG: dcc.Graph.Config = {
    "staticPlot": True,
    "displayModeBar": False,
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "responsive": True,
}


def frame_figure(theme: Theme, meta: Mapping[str, Any], margin: Mapping[str, int]) -> go.Figure:
    """Return an empty figure in `theme`; `margin` has l, r, t, b in pixels, `meta` is JSON."""
    # A template of our own: Plotly's default one weighs more than most of our figures.
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "font": {"family": FONT_FAMILY, "size": TICK_PX, "color": theme.muted},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": False,
            "hovermode": False,
            "dragmode": False,
            "autosize": True,
            "margin": {**margin, "autoexpand": False, "pad": 0},
            "meta": dict(meta),
        }
    )


def axis_style(theme: Theme, *, grid: bool = False) -> dict[str, Any]:
    """Return the settings every visible axis shares."""
    return {
        "showgrid": grid,
        "gridcolor": theme.line,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        # Turned by Plotly where it is narrow, labels reach into what lies below.
        "tickangle": 0,
        "tickfont": {"size": TICK_PX, "color": theme.muted},
        "automargin": False,
        "fixedrange": True,
    }


def message_figure(theme: Theme, sentence: str, *, is_first: bool = False) -> go.Figure:
    """Return a frame that says in one sentence what is missing.

    Args:
        theme: Look of the page.
        sentence: May be empty.
        is_first: The frame stands in until the server has answered for the first time.
    """
    meta = {"empty": True, "first": is_first}
    figure = frame_figure(theme, meta, {"l": 8, "r": 8, "t": 8, "b": 8})
    figure.update_xaxes(visible=False, range=[0, 1])
    figure.update_yaxes(visible=False, range=[0, 1])
    figure.add_annotation(
        text=sentence, x=0.5, y=0.5, showarrow=False, font={"size": 12, "color": theme.muted}
    )
    return figure


def graph(component_id: str) -> dcc.Graph:
    """Return the component that holds a frame; it fills its parent."""
    return dcc.Graph(
        id=component_id,
        # Without one Plotly draws axes of its own, on white, until the first answer comes.
        figure=message_figure(LIGHT, "", is_first=True),
        config=GRAPH_CONFIG,
        responsive=True,
        className="frame",
        clear_on_unhover=True,
    )
