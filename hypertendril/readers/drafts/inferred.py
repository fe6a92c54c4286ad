"""A parameter whose range nobody wrote down, told from the values it was given."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Parameter, ParameterKind

LARGEST = 10**300  # beyond it the width of a range overflows; NaN and inf fail the comparison
LOG_SPAN = 100.0  # a linear draw over two decades has only 1 % of its values in the lower one


def infer_parameter(name: str, values: Iterable[Any]) -> Parameter | None:
    """Return the narrowest parameter that holds `values`; None if there is no usable value.

    Numbers make a float or, if all are whole, an int over the observed range. The scale is log
    where the values span two decades and their median lies nearer the geometric middle.
    Anything else makes a categorical in order of first appearance.
    """
    seen = [value for value in values if value is not None]
    if all(issubclass(kind, (int, float)) and kind is not bool for kind in {*map(type, seen)}):
        finite = np.array([float(v) for v in seen if abs(v) < LARGEST], dtype=np.float64)
        return infer_number(name, finite, is_int=all(isinstance(value, int) for value in seen))
    choices = {(isinstance(v, bool), v): v for v in seen if isinstance(v, (str, bool, int, float))}
    if not choices:
        return None
    return Parameter(name, ParameterKind.CATEGORICAL, choices=tuple(choices.values()))


def infer_number(name: str, values: NDArray[np.float64], *, is_int: bool) -> Parameter | None:
    """Return the parameter that holds numbers; NaN and infinite ones don't count."""
    finite = values[np.abs(values) < LARGEST]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    kind = ParameterKind.INT if is_int else ParameterKind.FLOAT
    return Parameter(name, kind, low, high, log=_is_log(finite, low, high))


def _is_log(values: NDArray[np.float64], low: float, high: float) -> bool:
    if low <= 0 or high / low < LOG_SPAN:
        return False
    median = math.log(float(np.median(values)))
    geometric = 0.5 * (math.log(low) + math.log(high))
    return abs(median - geometric) < abs(median - math.log(0.5 * low + 0.5 * high))
