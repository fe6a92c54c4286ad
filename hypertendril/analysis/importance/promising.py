"""Where the best trials lie, parameter by parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.ranges import narrowed_to
from hypertendril.model import Parameter, ParameterKind, SearchSpace, Study
from hypertendril.model.space import narrowed

BEST_SHARE = 0.2
QUANTILES = (0.05, 0.95)
# A sampler that has converged would leave almost nothing: each axis keeps this much of it.
LEAST_WIDTH = 0.1
# Choices are kept, most frequent first, until they cover this share of the best trials.
COVER = QUANTILES[1] - QUANTILES[0]
MIN_BEST = 8
MIN_SCORED = 10
SHOWN_BEST = 10
MIN_ACTIVE = 3


@dataclass(frozen=True)
class Promising:
    """A narrower search space around the best trials.

    Attributes:
        space: The declared parameters, narrowed.
        kept_volume: Share of the declared space that is left, in the declared scales, 0 to 1.
        n_best: Trials the ranges come from; 0 where there were too few to say anything.
        n_shown: Best trials looked for inside, at most ten.
        n_inside: How many of those lie inside the narrowed space.
        warnings: What to know before using it.
    """

    space: SearchSpace
    kept_volume: float
    n_best: int
    n_shown: int
    n_inside: int
    warnings: tuple[str, ...]


def promising_ranges(study: Study, objective: int = 0, best_share: float = BEST_SHARE) -> Promising:
    """Return the 5 to 95 % range of the best fifth of the scored trials on every parameter.

    Args:
        study: Any study.
        objective: Position of the objective that says which trials are best.
        best_share: How many of the scored trials are the best ones, above 0 to 1.

    Returns:
        The declared space itself, with a warning, where fewer than ten trials are scored or all
        are equally good.
    """
    rows = np.flatnonzero(study.scored(objective))
    quality = study.objectives[objective].direction.sign * study.trials.objectives[rows, objective]
    rows = rows[np.argsort(-quality, kind="stable")]
    shown = rows[:SHOWN_BEST]
    if len(rows) < MIN_SCORED:
        text = f"Only {len(rows)} scored trials: at least {MIN_SCORED} are needed for a range."
        return Promising(study.space, 1.0, 0, len(shown), len(shown), (text,))
    if np.ptp(quality) == 0:
        text = f"All {len(rows)} scored trials are equally good: no range is better than another."
        return Promising(study.space, 1.0, 0, len(shown), len(shown), (text,))
    best = rows[: max(MIN_BEST, math.ceil(best_share * len(rows)))]
    values = study.trials.values[best]
    space = SearchSpace(tuple(_range_of(p, values[:, i]) for i, p in enumerate(study.space)))
    return Promising(
        space=space,
        kept_volume=kept_volume(study.space, space),
        n_best=len(best),
        n_shown=len(shown),
        n_inside=int(is_inside(study, space)[shown].sum()),
        warnings=(),
    )


def kept_volume(declared: SearchSpace, space: SearchSpace) -> float:
    """Return the share of `declared` that `space` holds, each axis in its declared scale.

    A parameter that `space` lacks counts as kept.
    """
    pairs = [
        (parameter, space[parameter.name]) for parameter in declared if parameter.name in space
    ]
    return math.prod(_kept_share(whole, part) for whole, part in pairs)


def is_inside(study: Study, space: SearchSpace) -> NDArray[np.bool_]:
    """Return (n,) which trials have all their active parameters inside `space`."""
    inside = np.ones(len(study), dtype=bool)
    for i, declared in enumerate(study.space):
        if declared.name in space:
            inside &= _holds(declared, space[declared.name], study.trials.values[:, i])
    return inside


def _range_of(parameter: Parameter, values: NDArray[np.float64]) -> Parameter:
    """Return `parameter` narrowed to most of `values` (column values of the best trials)."""
    active = values[np.isfinite(values)]
    if len(active) < MIN_ACTIVE:
        return parameter
    if parameter.kind is ParameterKind.CATEGORICAL:
        return _covering(parameter, active.astype(np.int64))
    if parameter.kind is ParameterKind.ORDINAL:
        low, high = np.quantile(active, QUANTILES, method="nearest")
        return narrowed_to(parameter, float(low), float(high))
    units = np.clip(parameter.to_unit(active), 0.0, 1.0)
    low, high = widened(*(float(q) for q in np.quantile(units, QUANTILES)))
    bounds = parameter.from_unit([low, high])
    return narrowed_to(parameter, float(bounds[0]), float(bounds[1]))


def widened(low: float, high: float) -> tuple[float, float]:
    """Return a range of at least the least width around the middle, inside [0, 1]."""
    missing = max(0.0, LEAST_WIDTH - (high - low))
    low, high = low - missing / 2, high + missing / 2
    shift = max(0.0, -low) - max(0.0, high - 1.0)
    return low + shift, high + shift


def _covering(parameter: Parameter, codes: NDArray[np.int64]) -> Parameter:
    counts = np.bincount(codes, minlength=len(parameter.choices))
    ranked = np.sort(counts)[::-1]
    needed = int(np.searchsorted(np.cumsum(ranked), COVER * len(codes) - 1e-9))
    # Equally frequent choices are kept together: which of them comes first means nothing.
    kept = np.flatnonzero(counts >= max(1, ranked[needed]))
    return narrowed(parameter, choices=tuple(parameter.choices[code] for code in kept))


def _kept_share(whole: Parameter, part: Parameter) -> float:
    if whole.is_discrete_choice:
        return len(part.choices) / len(whole.choices)
    assert part.low is not None and part.high is not None
    assert whole.low is not None and whole.high is not None
    step = whole.step or (1.0 if whole.kind is ParameterKind.INT else 0.0)
    if step and not whole.log:
        return (part.high - part.low + step) / (whole.high - whole.low + step)
    low, high = (float(u) for u in whole.to_unit([part.low, part.high]))
    return high - low if whole.high > whole.low else 1.0


def _holds(declared: Parameter, part: Parameter, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not declared.is_discrete_choice:
        return part.contains(values)
    codes = [declared.encode(choice) for choice in part.choices]
    return np.isnan(values) | np.isin(values, codes)
