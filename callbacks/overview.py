"""Wiring of Optimization overview: badges, frames of histograms and trade-off, its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, no_update

from hypertendril.analysis.overview import prepare_overview
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.overview import (
    badges,
    draw_histograms,
    draw_tradeoff,
    goal_badge,
    metric_options,
)
from hypertendril.layouts.theme import theme_named
from hypertendril.model import Study

if TYPE_CHECKING:
    from hypertendril.callbacks.services import Services


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""

    @app.callback(
        Output(ids.OVERVIEW_HISTOGRAMS, "figure"),
        Output(ids.OVERVIEW_TRADEOFF, "figure"),
        Output(ids.OVERVIEW_GOAL, "children"),
        Output(ids.OVERVIEW_BADGES, "children"),
        Output(ids.OVERVIEW_X, "options"),
        Output(ids.OVERVIEW_X, "value"),
        Output(ids.OVERVIEW_Y, "options"),
        Output(ids.OVERVIEW_Y, "value"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.OVERVIEW_X, "value"),
        Input(ids.OVERVIEW_Y, "value"),
    )
    def show(shown: Any, theme: Any, x: Any, y: Any) -> Any:
        return overview_update(shown_study(services, shown), theme, x, y)


def overview_update(study: Study | None, theme_name: Any, x: Any, y: Any) -> tuple[Any, ...]:
    """Return figures, goal, badges, and options and value of both axes.

    Args:
        study: None where the page shows none yet; then nothing is drawn.
        theme_name: Of the page's theme.
        x, y: Column keys the page asks for on the axes; anything else falls back.
    """
    if study is None:
        return (no_update,) * 8
    theme = theme_named(theme_name)
    data = prepare_overview(study, _text(x), _text(y))
    options = metric_options(data.metrics)
    tradeoff = data.tradeoff
    return (
        draw_histograms(data, theme),
        draw_tradeoff(data, theme),
        goal_badge(data),
        badges(data),
        options,
        tradeoff.x.key if tradeoff else None,
        options,
        tradeoff.y.key if tradeoff else None,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
