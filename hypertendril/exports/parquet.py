"""Tables of trials as Parquet, with the columns of the CSV form."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypertendril.errors import HyperTendrilError
from hypertendril.model import Study
from hypertendril.readers.files.parquet import KEY
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.tables.reader import CURVE_COLUMNS, curves_path
from hypertendril.readers.tables.rest import rest_text
from hypertendril.readers.tables.writing import curve_rows, table_cells

_NUMBERS = ("number", "parent", "bracket", "violation", "trial", "step", "value")
_NEEDED = "Parquet needs pyarrow, which is not installed: pip install hypertendril[parquet]."


def write_parquet(study: Study | ReadStudy, path: Path) -> None:
    """Write a study, and its curves, if any, to `runs.curves.parquet` beside `runs.parquet`.

    Raises:
        HyperTendrilError: pyarrow is not there.
    """
    header, rows = table_cells(study)
    _write(path, header, list(rows), rest_text(study))
    points = list(curve_rows(study))
    if points:
        _write(curves_path(path), list(CURVE_COLUMNS), points)


def _write(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], rest: str = "{}"
) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra, slow to load)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise HyperTendrilError(_NEEDED) from None
    columns = {
        name: pa.array(_column(name, [row[i] for row in rows])) for i, name in enumerate(header)
    }
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        table = pa.table(columns).replace_schema_metadata({KEY: rest.encode()})
        parquet.write_table(table, temporary)
        os.replace(temporary, path)  # noqa: PTH105 (as everywhere: whole or not there)
    finally:
        temporary.unlink(missing_ok=True)


def _column(name: str, cells: Sequence[Any]) -> list[Any]:
    """Return the cells of a column in one type, as a table in CSV would be read; null: missing."""
    present = [cell for cell in cells if cell != ""]
    if not _is_of_numbers(name):
        return [None if cell == "" else str(cell) for cell in cells]
    is_whole = all(isinstance(cell, int) for cell in present)
    return [None if cell == "" else cell if is_whole else float(cell) for cell in cells]


def _is_of_numbers(name: str) -> bool:
    if name.startswith("param:"):
        return name.endswith((":log", ":linear"))
    return name.startswith(("objective:", "metric:")) or name in _NUMBERS
