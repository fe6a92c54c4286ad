"""What was told of whole trials, as numbers that a model can be fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice, Objective, ParameterKind, SearchSpace
from hypertendril.search.sampling import activation_order, draw, is_active
from hypertendril.search.scheduler import Result

Rows = NDArray[np.float64]
Scored = tuple[Rows, Rows, NDArray[np.float64]]


class UnitSpace:
    """A space as a unit cube: a coordinate a parameter, in its declared scale.

    Categories are bins of their coordinate. An inactive parameter stands in the middle.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._order = [(space.index(p.name), p) for p in activation_order(space)]
        self._size = len(space)

    def point(self, values: Mapping[str, Choice]) -> Rows:
        """Return (d,) coordinates of active parameters."""
        found = np.full(self._size, 0.5)
        for k, parameter in self._order:
            code = parameter.encode(values[parameter.name]) if parameter.name in values else np.nan
            if math.isnan(code):
                continue
            if parameter.kind is ParameterKind.CATEGORICAL:
                found[k] = (code + 0.5) / len(parameter.choices)
            else:
                found[k] = float(np.clip(parameter.to_unit(code), 0.0, 1.0))
        return found

    def values(self, point: Rows) -> dict[str, Choice]:
        """Return the active parameters at (d,) coordinates; those outside are cut off."""
        values: dict[str, Choice] = {}
        for k, parameter in self._order:
            if not is_active(parameter, values):
                continue
            u = float(np.clip(point[k], 0.0, 1.0))
            if parameter.kind is ParameterKind.CATEGORICAL:
                values[parameter.name] = draw(parameter, u)
            else:
                values[parameter.name] = parameter.decode(float(parameter.from_unit(u)))
        return values


@dataclass(frozen=True, slots=True)
class Told:
    """A trial that was told of.

    Attributes:
        point: (d,) coordinates.
        qualities: (m,) more is better; None while it runs, or where it failed.
        is_running: Whether a result may still come.
        violation: Above 0 is infeasible.
    """

    point: Rows
    qualities: Rows | None
    is_running: bool
    violation: float = 0.0


class ToldTrials:
    """All trials a method knows of, by number."""

    def __init__(self, space: SearchSpace, objectives: Sequence[Objective]) -> None:
        self.space = UnitSpace(space)
        self._signs = np.array([objective.direction.sign for objective in objectives])
        self._found: dict[int, Told] = {}

    def note(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where a trial stands (as `SearchMethod.tell`)."""
        qualities = None
        if result.is_scored:
            qualities = self._signs * np.array(result.objectives, dtype=np.float64)
        point, violation = self.space.point(values), max(result.violation, 0.0)
        self._found[number] = Told(point, qualities, result.is_under_way, violation)

    def before(self, number: int) -> list[tuple[int, Told]]:
        """Return what is known of the trials before `number`, by number."""
        return [(n, self._found[n]) for n in sorted(self._found) if n < number]

    def between(self, first: int, end: int) -> list[Told]:
        """Return what is known of the trials from `first` to before `end`, by number."""
        return [self._found[n] for n in range(first, end) if n in self._found]

    def earlier(self) -> list[Told]:
        """Return what earlier studies told, by number: those below 0."""
        return [result for _, result in self.before(0)]

    def scored(self, number: int) -> Scored:
        """Return what is known of the scored trials before `number`."""
        return scored([result for _, result in self.before(number)])


def scored(results: Sequence[Told]) -> Scored:
    """Return the numbers of those results that have any.

    Returns:
        (n, d) coordinates, (n, m) qualities and (n,) violations, 0 where feasible.
    """
    known = [result for result in results if result.qualities is not None]
    points = np.array([result.point for result in known])
    violations = np.array([result.violation for result in known], dtype=np.float64)
    return points, np.array([result.qualities for result in known]), violations
