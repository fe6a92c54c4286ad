"""The range of performance that colours span, proof against runs that went badly wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.column_axis import measured_range
from hypertendril.model import Direction, Outcome, Study

# One bad trial in twenty may share the palest colour; more would hide real differences.
BAD_TAIL = 0.05
EMPTY_RANGE = (0.0, 1.0)
_DECIDED = (Outcome.PROMOTED, Outcome.SURVIVED, Outcome.DISCARDED)


def colour_range(study: Study, objective: int = 0) -> tuple[float, float]:
    """Return (low, high), objective values between which colours change.

    The good end is the best scored trial, the bad end the 5 % quantile on the bad side:
    diverged trials are as pale as the bad end, instead of making all others equally dark; where
    they are more, the bad end is the worst trial among the usual ones (`measured_range`).
    Where the method stops trials on purpose (rungs, generations) every evaluation counts for the
    bad end: among those that came through alone, all differences would be small ones.

    Args:
        study: Failed, pruned, running, infeasible and non-finite trials do not count.
        objective: Position of the objective.

    Returns:
        low < high in the unit of the objective; 0 and 1 where no trial is scored.
    """
    values = study.trials.objectives[study.scored(objective), objective]
    if objective == 0 and len(values) and _is_selective(study):
        values = np.append(_seen(study), values)
    if not len(values):
        return EMPTY_RANGE
    lowest, highest, _ = measured_range(values)
    if study.objectives[objective].direction is Direction.MAXIMIZE:
        low, high = max(lowest, float(np.quantile(values, BAD_TAIL))), float(values.max())
        return (low, high) if low < high else (high - _margin(high), high)
    low, high = float(values.min()), min(highest, float(np.quantile(values, 1 - BAD_TAIL)))
    return (low, high) if low < high else (low, low + _margin(low))


def is_log_coloured(study: Study, objective: int = 0) -> bool:
    """Return whether colours change with the logarithm of the objective, as its axes do.

    Else of losses over many decades all but the worst would be of one colour.
    """
    column = study.column(f"objective:{study.objectives[objective].name}")
    return colour_range(study, objective)[0] > 0 and measured_range(column)[2]


def _is_selective(study: Study) -> bool:
    """Return whether the method lets trials compete in rungs or generations."""
    seen = study.evaluations
    has_rungs = (seen.rung >= 0).any() or np.isin(seen.outcome, _DECIDED).any()
    return bool(has_rungs or study.has_forks())


def _seen(study: Study) -> NDArray[np.float64]:
    """Return the finite values of all evaluations of feasible trials."""
    seen = study.evaluations
    is_feasible = ~(study.trials.violation[seen.trial] > 0)
    return seen.value[np.isfinite(seen.value) & is_feasible]


def _margin(value: float) -> float:
    """Return a width for a range that holds one value, so that the value gets the best colour."""
    return abs(value) * 0.01 or 1.0
