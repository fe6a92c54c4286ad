"""Damaged SQLite databases: those cut short are filled up, and rows are found by their number."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from hypertendril.errors import SourceFormatError
from hypertendril.readers.files.sqlite_file import Database, open_database
from hypertendril.readers.folders import head_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source

TOGETHER = 64
PATIENCE = 32  # pieces without a row after which the table is taken to end
MOST_PIECES = 100_000

MOST_BYTES = 1 << 31  # copied to be filled up

Row = Sequence[Any]


class Rows(Protocol):
    """A database as it is needed here."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Return the rows of a query."""

    def is_damage(self, error: Exception) -> bool:
        """Return whether it is the file that is at fault."""


@contextmanager
def opened_as_far_as_it_goes(path: Path, losses: Losses) -> Iterator[Database]:
    """Give a database; one that was cut short as a copy filled up with empty pages.

    Raises:
        SourceFormatError: It can't be opened, filled up or not.
    """
    try:
        database = open_database(Source(path=path), lenient=True)
    except SourceFormatError:
        size = whole_size(path)
        if size is None:
            raise
        with tempfile.TemporaryDirectory(prefix="hypertendril-") as folder:
            copy = Path(folder) / "copy.db"
            shutil.copyfile(path, copy)
            with copy.open("r+b") as file:
                file.truncate(size)
            with closing(open_database(Source(path=copy), lenient=True)) as filled:
                losses.add("the database was cut short; what is left of it was read")
                yield filled
        return
    with closing(database):
        yield database


def whole_size(path: Path) -> int | None:
    """Return how long a database says it is, if it is shorter than that."""
    head = head_of(path, 100)
    if len(head) < 100:
        return None
    page = int.from_bytes(head[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    return size if path.stat().st_size < size <= MOST_BYTES else None


def readable_rows(database: Rows, query: str, piece: str, losses: Losses) -> list[Row]:
    """Return the rows of a table; of a damaged one as many as can be reached.

    Args:
        database: Open for reading.
        query: Selects all rows.
        piece: Selects the same columns of the rows numbered `:first` to `:last`.
        losses: Gets a word on damage.

    Raises:
        sqlite3.Error: The table can't be read at all.
    """
    try:
        return list(database.rows(query))
    except sqlite3.DatabaseError as error:
        if not database.is_damage(error):
            raise
        damage = error
    found: list[Row] = []
    idle = 0
    for first in range(1, MOST_PIECES * TOGETHER, TOGETHER):
        rows = _piece(database, piece, first, first + TOGETHER - 1, is_lost=idle > 0)
        found += rows
        idle = 0 if rows else idle + 1
        if idle >= PATIENCE:
            break
    if not found:
        raise damage
    losses.add(f"the database is damaged ({one_line(damage)}); {len(found)} rows were reached")
    return found


def _piece(
    database: Rows, piece: str, first: int, last: int, *, is_lost: bool = False
) -> list[Row]:
    """Return the rows of a piece that can be reached; where all before were lost, one by one.

    To halve a piece again and again finds a few damaged rows soon, but takes twice as long where
    there is nothing but damage.
    """
    try:
        return list(database.rows(piece, {"first": first, "last": last}))
    except sqlite3.DatabaseError:
        if first == last:
            return []
    middle = (first + last) // 2
    starts = range(first, last + 1) if is_lost else (first, middle + 1)
    ends = [start - 1 for start in starts[1:]] + [last]
    parts = (_piece(database, piece, *part) for part in zip(starts, ends, strict=True))
    return list(itertools.chain.from_iterable(parts))


def one_line(error: Exception) -> str:
    """Return what SQLite says of a file in one line; it quotes whole statements."""
    return " ".join(str(error).split())[:200]
