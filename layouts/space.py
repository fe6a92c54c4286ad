"""Search space overview: parallel coordinates with the importance of each parameter on top.

Boxes, links, axes and lines are drawn by the page, which moves them without asking the server;
this is what it draws them into.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from hypertendril.analysis.space import SpaceAxes
from hypertendril.analysis.space_numbers import SpaceNumbers
from hypertendril.layouts import ids
from hypertendril.layouts.frame import frame_figure, graph, message_figure
from hypertendril.layouts.labels import plain, telling_ends
from hypertendril.layouts.panel import panel
from hypertendril.layouts.promising import promising_words
from hypertendril.layouts.theme import Theme

MARGIN = {"l": 62, "r": 62, "t": 12, "b": 8}
# Below the axes: a lane for trials without a value there, one for those that failed.
FIRST_LANE = -0.085
LANE_STEP = 0.06
BELOW_LANE = 0.035
BOTTOM = -0.02
TOP = 1.015


def space_panel() -> html.Section:
    """Return the panel of view C."""
    return panel(
        "C",
        "Search space overview",
        ids.SPACE_TITLE,
        [
            html.Div(id=ids.SPACE_TOOLS, className="space-tools"),
            html.Div(id=ids.SPACE_SCALE, className="ht-scale"),
        ],
        [
            html.Div(id=ids.SPACE_BOXES, className="space-boxes"),
            graph(ids.SPACE_FRAME),
            dcc.Store(id=ids.SPACE_NUMBERS),
        ],
    )


def draw_space(data: SpaceAxes, theme: Theme) -> go.Figure:
    """Return the frame: the heights of axes and lanes; axes and lines are drawn over it."""
    n_varying = len(data.axes) - len(data.constant)
    if n_varying < 2:
        return message_figure(theme, "No parameter varies in this study.")
    kinds = [kind for kind, keys in (("none", data.missing), ("failed", data.failed)) if keys]
    lanes = {kind: FIRST_LANE - LANE_STEP * k for k, kind in enumerate(kinds)}
    ends = telling_ends(axis.label for axis in data.axes)
    axes = [axis | {"telling": ends[axis["label"]]} for axis in data.to_json()]
    meta = {"view": "space", "study": data.study, "lanes": lanes, "axes": axes}
    figure = frame_figure(theme, meta, MARGIN)
    bottom = min(lanes.values()) - BELOW_LANE if lanes else BOTTOM
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[0, 1], **hidden)
    figure.update_yaxes(range=[bottom, TOP], **hidden)
    return figure


def numbers_json(numbers: SpaceNumbers) -> dict[str, Any]:
    """Return what is known of importance, with the words of the promising ranges."""
    promising = [promising_words(one.view) | {"ranges": one.to_json()} for one in numbers.promising]
    return numbers.to_json() | {"promising": promising}


def subtitle(data: SpaceAxes, *, is_known: bool, gain: str = "") -> str:
    """Return what the panel's head says of the axes; `gain` names what matters where values change."""
    words = f"importance{f' for the {plain(gain, 40)}' if gain else ''} rises to the right"
    words = words if is_known else "importance is being computed"
    return f"{words} · {len(data.constant)} constant" if data.constant else words
