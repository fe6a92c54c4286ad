"""Values of a space drawn from uniform numbers: declared scale, whole steps, conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from hypertendril.errors import SpaceError
from hypertendril.model import Choice, Parameter, ParameterKind, SearchSpace


class SeededDraws:
    """A configuration for each number, a function of the seed and that number alone.

    Each parameter owns one draw, used or not, so that narrowing one range or changing
    one condition leaves the draws of the others as they were.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._columns = [(space.index(p.name), p) for p in activation_order(space)]
        self._seed = seed

    def completed(self, number: int, given: Mapping[str, Choice]) -> dict[str, Choice]:
        """Return the active parameters of configuration `number`, where `given` as they are there."""
        source = np.random.SeedSequence(entropy=self._seed, spawn_key=(number,))
        uniforms = np.random.Generator(np.random.Philox(source)).random(len(self._columns))
        values: dict[str, Choice] = {}
        for column, parameter in self._columns:
            if not is_active(parameter, values):
                continue
            if parameter.name in given:
                code = parameter.encode(given[parameter.name])
                values[parameter.name] = parameter.decode(code)
            else:
                values[parameter.name] = draw(parameter, float(uniforms[column]))
        return values


def draw(parameter: Parameter, u: float) -> Choice:
    """Return the value of `parameter` at the uniform number `u` in [0, 1).

    Every grid point of a stepped, whole or discrete parameter is equally likely in the
    declared scale. (`Parameter.from_unit` rounds, which gives the two ends half a share.)
    """
    if parameter.is_discrete_choice:
        return parameter.choices[_bin(u, len(parameter.choices))]
    assert parameter.low is not None and parameter.high is not None
    step = grid_step(parameter)
    if step is None or (parameter.log and parameter.step is not None):
        return parameter.decode(float(parameter.from_unit(u)))
    if parameter.log:
        low, high = math.log(parameter.low - 0.5), math.log(parameter.high + 0.5)
        value = round(math.exp(low + u * (high - low)))
        return parameter.decode(float(np.clip(value, parameter.low, parameter.high)))
    return parameter.decode(parameter.low + _bin(u, grid_count(parameter, step)) * step)


def grid_step(parameter: Parameter) -> float | None:
    """Return the distance of neighbouring values of a number; None where it is continuous."""
    if parameter.step is not None:
        return parameter.step
    return 1.0 if parameter.kind is ParameterKind.INT else None


def grid_count(parameter: Parameter, step: float) -> int:
    """Return how many multiples of `step` from `low` lie inside the bounds of a number."""
    assert parameter.low is not None and parameter.high is not None
    # The small number forgives bounds such as 0.3 that no binary fraction meets exactly.
    return math.floor((parameter.high - parameter.low) / step + 1e-9) + 1


def activation_order(space: SearchSpace) -> tuple[Parameter, ...]:
    """Return the parameters of `space`, each after the one its condition names.

    Raises:
        SpaceError: A condition names a parameter the space lacks, or conditions form a circle.
    """
    ordered: dict[str, Parameter] = {}
    waiting = list(space)
    while waiting:
        ready = [p for p in waiting if p.condition is None or p.condition.parent in ordered]
        if not ready:
            raise SpaceError(_never_active(space, waiting[0]))
        ordered.update({parameter.name: parameter for parameter in ready})
        waiting = [parameter for parameter in waiting if parameter.name not in ordered]
    return tuple(ordered.values())


def is_active(parameter: Parameter, values: Mapping[str, Choice]) -> bool:
    """Return whether `parameter` takes part, given the `values` of the parameters before it."""
    condition = parameter.condition
    if condition is None:
        return True
    if condition.parent not in values:
        return False
    value = values[condition.parent]
    # True == 1 in Python, but a choice of 1 is not a choice of true.
    return any(
        wanted == value and isinstance(wanted, bool) == isinstance(value, bool)
        for wanted in condition.values
    )


def _bin(u: float, count: int) -> int:
    return min(int(u * count), count - 1)


def _never_active(space: SearchSpace, parameter: Parameter) -> str:
    assert parameter.condition is not None
    parent = parameter.condition.parent
    if parent not in space:
        return (
            f"Parameter {parameter.name!r} is conditional on {parent!r}, which the space lacks; "
            "keep the parent or drop both."
        )
    return f"The conditions of {parameter.name!r} and {parent!r} form a circle."
