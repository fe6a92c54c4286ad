"""Exploration overview: its frame."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.exploration import prepare_exploration
from hypertendril.analysis.exploration_frame import ExplorationFrame, prepare_exploration_frame
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.exploration import draw_exploration
from hypertendril.layouts.scale import scale_bar
from hypertendril.layouts.theme import theme_named

KINDS = {
    "sequence": "one column a trial",
    "generations": "one band a generation",
    "rungs": "one band a bracket, rungs inside",
}


def register(app: Dash, services: Services) -> None:
    """Wire the panel of view E1."""

    @app.callback(
        Output(ids.EXPLORATION_FRAME, "figure"),
        Output(ids.EXPLORATION_TITLE, "children"),
        Output(ids.EXPLORATION_SCALE, "children"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.DERIVED, "data"),
        State(ids.EXPLORATION_FRAME, "figure"),
    )
    def draw(shown: Any, theme: str, _derived: Any, current: Any) -> tuple[Any, Any, Any]:
        study = shown_study(services, shown)
        if study is None:
            return no_update, no_update, no_update
        frame = prepare_exploration_frame(study, prepare_exploration(study), services.shares(study))
        if ctx.triggered_id == ids.DERIVED and is_same_order(frame, current):
            return no_update, no_update, no_update
        figure = draw_exploration(frame, theme_named(theme))
        return figure, subtitle(study.header.method.name, frame), scale_bar(study)


def is_same_order(frame: ExplorationFrame, current: Any) -> bool:
    """Return whether the page shows these strips of this version already."""
    meta = ((current or {}).get("layout") or {}).get("meta") or {}
    keys = [strip["key"] for strip in meta.get("strips", ())]
    return bool(
        meta.get("study") == frame.study
        and meta.get("version") == frame.version
        and keys == [strip.axis.key for strip in frame.strips]
    )


def subtitle(method: str, frame: ExplorationFrame) -> str:
    """Return what the panel's head says of the search."""
    words = f"{method}, {KINDS[frame.kind]}"
    if frame.hidden:
        words += f" · {len(frame.hidden)} more parameters have no strip"
    return words
