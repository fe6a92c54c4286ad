"""The key figures of some trials: counts, best, mean, compute time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Objective, Study, TrialState


@dataclass(frozen=True)
class KeyFigures:
    """Figures of a set of trials.

    Attributes:
        n: Trials in the set.
        counts: Trials by state; every state is a key.
        n_infeasible: Trials that violate a constraint, of any state.
        n_scored: Complete, feasible trials with a finite objective. What follows is of these.
        best_row: Row of the best one (the earliest of equals), None for none.
        best_value: Its objective, NaN for none.
        mean: Of the objective, NaN for none.
        sd: Standard deviation of the sample, NaN for fewer than two.
        compute_seconds: Sum over all trials of the set whose start and end are known.
    """

    n: int
    counts: dict[TrialState, int]
    n_infeasible: int
    n_scored: int
    best_row: int | None
    best_value: float
    mean: float
    sd: float
    compute_seconds: float


@dataclass(frozen=True)
class Summary:
    """Key figures of the selected trials beside those of the whole study."""

    objective: Objective
    selected: KeyFigures
    whole: KeyFigures


def summarise(study: Study, mask: NDArray[np.bool_] | None = None, objective: int = 0) -> Summary:
    """Return the key figures of the trials in `mask` and of all trials.

    Args:
        study: Any study, also one without trials.
        mask: (n,) the selected trials; None for all.
        objective: Position of the objective the figures are of.
    """
    whole = _figures(study, np.ones(len(study), dtype=bool), objective)
    selected = whole if mask is None else _figures(study, mask, objective)
    return Summary(study.objectives[objective], selected, whole)


def _figures(study: Study, mask: NDArray[np.bool_], objective: int) -> KeyFigures:
    trials = study.trials
    states = np.bincount(trials.state[mask], minlength=len(TrialState))
    rows = np.flatnonzero(mask & study.scored(objective))
    values = trials.objectives[rows, objective]
    sign = study.objectives[objective].direction.sign
    best = int(np.argmax(sign * values)) if len(rows) else None
    # Squares of 1e200 would be infinite.
    scale = float(np.abs(values).max(initial=0.0)) or 1.0
    seconds = trials.ended[mask] - trials.started[mask]
    return KeyFigures(
        n=int(mask.sum()),
        counts={state: int(states[state]) for state in TrialState},
        n_infeasible=int((trials.violation[mask] > 0).sum()),
        n_scored=len(rows),
        best_row=None if best is None else int(rows[best]),
        best_value=float("nan") if best is None else float(values[best]),
        mean=scale * float((values / scale).mean()) if len(rows) else float("nan"),
        sd=scale * float((values / scale).std(ddof=1)) if len(rows) > 1 else float("nan"),
        # A clock that was set back during a trial must not make others look cheaper.
        compute_seconds=float(np.clip(seconds[np.isfinite(seconds)], 0, None).sum()),
    )
