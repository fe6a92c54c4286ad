"""The columns of an exploration picture: which evaluations stand side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Outcome, Study, TrialState

# Evaluations of one trial share its column in a sequence, spread over this part of it.
_SPREAD = 0.8

# The column of a rung is as wide as the root of its share of the bracket's trials, but not less
# than this: the fewer are left, the narrower it stands.
_MIN_WIDTH = 0.45

# Larger than any number of a bracket or a round.
_UNKNOWN = 2**31 - 1

_OUTCOME_OF_STATE = {
    TrialState.WAITING: Outcome.PENDING,
    TrialState.RUNNING: Outcome.PENDING,
    TrialState.COMPLETE: Outcome.FINAL,
    TrialState.PRUNED: Outcome.DISCARDED,
    TrialState.FAILED: Outcome.DISCARDED,
}


@dataclass(frozen=True)
class Marks:
    """Everything that is drawn: evaluations, then one mark for each trial without any.

    Attributes:
        trial: (e,) int64 row.
        iteration, bracket, rung: (e,) int64, -1 for none.
        value: (e,) float64.
        outcome: (e,) int8.
        resource: (e,) float64 spent on the trial so far, NaN where unknown.
        time: (e,) float64 POSIX seconds, NaN where unknown.
    """

    trial: NDArray[np.int64]
    iteration: NDArray[np.int64]
    bracket: NDArray[np.int64]
    rung: NDArray[np.int64]
    value: NDArray[np.float64]
    outcome: NDArray[np.int8]
    resource: NDArray[np.float64]
    time: NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Where marks stand.

    Attributes:
        kind: `sequence`, `generations` or `rungs`.
        x: (e,) float64 position; the first column is at 0 and 1 wide.
        group: (e,) int64 bracket or generation a mark stands in, from 0.
        column: (e,) int64 column a mark stands in, from 0; of a sequence the trial's row.
        column_group: (c,) int64 the group of each column; empty for a sequence.
        column_edges: (c + 1,) float64 where columns begin, and the last ends; empty likewise.
        n_groups: How many groups there are; 0 for a sequence.
    """

    kind: str
    x: NDArray[np.float64]
    group: NDArray[np.int64]
    column: NDArray[np.int64]
    column_group: NDArray[np.int64]
    column_edges: NDArray[np.float64]
    n_groups: int


def marks_of(study: Study) -> Marks:
    """Return the marks of a study: its evaluations, then its trials without one.

    Those trials show their leading objective (NaN where they have none) and the outcome that
    fits their state.
    """
    seen, trials = study.evaluations, study.trials
    has_mark = np.zeros(len(study), dtype=bool)
    has_mark[seen.trial] = True
    bare = np.flatnonzero(~has_mark)
    none = np.full(len(bare), -1, dtype=np.int64)
    outcome_of = np.array([_OUTCOME_OF_STATE[state] for state in TrialState], dtype=np.int8)
    trial = np.concatenate([seen.trial, bare])
    bracket = np.concatenate([seen.bracket, none]).astype(np.int64)
    return Marks(
        trial=trial,
        iteration=np.concatenate([seen.iteration, none]).astype(np.int64),
        bracket=np.where(bracket >= 0, bracket, trials.bracket[trial]),
        rung=np.concatenate([seen.rung, none]).astype(np.int64),
        value=np.concatenate([seen.value, trials.objectives[bare, 0]]),
        outcome=np.concatenate([seen.outcome, outcome_of[trials.state[bare]]]),
        resource=np.concatenate([seen.resource, np.full(len(bare), np.nan)]),
        time=np.concatenate([seen.time, trials.ended[bare]]),
    )


def layout_of(study: Study, marks: Marks) -> Layout:
    """Return the positions of `marks`, by the first grammar that fits (see `exploration`)."""
    order = arrival(marks.trial)
    if (marks.rung >= 0).any():
        return _by_rung(marks, order)
    if _has_generations(study, marks):
        return _by_generation(study, marks, order)
    return in_sequence(marks, order)


def arrival(trial: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order that puts marks together by trial, each trial's in order of arrival."""
    return np.argsort(trial, kind="stable")


def _has_generations(study: Study, marks: Marks) -> bool:
    """Tell whether several trials share an iteration, or one was forked from another."""
    if study.has_forks():
        return True
    known = marks.iteration[marks.iteration >= 0]
    n_trials = len(np.unique(marks.trial[marks.iteration >= 0]))
    return bool(len(known)) and 2 * len(np.unique(known)) <= max(n_trials, len(known))


def in_sequence(marks: Marks, order: NDArray[np.int64]) -> Layout:
    """Return a column a trial, the looks at it spread over a part of the column."""
    place = place_in_trial(marks.trial, order)
    count = np.bincount(marks.trial, minlength=1)[marks.trial] if len(marks.trial) else place
    x: NDArray[np.float64] = marks.trial + _SPREAD * place / np.maximum(count, 1)
    nothing = np.zeros(len(x), dtype=np.int64)
    return Layout("sequence", x, nothing, marks.trial, nothing[:0], x[:0], 0)


def _is_first(trial: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where, along `order`, the first mark of each trial stands."""
    return np.append(True, np.diff(trial[order]) > 0)[: len(order)]


def place_in_trial(trial: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 for the first mark of a trial, 1 for its second, ..."""
    ranks = np.arange(len(trial))
    place = np.empty(len(trial), dtype=np.int64)
    place[order] = ranks - np.maximum.accumulate(np.where(_is_first(trial, order), ranks, 0))
    return place


def _by_generation(study: Study, marks: Marks, order: NDArray[np.int64]) -> Layout:
    start = np.where(marks.bracket >= 0, marks.bracket, _start(study, marks)[marks.trial])
    guess = start + place_in_trial(marks.trial, order)
    columns, column = np.unique(
        np.where(marks.iteration >= 0, marks.iteration, guess), return_inverse=True
    )
    n = len(columns)
    x = column.astype(np.float64)
    edges = np.arange(n + 1, dtype=np.float64) - 0.5
    return Layout("generations", x, column, column, np.arange(n), edges, n)


def _start(study: Study, marks: Marks) -> NDArray[np.int64]:
    """Return (n,) the generation each trial starts in, for trials where nothing else tells.

    That is the one after its parent was seen last, else one more than the parent's own.
    """
    parent = study.trials.parent
    latest = np.full(len(study) + 1, -1, dtype=np.int64)
    np.maximum.at(latest, marks.trial, marks.iteration)
    seen = latest[np.where((parent >= 0) & (parent < len(study)), parent, -1)]
    return np.where(seen >= 0, seen + 1, _depth(parent))


def _depth(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many ancestors each trial has, in O(n log n); at most n, if bad data has a circle."""
    n = len(parent)
    jump = np.append(np.where((parent >= 0) & (parent < n), parent, n), n)
    depth = (jump < n).astype(np.int64)
    for _ in range(n.bit_length()):
        depth, jump = depth + depth[jump], jump[jump]
    return np.minimum(depth[:n], n)


def _by_rung(marks: Marks, order: NDArray[np.int64]) -> Layout:
    rung = _filled_rung(marks, order)
    group, n_groups = _brackets(marks, order)
    width = int(rung.max()) + 1
    columns, column, count = np.unique(
        group * width + rung, return_inverse=True, return_counts=True
    )
    column_group = columns // width
    edges = _edges_of(column_group, count)
    x = (edges[:-1] + edges[1:])[column] / 2
    return Layout("rungs", x, group, column, column_group, edges, n_groups)


def _edges_of(group: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (c + 1,) where columns begin: as wide as the root of their share of the first rung."""
    starts = np.flatnonzero(np.append(True, np.diff(group) > 0))
    first = count[starts][np.searchsorted(starts, np.arange(len(group)), "right") - 1]
    widths = np.clip(np.sqrt(count / first), _MIN_WIDTH, 1.0)
    return np.append(0.0, np.cumsum(widths)) - 0.5


def _filled_rung(marks: Marks, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rungs; a mark without one stands one right of the trial's mark before it.

    The last look at a trial often has no rung: the trial was on its way to the next one.
    """
    ranks, rung = np.arange(len(order)), marks.rung[order]
    is_known = rung >= 0
    anchor = np.maximum.accumulate(np.where(is_known | _is_first(marks.trial, order), ranks, 0))
    filled = np.empty_like(rung)
    filled[order] = np.maximum(rung[anchor], 0) + ranks - anchor
    return filled


def _brackets(marks: Marks, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the bracket of each mark, numbered from 0 by round and the method's own number.

    A trial stays in the bracket it started in. The round is the iteration it was first
    evaluated in, unless the method counts something else there (each trial, say).
    """
    first = order[_is_first(marks.trial, order)]
    # Trials without a number, in a study that numbers its brackets, stand to the right.
    bracket = np.where(marks.bracket[first] < 0, _UNKNOWN, marks.bracket[first])
    keys, of_trial = np.unique(
        _rounds(marks.iteration[first], bracket) * (_UNKNOWN + 1) + bracket, return_inverse=True
    )
    if 2 * len(keys) > len(first):
        keys, of_trial = np.unique(bracket, return_inverse=True)
    lookup = np.zeros(int(marks.trial.max()) + 1, dtype=np.int64)
    lookup[marks.trial[first]] = of_trial
    return lookup[marks.trial], len(keys)


def _rounds(iteration: NDArray[np.int64], bracket: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return iterations; where unknown (failed before any evaluation) the first one of the bracket."""
    known = np.where(iteration < 0, _UNKNOWN, iteration)
    _, group = np.unique(bracket, return_inverse=True)
    earliest = np.full(len(bracket), _UNKNOWN, dtype=np.int64)
    np.minimum.at(earliest, group, known)
    return np.where(iteration < 0, earliest[group], iteration)
