"""Importance where values change in training: one row per interval instead of one per trial.

A population based search copies weights from good members to bad ones and goes on with other
values. What a trial reached in the end is then the work of all its ancestors' values, and an
importance of final values credits whatever the last ones happen to be. What the values in force
explain is the gain between two looks at a trial; when they matter is told by making the training
time a parameter of its own.

Source: HyperTendril, section 9, names this as an open problem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    Trials,
    TrialState,
)

TIME = "training time"
# Fewer tell nothing about parameters and time.
MIN_INTERVALS = 10


@dataclass(frozen=True)
class Intervals:
    """Stretches of training between two looks at the same weights.

    Attributes:
        trial: (k,) row of the trial whose values were in force.
        time: (k,) at their end: the method's own iteration, else the resource spent.
        gain: (k,) how much better the leading objective became; above 0 is better.
    """

    trial: NDArray[np.int64]
    time: NDArray[np.float64]
    gain: NDArray[np.float64]


def has_intervals(study: Study) -> bool:
    """Tell whether trials were forked and looked at often enough to speak of gains."""
    seen = study.evaluations
    if not study.has_forks() or len(seen) < MIN_INTERVALS:
        return False
    return len(intervals_of(study).gain) >= MIN_INTERVALS


def intervals_of(study: Study) -> Intervals:
    """Return every stretch between two looks; O(e log e) in the evaluations.

    The first stretch of a forked trial begins at its parent's last look before, whose weights it
    was given. Nobody looked at founders before they began: the worst of their first values stands
    for what untrained weights reach. A stretch with a value that is not finite is left out.
    """
    seen = study.evaluations
    clock = _clock(seen)
    order = np.lexsort((np.arange(len(seen)), clock, seen.trial))
    order = order[np.isfinite(clock[order])]
    trial, time, value = seen.trial[order], clock[order], seen.value[order]
    before = np.append(np.nan, value[:-1])
    is_first = np.append(True, trial[1:] != trial[:-1]) if len(order) else np.zeros(0, dtype=bool)
    first = np.flatnonzero(is_first)
    is_founder = study.trials.parent[trial[first]] < 0
    for k in first[~is_founder].tolist():
        before[k] = _forked_value(study, (trial, time, value), k)
    sign = study.objectives[0].direction.sign
    before[first[is_founder]] = sign * _least(sign * value[first[is_founder]])
    gain = sign * (value - before[: len(value)])
    kept = np.isfinite(gain)
    return Intervals(trial[kept], time[kept], gain[kept])


def interval_study(study: Study) -> Study:
    """Return the intervals as a study: parameters and training time, and the gain as objective.

    Args:
        study: One that `has_intervals`.

    Returns:
        A complete trial per interval. Its id and version are those of `study`; its time is the
        last parameter, named so that no other has that name.
    """
    found = intervals_of(study)
    trials = Trials.empty(len(found.gain), len(study.space) + 1, 1, 0)
    trials.values[:, :-1] = study.trials.values[found.trial]
    trials.values[:, -1] = found.time
    trials.objectives[:, 0] = found.gain
    trials.state[:] = TrialState.COMPLETE
    time = _time_parameter(study.space, found.time)
    header = replace(
        study.header,
        space=SearchSpace((*study.space.parameters, time)),
        objectives=(Objective(gain_name(study), Direction.MAXIMIZE),),
        metric_names=(),
        curve_names=(),
    )
    return Study(study.id, header, trials, Evaluations.empty(), CurvePoints.empty(), study.version)


def gain_name(study: Study) -> str:
    """Return what the objective of an interval is called."""
    return f"gain of {study.objectives[0].name}"


def time_name(space: SearchSpace) -> str:
    """Return the name of the training time beside the parameters of `space`."""
    name = TIME
    while name in space:
        name += " "
    return name


def _clock(seen: Evaluations) -> NDArray[np.float64]:
    """Return (e,) the time of each look: iterations where the method counts them."""
    is_counted = len(seen) > 0 and bool((seen.iteration >= 0).all())
    return seen.iteration.astype(np.float64) if is_counted else seen.resource


def _least(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.min()) if len(finite) else np.nan


def _forked_value(
    study: Study,
    looks: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    k: int,
) -> float:
    """Return what the parent reached at its last look before the first one `k` of a trial.

    Args:
        study: Gives the parents.
        looks: Trial, time and value of each look, sorted by the first two.
        k: The first look at a trial.
    """
    trial, time, value = looks
    first, last = np.searchsorted(trial, study.trials.parent[trial[k]] + np.array([0, 1]))
    place = int(np.searchsorted(time[first:last], time[k]))
    return float(value[first + place - 1]) if place else np.nan


def _time_parameter(space: SearchSpace, time: NDArray[np.float64]) -> Parameter:
    low, high = (float(time.min()), float(time.max())) if len(time) else (0.0, 1.0)
    is_whole = bool((time == np.rint(time)).all())
    kind = ParameterKind.INT if is_whole else ParameterKind.FLOAT
    return Parameter(time_name(space), kind, low, high)
