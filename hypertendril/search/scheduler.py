"""The seam between methods and what runs them: which segment of which trial comes next.

A method that trains each trial in one go (random search, TPE) only has to choose values, see
`method.py`. One that looks at trials on the way also says where to stop, who goes on, and
who is copied: it is a `Scheduler`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hypertendril.model import Choice, Outcome, TrialState

Quality = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be run next: a new trial, one that goes on, or a copy of one with other values.

    Attributes:
        number: Number of the trial; new ones are counted on without gaps.
        values: Its active parameters as the user writes them.
        from_step: Steps that are done already, by the trial itself or by `parent`.
        to_step: Steps that shall be done at the end; None for a whole training in one go.
        parent: The trial whose checkpoint at `from_step` a new trial begins with; None for none.
        bracket: Bracket or generation the trial was started in, -1 for none.
        remarks: How a new trial was chosen, as metrics of it.
    """

    number: int
    values: Mapping[str, Choice]
    from_step: int = 0
    to_step: int | None = None
    parent: int | None = None
    bracket: int = -1
    remarks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """Where a trial stands, or how a segment of it ended.

    Attributes:
        state: COMPLETE where it came to its end, else FAILED, or PRUNED by its own code; RUNNING
            while it is under way.
        objectives: One value an objective, NaN where it has none; None for no result.
        violation: Sum of constraint violations; above 0 is infeasible.
    """

    state: TrialState
    objectives: Sequence[float] | None = None
    violation: float = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether something may still come of it."""
        return self.state in (TrialState.RUNNING, TrialState.WAITING)

    @property
    def is_scored(self) -> bool:
        """Whether there is something to learn: infinite is (very good or very bad), NaN is not."""
        return (
            self.state is TrialState.COMPLETE
            and self.objectives is not None
            and not any(map(math.isnan, self.objectives))
        )

    def quality(self, sign: float) -> Quality | None:
        """Return what is greater for the better trial (as `quality_of`)."""
        value = None if self.objectives is None else self.objectives[0]
        return quality_of(value, sign, self.violation)


@dataclass(frozen=True, slots=True)
class Look:
    """What the method decided about a trial on seeing its latest value.

    Attributes:
        resource: Steps the trial had done then; NaN leaves it to what the trial reported.
        iteration, bracket, rung: As in `Evaluations`.
    """

    number: int
    outcome: Outcome
    resource: float = math.nan
    iteration: int = -1
    bracket: int = -1
    rung: int = -1


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trial as an earlier run of the study left it.

    Attributes:
        objectives: Its latest values, NaN where it has none.
        violation: The latest sum of its constraint violations; above 0 is infeasible.
        looks: The leading objective and the outcome at each look so far, in order.
    """

    number: int
    values: Mapping[str, Choice]
    state: TrialState
    objectives: tuple[float, ...]
    looks: tuple[tuple[float, Outcome], ...] = ()
    violation: float = 0.0

    def has_result(self, k: int) -> bool:
        """Return whether the segment before look `k` (from 0) came to its end."""
        return len(self.looks) > k or (
            len(self.looks) == k and self.state is not TrialState.RUNNING
        )

    def result(self, k: int) -> float | None:
        """Return the leading objective at look `k`; None where the trial failed, or gave up, before it."""
        if len(self.looks) > k:
            return self.looks[k][0]
        has_none = self.state in (TrialState.FAILED, TrialState.PRUNED)
        return None if has_none else self.objectives[0]

    def outcome(self, k: int) -> Outcome:
        """Return what was decided at look `k`, PENDING where nothing was."""
        return self.looks[k][1] if len(self.looks) > k else Outcome.PENDING


class Scheduler(Protocol):
    """Says which segment comes next, and what became of the trials it looked at.

    What is asked depends only on the seed and on what was told: a study that was interrupted
    and recalled goes on as if nothing had been.
    """

    def ask(self) -> Assignment | None:
        """Return the next segment, running from now on; None where a result must come first.

        None while nothing is running means that the study is over.
        """
        ...

    def tell(self, number: int, result: Result) -> list[Look]:
        """Take note of how the segment of trial `number` ended; return what follows from it.

        A trial that nothing was decided about waits.
        """
        ...

    def recall(self, history: Sequence[Recorded]) -> None:
        """Take up a study where it was left, once, before anything is asked.

        Args:
            history: All trials, by number from 0 without gaps. One that is RUNNING is asked
                for again.
        """
        ...


def quality_of(objective: float | None, sign: float, violation: float = 0.0) -> Quality | None:
    """Return what is greater for the better trial; None where there is nothing to compare.

    Any feasible trial is better than any infeasible one, and of those the one that violates less.

    Source: Deb, An efficient constraint handling method for genetic algorithms (2000).
    """
    if objective is None or math.isnan(objective):
        return None
    return (-max(violation, 0.0), sign * objective)


def ranked(qualities: Mapping[int, Quality | None]) -> list[int]:
    """Return the numbers of trials that have a quality, best first, the earlier of equals first."""
    known = [(quality, -number) for number, quality in qualities.items() if quality is not None]
    return [-number for _, number in sorted(known, reverse=True)]
