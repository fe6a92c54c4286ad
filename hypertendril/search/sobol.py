"""Quasi-random search: points that fill the space more evenly than chance does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hypertendril.model import Choice
from hypertendril.search.method import MethodInfo
from hypertendril.search.sampling import activation_order, draw, is_active
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup

# SciPy has direction numbers for no more dimensions.
_MAX_DIMENSIONS = 21201


class SobolSearch:
    """Trial k is point k of a scrambled Sobol sequence, whatever was told.

    Source: Sobol (1967), scrambled after Owen (1998); SciPy's `qmc.Sobol`.
    """

    def __init__(self, setup: Setup) -> None:
        space = setup.space
        self._columns = [(space.index(p.name), p) for p in activation_order(space)]
        self._seed = setup.seed
        self._sequence: Any = None
        self._next = 0

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        point = self._point(number)
        values: dict[str, Choice] = {}
        for column, parameter in self._columns:
            if is_active(parameter, values):
                values[parameter.name] = draw(parameter, float(point[column]))
        return values

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Learn nothing."""

    def _point(self, number: int) -> Any:
        if not self._columns:
            return ()
        from scipy.stats import qmc  # noqa: PLC0415 - a second of CPU for who uses it

        if self._sequence is None or number < self._next:
            dimensions = min(len(self._columns), _MAX_DIMENSIONS)
            random = np.random.default_rng(self._seed)
            self._sequence, self._next = qmc.Sobol(dimensions, scramble=True, rng=random), 0
        if number > self._next:
            self._sequence.fast_forward(number - self._next)
        self._next = number + 1
        return np.resize(self._sequence.random(1)[0], len(self._columns))


METHOD = MethodInfo(
    name="sobol",
    title="Quasi-random (Sobol)",
    text="Fills the space evenly: like random search without its gaps and clusters.",
    settings=(),
    make=SobolSearch,
)
