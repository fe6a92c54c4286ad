"""Values near others: steps in the declared scale, as likely up as down, inside the space."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np

from hypertendril.model import Choice, Parameter, ParameterKind, SearchSpace
from hypertendril.search.sampling import activation_order, draw, grid_count, grid_step, is_active


def perturbed(
    space: SearchSpace,
    values: Mapping[str, Choice],
    factor: float,
    resample: float,
    kept: Collection[str],
    random: np.random.Generator,
) -> dict[str, Choice]:
    """Return values near `values`.

    Each parameter is drawn anew with the probability `resample`, else moved by one step,
    up or down alike. Categories only change by being drawn anew. A parameter that becomes
    active is drawn.

    Args:
        kept: Parameters that keep their value.
    """
    found: dict[str, Choice] = {}
    for parameter in activation_order(space):
        # Three draws each, used or not: one parameter more or less active moves no other.
        is_new, fresh, upwards = random.random(3)
        if not is_active(parameter, found):
            continue
        name = parameter.name
        old = math.nan if name not in values else parameter.encode(values[name])
        if not math.isnan(old) and name in kept:
            found[name] = values[name]
        elif math.isnan(old) or is_new < resample:
            found[name] = draw(parameter, fresh)
        else:
            found[name] = parameter.decode(
                moved(parameter, old, factor, upwards=bool(upwards < 0.5))
            )
    return found


def moved(parameter: Parameter, value: float, factor: float, *, upwards: bool) -> float:
    """Return the column value one step from `value`, cut off at the bounds.

    On a log scale the step multiplies or divides by `factor`. On a linear one it adds or
    takes away what the factor makes in the middle of a range that begins at 0,
    (factor - 1) / 2 of its width, wherever the value stands: steps in proportion to the value
    would be larger the higher it is, and so drift to the low end (Fig. 9 of the paper).
    Whole, stepped and ordinal values move by at least one place.
    """
    if parameter.kind is ParameterKind.CATEGORICAL:
        return value
    sign = 1.0 if upwards else -1.0
    if parameter.is_discrete_choice:
        last = len(parameter.choices) - 1
        places = max(1, round((factor - 1.0) / 2.0 * last))
        return float(min(max(value + sign * places, 0), last))
    assert parameter.low is not None and parameter.high is not None
    if parameter.log:
        target = value * (factor if upwards else 1.0 / factor)
    else:
        target = value + sign * (factor - 1.0) / 2.0 * (parameter.high - parameter.low)
    step = grid_step(parameter)
    if step is None:
        return float(min(max(target, parameter.low), parameter.high))
    place = round((value - parameter.low) / step)
    aim = round((target - parameter.low) / step)
    aim = max(aim, place + 1) if upwards else min(aim, place - 1)
    return parameter.low + min(max(aim, 0), grid_count(parameter, step) - 1) * step
