"""The trade-off between two numbers of every trial."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Direction

Directions = tuple[Direction, Direction]


def pareto_front(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    directions: Directions,
    eligible: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Return the rows no other row beats in both numbers, in O(n log n).

    Args:
        x, y: (n,) two metrics of every trial. Rows with NaN or an infinity are left out.
        directions: Which way `x` and `y` are better.
        eligible: (n,) rows that may take part (feasible and complete, say); None for all.

    Returns:
        Rows from the best `x` to the best `y`; equal points are all kept, in row order.
    """
    allowed = np.isfinite(x) & np.isfinite(y)
    rows = np.flatnonzero(allowed if eligible is None else allowed & eligible)
    good_x, good_y = directions[0].sign * x[rows], directions[1].sign * y[rows]
    order = np.lexsort((rows, -good_y, -good_x))
    rows, good_x, good_y = rows[order], good_x[order], good_y[order]
    best = np.maximum.accumulate(good_y) if len(rows) else good_y
    before = np.concatenate([[-np.inf], best[:-1]])
    is_new = good_y > before
    # A row that repeats the last point of the front is not beaten by it.
    same = np.zeros(len(rows), dtype=bool)
    same[1:] = (good_x[1:] == good_x[:-1]) & (good_y[1:] == good_y[:-1])
    leader = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    return rows[is_new[leader]]


def hypervolume(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    directions: Directions,
    reference: tuple[float, float],
) -> float:
    """Return the area that the rows dominate, up to `reference`.

    Args:
        x, y: (n,) two metrics; NaN and infinities are left out.
        directions: Which way `x` and `y` are better.
        reference: A point worse than the rows of interest; rows not better than it in both
            numbers add nothing.

    Returns:
        Area in units of x times y, 0 where no row is better than the reference.
    """
    signs = directions[0].sign, directions[1].sign
    front = pareto_front(x, y, directions)
    width = signs[0] * (x[front] - reference[0])
    height = signs[1] * (y[front] - reference[1])
    inside = (width > 0) & (height > 0)
    width, height = width[inside], height[inside]
    # From the widest, lowest point on, each adds a slab on top of the one before.
    return float((width * np.diff(height, prepend=0.0)).sum())
