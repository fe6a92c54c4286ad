"""A study as the rules of the diagnosis look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Study, TrialState


@dataclass(frozen=True)
class Case:
    """A study with what several rules need of it, each computed once."""

    study: Study

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """(s,) rows of the scored trials, in the order of their numbers."""
        rows = np.flatnonzero(self.study.scored())
        return rows[np.argsort(self.study.trials.number[rows], kind="stable")]

    @cached_property
    def quality(self) -> NDArray[np.float64]:
        """(s,) leading objective of `rows`; more is better."""
        values: NDArray[np.float64] = self.study.trials.objectives[self.rows, 0]
        return self.sign * values

    @property
    def sign(self) -> float:
        """+1 where more of the leading objective is better, else -1."""
        return self.study.objectives[0].direction.sign

    @property
    def is_comparable(self) -> bool:
        """Whether one number tells which trial is better, and no trial went on from another."""
        return len(self.study.objectives) == 1 and not self.study.has_forks()

    @cached_property
    def unit(self) -> NDArray[np.float64]:
        """(n, d) values of all trials in [0, 1] in the declared scale; NaN where inactive."""
        values = self.study.trials.values
        columns = [p.to_unit(values[:, k]) for k, p in enumerate(self.study.space)]
        return np.column_stack(columns) if columns else np.empty((len(values), 0))

    @cached_property
    def first_look(self) -> NDArray[np.float64]:
        """(n,) resource after which the method first decided about each trial; NaN if it never did."""
        seen = self.study.evaluations
        first = np.full(len(self.study), np.inf)
        known = np.isfinite(seen.resource)
        np.minimum.at(first, seen.trial[known], seen.resource[known])
        first[np.isinf(first)] = np.nan
        return first

    @cached_property
    def full(self) -> float:
        """The most any trial was given; NaN where the study does not tell."""
        known = self.study.evaluations.resource
        known = known[np.isfinite(known)]
        return float(known.max()) if len(known) else np.nan

    @cached_property
    def curve(self) -> int | None:
        """Position of the leading objective among the curves, None where it has none."""
        names = self.study.header.curve_names
        name = self.study.objectives[0].name
        return names.index(name) if name in names else None

    def curve_of(self, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return steps and quality of the leading objective's curve of a trial, finite ones alone."""
        if self.curve is None:
            return np.empty(0), np.empty(0)
        step, value = self.study.curves.of(row, self.curve)
        known = np.isfinite(value)
        return step[known], self.sign * value[known]

    @cached_property
    def founder(self) -> NDArray[np.int64]:
        """(n,) row of the trial at the beginning of each trial's line; a circle ends anywhere in it."""
        n = len(self.study)
        parent = self.study.trials.parent
        has_parent = (parent >= 0) & (parent < n)
        above = np.where(has_parent, parent, np.arange(n))
        for _ in range(max(n, 2).bit_length()):
            above = above[above]
        return above

    def rows_in(self, *states: TrialState) -> NDArray[np.int64]:
        """Return the rows of trials in any of `states`."""
        return np.flatnonzero(np.isin(self.study.trials.state, states))
