"""BOHB: Hyperband's brackets, filled from two densities, of good trials and of bad ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice
from hypertendril.search.density import Axes, Density, filled
from hypertendril.search.ladder import LADDER_SETTINGS, brackets, rungs
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.races import Races
from hypertendril.search.random import RandomSearch
from hypertendril.search.sampling import activation_order, is_active
from hypertendril.search.scheduler import Quality, quality_of
from hypertendril.search.setup import Setup
from hypertendril.search.starting import ToldBefore

# A kernel as narrow as the reference code allows.
_LEAST_WIDTH = 1e-3
MODEL_BASED = "model_based_pick"  # HpBandSter's word for it: 1 from the model, 0 at random
_MODEL_KEY = 2  # keeps these draws apart from others for the same trial


class TwoDensities:
    """Draws where good configurations are dense and bad ones are not.

    The model is of the largest resource that has enough results. What is drawn for a trial
    depends on the seed, its number and the results known then, in no particular order.

    Source: Falkner, Klein, Hutter: BOHB (ICML 2018), section 3.2 and its reference code.
    """

    def __init__(self, setup: Setup) -> None:
        self._settings = setup.settings
        self._space = setup.space
        self._axes = Axes.of(setup.space)
        self._order = activation_order(setup.space)
        self._at_random = RandomSearch(setup)
        self._seed = setup.seed
        self._least: int = self._settings["min_points"] or len(setup.space) + 1
        self._results: dict[int, dict[int, tuple[NDArray[np.float64], float]]] = {}
        self._is_from_model = False
        self._feasibility: dict[int, float] = {}  # the latest, also for earlier results

    def learn(
        self, number: int, values: Mapping[str, Choice], resource: int, quality: Quality | None
    ) -> None:
        """Keep a result; a failure is as bad as can be."""
        row = np.array([self._unit(name, values) for name in self._space.names])
        if quality is not None:
            self._feasibility[number] = quality[0]
        found = self._results.setdefault(resource, {})
        found[number] = (row, -np.inf if quality is None else quality[1])

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        key = (number, _MODEL_KEY)
        random = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))
        is_free = random.random() < self._settings["random_fraction"]
        split = None if is_free or not len(self._space) else self._split()
        self._is_from_model = split is not None
        if split is None:
            return self._at_random.ask(number)
        good, bad = (
            Density(filled(rows, self._axes, random), self._axes, _LEAST_WIDTH) for rows in split
        )
        points = good.draw(self._settings["candidates"], self._settings["bandwidth"], random)
        gain = np.maximum(good.at(points), 1e-32) / np.maximum(bad.at(points), 1e-32)
        return self._values(points[np.argmax(gain)])

    def remarks(self, number: int) -> Mapping[str, float]:
        """Return whether the values last asked for were drawn from the model."""
        del number
        return {MODEL_BASED: float(self._is_from_model)}

    def _split(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the rows of good and of bad results at the largest resource with enough of both."""
        for resource in sorted(self._results, reverse=True):
            found = self._results[resource]
            n = len(found)
            n_good = max(self._least, int(self._settings["top_percent"] * n // 100))
            n_bad = max(self._least, int((100 - self._settings["top_percent"]) * n // 100))
            if n - n_good < self._least:
                continue
            numbers = self._best_first({n: value for n, (_, value) in found.items()})
            rows = np.array([found[number][0] for number in numbers])
            return rows[:n_good], rows[n_good:][:n_bad]
        return None

    def _best_first(self, found: Mapping[int, float]) -> list[int]:
        def badness(n: int) -> tuple[bool, float, float, int]:
            return found[n] == -np.inf, -self._feasibility.get(n, 0.0), -found[n], n

        return sorted(found, key=badness)

    def _unit(self, name: str, values: Mapping[str, Choice]) -> float:
        if name not in values:
            return np.nan
        parameter = self._space[name]
        code = parameter.encode(values[name])
        return (
            code if self._axes.choices[self._space.index(name)] else float(parameter.to_unit(code))
        )

    def _values(self, point: NDArray[np.float64]) -> dict[str, Choice]:
        values: dict[str, Choice] = {}
        for parameter in self._order:
            k = self._space.index(parameter.name)
            if not is_active(parameter, values):
                continue
            code = point[k] if self._axes.choices[k] else parameter.from_unit(point[k])
            values[parameter.name] = parameter.decode(float(code))
        return values


def _make(setup: Setup) -> Races:
    densities = TwoDensities(setup)
    resources = rungs(setup.settings, setup.limits)
    for told in setup.told_before():
        for resource, value in _at_rungs(told, resources):
            quality = quality_of(value, setup.sign, told.violation)
            densities.learn(told.number, told.values, resource, quality)
    return Races(setup, brackets(setup.settings, setup.limits), densities, setup.opening())


def _at_rungs(told: ToldBefore, resources: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Give the values of an earlier trial at the highest of `resources` it had reached.

    A trial that nobody looked at on its way counts as fully trained.
    """
    if told.objectives is not None and not told.looks:
        yield resources[-1], told.objectives[0]
    for steps, value in told.looks:
        reached = [resource for resource in resources if resource <= steps]
        if reached:
            yield reached[-1], value


METHOD = MethodInfo(
    name="bohb",
    title="BOHB",
    text="Hyperband that learns: new trials are drawn where good ones lie, at the largest "
    "resource that has enough of them.",
    settings=(
        *LADDER_SETTINGS,
        Setting(
            "random_fraction",
            "float",
            0.33,
            "Share of trials drawn at random all the same.",
            low=0.0,
            high=1.0,
        ),
        Setting("top_percent", "float", 15.0, "Best results that are good.", low=0.1, high=99.0),
        Setting("candidates", "int", 64, "Points drawn; the best is run.", low=1, high=100_000),
        Setting(
            "bandwidth",
            "float",
            3.0,
            "How far from good ones points are drawn.",
            low=0.01,
            high=100,
        ),
        Setting(
            "min_points",
            "int",
            0,
            "Good and bad results a model needs, of each; 0 is one more than there are parameters.",
            low=0,
            high=100_000,
        ),
    ),
    schedule=_make,
    learns=True,
)
