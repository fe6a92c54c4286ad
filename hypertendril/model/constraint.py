"""Constraints on metrics: what a trial must keep to in order to be feasible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypertendril.model.study import Study, StudyHeader

ATTRIBUTE = "constraints"  # of a study's header


@dataclass(frozen=True, slots=True)
class Constraint:
    """Bounds on one metric, each inclusive; one of them at least is given.

    Attributes:
        metric: A metric, curve or objective of the study.
        at_most, at_least: Finite, in the unit of the metric; None for no such bound.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None

    def excess(self, value: float) -> float:
        """Return by how much `value` breaks the constraint, 0 where it keeps it; NaN for NaN.

        In multiples of the bound, so that those of metrics in different units can be added up;
        in the metric's own unit where the bound is 0.
        """
        excess = 0.0 if not math.isnan(value) else math.nan
        if self.at_most is not None and value > self.at_most:
            excess = (value - self.at_most) / (abs(self.at_most) or 1.0)
        if self.at_least is not None and value < self.at_least:
            excess = (self.at_least - value) / (abs(self.at_least) or 1.0)
        return excess

    def __str__(self) -> str:
        """Return it in words: `size at most 1000`."""
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        words = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        return f"{self.metric} {words}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, in which an absent bound is left out."""
        bounds = {"at_most": self.at_most, "at_least": self.at_least}
        return {"metric": self.metric} | {k: v for k, v in bounds.items() if v is not None}


def constraints_of(header: StudyHeader) -> tuple[Constraint, ...]:
    """Return the constraints a study's header declares; none where it has something else there."""
    given = header.attributes.get(ATTRIBUTE)
    if not isinstance(given, (list, tuple)) or not all(_is_one(item) for item in given):
        return ()
    return tuple(
        Constraint(item["metric"], item.get("at_most"), item.get("at_least")) for item in given
    )


def broken_constraints(study: Study, row: int) -> list[Constraint]:
    """Return which of the declared constraints trial `row` breaks."""
    return [
        constraint
        for constraint in constraints_of(study.header)
        if constraint.excess(float(study.measured(constraint.metric)[row])) > 0
    ]


def _is_one(item: Any) -> bool:
    """Return whether it is the JSON form of a constraint: attributes of other programs may be anything."""
    if not isinstance(item, Mapping) or not isinstance(item.get("metric"), str):
        return False
    bounds = [item[key] for key in ("at_most", "at_least") if item.get(key) is not None]
    return bool(bounds) and all(
        isinstance(bound, (int, float)) and not isinstance(bound, bool) for bound in bounds
    )
