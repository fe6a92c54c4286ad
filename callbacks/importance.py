"""Wiring of Hyperparameter importance: what is being computed, ranking, figures of the focus."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, no_update

from hypertendril.analysis.effects import prepare_effects
from hypertendril.analysis.importance import Importance
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.frame import message_figure
from hypertendril.layouts.importance import (
    draw_marginal,
    draw_ranking,
    draw_surface,
    messages,
    subtitle,
)
from hypertendril.layouts.theme import Theme, theme_named
from hypertendril.model import Study
from hypertendril.store import Failure


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""

    @app.callback(
        Output(ids.IMPORTANCE_LIST, "children"),
        Output(ids.IMPORTANCE_MARGINAL, "figure"),
        Output(ids.IMPORTANCE_SURFACE, "figure"),
        Output(ids.IMPORTANCE_TITLE, "children"),
        Output(ids.IMPORTANCE_DRAWN, "data"),
        Input(ids.SHOWN, "data"),
        Input(ids.THEME, "data"),
        Input(ids.FOCUS, "data"),
        Input(ids.DERIVED, "data"),
        State(ids.IMPORTANCE_DRAWN, "data"),
    )
    def show(shown: Any, theme: Any, focus: Any, _derived: Any, drawn: Any) -> Any:
        study = shown_study(services, shown)
        found = None if study is None else services.importance(study)
        return importance_update(study, found, theme_named(theme), names_of(focus), drawn)


def importance_update(
    study: Study | None,
    found: Importance | Failure | None,
    theme: Theme,
    focus: list[str],
    drawn: Any,
) -> tuple[Any, ...]:
    """Return ranking, both figures, the head's words, and what they were made from.

    Args:
        study: None where the page shows none yet; then nothing is drawn.
        found: The newest importance; None while the first is being computed.
        theme: Look of the page.
        focus: Parameters in focus.
        drawn: What the page shows already: equal means nothing to do.
    """
    if study is None:
        return (no_update,) * 5
    if found is None:
        return _sentence(theme, f"Computing the importance of {len(study):,} trials …", drawn)
    if isinstance(found, Failure):
        return _sentence(theme, found.message, drawn)
    key = [study.id, found.version, theme.name, *focus]
    if key == drawn:
        return (no_update,) * 5
    data = prepare_effects(study, found, focus)
    figures = draw_marginal(data, theme), draw_surface(data, theme)
    return draw_ranking(data), *figures, subtitle(data), key


def _sentence(theme: Theme, sentence: str, drawn: Any) -> tuple[Any, ...]:
    # What was drawn of another study must go; what is blank need not be drawn again.
    blank: Any = message_figure(theme, "") if drawn else no_update
    return messages([sentence]), blank, blank, "", None


def names_of(focus: Any) -> list[str]:
    """Return the parameters a page has in focus."""
    names = focus.get("names") if isinstance(focus, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
