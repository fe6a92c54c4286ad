"""Search space overview: parallel coordinates with the importance of each parameter on top."""

from __future__ import annotations

import re
from typing import Any

import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.space import SpaceAxes
from hypertendril.layouts import ids
from hypertendril.layouts.frame import frame_figure, graph, message_figure
from hypertendril.layouts.labels import plain
from hypertendril.layouts.panel import panel
from hypertendril.layouts.theme import Theme

MARGIN = {"l": 62, "r": 62, "t": 12, "b": 8}
# Below the axes: lane of trials without a value there.
NONE_LANE = -0.085
BOTTOM_WITH_LANE = -0.125
BOTTOM = -0.02
TOP = 1.015
# A segment narrower than this share of the row has no room for a name.
LABELLED_SHARE = 0.1
# With more axes the boxes are too narrow for all they could say.
ROOMY_AXES = 7
KIND_BADGES = {True: "abc", False: "123"}


def space_panel() -> html.Section:
    """Return the panel of view C."""
    return panel(
        "C",
        "Search space overview",
        ids.SPACE_TITLE,
        [html.Div(id=ids.SPACE_SCALE, className="ht-scale")],
        [html.Div(id=ids.SPACE_BOXES, className="space-boxes"), graph(ids.SPACE_FRAME)],
    )


def draw_space(data: SpaceAxes, theme: Theme) -> go.Figure:
    """Return the frame: one vertical line an axis; lines of trials are drawn over it."""
    if len(data.axes) < 2:
        return message_figure(theme, "No parameter varies in this study.")
    has_lane = any(axis.has_missing for axis in data.axes)
    positions = _positions(len(data.axes))
    meta = {
        "view": "space",
        "study": data.study,
        "version": data.version,
        "noneLane": NONE_LANE if has_lane else None,
        "axes": [{**axis.to_json(), "x": x} for axis, x in zip(data.axes, positions, strict=True)],
    }
    figure = frame_figure(theme, meta, MARGIN)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[0, 1], **hidden)
    figure.update_yaxes(range=[BOTTOM_WITH_LANE if has_lane else BOTTOM, TOP], **hidden)
    figure.add_scatter(**_axis_lines(positions, theme))
    return figure


def draw_boxes(data: SpaceAxes, focus: tuple[str, ...]) -> list[Component]:
    """Return one box over each axis: name, kind and importance; a parameter's is a button."""
    if len(data.axes) < 2:
        return []
    positions = _positions(len(data.axes))
    most = max(data.shares.values(), default=0.0)
    boxes = [
        _box(axis, style, data.shares.get(axis.label), most, is_on=axis.label in focus)
        for axis, style in zip(data.axes, map(_place, positions), strict=True)
    ]
    # Neighbours must not overlap, however many axes there are.
    pitch = f"calc((100% - {MARGIN['l'] + MARGIN['r']}px) / {len(boxes) - 1} - 4px)"
    crowd = "space-row is-crowded" if len(boxes) > ROOMY_AXES else "space-row"
    row = html.Div(boxes, className=crowd, style={"--box-width": f"min(96px, {pitch})"})
    return [html.Div(_shares(data, focus), className="space-shares"), row]


def _shares(data: SpaceAxes, focus: tuple[str, ...]) -> list[Component]:
    """Return the single effects side by side, each as wide as its share, the largest last."""
    names = [axis.label for axis in data.axes if axis.label in data.shares]
    if not names:
        return []
    rest = max(0.0, 1.0 - sum(data.shares[name] for name in names))
    segments: list[Component] = [
        html.Div(
            "interactions and unexplained" if rest > LABELLED_SHARE else "",
            className="space-share is-rest",
            style={"flex": f"{rest:.4f} 1 0"},
            title=f"Interactions and what no model explains: {rest:.3f} of the variance",
        )
    ]
    return segments + [_share(name, data.shares[name], is_on=name in focus) for name in names]


def _share(name: str, share: float, *, is_on: bool) -> Component:
    return html.Div(
        plain(name) if share > LABELLED_SHARE else "",
        className="space-share is-on" if is_on else "space-share",
        style={"flex": f"{share:.4f} 1 0"},
        title=f"{plain(name, 200)} alone: {share:.3f} of the variance",
    )


def _positions(count: int) -> list[float]:
    return [i / (count - 1) for i in range(count)]


def _axis_lines(positions: list[float], theme: Theme) -> dict[str, object]:
    x = [value for position in positions for value in (position, position, None)]
    y = [value for _ in positions for value in (0, 1, None)]
    return {"x": x, "y": y, "mode": "lines", "line": {"color": theme.muted, "width": 1}}


def _place(x: float) -> dict[str, str]:
    """Return where the box of the axis at `x` stands, by the margins of the frame below it."""
    return {"left": f"calc({MARGIN['l']}px + (100% - {MARGIN['l'] + MARGIN['r']}px) * {x:.5f})"}


def _box(
    axis: ColumnAxis, style: dict[str, str], share: float | None, most: float, *, is_on: bool
) -> Component:
    # Long names may break after an underscore or dot: boxes are narrow where axes are many.
    label = re.sub(r"([_./-])", "\\1\u200b", plain(axis.label))
    if axis.key.startswith("objective:"):
        words = [html.B(label), html.Span("objective")]
        return html.Div(words, className="space-box is-objective", style=style)
    importance = "…" if share is None else f"{share:.2f}"
    aria: dict[str, Any] = {"aria-pressed": str(is_on).lower()}
    width = f"{100 * share / most:.0f}%" if share and most else "0"
    return html.Button(
        [
            html.B(label),
            html.Span([html.I(KIND_BADGES[bool(axis.choices)]), importance]),
            html.Em(style={"width": width}),
        ],
        id=ids.space_box(axis.label),
        className="space-box is-on" if is_on else "space-box",
        style=style,
        title=f"{plain(axis.label, 200)}: click to focus",
        **aria,
    )
