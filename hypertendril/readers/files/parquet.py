"""Parquet tables, by way of pyarrow where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypertendril.readers.source import Source

MAGIC = b"PAR1"
KEY = b"hypertendril"  # of the metadata
MOST_BYTES = 1 << 30
LEVELS = 3  # of objects in a column that are columns of their own in a table of texts
FOOTER_BYTES = 1 << 20  # at the end of the file: the names of all columns


def read_parquet(path: Path) -> dict[str, list[Any]]:
    """Return the columns of a Parquet table, nested values as lists and dicts.

    Raises:
        SourceFormatError: It is damaged or too large, or pyarrow is not there.
    """
    return _columns(path)


def _columns(path: Path, levels: int = 0) -> dict[str, list[Any]]:
    """Return the columns of a Parquet table, those of so many levels of nested objects flat."""
    source = Source(path=path)
    try:
        from pyarrow import ArrowException  # noqa: PLC0415 (an extra, slow to load)
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415
    except ImportError:
        raise source.error(
            "is a Parquet file, and pyarrow is not installed.",
            "Run `pip install hypertendril[parquet]`.",
        ) from None
    try:
        if path.stat().st_size > MOST_BYTES:
            raise source.error("is a Parquet file of more than 1 GiB.")
        with ParquetFile(path) as file:
            table = file.read()
        for _ in range(levels):
            table = table.flatten()
        return {
            str(name): column.to_pylist()
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    except (ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise source.error(f"can't be read as a Parquet file ({reason}).") from None


def stored_text(path: Path) -> bytes | None:
    """Return what this program has written into the metadata of a Parquet file, None for nothing.

    Raises:
        SourceFormatError: The file is damaged.
    """
    from pyarrow import ArrowException  # noqa: PLC0415 (an extra, slow to load)
    from pyarrow.parquet import read_schema  # noqa: PLC0415

    try:
        found: bytes | None = (read_schema(path).metadata or {}).get(KEY)
    except (ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Source(path=path).error(f"can't be read as a Parquet file ({reason}).") from None
    return found


def parquet_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return a Parquet table as the texts a CSV file would hold: names, and cells row by row.

    Raises:
        SourceFormatError: As `read_parquet`.
    """
    columns = _columns(path, LEVELS)
    cells = [[cell_text(value) for value in column] for column in columns.values()]
    return list(columns), [list(row) for row in zip(*cells, strict=True)]


def cell_text(value: Any) -> str:
    """Return a value as a cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def has_columns(path: Path, words: tuple[str, ...]) -> bool:
    """Return whether a file is Parquet and its directory of columns holds all of `words`."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return False
            size = file.seek(0, 2)
            file.seek(max(0, size - FOOTER_BYTES))
            footer = file.read()
    except OSError:
        return False
    return all(word.encode() in footer for word in words)
