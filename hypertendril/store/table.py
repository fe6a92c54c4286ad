"""Columns that grow, and can be looked at while they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_FIRST_CAPACITY = 16


class Table:
    """Columns of equal length with room behind them.

    Rows are written behind the last one, so arrays handed out before never change by an
    append. `overwrite` is the one thing that could change them: it first replaces each
    column that was handed out (`mark_shared`) and would really change.

    Args:
        columns: Empty arrays (0 rows) that name the columns, their types and widths.
    """

    def __init__(self, columns: Mapping[str, Array]) -> None:
        self.arrays: dict[str, Array] = dict(columns)
        self.n = 0
        self._shared: set[str] = set()

    def reserve(self, rows: int) -> None:
        """Make room for `rows` rows in all, so that appends up to there copy nothing."""
        for name, old in self.arrays.items():
            if len(old) < rows:
                self.arrays[name] = self._grown(old, rows)
                self._shared.discard(name)

    def append(self, columns: Mapping[str, Array] | Array, count: int) -> None:
        """Add `count` rows; `columns` is indexed by column name."""
        need = self.n + count
        if need > len(next(iter(self.arrays.values()))):
            self.reserve(max(_FIRST_CAPACITY, 2 * self.n, need))
        for name, array in self.arrays.items():
            array[self.n : need] = columns[name]
        self.n = need

    def unshare(self, rows: NDArray[np.int64], columns: Mapping[str, Array] | Array) -> None:
        """Copy each column that views show and that `overwrite` with the same would change."""
        for name, array in self.arrays.items():
            if name in self._shared and not _same(array[rows], columns[name]):
                self.arrays[name] = self._grown(array, len(array))
                self._shared.discard(name)

    def overwrite(self, rows: NDArray[np.int64], columns: Mapping[str, Array] | Array) -> None:
        """Replace `rows` (each named once); views handed out before keep what they show."""
        self.unshare(rows, columns)
        for name, array in self.arrays.items():
            if name not in self._shared:
                array[rows] = columns[name]

    def overwrite_unseen(
        self, rows: NDArray[np.int64], columns: Mapping[str, Array] | Array
    ) -> None:
        """Replace `rows` (each named once) in place; a view that shows them sees it."""
        for name, array in self.arrays.items():
            array[rows] = columns[name]

    def mark_shared(self) -> None:
        """Note that somebody holds views of the columns as they are now."""
        self._shared.update(self.arrays)

    def widen(self, name: str, width: int) -> None:
        """Give a two-dimensional column `width` columns, the new ones NaN."""
        old = self.arrays[name]
        if old.shape[1] == width:
            return
        new = np.empty((len(old), width))
        new[: self.n, : old.shape[1]] = old[: self.n]
        new[: self.n, old.shape[1] :] = np.nan
        self.arrays[name] = new
        self._shared.discard(name)

    def replace(self, arrays: Mapping[str, Array]) -> None:
        """Take other rows for all there are."""
        self.arrays = dict(arrays)
        self.n = len(next(iter(self.arrays.values())))
        self._shared.clear()

    def _grown(self, old: Array, capacity: int) -> Array:
        new = np.empty((capacity, *old.shape[1:]), old.dtype)
        new[: self.n] = old[: self.n]
        return new


def read_only(arrays: Mapping[str, Array], n: int) -> dict[str, Array]:
    """Return views of the first `n` rows that cannot be written through."""
    views = {}
    for name, array in arrays.items():
        view = array[:n]
        view.flags.writeable = False
        views[name] = view
    return views


def _same(old: Array, new: Array) -> bool:
    return np.array_equal(old, new, equal_nan=old.dtype.kind == "f")
