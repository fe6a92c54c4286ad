"""Importance as data for other programs; the command line writes it, and its form is kept stable."""

from __future__ import annotations

import math
from typing import Any

from hypertendril.analysis.importance import Importance, importance_of
from hypertendril.analysis.importance_metrics import (
    ImportanceTarget,
    asked_metric,
    asked_study,
    targets_of,
)
from hypertendril.analysis.promising import BEST_SHARE, promising_ranges
from hypertendril.analysis.targets import FAILURE
from hypertendril.errors import HyperTendrilError
from hypertendril.model import Direction, Objective, Parameter, SearchSpace, Study


def importance_json(
    study: Study, metric: str | None = None, top: float | None = None
) -> dict[str, Any]:
    """Return shares of the variance and promising ranges as JSON values.

    Args:
        study: Any study.
        metric: Name or key of an objective or metric, `failure` or `gain`; None for the leading
            objective.
        top: Judge only the part of the space in which the model expects values as good as those
            of this best share of the trials, and take the ranges from that share; None for all.

    Raises:
        HyperTendrilError: There is no such metric, or `top` is not above 0 and at most 1.
    """
    if top is not None and not 0 < top <= 1:
        raise HyperTendrilError(f"--top must be above 0 and at most 1, not {top:g}.")
    target = _target(study, metric)
    asked = asked_study(study, target.key)
    is_cut = top is not None and top < 1
    found = importance_of(asked, asked_metric(study, target.key), only_forest=is_cut)
    if is_cut and top is not None:
        found = found.within({}, found.best_part(top, target.objective.direction))
    place = next((i for i, o in enumerate(study.objectives) if o == target.objective), 0)
    ranges = promising_ranges(study, place, BEST_SHARE if top is None else top)
    return _json(study, target, found) | {
        "ranges": _ranges_json(ranges.space),
        "warnings": [*found.warnings, *ranges.warnings],
    }


def _target(study: Study, metric: str | None) -> ImportanceTarget:
    targets = targets_of(study)
    leading = study.objectives[0].name
    if metric is None:
        return next(t for t in targets if t.key == f"objective:{leading}")
    for target in targets:
        if metric in (target.key, target.key.partition(":")[2], target.objective.name):
            return target
    if metric == FAILURE:  # none failed: the answer is zeros and a sentence
        return ImportanceTarget(FAILURE, Objective("P(failure)", Direction.MINIMIZE))
    names = ", ".join(dict.fromkeys(target.objective.name for target in targets))
    raise HyperTendrilError(f"The study {study.name!r} has no metric {metric!r}; it has {names}.")


def _json(study: Study, target: ImportanceTarget, found: Importance) -> dict[str, Any]:
    return {
        "study": study.name,
        "metric": target.objective.name,
        "n_trials": found.n_trials,
        "surrogate": found.surrogate,
        "r2": found.r2 if math.isfinite(found.r2) else None,
        "singles": found.singles,
        "pairs": {"|".join(names): share for names, share in found.pairs.items()},
        "higher_order": found.higher_order,
        "band": found.band,
    }


def _ranges_json(space: SearchSpace) -> dict[str, Any]:
    return {parameter.name: _range_json(parameter) for parameter in space}


def _range_json(parameter: Parameter) -> dict[str, Any]:
    if parameter.is_discrete_choice:
        return {"choices": list(parameter.choices)}
    return {"low": parameter.low, "high": parameter.high}
