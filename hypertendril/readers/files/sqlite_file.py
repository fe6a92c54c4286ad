"""SQLite files of other programs, opened for reading without disturbing who is writing to them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypertendril.errors import SourceFormatError
from hypertendril.readers.source import Source

MAGIC = b"SQLite format 3\x00"
BUSY_SECONDS = 10.0  # a writer holds its lock for a commit, never for long
_WAL_FORMAT = 2

Row = tuple[Any, ...]


class Database:
    """A read-only connection."""

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

    def columns(self, tables: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return the column names of those of the tables that exist."""
        info = "SELECT name FROM pragma_table_info(:table)"
        found = {
            table: frozenset(str(row[0]) for row in self.rows(info, {"table": table}))
            for table in tables
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


def change_token(source: Source) -> Hashable:
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
    is_idle = _bytes_of(file, "", 18, 1) == bytes([_WAL_FORMAT]) and not has_log(file)
    try:
        database = Database(
            _connect(file, "mode=ro&immutable=1" if is_idle else "mode=ro", lenient=lenient),
            is_idle=is_idle,
        )
        return database if _is_clean(database) else _recovered_copy(file, lenient=lenient)
    except (sqlite3.Error, OSError) as error:
        raise explained(source, error) from None


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


def has_log(file: Path) -> bool:
    """Return whether a database has a write-ahead log beside it."""
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


def explained(source: Source, error: Exception) -> SourceFormatError:
    """Return what SQLite says of a file as an error for people."""
    text = " ".join(str(error).split())[:300]  # SQLite quotes whole statements
    if "locked" in text:
        return source.error("is locked by the program that writes it.", "Try again in a moment.")
    return source.error(
        f"can't be read as a SQLite database ({text}).",
        "It may be cut short or damaged; try `sqlite3 FILE .recover` on a copy.",
    )
