"""Searches made up from a seed, of which it is known what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypertendril.guidance.diagnosis import Finding, diagnose
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    Trials,
    TrialState,
)
from hypertendril.model.study import Method, StudyHeader

Floats = NDArray[np.float64]


def real(name: str, low: float = 0.0, high: float = 1.0, *, log: bool = False) -> Parameter:
    return Parameter(name, ParameterKind.FLOAT, low, high, log=log)


def study_of(
    space: Sequence[Parameter],
    values: ArrayLike,
    quality: ArrayLike,
    *,
    direction: Direction = Direction.MAXIMIZE,
    method: str = "random",
) -> Study:
    """Return a study of complete trials; `quality` (n,) is its objective, negated where less is better."""
    table = np.asarray(values, dtype=np.float64).reshape(len(np.asarray(quality)), len(space))
    trials = replace(
        Trials.empty(len(table), len(space), 1, 0),
        values=table,
        objectives=(direction.sign * np.asarray(quality, dtype=np.float64))[:, None],
        state=np.full(len(table), TrialState.COMPLETE, dtype=np.int8),
    )
    header = StudyHeader(
        "made", SearchSpace(tuple(space)), (Objective("y", direction),), Method(method)
    )
    return Study("made", header, trials, Evaluations.empty(), CurvePoints.empty())


def with_curves(study: Study, curves: Mapping[int, Floats]) -> Study:
    """Return the study with a curve of its objective for some rows, a value for each step from 1."""
    rows = np.concatenate([np.full(len(curve), row) for row, curve in curves.items()])
    points = replace(
        CurvePoints.empty(len(rows)),
        trial=rows.astype(np.int64),
        step=np.concatenate([np.arange(1.0, len(curve) + 1) for curve in curves.values()]),
        value=np.concatenate(list(curves.values())),
    )
    return replace(study, header=replace(study.header, curve_names=("y",)), curves=points)


def with_looks(
    study: Study,
    rows: Sequence[int],
    values: ArrayLike,
    *,
    outcome: Outcome | Sequence[Outcome],
    **more: ArrayLike,
) -> Study:
    """Return the study with evaluations; each other argument is one value for all, or one for each.

    Args:
        study: The study.
        rows: Of the trials that were evaluated.
        values: Of the objective as seen then.
        outcome: What was decided.
        more: Other columns of the evaluations: `resource`, `rung`, `iteration`.
    """
    blank = Evaluations.empty(len(rows))
    given = {"value": values, "outcome": outcome, **more}
    columns = {
        name: np.broadcast_to(np.asarray(one), len(rows)).astype(getattr(blank, name).dtype)
        for name, one in given.items()
    }
    seen = replace(blank, trial=np.asarray(rows, dtype=np.int64), **columns)
    return replace(study, evaluations=seen)


def found(study: Study, rule: str) -> tuple[Finding, ...]:
    """Return what one rule says of a study."""
    return tuple(finding for finding in diagnose(study) if finding.rule == rule)


def only(study: Study, rule: str) -> Finding:
    """Return the one finding of a rule."""
    (finding,) = found(study, rule)
    return finding
