"""Trials, evaluations and curve points as columns.

Rows are appended and never moved, so a row index is a trial's identity inside its study.
A snapshot is a set of views of the arrays; nothing here copies a column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class TrialState(IntEnum):
    """Where a trial stands. The numbers are written to disk: never change one."""

    WAITING = 0
    RUNNING = 1
    COMPLETE = 2
    PRUNED = 3
    FAILED = 4


class Outcome(IntEnum):
    """What the method decided after an evaluation. The numbers are written to disk: never change one."""

    PENDING = 0
    PROMOTED = 1
    SURVIVED = 2
    DISCARDED = 3
    FINAL = 4


@dataclass(frozen=True)
class Trials:
    """One row a trial.

    Attributes:
        number: (n,) int64, the framework's own number of the trial.
        state: (n,) int8, a `TrialState`.
        values: (n, d) float64, parameters in the order of the space; codes for choices,
            NaN where inactive or unknown.
        objectives: (n, m) float64 in the order of the study's objectives; NaN where there
            is none yet, inf kept.
        metrics: (n, k) float64 in the order of `Study.metric_names`; NaN where absent.
        parent: (n,) int64, row of the trial this one was forked from, -1 for none.
        bracket: (n,) int32, bracket or generation the trial was started in, -1 for none.
        started, ended: (n,) float64, POSIX seconds UTC, NaN where unknown.
        violation: (n,) float64, sum of constraint violations: above 0 is infeasible,
            NaN where the study has no constraints.
        notes: Row to a short text about it (why it failed, say); few rows have one.
    """

    number: NDArray[np.int64]
    state: NDArray[np.int8]
    values: NDArray[np.float64]
    objectives: NDArray[np.float64]
    metrics: NDArray[np.float64]
    parent: NDArray[np.int64]
    bracket: NDArray[np.int32]
    started: NDArray[np.float64]
    ended: NDArray[np.float64]
    violation: NDArray[np.float64]
    notes: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.number)

    @classmethod
    def empty(cls, n: int, n_parameters: int, n_objectives: int, n_metrics: int) -> Trials:
        """Return `n` blank rows numbered from 0: waiting, no values, no parent."""
        return cls(
            number=np.arange(n, dtype=np.int64),
            state=np.zeros(n, dtype=np.int8),
            values=np.full((n, n_parameters), np.nan),
            objectives=np.full((n, n_objectives), np.nan),
            metrics=np.full((n, n_metrics), np.nan),
            parent=np.full(n, -1, dtype=np.int64),
            bracket=np.full(n, -1, dtype=np.int32),
            started=np.full(n, np.nan),
            ended=np.full(n, np.nan),
            violation=np.full(n, np.nan),
        )


@dataclass(frozen=True)
class Evaluations:
    """One row each time the method looked at a trial, in the order it happened.

    Attributes:
        trial: (e,) int64 row of the trial.
        iteration: (e,) int32 the method's own count (generation, round); -1 for none.
        bracket, rung: (e,) int32; -1 for none. The lowest rung is 0.
        resource: (e,) float64 spent on the trial so far, in the study's unit (epochs, say).
        value: (e,) float64 first objective as seen then; NaN kept.
        outcome: (e,) int8 an `Outcome`.
        time: (e,) float64 POSIX seconds UTC; NaN where unknown.
    """

    trial: NDArray[np.int64]
    iteration: NDArray[np.int32]
    bracket: NDArray[np.int32]
    rung: NDArray[np.int32]
    resource: NDArray[np.float64]
    value: NDArray[np.float64]
    outcome: NDArray[np.int8]
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.trial)

    @classmethod
    def empty(cls, n: int = 0) -> Evaluations:
        """Return `n` blank rows, all of trial row 0 and pending."""
        return cls(
            trial=np.zeros(n, dtype=np.int64),
            iteration=np.full(n, -1, dtype=np.int32),
            bracket=np.full(n, -1, dtype=np.int32),
            rung=np.full(n, -1, dtype=np.int32),
            resource=np.full(n, np.nan),
            value=np.full(n, np.nan),
            outcome=np.zeros(n, dtype=np.int8),
            time=np.full(n, np.nan),
        )


@dataclass(frozen=True)
class CurvePoints:
    """Learning-curve points, in the order they arrived; any mix of trials and metrics.

    A later point of the same trial, metric and step replaces the earlier one: a trial
    that is run again after a crash reports its first steps twice.

    Attributes:
        trial: (p,) int64 row of the trial.
        metric: (p,) int16 position in `Study.curve_names`.
        step: (p,) float64 step or epoch.
        value: (p,) float64; NaN and inf kept.
    """

    trial: NDArray[np.int64]
    metric: NDArray[np.int16]
    step: NDArray[np.float64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.trial)

    @classmethod
    def empty(cls, n: int = 0) -> CurvePoints:
        """Return `n` blank points of trial row 0, metric 0, step 0."""
        return cls(
            trial=np.zeros(n, dtype=np.int64),
            metric=np.zeros(n, dtype=np.int16),
            step=np.zeros(n),
            value=np.full(n, np.nan),
        )

    @cached_property
    def _by_curve(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Order that sorts points by (trial, metric, step, arrival), and the sorted curve keys."""
        order = np.lexsort((np.arange(len(self)), self.step, self.metric, self.trial))
        return order, self._key(self.trial[order], self.metric[order])

    @staticmethod
    def _key(trial: NDArray[np.int64], metric: NDArray[np.int16]) -> NDArray[np.int64]:
        return trial * (1 << 16) + metric

    def of(self, trial: int, metric: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return steps (ascending, each once) and values of one curve; empty arrays if it has no points.

        The first call sorts all points, O(p log p); each call after it is O(log p + length).
        """
        order, keys = self._by_curve
        key = trial * (1 << 16) + metric
        rows = order[np.searchsorted(keys, key, "left") : np.searchsorted(keys, key, "right")]
        step, value = self.step[rows], self.value[rows]
        last = np.append(step[1:] != step[:-1], True) if len(step) else np.zeros(0, dtype=bool)
        return step[last], value[last]
