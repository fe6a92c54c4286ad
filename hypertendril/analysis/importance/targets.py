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
# Keys of targets that are no column.
FAILURE = "failure"
AT = "at:"
# A resource so many of the finished trials have reached stands for all of them.
SHARED_BY = 0.8
# Fewer pruned trials are not worth a target of their own.
_MIN_PRUNED = 3
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

    Pruned trials stopped early: their last value is not what the others reached in the end. They
    are used where all trials are compared after the same resource (`at:RESOURCE`), and count as
    not failed in `failure`.

    Args:
        study: Any study.
        metric: Column key, `failure` or `at:RESOURCE`.
        rows: Rows or a mask to choose from; None for all.
        seed: Decides which trials represent a study of very many.

    Raises:
        KeyError: The study has no such column.
    """
    chosen = _as_mask(len(study), rows)
    if metric == FAILURE:
        return _failures(study, chosen, seed)
    is_early = metric.startswith(AT)
    values = values_at(study, _resource(metric)) if is_early else study.column(metric)
    complete = chosen & (study.trials.state == TrialState.COMPLETE)
    if is_early:
        complete |= chosen & np.isfinite(values)
    kept = complete & np.isfinite(values)
    diverged = _diverged(values, kept)
    found = np.flatnonzero(kept & ~diverged)
    name = f"value after {metric.partition(':')[2]}" if is_early else metric.partition(":")[2]
    warnings = [
        "" if is_early else _left_out(study, chosen),
        _counted(int((complete & ~kept).sum()), f"no finite {name} and", "left out"),
        _counted(
            int(diverged.sum()),
            f"diverged (more than {DIVERGED_REACH:g} interquartile ranges from the median) and",
            "left out: the shares are of the others",
        ),
    ]
    return _sampled(found, values, warnings, seed)


def is_failure(study: Study) -> NDArray[np.bool_]:
    """Return (n,) trials that failed: in state, without a finite value at the end, or diverged."""
    state, values = study.trials.state, study.trials.objectives[:, 0]
    complete = state == TrialState.COMPLETE
    finite = complete & np.isfinite(values)
    failed: NDArray[np.bool_] = (
        (state == TrialState.FAILED) | (complete & ~finite) | _diverged(values, finite)
    )
    return failed


def shared_resource(study: Study) -> float | None:
    """Return the greatest resource most finished trials were looked at after; None if none was pruned.

    Pruned trials can be compared with the others there, and only there.
    """
    state = study.trials.state
    pruned = state == TrialState.PRUNED
    ended = pruned | (state == TrialState.COMPLETE)
    if pruned.sum() < _MIN_PRUNED or study.has_forks():
        return None
    steps, trials = _looks(study)[:2]
    pairs = np.unique(np.column_stack([steps, trials])[ended[trials]], axis=0)
    levels, reached = np.unique(pairs[:, 0], return_counts=True)
    shared = levels[reached >= SHARED_BY * ended.sum()]
    return float(shared.max()) if len(shared) else None


def values_at(study: Study, resource: float) -> NDArray[np.float64]:
    """Return (n,) the leading objective as seen after `resource`, NaN where nobody looked."""
    steps, trials, values = _looks(study)
    found = np.full(len(study), np.nan)
    here = steps == resource
    found[trials[here]] = values[here]
    return found


def _looks(
    study: Study,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return resource, trial and value of every look at the leading objective, curve points first."""
    seen, points, names = study.evaluations, study.curves, study.header.curve_names
    leading = study.objectives[0].name
    is_leading = points.metric == (names.index(leading) if leading in names else -1)
    return (
        np.concatenate([points.step[is_leading], seen.resource]),
        np.concatenate([points.trial[is_leading], seen.trial]),
        np.concatenate([points.value[is_leading], seen.value]),
    )


def _resource(metric: str) -> float:
    try:
        return float(metric.removeprefix(AT))
    except ValueError:
        raise KeyError(metric) from None


def _failures(study: Study, chosen: NDArray[np.bool_], seed: int) -> Target:
    """Return 1 for trials that failed and 0 for those that ended otherwise."""
    ends = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
    ended = chosen & np.isin(study.trials.state, ends)
    failed = is_failure(study)
    n = int((failed & ended).sum())
    said = f"{n} of {int(ended.sum())} trials failed, diverged ones included."
    return _sampled(np.flatnonzero(ended), failed.astype(np.float64), [said], seed)


def _sampled(
    found: NDArray[np.int64], values: NDArray[np.float64], warnings: list[str], seed: int
) -> Target:
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
