"""How many steps a study has trained, and whether its budget has room for more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypertendril.jobs.spec.budget import Budget
from hypertendril.model import Study, TrialState
from hypertendril.search import Assignment


class Spending:
    """Steps of all trials together.

    A trial counts as far as it reported to have come; where it never reports, as far as it
    was told to go, or as one step. One that was copied counts from where it was copied. So
    the count can be made again from what the store holds, and a study that was interrupted
    ends where it would have ended otherwise. (Of trials that never report and wait to go on,
    the store does not know how far they have come since the last look at them.)

    Args:
        budget: Its `total_steps` is the limit; `steps` the length of a full training.
        study: What earlier runs left.
        origin: Steps behind the checkpoint of another study that the first trial went on from.
    """

    def __init__(self, budget: Budget, study: Study, origin: int = 0) -> None:
        self._steps = budget.steps
        self.limit = budget.total_steps
        self._planned: dict[int, float] = {}
        self._heard_of = set(study.curves.trial.tolist())
        begun, reached = _begun(study, origin), _reached(study, budget.steps or 1)
        self._begun: dict[int, float] = {
            number: float(step) for number, step in enumerate(begun) if not math.isnan(step)
        }
        self._reached: dict[int, float] = {
            number: float(step) for number, step in enumerate(reached) if not math.isnan(step)
        }
        self.steps = float(np.nansum(np.maximum(reached - np.nan_to_num(begun), 0.0)))

    def has_room(self, task: Assignment) -> bool:
        """Return whether a segment can be trained without going beyond the limit."""
        if self.limit is None:
            return True
        return self.steps + sum(self._planned.values()) + self._length(task) <= self.limit

    def start(self, task: Assignment, from_step: int) -> None:
        """Set aside what a segment needs that begins at `from_step`: 0 for want of a checkpoint."""
        self._begun.setdefault(task.number, float(from_step))
        self._planned[task.number] = self._length(task)

    def report(self, number: int, step: float) -> None:
        """Note how far a trial has come."""
        self._heard_of.add(number)
        self._reach(number, step)

    def end(self, task: Assignment, *, is_complete: bool) -> None:
        """Note that a segment is over."""
        self._planned.pop(task.number, None)
        if is_complete and task.number not in self._heard_of:
            self._reach(task.number, task.from_step + self._length(task))

    def _length(self, task: Assignment) -> float:
        to_step = self._steps if task.to_step is None else task.to_step
        return 1.0 if to_step is None else float(to_step - task.from_step)

    def _reach(self, number: int, step: float) -> None:
        begun = self._begun[number]
        before = self._reached.get(number, begun)
        self._reached[number] = max(before, step)
        self.steps += max(0.0, step - max(before, begun))


def _reached(study: Study, whole: float) -> NDArray[np.float64]:
    """Return (n,) the furthest step of each trial, NaN for one that has not come anywhere."""
    last = np.full(len(study), -np.inf)
    np.maximum.at(last, study.curves.trial, study.curves.step)
    looks = study.evaluations
    is_silent = np.isinf(last)[looks.trial] & np.isfinite(looks.resource)
    np.maximum.at(last, looks.trial[is_silent], looks.resource[is_silent])
    is_whole = study.trials.state == TrialState.COMPLETE
    return np.where(np.isfinite(last), last, np.where(is_whole, whole, np.nan))


def _begun(study: Study, origin: int) -> NDArray[np.float64]:
    """Return (n,) the step each trial began at: where what it was copied from stood then.

    NaN for one of which nothing is known yet.
    """
    first = np.full(len(study), np.inf)
    np.minimum.at(first, study.curves.trial, study.curves.step)
    looks = study.evaluations
    np.minimum.at(first, looks.trial, np.nan_to_num(looks.resource, nan=np.inf))
    begun = np.zeros(len(study))
    if len(study) and first[0] > origin:  # else it began anew, for want of the checkpoint
        begun[0] = origin
    for number in np.flatnonzero(study.trials.parent >= 0):
        resources = looks.resource[looks.trial == study.trials.parent[number]]
        earlier = resources[resources < first[number]]
        begun[number] = earlier.max() if len(earlier) else 0.0
    begun[np.isinf(first)] = np.nan
    return begun
