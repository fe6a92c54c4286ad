"""Rows of a study as bytes.

Records are row by row, not column by column, so that the records of many small appends
are joined by joining their bytes: a study written one epoch at a time loads about as fast as
one written at once. The layouts are on disk: never change one, add a schema version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from hypertendril.model import StudyHeader
from hypertendril.store.table import Array

# Far below SQLite's limit of 1e9 bytes a value, and small enough to load a piece at a time.
MAX_ROWS_A_PIECE = 65_536

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


class Widths(NamedTuple):
    """How many columns the two-dimensional parts of a trial have."""

    parameters: int
    objectives: int
    metrics: int

    @classmethod
    def of(cls, header: StudyHeader) -> Widths:
        """Return the widths of the trials of a study."""
        return cls(len(header.space), len(header.objectives), len(header.metric_names))


@lru_cache
def trial_dtype(widths: Widths) -> np.dtype[Any]:
    """Return the layout of a trial's record."""
    return np.dtype(_trial_fields(widths))


@lru_cache
def update_dtype(widths: Widths) -> np.dtype[Any]:
    """Return the layout of an update's record: the row, then the trial's new record."""
    return np.dtype([("row", "<i8"), *_trial_fields(widths)])


def _trial_fields(widths: Widths) -> list[Any]:
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


class Packed(NamedTuple):
    """Records as they stand on disk.

    Attributes:
        widths: Of the trial records.
        trials, updates, evaluations, points: Records one behind the other.
        notes: JSON text, None for none.
    """

    widths: Widths
    trials: bytes
    updates: bytes
    evaluations: bytes
    points: bytes
    notes: str | None

    @property
    def n_bytes(self) -> int:
        """Bytes of all records."""
        return len(self.trials) + len(self.updates) + len(self.evaluations) + len(self.points)


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

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.notes or self._longest)

    @property
    def _longest(self) -> int:
        return max(map(len, (self.trials, self.updates, self.evaluations, self.points)))

    def pieces(self) -> list[Records]:
        """Return the same records in pieces of at most `MAX_ROWS_A_PIECE` of each kind.

        Where there are several pieces, curve points are ordered by trial and stand in
        pieces of their own, so that one curve is found without reading the rest.
        """
        if self._longest <= MAX_ROWS_A_PIECE:
            return [self]
        by_trial = self.points[np.argsort(self.points["trial"], kind="stable")]
        starts = range(0, self._longest, MAX_ROWS_A_PIECE)
        parts = [slice(start, start + MAX_ROWS_A_PIECE) for start in starts]
        nothing = slice(0, 0)
        rows = [
            Records(
                self.widths,
                self.trials[part],
                self.updates[part],
                self.evaluations[part],
                self.points[nothing],
                self.notes if part.start == 0 else {},
            )
            for part in parts
        ]
        curves = [
            Records(
                self.widths,
                self.trials[nothing],
                self.updates[nothing],
                self.evaluations[nothing],
                by_trial[part],
            )
            for part in parts
        ]
        return [piece for piece in (*rows, *curves) if not piece.is_empty]

    def packed(self) -> Packed:
        """Return the records as bytes."""
        return Packed(
            self.widths,
            self.trials.tobytes(),
            self.updates.tobytes(),
            self.evaluations.tobytes(),
            self.points.tobytes(),
            json.dumps(dict(self.notes)) if self.notes else None,
        )


def unpacked(batches: Sequence[Packed]) -> Records:
    """Return batches of equal widths, in their order, as one with the same effect.

    All new trials come first and updates after them: no trial changes before it exists.

    Raises:
        ValueError: A part is not a whole number of records, or notes are not JSON.
    """
    widths = batches[0].widths
    notes: dict[int, str] = {}
    for batch in batches:
        if batch.notes is not None:
            notes |= {int(row): text for row, text in json.loads(batch.notes).items()}
    return Records(
        widths,
        np.frombuffer(b"".join([batch.trials for batch in batches]), trial_dtype(widths)),
        np.frombuffer(b"".join([batch.updates for batch in batches]), update_dtype(widths)),
        np.frombuffer(b"".join([batch.evaluations for batch in batches]), EVALUATION),
        np.frombuffer(b"".join([batch.points for batch in batches]), POINT),
        notes,
    )
