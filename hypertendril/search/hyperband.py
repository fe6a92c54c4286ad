"""Successive halving and Hyperband with values drawn at random."""

from __future__ import annotations

from hypertendril.model import Objective, SearchSpace
from hypertendril.search.ladder import LADDER_SETTINGS, brackets
from hypertendril.search.method import MethodInfo, Settings
from hypertendril.search.races import AtRandom, Races
from hypertendril.search.scheduler import Limits
from hypertendril.search.starting import Opening


def _hyperband(
    settings: Settings,
    space: SearchSpace,
    objectives: tuple[Objective, ...],
    seed: int,
    limits: Limits,
) -> Races:
    sign = objectives[0].direction.sign
    plans = brackets(settings, limits)
    opening = Opening(space, seed, limits.start.enqueued)
    return Races(plans, settings["eta"], AtRandom(space, seed), opening, sign, limits)


def _halving(
    settings: Settings,
    space: SearchSpace,
    objectives: tuple[Objective, ...],
    seed: int,
    limits: Limits,
) -> Races:
    sign = objectives[0].direction.sign
    plans = brackets(settings, limits)[:1]
    opening = Opening(space, seed, limits.start.enqueued)
    return Races(plans, settings["eta"], AtRandom(space, seed), opening, sign, limits)


HALVING = MethodInfo(
    name="successive_halving",
    title="Successive halving",
    text="Starts many trials, trains the best of them further, and again, up to a full training.",
    settings=LADDER_SETTINGS,
    schedule=_halving,
)
HYPERBAND = MethodInfo(
    name="hyperband",
    title="Hyperband",
    text="Successive halving in several brackets, from many short trials to few full ones.",
    settings=LADDER_SETTINGS,
    schedule=_hyperband,
)
