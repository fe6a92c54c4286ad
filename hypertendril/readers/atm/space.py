"""The space of a data run of ATM, from its hyperpartitions.

A partition is a method with one choice for each of its categorical hyperparameters, and the
ranges of those that are tuned there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hypertendril.errors import SpaceError
from hypertendril.model import Parameter, ParameterKind, SearchSpace, TrialState
from hypertendril.readers.drafts.conditions import FEWEST, infer_conditions
from hypertendril.readers.files.json_text import as_choice, as_number, clean
from hypertendril.readers.folders import as_list

CATEGORICAL, TUNABLE = "categorical_hyperparameters", "tunable_hyperparameters"
CONSTANT = "constant_hyperparameters"


def declared_space(partitions: Sequence[Mapping[str, Any]]) -> SearchSpace:
    """Return the parameters of all partitions, with the choice under which each is active.

    Args:
        partitions: With `method`, and once converted with [name, value] and
            [name, kind, range] of their hyperparameters.
    """
    choices: dict[str, list[Any]] = {}
    ranges: dict[str, list[tuple[str, list[Any]]]] = {}
    rows: list[dict[str, Any]] = []
    for partition in partitions:
        if not (partition.get(CATEGORICAL) or partition.get(TUNABLE)):
            continue
        row: dict[str, Any] = {"method": clean(str(partition.get("method")))}
        row |= {clean(str(n)): as_choice(v) for n, v in _lists(partition, CATEGORICAL, 2)}
        for name, value in row.items():
            choices.setdefault(name, []).append(value)
        for name, kind, bounds in _lists(partition, TUNABLE, 3):
            ranges.setdefault(clean(str(name)), []).append((str(kind), as_list(bounds)))
            row.setdefault(clean(str(name)), None)
        rows.append(row)
    parameters = [
        *(_choice(name, values) for name, values in choices.items() if name not in ranges),
        *(p for name, found in ranges.items() if (p := _tuned(name, found)) is not None),
    ]
    return SearchSpace(tuple(_with_conditions(parameters, rows)))


def _lists(partition: Mapping[str, Any], key: str, length: int) -> list[list[Any]]:
    found = [as_list(item) for item in as_list(partition.get(key))]
    return [item for item in found if len(item) == length]


def _choice(name: str, values: Sequence[Any]) -> Parameter:
    distinct = {(isinstance(v, bool), v): v for v in values}
    return Parameter(name, ParameterKind.CATEGORICAL, choices=tuple(distinct.values()))


def _tuned(name: str, found: Sequence[tuple[str, list[Any]]]) -> Parameter | None:
    """Return a parameter over all the ranges it has under different methods."""
    kinds = {kind for kind, _ in found}
    try:
        if any("Cat" in kind or kind.startswith(("String", "Bool")) for kind in kinds):
            return _choice(name, [as_choice(value) for _, values in found for value in values])
        numbers = [n for _, bounds in found for n in map(as_number, bounds) if n is not None]
        kind = ParameterKind.INT if all(k.startswith("Int") for k in kinds) else ParameterKind.FLOAT
        is_log = any("Exp" in k for k in kinds) and min(numbers) > 0
        return Parameter(name, kind, min(numbers), max(numbers), log=is_log)
    except (SpaceError, ValueError):
        return None


def constants_of(partition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that are always the same under a method."""
    return {clean(str(name)): value for name, value in _lists(partition, CONSTANT, 2)}


def _with_conditions(
    parameters: list[Parameter], rows: Sequence[Mapping[str, Any]]
) -> list[Parameter]:
    """Return the parameters with what the partitions tell of when each is there."""
    values = np.full((len(rows), len(parameters)), np.nan)
    for i, row in enumerate(rows):
        for j, parameter in enumerate(parameters):
            if parameter.name in row:
                value = row[parameter.name]
                values[i, j] = 0.0 if value is None else parameter.encode(value)
    # Declared, not drawn: one partition says as much as the fewest trials a pattern needs.
    values = np.repeat(values, FEWEST, axis=0)
    states = np.full(len(values), TrialState.COMPLETE, dtype=np.int8)
    return infer_conditions(parameters, values, states)
