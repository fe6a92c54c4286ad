"""Successive halving, bracket after bracket: who starts, who goes on, who is discarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from hypertendril.model import Choice, Outcome
from hypertendril.search.ladder import Bracket
from hypertendril.search.random import RandomSearch
from hypertendril.search.scheduler import (
    Assignment,
    Look,
    Quality,
    Recorded,
    Result,
    quality_of,
    ranked,
)
from hypertendril.search.setup import Setup
from hypertendril.search.starting import Opening


class Proposer(Protocol):
    """Chooses the values trials begin with."""

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        ...

    def remarks(self, number: int) -> Mapping[str, float]:
        """Return how the values last asked for, those of trial `number`, were chosen."""
        ...

    def learn(
        self, number: int, values: Mapping[str, Choice], resource: int, quality: Quality | None
    ) -> None:
        """Take note of a result: more quality is better, None is a failure."""
        ...


class AtRandom(RandomSearch):
    """Random values, whatever was learnt."""

    def remarks(self, number: int) -> Mapping[str, float]:
        """Return nothing: there is no choice."""
        del number
        return {}

    def learn(
        self, number: int, values: Mapping[str, Choice], resource: int, quality: Quality | None
    ) -> None:
        """Learn nothing."""


@dataclass
class _Race:
    """A bracket under way.

    Attributes:
        queue: Trials that are to be run to the present rung and were not asked for yet.
        qualities: Results at the present rung.
    """

    index: int
    plan: Bracket
    rung: int = 0
    started: int = 0
    queue: list[int] = field(default_factory=list)
    qualities: dict[int, Quality | None] = field(default_factory=dict)
    entrants: int = 0

    @property
    def is_full(self) -> bool:
        """Whether all trials the bracket begins with were started."""
        return self.started == self.plan.counts[0]

    @property
    def is_decided(self) -> bool:
        """Whether all results of the present rung are in."""
        return self.entrants > 0 and len(self.qualities) == self.entrants

    @property
    def is_top(self) -> bool:
        """Whether the present rung is the last."""
        return self.rung == len(self.plan.resources) - 1


class Races:
    """Runs brackets one after the other; while one waits for its last results, the next begins.

    Within a rung the trials with the best values are promoted once all results are in.
    Equal values go to the earlier trial; failed trials (NaN among them) never go on.

    Args:
        setup: Says what is better, and `eta` of the brackets.
        plans: Brackets, repeated in this order until the job has its trials; the last one is
            smaller where fewer are left.
        proposer: Of the values, but for those `opening` knows.
    """

    def __init__(
        self, setup: Setup, plans: Sequence[Bracket], proposer: Proposer, opening: Opening
    ) -> None:
        self._plans = plans
        self._eta: int = setup.settings["eta"]
        self._proposer = proposer
        self._opening = opening
        self._sign = setup.sign
        self._trials = setup.limits.trials
        self._races: list[_Race] = []
        self._race_of: dict[int, _Race] = {}
        self._values: dict[int, Mapping[str, Choice]] = {}

    def ask(self) -> Assignment | None:
        """Return a segment of the earliest bracket that has one."""
        for race in self._races:
            if race.queue:
                return self._assignment(race.queue.pop(0))
        number = len(self._values)
        if number >= self._trials:
            return None
        proposed = self._proposer.ask(number)
        values = self._opening.values(number, proposed)
        self._enter(number, values)
        remarks = self._proposer.remarks(number) if values == proposed else {}
        return replace(self._assignment(number), remarks=remarks)

    def tell(self, number: int, result: Result) -> list[Look]:
        """Note a result; with the last one of a rung, say who goes on."""
        return self._settle(number, result.quality(self._sign))

    def recall(self, history: Sequence[Recorded]) -> None:
        """Play the brackets again from the results that were recorded."""
        for trial in history:
            self._enter(trial.number, trial.values)
            self._race_of[trial.number].queue.append(trial.number)
        for race in self._races:
            while known := [n for n in race.queue if history[n].has_result(race.rung)]:
                race.queue = [n for n in race.queue if n not in known]
                rung = race.rung
                for number in known:
                    trial = history[number]
                    quality = quality_of(trial.result(rung), self._sign, trial.violation)
                    self._settle(number, quality, history)

    def _enter(self, number: int, values: Mapping[str, Choice]) -> None:
        """Let a new trial take part in the first bracket with room."""
        if not self._races or self._races[-1].is_full:
            index = len(self._races)
            plan = self._plans[index % len(self._plans)].limited(self._trials - number, self._eta)
            self._races.append(_Race(index, plan, entrants=plan.counts[0]))
        race = self._races[-1]
        race.started += 1
        self._values[number] = values
        self._race_of[number] = race

    def _assignment(self, number: int) -> Assignment:
        race = self._race_of[number]
        resources = race.plan.resources
        return Assignment(
            number,
            self._values[number],
            from_step=resources[race.rung - 1] if race.rung else 0,
            to_step=resources[race.rung],
            bracket=race.index,
        )

    def _settle(
        self, number: int, quality: Quality | None, history: Sequence[Recorded] = ()
    ) -> list[Look]:
        race = self._race_of[number]
        resource = race.plan.resources[race.rung]
        self._proposer.learn(number, self._values[number], resource, quality)
        race.qualities[number] = quality
        if race.is_top:
            return [] if quality is None else [self._look(race, number, Outcome.FINAL)]
        return self._promote(race, history) if race.is_decided else []

    def _promote(self, race: _Race, history: Sequence[Recorded]) -> list[Look]:
        order = ranked(race.qualities)
        # Whether a trial was feasible then is not recorded, but who was promoted is.
        promoted = [n for n in order if _was_promoted(history, n, race.rung)]
        kept = promoted or order[: race.plan.counts[race.rung + 1]]
        looks = [
            self._look(race, n, Outcome.PROMOTED if n in kept else Outcome.DISCARDED) for n in order
        ]
        race.rung += 1
        race.queue, race.qualities, race.entrants = list(kept), {}, len(kept)
        return looks

    def _look(self, race: _Race, number: int, outcome: Outcome) -> Look:
        resource = race.plan.resources[race.rung]
        return Look(number, outcome, resource, race.index, race.index, race.rung)


def _was_promoted(history: Sequence[Recorded], number: int, rung: int) -> bool:
    return number < len(history) and history[number].outcome(rung) is Outcome.PROMOTED
