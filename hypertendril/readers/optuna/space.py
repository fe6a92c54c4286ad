"""Optuna's distributions as parameters, also where they changed in the middle of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice, Parameter, ParameterKind
from hypertendril.readers.files.json_text import BadJsonError, as_choice, parse
from hypertendril.readers.losses import Losses


@dataclass(frozen=True)
class Distribution:
    """One stored distribution: bounds of a number, or the choices its values index."""

    kind: ParameterKind
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    choices: tuple[Choice, ...] = ()


# Class name -> kind, log, attribute that holds the step. Names before Optuna 3 included.
_CLASSES: dict[str, tuple[ParameterKind, bool | None, str | None]] = {
    "FloatDistribution": (ParameterKind.FLOAT, None, "step"),
    "IntDistribution": (ParameterKind.INT, None, "step"),
    "UniformDistribution": (ParameterKind.FLOAT, False, None),
    "LogUniformDistribution": (ParameterKind.FLOAT, True, None),
    "DiscreteUniformDistribution": (ParameterKind.FLOAT, False, "q"),
    "IntUniformDistribution": (ParameterKind.INT, False, "step"),
    "IntLogUniformDistribution": (ParameterKind.INT, True, "step"),
}


@lru_cache(maxsize=65536)  # a search with moving bounds has one text a trial, read at every poll
def parse_distribution(text: Any) -> Distribution | None:
    """Return the distribution a storage describes as JSON; None if it makes no sense."""
    if not isinstance(text, str):
        return None
    try:
        data = parse(text)
        name, attributes = data["name"], data["attributes"]
        if name == "CategoricalDistribution":
            choices = tuple(as_choice(item) for item in attributes["choices"])
            return Distribution(ParameterKind.CATEGORICAL, choices=choices) if choices else None
        kind, log, step_key = _CLASSES[name]
        step = attributes.get(step_key) if step_key else None
        is_log = bool(attributes.get("log")) if log is None else log
        return _numeric(Distribution(kind, log=is_log), attributes["low"], attributes["high"], step)
    except (BadJsonError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None


def are_alike(first: str | None, other: str | None) -> bool:
    """Return whether Optuna takes both as distributions of one parameter: bounds may differ."""
    one, two = parse_distribution(first), parse_distribution(other)
    if one is None or two is None:
        return True
    return (one.kind, one.log, one.choices) == (two.kind, two.log, two.choices)


def _numeric(blank: Distribution, low: Any, high: Any, step: Any) -> Distribution | None:
    low, high = float(low), float(high)
    possible = math.isfinite(low) and math.isfinite(high) and low <= high
    if not possible or (blank.log and low <= 0):
        return None
    step = float(step) if step is not None and 0 < float(step) < math.inf else None
    return replace(blank, low=low, high=high, step=step)


def column_of(
    name: str,
    values: NDArray[np.float64],
    codes: NDArray[np.int32],
    texts: Sequence[Any],
    losses: Losses,
) -> tuple[Parameter, NDArray[np.float64]] | None:
    """Return one parameter and its column values, out of what was stored trial by trial.

    Where the distribution changed between trials, bounds are widened and choices united.

    Args:
        name: Name of the parameter.
        values: (p,) as stored: numbers, or indices into the choices.
        codes: (p,) distribution of each value, a position in `texts`.
        texts: Distributions as JSON.
        losses: Receives what can't be kept.

    Returns:
        The parameter and (p,) column values, or None if no value could be kept.
    """
    used, first = np.unique(codes, return_index=True)
    used = used[np.argsort(first)]
    found = {int(code): parse_distribution(texts[code]) for code in used}
    known = {code: d for code, d in found.items() if d is not None}
    if len(known) < len(found):
        bad = int(np.isin(codes, [c for c in found if c not in known]).sum())
        losses.count(f"parameter {name!r}: a distribution that can't be understood", bad)
    if not known:
        return _observed(name, values)
    if all(d.choices for d in known.values()):
        return _categorical(name, values, codes, known, losses)
    numeric = {code: d for code, d in known.items() if not d.choices}
    kept = np.where(np.isin(codes, list(numeric)), values, np.nan)
    mixed = int(np.isin(codes, [c for c in known if c not in numeric]).sum())
    losses.count(f"parameter {name!r}: a choice where other trials have numbers", mixed)
    return _widened(name, list(numeric.values())), kept


def _widened(name: str, found: Sequence[Distribution]) -> Parameter:
    low, high = min(d.low for d in found), max(d.high for d in found)
    is_int = all(d.kind is ParameterKind.INT for d in found)
    steps = {d.step for d in found}
    step = steps.pop() if len(steps) == 1 else (1.0 if is_int else None)
    kind = ParameterKind.INT if is_int else ParameterKind.FLOAT
    return Parameter(name, kind, low, high, log=all(d.log for d in found), step=step)


def _observed(
    name: str, values: NDArray[np.float64]
) -> tuple[Parameter, NDArray[np.float64]] | None:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    return Parameter(name, ParameterKind.FLOAT, low, high), values


def _categorical(
    name: str,
    values: NDArray[np.float64],
    codes: NDArray[np.int32],
    found: Mapping[int, Distribution],
    losses: Losses,
) -> tuple[Parameter, NDArray[np.float64]]:
    merged: dict[tuple[bool, Choice], int] = {}
    column = np.full(len(values), np.nan)
    for code, distribution in found.items():
        keys = [(isinstance(choice, bool), choice) for choice in distribution.choices]
        table = np.array([merged.setdefault(key, len(merged)) for key in keys], dtype=np.float64)
        rows = np.flatnonzero(codes == code)
        stored = values[rows]
        with np.errstate(invalid="ignore"):
            valid = (stored >= 0) & (stored < len(table)) & (stored == np.floor(stored))
        column[rows[valid]] = table[stored[valid].astype(np.int64)]
        losses.count(f"parameter {name!r}: an index outside its choices", int((~valid).sum()))
    choices = tuple(choice for _, choice in merged)
    return Parameter(name, ParameterKind.CATEGORICAL, choices=choices), column
