"""The axes of the Search space overview: one a column, with what each scale marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis, measured_axis, parameter_axis
from hypertendril.analysis.ticks import Ticks, value_ticks
from hypertendril.model import Direction, Parameter, ParameterKind, Study, TrialState

MAX_TICKS = 6
# Between choices nobody can guess what stands there; so many have room.
MAX_CHOICES = 16
# Whole numbers with so few values lie on each other: their lines are spread a little.
FEW_VALUES = 16


@dataclass(frozen=True)
class SpaceAxes:
    """Axes from left to right, objectives last; the page puts them in order of importance.

    Attributes:
        study, version: What was drawn.
        axes: All parameters in the order of the space, then the objectives.
        constant: Names of parameters that never varied; the page hides their axes.
        few_valued: Keys of whole numbers with few values.
        other_ticks: Key to marks in the scale the axis does not have (linear for a logarithmic
            one and the other way round); no entry where there is no such scale.
        missing: Keys of columns with trials that have no value and did not fail.
        failed: Keys of objectives of failed trials without a value.
        maximised: Keys of objectives of which more is better.
    """

    study: str
    version: int
    axes: tuple[ColumnAxis, ...]
    constant: tuple[str, ...]
    few_valued: frozenset[str]
    other_ticks: Mapping[str, Ticks]
    missing: frozenset[str]
    failed: frozenset[str]
    maximised: frozenset[str]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the axes as the page's scripts take them."""
        return [self._axis_json(axis) for axis in self.axes]

    def _axis_json(self, axis: ColumnAxis) -> dict[str, Any]:
        data = axis.to_json() | {
            "hasMissing": axis.key in self.missing,
            "hasFailed": axis.key in self.failed,
            "isConstant": axis.key.startswith("param:") and axis.label in self.constant,
            "isFewValued": axis.key in self.few_valued,
            "isMaximised": axis.key in self.maximised,
        }
        if other := self.other_ticks.get(axis.key):
            values, labels = other
            data["other"] = {"ticks": values.tolist(), "tickLabels": list(labels)}
        return data


def _most_ticks(study: Study, name: str) -> int:
    return MAX_CHOICES if study.space[name].is_discrete_choice else MAX_TICKS


def prepare_space(study: Study) -> SpaceAxes:
    """Return the axes of the Search space overview of `study`."""
    names = study.space.names
    axes = [parameter_axis(study, name, _most_ticks(study, name)) for name in names]
    axes += [measured_axis(study, f"objective:{o.name}", MAX_TICKS) for o in study.objectives]
    other = {axis.key: ticks for axis in axes if (ticks := _other_ticks(axis)) is not None}
    missing, failed = _without_value(study)
    return SpaceAxes(
        study=study.id,
        version=study.version,
        axes=tuple(axes),
        constant=tuple(name for name in names if _is_constant(study, name)),
        few_valued=frozenset(f"param:{p.name}" for p in study.space if _is_few_valued(p)),
        other_ticks=other,
        missing=missing,
        failed=failed,
        maximised=frozenset(
            f"objective:{o.name}" for o in study.objectives if o.direction is Direction.MAXIMIZE
        ),
    )


def _other_ticks(axis: ColumnAxis) -> Ticks | None:
    """Return the marks of a numeric axis in its other scale; None where it has none."""
    if axis.choices or not axis.low < axis.high or not (axis.log or axis.low > 0):
        return None
    return value_ticks(axis.low, axis.high, MAX_TICKS, log=not axis.log)


def _without_value(study: Study) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of columns with values missing, and those missing because trials failed."""
    has_failed = study.trials.state == TrialState.FAILED
    missing = {
        f"param:{n}" for n in study.space.names if np.isnan(study.column(f"param:{n}")).any()
    }
    failed = set()
    for objective in study.objectives:
        key = f"objective:{objective.name}"
        without = np.isnan(study.column(key))
        if (without & ~has_failed).any():
            missing.add(key)
        if (without & has_failed).any():
            failed.add(key)
    return frozenset(missing), frozenset(failed)


def _is_few_valued(parameter: Parameter) -> bool:
    if parameter.kind is not ParameterKind.INT:
        return False
    assert parameter.low is not None and parameter.high is not None
    return (parameter.high - parameter.low) / (parameter.step or 1.0) < FEW_VALUES


def _is_constant(study: Study, name: str) -> bool:
    values = study.column(f"param:{name}")
    if len(values) < 2:
        return False
    missing = np.isnan(values)
    known = values[~missing]
    return not missing.any() and bool((known == known[0]).all())
