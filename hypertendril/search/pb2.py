"""Population-based bandits: PBT whose children get the numbers a model of the gains asks for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertendril.model import Choice
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.pbt import (
    SETTINGS,
    Gain,
    Perturbation,
    Population,
    founders,
    repeats,
    trials,
)
from hypertendril.search.setup import Setup
from hypertendril.search.told import Rows, UnitSpace

# Tried for the model; the likeliest are used. In ranges, per generation, of a gain's spread.
LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)
FORGETTINGS = (0.0, 0.05, 0.2, 0.5)
NOISES = (0.05, 0.3)
_MAX_POINTS = 300  # the latest gains: the model takes time in proportion to the cube
# Weights of the bound, c1 and c2 in the paper's code: the more was seen, the bolder.
_BOLD_FROM, _BOLD_RATE = 0.2, 0.4


@dataclass(frozen=True)
class GainModel:
    """A Gaussian process of standardised gains over values and time, which forgets.

    k((x, t), (x', t')) = exp(-|x - x'|² / 2 length²) (1 - forgetting)^(|t - t'| / 2)

    Source: Parker-Holder, Nguyen, Roberts: Provably efficient online hyperparameter
    optimization with population-based bandits (NeurIPS 2020), section 3; the kernel of
    Bogunovic, Scarlett, Cevher (2016).

    Attributes:
        inputs: (n, d + 1) unit coordinates, and the generation last.
        gains: (n,) of mean 0 and spread 1.
    """

    inputs: Rows
    gains: Rows
    length: float
    forgetting: float
    noise: float

    @classmethod
    def fitted(cls, inputs: Rows, gains: Rows) -> GainModel:
        """Return the likeliest of all models that are tried."""
        settings = itertools.product(LENGTHS, FORGETTINGS, NOISES)
        models = [cls(inputs, gains, *setting) for setting in settings]
        return max(models, key=GainModel.evidence)

    def kernel(self, a: Rows, b: Rows) -> Rows:
        """Return (n, m) how alike the gains at (n, d + 1) and (m, d + 1) inputs are."""
        apart = ((a[:, None, :-1] - b[None, :, :-1]) ** 2).sum(axis=2)
        time = np.abs(a[:, None, -1] - b[None, :, -1])
        found: Rows = np.exp(-0.5 * apart / self.length**2)
        found *= (1.0 - self.forgetting) ** (0.5 * time)
        return found

    def evidence(self) -> float:
        """Return the log likelihood of the gains, but for a constant."""
        root = self._root(self.inputs)
        solved = np.linalg.solve(root, self.gains)
        return float(-0.5 * solved @ solved - np.log(np.diag(root)).sum())

    def bound(self, points: Rows, pending: Rows) -> Rows:
        """Return (m,) upper confidence bounds of the gains at (m, d + 1) points.

        Args:
            points: Where.
            pending: (p, d + 1) inputs whose gains will be known: less is to be learnt near them.
        """
        root = self._root(self.inputs)
        weights = np.linalg.solve(root.T, np.linalg.solve(root, self.gains))
        mean = self.kernel(points, self.inputs) @ weights
        known = np.vstack([self.inputs, pending])
        across = np.linalg.solve(self._root(known), self.kernel(known, points))
        variance = np.maximum(1.0 - (across**2).sum(axis=0), 0.0)
        bold = _BOLD_FROM + max(0.0, math.log(_BOLD_RATE * len(self.inputs)))
        found: Rows = mean + np.sqrt(bold * variance)
        return found

    def _root(self, inputs: Rows) -> Rows:
        noise = (self.noise**2 + 1e-8) * np.eye(len(inputs))
        return np.asarray(np.linalg.cholesky(self.kernel(inputs, inputs) + noise), np.float64)


class Bandit(Perturbation):
    """Gives a child the numbers with the highest bound of the gain; the rest is perturbed."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._unit = UnitSpace(setup.space)
        self._numbers = [
            setup.space.index(parameter.name)
            for parameter in setup.space
            if not parameter.is_discrete_choice and parameter.name not in self._kept
        ]
        self._seen: list[tuple[Rows, float]] = []

    def learn(self, generation: int, gains: Sequence[Gain]) -> None:
        """Keep what the members gained in a generation."""
        self._seen += [
            (self._input(values, generation), gain) for values, gain in gains if np.isfinite(gain)
        ]

    def child(
        self,
        generation: int,
        parent: Mapping[str, Choice],
        members: Sequence[Mapping[str, Choice]],
        random: np.random.Generator,
    ) -> dict[str, Choice]:
        """Return the values of a child that is trained beside `members` in `generation`."""
        values = super().child(generation, parent, members, random)
        if len(self._seen) < 2 or not self._numbers:
            return values
        latest = self._seen[-_MAX_POINTS:]
        gains = np.array([gain for _, gain in latest])
        spread = gains.std()
        model = GainModel.fitted(
            np.array([row for row, _ in latest]),
            (gains - gains.mean()) / (spread if spread > 0 else 1.0),
        )
        pending = np.array([self._input(member, generation) for member in members])
        candidates = self._candidates(values, generation, random)
        best = candidates[int(np.argmax(model.bound(candidates, pending)))]
        return self._with_numbers(values, best)

    def _input(self, values: Mapping[str, Choice], generation: int) -> Rows:
        return np.append(self._unit.point(values)[self._numbers], float(generation))

    def _candidates(
        self, values: Mapping[str, Choice], generation: int, random: np.random.Generator
    ) -> Rows:
        """Return points of the unit cube where values can be; inactive ones stay in the middle."""
        drawn = random.random((int(self._settings["candidates"]), len(self._numbers)))
        for column, k in enumerate(self._numbers):
            parameter = self._space.parameters[k]
            if parameter.name in values:
                drawn[:, column] = parameter.to_unit(parameter.from_unit(drawn[:, column]))
            else:
                drawn[:, column] = 0.5
        return np.column_stack([drawn, np.full(len(drawn), float(generation))])

    def _with_numbers(self, values: Mapping[str, Choice], point: Rows) -> dict[str, Choice]:
        found = dict(values)
        for unit, k in zip(point[:-1], self._numbers, strict=True):
            parameter = self._space.parameters[k]
            if parameter.name in found:
                found[parameter.name] = parameter.decode(float(parameter.from_unit(unit)))
        return found


METHOD = MethodInfo(
    name="pb2",
    title="PB2",
    text="PBT that models which numbers make members gain most; for small populations.",
    settings=(
        *SETTINGS,
        Setting("candidates", "int", 500, "Points the model looks at.", low=10, high=100_000),
    ),
    schedule=lambda setup: Population(setup, Bandit(setup)),
    trials=trials,
    founders=founders,
    repeats=repeats,
    copies=True,
)
