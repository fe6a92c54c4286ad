"""From what a person selected to the search space of the next study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.errors import SpaceError
from hypertendril.model import Brush, Parameter, ParameterKind, SearchSpace, Selection, Study
from hypertendril.model.space import narrowed

Interval = tuple[float, float]

# Room for rounding when a bound is divided by a step.
_SLACK = 1e-9


def space_of_selection(study: Study, selection: Selection) -> SearchSpace:
    """Return the declared space, narrowed where a brush lies on a parameter.

    Several ranges of one brush give their hull; several brushes on one parameter must all hold.
    A brushed None lane alone narrows nothing, and a parameter without a brush keeps its range.

    Args:
        study: Gives the declared space.
        selection: Brushes on other columns (objectives, picks) are left aside.

    Returns:
        Parameters in the declared order. Values outside the declared bounds are never added;
        stepped parameters keep their steps; a parameter that its narrowed parent can never
        make active is left out.

    Raises:
        SpaceError: The brushes on a parameter leave no value of it.
    """
    parts = [(p, _intervals_on(f"param:{p.name}", selection.brushes)) for p in study.space]
    return consistent(tuple(_narrowed_to(p, brushed) for p, brushed in parts))


def space_of_trials(study: Study, mask: NDArray[np.bool_]) -> SearchSpace:
    """Return the smallest space that holds the parameter values of the trials in `mask`.

    Args:
        study: Gives the declared space.
        mask: (n,) the trials.

    Returns:
        As `space_of_selection`; a parameter that no trial of the mask has keeps its range.

    Raises:
        SpaceError: The mask is empty.
    """
    if not mask.any():
        raise SpaceError("No trial is selected, so there is no range to take; widen a brush.")
    values = study.trials.values[mask]
    parts = enumerate(study.space)
    return consistent(tuple(_narrowed_to(p, _held(p, values[:, i])) for i, p in parts))


def narrowed_to(parameter: Parameter, low: float, high: float) -> Parameter:
    """Return `parameter` restricted to the column values from `low` to `high` (codes for choices).

    Raises:
        SpaceError: No value of the parameter lies there.
    """
    return _narrowed_to(parameter, [[(low, high)]])


def consistent(parameters: tuple[Parameter, ...]) -> SearchSpace:
    """Return the space of `parameters`, without those whose condition no longer can hold."""
    while True:
        space = SearchSpace(parameters)
        fitted = tuple(p for p in (_with_condition(q, space) for q in parameters) if p)
        if fitted == parameters:
            return space
        parameters = fitted


def _held(parameter: Parameter, values: NDArray[np.float64]) -> list[list[Interval]]:
    """Return intervals that hold `values`; unordered choices keep their gaps."""
    found = np.unique(values[np.isfinite(values)])
    if not len(found):
        return []
    if parameter.kind is ParameterKind.CATEGORICAL:
        return [[(float(value), float(value)) for value in found]]
    # A method may have left the declared bounds; what it did there is not carried over.
    inside = parameter.from_unit(parameter.to_unit(found[[0, -1]]))
    whole = (found[0], found[-1]) if parameter.contains(found).all() else (inside[0], inside[1])
    return [[(float(whole[0]), float(whole[1]))]]


def _intervals_on(key: str, brushes: Sequence[Brush]) -> list[list[Interval]]:
    """Return the intervals of each brush that restricts the column `key`."""
    found = []
    for brush in brushes:
        if brush.kind == "ranges" and brush.dims == (key,) and brush.ranges:
            found.append(list(brush.ranges))
        elif brush.kind == "box" and key in brush.dims:
            found.append([brush.ranges[i] for i, dim in enumerate(brush.dims) if dim == key])
    return found


def _narrowed_to(parameter: Parameter, brushed: list[list[Interval]]) -> Parameter:
    """Return `parameter` inside every list of intervals; unchanged where there is none."""
    if not brushed:
        return parameter
    if parameter.is_discrete_choice:
        return _chosen(parameter, brushed)
    assert parameter.low is not None and parameter.high is not None
    low = max(parameter.low, *(min(pair[0] for pair in pairs) for pairs in brushed))
    high = min(parameter.high, *(max(pair[1] for pair in pairs) for pairs in brushed))
    if low > high:
        raise SpaceError(
            f"The brushes on {parameter.name!r} leave no value of it; move or remove one of them."
        )
    return _stepped(parameter, low, high)


def _chosen(parameter: Parameter, brushed: list[list[Interval]]) -> Parameter:
    codes = range(len(parameter.choices))
    kept = [c for c in codes if all(any(a <= c <= b for a, b in pairs) for pairs in brushed)]
    if not kept:
        raise SpaceError(
            f"The brushes on {parameter.name!r} leave none of its choices; move or remove one."
        )
    return narrowed(parameter, choices=tuple(parameter.choices[code] for code in kept))


def _stepped(parameter: Parameter, low: float, high: float) -> Parameter:
    """Return `parameter` from `low` to `high`, moved inwards to its steps.

    A brush between two steps holds no value; the nearer step is what the person pointed at.
    """
    step = parameter.step or (1.0 if parameter.kind is ParameterKind.INT else None)
    if step is None:
        return narrowed(parameter, low=low, high=high)
    assert parameter.low is not None and parameter.high is not None
    last = math.floor((parameter.high - parameter.low) / step + _SLACK)
    first_kept = math.ceil((low - parameter.low) / step - _SLACK)
    last_kept = min(last, math.floor((high - parameter.low) / step + _SLACK))
    if first_kept > last_kept:
        middle = ((low + high) / 2 - parameter.low) / step
        first_kept = last_kept = min(last, max(0, round(middle)))
    return narrowed(
        parameter,
        low=_without_dust(parameter.low + first_kept * step),
        high=_without_dust(parameter.low + last_kept * step),
    )


def _without_dust(value: float) -> float:
    """Return 0.3 for 0.30000000000000004."""
    return float(f"{value:.15g}")


def _with_condition(parameter: Parameter, space: SearchSpace) -> Parameter | None:
    """Return `parameter` with the condition values its parent still has, None if it has none."""
    condition = parameter.condition
    if condition is None:
        return parameter
    if condition.parent not in space:
        return None
    parent = space[condition.parent]
    if not parent.is_discrete_choice:
        return parameter
    values = tuple(v for v in condition.values if not math.isnan(parent.encode(v)))
    return replace(parameter, condition=replace(condition, values=values)) if values else None
