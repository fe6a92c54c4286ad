"""Importance as data for other programs; the command line writes it, and its form is kept stable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.metrics import (
    ImportanceTarget,
    asked_importance,
    asked_study,
    targets_of,
)
from hypertendril.analysis.importance.promising import BEST_SHARE, promising_ranges
from hypertendril.analysis.importance.scope import Scope, beyond
from hypertendril.analysis.importance.targets import FAILURE
from hypertendril.errors import HyperTendrilError
from hypertendril.model import Direction, Objective, Parameter, SearchSpace, Study


@dataclass(frozen=True)
class Part:
    """The part of the space that is judged: where the model expects values good enough.

    Attributes:
        top: As good as those of this best share of the trials, which the ranges are then from;
            None for no such cut.
        threshold: As good as this value; None for no such cut.

    Raises:
        HyperTendrilError: `top` is not above 0 and at most 1, or `threshold` is no number.
    """

    top: float | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.top is not None and not 0 < self.top <= 1:
            raise HyperTendrilError(f"--top must be above 0 and at most 1, not {self.top:g}.")
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise HyperTendrilError(f"--threshold must be a number, not {self.threshold:g}.")

    def of(self, direction: Direction) -> Scope:
        """Return the part as the page has it; `direction` says which values are good."""
        if self.threshold is not None:
            return Scope(cutoff=beyond(self.threshold, direction))
        is_cut = self.top is not None and self.top < 1
        return Scope(best_share=self.top if is_cut else None)


def importance_json(
    studies: Sequence[Study], metric: str | None = None, part: Part | None = None
) -> dict[str, Any]:
    """Return shares of the variance and promising ranges as JSON values.

    Args:
        studies: One, or several that are judged together, with the study as one more parameter.
        metric: Name or key of an objective or metric, `failure` or `gain`; None for the leading
            objective.
        part: Of the space; None for all.

    Raises:
        HyperTendrilError: There is no such metric.
    """
    part = part or Part()
    study, *others = studies
    target = _target(study, metric)
    scope = part.of(target.objective.direction)
    found = asked_importance(study, target.key, others, only_forest=scope.needs_forest)
    found = scope.of(found, target.objective.direction)
    asked = asked_study(study, target.key, others) if others else study
    place = next((i for i, o in enumerate(asked.objectives) if o == target.objective), 0)
    ranges = promising_ranges(asked, place, BEST_SHARE if part.top is None else part.top)
    return _json(" + ".join(one.name for one in studies), target, found) | {
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


def _json(study: str, target: ImportanceTarget, found: Importance) -> dict[str, Any]:
    return {
        "study": study,
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
