"""Evaluations told from learning curves: at rungs, at the end of generations, or at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hypertendril.model import Outcome, TrialState
from hypertendril.readers.drafts.draft import Look

_CLOSING = {
    TrialState.COMPLETE: Outcome.FINAL,
    TrialState.PRUNED: Outcome.DISCARDED,
    TrialState.FAILED: Outcome.DISCARDED,
}


@dataclass(frozen=True, slots=True)
class Course:
    """One trial's way: the leading objective at each step, in the order it was reported.

    Attributes:
        row: Row of the trial.
        state: How it ended, or where it stands.
        steps, values, times: Same length.
    """

    row: int
    state: TrialState
    steps: Sequence[float]
    values: Sequence[float]
    times: Sequence[float]

    @property
    def last(self) -> float:
        """The last step, 0 for none."""
        return self.steps[-1] if self.steps else 0.0

    def look(self, at: int, outcome: Outcome, resource: float | None = None) -> Look:
        """Return an evaluation with what was reported at position `at`."""
        spent = self.steps[at] if resource is None else resource
        return Look(self.row, self.values[at], outcome, resource=spent, time=self.times[at])

    @property
    def closing(self) -> Outcome:
        """The outcome of its last evaluation."""
        return _CLOSING.get(self.state, Outcome.PENDING)


def closing_look(course: Course) -> list[Look]:
    """Return one evaluation of a trial that was completed or stopped; none of others."""
    if not course.steps or course.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return []
    return [course.look(len(course.steps) - 1, course.closing)]


def rung_looks(course: Course, levels: Sequence[float], start: int) -> list[Look]:
    """Return one evaluation a rung the trial has reached.

    Args:
        course: The trial.
        levels: Resources of all rungs, lowest first.
        start: Position in `levels` of the rung its bracket begins with: rung 0 of the bracket.
    """
    looks = []
    for rung, level in enumerate(levels[start:]):
        if level > course.last:
            break
        at = max((i for i, step in enumerate(course.steps) if step <= level), default=0)
        outcome = Outcome.PROMOTED if course.last > level else course.closing
        look = course.look(at, outcome, level)
        look.bracket, look.rung = start, rung
        looks.append(look)
    has_ended = course.steps and course.state in (TrialState.COMPLETE, TrialState.PRUNED)
    if has_ended and (not looks or looks[-1].resource < course.last):
        look = closing_look(course)[0]  # it ended on its way to the next rung
        look.bracket, look.rung = start, len(looks)
        looks.append(look)
    return looks


def generation_looks(course: Course, interval: int) -> list[Look]:
    """Return one evaluation at the end of each generation the trial lived in."""
    last_of: dict[int, int] = {}
    for at, step in enumerate(course.steps):
        last_of[generation_of(step, interval)] = at
    looks = []
    for generation, at in last_of.items():
        is_last = at == len(course.steps) - 1
        look = course.look(at, course.closing if is_last else Outcome.SURVIVED)
        look.iteration = generation
        looks.append(look)
    return looks


def generation_of(step: float, interval: int) -> int:
    """Return the generation a step belongs to: steps 1 to `interval` are generation 0."""
    return max(0, math.ceil(step / interval) - 1) if math.isfinite(step) else 0


def by_time(looks: list[Look]) -> None:
    """Sort evaluations by time, those without one behind."""
    looks.sort(
        key=lambda look: (math.isnan(look.time), 0.0 if math.isnan(look.time) else look.time)
    )
