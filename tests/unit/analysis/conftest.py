from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

UNIT = Parameter("x", ParameterKind.FLOAT, 0.0, 1.0)


def build_study(
    objective: ArrayLike = (),
    *,
    space: tuple[Parameter, ...] = (UNIT,),
    maximize: bool = True,
    evaluations: Sequence[tuple[float, ...]] = (),
    times: tuple[list[float], list[float]] | None = None,
    **columns: Any,
) -> Study:
    """A study from short columns; evaluations are (trial, iteration, bracket, rung, value, outcome)."""
    scores = np.asarray(objective, dtype=np.float64)
    direction = Direction.MAXIMIZE if maximize else Direction.MINIMIZE
    trials = Trials.empty(len(scores), len(space), 1, 0)
    trials.objectives[:, 0] = scores
    started, ended = times or (np.nan, np.nan)
    filled = {"values": 0.5, "state": TrialState.COMPLETE, "started": started, "ended": ended}
    for name, column in (filled | columns).items():
        getattr(trials, name)[:] = column
    header = StudyHeader("hand-made", SearchSpace(space), (Objective("accuracy", direction),))
    return Study("hand", header, trials, _evaluations(evaluations), CurvePoints.empty())


def _evaluations(rows: Sequence[tuple[float, ...]]) -> Evaluations:
    seen = Evaluations.empty(len(rows))
    names = ("trial", "iteration", "bracket", "rung", "value", "outcome")
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        getattr(seen, name)[:] = column
    return seen


@pytest.fixture
def study_of() -> Callable[..., Study]:
    return build_study


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
