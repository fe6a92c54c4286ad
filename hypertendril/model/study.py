"""A study: the search space, what was to be optimised, how, and everything that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model.columns import CurvePoints, Evaluations, Trials, TrialState
from hypertendril.model.space import SearchSpace


class Direction(StrEnum):
    """Which way an objective is better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    @property
    def sign(self) -> float:
        """+1 where more is better, -1 where less is: `sign * value` grows with quality."""
        return 1.0 if self is Direction.MAXIMIZE else -1.0


@dataclass(frozen=True, slots=True)
class Objective:
    """A number to be optimised."""

    name: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Method:
    """The search method and its settings; the name is `unknown` where nothing tells."""

    name: str = "unknown"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something a reader had to leave out, and why; or had to guess, and what it took.

    Attributes:
        line: Where in the file, None where that says nothing.
        is_guess: Whether it is a guess of the objective or its direction that somebody may correct.
    """

    file: str
    reason: str
    line: int | None = None
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class StudyHeader:
    """All of a study that does not grow with its trials.

    Attributes:
        name: What its owner called it; not unique.
        objectives: At least one; the first is the one colours show.
        metric_names: Columns of `Trials.metrics`.
        curve_names: Metrics that have curves; `CurvePoints.metric` points into it.
        framework: Who wrote it: `optuna`, `hypertendril`, `generic` ...
        source: File, folder or URL it was read from (passwords masked), None if made here.
        refined_from: Store id of the study whose space this one narrows, None for none.
        attributes: Anything else its owner recorded, JSON values only.
        skipped: What the reader left out.
    """

    name: str
    space: SearchSpace
    objectives: tuple[Objective, ...]
    method: Method = field(default_factory=Method)
    metric_names: tuple[str, ...] = ()
    curve_names: tuple[str, ...] = ()
    framework: str = "hypertendril"
    source: str | None = None
    refined_from: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Study:
    """A consistent picture of one study at one moment.

    Attributes:
        id: Its key in the store.
        version: Grows by at least one with every change; equal versions mean equal content.
    """

    id: str
    header: StudyHeader
    trials: Trials
    evaluations: Evaluations
    curves: CurvePoints
    version: int = 0

    @property
    def name(self) -> str:
        """What its owner called it."""
        return self.header.name

    @property
    def space(self) -> SearchSpace:
        """The declared search space."""
        return self.header.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives, the leading one first."""
        return self.header.objectives

    def __len__(self) -> int:
        return len(self.trials)

    def counts(self) -> dict[TrialState, int]:
        """Return how many trials stand in each state; every state is a key."""
        found = np.bincount(self.trials.state, minlength=len(TrialState))
        return {state: int(found[state]) for state in TrialState}

    def has_forks(self) -> bool:
        """Return whether trials went on from what others had learned.

        A failed trial has taught nothing: who tries its values again has it for a parent, no more.
        """
        parent = self.trials.parent
        return bool((self.trials.state[parent[parent >= 0]] != TrialState.FAILED).any())

    def scored(self, objective: int = 0) -> NDArray[np.bool_]:
        """Return (n,) where a trial is complete, feasible and has a finite value of `objective`."""
        trials = self.trials
        complete = trials.state == TrialState.COMPLETE
        scored: NDArray[np.bool_] = complete & np.isfinite(trials.objectives[:, objective])
        return scored & ~(trials.violation > 0)

    def best(self, objective: int = 0) -> int | None:
        """Return the row of the best scored trial, the earliest of equals; None if none is."""
        rows = np.flatnonzero(self.scored(objective))
        if not len(rows):
            return None
        quality = (
            self.objectives[objective].direction.sign * self.trials.objectives[rows, objective]
        )
        return int(rows[np.argmax(quality)])

    def column(self, key: str) -> NDArray[np.float64]:
        """Return (n,) float64, the column of a key.

        Args:
            key: `param:NAME`, `objective:NAME`, `metric:NAME` or `number`.

        Raises:
            KeyError: The study has no such column.
        """
        group, _, name = key.partition(":")
        if group == "param" and name in self.space:
            return self.trials.values[:, self.space.index(name)]
        if group == "objective":
            for i, objective in enumerate(self.objectives):
                if objective.name == name:
                    return self.trials.objectives[:, i]
        if group == "metric" and name in self.header.metric_names:
            return self.trials.metrics[:, self.header.metric_names.index(name)]
        if key == "number":
            return self.trials.number.astype(np.float64)
        raise KeyError(key)

    def measured(self, name: str) -> NDArray[np.float64]:
        """Return (n,) float64, the objective or metric `name`; NaN where the study has neither."""
        for key in (f"objective:{name}", f"metric:{name}"):
            try:
                return self.column(key)
            except KeyError:
                continue
        return np.full(len(self), np.nan)

    def params(self, row: int) -> dict[str, Any]:
        """Return the active parameters of trial `row` as the user wrote them."""
        values = self.trials.values[row]
        return {
            parameter.name: parameter.decode(float(value))
            for parameter, value in zip(self.space, values, strict=True)
            if not np.isnan(value)
        }
