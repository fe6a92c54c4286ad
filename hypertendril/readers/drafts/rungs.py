"""Rungs of successive halving, told from where trials stopped, for frameworks that store none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

MOST_RUNGS = 12
FACTORS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
LEAST_SHARE = 0.9  # of the trials must have stopped on a rung


def levels_of(ends: Sequence[float], top: float | None = None) -> tuple[float, ...]:
    """Return the resources at which trials were compared, lowest first; empty if they were not.

    Rungs lie at `least * factor ** k`. Few trials that failed elsewhere are tolerated.

    Args:
        ends: Resource each trial stopped at.
        top: The most a trial may get, where that is known; it is a level although it may lie off
            the ladder.
    """
    counts = Counter(end for end in ends if np.isfinite(end) and end > 0)
    if not counts:
        return ()
    highest = max(counts) if top is None else max(top, *counts)
    stops = {level: n for level, n in counts.items() if level < highest}
    if not stops:
        return ()
    total = sum(stops.values())
    best: tuple[float, ...] = ()
    best_fit = (LEAST_SHARE, 0.0)
    for least in sorted(stops, key=lambda level: -stops[level])[:6]:
        for factor in FACTORS:
            ladder = _ladder(least, factor, min(stops), highest)
            used = [level for level in ladder if level in stops]
            # Of ladders that explain the same, the one with the fewest rungs nobody stopped at.
            fit = (sum(stops[level] for level in used) / total, len(used) / max(1, len(ladder)))
            if fit > best_fit and len(ladder) <= MOST_RUNGS and _is_used(used, stops):
                best, best_fit = ladder, fit
    return (*best, highest) if best else ()


def _ladder(least: float, factor: int, low: float, high: float) -> tuple[float, ...]:
    """Return the rungs below `high` on the ladder through `least`."""
    start = least
    while start / factor >= low and start % factor == 0:
        start /= factor
    levels: list[float] = []
    while start < high and len(levels) <= MOST_RUNGS:
        levels.append(start)
        start *= factor
    return tuple(levels)


def _is_used(used: Sequence[float], stops: Mapping[float, int]) -> bool:
    """Return whether more than one trial tells of the ladder; a single one explains anything."""
    return len(used) >= 2 or (len(used) == 1 and stops[used[0]] >= 2)
