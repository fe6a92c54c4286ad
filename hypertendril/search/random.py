"""Random search: every trial drawn anew in the declared scale."""

from __future__ import annotations

from collections.abc import Mapping

from hypertendril.model import Choice
from hypertendril.search.method import MethodInfo
from hypertendril.search.sampling import SeededDraws
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup


class RandomSearch:
    """Trial k is a function of the seed and k alone, whatever was told."""

    def __init__(self, setup: Setup) -> None:
        self._draws = SeededDraws(setup.space, setup.seed)

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        return self._draws.completed(number, {})

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Learn nothing."""


METHOD = MethodInfo(
    name="random",
    title="Random search",
    text="Draws every trial anew over the whole space; the baseline that never misleads.",
    settings=(),
    make=RandomSearch,
)
