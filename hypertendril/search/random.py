"""Random search: every trial drawn anew in the declared scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hypertendril.model import Choice, Objective, SearchSpace, TrialState
from hypertendril.search.method import MethodInfo, Settings
from hypertendril.search.sampling import activation_order, draw, is_active


class RandomSearch:
    """Trial k is a function of the seed and k alone, whatever was told.

    Each parameter owns one draw, used or not, so that narrowing one range or changing
    one condition leaves the draws of the others as they were.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._columns = [(space.index(p.name), p) for p in activation_order(space)]
        self._seed = seed

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        source = np.random.SeedSequence(entropy=self._seed, spawn_key=(number,))
        uniforms = np.random.Generator(np.random.Philox(source)).random(len(self._columns))
        values: dict[str, Choice] = {}
        for column, parameter in self._columns:
            if is_active(parameter, values):
                values[parameter.name] = draw(parameter, float(uniforms[column]))
        return values

    def tell(
        self,
        number: int,
        values: Mapping[str, Choice],
        objectives: Sequence[float] | None,
        state: TrialState,
    ) -> None:
        """Learn nothing."""


def _make(
    settings: Settings, space: SearchSpace, objectives: tuple[Objective, ...], seed: int
) -> RandomSearch:
    del settings, objectives  # the same for every method; random search has no use for them
    return RandomSearch(space, seed)


METHOD = MethodInfo(
    name="random",
    title="Random search",
    text="Draws every trial anew over the whole space; the baseline that never misleads.",
    settings=(),
    make=_make,
)
