"""Exploration overview: its frame, and what of it the reader chose."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.exploration.axes import AXES, METHOD, available_axes
from hypertendril.analysis.exploration.frame import (
    ORDERS,
    ExplorationFrame,
    FrameOptions,
    prepare_exploration_frame,
)
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.callbacks import exploration_dialogs
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.exploration import NO_METRIC, draw_exploration, x_options
from hypertendril.layouts.labels import plain
from hypertendril.layouts.scale import scale_bar
from hypertendril.layouts.theme import theme_named
from hypertendril.model import Method, Study

KINDS = {
    "sequence": "trial by trial",
    "generations": "generations",
    "rungs": "brackets of rungs",
    "measured": "as it took",
}
MAX_MOVED = 64
MAX_METRICS = 40


def register(app: Dash, services: Services) -> None:
    """Wire the panel of view E1."""
    exploration_dialogs.register(app, services)

    @app.callback(
        Output(ids.EXPLORATION_FRAME, "figure"),
        Output(ids.EXPLORATION_TITLE, "children"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.DERIVED, "data"),
        Input(ids.EXPLORATION_X, "value"),
        Input(ids.EXPLORATION_ORDER, "value"),
        Input(ids.EXPLORATION_METRICS, "value"),
        Input(ids.EXPLORATION_ZOOM, "n_clicks"),
        Input(ids.EXPLORATION_MOVED, "data"),
        State(ids.EXPLORATION_FRAME, "figure"),
    )
    def draw(shown: Any, theme: str, _derived: Any, *chosen_and_current: Any) -> Any:
        *chosen, current = chosen_and_current
        study = shown_study(services, shown)
        if study is None:
            return no_update, no_update
        options = parsed_options(*chosen)
        layout = prepare_exploration(study, options.x)
        frame = prepare_exploration_frame(study, layout, services.shares(study), options)
        if ctx.triggered_id == ids.DERIVED and is_same_order(frame, current):
            return no_update, no_update
        return draw_exploration(frame, theme_named(theme)), subtitle(study, frame)

    @app.callback(
        Output(ids.EXPLORATION_X, "options"),
        Output(ids.EXPLORATION_X, "value"),
        Output(ids.EXPLORATION_METRICS, "options"),
        Output(ids.EXPLORATION_METRICS, "value"),
        Output(ids.EXPLORATION_METRICS, "disabled"),
        Input(ids.SHOWN, "data"),
        State(ids.EXPLORATION_X, "value"),
        State(ids.EXPLORATION_METRICS, "value"),
    )
    def offer(shown: Any, x: Any, metric: Any) -> Any:
        study = shown_study(services, shown)
        return (no_update,) * 5 if study is None else offered(study, x, metric)

    @app.callback(
        Output(ids.EXPLORATION_ZOOM, "className"),
        Output(ids.EXPLORATION_ZOOM, "aria-pressed"),
        Input(ids.EXPLORATION_ZOOM, "n_clicks"),
    )
    def press_zoom(clicks: int | None) -> tuple[str, str]:
        return ("pill on", "true") if is_zoomed(clicks) else ("pill", "false")

    app.clientside_callback(
        ClientsideFunction("htExploration", "chosen"),
        Input(ids.EXPLORATION_X, "value"),
        Input(ids.EXPLORATION_ORDER, "value"),
        Input(ids.EXPLORATION_METRICS, "value"),
        Input(ids.EXPLORATION_ZOOM, "n_clicks"),
        Input(ids.EXPLORATION_MOVED, "data"),
        Input(ids.EXPLORATION_STORY_BOX, "is_open"),
        Input(ids.EXPLORATION_COMPARE_BOX, "is_open"),
        Input(ids.EXPLORATION_COMPARE_STUDIES, "value"),
        State(ids.EXPLORATION_STORY, "data"),
    )

    @app.callback(
        Output(ids.SPACE_SCALE, "children"),
        Input(ids.SHOWN, "data"),
        Input(ids.COLOUR, "data"),
    )
    def show_scale(shown: Any, colour: Any) -> Any:
        study = shown_study(services, shown)
        return no_update if study is None else scale_bar(study, colour_ends(study, colour))


def is_zoomed(clicks: Any) -> bool:
    """Return whether the zoom is on after so many clicks."""
    return isinstance(clicks, int) and clicks % 2 == 1


def parsed_options(x: Any, order: Any, metric: Any, clicks: Any, moved: Any) -> FrameOptions:
    """Return what the reader chose; anything else than a known word counts as not chosen."""
    order = order if order in ORDERS else ORDERS[0]
    # Strips that were dragged stay where they are until another order is asked for.
    is_held = isinstance(moved, dict) and moved.get("order") == order
    names = moved.get("names") if is_held else None
    return FrameOptions(
        x=x if x in AXES else METHOD,
        order=order,
        is_zoomed=is_zoomed(clicks),
        metrics=(metric,) if isinstance(metric, str) else (),
        moved=tuple(str(name) for name in names[:MAX_MOVED]) if isinstance(names, list) else (),
    )


def offered(study: Study, x: Any, metric: Any) -> tuple[Any, str | Any, Any, str | Any, bool]:
    """Return axes and metrics to choose from; a choice the study cannot meet falls back."""
    axes, names = available_axes(study), study.header.metric_names[:MAX_METRICS]
    metrics = [NO_METRIC, *({"label": plain(name, 24), "value": name} for name in names)]
    return (
        x_options(axes),
        no_update if x in axes else METHOD,
        metrics,
        no_update if metric in names else NO_METRIC["value"],
        not names,
    )


def colour_ends(study: Study, colour: Any) -> tuple[float, float] | None:
    """Return (worst, best) set by hand for `study`, None where the default holds."""
    if not isinstance(colour, dict) or colour.get("study") != study.id:
        return None
    ends = (colour.get("worst"), colour.get("best"))
    is_usable = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends)
    return (float(ends[0]), float(ends[1])) if is_usable else None  # type: ignore[arg-type]


def is_same_order(frame: ExplorationFrame, current: Any) -> bool:
    """Return whether the page shows these strips of this version already."""
    meta = ((current or {}).get("layout") or {}).get("meta") or {}
    keys = [strip["key"] for strip in meta.get("strips", ())]
    return bool(
        meta.get("study") == frame.study
        and meta.get("version") == frame.version
        and meta.get("x") == frame.x
        and keys == [strip.axis.key for strip in frame.strips]
    )


def subtitle(study: Study, frame: ExplorationFrame) -> str:
    """Return what the panel's head says of the search."""
    method = study.header.method
    words = KINDS[frame.kind]
    if method.name != Method().name:
        words = f"{plain(method.name)}, {words}"
    if frame.hidden:
        words += f" · {len(frame.hidden)} more parameters have no strip"
    return words
