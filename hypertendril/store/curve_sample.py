"""Learning curves in memory: all points of short curves, a sample of long ones.

A sample keeps the first and last point and, in each of equally wide stretches of steps,
the lowest and the highest value, so that a drawn curve keeps its peaks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import CurvePoints
from hypertendril.store.table import Table

Array = NDArray[Any]
Mask = NDArray[np.bool_]

DEFAULT_CAP = 512
# While much is read at once, thinning waits until this much is new: each pass costs a copy.
_NEW_POINTS_BEFORE_A_PASS = 65_536


class CurveSample(Table):
    """Curve points, at most `2 * cap` of each curve (`cap` after each thinning).

    Args:
        n_curves: How many curve names the study has.
        cap: How many points of a curve a sample keeps; None keeps all.
    """

    def __init__(self, n_curves: int, cap: int | None = DEFAULT_CAP) -> None:
        empty = CurvePoints.empty()
        super().__init__(
            {name: getattr(empty, name) for name in ("trial", "metric", "step", "value")}
        )
        self._cap = cap
        self._counts = np.zeros((0, n_curves), dtype=np.int32)
        self._has_long = False
        self._new = 0
        self.has_samples = False

    def extend(self, points: Array, n_curves: int) -> None:
        """Add points (records of `records.POINT`) of a study with `n_curves` curve names."""
        if not len(points):
            return
        self.append(points, len(points))
        if self._cap is None:
            return
        trial, metric = points["trial"], points["metric"]
        self._make_room(int(trial.max()) + 1, n_curves)
        np.add.at(self._counts, (trial, metric), 1)
        self._has_long |= bool((self._counts[trial, metric] > 2 * self._cap).any())
        self._new += len(points)
        if self._new > _NEW_POINTS_BEFORE_A_PASS + self.n // 4:
            self.settle()

    def settle(self) -> None:
        """Thin the curves that have grown too long since the last time."""
        self._new = 0
        if not self._has_long or self._cap is None:
            return
        trial, metric = self.arrays["trial"][: self.n], self.arrays["metric"][: self.n]
        long = (self._counts > self._cap)[trial, metric]
        keep = ~long
        rows = np.flatnonzero(long)
        step, value = self.arrays["step"][rows], self.arrays["value"][rows]
        keep[rows[sample_of(trial[rows], metric[rows], step, value, self._cap)]] = True
        self._counts[self._counts > self._cap] = 0
        self.replace({name: array[: len(keep)][keep] for name, array in self.arrays.items()})
        self.has_samples = True
        again = long[keep]
        np.add.at(self._counts, (self.arrays["trial"][again], self.arrays["metric"][again]), 1)
        self._has_long = False

    def _make_room(self, n_trials: int, n_curves: int) -> None:
        rows, width = self._counts.shape
        if n_trials > rows or n_curves > width:
            room = np.zeros((max(n_trials, 2 * rows), max(n_curves, width)), dtype=np.int32)
            room[:rows, :width] = self._counts
            self._counts = room


def sample_of(
    trial: NDArray[np.int64],
    metric: NDArray[np.int16],
    step: NDArray[np.float64],
    value: NDArray[np.float64],
    cap: int,
) -> NDArray[np.int64]:
    """Return positions of at most `cap` points of each curve, ascending.

    Args:
        trial, metric, step, value: (p,) the points of one or more curves as they arrived;
            of points of one step the last stands. NaN and inf values are points like others.
        cap: At least 4.
    """
    order = np.lexsort((np.arange(len(step)), step, metric, trial))
    same_curve = _equal_to_next(trial[order]) & _equal_to_next(metric[order])
    order = order[~(same_curve & _equal_to_next(step[order]))]
    ends = ~(_equal_to_next(trial[order]) & _equal_to_next(metric[order]))
    curve = np.concatenate(([0], np.cumsum(ends)[:-1])).astype(np.int64)
    last = np.flatnonzero(ends)
    first = np.concatenate(([0], last[:-1] + 1))
    stretches = (cap - 2) // 2
    at = step[order]
    start, length = at[first], np.maximum(at[last] / 2 - at[first] / 2, np.finfo(float).tiny)
    place = (at / 2 - start[curve] / 2) / length[curve]  # halves: their difference is finite
    stretch = np.minimum(place * stretches, stretches - 1)
    group = curve * stretches + stretch.astype(np.int64)
    chosen = np.concatenate((first, last, *_lowest_and_highest(group, value[order])))
    return np.unique(order[chosen])


def _lowest_and_highest(
    group: NDArray[np.int64], value: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions of the lowest and of the highest value of each group; NaN only where all are."""
    upward = np.lexsort((value, group))  # NaN sorts behind everything
    lowest = upward[~np.concatenate(([False], _equal_to_next(group[upward])[:-1]))]
    downward = np.lexsort((np.where(np.isnan(value), -np.inf, value), group))
    highest = downward[~_equal_to_next(group[downward])]
    return lowest, highest


def _equal_to_next(sorted_values: Array) -> Mask:
    """Return where a value equals the one after it; never at the end."""
    return np.append(sorted_values[1:] == sorted_values[:-1], False)
