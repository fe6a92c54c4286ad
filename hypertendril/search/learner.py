"""What methods have in common that learn from the results of whole trials."""

from __future__ import annotations

from collections.abc import Mapping

from hypertendril.model import Choice
from hypertendril.search.random import RandomSearch
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup
from hypertendril.search.told import ToldTrials


class Learner:
    """Keeps what was told; random search stands in while that is too little."""

    def __init__(self, setup: Setup) -> None:
        self._settings = setup.settings
        self._told = ToldTrials(setup.space, setup.objectives)
        self._at_random = RandomSearch(setup)
        self._size = len(setup.space)
        self._seed = setup.seed

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands."""
        self._told.note(number, values, result)
