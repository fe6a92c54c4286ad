"""Promising ranges as Hyperparameter importance shows them: how small, how sure, how much better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.axes import Restriction
from hypertendril.analysis.column_axis import ColumnAxis
from hypertendril.analysis.importance import Importance
from hypertendril.analysis.promising import Promising, promising_ranges
from hypertendril.model import Objective, Parameter, SearchSpace, Study


@dataclass(frozen=True)
class PromisingView:
    """A narrower space around the best trials, judged by the model.

    Attributes:
        ranges: The narrowed space, kept volume, and how many of the ten best trials lie inside.
        gain: How much better a random trial inside is expected to be than one of all the space,
            above 0 is better; NaN without a model.
        gain_sd: Standard deviation of that.
    """

    ranges: Promising
    gain: float
    gain_sd: float


def prepare_promising(
    study: Study, importance: Importance, objective: Objective
) -> PromisingView | None:
    """Return the promising ranges; None where too few trials say anything.

    Args:
        study: Gives the best trials.
        importance: Of `objective`, over any part of the space.
        objective: One of the study's; None is returned for any other.
    """
    if objective not in study.objectives:
        return None
    found = promising_ranges(study, study.objectives.index(objective))
    if not found.n_best:
        return None
    gain, sd = importance.expected_gain(restrictions_to(study.space, found.space))
    return PromisingView(found, objective.direction.sign * gain, sd)


def restrictions_to(declared: SearchSpace, space: SearchSpace) -> dict[str, Restriction]:
    """Return what part of each axis of `declared` a narrower `space` keeps; none where all is kept."""
    found: dict[str, Restriction] = {}
    for parameter in declared:
        if parameter.name in space and space[parameter.name] != parameter:
            found[parameter.name] = _kept(parameter, space[parameter.name])
    return found


def promising_stretches(
    study: Study, axis: ColumnAxis, name: str
) -> tuple[tuple[float, float], ...]:
    """Return the stretches of an axis (0 to 1) where the best trials lie, a cell a choice.

    None where nothing is narrowed, or where too few trials say anything.
    """
    space = promising_ranges(study).space
    if name not in space or space[name] == study.space[name]:
        return ()
    kept = _kept(study.space[name], space[name])
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
