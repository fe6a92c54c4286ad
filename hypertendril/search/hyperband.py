"""Successive halving and Hyperband with values drawn at random."""

from __future__ import annotations

from hypertendril.model import Objective, SearchSpace
from hypertendril.search.ladder import LADDER_SETTINGS, brackets, repeats
from hypertendril.search.method import MethodInfo, SchedulerMaker, Settings
from hypertendril.search.races import AtRandom, Races
from hypertendril.search.scheduler import Limits
from hypertendril.search.starting import Opening, first_configurations


def _make(*, only_first: bool) -> SchedulerMaker:
    """Return what builds races over all brackets, or over the first of them again and again."""

    def make(
        settings: Settings,
        space: SearchSpace,
        objectives: tuple[Objective, ...],
        seed: int,
        limits: Limits,
    ) -> Races:
        sign, count = objectives[0].direction.sign, repeats(settings, limits)
        plans = brackets(settings, limits)[: 1 if only_first else None]
        first = first_configurations(limits.start, space, objectives, seed, count)
        opening = Opening(space, seed, first)
        return Races(plans, settings["eta"], AtRandom(space, seed), opening, sign, limits)

    return make


HALVING = MethodInfo(
    name="successive_halving",
    title="Successive halving",
    text="Starts many trials, trains the best of them further, and again, up to a full training.",
    settings=LADDER_SETTINGS,
    schedule=_make(only_first=True),
    repeats=repeats,
)
HYPERBAND = MethodInfo(
    name="hyperband",
    title="Hyperband",
    text="Successive halving in several brackets, from many short trials to few full ones.",
    settings=LADDER_SETTINGS,
    schedule=_make(only_first=False),
    repeats=repeats,
)
