"""Who was forked from whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Study


def ancestry(study: Study, row: int) -> tuple[int, ...]:
    """Return the rows from the founder down to `row` itself; a circle in bad data ends it."""
    parent = study.trials.parent
    line = [row]
    while 0 <= (above := int(parent[line[-1]])) < len(study) and above not in line:
        line.append(above)
    return tuple(reversed(line))


def descendants(study: Study, row: int) -> NDArray[np.int64]:
    """Return the rows of all children, their children and so on, ascending, without `row`; O(n d)."""
    parent = study.trials.parent
    found = np.zeros(len(study), dtype=bool)
    found[row] = True
    known = np.where((parent >= 0) & (parent < len(study)), parent, row)
    is_child = (parent >= 0) & (parent < len(study))
    while True:
        wider = found | (is_child & found[known])
        if (wider == found).all():
            found[row] = False
            return np.flatnonzero(found)
        found = wider
