"""The constraints of a job: their form in files, and what they may name."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from hypertendril.errors import did_you_mean
from hypertendril.jobs.spec import fields
from hypertendril.model import Constraint

_BOUNDS = ("at_most", "at_least")


def constraints_from_json(data: Any, metrics: Collection[str]) -> tuple[Constraint, ...]:
    """Return the constraints of a job in their JSON form; none for None.

    Args:
        data: The JSON form.
        metrics: What they may be about: objectives, metrics and curves of the job.

    Raises:
        JobError: Something is invalid; the message names the field.
    """
    if data is None:
        return ()
    if not isinstance(data, (list, tuple)) or len(data) > fields.MAX_NAMES:
        raise fields.wrong("constraints", f"it must be a list of at most {fields.MAX_NAMES}.")
    found = tuple(_constraint(item, f"constraints[{i}]", metrics) for i, item in enumerate(data))
    fields.names([constraint.metric for constraint in found], "constraints")
    return found


def _constraint(data: Any, field: str, metrics: Collection[str]) -> Constraint:
    table = fields.mapping(data, field)
    fields.known_only(table, ("metric", *_BOUNDS), f"{field}.")
    metric = fields.text(table.get("metric"), f"{field}.metric")
    if metric not in metrics:
        raise fields.wrong(
            f"{field}.metric",
            f"the study has no {metric!r}; it has {', '.join(metrics)}."
            + did_you_mean(metric, metrics),
        )
    at_most, at_least = (_bound(table.get(key), f"{field}.{key}") for key in _BOUNDS)
    if at_most is None and at_least is None:
        raise fields.wrong(field, f"{metric!r} needs at_most, at_least, or both.")
    if at_most is not None and at_least is not None and at_least > at_most:
        raise fields.wrong(
            field, f"no {metric!r} is at least {at_least:g} and at most {at_most:g}."
        )
    return Constraint(metric, at_most, at_least)


def _bound(value: Any, field: str) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value)):
        raise fields.wrong(field, f"{value!r} must be a finite number.")
    return float(value)
