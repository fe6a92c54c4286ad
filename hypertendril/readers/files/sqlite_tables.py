"""SQLite databases of trackers: their tables as records, also of a database that is damaged."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.readers.files.sqlite_file import MAGIC, Database, open_database
from hypertendril.readers.files.sqlite_pieces import whole_size
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source

_COLUMNS = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"


def columns_of(source: Source) -> dict[str, set[str]]:
    """Return the columns of each table of a SQLite file; none where it is no (whole) database."""
    if source.path is None or source.is_folder or not source.head().startswith(MAGIC[:15]):
        return {}
    found: dict[str, set[str]] = {}
    try:
        with closing(open_database(source, lenient=True)) as database:
            for table, column in database.rows(_COLUMNS):
                found.setdefault(str(table).lower(), set()).add(str(column).lower())
    except (SourceFormatError, sqlite3.Error):
        return {}
    return found


@contextmanager
def opened(source: Source, losses: Losses) -> Iterator[Database]:
    """Give a database in which one moment can be read; `losses` gets that it was cut short.

    Raises:
        SourceFormatError: It can't be read.
    """
    if whole_size(source.file) is not None:  # what is missing reads as empty tables
        losses.add("the database was cut short; what is left of it was read")
    try:
        with closing(open_database(source, lenient=True)) as database:
            database.begin()
            yield database
            database.end()
    except sqlite3.Error as error:
        raise source.error(f"can't be read as a SQLite database ({error}).") from None


def records(database: Database, table: str, query: str, losses: Losses) -> list[dict[str, Any]]:
    """Return the rows of a table by column name.

    Args:
        database: Open for reading.
        table: Its name.
        query: `SELECT * FROM` that table.
        losses: Gets a table that is damaged.
    """
    try:
        info = database.rows("SELECT name FROM pragma_table_info(:table)", {"table": table})
        names = [str(row[0]).lower() for row in info]
        return [dict(zip(names, row, strict=True)) for row in database.rows(query)]
    except sqlite3.DatabaseError as error:
        if not database.is_damage(error):
            raise
        losses.add(f"the table {table!r} was left out: it is damaged ({error})")
        return []


def grouped(
    rows: Sequence[dict[str, Any]], *columns: str
) -> Mapping[tuple[Any, ...], list[dict[str, Any]]]:
    """Return rows by what stands in some columns; no rows by what stands in none."""
    found: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(column) for column in columns)].append(row)
    return found
