"""Which parameter is active only under which value of another, told from the trials alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Condition, Parameter, ParameterKind, TrialState

FEWEST = 3  # trials with and without the parameter before a pattern is believed
MOST_VALUES = 32  # an integer parent with more values explains anything


def infer_conditions(
    parameters: list[Parameter], values: NDArray[np.float64], state: NDArray[np.int8]
) -> list[Parameter]:
    """Return the parameters with the conditions that hold in every finished trial.

    A condition is set where a parameter is present exactly for some values of one categorical
    (or integer) parameter. Cost O(c d n) with c parameters that are sometimes absent.

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
    parents = [
        _Parent(i, parameter, finished[:, i])
        for i, parameter in enumerate(parameters)
        if parameter.kind is not ParameterKind.FLOAT
    ]
    return [
        replace(parameter, condition=_condition(i, parents, present[:, i]))
        if varies[i] and parameter.condition is None
        else parameter
        for i, parameter in enumerate(parameters)
    ]


class _Parent:
    """A parameter others may depend on, its values sorted once for all of them."""

    def __init__(self, column: int, parameter: Parameter, values: NDArray[np.float64]) -> None:
        self.column = column
        self.parameter = parameter
        self.present = ~np.isnan(values)
        self.seen, self.position = np.unique(values[self.present], return_inverse=True)
        self.total = np.bincount(self.position, minlength=len(self.seen))

    def condition(self, child: NDArray[np.bool_]) -> Condition | None:
        """Return the condition that explains exactly where `child` is present; None if none does."""
        if len(self.seen) > MOST_VALUES or (child & ~self.present).any():
            return None
        on = np.bincount(self.position, weights=child[self.present], minlength=len(self.seen))
        active = on == self.total
        if not (active | (on == 0)).all() or active.all() or not active.any():
            return None
        values = self.seen[active].tolist()
        return Condition(self.parameter.name, tuple(map(self.parameter.decode, values)))


def _condition(child: int, parents: list[_Parent], present: NDArray[np.bool_]) -> Condition | None:
    for parent in parents:
        found = parent.condition(present) if parent.column != child else None
        if found is not None:
            return found
    return None
