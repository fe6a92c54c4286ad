"""Search spaces of NNI: `{"lr": {"_type": "loguniform", "_value": [0.0001, 0.3]}, ...}`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import Choice, Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses

NAME = "_name"
SPREAD = 4.0  # standard deviations shown of a normal distribution


def read_search_space(data: Any, losses: Losses) -> SearchSpace:
    """Return the space; a nested choice becomes a parameter with conditional ones below it."""
    found: dict[str, Parameter] = {}
    for parameter in _parameters(as_dict(data), "", None, losses):
        known = found.get(parameter.name)
        found[parameter.name] = parameter if known is None else _united(known, parameter)
    return SearchSpace(tuple(found.values()))


def _united(one: Parameter, other: Parameter) -> Parameter:
    """Return what holds both of two parameters of one name, nested below values of one choice."""
    condition = None
    if one.condition and other.condition and one.condition.parent == other.condition.parent:
        values = dict.fromkeys((*one.condition.values, *other.condition.values))
        condition = Condition(one.condition.parent, tuple(values))
    if one.is_discrete_choice or one.low is None or one.high is None:
        choices = {(isinstance(c, bool), c): c for c in (*one.choices, *other.choices)}
        return replace(one, choices=tuple(choices.values()), condition=condition)
    if other.low is None or other.high is None:
        return replace(one, condition=condition)
    return replace(
        one,
        kind=one.kind if one.kind is other.kind else ParameterKind.FLOAT,
        low=min(one.low, other.low),
        high=max(one.high, other.high),
        log=one.log and other.log,
        step=one.step if one.step == other.step else None,
        condition=condition,
    )


def _parameters(
    data: Mapping[str, Any], prefix: str, condition: Condition | None, losses: Losses
) -> Iterator[Parameter]:
    for key, item in data.items():
        if key == NAME:
            continue
        name = f"{prefix}{clean(str(key))}"
        described = as_dict(item)
        kind, values = str(described.get("_type", "")), as_list(described.get("_value"))
        try:
            if kind in ("choice", "layer_choice", "input_choice"):
                yield from _choice(name, values, condition, losses)
            else:
                yield _numeric(name, kind, values, condition)
        except (SpaceError, TypeError, ValueError, OverflowError) as error:
            losses.add(f"search space: {name!r}: {brief(error, 200)}")


def _choice(
    name: str, values: list[Any], condition: Condition | None, losses: Losses
) -> Iterator[Parameter]:
    nested = {_label(v): v for v in values if isinstance(v, dict) and NAME in v}
    choices = [_label(v) if isinstance(v, dict) and NAME in v else as_choice(v) for v in values]
    unique = {(isinstance(choice, bool), choice): choice for choice in choices}
    yield Parameter(
        name, ParameterKind.CATEGORICAL, choices=tuple(unique.values()), condition=condition
    )
    for label, inner in nested.items():
        yield from _parameters(inner, f"{name}/", Condition(name, (label,)), losses)


def _label(value: Mapping[str, Any]) -> Choice:
    return as_choice(value[NAME])


def _numeric(name: str, kind: str, values: list[Any], condition: Condition | None) -> Parameter:
    numbers = [n for v in values if (n := as_number(v)) is not None]
    if len(numbers) < 2:
        raise SpaceError(f"a {kind or 'parameter'} without two numbers.")
    low, high = numbers[:2]
    is_log = "log" in kind
    if "normal" in kind:
        low, high = low - SPREAD * high, low + SPREAD * high
        low, high = (math.exp(low), math.exp(high)) if is_log else (low, high)
    is_int = kind in ("randint", "qrandint")
    if kind == "randint":
        high -= 1  # NNI excludes the upper end
    step = numbers[2] if kind.startswith("q") and len(numbers) > 2 and numbers[2] > 0 else None
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low,
        max(low, high),
        log=is_log and low > 0,
        step=step,
        condition=condition,
    )


def flat_parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with one key a parameter; a nested choice is its `_name`."""
    found: dict[str, Any] = {}
    for key, value in flat(config).items():
        name = key.removesuffix(f"/{NAME}") if key.endswith(f"/{NAME}") else key
        found[name] = value
    return found
