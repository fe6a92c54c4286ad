"""The experiment store: every study in memory, those made here also on disk."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hypertendril.errors import StoreError
from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.store.batch import Appended, Batch
from hypertendril.store.encode import encode
from hypertendril.store.header_json import require_growth
from hypertendril.store.journal import Journal
from hypertendril.store.live_study import LiveStudy
from hypertendril.store.memory_journal import MemoryJournal, version_counter
from hypertendril.store.records import POINT, Records, Widths
from hypertendril.store.replay import Replay
from hypertendril.store.table import Array, read_only

# No letter that is easily taken for another; no "-" that a command line takes for an option.
_ID_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 10
_ID_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,127}")


@dataclass(frozen=True)
class StudySummary:
    """A study in one line.

    Attributes:
        id, header, version: As in `Study`.
        n_trials: Trials in any state.
        counts: Trials in each state.
        best: Value of the first objective of the best trial, None if there is none.
        best_row: Row of that trial.
        created: POSIX seconds UTC.
        is_durable: Whether this store keeps it (on disk, where the store has a folder);
            False if an outside source owns it.
    """

    id: str
    header: StudyHeader
    version: int
    n_trials: int
    counts: dict[TrialState, int]
    best: float | None
    best_row: int | None
    created: float
    is_durable: bool


@dataclass(frozen=True)
class _Outside:
    """A study owned by an outside source: replaced as a whole, never written here."""

    study: Study
    created: float


class ExperimentStore:
    """Studies that grow, with a consistent picture of each at any moment.

    Any thread may call any method. Writers wait for one another and for the disk;
    `snapshot`, `versions` and `studies` wait for neither. Use `open` to make one.
    """

    def __init__(self, journal: Journal | MemoryJournal) -> None:
        self._journal = journal
        self._writing = threading.RLock()  # taken first
        self._shown = threading.Lock()  # guards what snapshots read; held for moments only
        self._live: dict[str, LiveStudy] = {}
        self._outside: dict[str, _Outside] = {}
        self._outside_versions = version_counter()
        self._summaries: dict[str, StudySummary] = {}
        self._replay = Replay(journal, self._live, self._shown)
        self._has_news = False
        self._is_closed = False

    @classmethod
    def open(cls, path: Path | None) -> ExperimentStore:
        """Return the store kept in a folder, with all its studies loaded.

        Args:
            path: Folder, made if it is not there; only its owner can enter it.
                None keeps everything in memory only.

        Raises:
            StoreError: The folder cannot be used, or was written by a newer version.
        """
        store = cls(MemoryJournal() if path is None else Journal(Path(path)))
        try:
            store.refresh()
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal. Snapshots taken before stay valid; nothing can be written."""
        with self._writing:
            if not self._is_closed:
                self._is_closed = True
                self._journal.close()

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read from disk, in words; empty when all is well."""
        return tuple(self._replay.problems)

    def create(self, header: StudyHeader, *, study_id: str | None = None) -> str:
        """Return the id of a new empty study, kept on disk already.

        Args:
            header: Of the study.
            study_id: Its id: letters, digits and `_.~-`; made up if not given.

        Raises:
            StoreError: The id is taken or unusable, or the disk refused.
        """
        return self._add(header, study_id, Batch())

    def adopt(self, study: Study) -> str:
        """Return the id of a durable copy of `study`; all of it is kept, or none.

        Raises:
            StoreError: A column does not fit the header, or the disk refused.
        """
        batch = Batch(study.trials, None, study.evaluations, study.curves)
        return self._add(study.header, None, batch)

    def put(
        self,
        study_id: str,
        header: StudyHeader,
        trials: Trials,
        evaluations: Evaluations,
        curves: CurvePoints,
    ) -> None:
        """Show a study owned by an outside source, in memory only, in place of what it was.

        The arrays are taken over: do not write to them afterwards.

        Raises:
            StoreError: The id is unusable, or belongs to a study kept here.
        """
        _require_valid(study_id)
        study = Study(
            study_id,
            header,
            Trials(**_locked(trials), notes=trials.notes),
            Evaluations(**_locked(evaluations)),
            CurvePoints(**_locked(curves)),
        )
        with self._writing, self._shown:
            if study_id in self._live:
                raise StoreError(f"The study {study_id!r} is kept here; no source can replace it.")
            before = self._outside.get(study_id)
            self._outside[study_id] = _Outside(
                replace(study, version=next(self._outside_versions)),
                before.created if before else time.time(),
            )

    def update_header(self, study_id: str, header: StudyHeader) -> None:
        """Replace a study's header; names it adds get columns of NaN.

        Raises:
            StoreError: A parameter, objective, metric or curve is gone or moved; the study
                is unknown or owned by an outside source; the disk refused.
        """
        with self._writing:
            with self._transaction():
                live = self._writable(study_id)
                require_growth(live.header, header)
                sequence = self._journal.add_header(live.row.key, header)
            self._replay.accept_header(live, header, sequence)

    def append(self, study_id: str, batch: Batch) -> Appended:
        """Add a batch; on return it is on disk and in every new snapshot.

        Raises:
            StoreError: The batch does not fit the study, the study is unknown or owned by
                an outside source, or the disk refused. Then nothing of it is kept.
        """
        with self._writing:
            with self._transaction():
                live = self._writable(study_id)
                first_row = live.n_trials
                pieces = encode(batch, live.header, live.rows()).pieces()
                sequence = self._write(live.row.key, pieces)
            if sequence is None:
                return Appended(live.version, first_row)
            self._replay.accept_records(live, pieces, sequence)
            return Appended(sequence, first_row)

    def snapshot(self, study_id: str) -> Study:
        """Return a picture of a study that nothing will change.

        The same version gives the same object, so what it has computed is computed once.

        Raises:
            StoreError: There is no such study.
        """
        with self._shown:
            if study_id in self._live:
                return self._live[study_id].snapshot()
            if study_id in self._outside:
                return self._outside[study_id].study
        raise StoreError(f"There is no study {study_id!r} in this store; was it removed?")

    def versions(self) -> dict[str, int]:
        """Return the version of every study by id."""
        with self._shown:
            versions = {study_id: live.version for study_id, live in self._live.items()}
            return versions | {key: o.study.version for key, o in self._outside.items()}

    def studies(self) -> tuple[StudySummary, ...]:
        """Return a line on every study, oldest first; computed once per version."""
        with self._shown:
            found = [
                *((live.snapshot(), live.row.created, True) for live in self._live.values()),
                *((o.study, o.created, False) for o in self._outside.values()),
            ]
        known = self._summaries
        summaries = {}
        for study, created, is_durable in found:
            old = known.get(study.id)
            is_known = old is not None and old.version == study.version
            summary = old if old and is_known else _summary(study, created, is_durable)
            summaries[study.id] = summary
        self._summaries = summaries
        return tuple(sorted(summaries.values(), key=lambda line: (line.created, line.id)))

    def refresh(self) -> bool:
        """Take in what other processes have written; return whether anything was new.

        Costs a few microseconds when nothing was.

        Raises:
            StoreError: The disk refused.
        """
        with self._writing:
            self._require_open()
            self._has_news |= self._replay.pull()
            had_news, self._has_news = self._has_news, False
            return had_news

    def remove(self, study_id: str) -> None:
        """Forget a study, on disk too. Snapshots taken before stay valid.

        Raises:
            StoreError: There is no such study, or the disk refused.
        """
        with self._writing:
            with self._shown:
                if self._outside.pop(study_id, None) is not None:
                    return
            with self._transaction():
                live = self._writable(study_id)
                sequence = self._journal.remove_study(live.row.key)
            self._replay.accept_removal(live, sequence)

    def curve(
        self, study_id: str, trial: int, metric: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return steps (ascending, each once) and values of all points of one curve.

        Args:
            study_id: Id of the study.
            trial: Row of the trial.
            metric: Position in the study's curve names.

        Raises:
            StoreError: There is no such study, or the disk refused.
        """
        study = self.snapshot(study_id)
        live = self._live.get(study_id)
        if live is None or not live.has_samples:
            return study.curves.of(trial, metric)
        with self._writing, self._journal.reading():
            self._require_open()
            found = self._journal.events_with_points(live.row.key, trial)
            parts = [event.packed.points for event in found if event.packed is not None]
        points = np.frombuffer(b"".join(parts), POINT)
        points = points[(points["trial"] == trial) & (points["metric"] == metric)]
        return CurvePoints(*(points[name] for name in POINT.names or ())).of(trial, metric)

    def _add(self, header: StudyHeader, study_id: str | None, batch: Batch) -> str:
        study_id = _new_id() if study_id is None else _require_valid(study_id)
        widths = Widths.of(header)
        pieces = encode(batch, header, Trials.empty(0, *widths)).pieces()
        with self._writing:
            if study_id in self._outside:
                raise StoreError(f"There is a study {study_id!r} already.")
            with self._transaction():
                if study_id in self._live:
                    raise StoreError(f"There is a study {study_id!r} already.")
                row, sequence = self._journal.add_study(study_id, header)
                sequence = self._write(row.key, pieces) or sequence
            self._replay.accept_study(row, header, pieces, sequence)
        return study_id

    def _write(self, key: int, pieces: list[Records]) -> int | None:
        """Write batches inside a transaction; return the last sequence, None if all are empty."""
        sequence = None
        for piece in pieces:
            if not piece.is_empty:
                sequence = self._journal.add_records(key, piece)
        return sequence

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Hold the journal alone, with all that others wrote before taken in."""
        self._require_open()
        with self._journal.transaction():
            self._has_news |= self._replay.pull()
            yield

    def _writable(self, study_id: str) -> LiveStudy:
        if study_id in self._outside:
            raise StoreError(
                f"The study {study_id!r} is owned by an outside source; adopt a copy to change it."
            )
        if study_id not in self._live:
            raise StoreError(f"There is no study {study_id!r} in this store; was it removed?")
        return self._live[study_id]

    def _require_open(self) -> None:
        if self._is_closed:
            raise StoreError("This store is closed.")


def _summary(study: Study, created: float, is_durable: bool) -> StudySummary:  # noqa: FBT001 - one use
    best = study.best() if study.objectives else None
    return StudySummary(
        id=study.id,
        header=study.header,
        version=study.version,
        n_trials=len(study),
        counts=study.counts(),
        best=None if best is None else float(study.trials.objectives[best, 0]),
        best_row=best,
        created=created,
        is_durable=is_durable,
    )


def _locked(columns: Trials | Evaluations | CurvePoints) -> dict[str, Array]:
    arrays = {f.name: getattr(columns, f.name) for f in fields(columns) if f.name != "notes"}
    return read_only(arrays, len(columns))


def _new_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def _require_valid(study_id: str) -> str:
    if not _ID_PATTERN.fullmatch(study_id):
        raise StoreError(
            f"{study_id!r} cannot be a study's id: use at most 128 letters, digits, '_', '.', '~' "
            "or '-', beginning with a letter, digit or '_'."
        )
    return study_id
