"""Which trials an importance is of, and what has to be said about those left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Study, TrialState

# A loss of 1e9 is not a worse model but no model: it would be all of the variance.
DIVERGED_REACH = 10.0
# Fit at most so many trials: more make the shares no better and the wait longer.
MAX_TRIALS = 20_000
_LEFT_OUT = (TrialState.PRUNED, TrialState.FAILED)


@dataclass(frozen=True)
class Target:
    """The trials a model is fitted to.

    Attributes:
        rows: (k,) ascending rows of the study.
        values: (k,) their metric; finite.
        warnings: What was left out, a sentence each.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    warnings: tuple[str, ...]


def target_of(
    study: Study, metric: str, rows: NDArray[np.int64] | NDArray[np.bool_] | None, seed: int
) -> Target:
    """Return the complete trials with a finite metric, without diverged ones.

    Args:
        study: Any study.
        metric: Column key.
        rows: Rows or a mask to choose from; None for all.
        seed: Decides which trials represent a study of very many.
    """
    chosen = _as_mask(len(study), rows)
    values = study.column(metric)
    complete = chosen & (study.trials.state == TrialState.COMPLETE)
    kept = complete & np.isfinite(values)
    diverged = _diverged(values, kept)
    found = np.flatnonzero(kept & ~diverged)
    name = metric.partition(":")[2]
    warnings = [
        _left_out(study, chosen),
        _counted(int((complete & ~kept).sum()), f"no finite {name} and", "left out"),
        _counted(
            int(diverged.sum()),
            f"diverged (more than {DIVERGED_REACH:g} interquartile ranges from the median) and",
            "left out: the shares are of the others",
        ),
    ]
    if len(found) > MAX_TRIALS:
        warnings.append(f"Computed from {MAX_TRIALS:,} of {len(found):,} trials, drawn at random.")
        found = np.sort(np.random.default_rng(seed).choice(found, MAX_TRIALS, replace=False))
    return Target(found, values[found], tuple(text for text in warnings if text))


def is_constant(values: NDArray[np.float64]) -> bool:
    """Tell whether `values` (finite) differ by no more than rounding."""
    spread = values.max() - values.min()
    return bool(spread <= 1e-12 * np.abs(values).max())


def _as_mask(n: int, rows: NDArray[np.int64] | NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    mask = np.full(n, rows is None)
    if rows is not None:
        mask[rows] = True
    return mask


def _diverged(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (n,) which kept values lie far from the rest; none where most of them are equal."""
    if not kept.any():
        return np.zeros_like(kept)
    with np.errstate(over="ignore", invalid="ignore"):
        lower, median, upper = np.quantile(values[kept], (0.25, 0.5, 0.75))
        reach = DIVERGED_REACH * (upper - lower)
        far = np.abs(values - median) > reach
    return kept & far if reach > 0 else np.zeros_like(kept)


def _left_out(study: Study, chosen: NDArray[np.bool_]) -> str:
    counts = np.bincount(study.trials.state[chosen], minlength=len(TrialState))
    parts = [f"{counts[state]} {state.name.lower()}" for state in _LEFT_OUT if counts[state]]
    if not parts:
        return ""
    is_one = sum(counts[state] for state in _LEFT_OUT) == 1
    return f"{' and '.join(parts)} {'trial is' if is_one else 'trials are'} left out."


def _counted(n: int, what: str, ending: str) -> str:
    """Return a sentence about `n` trials, nothing about none."""
    if not n:
        return ""
    has, is_ = ("trial has", "is") if n == 1 else ("trials have", "are")
    return f"{n} {has} {what} {is_} {ending}."
