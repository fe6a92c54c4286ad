"""Hyperparameter importance: the panel, and what its choosers offer."""

from __future__ import annotations

import json
from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html

from hypertendril.analysis.importance.joined import MOST
from hypertendril.analysis.importance.metrics import ImportanceTarget
from hypertendril.analysis.importance.scope import (
    ALL,
    BEST,
    BEST_SHARES,
    BRUSHED,
    PHASE,
    PHASES,
    THRESHOLD,
)
from hypertendril.layouts import ids
from hypertendril.layouts.frame import graph
from hypertendril.layouts.labels import plain, shortened, telling_ends
from hypertendril.layouts.panel import named_select, panel
from hypertendril.model import Direction

# No parameter: an empty value would be a placeholder that nobody can choose.
UNSPLIT = "split:none"
# Likewise: no other study, and all that are alike.
ALONE, ALL_ALIKE = "studies:alone", "studies:alike"
MOST_OFFERED = 40


def importance_panel() -> html.Section:
    """Return the panel of Hyperparameter importance."""
    marginal = [
        graph(ids.IMPORTANCE_MARGINAL),
        *named_select(ids.IMPORTANCE_OTHERS, "Studies it is of", "importance-corner"),
    ]
    surface = [
        graph(ids.IMPORTANCE_SURFACE),
        *named_select(
            ids.IMPORTANCE_THIRD, "Split the surface by a third parameter", "importance-corner"
        ),
    ]
    body = [
        html.Div(id=ids.IMPORTANCE_LIST, className="importance-list"),
        html.Div(marginal, className="importance-plot"),
        html.Div(surface, className="importance-plot"),
        dcc.Store(id=ids.IMPORTANCE_RANKING),
        dcc.Store(id=ids.IMPORTANCE_COMMAND),
        dcc.Store(id=ids.IMPORTANCE_DRAWN),
        dcc.Store(id=ids.IMPORTANCE_TOGETHER, data=[]),
    ]
    tools = [
        *named_select(ids.IMPORTANCE_METRIC, "What the importance is of", "importance-metric"),
        *named_select(ids.IMPORTANCE_SCOPE, "Part of the space it is of", "importance-scope"),
        html.Label(
            "Only where the model expects this value or a better one",
            htmlFor=ids.IMPORTANCE_THRESHOLD,
            className="visually-hidden",
        ),
        dbc.Input(
            id=ids.IMPORTANCE_THRESHOLD,
            type="number",
            step="any",
            debounce=True,
            size="sm",
            class_name="importance-threshold",
            style={"display": "none"},
        ),
    ]
    title = "Hyperparameter importance"
    return panel("E2", title, ids.IMPORTANCE_TITLE, tools, body, "importance")


def metric_options(targets: Sequence[ImportanceTarget]) -> list[dict[str, str]]:
    """Return what an importance can be of; the arrow says which way is better."""
    return [{"label": _target_label(target), "value": target.key} for target in targets]


def _target_label(target: ImportanceTarget) -> str:
    arrow = "↑" if target.objective.direction is Direction.MAXIMIZE else "↓"
    note = f" ({target.note})" if target.note else ""
    return f"{plain(target.objective.name, 28)} {arrow}{note}"


def scope_options(*, has_time: bool) -> list[dict[str, str]]:
    """Return the parts of the space; phases of training where that is a parameter."""
    options = [{"label": "all of the space", "value": ALL}]
    options.append({"label": "brushed region", "value": BRUSHED})
    if has_time:
        phases = [(f"{word} in training", f"{PHASE}{k}") for k, word in enumerate(PHASES)]
        options += [{"label": label, "value": value} for label, value in phases]
    for share in BEST_SHARES:
        options.append({"label": f"best {100 * share:.0f} %", "value": f"{BEST}{share}"})
    options.append({"label": "better than …", "value": THRESHOLD})
    return options


def others_value(studies: Sequence[str]) -> str:
    """Return how the chooser of other studies, and the Control panel, call some of them by id."""
    if not studies:
        return ALONE
    return studies[0] if len(studies) == 1 else json.dumps(list(studies))


def others_options(
    studies: Sequence[tuple[str, str]], together: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Return which studies can be put together with the one shown.

    Args:
        studies: Their ids and names.
        together: Ids of those that were picked in the Control panel.
    """
    options = [{"label": "this study", "value": ALONE}]
    if len(studies) > 1:
        n = min(len(studies), MOST - 1)
        options.append({"label": f"with {n} alike", "value": ALL_ALIKE})
    if len(together) > 1:
        label = f"with {len(together)} picked"
        options.append({"label": label, "value": others_value(together)})
    ordered = sorted(studies, key=lambda study: study[0] not in together)
    named = [{"label": f"with {plain(name, 24)}", "value": study} for study, name in ordered]
    return options + named[:MOST_OFFERED]


def third_options(names: Sequence[str]) -> list[dict[str, str]]:
    """Return the parameters a surface can be split by."""
    ends = telling_ends(names)
    return [
        {"label": "split by …", "value": UNSPLIT},
        *({"label": shortened(name, 24, ends), "value": name} for name in names),
    ]
