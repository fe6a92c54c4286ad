"""The bracket each trial of Ray's synchronous Hyperband belongs to; Ray records none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from hypertendril.readers.ray_tune.run import Run

LEAST_SHARE = 0.8  # of the trials whose bracket shows must lie where the rule puts them
MOST_UNSEEN = 2  # rungs below the lowest one at which a trial was seen to stop


def starting_rungs(run: Run, levels: Sequence[float]) -> dict[int, int]:
    """Return the rung each trial was started at, by index.

    A trial is paused at the first rung of its bracket and restored later, which shows in its
    results. Which brackets the others are in follows from the rule by which Ray fills them, if
    that rule agrees with those that show; else it is told from their neighbours.
    """
    sure, highest = _seen(run, levels)
    if not sure:  # asynchronous: all start at the lowest rung
        return dict.fromkeys(highest, 0)
    sure |= {index: 0 for index, rung in highest.items() if rung == 0}
    ruled = _ruled(sure, highest, {trial.index for trial in run.trials}, levels)
    if ruled is not None:
        return ruled
    known = sorted(sure)
    return {
        index: sure[index] if index in sure else _between(index, rung, known, sure)
        for index, rung in highest.items()
    }


def _seen(run: Run, levels: Sequence[float]) -> tuple[dict[int, int], dict[int, int]]:
    """Return the rung at which each trial was first paused, where it was, and its highest one."""
    sure: dict[int, int] = {}
    highest: dict[int, int] = {}
    at = {level: i for i, level in enumerate(levels)}
    for trial in run.trials:
        if trial.log is None or not trial.rows:
            continue
        reached = [i for level, i in at.items() if level <= trial.last_step]
        highest[trial.index] = max(reached, default=0)
        restarts = [row for s in trial.log.stretches for row in s.restarts if row]
        first = next(
            (at[trial.log.steps[r] - 1] for r in restarts if trial.log.steps[r] - 1 in at), None
        )
        if first is not None:
            sure[trial.index] = first
    return sure, highest


def _ruled(
    sure: Mapping[int, int],
    highest: Mapping[int, int],
    indexes: Iterable[int],
    levels: Sequence[float],
) -> dict[int, int] | None:
    """Return the starting rungs by the rule that agrees best with what shows, None for none."""
    eta = round(levels[-1] / levels[-2]) if len(levels) > 1 else 0
    if eta < 2:
        return None
    best, best_share = None, LEAST_SHARE
    # Searchers number their trials from 1, and may use up a number for one that is never made.
    place = {index: at for at, index in enumerate(sorted(indexes))}
    for unseen, is_rising in itertools.product(range(MOST_UNSEEN + 1), (False, True)):
        order = _filling(len(levels) + unseen, eta, is_rising=is_rising)
        rungs = list(itertools.islice(order, len(place)))
        told = {index: rungs[place[index]] - unseen for index in highest}
        agreed = sum(told[index] == rung for index, rung in sure.items()) / len(sure)
        fits = min(told.values()) >= 0 and all(told[i] <= top for i, top in highest.items())
        if fits and agreed > best_share:
            best, best_share = told, agreed
    return best


def _filling(rung_count: int, eta: int, *, is_rising: bool) -> Iterator[int]:
    """Yield the starting rung of one trial after the other.

    Hyperband begins each round with the bracket that starts at the highest rung, its BOHB variant
    with the one that starts at the lowest. Source: Li et al. 2018, algorithm 1, for the sizes.
    """
    starts = range(rung_count) if is_rising else range(rung_count - 1, -1, -1)
    for start in itertools.cycle(starts):
        halvings = rung_count - 1 - start
        yield from [start] * math.ceil(rung_count / (halvings + 1) * eta**halvings)


def _between(index: int, rung: int, known: Sequence[int], sure: Mapping[int, int]) -> int:
    at = int(np.searchsorted(known, index))
    around = {sure[k] for k in known[max(0, at - 1) : at + 1]}
    return around.pop() if len(around) == 1 and next(iter(around)) <= rung else rung
