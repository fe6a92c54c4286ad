"""Small studies whose every number follows from its row, and stores on disk and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    Skipped,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.store import ExperimentStore

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-5, 0.1, log=True),
        Parameter("layers", ParameterKind.INT, 1, 8),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("adam", True, 1, None)),
    )
)


@pytest.fixture
def header() -> StudyHeader:
    return StudyHeader(
        name="digits",
        space=SPACE,
        objectives=(Objective("accuracy", Direction.MAXIMIZE),),
        method=Method("random", {"startup": 10, "nested": {"a": [1, None, True]}}),
        metric_names=("size", "seconds"),
        curve_names=("accuracy", "loss"),
        source="mem://here",
        refined_from="abc",
        attributes={"owner": "Zoë \ud800", "tags": ["x"]},
        skipped=(Skipped("a.json", "half a line", 3),),
    )


@pytest.fixture
def trials() -> Callable[..., Trials]:
    """Return `n` complete trials; the numbers of row r follow from r."""

    def make(n: int, first: int = 0, *, state: TrialState = TrialState.COMPLETE) -> Trials:
        made = Trials.empty(n, 3, 1, 2)
        row = np.arange(first, first + n)
        made.number[:] = 1000 + row
        made.state[:] = state
        made.values[:] = np.column_stack((1e-5 * (row + 1), row % 8 + 1, row % 4))
        made.objectives[:, 0] = np.sin(row)
        made.metrics[:, 0] = row * 10
        made.parent[:] = row - 1
        made.started[:] = 1.7e9 + row
        return made

    return make


@pytest.fixture
def evaluations() -> Callable[..., Evaluations]:
    """Return two evaluations of each of `n` trials."""

    def make(n: int, first: int = 0) -> Evaluations:
        made = Evaluations.empty(2 * n)
        made.trial[:] = np.repeat(np.arange(first, first + n), 2)
        made.rung[:] = np.tile([0, 1], n)
        made.value[:] = made.trial / 7
        made.outcome[:] = Outcome.PROMOTED
        return made

    return make


@pytest.fixture
def points() -> Callable[..., CurvePoints]:
    """Return points of one curve at some steps; value = step / 10 unless told."""

    def make(trial: int, metric: int, steps: object, values: object = None) -> CurvePoints:
        step = np.asarray(steps, dtype=np.float64)
        value = step / 10 if values is None else np.asarray(values, dtype=np.float64)
        return CurvePoints(
            np.full(len(step), trial, dtype=np.int64),
            np.full(len(step), metric, dtype=np.int16),
            step,
            value,
        )

    return make


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ExperimentStore]:
    """Both kinds of store keep the same promises, except to outlive the process."""
    with ExperimentStore.open(tmp_path / "store" if request.param == "disk" else None) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def assert_same() -> Callable[[Study, Study], None]:
    """Compare two studies column by column, NaN equal to NaN, without id and version."""

    def compare(one: Study, other: Study) -> None:
        assert one.header == other.header
        for part in ("trials", "evaluations", "curves"):
            first, second = vars(getattr(one, part)), vars(getattr(other, part))
            for name in [key for key in first if not key.startswith("_")]:
                np.testing.assert_array_equal(first[name], second[name], err_msg=f"{part}.{name}")

    return compare
