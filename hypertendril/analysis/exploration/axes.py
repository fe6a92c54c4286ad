"""What the horizontal axis of an exploration picture may mean beside the method's own layout."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.exploration.columns import (
    Layout,
    Marks,
    arrival,
    in_sequence,
    marks_of,
    place_in_trial,
)
from hypertendril.model import Study

METHOD, TRIAL, WALL, SPENT = "method", "trial", "wall", "spent"
AXES = (METHOD, TRIAL, WALL, SPENT)

_TIME_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def available_axes(study: Study) -> tuple[str, ...]:
    """Return the axes of `AXES` the study was recorded well enough for."""
    marks = marks_of(study)
    has_time = bool(np.isfinite(moments(study, marks)).all()) and len(marks.trial) > 0
    has_resource = bool(np.isfinite(marks.resource).any())
    known = {METHOD: True, TRIAL: True, WALL: has_time, SPENT: has_resource}
    return tuple(axis for axis in AXES if known[axis])


def layout_along(
    study: Study, marks: Marks, when: NDArray[np.int64], axis: str
) -> tuple[Layout, str] | None:
    """Return positions along `axis` and the axis's title; None where that is not known.

    Args:
        study: Gives starts and ends of trials.
        marks: Everything that is drawn.
        when: Their places in the order of happening.
        axis: One of `AXES`; None for the method's own.
    """
    if axis == TRIAL:
        return in_sequence(marks, arrival(marks.trial)), "trial"
    if axis == WALL:
        seconds = moments(study, marks)
        if not len(seconds) or not np.isfinite(seconds).all():
            return None
        return _in_time(marks, seconds - seconds.min())
    if axis == SPENT and np.isfinite(marks.resource).any():
        return _measured(marks, _spent(study, marks, when)), "resource spent by all trials"
    return None


def moments(study: Study, marks: Marks) -> NDArray[np.float64]:
    """Return (e,) POSIX seconds of each mark, NaN where nothing tells.

    A look without a time of its own is placed evenly between its trial's start and end.
    """
    trials = study.trials
    order = arrival(marks.trial)
    count = np.bincount(marks.trial, minlength=len(study))[marks.trial]
    share = (place_in_trial(marks.trial, order) + 1) / np.maximum(count, 1)
    started, ended = trials.started[marks.trial], trials.ended[marks.trial]
    guess = np.where(np.isnan(ended), started, started + share * (ended - started))
    return np.where(np.isfinite(marks.time), marks.time, guess)


def happening(study: Study, marks: Marks) -> NDArray[np.int64]:
    """Return (e,) the place of each mark in the order in which things happened, from 0.

    By time where every mark has one; else in the order evaluations were written, a trial
    without any between those of its neighbours.
    """
    n, n_seen = len(marks.trial), len(study.evaluations)
    key = moments(study, marks)
    if not np.isfinite(key).all():
        reached = np.maximum.accumulate(marks.trial[:n_seen]) if n_seen else marks.trial[:0]
        bare = np.searchsorted(reached, marks.trial[n_seen:], "left") - 0.5
        key = np.concatenate([np.arange(n_seen, dtype=np.float64), bare])
    when = np.empty(n, dtype=np.int64)
    when[np.argsort(key, kind="stable")] = np.arange(n)
    return when


def _in_time(marks: Marks, seconds: NDArray[np.float64]) -> tuple[Layout, str]:
    width = float(seconds.max())
    unit, name = next((u for u in _TIME_UNITS if width >= 2 * u[0]), _TIME_UNITS[-1])
    return _measured(marks, seconds / unit), f"{name} since the start"


def _spent(study: Study, marks: Marks, when: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (e,) the resource all trials together had used up at each mark.

    Resources count from a trial's beginning; a copy goes on where its parent stood.
    """
    order = np.argsort(when)
    n = len(study)
    reached = np.zeros(n + 1)
    parent = np.where(
        (study.trials.parent >= 0) & (study.trials.parent < n), study.trials.parent, n
    )
    is_first = np.ones(n, dtype=bool)
    used = np.zeros(len(order))
    resource = marks.resource.tolist()
    for i, (mark, row) in enumerate(zip(order.tolist(), marks.trial[order].tolist(), strict=True)):
        now = resource[mark]
        if math.isnan(now):
            continue
        before = reached[parent[row]] if is_first[row] else reached[row]
        used[i] = max(0.0, now - min(before, now))
        reached[row], is_first[row] = now, False
    spent = np.empty(len(order))
    spent[order] = np.cumsum(used)
    return spent


def _measured(marks: Marks, x: NDArray[np.float64]) -> Layout:
    nothing = np.zeros(len(x), dtype=np.int64)
    return Layout("measured", x, nothing, marks.trial, nothing[:0], x[:0], 0)
