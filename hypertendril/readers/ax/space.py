"""Search spaces and goals of Ax, in the words of both its old and its new releases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Condition,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
)
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses

_TERM = re.compile(
    r"\s*(?P<minus>-)?\s*(?:1(?:\.0*)?\s*\*\s*)?(?P<name>[^\s*+()<>=-][^*+()<>=]*?)\s*"
)
_LIMIT = re.compile(r"(?P<name>.+?)\s*(?P<way><=|>=)\s*(?P<bound>[-+.\deE]+)\s*")
_SPELLED = {"__dot__": ".", "__slash__": "/", "__colon__": ":"}  # how expressions write names


@dataclass(frozen=True)
class AxSpace:
    """Declared parameters, and what was fixed to one value."""

    space: SearchSpace = field(default_factory=SearchSpace)
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """A constraint: `sign * (value - bound)` above 0 violates it."""

    metric: str
    bound: float
    sign: float


def read_parameters(search_space: Any, losses: Losses) -> AxSpace:
    """Return the space of an experiment."""
    found: dict[str, Parameter] = {}
    fixed: dict[str, Any] = {}
    conditions: dict[str, Condition] = {}
    for item in map(as_dict, as_list(as_dict(search_space).get("parameters"))):
        name = clean(str(item.get("name", "")))
        kind = str(item.get("__type", ""))
        if kind == "FixedParameter":
            fixed[name] = item.get("value")
            conditions |= _conditions(name, item)
            continue
        try:
            found.setdefault(name, _parameter(name, kind, item))
            conditions |= _conditions(name, item)
        except SpaceError as error:
            losses.add(f"search_space: {brief(error, 200)}")
    parameters = [
        replace(p, condition=conditions[p.name])
        if p.name in conditions and conditions[p.name].parent in found
        else p
        for p in found.values()
    ]
    return AxSpace(SearchSpace(tuple(parameters)), fixed)


def _parameter(name: str, kind: str, item: Mapping[str, Any]) -> Parameter:
    if kind == "ChoiceParameter":
        choices: tuple[Choice, ...] = tuple(map(as_choice, as_list(item.get("values"))))
        # Ax calls any two choices ordered; of numbers they are.
        may_be = len(choices) > 2 or all(as_number(choice) is not None for choice in choices)
        is_ordered = bool(item.get("is_ordered")) and len(choices) > 1 and may_be
        order = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
        return Parameter(name, order, choices=tuple(dict.fromkeys(choices)))
    low, high = as_number(item.get("lower")), as_number(item.get("upper"))
    if low is None or high is None:
        raise SpaceError(f"Parameter {name!r} is a {brief(kind, 40)} without lower and upper.")
    is_int = as_dict(item.get("parameter_type")).get("name") == "INT"
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low,
        high,
        log=bool(item.get("log_scale")) and low > 0,
    )


def _conditions(parent: str, item: Mapping[str, Any]) -> dict[str, Condition]:
    """Return the condition of each parameter that depends on this one."""
    values: dict[str, list[Choice]] = {}
    dependents = as_dict(item.get("dependents"))
    for value, names in dependents.items():
        for choice in as_list(item.get("values")):
            if str(choice).lower() == str(value).lower():
                for name in as_list(names):
                    values.setdefault(clean(str(name)), []).append(as_choice(choice))
    return {name: Condition(parent, tuple(among)) for name, among in values.items()}


def read_objectives(config: Any, losses: Losses) -> tuple[Objective, ...]:
    """Return the goals of an optimisation config; none where it does not tell."""
    goal = as_dict(as_dict(config).get("objective"))
    found: list[Objective] = []
    if isinstance(goal.get("expression"), str):
        for term in goal["expression"].split(","):
            match = _TERM.fullmatch(term)
            if match is None:
                losses.add(f"the objective {brief(term)!r} is a formula; its metrics are kept")
                continue
            way = Direction.MINIMIZE if match["minus"] else Direction.MAXIMIZE
            found.append(Objective(_spelled(match["name"]), way))
    for part in [as_dict(o) for o in as_list(goal.get("objectives"))] or [goal]:
        metric = as_dict(part.get("metric"))
        if metric.get("name"):
            is_lower = part.get("minimize")
            is_lower = metric.get("lower_is_better") if is_lower is None else is_lower
            way = Direction.MINIMIZE if is_lower else Direction.MAXIMIZE
            found.append(Objective(clean(str(metric["name"])), way))
    if goal.get("metrics"):
        losses.add("the objective is a weighted sum; its metrics are kept")
    return tuple({o.name: o for o in found}.values())


def read_limits(config: Any, losses: Losses) -> tuple[Limit, ...]:
    """Return the outcome constraints with an absolute bound."""
    found = []
    stored: Sequence[Any] = as_list(as_dict(config).get("outcome_constraints"))
    for item in map(as_dict, stored):
        limit = _limit(item)
        if limit is None:
            losses.add(f"an outcome constraint that can't be checked here: {brief(item, 120)}")
        else:
            found.append(limit)
    return tuple(found)


def _limit(item: Mapping[str, Any]) -> Limit | None:
    text = item.get("expression")
    if isinstance(text, str):
        match = _LIMIT.fullmatch(text.strip())
        bound = as_bound(match["bound"]) if match else None
        if match is None or bound is None or _TERM.fullmatch(match["name"]) is None:
            return None
        return Limit(_spelled(match["name"]), bound, 1.0 if match["way"] == "<=" else -1.0)
    bound = as_number(item.get("bound"))
    name = as_dict(item.get("metric")).get("name")
    way = as_dict(item.get("op")).get("name")
    if bound is None or not name or way not in ("LEQ", "GEQ") or item.get("relative"):
        return None
    return Limit(clean(str(name)), bound, 1.0 if way == "LEQ" else -1.0)


def as_bound(text: str) -> float | None:
    """Return the number a text holds, None if it holds none."""
    try:
        return float(text)
    except ValueError:
        return None


def _spelled(name: str) -> str:
    for written, meant in _SPELLED.items():
        name = name.replace(written, meant)
    return clean(name.strip())
