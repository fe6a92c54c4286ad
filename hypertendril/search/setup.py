"""What a method is made for: the space, the goal, and what it has to know of its job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypertendril.model import Objective, SearchSpace
from hypertendril.search.starting import (
    Opening,
    StartingSet,
    ToldBefore,
    first_configurations,
    told_before,
)

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a method has to know of its job.

    Attributes:
        trials: How many trials the study may have.
        steps: Steps of a full training, None where nobody said.
        structural: Parameters a copied model cannot change, because they shape it.
        start: What the study begins with.
    """

    trials: int
    steps: int | None = None
    structural: frozenset[str] = field(default_factory=frozenset)
    start: StartingSet = field(default_factory=StartingSet)


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything a method is made from.

    Attributes:
        settings: Of the method, by name.
        space: What is searched.
        objectives: The leading one first.
        seed: Decides all that chance does.
        limits: Of the job; a method that chooses nothing but values does without.
    """

    settings: Settings
    space: SearchSpace
    objectives: tuple[Objective, ...]
    seed: int
    limits: Limits = field(default_factory=lambda: Limits(0))

    @property
    def sign(self) -> float:
        """+1 where more of the leading objective is better, -1 where less is."""
        return self.objectives[0].direction.sign

    def told_before(self) -> Iterator[ToldBefore]:
        """Give what earlier studies say about the space."""
        return told_before(self.limits.start, self.space, self.objectives, self.seed)

    def opening(self, repeats: int = 0) -> Opening:
        """Return what is run first: what was enqueued, then the best `repeats` earlier ones."""
        start = self.limits.start
        first = first_configurations(start, self.space, self.objectives, self.seed, repeats)
        return Opening(self.space, self.seed, first)
