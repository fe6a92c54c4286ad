"""Promising ranges as the model sees them, beside those of the best trials: two more opinions.

The *marginal band* of a parameter is where its marginal, less its uncertainty, is better than the
mean of the marginal. The *joint box* holds 5 to 95 % of the best twentieth of points all over the space,
each judged by the model less its uncertainty. Both keep a tenth of every axis, and so much of it
that eight trials lie inside: no model knows more than its trials do.

Source: Hutter, Hoos, Leyton-Brown (2014), section 4 (marginals); the lower confidence bound.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.promising import (
    MIN_BEST,
    MIN_SCORED,
    QUANTILES,
    SHOWN_BEST,
    Promising,
    is_inside,
    kept_volume,
    widened,
)
from hypertendril.analysis.ranges import consistent, narrowed_to
from hypertendril.model import Direction, Parameter, ParameterKind, SearchSpace, Study
from hypertendril.model.space import narrowed

# Of the points looked at, the best share whose range is the box.
BOX_SHARE = 0.05
# A parameter that explains less than this, or than chance does, has no band.
LEAST_SHARE = 0.03
_MIN_PARTS = 2


def marginal_band(study: Study, importance: Importance, objective: int = 0) -> Promising | None:
    """Return where each parameter by itself is surely better than its mean.

    None where no parameter has such a place, or the model's ranks say nothing.
    """
    rows = _scored(study, objective)
    if not importance.has_ranks or len(rows) < MIN_SCORED:
        return None
    sign = study.objectives[objective].direction.sign
    parts = [_band_of(study, importance, parameter, sign, rows) for parameter in study.space]
    space = consistent(tuple(parts))
    return _promising(study, space, rows) if space != study.space else None


def joint_box(study: Study, importance: Importance, objective: int = 0) -> Promising | None:
    """Return the box of the points that the model judges best; None where its ranks say nothing."""
    rows = _scored(study, objective)
    found = importance.sampled() if importance.has_ranks else None
    if found is None or len(rows) < MIN_SCORED:
        return None
    columns, mean, sd = found
    sign = study.objectives[objective].direction.sign
    best = np.argsort(-(sign * mean - sd), kind="stable")[: max(1, round(BOX_SHARE * len(mean)))]
    parts = [
        _held(study, parameter, columns[parameter.name][best], rows)
        if parameter.name in columns
        else parameter
        for parameter in study.space
    ]
    return _promising(study, consistent(tuple(parts)), rows)


def _scored(study: Study, objective: int) -> NDArray[np.int64]:
    """Return the scored trials, the best first."""
    rows = np.flatnonzero(study.scored(objective))
    direction = study.objectives[objective].direction
    values = study.trials.objectives[rows, objective]
    return rows[np.argsort(-values if direction is Direction.MAXIMIZE else values, kind="stable")]


def _promising(study: Study, space: SearchSpace, rows: NDArray[np.int64]) -> Promising:
    shown, inside = rows[:SHOWN_BEST], is_inside(study, space)
    return Promising(
        space=space,
        kept_volume=kept_volume(study.space, space),
        n_best=int(inside[rows].sum()),
        n_shown=len(shown),
        n_inside=int(inside[shown].sum()),
        warnings=(),
    )


def _band_of(
    study: Study,
    importance: Importance,
    parameter: Parameter,
    sign: float,
    rows: NDArray[np.int64],
) -> Parameter:
    share = importance.singles.get(parameter.name, 0.0)
    if share <= max(LEAST_SHARE, importance.shadow):
        return parameter
    found = importance.marginal(parameter.name)
    quality = sign * found.mean
    if len(quality) < _MIN_PARTS or not np.isfinite(quality).all():
        return parameter
    sure = quality - found.sd > quality.mean()
    if not sure.any():
        return parameter
    return _held(study, parameter, _around_best(parameter, found.values, sure, quality), rows)


def _around_best(
    parameter: Parameter,
    values: NDArray[np.float64],
    sure: NDArray[np.bool_],
    quality: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the values of the stretch around the best one that are all sure; of choices, all sure."""
    if parameter.kind is ParameterKind.CATEGORICAL:
        return values[sure]
    best = int(np.argmax(np.where(sure, quality, -np.inf)))
    gaps = np.flatnonzero(~sure)
    low = int(gaps[gaps < best].max(initial=-1)) + 1
    high = int(gaps[gaps > best].min(initial=len(values))) - 1
    return values[[low, high]]


def _held(
    study: Study, parameter: Parameter, values: NDArray[np.float64], rows: NDArray[np.int64]
) -> Parameter:
    """Return `parameter` narrowed to most of `values`, but no further than trials bear witness."""
    values = values[np.isfinite(values)]
    if not len(values):
        return parameter
    if parameter.kind is ParameterKind.CATEGORICAL:
        codes = np.unique(values.astype(np.int64)).tolist()
        return narrowed(parameter, choices=tuple(parameter.choices[code] for code in codes))
    if parameter.kind is ParameterKind.ORDINAL:
        return narrowed_to(parameter, float(values.min()), float(values.max()))
    ends = values if len(values) <= _MIN_PARTS else np.quantile(values, QUANTILES, method="nearest")
    units = np.clip(parameter.to_unit(np.sort(ends)), 0.0, 1.0)
    seen = parameter.to_unit(study.column(f"param:{parameter.name}")[rows])
    low, high = _witnessed(*widened(float(units[0]), float(units[-1])), seen[np.isfinite(seen)])
    bounds = parameter.from_unit([low, high])
    return narrowed_to(parameter, float(bounds[0]), float(bounds[1]))


def _witnessed(low: float, high: float, seen: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range made so wide on both sides that eight of `seen` lie inside."""
    if len(seen) <= MIN_BEST:
        return 0.0, 1.0
    away = np.maximum(np.maximum(low - seen, seen - high), 0.0)
    missing = float(np.partition(away, MIN_BEST - 1)[MIN_BEST - 1])
    if not math.isfinite(missing):
        return 0.0, 1.0
    return max(0.0, low - missing), min(1.0, high + missing)
