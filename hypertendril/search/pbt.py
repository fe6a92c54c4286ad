"""Population-based training: bad trials make room for changed copies of good ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from hypertendril.model import Choice, Outcome, SearchSpace
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.perturb import perturbed
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
from hypertendril.search.setup import Limits, Settings, Setup
from hypertendril.search.starting import StartingSet

Gain = tuple[Mapping[str, Choice], float]


class Explorer(Protocol):
    """Chooses the values of children."""

    def learn(self, generation: int, gains: Sequence[Gain]) -> None:
        """Take note of how much better each member became in a generation, and with which values."""
        ...

    def child(
        self,
        generation: int,
        parent: Mapping[str, Choice],
        members: Sequence[Mapping[str, Choice]],
        random: np.random.Generator,
    ) -> dict[str, Choice]:
        """Return the values of a child that is trained beside `members` in `generation`."""
        ...


class Perturbation:
    """Values near the parent's, whatever was learnt."""

    def __init__(self, setup: Setup) -> None:
        self._settings = setup.settings
        self._space = setup.space
        self._kept = setup.limits.structural

    def learn(self, generation: int, gains: Sequence[Gain]) -> None:
        """Learn nothing."""

    def child(
        self,
        generation: int,
        parent: Mapping[str, Choice],
        members: Sequence[Mapping[str, Choice]],
        random: np.random.Generator,
    ) -> dict[str, Choice]:
        """Return values near those of the parent."""
        del generation, members
        factor, resample = self._settings["factor"], self._settings["resample"]
        return perturbed(self._space, parent, factor, resample, self._kept, random)


class Population:
    """Generations of trials that are trained side by side, `interval` steps each.

    After a generation the best trials survive and go on. Each of the others, and each that
    failed, makes room for a child: a new trial that begins with the checkpoint of a
    survivor (each as likely) and values the explorer makes of that one's. If nobody survives, new trials
    start from nothing.

    Source: Jaderberg et al., Population based training of neural networks (2017), with
    truncation selection.
    """

    def __init__(self, setup: Setup, explorer: Explorer) -> None:
        self._settings = setup.settings
        self._explorer = explorer
        self._founders = RandomSearch(setup)
        self._opening = setup.opening(repeats(setup.settings, setup.limits))
        self._sign = setup.sign
        self._seed = setup.seed
        self._limits = setup.limits
        self._generation = 0
        self._known: list[Assignment] = []
        self._members: list[int] = []
        self._queue: list[int] = []
        self._qualities: dict[int, Quality | None] = {}
        self._reached: dict[int, float] = {}  # before the present generation
        self._found(self._settings["population"])

    def ask(self) -> Assignment | None:
        """Return a member that was not trained in this generation yet."""
        return self._segment(self._queue.pop(0)) if self._queue else None

    def tell(self, number: int, result: Result) -> list[Look]:
        """Note a result; with the last one of a generation, say who survives."""
        return self._settle(number, result.quality(self._sign))

    def recall(self, history: Sequence[Recorded]) -> None:
        """Play the generations again from the results that were recorded."""
        while True:
            known = [
                n
                for n in self._queue
                if n < len(history) and history[n].has_result(self._looks_before(n))
            ]
            if not known:
                return
            self._queue = [n for n in self._queue if n not in known]
            for number, k in [(n, self._looks_before(n)) for n in known]:
                trial = history[number]
                quality = quality_of(trial.result(k), self._sign, trial.violation)
                self._settle(number, quality, history)

    def _looks_before(self, number: int) -> int:
        return self._generation - self._known[number].bracket

    def _segment(self, number: int) -> Assignment:
        born, interval = self._known[number], self._settings["interval"]
        is_orphan = born.bracket == self._generation and born.parent is None
        return Assignment(
            number,
            born.values,
            from_step=0 if is_orphan else self._generation * interval,
            to_step=(self._generation + 1) * interval,
            # Only its first segment begins with the parent's checkpoint.
            parent=born.parent if born.bracket == self._generation else None,
            bracket=born.bracket,
        )

    def _settle(
        self, number: int, quality: Quality | None, history: Sequence[Recorded] = ()
    ) -> list[Look]:
        self._qualities[number] = quality
        if len(self._qualities) < len(self._members):
            return []
        if self._generation == self._settings["generations"] - 1:
            return [self._look(n, Outcome.FINAL) for n in ranked(self._qualities)]
        return self._turn(history)

    def _turn(self, history: Sequence[Recorded]) -> list[Look]:
        """End a generation and begin the next."""
        order = ranked(self._qualities)
        # Whether a trial was feasible then is not recorded, but who survived is.
        survived = [n for n in order if self._has_survived(history, n)]
        alive = survived or order[: survivor_count(self._settings)]
        looks = [
            self._look(n, Outcome.SURVIVED if n in alive else Outcome.DISCARDED) for n in order
        ]
        self._explorer.learn(self._generation, self._gains())
        self._generation += 1
        self._members, self._queue, self._qualities = sorted(alive), sorted(alive), {}
        vacant = self._settings["population"] - len(alive)
        if alive:
            self._bear(vacant, sorted(alive))
        else:
            self._found(vacant)
        return looks

    def _has_survived(self, history: Sequence[Recorded], number: int) -> bool:
        k = self._looks_before(number)
        return number < len(history) and history[number].outcome(k) is Outcome.SURVIVED

    def _gains(self) -> list[Gain]:
        """Return what each member gained in this generation, where it is known what it had before."""
        found = {n: quality[1] for n, quality in self._qualities.items() if quality is not None}
        before, self._reached = self._reached, found
        return [
            (self._known[n].values, value - before[n])
            for n, value in sorted(found.items())
            if n in before
        ]

    def _bear(self, count: int, parents: Sequence[int]) -> None:
        for _ in range(self._room(count)):
            source = np.random.SeedSequence(entropy=self._seed, spawn_key=(len(self._known),))
            random = np.random.Generator(np.random.Philox(source))
            parent = parents[int(random.integers(len(parents)))]
            members = [self._known[number].values for number in self._members]
            values = self._explorer.child(
                self._generation, self._known[parent].values, members, random
            )
            self._join(values, parent)

    def _found(self, count: int) -> None:
        for _ in range(self._room(count)):
            number = len(self._known)
            self._join(self._opening.values(number, self._founders.ask(number)), None)

    def _room(self, count: int) -> int:
        return min(count, self._limits.trials - len(self._known))

    def _join(self, values: Mapping[str, Choice], parent: int | None) -> None:
        number = len(self._known)
        self._known.append(Assignment(number, values, parent=parent, bracket=self._generation))
        if parent in self._reached:
            self._reached[number] = self._reached[parent]
        self._members.append(number)
        self._queue.append(number)

    def _look(self, number: int, outcome: Outcome) -> Look:
        resource = (self._generation + 1) * self._settings["interval"]
        return Look(number, outcome, resource, self._generation)


SETTINGS = (
    Setting("population", "int", 10, "P: trials under way.", low=2, high=10_000),
    Setting("interval", "int", 5, "T: steps each trains in a generation.", low=1, high=10**6),
    Setting("survivors", "float", 0.5, "S: share that goes on as it is.", low=0.0, high=1.0),
    Setting("generations", "int", 5, "G: generations.", low=1, high=1000),
    Setting(
        "factor",
        "float",
        1.2,
        "A child's values are its parent's multiplied or divided by this.",
        low=1.0,
        high=10.0,
    ),
    Setting("resample", "float", 0.25, "Chance that a value is drawn anew.", low=0.0, high=1.0),
)


def survivor_count(settings: Settings) -> int:
    """Return how many members of a full population go on: at least one."""
    share = settings["survivors"] * settings["population"]
    # The small number forgives shares such as 0.7 * 10 that come out a little too high.
    survivors: int = math.ceil(share - 1e-9)
    return max(1, survivors)


def trials(settings: Settings, space: SearchSpace, start: StartingSet) -> int:
    """Return how many trials a population makes in all."""
    del space, start  # what is enqueued is among the first generation
    children = settings["population"] - survivor_count(settings)
    return int(settings["population"] + (settings["generations"] - 1) * children)


def founders(settings: Settings) -> int:
    """Return how many members the first generation has."""
    return int(settings["population"])


def repeats(settings: Settings, limits: Limits) -> int:
    """Return how many earlier configurations are run first: as many as survive a generation."""
    room = settings["population"] - len(limits.start.enqueued)
    return max(0, min(survivor_count(settings), int(room)))


METHOD = MethodInfo(
    name="pbt",
    title="PBT",
    text="Trains a population; now and then bad members become changed copies of good ones. "
    "Needs training code that keeps checkpoints.",
    settings=SETTINGS,
    schedule=lambda setup: Population(setup, Perturbation(setup)),
    trials=trials,
    founders=founders,
    repeats=repeats,
    copies=True,
)
