"""Search space overview: frame, boxes and focus."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.development.base_component import Component

from hypertendril.analysis.space import SpaceAxes, prepare_space
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.space import draw_boxes, draw_space
from hypertendril.layouts.theme import theme_named

MAX_FOCUS = 2


def register(app: Dash, services: Services) -> None:
    """Wire the panel of view C."""

    @app.callback(
        Output(ids.SPACE_FRAME, "figure"),
        Output(ids.SPACE_BOXES, "children"),
        Output(ids.SPACE_TITLE, "children"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.DERIVED, "data"),
        Input(ids.FOCUS, "data"),
        State(ids.SPACE_FRAME, "figure"),
    )
    def draw(
        shown: Any, theme: str, _derived: Any, focus: Any, current: Any
    ) -> tuple[go.Figure | Any, list[Component] | Any, Any]:
        study = shown_study(services, shown)
        if study is None:
            return no_update, no_update, no_update
        axes = prepare_space(study, services.shares(study))
        boxes = draw_boxes(axes, tuple((focus or {}).get("names", ())))
        if ctx.triggered_id == ids.FOCUS:
            return no_update, boxes, no_update
        figure = draw_space(axes, theme_named(theme))
        if ctx.triggered_id == ids.DERIVED and is_same_frame(figure, current):
            figure = no_update
        return figure, boxes, subtitle(axes)

    @app.callback(
        Output(ids.FOCUS, "data", allow_duplicate=True),
        Input(ids.space_box(ALL), "n_clicks"),
        State(ids.FOCUS, "data"),
        prevent_initial_call=True,
    )
    def focus_on(clicks: list[int | None], focus: Any) -> Any:
        if not ctx.triggered_id or not any(clicks):
            return no_update
        return {"names": toggled((focus or {}).get("names", []), ctx.triggered_id["key"])}


def is_same_frame(figure: go.Figure, current: Any) -> bool:
    """Return whether the page already shows this frame, so that nothing need travel or be drawn."""
    meta = ((current or {}).get("layout") or {}).get("meta") or {}
    new = figure.layout.meta
    keys = [axis["key"] for axis in meta.get("axes", ())]
    return bool(
        meta.get("study") == new.get("study")
        and meta.get("version") == new.get("version")
        and keys == [axis["key"] for axis in new.get("axes", ())]
    )


def toggled(names: list[str], name: str) -> list[str]:
    """Return the focus after a click on `name`: the last two clicked, without it if it was in."""
    if name in names:
        return [other for other in names if other != name]
    return [*names, name][-MAX_FOCUS:]


def subtitle(axes: SpaceAxes) -> str:
    """Return what the panel's head says of the axes."""
    words = "importance rises to the right" if axes.shares else "importance is being computed"
    if axes.constant:
        words += f" · {len(axes.constant)} constant hidden"
    return words
