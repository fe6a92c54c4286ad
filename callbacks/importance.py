"""Wiring of Hyperparameter importance: what is being computed, ranking, figures of the focus."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.importance.effects import EffectsView, focused, prepare_effects
from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.intervals import time_name
from hypertendril.analysis.importance.joined import MOST, is_joinable
from hypertendril.analysis.importance.metrics import (
    GAIN,
    ImportanceTarget,
    asked_metric,
    asked_study,
    target_named,
    targets_of,
)
from hypertendril.analysis.importance.scope import ALL, THRESHOLD, Scope, ScopeAsked, scope_of
from hypertendril.callbacks.importance_feed import STOPPED, Wish
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import SelectionError
from hypertendril.layouts import ids
from hypertendril.layouts.frame import message_figure
from hypertendril.layouts.importance import (
    ALL_ALIKE,
    ALONE,
    UNSPLIT,
    metric_options,
    others_options,
    others_value,
    scope_options,
    third_options,
)
from hypertendril.layouts.importance_figures import draw_marginal, draw_surface
from hypertendril.layouts.importance_ranking import messages_json, ranking_json, subtitle
from hypertendril.layouts.theme import Theme, theme_named
from hypertendril.model import Selection, Study
from hypertendril.store import Failure

logger = logging.getLogger(__name__)

# What a threshold is before a person says one: where the best fifth begins.
_FIRST_SHARE = 0.2
_DIGITS = 4


@dataclass(frozen=True)
class Chosen:
    """Values of the panel's choosers, as a page sends them."""

    metric: Any = None
    scope: Any = None
    third: Any = None
    others: Any = None
    threshold: Any = None


@dataclass(frozen=True)
class Asked:
    """What a page wants to see, parsed.

    Attributes:
        focus: Parameters in focus.
        target: What the importance is of; None for the leading objective.
        scope: The part of the space.
        third: Split the surface by this parameter; empty for none.
        others: Studies put together with the one shown.
    """

    focus: tuple[str, ...] = ()
    target: ImportanceTarget | None = None
    scope: ScopeAsked = field(default_factory=ScopeAsked)
    third: str = ""
    others: tuple[Study, ...] = ()

    def of(self, study: Study) -> Study:
        """Return what the importance is computed of."""
        return asked_study(study, self._key(study), self.others)

    def part(self, of: Study, study: Study) -> Scope:
        """Return the part of the space of `of`."""
        key = self._key(study)
        target = asked_metric(study, key)
        direction = self.target.objective.direction if self.target else of.objectives[0].direction
        return scope_of(of, self.scope, target, direction)

    def wish(self, study: Study) -> Wish:
        """Return what the importance is to be computed of."""
        needs_forest = self.part(study, study).needs_forest
        others = tuple(other.id for other in self.others)
        return Wish(study.id, self._key(study), needs_forest, others)

    def key(self) -> list[Any]:
        """Return, as JSON, all that decides what is drawn beside the importance itself."""
        name = self.target.key if self.target else None
        scope: list[Any] = [self.scope.name]
        if self.scope.name == "brushed":
            scope.append(self.scope.selection.to_json())
        if self.scope.name == THRESHOLD:
            scope.append(str(self.scope.threshold))
        return [name, scope, self.third, [other.id for other in self.others], *self.focus]

    def _key(self, study: Study) -> str:
        return self.target.key if self.target else f"objective:{study.objectives[0].name}"


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""
    _register_choosers(app, services)
    _register_drawing(app, services)


def _register_choosers(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.IMPORTANCE_METRIC, "options"),
        Output(ids.IMPORTANCE_METRIC, "value"),
        Output(ids.IMPORTANCE_SCOPE, "options"),
        Output(ids.IMPORTANCE_SCOPE, "value"),
        Output(ids.IMPORTANCE_THIRD, "options"),
        Output(ids.IMPORTANCE_THIRD, "value"),
        Output(ids.IMPORTANCE_OTHERS, "options"),
        Output(ids.IMPORTANCE_OTHERS, "value"),
        Output(ids.IMPORTANCE_THRESHOLD, "value"),
        Output(ids.IMPORTANCE_THRESHOLD, "style"),
        Output(ids.IMPORTANCE_TOGETHER, "data"),
        Input(ids.SHOWN, "data"),
        Input(ids.IMPORTANCE_METRIC, "value"),
        Input(ids.IMPORTANCE_SCOPE, "value"),
        Input(ids.IMPORTANCE_OTHERS, "value"),
        State(ids.IMPORTANCE_METRIC, "options"),
        State(ids.IMPORTANCE_THIRD, "value"),
        State(ids.IMPORTANCE_THRESHOLD, "value"),
    )
    def choose(  # noqa: PLR0913, PLR0917 - one argument a component
        shown: Any, metric: Any, scope: Any, others: Any, options: Any, third: Any, threshold: Any
    ) -> Any:
        study = shown_study(services, shown)
        is_same = ctx.triggered_id != ids.IMPORTANCE_METRIC
        chosen = Chosen(metric, scope, third, others, threshold if is_same else None)
        offered = offered_studies(services, study) if study is not None else []
        picked = together_of(others, [study_id for study_id, _ in offered])
        return *choices_update(study, chosen, options, offered), picked


def _register_drawing(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.IMPORTANCE_RANKING, "data"),
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
        Input(ids.IMPORTANCE_OTHERS, "value"),
        Input(ids.IMPORTANCE_THRESHOLD, "value"),
        Input(ids.SELECTION, "data"),
        Input(ids.IMPORTANCE_COMMAND, "data"),
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
        others: Any,
        threshold: Any,
        selection: Any,
        command: Any,
        drawn: Any,
    ) -> Any:
        # What came in says nothing of what is drawn: Dash drops the answer to a request when the
        # next one is sent, so a brush that follows a change of study speaks for both.
        study = shown_study(services, shown)
        if study is None:
            return (no_update,) * 5
        chosen = Chosen(metric, scope, third, others, threshold)
        asked = asked_of(study, chosen, focus, selection, others_of(services, study, others))
        if ctx.triggered_id == ids.IMPORTANCE_COMMAND:
            obey(services, command)
        wish = asked.wish(study)
        found = services.importances.latest(
            study, wish.metric, only_forest=wish.only_forest, others=asked.others
        )
        return importance_update(study, found, theme_named(theme), asked, drawn)

    app.clientside_callback(
        ClientsideFunction("htImportance", "ranking"), Input(ids.IMPORTANCE_RANKING, "data")
    )


def obey(services: Services, command: Any) -> None:
    """Stop a computation or begin with it again, as a page says: {"do": ..., "ticket": ...}."""
    told = command if isinstance(command, dict) else {}
    ticket = told.get("ticket")
    if isinstance(ticket, str) and told.get("do") == "stop":
        services.importances.stop(ticket)
    if isinstance(ticket, str) and told.get("do") == "restart":
        services.importances.restart(ticket)


def offered_studies(services: Services, study: Study) -> list[tuple[str, str]]:
    """Return id and name of the studies that can be put together with `study`."""
    hidden = services.opened.hidden
    return [
        (other.id, other.header.name)
        for other in services.store.studies()
        if other.id != study.id
        and other.id not in hidden
        and other.n_trials
        and is_joinable(study.header, other.header)
    ]


def others_of(services: Services, study: Study, chosen: Any) -> tuple[Study, ...]:
    """Return the studies a page wants put together with the one it shows."""
    if not isinstance(chosen, str) or chosen == ALONE:
        return ()
    offered = [study_id for study_id, _ in offered_studies(services, study)]
    wanted = together_of(chosen, offered)
    found = [shown_study(services, {"study": study_id}) for study_id in wanted]
    return tuple(other for other in found if other is not None)


def together_of(chosen: Any, offered: Sequence[str]) -> list[str]:
    """Return which of the `offered` studies a page's choice means: none, alike ones, or some by id."""
    if chosen == ALL_ALIKE:
        return list(offered[: MOST - 1])
    try:
        wanted = json.loads(chosen) if isinstance(chosen, str) else []
    except ValueError:  # one id
        wanted = [chosen]
    if not isinstance(wanted, list):
        wanted = [chosen]
    return [study_id for study_id in offered if study_id in wanted][: MOST - 1]


def choices_update(
    study: Study | None, chosen: Chosen, options: Any, offered: Sequence[tuple[str, str]] = ()
) -> tuple[Any, ...]:
    """Return options and value of the choosers, and the threshold with its style.

    Args:
        study: None where the page shows none yet.
        chosen: Their values now; kept where they still make sense.
        options: Options of the first one now.
        offered: Id and name of the studies that can be put together with it.
    """
    if study is None:
        return (no_update,) * 10
    targets = targets_of(study)
    metrics = metric_options(targets)
    # The first option is what a study stands for: a choice nobody made follows the study.
    is_default = bool(options) and chosen.metric == options[0]["value"]
    metric = targets[0].key if is_default else _kept(chosen.metric, metrics, targets[0].key)
    scopes = scope_options(has_time=metric == GAIN)
    scope = _kept(chosen.scope, scopes, ALL)
    thirds = third_options(asked_study(study, metric).space.names)
    third = _kept(chosen.third, thirds, UNSPLIT)
    together = together_of(chosen.others, [study_id for study_id, _ in offered])
    others = others_options(offered, () if chosen.others == ALL_ALIKE else together)
    other = chosen.others if chosen.others == ALL_ALIKE else others_value(together)
    threshold: Any = no_update
    if scope == THRESHOLD and not _is_number(chosen.threshold):
        threshold = first_threshold(study, target_named(study, metric))
    return (
        metrics if metrics != options else no_update,
        metric,
        scopes,
        scope,
        thirds,
        # Said again, it would undo a choice made since the page asked.
        third if third != chosen.third else no_update,
        others,
        other if other != chosen.others else no_update,
        threshold,
        {"display": "block" if scope == THRESHOLD else "none"},
    )


def first_threshold(study: Study, target: ImportanceTarget) -> float | None:
    """Return where the best fifth of the values begins, to four digits; None of nothing."""
    try:
        values = asked_study(study, target.key).column(asked_metric(study, target.key))
    except KeyError:  # P(failure), or the value after some training, are no columns
        return None
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    sign = target.objective.direction.sign
    bound = sign * float(np.quantile(sign * values, 1 - _FIRST_SHARE))
    return float(f"{bound:.{_DIGITS}g}")


def _kept(value: Any, options: Sequence[dict[str, str]], other: str) -> str:
    return value if value in [option["value"] for option in options] else other


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def asked_of(
    study: Study, chosen: Chosen, focus: Any, selection: Any, others: Sequence[Study] = ()
) -> Asked:
    """Return what a page asks for, read as data from outside."""
    try:
        brushes = Selection.from_json(selection)
    except SelectionError as error:
        logger.warning("Selection left aside: %s", error)
        brushes = Selection()
    return Asked(
        focus=tuple(names_of(focus)),
        target=target_named(study, chosen.metric),
        scope=ScopeAsked(
            name=chosen.scope if isinstance(chosen.scope, str) else ALL,
            selection=brushes if brushes.study == study.id else Selection(),
            threshold=float(chosen.threshold) if _is_number(chosen.threshold) else math.nan,
            time=time_name(study.space),
        ),
        third=chosen.third if isinstance(chosen.third, str) else "",
        others=tuple(others),
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
    if not isinstance(found, Importance):
        return _not_known(study, found, theme, asked, drawn)
    key = [study.id, found.version, theme.name, *asked.key()]
    if key == drawn:
        return (no_update,) * 5
    of = asked.of(study)
    objective = asked.target.objective if asked.target else of.objectives[0]
    scope = asked.part(of, study)
    view = EffectsView(objective, scope.words, asked.third, objective in study.objectives)
    # By the whole space: a brush must not swap the plot it was drawn in for another.
    focus = focused(found, asked.focus)
    data = prepare_effects(of, scope.of(found, objective.direction), focus, view)
    figures = draw_marginal(data, theme), draw_surface(data, theme)
    return ranking_json(data), *figures, subtitle(data), key


def _not_known(
    study: Study, found: Failure | None, theme: Theme, asked: Asked, drawn: Any
) -> tuple[Any, ...]:
    # What was drawn of another study must go; what is blank need not be drawn again.
    blank: Any = message_figure(theme, "") if drawn else no_update
    ticket = asked.wish(study).ticket
    if isinstance(found, Failure):
        said = messages_json([found.message], restart=ticket if found is STOPPED else "")
        return said, blank, blank, "", None
    n = len(study) + sum(map(len, asked.others))
    said = messages_json([f"Computing the importance of {n:,} trials …"], awaited=ticket)
    return said, blank, blank, "", None


def names_of(focus: Any) -> list[str]:
    """Return the parameters a page has in focus."""
    names = focus.get("names") if isinstance(focus, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
