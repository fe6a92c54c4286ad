"""Rows of a study as bytes.

Records are row by row, not column by column, so that the records of many small appends
are joined by joining their bytes: a study written one epoch at a time loads as fast as one
written at once. The layouts are on disk: never change one, add a schema version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

# Far below SQLite's limit of 1e9 bytes a value, and small enough to load a piece at a time.
MAX_ROWS_A_PIECE = 65_536

Array = NDArray[Any]
Columns = Mapping[str, Array]


class Widths(NamedTuple):
    """How many columns the two-dimensional parts of a trial have."""

    parameters: int
    objectives: int
    metrics: int

    @classmethod
    def of(cls, header: StudyHeader) -> Widths:
        """Return the widths of the trials of a study."""
        return cls(len(header.space), len(header.objectives), len(header.metric_names))


EVALUATION = np.dtype(
    [
        ("trial", "<i8"),
        ("iteration", "<i4"),
        ("bracket", "<i4"),
        ("rung", "<i4"),
        ("resource", "<f8"),
        ("value", "<f8"),
        ("outcome", "i1"),
        ("time", "<f8"),
    ]
)
POINT = np.dtype([("trial", "<i8"), ("metric", "<i2"), ("step", "<f8"), ("value", "<f8")])


def trial_fields(widths: Widths) -> list[Any]:
    """Return the fields of a trial's record, as numpy names them."""
    return [
        ("number", "<i8"),
        ("state", "i1"),
        ("parent", "<i8"),
        ("bracket", "<i4"),
        ("started", "<f8"),
        ("ended", "<f8"),
        ("violation", "<f8"),
        ("objectives", "<f8", (widths.objectives,)),
        ("metrics", "<f8", (widths.metrics,)),
        ("values", "<f8", (widths.parameters,)),
    ]


@dataclass(frozen=True)
class Records:
    """Part of a study's history as structured arrays; every row names rows of the study.

    Attributes:
        widths: Of the trial records in it.
        trials: New trials in order.
        updates: Whole new contents of trials, each with its `row`; the last of a row stands.
        evaluations, points: In the order they happened.
        notes: Row to text; an empty text removes the note.
    """

    widths: Widths
    trials: Array
    updates: Array
    evaluations: Array
    points: Array
    notes: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def from_bytes(
        cls,
        widths: Widths,
        parts: tuple[bytes, bytes, bytes, bytes],
        notes: Mapping[int, str],
    ) -> Records:
        """Return the records in `parts`: trials, updates, evaluations and points.

        Raises:
            ValueError: A part is not a whole number of records.
        """
        trials, updates, evaluations, points = parts
        return cls(
            widths,
            np.frombuffer(trials, trial_dtype(widths)),
            np.frombuffer(updates, update_dtype(widths)),
            np.frombuffer(evaluations, EVALUATION),
            np.frombuffer(points, POINT),
            notes,
        )

    def pieces(self) -> list[Records]:
        """Return the same records in pieces of at most `MAX_ROWS_A_PIECE` of each kind.

        Where there are several pieces, curve points are ordered by trial and stand in
        pieces of their own, so that one curve is found without reading the rest.
        """
        longest = max(map(len, (self.trials, self.updates, self.evaluations, self.points)))
        if longest <= MAX_ROWS_A_PIECE:
            return [self]
        by_trial = self.points[np.argsort(self.points["trial"], kind="stable")]
        starts = range(0, longest, MAX_ROWS_A_PIECE)
        parts = [slice(start, start + MAX_ROWS_A_PIECE) for start in starts]
        no_points, none = self.points[:0], self.trials[:0]
        rows = [
            replace(
                self,
                trials=self.trials[part],
                updates=self.updates[part],
                evaluations=self.evaluations[part],
                points=no_points,
                notes=self.notes if part.start == 0 else {},
            )
            for part in parts
        ]
        nothing = replace(
            self, trials=none, updates=self.updates[:0], evaluations=self.evaluations[:0], notes={}
        )
        curves = [replace(nothing, points=by_trial[part]) for part in parts]
        return [piece for piece in (*rows, *curves) if not piece.is_empty]

    @property
    def n_rows(self) -> int:
        """Rows of all kinds."""
        return len(self.trials) + len(self.updates) + len(self.evaluations) + len(self.points)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.notes and not self.n_rows


def joined(records: Sequence[Records]) -> Records:
    """Return batches of equal widths as one with the same effect.

    All new trials come first and updates after them: no trial changes before it exists.
    """
    if len(records) == 1:
        return records[0]
    return Records.from_bytes(
        records[0].widths,
        (
            b"".join([part.trials.data for part in records]),
            b"".join([part.updates.data for part in records]),
            b"".join([part.evaluations.data for part in records]),
            b"".join([part.points.data for part in records]),
        ),
        {row: text for part in records for row, text in part.notes.items()},
    )


def blank_records(widths: Widths, n_trials: int) -> Records:
    """Return `n_trials` failed trials without values."""
    blank = Trials.empty(n_trials, widths.parameters, widths.objectives, widths.metrics)
    blank.state[:] = TrialState.FAILED
    blank.number[:] = -1
    return Records(
        widths,
        _encode_trials(blank, widths, n_trials),
        np.zeros(0, update_dtype(widths)),
        np.zeros(0, EVALUATION),
        np.zeros(0, POINT),
    )


@lru_cache
def trial_dtype(widths: Widths) -> np.dtype[Any]:
    """Return the layout of a trial's record."""
    return np.dtype(trial_fields(widths))


@lru_cache
def update_dtype(widths: Widths) -> np.dtype[Any]:
    """Return the layout of an update's record: the row, then the trial's new record."""
    return np.dtype([("row", "<i8"), *trial_fields(widths)])


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
