"""Promising ranges as two views show them: how small, how sure, how much better."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.fanova.axes import Restriction
from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.promising import Promising, promising_ranges
from hypertendril.analysis.importance.promising_bands import joint_box, marginal_band
from hypertendril.model import Objective, Parameter, SearchSpace, Study

# Where the best trials lie, where each marginal is surely good, where the model expects the best.
QUANTILES, MARGINAL, JOINT = "quantiles", "marginal", "joint"


@dataclass(frozen=True)
class PromisingView:
    """A narrower space, judged by the model.

    Attributes:
        kind: How it was found: `quantiles`, `marginal` or `joint`.
        ranges: The narrowed space, kept volume, and how many of the ten best trials lie inside.
        gain: How much better a random trial inside is expected to be than one of all the space,
            above 0 is better; NaN without a model.
        gain_sd: Standard deviation of that.
    """

    kind: str
    ranges: Promising
    gain: float
    gain_sd: float


def prepare_promising(
    study: Study, importance: Importance | None, objective: Objective
) -> tuple[PromisingView, ...]:
    """Return the promising ranges, an entry an opinion; none where too few trials say anything.

    Args:
        study: Gives the best trials.
        importance: Of `objective`, over any part of the space; None leaves the best trials alone.
        objective: One of the study's; there are none for any other.
    """
    if objective not in study.objectives:
        return ()
    place = study.objectives.index(objective)
    whole = importance.whole() if importance is not None else None
    found: dict[str, Promising | None] = {QUANTILES: promising_ranges(study, place)}
    if whole is not None:
        found[MARGINAL] = marginal_band(study, whole, place)
        found[JOINT] = joint_box(study, whole, place)
    views = []
    for kind, ranges in found.items():
        if ranges is None or not ranges.n_best:
            continue
        gain, sd = math.nan, math.nan
        if whole is not None:
            gain, sd = whole.expected_gain(restrictions_to(study.space, ranges.space))
        views.append(PromisingView(kind, ranges, objective.direction.sign * gain, sd))
    return tuple(views)


def restrictions_to(declared: SearchSpace, space: SearchSpace) -> dict[str, Restriction]:
    """Return what part of each axis of `declared` a narrower `space` keeps; none where all is kept.

    Nor of a parameter that is not always active: its range says nothing of trials without it, and
    a restriction would leave them out.
    """
    found: dict[str, Restriction] = {}
    for parameter in declared:
        is_always = parameter.condition is None
        if is_always and parameter.name in space and space[parameter.name] != parameter:
            found[parameter.name] = _kept(parameter, space[parameter.name])
    return found


def stretches(
    declared: SearchSpace, space: SearchSpace, axis: ColumnAxis, name: str
) -> tuple[tuple[float, float], ...]:
    """Return the stretches of an axis (0 to 1) that a narrower `space` keeps, a cell a choice.

    None where nothing of that parameter is narrowed.
    """
    if name not in space or space[name] == declared[name]:
        return ()
    kept = _kept(declared[name], space[name])
    if isinstance(kept, frozenset):
        half = 0.5 / max(1, len(axis.choices) - 1)
        centres = axis.unit(np.array(sorted(kept), dtype=np.float64))
        return tuple((float(u) - half, float(u) + half) for u in centres)
    assert isinstance(kept, tuple)
    low, high = axis.unit(np.array(kept))
    return ((float(low), float(high)),)


def _kept(declared: Parameter, part: Parameter) -> Restriction:
    if declared.is_discrete_choice:
        return frozenset(int(declared.encode(choice)) for choice in part.choices)
    assert part.low is not None and part.high is not None
    return part.low, part.high
