"""The axis on which a column of a study is drawn: its range, scale, marks and lane for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.ticks import axis_ticks, choice_texts, value_ticks
from hypertendril.model import Parameter, ParameterKind, Study

# A value this many interquartile ranges beyond the quartiles is drawn at the end of the axis:
# one diverged run must not squeeze all others into a line.
LONGEST = 1e307  # the length of an axis, and fences beyond it, are numbers too
FENCE_IQRS = 10.0
LOG_DECADES = 3.0
# Values that lie in less than this part of their range have converged; below the second there
# is one value and nothing to zoom into.
CONVERGED_SHARE = 0.6
TINY_SHARE = 1e-6
MIN_CONVERGED = 8
MIN_WIDE_INT = 12
ZOOM_MARGIN = 0.06


@dataclass(frozen=True)
class ColumnAxis:
    """One axis.

    Attributes:
        key: Of the column: `param:lr`, `objective:accuracy`.
        label: Its name as the user wrote it.
        low, high: Column values at the ends of the axis, low < high unless all are equal.
        log: The axis is logarithmic.
        choices: Texts of the codes 0, 1 ... of a choice; empty for numbers.
        ticks, tick_labels: Marks in column values and their texts.
        has_missing: Some trials have no value here and need a lane of their own.
    """

    key: str
    label: str
    low: float
    high: float
    log: bool
    choices: tuple[str, ...]
    ticks: NDArray[np.float64]
    tick_labels: tuple[str, ...]
    has_missing: bool

    def to_json(self) -> dict[str, Any]:
        """Return the axis as the page's scripts take it."""
        return {
            "key": self.key,
            "label": self.label,
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "choices": list(self.choices),
            "ticks": [float(value) for value in self.ticks],
            "tickLabels": list(self.tick_labels),
            "hasMissing": self.has_missing,
        }

    def unit(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return column values as positions on the axis, 0 at its low end, 1 at its high end."""
        if self.choices:
            last = len(self.choices) - 1
            return values / last if last else np.full(values.shape, 0.5)
        low, high = (np.log(self.low), np.log(self.high)) if self.log else (self.low, self.high)
        scaled = np.log(values) if self.log else values
        return (scaled - low) / (high - low) if high > low else np.full(values.shape, 0.5)


def parameter_axis(
    study: Study, name: str, max_ticks: int = 6, *, is_zoomed: bool = False
) -> ColumnAxis:
    """Return the axis of parameter `name` in its declared range and scale.

    Args:
        study: Gives the parameter and the values that were tried.
        name: Of the parameter.
        max_ticks: Upper limit of marks.
        is_zoomed: Show only where the later half of the trials lies, if that is narrow.
    """
    parameter = study.space[name]
    values = study.column(f"param:{name}")
    ticks, labels = axis_ticks(parameter, max_ticks)
    low, high = _declared_ends(parameter)
    if is_zoomed and (range_ := converged_range(parameter, values)):
        low, high = range_
        ticks, labels = value_ticks(low, high, max_ticks, log=parameter.log)
    return ColumnAxis(
        key=f"param:{name}",
        label=name,
        low=low,
        high=high,
        log=parameter.log,
        choices=choice_texts(parameter),
        ticks=ticks,
        tick_labels=labels,
        has_missing=bool(np.isnan(values).any()),
    )


def converged_range(
    parameter: Parameter, values: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Return where 95 % of the later half of `values` lie, with a margin; None if they are spread.

    Args:
        parameter: Gives the scale.
        values: (n,) in the order of the trials; NaN is left out. Choices and short ranges of
            whole numbers are never zoomed: each of their values has a place already.
    """
    if parameter.is_discrete_choice or _is_short_int(parameter):
        return None
    later = values[len(values) // 2 :]
    units = parameter.to_unit(later[np.isfinite(later)])
    if len(units) < MIN_CONVERGED:
        return None
    low, high = np.clip(np.quantile(units, [0.025, 0.975]), 0.0, 1.0)
    if high - low > CONVERGED_SHARE or high - low < TINY_SHARE:
        return None
    margin = ZOOM_MARGIN * (high - low)
    ends = np.clip([low - margin, high + margin], 0.0, 1.0)
    assert parameter.low is not None and parameter.high is not None
    if parameter.log:
        found = parameter.low * (parameter.high / parameter.low) ** ends
    else:
        found = parameter.low + ends * (parameter.high - parameter.low)
    return float(found[0]), float(found[1])


def measured_axis(study: Study, key: str, max_ticks: int = 6) -> ColumnAxis:
    """Return the axis of an objective or metric over the values it took, outliers at its ends."""
    values = study.column(key)
    low, high, log = measured_range(values)
    ticks, labels = value_ticks(low, high, max_ticks, log=log)
    return ColumnAxis(
        key=key,
        label=key.partition(":")[2],
        low=low,
        high=high,
        log=log,
        choices=(),
        ticks=ticks,
        tick_labels=labels,
        has_missing=bool(np.isnan(values).any()),
    )


def measured_range(values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Return the ends of the axis of measured values, and whether it is logarithmic.

    It is where the values inside the fences lie over more than three decades, all above zero. Of
    losses most of which are tiny the usual fences would cut the others off: there the fences of
    their logarithms hold too.

    Args:
        values: (n,) any floats.
    """
    low, high = fenced_range(values)
    finite = values[np.isfinite(values)]
    if not len(finite) or finite.min() <= 0:
        return low, high, False
    log_low, log_high = np.power(10.0, fenced_range(np.log10(finite)))
    low_of_all, high_of_all = min(low, float(log_low)), max(high, float(log_high))
    if np.log10(high_of_all) - np.log10(low_of_all) > LOG_DECADES:
        return low_of_all, high_of_all, True
    return low, high, False


def fenced_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and greatest of the finite `values` inside the fences; 0 and 1 for none.

    Args:
        values: (n,) any floats. One single value gets a range around it.
    """
    finite = np.clip(values[np.isfinite(values)], -LONGEST, LONGEST)
    if not len(finite):
        return 0.0, 1.0
    lower, upper = np.quantile(finite, [0.25, 0.75])
    reach = FENCE_IQRS * (upper - lower)
    inside = finite[(finite >= lower - reach) & (finite <= upper + reach)] if reach else finite
    low, high = float(inside.min()), float(inside.max())
    if low < high:
        return low, high
    margin = abs(low) * 0.05 or 0.5
    return low - margin, high + margin


def _is_short_int(parameter: Parameter) -> bool:
    assert parameter.low is not None and parameter.high is not None
    width = parameter.high - parameter.low
    return parameter.kind is ParameterKind.INT and width / (parameter.step or 1.0) < MIN_WIDE_INT


def _declared_ends(parameter: Parameter) -> tuple[float, float]:
    if parameter.is_discrete_choice:
        return 0.0, float(len(parameter.choices) - 1)
    assert parameter.low is not None and parameter.high is not None
    return parameter.low, parameter.high
