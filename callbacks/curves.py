"""Wiring of Model analysis: frame, faint background, curves of the highlighted and the hovered trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from hypertendril.analysis.curves import (
    ReadCurve,
    curve_order,
    prepare_curve_frame,
    prepare_curves,
)
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.curves import (
    DEFAULT_SMOOTHING,
    MAX_SMOOTHING,
    background_json,
    chosen_metrics,
    curves_json,
    draw_curves,
    metric_options,
    title,
)
from hypertendril.layouts.theme import MODEL_COLOURS, theme_named
from hypertendril.model import Study

if TYPE_CHECKING:
    from hypertendril.callbacks.services import Services


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""

    @app.callback(
        Output(ids.CURVES_FRAME, "figure"),
        Output(ids.CURVES_BACKGROUND, "data"),
        Output(ids.CURVES_METRICS, "options"),
        Output(ids.CURVES_METRICS, "value"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.CURVES_METRICS, "value"),
        State(ids.CURVES_METRICS, "options"),
    )
    def show_frame(shown: Any, theme: Any, metrics: Any, options: Any) -> Any:
        return frame_update(shown_study(services, shown), theme, metrics if options else None)

    @app.callback(
        Output(ids.CURVES_DATA, "data"),
        Output(ids.CURVES_TITLE, "children"),
        Input(ids.HIGHLIGHTED, "data"),
        Input(ids.SHOWN, "data"),
        Input(ids.CURVES_METRICS, "value"),
        Input(ids.CURVES_SMOOTHING, "value"),
    )
    def show_curves(highlighted: Any, shown: Any, metrics: Any, smoothing: Any) -> Any:
        study = shown_study(services, shown)
        rows = rows_of(study, highlighted)
        return curves_update(services, study, rows, metrics, smoothing)

    @app.callback(
        Output(ids.CURVES_HOVERED, "data"),
        Input(ids.CURVES_HOVER, "data"),
        State(ids.SHOWN, "data"),
        State(ids.CURVES_METRICS, "value"),
        State(ids.CURVES_SMOOTHING, "value"),
        prevent_initial_call=True,
    )
    def show_hovered(hover: Any, shown: Any, metrics: Any, smoothing: Any) -> Any:
        study = shown_study(services, shown)
        row = hover.get("row") if isinstance(hover, dict) else None
        rows = rows_of(study, {"rows": [row]})
        return curves_update(services, study, rows, metrics, smoothing)[0]

    for store, function in (
        (ids.CURVES_DATA, "highlighted"),
        (ids.CURVES_BACKGROUND, "background"),
        (ids.CURVES_HOVERED, "hovered"),
    ):
        app.clientside_callback(ClientsideFunction("htCurves", function), Input(store, "data"))


def frame_update(study: Study | None, theme_name: Any, metrics: Any) -> tuple[Any, ...]:
    """Return the frame, its faint curves, and options and value of the metric pills."""
    if study is None:
        return (no_update,) * 4
    theme = theme_named(theme_name)
    names = curve_order(study)
    chosen = chosen_metrics(_texts(metrics), names)
    data = prepare_curve_frame(study, chosen)
    figure = draw_curves(data, study.id, theme, has_curves=len(study.curves) > 0)
    values = [f"curve:{name}" for name in chosen]
    return figure, background_json(data, study.id), metric_options(names), values


def curves_update(
    services: Services, study: Study | None, rows: list[int], metrics: Any, smoothing: Any
) -> tuple[Any, Any]:
    """Return the points of the curves of `rows`, and the words behind the panel's title."""
    if study is None:
        return no_update, no_update
    window = smoothing_of(smoothing)
    chosen = chosen_metrics(_texts(metrics), curve_order(study))
    curves = prepare_curves(reader(services, study), rows, chosen, window)
    n_shown = len({curve.row for curve in curves})
    words = title(n_shown, len(rows), len(study.curves), window)
    return curves_json(curves, study.id, window), words


def reader(services: Services, study: Study) -> ReadCurve:
    """Return how to read a curve of `study` at full resolution; the snapshot may hold a sample."""
    names = study.header.curve_names
    return lambda row, metric: services.store.curve(study.id, row, names.index(metric))


def rows_of(study: Study | None, highlighted: Any) -> list[int]:
    """Return the rows a page names, as far as the study has them."""
    rows = highlighted.get("rows") if isinstance(highlighted, dict) else None
    if study is None or not isinstance(rows, list):
        return []
    known = [row for row in rows if type(row) is int and 0 <= row < len(study)]
    return known[: len(MODEL_COLOURS)]


def smoothing_of(value: Any) -> int:
    """Return the window a page asks for, between 1 and the most it may."""
    try:
        return min(MAX_SMOOTHING, max(1, int(value)))
    except (TypeError, ValueError):
        return DEFAULT_SMOOTHING


def _texts(values: Any) -> list[str] | None:
    if not isinstance(values, list):
        return None
    return [value for value in values if isinstance(value, str)]
