"""Histograms that a few wild values cannot flatten."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypertendril.analysis.ticks import round_step

# Values further than so many interquartile ranges from the quartiles share the end bins.
OUTLIER_REACH = 3.0
LOG_DECADES = 3.0
# Where half of all values are equal the quartiles say nothing; the inner 98 % does.
INNER_QUANTILES = (0.01, 0.99)
_DECADE_PARTS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
# Well inside what a double holds exactly, with its half.
_MAX_WHOLE = 2.0**50
_FEW_PER_BIN = 10.0
# Narrower ranges than these cannot be cut into bins that doubles tell apart.
_LEAST_WIDTH = 1e-12
_TINY = 1e-290
# Wider ranges would overflow when subtracted; what lies outside counts in the end bins.
_HUGE, _HUGE_DECADES = 1e300, 300.0
_SLACK = 1e-9


@dataclass(frozen=True)
class Histogram:
    """Counts per bin.

    Attributes:
        edges: (b + 1,) float64 ascending, in the unit of the values.
        counts: (b,) int64. Bins are [low, high), the last one [low, high]. The first bin
            also holds what lies below it, the last what lies above.
        selected_counts: (b,) int64, of the selected values alone.
        n_below, n_above: How many values the end bins hold from outside the edges.
        n_missing: NaN values, in no bin.
        n_infinite: Infinite values, in no bin.
        log: Edges are evenly spaced on a logarithmic scale.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    selected_counts: NDArray[np.int64]
    n_below: int
    n_above: int
    n_missing: int
    n_infinite: int
    log: bool


def histogram(
    values: ArrayLike, selected: NDArray[np.bool_] | None = None, bins: int = 24
) -> Histogram:
    """Return counts of `values` in at most `bins` bins with round edges.

    Args:
        values: (n,) any unit. NaN and infinities are counted apart.
        selected: (n,) mask of the selected values; None selects all.
        bins: Upper limit of bins, at least 2.

    Returns:
        Edges are logarithmic where all values are positive and span more than three decades;
        between whole numbers where all values are whole. One bin with count 0 where nothing
        is finite.
    """
    x = np.asarray(values, dtype=np.float64)
    chosen = np.ones(len(x), dtype=bool) if selected is None else selected
    finite = np.isfinite(x)
    kept = x[finite]
    edges, log = _edges(kept, max(2, bins))
    return Histogram(
        edges=edges,
        counts=_counts(kept, edges),
        selected_counts=_counts(kept[chosen[finite]], edges),
        n_below=int((kept < edges[0]).sum()),
        n_above=int((kept > edges[-1]).sum()),
        n_missing=int(np.isnan(x).sum()),
        n_infinite=int(np.isinf(x).sum()),
        log=log,
    )


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    # Searching the inner edges alone leaves both end bins open.
    return np.bincount(np.searchsorted(edges[1:-1], values, "right"), minlength=len(edges) - 1)


def _edges(values: NDArray[np.float64], bins: int) -> tuple[NDArray[np.float64], bool]:
    if not len(values):
        return np.array([0.0, 1.0]), False
    if values.min() > 0 and math.log10(values.max()) - math.log10(values.min()) > LOG_DECADES:
        low, high = _core(np.clip(np.log10(values), -_HUGE_DECADES, _HUGE_DECADES))
        # A wild value may be what spans the decades; then the rest is better seen linearly.
        if high - low > LOG_DECADES:
            decades = _multiples(low, high, _decade_step(low, high, bins))
            return 10.0 ** np.clip(decades, -_HUGE_DECADES, _HUGE_DECADES), True
    low, high = _core(values)
    if (np.abs(values) < _MAX_WHOLE).all() and (values == np.rint(values)).all():
        return _whole_edges(math.ceil(low), math.floor(high), bins), False
    if high - low <= max(_LEAST_WIDTH * max(abs(low), abs(high)), _TINY):
        margin = abs(low) * 0.05 or 0.5
        return np.array([low - margin, high + margin]), False
    return _multiples(low, high, _linear_step(low, high, bins)), False


def _core(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range of the values that are no outliers."""
    bounded = np.clip(values, -_HUGE, _HUGE)
    lower, upper = (float(q) for q in np.quantile(bounded, (0.25, 0.75)))
    if upper > lower:
        reach = OUTLIER_REACH * (upper - lower)
        inner = bounded[(bounded >= lower - reach) & (bounded <= upper + reach)]
        return float(inner.min()), float(inner.max())
    lower, upper = (float(q) for q in np.quantile(bounded, INNER_QUANTILES))
    return (lower, upper) if upper > lower else (float(bounded.min()), float(bounded.max()))


def _linear_step(low: float, high: float, bins: int) -> float:
    step = round_step(high / bins - low / bins)
    while _bin_count(low, high, step) > bins:
        step = round_step(step * 1.01)
    return step


def _decade_step(low: float, high: float, bins: int) -> float:
    fine = next((part for part in _DECADE_PARTS if _bin_count(low, high, part) <= bins), None)
    return float(math.ceil((high - low) / (bins - 1))) if fine is None else fine


def _bin_count(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - _SLACK) - math.floor(low / step + _SLACK)


def _multiples(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Return the multiples of `step` that hold [low, high], without the dust of multiplication."""
    first, last = math.floor(low / step + _SLACK), math.ceil(high / step - _SLACK)
    edges = np.arange(first, max(last, first + 1) + 1) * step
    return np.array([float(f"{edge:.15g}") for edge in edges])


def _whole_edges(low: int, high: int, bins: int) -> NDArray[np.float64]:
    """Return edges half way between whole numbers while bins hold few of them, so none sits on an edge."""
    if high < low:
        low = high = round((low + high) / 2)
    step = 1.0 if high - low < bins else _whole_step(low, high, bins)
    first = math.floor(low / step)
    edges = step * np.arange(first, math.floor(high / step) + 2, dtype=np.float64)
    return edges - 0.5 if step <= _FEW_PER_BIN else edges


def _whole_step(low: int, high: int, bins: int) -> float:
    step = round_step((high - low + 1) / bins)
    while not step.is_integer() or math.floor(high / step) - math.floor(low / step) + 1 > bins:
        step = round_step(step * 1.01)
    return step
