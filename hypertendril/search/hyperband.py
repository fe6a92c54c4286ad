"""Successive halving and Hyperband with values drawn at random."""

from __future__ import annotations

from collections.abc import Callable

from hypertendril.search.ladder import LADDER_SETTINGS, brackets, repeats
from hypertendril.search.method import MethodInfo
from hypertendril.search.races import AtRandom, Races
from hypertendril.search.setup import Setup


def _make(*, only_first: bool) -> Callable[[Setup], Races]:
    """Return what builds races over all brackets, or over the first of them again and again."""

    def make(setup: Setup) -> Races:
        plans = brackets(setup.settings, setup.limits)[: 1 if only_first else None]
        opening = setup.opening(repeats(setup.settings, setup.limits))
        return Races(setup, plans, AtRandom(setup), opening)

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
