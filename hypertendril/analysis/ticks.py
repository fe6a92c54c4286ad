"""Few, round, readable marks for an axis, and numbers as short text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Parameter, ParameterKind

Ticks = tuple[NDArray[np.float64], tuple[str, ...]]

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGE_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
# Up to here whole numbers stand in full: batch sizes and layer widths must be exact.
_MIN_UNIT = 1e5
_MAX_PLAIN = 1e15
_MIN_PLAIN = 1e-3
# Room for rounding when a bound such as 0.3 is divided by a step such as 0.1.
_SLACK = 1e-9


def number_text(value: float, digits: int = 4) -> str:
    """Return `value` as short text: 0.8756, 64, 1.33 M, 2.1e-4.

    Args:
        value: Any float; NaN reads `n/a`, infinities `inf` and `-inf`.
        digits: Significant digits of plain decimals; powers of ten and units show fewer.

    Returns:
        Whole numbers below 100,000 in full; larger ones with k, M, G or T; below 0.001
        and from 1e15 on a power of ten.

    Example:
        >>> number_text(1_331_000), number_text(0.00021)
        ('1.33 M', '2.1e-4')
    """
    value = float(value)
    if not math.isfinite(value):
        return "n/a" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if abs(value) < _MIN_UNIT and value.is_integer():
        return str(int(value))
    if not _MIN_PLAIN <= abs(value) < _MAX_PLAIN:
        return _power_text(value, max(2, digits - 2))
    return _plain_text(value, digits) if abs(value) < _MIN_UNIT else _unit_text(value, digits - 1)


def _unit_text(value: float, digits: int) -> str:
    rounded = float(f"{value:.{max(2, digits) - 1}e}")
    unit, letter = next((u, name) for u, name in _LARGE_UNITS if abs(rounded) >= u)
    return f"{_plain_text(rounded / unit, max(2, digits))} {letter}"


def _plain_text(value: float, digits: int) -> str:
    """Return `value` with so many significant digits, without a power of ten or spare zeros."""
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)) + _SLACK))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power_text(value: float, digits: int) -> str:
    """Return `value` as mantissa and power of ten, such as 2.1e-4."""
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{short}e{int(exponent)}"


def axis_ticks(parameter: Parameter, max_ticks: int = 6) -> Ticks:
    """Return where the axis of a parameter is marked, and the texts.

    Args:
        parameter: Gives bounds, scale, step and choices.
        max_ticks: Upper limit of marks, at least 2.

    Returns:
        Ascending column values (codes for choices) inside the declared bounds, and one label
        each. Labels of choices are raw user text: the drawing side escapes them.

    Example:
        >>> lr = Parameter("lr", ParameterKind.FLOAT, low=1e-4, high=0.1, log=True)
        >>> axis_ticks(lr)[1]
        ('1e-4', '0.001', '0.01', '0.1')
    """
    if parameter.is_discrete_choice:
        return _choice_ticks(parameter, max_ticks)
    assert parameter.low is not None and parameter.high is not None
    values = _stepped_values(parameter, max_ticks)
    if values is None:
        values = _scale_ticks(
            parameter.low,
            parameter.high,
            max_ticks,
            log=parameter.log,
            is_int=parameter.kind is ParameterKind.INT,
        )
    return values, _labels(values, log=parameter.log)


def value_ticks(
    low: float, high: float, max_ticks: int = 6, *, log: bool = False, is_int: bool = False
) -> Ticks:
    """Return marks and texts for an axis from `low` to `high` (finite, `low <= high`).

    Args:
        low, high: Ends of the axis in its own unit; both above 0 where `log`.
        max_ticks: Upper limit of marks, at least 2.
        log: The axis is logarithmic.
        is_int: Only whole numbers are marked.
    """
    values = _scale_ticks(low, high, max_ticks, log=log, is_int=is_int)
    return values, _labels(values, log=log)


def round_step(width: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that is at least `width` (> 0)."""
    power = 10.0 ** math.floor(math.log10(width))
    step = next(s for s in _ROUND_STEPS if s * power >= width * (1 - _SLACK))
    return float(f"{step * power:.12g}")


def _labels(values: NDArray[np.float64], *, log: bool) -> tuple[str, ...]:
    if log:
        return tuple(_power_label(value) for value in values.tolist())
    # One axis, one unit: 50 k below 100 k, not 50000.
    most = float(np.abs(values).max(initial=0.0))
    has_units = _MIN_UNIT <= most < _MAX_PLAIN
    # Marks near to each other differ late: 1.000005 and 1.00001.
    step = float(np.diff(values).min(initial=most))
    digits = math.ceil(math.log10(most / step)) + 2 if step > 0 else 0
    return tuple(
        _unit_text(value, max(5, digits))
        if has_units and abs(value) >= 1e3
        else number_text(value, max(6, digits))
        for value in values.tolist()
    )


def _power_label(value: float) -> str:
    exponent = math.log10(value)
    is_power = value >= 1e4 and abs(exponent - round(exponent)) < _SLACK
    return f"1e{round(exponent)}" if is_power else number_text(value, 6)


def _choice_ticks(parameter: Parameter, max_ticks: int) -> Ticks:
    stride = -(-len(parameter.choices) // max_ticks)
    codes = np.arange(0, len(parameter.choices), stride, dtype=np.float64)
    texts = choice_texts(parameter)
    return codes, tuple(texts[int(code)] for code in codes)


def choice_texts(parameter: Parameter) -> tuple[str, ...]:
    """Return the choices as short texts, no two alike: the text None beside null has quotes."""
    texts = [_choice_text(choice) for choice in parameter.choices]
    seen = Counter(texts)
    return tuple(
        text if seen[text] == 1 else f'"{choice}"' if isinstance(choice, str) else str(choice)
        for text, choice in zip(texts, parameter.choices, strict=True)
    )


def _choice_text(choice: object) -> str:
    """Return a choice as short text; numbers as `number_text` writes them."""
    is_number = isinstance(choice, (int, float)) and not isinstance(choice, bool)
    return number_text(float(choice), 6) if is_number else str(choice)  # type: ignore[arg-type]


def _stepped_values(parameter: Parameter, max_ticks: int) -> NDArray[np.float64] | None:
    """Return values of a stepped parameter: all where few, every k-th where round ones miss the steps."""
    step = parameter.step or (1.0 if parameter.kind is ParameterKind.INT else None)
    assert parameter.low is not None and parameter.high is not None
    if step is None:
        return None
    count = math.floor((parameter.high - parameter.low) / step + _SLACK) + 1
    if count > max_ticks and (parameter.log or step == 1.0):
        return None
    stride = -(-count // max_ticks)
    if stride > 1:
        marks = _linear_ticks(parameter.low, parameter.high, max_ticks, is_int=False)
        steps = (marks - parameter.low) / step
        if (np.abs(steps - np.rint(steps)) < 1e-6).all():
            return marks
    values = parameter.low + step * np.arange(0, count, stride, dtype=np.float64)
    return _rounded(values, step)


def _scale_ticks(
    low: float, high: float, max_ticks: int, *, log: bool, is_int: bool
) -> NDArray[np.float64]:
    if not high > low:
        return np.array([low])
    if log:
        return _log_ticks(low, high, max_ticks)
    return _linear_ticks(low, high, max_ticks, is_int=is_int)


def _linear_ticks(low: float, high: float, max_ticks: int, *, is_int: bool) -> NDArray[np.float64]:
    """Return the multiples of the smallest round step that give at most `max_ticks` marks."""
    # A range that begins and ends between marks may have room for a finer step.
    step = round_step(high / (max_ticks + 1) - low / (max_ticks + 1))  # their difference may be inf
    while (is_int and not step.is_integer()) or _multiples(low, high, step).size > max_ticks:
        step = round_step(step * 1.01)
    values = _multiples(low, high, step)
    is_enough = values.size > (0 if is_int else 1)
    return _rounded(values, step) if is_enough else np.array([low, high])


def _multiples(low: float, high: float, step: float) -> NDArray[np.float64]:
    first, last = math.ceil(low / step - _SLACK), math.floor(high / step + _SLACK)
    return np.clip(np.arange(first, last + 1) * step, low, high)


def _rounded(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return `values` without the dust of multiplication: 0.3, not 0.30000000000000004."""
    decimals = min(300, max(0, 3 - math.floor(math.log10(step))))
    return np.round(values, decimals) + 0.0  # + 0.0 turns -0 into 0


def _log_ticks(low: float, high: float, max_ticks: int) -> NDArray[np.float64]:
    candidates = (
        _powers(2.0, low, high, max_ticks) if _is_power_of_two(low, high) else np.zeros(0),
        _powers(10.0, low, high, max_ticks),
        _decade_parts((1, 2, 5), low, high, max_ticks),
        _decade_parts((1, 3), low, high, max_ticks),
        _decade_parts(range(1, 10), low, high, max_ticks),
    )
    for values in candidates:
        if values.size >= 3:
            return values
    return max((*candidates[1:], np.array([low, high])), key=lambda values: values.size)


def _is_power_of_two(low: float, high: float) -> bool:
    return all(bound >= 2 and math.log2(bound).is_integer() for bound in (low, high))


def _powers(base: float, low: float, high: float, max_ticks: int) -> NDArray[np.float64]:
    first = math.ceil(math.log(low) / math.log(base) - _SLACK)
    last = math.floor(math.log(high) / math.log(base) + _SLACK)
    stride = max(1, -(-(last - first + 1) // max_ticks))
    start = -(-first // stride) * stride if base == 10.0 else first
    return np.clip([float(base**k) for k in range(start, last + 1, stride)], low, high)


def _decade_parts(
    parts: Sequence[int], low: float, high: float, max_ticks: int
) -> NDArray[np.float64]:
    """Return `parts` of each decade inside the bounds; none where they are too many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [float(f"{part}e{k}") for k in decades for part in parts]
    inside = [v for v in values if low * (1 - _SLACK) <= v <= high * (1 + _SLACK)]
    return np.clip(inside if len(inside) <= max_ticks else [], low, high)
