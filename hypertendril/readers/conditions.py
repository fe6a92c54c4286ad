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
    (or integer) parameter. Cost O(d^2 n) with d conditional parameters at most.

    Args:
        parameters: In column order; one that has a condition keeps it.
        values: (n, d) column values, NaN where absent.
        state: (n,) only complete and pruned trials count; others may have been cut short.
    """
    ended = (state == TrialState.COMPLETE) | (state == TrialState.PRUNED)
    finished = values[ended]
    present = ~np.isnan(finished)
    counts = present.sum(axis=0)
    found = []
    for i, parameter in enumerate(parameters):
        varies = counts[i] >= FEWEST and len(finished) - counts[i] >= FEWEST
        condition = _condition(i, parameters, finished, present) if varies else None
        found.append(
            parameter
            if parameter.condition or not condition
            else replace(parameter, condition=condition)
        )
    return found


def _condition(
    child: int, parameters: list[Parameter], values: NDArray[np.float64], present: NDArray[np.bool_]
) -> Condition | None:
    for i, parent in enumerate(parameters):
        if i == child or parent.kind is ParameterKind.FLOAT:
            continue
        if (present[:, child] & ~present[:, i]).any():
            continue  # present without the parent
        seen, position = np.unique(values[present[:, i], i], return_inverse=True)
        if len(seen) > MOST_VALUES:
            continue
        on = np.bincount(position, weights=present[present[:, i], child], minlength=len(seen))
        total = np.bincount(position, minlength=len(seen))
        active = on == total
        if (active | (on == 0)).all() and active.any() and not active.all():
            return Condition(parent.name, tuple(parent.decode(v) for v in seen[active].tolist()))
    return None
