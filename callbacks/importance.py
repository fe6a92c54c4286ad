"""Wiring of Hyperparameter importance: what is being computed, ranking, figures of the focus."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from dash import Dash, Input, Output, State, no_update

from hypertendril.analysis.effects import EffectsView, focused, prepare_effects
from hypertendril.analysis.importance import Importance
from hypertendril.analysis.importance_metrics import (
    GAIN,
    ImportanceTarget,
    asked_study,
    target_named,
    targets_of,
)
from hypertendril.analysis.importance_scope import ALL, BEST, BRUSHED, scope_named
from hypertendril.analysis.pbt_importance import time_name
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import SelectionError
from hypertendril.layouts import ids
from hypertendril.layouts.frame import message_figure
from hypertendril.layouts.importance import (
    UNSPLIT,
    draw_marginal,
    draw_surface,
    metric_options,
    scope_options,
    third_options,
)
from hypertendril.layouts.importance_ranking import draw_ranking, messages, subtitle
from hypertendril.layouts.theme import Theme, theme_named
from hypertendril.model import Selection, Study
from hypertendril.store import Failure

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What a page wants to see, parsed.

    Attributes:
        focus: Parameters in focus.
        target: What the importance is of; None for the leading objective.
        scope: Name of the part of the space.
        selection: The page's brushes, of use where the scope is the brushed region.
        third: Split the surface by this parameter; empty for none.
    """

    focus: tuple[str, ...] = ()
    target: ImportanceTarget | None = None
    scope: str = ALL
    selection: Selection = field(default_factory=Selection)
    third: str = ""

    @property
    def needs_forest(self) -> bool:
        """Whether only a forest can answer."""
        return self.scope.startswith(BEST)

    def key(self) -> list[Any]:
        """Return, as JSON, all that decides what is drawn."""
        name = self.target.key if self.target else None
        brushes = self.selection.to_json() if self.scope == BRUSHED else None
        return [name, self.scope, self.third, brushes, *self.focus]


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""

    @app.callback(
        Output(ids.IMPORTANCE_METRIC, "options"),
        Output(ids.IMPORTANCE_METRIC, "value"),
        Output(ids.IMPORTANCE_SCOPE, "options"),
        Output(ids.IMPORTANCE_SCOPE, "value"),
        Output(ids.IMPORTANCE_THIRD, "options"),
        Output(ids.IMPORTANCE_THIRD, "value"),
        Input(ids.SHOWN, "data"),
        Input(ids.IMPORTANCE_METRIC, "value"),
        State(ids.IMPORTANCE_METRIC, "options"),
        State(ids.IMPORTANCE_SCOPE, "value"),
        State(ids.IMPORTANCE_THIRD, "value"),
    )
    def choose(shown: Any, metric: Any, options: Any, scope: Any, third: Any) -> Any:
        study = shown_study(services, shown)
        return choices_update(study, (metric, scope, third), options)

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
        Input(ids.IMPORTANCE_METRIC, "value"),
        Input(ids.IMPORTANCE_SCOPE, "value"),
        Input(ids.IMPORTANCE_THIRD, "value"),
        Input(ids.SELECTION, "data"),
        State(ids.IMPORTANCE_DRAWN, "data"),
    )
    def show(  # noqa: PLR0913, PLR0917 - one argument a component
        shown: Any,
        theme: Any,
        focus: Any,
        _derived: Any,
        metric: Any,
        scope: Any,
        third: Any,
        selection: Any,
        drawn: Any,
    ) -> Any:
        # What came in says nothing of what is drawn: Dash drops the answer to a request when the
        # next one is sent, so a brush that follows a change of study speaks for both.
        study = shown_study(services, shown)
        if study is None:
            return (no_update,) * 5
        asked = asked_of(study, (metric, scope, third), focus, selection)
        key = asked.target.key if asked.target else ""
        found = services.importances.latest(study, key, only_forest=asked.needs_forest)
        return importance_update(study, found, theme_named(theme), asked, drawn)


def choices_update(
    study: Study | None, chosen: tuple[Any, Any, Any], options: Any
) -> tuple[Any, ...]:
    """Return options and value of the three choosers: metric, part of the space, third parameter.

    Args:
        study: None where the page shows none yet.
        chosen: Their values now; kept where they still make sense.
        options: Options of the first one now.
    """
    if study is None:
        return (no_update,) * 6
    targets = targets_of(study)
    metrics = metric_options(targets)
    metric, scope, third = chosen
    if metric not in [option["value"] for option in metrics]:
        metric = targets[0].key
    scopes = scope_options(has_time=metric == GAIN)
    if scope not in [option["value"] for option in scopes]:
        scope = ALL
    thirds = third_options(asked_study(study, metric).space.names)
    if third not in [option["value"] for option in thirds]:
        third = UNSPLIT
    return (metrics if metrics != options else no_update), metric, scopes, scope, thirds, third


def asked_of(study: Study, chosen: tuple[Any, Any, Any], focus: Any, selection: Any) -> Asked:
    """Return what a page asks for, read as data from outside."""
    metric, scope, third = chosen
    try:
        brushes = Selection.from_json(selection)
    except SelectionError as error:
        logger.warning("Selection left aside: %s", error)
        brushes = Selection()
    return Asked(
        focus=tuple(names_of(focus)),
        target=target_named(study, metric),
        scope=scope if isinstance(scope, str) else ALL,
        selection=brushes if brushes.study == study.id else Selection(),
        third=third if isinstance(third, str) else "",
    )


def importance_update(
    study: Study | None,
    found: Importance | Failure | None,
    theme: Theme,
    asked: Asked,
    drawn: Any,
) -> tuple[Any, ...]:
    """Return ranking, both figures, the head's words, and what they were made from.

    Args:
        study: None where the page shows none yet; then nothing is drawn.
        found: The newest importance; None while the first is being computed.
        theme: Look of the page.
        asked: What the page wants to see.
        drawn: What the page shows already: equal means nothing to do.
    """
    if study is None:
        return (no_update,) * 5
    if found is None:
        return _sentence(theme, f"Computing the importance of {len(study):,} trials …", drawn)
    if isinstance(found, Failure):
        return _sentence(theme, found.message, drawn)
    key = [study.id, found.version, theme.name, *asked.key()]
    if key == drawn:
        return (no_update,) * 5
    of = asked_study(study, asked.target.key) if asked.target else study
    objective = asked.target.objective if asked.target else of.objectives[0]
    scope = scope_named(of, asked.scope, asked.selection, time_name(study.space))
    view = EffectsView(objective, scope.words, asked.third, objective in study.objectives)
    # By the whole space: a brush must not swap the plot it was drawn in for another.
    focus = focused(found, asked.focus)
    data = prepare_effects(of, scope.of(found, objective.direction), focus, view)
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
