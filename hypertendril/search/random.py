"""Random search: every trial drawn anew in the declared scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypertendril.model import Choice, Objective, SearchSpace, TrialState
from hypertendril.search.method import MethodInfo, Settings
from hypertendril.search.sampling import SeededDraws


class RandomSearch:
    """Trial k is a function of the seed and k alone, whatever was told."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._draws = SeededDraws(space, seed)

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        return self._draws.completed(number, {})

    def tell(
        self,
        number: int,
        values: Mapping[str, Choice],
        objectives: Sequence[float] | None,
        state: TrialState,
        violation: float = 0.0,
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
