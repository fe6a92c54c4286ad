"""Asynchronous successive halving: trials are promoted as soon as enough others are worse."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

from hypertendril.model import Choice, Outcome, TrialState
from hypertendril.search.ladder import LADDER_SETTINGS, repeats, rungs
from hypertendril.search.method import MethodInfo
from hypertendril.search.random import RandomSearch
from hypertendril.search.scheduler import (
    Assignment,
    Look,
    Quality,
    Recorded,
    Result,
    quality_of,
)
from hypertendril.search.setup import Setup
from hypertendril.search.starting import ToldBefore

_Place = tuple[Quality, int]


class AsyncHalving:
    """Nobody waits for a whole rung: whoever is among the best 1/eta of its rung goes on.

    A trial that was not promoted may still be, when worse ones have come in; so it waits, and
    is discarded when nothing more can come. Which trials are promoted depends on the order of
    results, which is why promotions are recorded and not worked out again on recall.

    What earlier trials came to after the steps of a rung stands in it from the beginning: new
    ones have to be among the best of all. None of them goes on itself.

    Source: Li et al., A system for massively parallel hyperparameter tuning (MLSys 2020).
    """

    def __init__(self, setup: Setup) -> None:
        self._eta: int = setup.settings["eta"]
        self._resources = rungs(setup.settings, setup.limits)
        self._proposer = RandomSearch(setup)
        self._sign = setup.sign
        self._limit = setup.limits.trials
        self._values: list[Mapping[str, Choice]] = []
        self._rung: list[int] = []
        self._opening = setup.opening(repeats(setup.settings, setup.limits))
        self._objectives: list[dict[int, float | None]] = [{} for _ in self._resources]
        self._violations: dict[int, float] = {}  # the latest, also for earlier rungs
        self._standings: list[list[_Place]] = [[] for _ in self._resources]  # the best last
        self._promoted: list[set[int]] = [set() for _ in self._resources]
        self._queue: list[int] = []
        self._running: set[int] = set()
        for told in setup.told_before():
            self._compare_with(told)

    def _compare_with(self, told: ToldBefore) -> None:
        """Let the looks at an earlier trial stand in the rungs they were taken at."""
        self._violations[told.number] = told.violation
        for steps, value in told.looks:
            if steps in self._resources:
                self._stand(self._resources.index(int(steps)), told.number, value)

    def ask(self) -> Assignment | None:
        """Return a promoted trial, the furthest first, else a new one."""
        if self._queue:
            number = max(self._queue, key=lambda n: (self._rung[n], -n))
            self._queue.remove(number)
        elif len(self._values) < self._limit:
            number = len(self._values)
            self._values.append(self._opening.values(number, self._proposer.ask(number)))
            self._rung.append(0)
        else:
            return None
        self._running.add(number)
        k = self._rung[number]
        start = self._resources[k - 1] if k else 0
        return Assignment(number, self._values[number], start, self._resources[k], bracket=0)

    def tell(self, number: int, result: Result) -> list[Look]:
        """Note a result; say who is promoted for it, and in the end who is discarded."""
        self._running.discard(number)
        k = self._rung[number]
        self._move(number, result.violation)
        self._stand(k, number, None if result.objectives is None else result.objectives[0])
        looks = []
        if k == len(self._resources) - 1:
            looks = [self._look(number, Outcome.FINAL)] if self._has_value(number, k) else []
        else:
            for lucky in self._promotable(k):
                looks.append(self._look(lucky, Outcome.PROMOTED))
                self._promote(lucky)
        return looks + self._closing()

    def recall(self, history: Sequence[Recorded]) -> None:
        """Take up results and promotions as they were recorded."""
        for trial in history:
            self._values.append(trial.values)
            self._rung.append(0)
            self._violations[trial.number] = trial.violation
            promotions = [o for _, o in trial.looks if o is Outcome.PROMOTED]
            for k in range(len(promotions) + 1):
                if trial.has_result(k):
                    self._stand(k, trial.number, trial.result(k))
                if k < len(promotions):
                    self._promote(trial.number)
            if trial.state is not TrialState.RUNNING and trial.number in self._queue:
                self._queue.remove(trial.number)
            elif trial.state is TrialState.RUNNING and trial.number not in self._queue:
                self._queue.append(trial.number)

    def _stand(self, k: int, number: int, value: float | None) -> None:
        """Let a result, None for a failure, stand at rung `k`."""
        self._objectives[k][number] = value
        place = self._place(k, number)
        if place is not None:
            insort(self._standings[k], place)

    def _move(self, number: int, violation: float) -> None:
        """Note the latest violation of a trial; its earlier results stand where that puts them."""
        if self._violations.get(number) != violation:
            rungs_before = [k for k, found in enumerate(self._objectives) if number in found]
            places = [(k, place) for k in rungs_before if (place := self._place(k, number))]
            self._violations[number] = violation
            for k, place in places:
                self._standings[k].pop(bisect_left(self._standings[k], place))
                self._stand(k, number, self._objectives[k][number])

    def _place(self, k: int, number: int) -> _Place | None:
        violation = self._violations.get(number, 0.0)
        quality = quality_of(self._objectives[k].get(number), self._sign, violation)
        return None if quality is None else (quality, -number)  # of equals the earlier is better

    def _promotable(self, k: int) -> list[int]:
        """Return who is among the best 1/eta of a rung and was not promoted, the best first."""
        standing = self._standings[k]
        count = min(len(self._objectives[k]) // self._eta, len(standing))
        best = (-place for _, place in reversed(standing[len(standing) - count :]))
        return [n for n in best if n >= 0 and n not in self._promoted[k]]

    def _promote(self, number: int) -> None:
        self._promoted[self._rung[number]].add(number)
        self._rung[number] += 1
        if number not in self._queue:
            self._queue.append(number)

    def _closing(self) -> list[Look]:
        """Return the end of all that wait, once nothing more can promote them."""
        if self._queue or self._running or len(self._values) < self._limit:
            return []
        top = len(self._resources) - 1
        return [
            self._look(number, Outcome.DISCARDED)
            for number, k in enumerate(self._rung)
            if k < top and self._has_value(number, k)
        ]

    def _has_value(self, number: int, k: int) -> bool:
        return quality_of(self._objectives[k].get(number), self._sign) is not None

    def _look(self, number: int, outcome: Outcome) -> Look:
        k = self._rung[number]
        return Look(number, outcome, self._resources[k], 0, 0, k)


METHOD = MethodInfo(
    name="asha",
    title="ASHA",
    text="Successive halving that never waits: made for many workers.",
    settings=LADDER_SETTINGS,
    schedule=AsyncHalving,
    repeats=repeats,
)
