"""The durable half of the store: a log of events in one SQLite file.

An event is a header, a batch of records or a removal. Events are only ever added, and their
sequence numbers are the versions of the studies. A commit waits until the disk has it
(WAL with `synchronous=FULL`), so a killed process or a power cut loses nothing acknowledged.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypertendril.errors import StoreError
from hypertendril.model import StudyHeader
from hypertendril.store.header_json import header_from_text, header_to_text
from hypertendril.store.records import Packed, Records, Widths

FILE_NAME = "store.sqlite"
SCHEMA_VERSION = 1
_APPLICATION_ID = 0x48545331  # marks the file as ours
_BUSY_SECONDS = 60.0
_KEPT_LOG_BYTES = 64 * 2**20  # a large import must not leave a large log behind

_SCHEMA = """
CREATE TABLE studies (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created REAL NOT NULL
);
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    study INTEGER NOT NULL,
    n_parameters INTEGER NOT NULL DEFAULT 0,
    n_objectives INTEGER NOT NULL DEFAULT 0,
    n_metrics INTEGER NOT NULL DEFAULT 0,
    n_trials INTEGER NOT NULL DEFAULT 0,
    n_evaluations INTEGER NOT NULL DEFAULT 0,
    low_curve_trial INTEGER,
    high_curve_trial INTEGER,
    checksum INTEGER NOT NULL DEFAULT 0,
    header TEXT,
    notes TEXT,
    trials BLOB,
    updates BLOB,
    evaluations BLOB,
    points BLOB
);
CREATE INDEX events_by_study ON events (study, low_curve_trial, high_curve_trial);
"""

_EVENT_COLUMNS = (
    "sequence, study, n_parameters, n_objectives, n_metrics, n_trials, "
    "checksum, header, trials, updates, evaluations, points, notes"
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study the journal knows: its short key inside the file, its id, and when it was made."""

    key: int
    id: str
    created: float


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a study.

    Attributes:
        sequence: Grows with every event of the whole journal.
        study: Key of the study.
        header: The study's header from here on, if the event is one.
        packed: What was appended, if the event is a batch.
        damage: What is wrong with the stored event, if it cannot be read; None is well.
        n_trials: Rows the event adds, known also when it is damaged.

    An event with neither header nor packed records nor damage removes the study.
    """

    sequence: int
    study: int
    header: StudyHeader | None = None
    packed: Packed | None = None
    damage: str | None = None
    n_trials: int = 0


class Journal:
    """The log of one store folder. One thread at a time may use it.

    Args:
        folder: Made (for its owner only) if it is not there.

    Raises:
        StoreError: The folder or file cannot be used, belongs to another program or to a
            newer version of this one.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        with self._reported("open"):
            _make_private(folder)
            self._db = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
                _sync_folder(folder)
                self._identity = _identity(self.path)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._reported("close"):
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the journal for this process alone; what is written in it is kept as a whole.

        Raises:
            StoreError: The disk refused; nothing of the transaction is kept.
        """
        with self._reported("write to"):
            self._require_same_file()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See one state of the journal throughout, whatever others write meanwhile."""
        if self._db.in_transaction:
            yield
            return
        with self._reported("read"):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def last_sequence(self) -> int:
        """Return the sequence of the last event, 0 if there is none; microseconds."""
        with self._reported("read"):
            self._require_same_file()
            found = self._db.execute("SELECT max(sequence) FROM events").fetchone()[0]
            return int(found or 0)

    def studies(self) -> dict[int, StudyRow]:
        """Return every study by its key."""
        with self._reported("read"):
            rows = self._db.execute("SELECT key, id, created FROM studies")
            return {key: StudyRow(key, study_id, created) for key, study_id, created in rows}

    def size(self, study: int) -> tuple[int, int]:
        """Return how many trials and evaluations of a study are stored."""
        with self._reported("read"):
            found = self._db.execute(
                "SELECT sum(n_trials), sum(n_evaluations) FROM events WHERE study = ?", (study,)
            ).fetchone()
            return found[0] or 0, found[1] or 0

    def events(self, after: int) -> Iterator[Event]:
        """Yield the events after a sequence number, in order."""
        return self._select("sequence > ?", after)

    def events_with_points(self, study: int, trial: int) -> Iterator[Event]:
        """Yield the batches of a study that may hold curve points of `trial`, in order."""
        return self._select(
            "study = ? AND low_curve_trial <= ? AND high_curve_trial >= ?", study, trial, trial
        )

    def add_study(self, study_id: str, header: StudyHeader) -> tuple[StudyRow, int]:
        """Add a study inside a transaction; return its row and the sequence of its header.

        Raises:
            StoreError: The id is taken.
        """
        created = time.time()
        try:
            cursor = self._db.execute(
                "INSERT INTO studies (id, created) VALUES (?, ?)", (study_id, created)
            )
        except sqlite3.IntegrityError:
            raise StoreError(f"{self.path}: there is a study {study_id!r} already.") from None
        assert cursor.lastrowid is not None
        row = StudyRow(cursor.lastrowid, study_id, created)
        return row, self.add_header(row.key, header)

    def add_header(self, study: int, header: StudyHeader) -> int:
        """Add a header event inside a transaction; return its sequence."""
        text = header_to_text(header)
        return self._insert(study=study, header=text, checksum=_checksum(text))

    def add_records(self, study: int, records: Records) -> int:
        """Add a batch inside a transaction; return its sequence."""
        return self._insert(**_row_of(study, records))

    def remove_study(self, study: int) -> int:
        """Forget a study inside a transaction; return the sequence of the event that says so."""
        self._db.execute("DELETE FROM events WHERE study = ?", (study,))
        self._db.execute("DELETE FROM studies WHERE key = ?", (study,))
        return self._insert(study=study)

    def _select(self, condition: str, *values: int) -> Iterator[Event]:
        with self._reported("read"):
            cursor = self._db.execute(
                f"SELECT {_EVENT_COLUMNS} FROM events WHERE {condition} ORDER BY sequence",  # noqa: S608 - constants
                values,
            )
            for row in cursor:
                yield _event(row)

    def _insert(self, **columns: Any) -> int:
        names = ", ".join(columns)
        marks = ", ".join("?" * len(columns))
        cursor = self._db.execute(
            f"INSERT INTO events ({names}) VALUES ({marks})",  # noqa: S608 - constant names
            tuple(columns.values()),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _prepare(self) -> None:
        """Check that the file is ours and readable; lay out a new one."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._lay_out()
            except sqlite3.OperationalError as error:
                # Two processes that make the same store at once: switching to WAL does not wait.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def _lay_out(self) -> None:
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA journal_size_limit = {_KEPT_LOG_BYTES}")
        if self._is_new():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("BEGIN IMMEDIATE")
            if self._is_new():
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._db.execute("COMMIT")
        self._require_known_schema()

    def _is_new(self) -> bool:
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return self._pragma("application_id") == 0 and tables == 0

    def _require_known_schema(self) -> None:
        if self._pragma("application_id") != _APPLICATION_ID:
            raise StoreError(f"{self.path}: this database belongs to another program.")
        version = self._pragma("user_version")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path}: written by a newer version (format {version}; this one reads up "
                f"to {SCHEMA_VERSION}). Update HyperTendril to open it."
            )

    def _require_same_file(self) -> None:
        """Refuse to go on writing into a file nobody can find again."""
        if _identity(self.path) != self._identity:
            raise StoreError(
                f"{self.path}: the file was removed or replaced while it was open; restart."
            )

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _reported(self, doing: str) -> Iterator[None]:
        """Turn errors of the disk and of SQLite into one that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{self.path}: could not {doing} the store: {error}. What was acknowledged before "
                "is kept. Check free space, permissions and the disk."
            ) from error


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        folder.chmod(mode & 0o700)


def _sync_folder(folder: Path) -> None:
    """Make the names of new files survive a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _row_of(study: int, records: Records) -> dict[str, Any]:
    packed = records.packed()
    with_points = records.points["trial"]
    return {
        "study": study,
        "n_parameters": packed.widths.parameters,
        "n_objectives": packed.widths.objectives,
        "n_metrics": packed.widths.metrics,
        "n_trials": len(records.trials),
        "n_evaluations": len(records.evaluations),
        "low_curve_trial": int(with_points.min()) if len(with_points) else None,
        "high_curve_trial": int(with_points.max()) if len(with_points) else None,
        "checksum": _checksum(None, *packed[1:]),
        "notes": packed.notes,
        "trials": packed.trials,
        "updates": packed.updates,
        "evaluations": packed.evaluations,
        "points": packed.points,
    }


def _checksum(*parts: str | bytes | None) -> int:
    """Return a CRC of all parts; a missing part counts as an empty one."""
    found = 0
    for part in parts:
        if part:
            found = zlib.crc32(part.encode() if isinstance(part, str) else part, found)
    return found


def _event(row: tuple[Any, ...]) -> Event:
    sequence, study, d, m, k, n_trials, checksum, header, *parts = row
    if header is None and parts[0] is None:
        return Event(sequence, study)
    try:
        if _checksum(header, *parts) != checksum:
            return Event(sequence, study, damage="its checksum is wrong", n_trials=n_trials)
        if header is not None:
            return Event(sequence, study, header=header_from_text(header))
    except (TypeError, StoreError) as error:
        return Event(sequence, study, damage=str(error), n_trials=n_trials)
    trials, updates, evaluations, points, notes = parts
    packed = Packed(Widths(d, m, k), trials, updates, evaluations, points, notes)
    return Event(sequence, study, packed=packed, n_trials=n_trials)
