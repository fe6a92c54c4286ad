"""One study in memory that grows while others look at it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import CurvePoints, Evaluations, Study, StudyHeader, Trials
from hypertendril.store.curve_sample import CurveSample
from hypertendril.store.journal import StudyRow
from hypertendril.store.records import Records, Widths
from hypertendril.store.table import Table, read_only

Array = NDArray[Any]


@dataclass
class _Published:
    """What a snapshot may show: the arrays and lengths of one version."""

    version: int
    header: StudyHeader
    arrays: tuple[dict[str, Array], dict[str, Array], dict[str, Array]]
    lengths: tuple[int, int, int]
    notes: dict[int, str]
    study: Study | None = None


class LiveStudy:
    """A study that is written to in two steps.

    `stage` and `stage_header` prepare changes where no snapshot looks; `publish` makes
    all of them visible at once. One thread at a time may write. `publish` and `snapshot`
    must be kept apart by the caller's lock; staging needs none.

    Args:
        row: What the journal calls it.
        header: Its first header.
        cap: Points of a curve kept in memory; None keeps all.
    """

    def __init__(self, row: StudyRow, header: StudyHeader, cap: int | None) -> None:
        self.row = row
        self._header = header
        widths = Widths.of(header)
        self._trials = Table(
            _columns_of(Trials.empty(0, widths.parameters, widths.objectives, widths.metrics))
        )
        self._evaluations = Table(_columns_of(Evaluations.empty()))
        self._points = CurveSample(len(header.curve_names), cap)
        self._notes: dict[int, str] = {}
        self._late_updates: list[Array] = []
        self._published = self._present(0)

    @property
    def version(self) -> int:
        """Version that snapshots show."""
        return self._published.version

    @property
    def header(self) -> StudyHeader:
        """Header staged last."""
        return self._header

    @property
    def n_trials(self) -> int:
        """Trials staged so far."""
        return self._trials.n

    @property
    def has_samples(self) -> bool:
        """Whether curves are too long to be held whole, so that some are samples."""
        return self._points.has_samples

    def rows(self) -> Trials:
        """Return all trials staged so far, for the writer to look at before its next change."""
        return Trials(**read_only(self._trials.arrays, self._trials.n), notes=self._notes)

    def reserve(self, n_trials: int, n_evaluations: int) -> None:
        """Make room for that many more rows before many appends."""
        self._trials.reserve(self._trials.n + n_trials)
        self._evaluations.reserve(self._evaluations.n + n_evaluations)

    def stage_header(self, header: StudyHeader) -> None:
        """Prepare another header; columns it adds are NaN for the trials there are."""
        self._trials.mark_shared()  # snapshots of the old version may be taken until `publish`
        self._apply_late_updates()
        self._header = header
        widths = Widths.of(header)
        self._trials.widen("values", widths.parameters)
        self._trials.widen("metrics", widths.metrics)

    def stage(self, records: Records) -> None:
        """Prepare an append. The records have the widths of the header staged last."""
        self._trials.append(records.trials, len(records.trials))
        self._evaluations.append(records.evaluations, len(records.evaluations))
        self._points.extend(records.points, len(self._header.curve_names))
        if records.notes:
            merged = self._notes | dict(records.notes)
            self._notes = {row: text for row, text in merged.items() if text}
        if len(records.updates):
            self._stage_updates(_last_of_each_row(records.updates))

    def settle(self) -> None:
        """Finish staging: do all that takes long, so that `publish` does not."""
        self._points.settle()
        for updates in self._late_updates:
            self._trials.unshare(updates["row"], updates)

    def publish(self, version: int) -> None:
        """Show everything staged as `version`."""
        self._apply_late_updates()
        self._published = self._present(version)

    def snapshot(self) -> Study:
        """Return what was published last: views that nothing will change."""
        shown = self._published
        if shown.study is None:
            for table in (self._trials, self._evaluations, self._points):
                table.mark_shared()
            trials, evaluations, points = (
                read_only(arrays, n) for arrays, n in zip(shown.arrays, shown.lengths, strict=True)
            )
            shown.study = Study(
                self.row.id,
                shown.header,
                Trials(**trials, notes=shown.notes),
                Evaluations(**evaluations),
                CurvePoints(**points),
                shown.version,
            )
        return shown.study

    def _present(self, version: int) -> _Published:
        tables = (self._trials, self._evaluations, self._points)
        first, second, third = (dict(table.arrays) for table in tables)
        return _Published(
            version,
            self._header,
            (first, second, third),
            (tables[0].n, tables[1].n, tables[2].n),
            self._notes,
        )

    def _stage_updates(self, updates: Array) -> None:
        """Write into rows nobody can see yet; keep the others for the moment of publishing."""
        visible = updates["row"] < self._published.lengths[0]
        hidden = updates[~visible]
        if len(hidden):
            self._trials.overwrite_unseen(hidden["row"], hidden)
        if visible.any():
            self._late_updates.append(updates[visible])

    def _apply_late_updates(self) -> None:
        for updates in self._late_updates:
            self._trials.overwrite(updates["row"], updates)
        self._late_updates = []


def _columns_of(columns: Trials | Evaluations) -> dict[str, Array]:
    return {f.name: getattr(columns, f.name) for f in fields(columns) if f.name != "notes"}


def _last_of_each_row(updates: Array) -> Array:
    """Return the updates without those a later one of the same row replaces."""
    _, from_end = np.unique(updates["row"][::-1], return_index=True)
    return updates[::-1][from_end]
