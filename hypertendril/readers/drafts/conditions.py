"""Which parameter is active only under which value of another, told from the trials alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Condition, Parameter, ParameterKind, TrialState

FEWEST = 3  # trials with and without the parameter before a pattern is believed
MOST_VALUES = 32  # a condition with more is no reason
MEETINGS = 2  # of each value of a parent, on average: values met once each explain anything


def infer_conditions(
    parameters: list[Parameter], values: NDArray[np.float64], state: NDArray[np.int8]
) -> list[Parameter]:
    """Return the parameters with the conditions that hold in every finished trial.

    A condition is set where a parameter is present exactly for some values of one categorical
    (or integer) parameter; where several explain it, of the one with the fewest values. Cost
    O(c d n) with c groups of parameters that are absent in the same trials.

    Args:
        parameters: In column order; one that has a condition keeps it.
        values: (n, d) column values, NaN where absent.
        state: (n,) only complete and pruned trials count; others may have been cut short.
    """
    ended = (state == TrialState.COMPLETE) | (state == TrialState.PRUNED)
    finished = values[ended]
    present = ~np.isnan(finished)
    counts = present.sum(axis=0)
    varies = (counts >= FEWEST) & (len(finished) - counts >= FEWEST)
    if not varies.any():
        return list(parameters)
    possible = (
        _Parent(parameter, finished[:, i])
        for i, parameter in enumerate(parameters)
        if parameter.kind is not ParameterKind.FLOAT
    )
    parents = sorted((p for p in possible if p.is_reason()), key=lambda p: len(p.seen))
    if not parents:
        return list(parameters)
    absent = np.packbits([~parent.present for parent in parents], axis=1)
    found: dict[bytes, Condition | None] = {}
    conditioned = list(parameters)
    for i, parameter in enumerate(parameters):
        if varies[i] and parameter.condition is None:
            child = present[:, i]
            bits = np.packbits(child)
            where = bits.tobytes()
            if where not in found:
                always_there = np.flatnonzero(~(absent & bits).any(axis=1)).tolist()
                told = (parents[k].condition(child) for k in always_there)
                found[where] = next((one for one in told if one is not None), None)
            conditioned[i] = replace(parameter, condition=found[where])
    return conditioned


class _Parent:
    """A parameter others may depend on, its values sorted once for all of them."""

    def __init__(self, parameter: Parameter, values: NDArray[np.float64]) -> None:
        self.parameter = parameter
        self.present = ~np.isnan(values)
        self.seen, self.position = np.unique(values[self.present], return_inverse=True)
        self.total = np.bincount(self.position, minlength=len(self.seen))

    def is_reason(self) -> bool:
        """Return whether its values are few, and were met often enough to explain something."""
        return len(self.seen) <= min(MOST_VALUES, len(self.position) // MEETINGS)

    def condition(self, child: NDArray[np.bool_]) -> Condition | None:
        """Return the condition that explains exactly where `child` is present; None if none does.

        None for the parameter itself: with it there is nowhere that it lacks.

        Args:
            child: (n,) nowhere where this one lacks.
        """
        on = np.bincount(self.position, weights=child[self.present], minlength=len(self.seen))
        active = on == self.total
        if not (active | (on == 0)).all() or active.all() or not active.any():
            return None
        values = self.seen[active].tolist()
        return Condition(self.parameter.name, tuple(map(self.parameter.decode, values)))
