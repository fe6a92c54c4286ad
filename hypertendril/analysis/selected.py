"""The order of the table of selected experiments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Study, TrialState

# After the scored trials: complete ones that cannot be compared (infeasible, not finite) ...
_ORDER = (
    TrialState.COMPLETE,
    TrialState.RUNNING,
    TrialState.PRUNED,
    TrialState.FAILED,
    TrialState.WAITING,
)


def best_first(
    study: Study, mask: NDArray[np.bool_], limit: int | None = None, objective: int = 0
) -> NDArray[np.int64]:
    """Return the rows of `mask`, the best trial first.

    Args:
        study: Any study.
        mask: (n,) the selected trials.
        limit: Return at most so many rows; None for all.
        objective: Position of the objective that decides.

    Returns:
        Rows: scored trials by the objective; then unscored complete, running, pruned, failed
        and waiting ones, each group best first by what value it has, without one last.
        Equal trials keep row order.
    """
    rows = np.flatnonzero(mask)
    rank = np.zeros(len(TrialState), dtype=np.int64)
    rank[list(_ORDER)] = np.arange(len(_ORDER)) + 1
    group = np.where(study.scored(objective)[rows], 0, rank[study.trials.state[rows]])
    sign = study.objectives[objective].direction.sign
    quality = sign * study.trials.objectives[rows, objective]
    order = np.lexsort((-np.where(np.isnan(quality), -np.inf, quality), group))
    return rows[order][:limit]
