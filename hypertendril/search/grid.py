"""Grid search: every combination of a few values of each parameter, in a shuffled order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hypertendril.errors import JobError
from hypertendril.model import Choice, Parameter, SearchSpace
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.sampling import activation_order, is_active
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Settings, Setup
from hypertendril.search.starting import StartingSet

MAX_COMBINATIONS = 200_000


class GridSearch:
    """Trial k is combination k of an order that depends on the seed alone.

    Shuffled, so that a study that is stopped early has seen all of the space. After the last
    combination the order begins anew.
    """

    def __init__(self, setup: Setup) -> None:
        self._all = list(combinations(setup.settings, setup.space))
        self._order = np.random.default_rng(setup.seed).permutation(len(self._all))

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        return dict(self._all[self._order[number % len(self._all)]])

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Learn nothing."""


def combinations(settings: Settings, space: SearchSpace) -> Iterator[dict[str, Choice]]:
    """Give every combination once; inactive parameters multiply nothing.

    Raises:
        JobError: There are too many.
    """
    order = activation_order(space)
    levels = [_levels(parameter, settings["points"]) for parameter in order]
    for count, values in enumerate(_combined(order, levels, {})):
        if count == MAX_COMBINATIONS:
            raise JobError(
                f"Field 'settings.points': the grid has more than {MAX_COMBINATIONS} combinations; "
                "take fewer points or fewer parameters."
            )
        yield values


def _combined(
    order: Sequence[Parameter], levels: Sequence[Sequence[Choice]], values: dict[str, Choice]
) -> Iterator[dict[str, Choice]]:
    if not order:
        yield values
    elif not is_active(order[0], values):
        yield from _combined(order[1:], levels[1:], values)
    else:
        for value in levels[0]:
            yield from _combined(order[1:], levels[1:], values | {order[0].name: value})


def _levels(parameter: Parameter, points: int) -> list[Choice]:
    """Return `points` values evenly spread in the declared scale; all choices of a discrete one."""
    if parameter.is_discrete_choice:
        return list(parameter.choices)
    found = np.unique(parameter.from_unit(np.linspace(0.0, 1.0, points)))
    return [parameter.decode(float(value)) for value in found]


def _trials(settings: Settings, space: SearchSpace, start: StartingSet) -> int:
    return len(start.enqueued) + sum(1 for _ in combinations(settings, space))


METHOD = MethodInfo(
    name="grid",
    title="Grid",
    text="Tries every combination of a few values of each parameter.",
    settings=(
        Setting("points", "int", 3, "Values of each number; choices are all tried.", 2, 1000),
    ),
    make=GridSearch,
    trials=_trials,
)
