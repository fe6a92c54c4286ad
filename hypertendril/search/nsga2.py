"""NSGA-II: generations of trials that approach the whole Pareto front of several objectives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice
from hypertendril.search.learner import Learner
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup
from hypertendril.search.told import Rows, Scored, scored

_MODEL_KEY = 4  # keeps these draws apart from others for the same trial
_MUTATION_SPREAD = 0.15  # of a coordinate in the unit cube


class NonDominatedSorting(Learner):
    """Crosses and mutates the best trials of earlier generations.

    Trial k belongs to generation k // population. Parents of a generation are the `population`
    best of its predecessor and that one's own parents, by front and then by crowding distance;
    they are chosen in tournaments of two. That makes every trial a function of the results
    before its generation, which is what lets an interrupted study go on the same.

    Infeasible trials come after all others, the least bad first.

    Source: Deb et al., A fast and elitist multiobjective genetic algorithm (2002).
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._elites: list[Scored] = []  # the parents of each generation, as far as asked for

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        elite = self._parents(number // self._settings["population"])
        if len(elite) < 2 or not self._size:
            return self._at_random.ask(number)
        key = (number, _MODEL_KEY)
        random = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))
        mother, father = (elite[random.integers(len(elite), size=2).min()] for _ in "mf")
        child = mother
        if random.random() < self._settings["crossover"]:
            child = np.where(random.random(self._size) < 0.5, mother, father)
        return self._told.space.values(self._mutated(child, random))

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands."""
        super().tell(number, values, result)
        # What was chosen from this result, or without it, is chosen anew.
        del self._elites[max(number // self._settings["population"] + 1, 0) :]

    def _parents(self, generation: int) -> Rows:
        """Return (k, d) the parents of a generation, the best first."""
        size = self._settings["population"]
        if not self._elites:
            self._elites.append(_best(scored(self._told.earlier()), size))
        for g in range(len(self._elites) - 1, generation):
            children = scored(self._told.between(g * size, (g + 1) * size))
            self._elites.append(_best(_together(self._elites[g], children), size))
        return self._elites[generation][0]

    def _mutated(self, point: Rows, random: np.random.Generator) -> Rows:
        """Return the point with one coordinate in d moved a little or drawn anew."""
        chance = self._settings["mutation"] or 1.0 / self._size
        moves = random.random(self._size) < chance
        near = np.clip(point + _MUTATION_SPREAD * random.standard_normal(self._size), 0.0, 1.0)
        fresh = random.random(self._size)
        found: Rows = np.where(moves, np.where(random.random(self._size) < 0.5, near, fresh), point)
        return found


def _together(one: Scored, other: Scored) -> Scored:
    if not len(one[0]) or not len(other[0]):
        return one if len(one[0]) else other
    points, qualities, violations = map(np.concatenate, zip(one, other, strict=True))
    return points, qualities, violations


def _best(found: Scored, size: int) -> Scored:
    """Return the `size` best, the best first."""
    points, qualities, violations = found
    if not len(points):
        return found
    order = best_first(qualities, violations)[:size]
    return points[order], qualities[order], violations[order]


def best_first(qualities: Rows, violations: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order of (n, m) qualities by front, then by crowding distance, then by place.

    Infeasible trials, of (n,) violations above 0, follow all others, the least bad first.

    O(m n^2).
    """
    feasible, infeasible = np.flatnonzero(violations <= 0), np.flatnonzero(violations > 0)
    order = feasible[_by_front(qualities[feasible])] if len(feasible) else feasible
    last = infeasible[np.argsort(violations[infeasible], kind="stable")]
    return np.concatenate([order, last])


def _by_front(qualities: Rows) -> NDArray[np.int64]:
    front = fronts(qualities)
    distance = np.zeros(len(qualities))
    for k in range(int(front.max()) + 1):
        rows = np.flatnonzero(front == k)
        distance[rows] = _crowding(qualities[rows])
    return np.lexsort((np.arange(len(qualities)), -distance, front))


def fronts(qualities: Rows) -> NDArray[np.int64]:
    """Return (n,) the front of each of (n, m) qualities: 0 where nothing is better in all."""
    n = len(qualities)
    front = np.full(n, -1, dtype=np.int64)
    at_least: NDArray[np.bool_] = np.all(qualities[:, None, :] >= qualities[None, :, :], axis=2)
    dominates = at_least & ~at_least.T
    k = 0
    while (front < 0).any():
        left = front < 0
        front[left & ~dominates[left].any(axis=0)] = k
        k += 1
    return front


def _crowding(qualities: Rows) -> NDArray[np.float64]:
    distance = np.zeros(len(qualities))
    for column in qualities.T:
        order = np.argsort(column, kind="stable")
        finite = np.clip(column[order], -1e300, 1e300)
        width = finite[-1] - finite[0]
        distance[order[[0, -1]]] = np.inf
        if width > 0:
            distance[order[1:-1]] += (finite[2:] - finite[:-2]) / width
    return distance


METHOD = MethodInfo(
    name="nsga2",
    title="NSGA-II",
    text="Breeds trials towards the Pareto front: for several objectives.",
    settings=(
        Setting("population", "int", 20, "Trials of a generation.", low=2, high=10_000),
        Setting("crossover", "float", 0.9, "Share of children of two.", low=0.0, high=1.0),
        Setting(
            "mutation",
            "float",
            0.0,
            "Chance that a value changes; 0 is one value a child.",
            low=0.0,
            high=1.0,
        ),
    ),
    make=NonDominatedSorting,
    learns=True,
)
