"""Search spaces that ConfigSpace wrote: as JSON in all its layouts.

SMAC3, HpBandSter, DEHB, DeepCAVE and AMLTK keep their space in such a file. ConfigSpace 0.x wrote
`default`, 1.x `default_value`; ordinals list a `sequence`; conditions are single (`EQ`, `NEQ`,
`IN`, `LT`, `GT`) or joined (`AND`, `OR`) and told beside the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.errors import SpaceError
from hypertendril.model import Choice, Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.readers.files.json_text import as_choice, as_number, brief, clean
from hypertendril.readers.folders import as_dict, as_list, optional_json
from hypertendril.readers.losses import Losses

FILE = "configspace.json"
SPREAD = 4.0  # standard deviations shown of a normal distribution without bounds
MOST_PARENT_VALUES = 64  # values an integer parent may have to be listed in a condition


@dataclass(frozen=True)
class DeclaredSpace:
    """A space as it was declared.

    Attributes:
        space: Its parameters; constants are left out, they have no range.
        constants: Name to value of each constant.
        known: False where there was no usable file.
        order: Names of parameters and constants as the file lists them.
        conditions: As the file lists them; the space can't keep all of a joined one.
    """

    space: SearchSpace = field(default_factory=SearchSpace)
    constants: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False
    order: tuple[str, ...] = ()
    conditions: tuple[Mapping[str, Any], ...] = ()

    def is_active(self, name: str, values: Mapping[str, Any]) -> bool:
        """Return whether all that is declared of a parameter lets it be, in a configuration."""
        own = self._conditions_of.get(name, ())
        return all(_holds(item, self._by_name, values) for item in own)

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {parameter.name: parameter for parameter in self.space}

    @cached_property
    def _conditions_of(self) -> dict[Any, list[Mapping[str, Any]]]:
        found: dict[Any, list[Mapping[str, Any]]] = {}
        for item in self.conditions:
            found.setdefault(_child(item), []).append(item)
        return found


def read_space(folder: Path, losses: Losses, name: str = FILE) -> DeclaredSpace:
    """Return the space of a run; an empty one where the run has no such file, or a bad one."""
    data = optional_json(folder / name, losses)
    if data is None:
        return DeclaredSpace()
    return parse_space(data, losses)


def parse_space(data: Any, losses: Losses) -> DeclaredSpace:
    """Return the space of the JSON value of a `configspace.json`."""
    described = as_list(as_dict(data).get("hyperparameters"))
    if not described:
        losses.add(f"{FILE}: no hyperparameters; the space is told from the values")
        return DeclaredSpace()
    found: dict[str, Parameter] = {}
    constants: dict[str, Any] = {}
    for item in map(as_dict, described):
        name = item.get("name")
        if not isinstance(name, str) or not name:
            losses.add(f"{FILE}: a hyperparameter without a name")
            continue
        name = clean(name)
        kind = str(item.get("type", "")).lower()
        if kind in ("constant", "unparametrized"):
            constants[name] = as_choice(item.get("value"))
            continue
        try:
            found[name] = _parameter(name, kind, item)
        except (SpaceError, TypeError, ValueError, OverflowError) as error:
            losses.add(f"{FILE}: hyperparameter {name!r}: {brief(error, 200)}")
    conditions = tuple(map(as_dict, as_list(as_dict(data).get("conditions"))))
    for condition in conditions:
        _add_condition(condition, found, losses)
    if as_list(as_dict(data).get("forbiddens")):
        losses.add(f"{FILE}: forbidden combinations are not kept")
    order = [clean(str(item.get("name"))) for item in map(as_dict, described)]
    order = [name for name in order if name in found or name in constants]
    space = SearchSpace(tuple(found.values()))
    return DeclaredSpace(space, constants, known=True, order=tuple(order), conditions=conditions)


def _parameter(name: str, kind: str, item: Mapping[str, Any]) -> Parameter:
    if kind == "ordinal":
        return Parameter(name, ParameterKind.ORDINAL, choices=_choices(item.get("sequence")))
    if kind == "categorical" or "choices" in item:
        return Parameter(name, ParameterKind.CATEGORICAL, choices=_choices(item.get("choices")))
    low, high = as_number(item.get("lower")), as_number(item.get("upper"))
    if low is None or high is None:
        low, high = _spread(item)
    is_int = kind.endswith(("int", "integer"))
    step = as_number(item.get("q"))
    return Parameter(
        name,
        ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low,
        high,
        log=bool(item.get("log")) and low > 0,
        step=step if step is not None and step > 0 else None,
    )


def _choices(values: Any) -> tuple[Choice, ...]:
    choices = [as_choice(value) for value in as_list(values)]
    return tuple({(isinstance(choice, bool), choice): choice for choice in choices}.values())


def _spread(item: Mapping[str, Any]) -> tuple[float, float]:
    """Return bounds of a normal distribution that was declared without any."""
    mu, sigma = as_number(item.get("mu")), as_number(item.get("sigma"))
    if mu is None or sigma is None:
        raise SpaceError("it has neither lower and upper nor mu and sigma.")
    low, high = mu - SPREAD * sigma, mu + SPREAD * sigma
    return (math.exp(low), math.exp(high)) if item.get("log") else (low, high)


def _add_condition(item: Mapping[str, Any], found: dict[str, Parameter], losses: Losses) -> None:
    """Set the condition of a child."""
    child = _child(item)
    parameter = found.get(child) if isinstance(child, str) else None
    if parameter is None:
        losses.add(f"{FILE}: a condition on {brief(child, 60)!r}, which is no parameter")
        return
    condition, is_whole = _joined(item, found)
    if condition is not None and parameter.condition is not None:
        # Two single conditions on one child are joined by AND.
        condition, is_whole = _all_of([parameter.condition, condition])
    if condition is None:
        losses.add(f"{FILE}: the condition of {parameter.name!r} can't be expressed")
        return
    if not is_whole:
        losses.add(
            f"{FILE}: {parameter.name!r} has several conditions; only the one on "
            f"{condition.parent!r} is kept"
        )
    found[parameter.name] = replace(parameter, condition=condition)


def _child(item: Mapping[str, Any]) -> Any:
    parts = as_list(item.get("conditions"))
    return item.get("child") if "child" in item or not parts else _child(as_dict(parts[0]))


def _joined(
    item: Mapping[str, Any], found: Mapping[str, Parameter]
) -> tuple[Condition | None, bool]:
    """Return what a condition, or several joined by AND or OR, say of one parent; if that is all.

    Of an AND a part is kept, of an OR none: one part of it alone would promise too much.
    """
    parts = [as_dict(part) for part in as_list(item.get("conditions"))]
    if not parts:
        single = _condition(item, found)
        return single, single is not None
    told = [_joined(part, found) for part in parts]
    known = [condition for condition, _ in told if condition is not None]
    is_whole = all(whole for _, whole in told)
    if str(item.get("type", "")).upper() != "OR":
        condition, is_one = _all_of(known)
        return condition, is_one and is_whole
    if len(known) < len(parts) or len({condition.parent for condition in known}) > 1:
        return None, False
    values = [value for condition in known for value in condition.values]
    return Condition(known[0].parent, _choices(values)), is_whole


def _all_of(known: Sequence[Condition]) -> tuple[Condition | None, bool]:
    """Return what conditions joined by AND say of the last, nearest parent; and if that is all."""
    if not known:
        return None, False
    same = [condition for condition in known if condition.parent == known[-1].parent]
    kept = [v for v in same[-1].values if all(_has(condition.values, v) for condition in same)]
    one = Condition(known[-1].parent, tuple(kept)) if kept else None
    return one, len(same) == len(known)


def _holds(
    item: Mapping[str, Any], found: Mapping[str, Parameter], values: Mapping[str, Any]
) -> bool:
    """Return whether a condition, or several joined, holds in a configuration."""
    parts = [as_dict(part) for part in as_list(item.get("conditions"))]
    if parts:
        join = any if str(item.get("type", "")).upper() == "OR" else all
        return join(_holds(part, found, values) for part in parts)
    single = _condition(item, found)
    if single is None:
        return True
    return single.parent in values and _has(single.values, values[single.parent])


def _has(values: Sequence[Choice], value: Choice) -> bool:
    return any(v == value and isinstance(v, bool) == isinstance(value, bool) for v in values)


def _condition(item: Mapping[str, Any], found: Mapping[str, Parameter]) -> Condition | None:
    parent = found.get(str(item.get("parent")))
    kind = str(item.get("type", "EQ")).upper()
    if parent is None:
        return None
    value = as_choice(item.get("value"))
    if kind == "EQ":
        return Condition(parent.name, (value,))
    if kind == "IN":
        return Condition(parent.name, _choices(item.get("values", item.get("value"))))
    return _compared(parent, kind, value)


def _compared(parent: Parameter, kind: str, value: Choice) -> Condition | None:
    """Return `parent != value`, `< value` or `> value` as the list of values it leaves."""
    values = _values_of(parent)
    if kind == "NEQ":
        kept = [v for v in values if v != value]
    else:
        bound = as_number(value)
        if parent.is_discrete_choice:  # an order is the order of the sequence
            bound, code = parent.encode(value), parent.encode
            kept = [v for v in values if _is_beyond(code(v), bound, kind)]
        else:
            kept = [v for v in values if _is_beyond(as_number(v), bound, kind)]
    return Condition(parent.name, tuple(kept)) if kept else None


def _is_beyond(number: float | None, bound: float | None, kind: str) -> bool:
    if number is None or bound is None:
        return False
    return number < bound if kind == "LT" else number > bound if kind == "GT" else False


def _values_of(parameter: Parameter) -> list[Choice]:
    """Return all values of a parameter; none where they are too many to be listed."""
    if parameter.is_discrete_choice:
        return list(parameter.choices)
    low, high = parameter.low, parameter.high
    if parameter.kind is not ParameterKind.INT or low is None or high is None:
        return []
    if high - low >= MOST_PARENT_VALUES:
        return []
    return [int(v) for v in np.arange(low, high + 1)]
