"""Optuna's SQLite storage, read without Optuna and without disturbing who is writing to it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About, Tested
from hypertendril.readers.optuna_sql import NEEDED, TABLES, Row
from hypertendril.readers.optuna_tables import OptunaStorage
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source

MAGIC = b"SQLite format 3\x00"
BUSY_SECONDS = 10.0  # a writer holds its lock for a commit, never for long
_WAL_FORMAT = 2


class OptunaSqlite:
    """Reads `sqlite:///` storages and the files behind them."""

    name = "optuna"
    about = About(
        title="Optuna in SQLite",
        source=(
            "its file, or `sqlite:///results.db` (relative) and `sqlite:////data/results.db` "
            "(absolute)"
        ),
        kept="see [Optuna](#optuna)",
        lost="attributes that are no numbers; brackets of Hyperband are told from the curves",
        tested=Tested.REAL,
        logs=(
            "2.10, 3.6 and 5.0, trial by trial as Optuna sees them: TPE, NSGA-II, CMA-ES, grid and "
            "random search, five pruners, constraints, several objectives, failures"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a SQLite database with Optuna's tables, or one too broken to tell."""
        if source.path is None or not source.head().startswith(MAGIC[:15]):
            return False
        try:
            with closing(open_database(source)) as database:
                columns = database.columns()
                is_vizier = "serialized_trial" in columns.get("trials", ())  # names tables alike
                return set(NEEDED) <= set(columns) and not is_vizier
        except (SourceFormatError, sqlite3.Error):
            return True  # reading it says what is wrong

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the storage."""
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the file and of its write-ahead log; three stats and two short reads.

        In the log's mode commits may rewrite a file of unchanged size; the head of the shared
        index counts every commit.
        """
        real = Source(path=source.file.resolve())  # the log lies beside the file, not beside a link
        return (
            real.stat_token(),
            _bytes_of(real.file, "", 24, 4),  # counts commits in the other modes
            real.stat_token("-wal"),
            _bytes_of(real.file, "-shm", 0, 48),
        )

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads ended trials once and the others at every look."""
        return _SqliteTail(source)


class _SqliteTail:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._storage = OptunaStorage(source.shown)
        self._inode = 0
        self._lenient = False

    def advance(self) -> tuple[ReadStudy, ...]:
        """Return all studies, reading only what is new since the last call."""
        self._source.require_file()
        inode = self._source.file.stat().st_ino
        if inode != self._inode:
            self._storage, self._inode = OptunaStorage(self._source.shown), inode
        try:
            with closing(open_database(self._source, lenient=self._lenient)) as database:
                studies = self._storage.advance(database)
                if not (database.is_idle and _has_log(self._source.file)):
                    return studies
        except sqlite3.Error as error:
            self._storage = OptunaStorage(self._source.shown)
            if "UTF-8" not in str(error) or self._lenient:
                raise _explained(self._source, error) from None
            self._lenient = True
            return self.advance()
        # A writer came while the file was taken for idle: some of it may be half a change.
        self._storage = OptunaStorage(self._source.shown)
        return self.advance()


class Database:
    """A read-only SQLite connection as `optuna_tables` needs it."""

    def __init__(
        self, connection: sqlite3.Connection, copy: Path | None = None, *, is_idle: bool = False
    ) -> None:
        self._connection = connection
        self._copy = copy
        self.is_idle = is_idle

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Return the rows of a query."""
        try:
            return self._connection.execute(sql, parameters or {}).fetchall()
        except UnicodeDecodeError:  # of the message: it quotes the damaged schema
            raise sqlite3.DatabaseError("its schema is damaged") from None

    def columns(self) -> Mapping[str, frozenset[str]]:
        """Return the column names of the tables of a storage."""
        info = "SELECT name FROM pragma_table_info(:table)"
        found = {
            table: frozenset(str(row[0]) for row in self.rows(info, {"table": table}))
            for table in TABLES
        }
        return {table: columns for table, columns in found.items() if columns}

    def is_damage(self, error: Exception) -> bool:
        """Return whether it is the file that is at fault, not a writer or an encoding."""
        text = str(error)
        return isinstance(error, sqlite3.Error) and "locked" not in text and "UTF-8" not in text

    def begin(self) -> None:
        """Start a read transaction; it sees one moment of the database."""
        self._connection.execute("BEGIN")

    def end(self) -> None:
        """End the transaction, so that writers and checkpoints go on."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection and remove the copy it may stand on."""
        self._connection.close()
        if self._copy is not None:
            shutil.rmtree(self._copy, ignore_errors=True)


def open_database(source: Source, *, lenient: bool = False) -> Database:
    """Open a SQLite file for reading only.

    Args:
        source: The file.
        lenient: Replace bytes that are not UTF-8 instead of failing on them (slower).

    Raises:
        SourceFormatError: It can't be opened as a database.
    """
    file = source.file.resolve()
    # A database in WAL mode without a log has no writer. Opened the usual way, SQLite would
    # leave a log and an index beside it, or fail in a folder it can't write to.
    is_idle = _bytes_of(file, "", 18, 1) == bytes([_WAL_FORMAT]) and not _has_log(file)
    try:
        database = Database(
            _connect(file, "mode=ro&immutable=1" if is_idle else "mode=ro", lenient=lenient),
            is_idle=is_idle,
        )
        return database if _is_clean(database) else _recovered_copy(file, lenient=lenient)
    except (sqlite3.Error, OSError) as error:
        raise _explained(source, error) from None


def _is_clean(database: Database) -> bool:
    """Return whether a database can be read as it is; False, and closed, if it must be recovered."""
    try:
        database.rows("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.Error as error:
        database.close()
        if isinstance(error, sqlite3.OperationalError) and "locked" not in str(error):
            return False
        raise
    return True


def _connect(file: Path, options: str, *, lenient: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?{options}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    if lenient:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _recovered_copy(file: Path, *, lenient: bool) -> Database:
    """Open a copy of a database whose writer was killed: SQLite must roll it back, on the copy."""
    folder = Path(tempfile.mkdtemp(prefix="hypertendril-"))
    try:
        for suffix in ("", "-journal", "-wal"):
            if _beside(file, suffix).exists():
                shutil.copyfile(_beside(file, suffix), folder / f"copy.db{suffix}")
        database = Database(_connect(folder / "copy.db", "mode=rw", lenient=lenient), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        database.rows("SELECT COUNT(*) FROM sqlite_master")
        database.rows("PRAGMA query_only = 1")
    except BaseException:
        database.close()
        raise
    return database


def _has_log(file: Path) -> bool:
    return _beside(file.resolve(), "-wal").exists()


def _beside(file: Path, suffix: str) -> Path:
    return Path(f"{file}{suffix}")


def _bytes_of(file: Path, suffix: str, offset: int, count: int) -> bytes | None:
    try:
        with _beside(file, suffix).open("rb") as stream:
            stream.seek(offset)
            return stream.read(count)
    except OSError:
        return None


def _explained(source: Source, error: Exception) -> SourceFormatError:
    text = " ".join(str(error).split())[:300]  # SQLite quotes whole statements
    if "locked" in text:
        return source.error("is locked by the program that writes it.", "Try again in a moment.")
    return source.error(
        f"can't be read as a SQLite database ({text}).",
        "It may be cut short or damaged; try `sqlite3 FILE .recover` on a copy.",
    )
