"""A batch as checked records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hypertendril.errors import StoreError
from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Outcome,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.store.batch import Batch, TrialUpdates
from hypertendril.store.records import (
    EVALUATION,
    POINT,
    Records,
    Widths,
    trial_dtype,
    update_dtype,
)
from hypertendril.store.table import Array


def encode(batch: Batch, header: StudyHeader, trials: Trials) -> Records:
    """Return the records of `batch`, checked.

    Args:
        batch: What is to be appended.
        header: Of the study.
        trials: All trials the study has now; updates are completed from them.

    Raises:
        StoreError: A column has the wrong length, width or type, or a row, state, outcome
            or curve it names does not exist.
    """
    if batch.expected_trials is not None and batch.expected_trials != len(trials):
        raise StoreError(
            f"The study {header.name!r} has {len(trials)} trials, not {batch.expected_trials}: "
            "another writer was faster. Take a new snapshot and append again."
        )
    widths = Widths.of(header)
    n_old = len(trials)
    n = n_old + (0 if batch.trials is None else len(batch.trials))
    notes: dict[int, str] = {}
    if batch.trials is not None:
        notes |= {n_old + int(row): text for row, text in batch.trials.notes.items()}
    if batch.updates is not None:
        notes |= {int(row): text for row, text in batch.updates.notes.items()}
    _require_between(notes, 0, n, "a note's row")
    return Records(
        widths,
        _encode_trials(batch.trials, widths, n),
        _encode_updates(batch.updates, widths, trials),
        _encode_evaluations(batch.evaluations, n),
        _encode_points(batch.curves, n, len(header.curve_names)),
        notes,
    )


def blank_records(widths: Widths, n_trials: int) -> Records:
    """Return `n_trials` failed trials without number or values."""
    blank = Trials.empty(n_trials, *widths)
    blank.state[:] = TrialState.FAILED
    blank.number[:] = -1
    return Records(
        widths,
        _encode_trials(blank, widths, n_trials),
        _encode_updates(None, widths, blank),
        _encode_evaluations(None, n_trials),
        _encode_points(None, n_trials, 0),
    )


def _encode_trials(trials: Trials | None, widths: Widths, n: int) -> Array:
    if trials is None:
        return np.zeros(0, trial_dtype(widths))
    records = _filled(trials, trial_dtype(widths), len(trials))
    _require_between(records["state"], 0, len(TrialState), "a trial's state")
    _require_between(records["parent"], -1, n, "a trial's parent")
    return records


def _encode_updates(updates: TrialUpdates | None, widths: Widths, trials: Trials) -> Array:
    dtype = update_dtype(widths)
    if updates is None:
        return np.zeros(0, dtype)
    row = np.asarray(updates.row, dtype=np.int64)
    _require_between(row, 0, len(trials), "an update's row")
    records = np.zeros(len(row), dtype)
    for name in dtype.names or ():
        given = getattr(updates, name, None)
        _fill(records, name, getattr(trials, name)[row] if given is None else given)
    _require_between(records["state"], 0, len(TrialState), "a trial's state")
    return records


def _encode_evaluations(evaluations: Evaluations | None, n: int) -> Array:
    if evaluations is None:
        return np.zeros(0, EVALUATION)
    records = _filled(evaluations, EVALUATION, len(evaluations))
    _require_between(records["trial"], 0, n, "an evaluation's trial")
    _require_between(records["outcome"], 0, len(Outcome), "an evaluation's outcome")
    return records


def _encode_points(points: CurvePoints | None, n: int, n_curves: int) -> Array:
    if points is None:
        return np.zeros(0, POINT)
    records = _filled(points, POINT, len(points))
    _require_between(records["trial"], 0, n, "a curve point's trial")
    _require_between(records["metric"], 0, n_curves, "a curve point's metric")
    if not np.isfinite(records["step"]).all():
        raise StoreError("A curve point has a step that is not a finite number.")
    return records


def _filled(source: object, dtype: np.dtype[Any], n: int) -> Array:
    records = np.zeros(n, dtype)
    for name in dtype.names or ():
        _fill(records, name, getattr(source, name))
    return records


def _fill(records: Array, name: str, column: Any) -> None:
    target = records[name]
    values = np.asarray(column)
    if not np.can_cast(values.dtype, target.dtype, "same_kind"):
        raise StoreError(f"The column {name!r} holds {values.dtype}, not {target.dtype}.")
    if values.ndim != target.ndim or len(values) != len(target):
        raise StoreError(f"The column {name!r} has the shape {values.shape}, not {target.shape}.")
    if values.ndim == 1:
        target[:] = values
        if values.dtype.kind in "iu" and not np.array_equal(target, values):
            raise StoreError(f"The column {name!r} holds numbers too large for {target.dtype}.")
        return
    width = values.shape[1]
    if width > target.shape[1]:
        raise StoreError(
            f"The column {name!r} is {width} wide; the study has {target.shape[1]} of them. "
            "Add the new names to the study's header first."
        )
    target[:, :width] = values
    target[:, width:] = np.nan


def _require_between(values: Iterable[int] | Array, low: int, high: int, what: str) -> None:
    array = values if isinstance(values, np.ndarray) else np.fromiter(values, np.int64)
    if len(array) and not (array.min() >= low and array.max() < high):
        wrong = array[(array < low) | (array >= high)][0]
        raise StoreError(f"A batch names {wrong} as {what}; it must be in {low} .. {high - 1}.")
