"""The numbers of the Search space overview: which axes, in what order, with what importance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis, measured_axis, parameter_axis
from hypertendril.model import Study

MAX_TICKS = 6


@dataclass(frozen=True)
class SpaceAxes:
    """Axes from left to right, objectives last.

    Attributes:
        study, version: What was drawn.
        axes: Parameters in ascending order of importance, then the objectives.
        shares: Parameter name to its single effect, a share of the variance; empty if unknown.
        constant: Names of parameters that never varied and have no axis.
    """

    study: str
    version: int
    axes: tuple[ColumnAxis, ...]
    shares: Mapping[str, float]
    constant: tuple[str, ...]


def prepare_space(study: Study, shares: Mapping[str, float] | None = None) -> SpaceAxes:
    """Return the axes of the Search space overview.

    Args:
        study: Parameters that took one value in all trials get no axis.
        shares: Single effects by parameter name; the most important stands next to the objective.
            Without them parameters keep the order of the space.
    """
    shares = shares or {}
    constant = tuple(name for name in study.space.names if _is_constant(study, name))
    varying = [name for name in study.space.names if name not in constant]
    ordered = sorted(varying, key=lambda name: shares.get(name, 0.0)) if shares else varying
    axes = [parameter_axis(study, name, MAX_TICKS) for name in ordered]
    axes += [measured_axis(study, f"objective:{o.name}", MAX_TICKS) for o in study.objectives]
    return SpaceAxes(study.id, study.version, tuple(axes), shares, constant)


def _is_constant(study: Study, name: str) -> bool:
    values = study.column(f"param:{name}")
    if len(values) < 2:
        return False
    missing = np.isnan(values)
    known = values[~missing]
    return not missing.any() and bool((known == known[0]).all())
