"""Evaluations of an Optuna study: its rungs where a halving pruner left traces, else one a trial.

Optuna's successive halving and Hyperband write `completed_rung_K` = the value seen at rung K,
but neither the resource of a rung nor the bracket. Both follow from the learning curves: rungs lie
at `least * factor ** (bracket + K)`, so the pair (least, factor) is found under which the stored
values agree with the curves, and the bracket of a trial from how far it got.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Evaluations, Outcome, TrialState

FACTORS = range(
    2, 11
)  # reduction factors tried; Optuna's default is 4 for halving, 3 for Hyperband
SAMPLE = 2000  # rungs looked at while searching (least, factor)
ENOUGH = 0.9  # share of stored values that must agree with the curves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Reports:
    """Intermediate values of all trials, sorted by (row, step), each step once."""

    row: Ints
    step: Floats
    value: Floats

    def last(self, n: int) -> tuple[Floats, Floats]:
        """Return (n,) last step and its value of each trial; NaN for trials without reports."""
        step, value = np.full(n, np.nan), np.full(n, np.nan)
        step[self.row], value[self.row] = self.step, self.value  # the last one stays
        return step, value

    def first_at_or_after(self, row: Ints, level: Floats) -> tuple[Floats, Floats]:
        """Return step and value of the first report of `row` at `level` or later; NaN if none."""
        steps = np.unique(self.step)
        width = len(steps) + 1
        keys = self.row * width + np.searchsorted(steps, self.step)
        at = np.searchsorted(keys, row * width + np.searchsorted(steps, level))
        inside = at < len(keys)
        at = np.where(inside, at, 0)
        hit = inside & (self.row[at] == row)
        return np.where(hit, self.step[at], np.nan), np.where(hit, self.value[at], np.nan)


@dataclass(frozen=True)
class Rungs:
    """Rungs passed, sorted by (row, rung), with the resource they were passed at."""

    row: Ints
    rung: Ints
    value: Floats
    resource: Floats
    bracket: NDArray[np.int32]


@dataclass(frozen=True)
class Stored:
    """Rungs as Optuna stores them, sorted by (row, rung), beside the curves of the same trials.

    Attributes:
        row, rung, value: (r,) trial, number of the rung, value seen at it.
        n: Number of trials.
    """

    row: Ints
    rung: Ints
    value: Floats
    reports: Reports
    n: int

    def locate(self) -> Rungs:
        """Return the rungs with resource and bracket (NaN and -1 where the curves don't tell)."""
        resource = np.full(len(self.row), np.nan)
        bracket = np.full(len(self.row), -1, dtype=np.int32)
        if len(self.row) and len(self.reports.row):
            resource = self._first_equal()
            fit = self._best_fit()
            if fit is not None:
                step, own, agrees = self._placed(*fit)
                resource = np.where(agrees, step, resource)
                own -= own[agrees].min() if agrees.any() else 0
                bracket = np.where(agrees, own, -1).astype(np.int32)
        return Rungs(self.row, self.rung, self.value, resource, bracket)

    def _best_fit(self) -> tuple[int, int] | None:
        """Return (least, factor) that explains most rungs; None if none explains enough."""
        some = slice(0, SAMPLE)
        few = replace(self, row=self.row[some], rung=self.rung[some], value=self.value[some])
        best, found = ENOUGH, None
        for least, factor in _candidates(self.reports.last(self.n)[0][np.unique(few.row)]):
            share = float(few._placed(least, factor)[2].mean())  # noqa: SLF001 (its own class)
            if share > best + 1e-9:  # of equals the first: the smallest factor
                best, found = share, (least, factor)
        return found

    def _placed(self, least: int, factor: int) -> tuple[Floats, Ints, NDArray[np.bool_]]:
        """Return step, bracket and agreement of each rung if levels were least * factor ** k."""
        last = np.nan_to_num(self.reports.last(self.n)[0])
        highest = np.full(self.n, -1, dtype=np.int64)
        np.maximum.at(highest, self.row, self.rung)
        levels = [float(least)]
        while levels[-1] * factor <= last.max():
            levels.append(levels[-1] * factor)
        reached = np.searchsorted(np.array(levels), last, side="right") - 1
        bracket = (reached - highest)[self.row]
        position = bracket + self.rung
        valid = (bracket >= 0) & (position < len(levels))
        level = np.array(levels)[np.where(valid, position, 0)]
        step, seen = self.reports.first_at_or_after(self.row, level)
        same = (seen == self.value) | (np.isnan(seen) & np.isnan(self.value) & ~np.isnan(step))
        return step, bracket, valid & same

    def _first_equal(self) -> Floats:
        """Return the first step at which the trial reported exactly the value; NaN if never."""
        found = np.full(len(self.row), np.nan)
        reports = self.reports
        starts = np.searchsorted(reports.row, self.row).tolist()
        ends = np.searchsorted(reports.row, self.row, side="right").tolist()
        for i, (a, b) in enumerate(zip(starts, ends, strict=True)):
            hits = np.flatnonzero(reports.value[a:b] == self.value[i])
            if len(hits):
                found[i] = reports.step[a + hits[0]]
        return found


def _candidates(last_steps: Floats) -> list[tuple[int, int]]:
    """Return (least, factor) whose levels hold the commonest last steps."""
    whole = last_steps[np.isfinite(last_steps) & (last_steps >= 1) & (last_steps < 2**31)]
    levels, counts = np.unique(whole.astype(np.int64), return_counts=True)
    common = levels[np.argsort(-counts, kind="stable")][:4].tolist()
    found: dict[tuple[int, int], None] = {}
    for factor in FACTORS:
        for level in common:
            least = level
            found[least, factor] = None
            while least % factor == 0:
                least //= factor
                found[least, factor] = None
    return list(found)


@dataclass(frozen=True)
class Ends:
    """How the trials ended: (n,) state, leading objective, start and end."""

    state: NDArray[np.int8]
    objective: Floats
    started: Floats
    ended: Floats
    generation: NDArray[np.int32]


def evaluations(ends: Ends, rungs: Rungs, reports: Reports) -> Evaluations:
    """Return the rungs a trial passed (promoted) and how it ended (final or discarded), by time.

    A trial still running, waiting or failed has no closing evaluation. Only closings have a time.
    """
    n = len(ends.state)
    last_step, last_value = reports.last(n)
    closing = (ends.state == TrialState.COMPLETE) | (ends.state == TrialState.PRUNED)
    highest, top_resource = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    highest[rungs.row], top_resource[rungs.row] = rungs.rung, rungs.resource
    # A trial that ended on a rung is closed there; one that went on is closed one rung higher.
    ended_on_rung = closing & (highest >= 0) & ~(last_step > top_resource)
    is_end = (rungs.rung == highest[rungs.row]) & ended_on_rung[rungs.row]
    rows = np.flatnonzero(closing & ~ended_on_rung)
    complete = ends.state == TrialState.COMPLETE
    outcome = np.where(complete, Outcome.FINAL, Outcome.DISCARDED)
    use_objective = complete | np.isnan(last_step)
    ended_with = np.where(use_objective, ends.objective, last_value)
    bracket = np.full(n, -1, dtype=np.int32)
    bracket[rungs.row] = rungs.bracket
    trial = np.concatenate([rungs.row, rows])
    rung = np.concatenate([rungs.rung, np.where(highest >= 0, highest + 1, -1)[rows]])
    at_rungs = np.where(is_end, outcome[rungs.row], Outcome.PROMOTED)
    time = np.concatenate([np.where(is_end, ends.ended[rungs.row], np.nan), ends.ended[rows]])
    found = Evaluations(
        trial=trial,
        iteration=ends.generation[trial],
        bracket=bracket[trial],
        rung=rung.astype(np.int32),
        resource=np.concatenate([rungs.resource, last_step[rows]]),
        value=np.concatenate([rungs.value, ended_with[rows]]),
        outcome=np.concatenate([at_rungs, outcome[rows]]).astype(np.int8),
        time=time,
    )
    return _in_order(found, ends, last_step)


def _in_order(found: Evaluations, ends: Ends, last_step: Floats) -> Evaluations:
    """Return the evaluations by the time they happened, as well as start, end and resource tell."""
    t = found.trial
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip(found.resource / last_step[t], 0.0, 1.0)
        part = np.where(np.isfinite(part), part, 1.0)
        guess = ends.started[t] + part * (ends.ended[t] - ends.started[t])
    moment = np.where(np.isfinite(guess), guess, ends.started[t])
    moment = np.where(np.isfinite(moment), moment, np.inf)
    order = np.lexsort((found.rung, t, moment))
    return Evaluations(**{name: column[order] for name, column in vars(found).items()})
