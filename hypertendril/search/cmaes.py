"""CMA-ES: a normal distribution that moves, stretches and turns towards good trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertendril.model import Choice
from hypertendril.search.learner import Learner
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup
from hypertendril.search.told import Rows, Told

_MODEL_KEY = 5  # keeps these draws apart from others for the same trial
_LEAST_SPREAD = 1e-8
_PROMISING_SHARE = 0.1  # of earlier trials, gamma in the paper
_PROMISING_WIDTH = 0.1  # about each of them, alpha in the paper
_REDRAWS = 10  # of a point outside the cube, before it is cut off


@dataclass(frozen=True)
class Distribution:
    """Where the next points are drawn.

    Attributes:
        mean: (d,) in the unit cube.
        spread: The overall step size, sigma.
        shape: (d, d) covariance without it.
        path, shape_path: (d,) evolution paths, p_sigma and p_c.
        generation: How many updates led here.
    """

    mean: Rows
    spread: float
    shape: Rows
    path: Rows
    shape_path: Rows
    generation: int = 0

    @classmethod
    def at_first(cls, d: int, spread: float) -> Distribution:
        """Return the distribution to begin with, in the middle of the cube."""
        return cls(np.full(d, 0.5), spread, np.eye(d), np.zeros(d), np.zeros(d))

    @classmethod
    def about(cls, points: Rows) -> Distribution:
        """Return the distribution to begin with where (n, d) `points` were found to be good.

        The normal distribution nearest to a mixture of one about each of them.

        Source: Nomura et al., Warm starting CMA-ES for hyperparameter optimization (AAAI 2021).
        """
        d = points.shape[1]
        offsets = points - points.mean(axis=0)
        wide = _PROMISING_WIDTH**2 * np.eye(d) + offsets.T @ offsets / len(points)
        spread = math.exp(float(np.linalg.slogdet(wide)[1]) / (2 * d))
        return cls(points.mean(axis=0), spread, wide / spread**2, np.zeros(d), np.zeros(d))

    def updated(self, points: Rows) -> Distribution:
        """Return the distribution after a generation.

        Args:
            points: (n, d), the best first, n > 1; the better half counts.

        Source: Hansen, The CMA evolution strategy: a tutorial (2016), equations 24 to 47.
        """
        n, d = points.shape
        mu = max(1, n // 2)
        raw = math.log((n + 1) / 2) - np.log(np.arange(1, mu + 1))
        weights = raw / raw.sum()
        mass = 1.0 / float((weights**2).sum())  # mu_eff
        c_path = (mass + 2) / (d + mass + 5)
        damping = 1 + 2 * max(0.0, math.sqrt((mass - 1) / (d + 1)) - 1) + c_path
        c_shape_path = (4 + mass / d) / (d + 4 + 2 * mass / d)
        c_one = 2 / ((d + 1.3) ** 2 + mass)
        c_mu = min(1 - c_one, 2 * (mass - 2 + 1 / mass) / ((d + 2) ** 2 + mass))
        steps = (points[:mu] - self.mean) / self.spread
        step = weights @ steps
        path = (1 - c_path) * self.path
        path = path + math.sqrt(c_path * (2 - c_path) * mass) * (_inverse_root(self.shape) @ step)
        expected = math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d))
        length = float(np.linalg.norm(path))
        fading = math.sqrt(1 - (1 - c_path) ** (2 * (self.generation + 1)))
        is_short = length / fading < (1.4 + 2 / (d + 1)) * expected
        shape_path = (1 - c_shape_path) * self.shape_path
        if is_short:
            shape_path = shape_path + math.sqrt(c_shape_path * (2 - c_shape_path) * mass) * step
        stalled = 0.0 if is_short else c_shape_path * (2 - c_shape_path)
        shape = (
            (1 - c_one - c_mu + c_one * stalled) * self.shape
            + c_one * np.outer(shape_path, shape_path)
            + c_mu * (steps.T * weights) @ steps
        )
        growth = math.exp(min(1.0, c_path / damping * (length / expected - 1)))
        spread = min(max(self.spread * growth, _LEAST_SPREAD), 1.0)
        mean = self.mean + self.spread * step
        return Distribution(mean, spread, shape, path, shape_path, self.generation + 1)

    def draw(self, random: np.random.Generator) -> Rows:
        """Return a point inside the cube."""
        values, vectors = np.linalg.eigh(self.shape)
        turn = vectors * np.sqrt(np.maximum(values, 1e-20))
        for _ in range(_REDRAWS):
            point: Rows = self.mean + self.spread * (turn @ random.standard_normal(len(self.mean)))
            if ((point >= 0.0) & (point <= 1.0)).all():
                return point
        return np.clip(point, 0.0, 1.0)


def _inverse_root(shape: Rows) -> Rows:
    values, vectors = np.linalg.eigh(shape)
    found: Rows = (vectors / np.sqrt(np.maximum(values, 1e-20))) @ vectors.T
    return found


class CovarianceAdaptation(Learner):
    """Draws trials from a `Distribution` that learns from generation after generation.

    Trial k belongs to generation k // population and is drawn from what the generations
    before it taught, as far as their results are in: so a trial is a function of results and
    an interrupted study goes on the same. The points that teach are those that were run
    (rounded to steps and categories), not those that were drawn.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        default = 4 + int(3 * math.log(max(1, self._size)))
        self._population: int = self._settings["population"] or default
        self._learnt: list[Distribution] = []  # by generation, as far as was asked for

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        if not self._size:
            return self._at_random.ask(number)
        key = (number, _MODEL_KEY)
        random = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))
        point = self._distribution(number // self._population).draw(random)
        return self._told.space.values(point)

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands."""
        super().tell(number, values, result)
        # What was learnt from this result, or without it, is learnt anew.
        del self._learnt[max(number // self._population + 1, 0) :]

    def _distribution(self, generation: int) -> Distribution:
        """Return what the generations before this one taught."""
        if not self._learnt:
            self._learnt.append(self._at_first(self._told.earlier()))
        for g in range(len(self._learnt) - 1, generation):
            first = g * self._population
            points = _best_first(self._told.between(first, first + self._population))
            found = self._learnt[g]
            self._learnt.append(found.updated(points) if len(points) > 1 else found)
        return self._learnt[generation]

    def _at_first(self, earlier: Sequence[Told]) -> Distribution:
        points = _best_first(earlier)
        if not len(points):
            return Distribution.at_first(self._size, self._settings["spread"])
        return Distribution.about(points[: math.ceil(_PROMISING_SHARE * len(points))])


def _best_first(results: Sequence[Told]) -> Rows:
    """Return (n, d) the points that have a result, the best first, the infeasible last."""
    known = [
        (result.violation, -float(result.qualities[0]), k)
        for k, result in enumerate(results)
        if result.qualities is not None
    ]
    return np.array([results[k].point for _, _, k in sorted(known)])


METHOD = MethodInfo(
    name="cmaes",
    title="CMA-ES",
    text="Moves and shapes a cloud of trials; for many trials of numbers that depend on each other.",
    settings=(
        Setting(
            "population",
            "int",
            0,
            "Trials of a generation; 0 is 4 + 3 ln d for d parameters.",
            low=0,
            high=10_000,
        ),
        Setting("spread", "float", 0.25, "Of the first cloud, in ranges.", low=0.001, high=1.0),
    ),
    make=CovarianceAdaptation,
    learns=True,
)
