"""Tables: one CSV row a trial, its columns told by their names; curves in a second file beside it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypertendril.model import Choice, Direction
from hypertendril.readers.about import About, Tested
from hypertendril.readers.csv_rows import NO_END
from hypertendril.readers.folders import tail_of
from hypertendril.readers.generic import from_generic
from hypertendril.readers.inferred import infer_parameter
from hypertendril.readers.json_text import brief
from hypertendril.readers.losses import Losses
from hypertendril.readers.parquet import MAGIC, has_columns, parquet_rows
from hypertendril.readers.progress import counted
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.table_rest import Rest, rest_of, rest_path

GROUPS = ("param", "objective", "metric")
PLAIN = ("number", "state", "parent", "bracket", "started", "ended", "violation", "note")
SCALES = ("log", "linear")
TEXTS = ("state", "note")
CURVE_COLUMNS = ("trial", "metric", "step", "value")
DELIMITERS = (",", ";", "\t")
MOST_DIGITS = 18  # longer whole numbers are floats anyway

Cell = str | int | float | bool | None


class TableCsv:
    """Reads CSV tables."""

    name = "table"
    about = About(
        title="Table",
        source="a CSV or Parquet file, [described below](#tables)",
        kept="trials, metrics, times, notes, curves; all else if this program wrote it",
        lost="of other tables ranges, conditions, rungs",
        tested=Tested.REAL,
        logs="its own; tables of other names by the import dialog",
    )

    def detects(self, source: Source) -> bool:
        """Return whether the first line names a column `param:`, `objective:` or `metric:`."""
        if source.path is None:
            return False
        if source.head().startswith(MAGIC):
            return any(has_columns(source.file, (word,)) for word in ("param:", "objective:"))
        if b"\0" in source.head():
            return False  # an archive that holds a table has its words in it too
        try:
            names = first_line(source)
        except csv.Error:
            return False
        return any(name.strip().startswith(tuple(f"{g}:" for g in GROUPS)) for name in names)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the table."""
        return (read_table(source),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the table and of its curves."""
        beside = (curves_path(source.file), rest_path(source.file))
        return source.stat_token(), *(Source(path=path).stat_token() for path in beside)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the table again."""
        return Rereading(self, source)


def first_line(source: Source) -> list[str]:
    """Return the names of the columns, from the beginning of the file alone.

    Raises:
        csv.Error: They cannot be told apart.
        SourceFormatError: The file can't be read.
    """
    if source.head().startswith(MAGIC):
        return [name.strip() for name in parquet_rows(source.file)[0]]
    first = source.head().partition(b"\n")[0].decode("utf-8-sig", "replace").rstrip("\r")
    names = next(csv.reader([first], delimiter=_delimiter(first)), [])
    return [name.strip() for name in names]


def curves_path(table: Path) -> Path:
    """Return where the curves of a table stand: `runs.curves.csv` beside `runs.csv`."""
    suffix = ".parquet" if table.suffix == ".parquet" else ".csv"
    return table.with_name(f"{table.name.removesuffix(suffix)}.curves{suffix}")


def read_table(source: Source, roles: Mapping[str, str] | None = None) -> ReadStudy:
    """Return the study of a CSV table.

    Args:
        source: The file.
        roles: What columns are whose names don't tell: `{"lr": "param:lr:log", ...}`; an empty
            text says that a column is to be left out.

    Raises:
        SourceFormatError: Not a table of trials.
    """
    header, rows = rows_of(source)
    losses = Losses(source.shown)
    rest = rest_of(source, losses)
    data, lines = _generic(header, rows, roles or {}, rest, losses)
    if not _has_end(source):
        losses.add(NO_END, lines[-1] if lines else 1)
    curve_losses = Losses(str(curves_path(source.file)))
    _add_curves(data, source, curve_losses)
    rest.add_to(data)
    found = from_generic(data, source, lambda i: lines[i], framework="table")
    skipped = (*losses.listed(), *found.header.skipped, *curve_losses.listed())
    return replace(found, header=replace(found.header, skipped=skipped))


def _has_end(source: Source) -> bool:
    """Return whether the last line of a table ends as all others do."""
    return source.head().startswith(MAGIC) or tail_of(source.file, 1) in (b"\n", b"\r")


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def rows_of(source: Source) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the columns, and line number and cells of each row to come.

    Raises:
        SourceFormatError: It is not CSV in UTF-8; also while the rows are taken.
    """
    source.require_file()
    if source.head().startswith(MAGIC):
        names, records = parquet_rows(source.file)
        return [name.strip() for name in names], iter(enumerate(records, 2))
    try:
        text = source.file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise source.error("is not UTF-8 text.", "Save it as UTF-8.", line=line) from None
    except OSError as error:
        raise source.error(f"can't be read ({error.strerror}).") from None
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text.partition("\n")[0]))

    def numbered() -> Iterator[tuple[int, list[str]]]:
        try:
            with counted(text.count("\n"), "lines") as counter:
                for cells in reader:
                    counter.reached(reader.line_num)
                    if cells:
                        yield reader.line_num, cells
        except csv.Error as error:
            raise source.error(f"is not CSV: {error}.", line=reader.line_num) from None

    rows = numbered()
    _, header = next(rows, (1, []))
    return [name.strip() for name in header], rows


@dataclass(frozen=True)
class _Column:
    """Where the cells of a column go: `params`, `values`, `metrics` or the trial itself (None)."""

    group: str | None
    name: str
    scale: str | None = None  # told, `log` or `linear`
    direction: str | None = None


_GROUP_KEYS = {"param": "params", "objective": "values", "metric": "metrics"}


def _column(name: str) -> _Column | None:
    """Return what a column is by its name; None if that doesn't tell."""
    group, colon, rest = name.partition(":")
    if not colon or group not in GROUPS or not rest:
        return _Column(None, name) if name in PLAIN else None
    start, _, end = rest.rpartition(":")
    if group == "param" and start and end in SCALES:
        return _Column("params", start, scale=end)
    if group == "objective" and start and end in list(Direction):
        return _Column("values", start, direction=end)
    return _Column(_GROUP_KEYS[group], rest)


def _generic(
    header: Sequence[str],
    rows: Iterator[tuple[int, list[str]]],
    roles: Mapping[str, str],
    rest: Rest,
    losses: Losses,
) -> tuple[dict[str, Any], list[int]]:
    """Return the table in the generic form, and the line of each trial."""
    columns = [_column(roles.get(name, name)) for name in header]
    for name, column in zip(header, columns, strict=True):
        if column is None and roles.get(name) != "":
            losses.add(f"unknown column {brief(name)!r}", 1)
    cells, lines = _columns_of(rows, len(header), losses)
    trials: list[dict[str, Any]] = [
        {"params": {}, "values": {}, "metrics": {}} for _ in range(len(lines))
    ]
    space = []
    for column, texts in zip(columns, cells, strict=True):
        if column is None:
            continue
        choices = rest.choices.get(column.name) if column.group == "params" else None
        values = _values(column, texts) if choices is None else _chosen(texts, choices)
        for trial, value in zip(trials, values, strict=True):
            if value is not None if choices is None else value != _ABSENT:
                (trial if column.group is None else trial[column.group])[column.name] = value
        if column.group == "params":
            declared = rest.space.get(column.name)
            space += _described(column, values) if declared is None else [declared]
    objectives = [
        {"name": c.name, "direction": c.direction} for c in columns if c and c.group == "values"
    ]
    data: dict[str, Any] = {"trials": trials, "space": space}
    data["metrics"] = [c.name for c in columns if c is not None and c.group == "metrics"]
    return data | ({"objectives": objectives} if objectives else {}), lines


def _columns_of(
    rows: Iterator[tuple[int, list[str]]], width: int, losses: Losses
) -> tuple[list[list[str]], list[int]]:
    cells: list[list[str]] = [[] for _ in range(width)]
    lines = []
    for line, row in rows:
        if len(row) != width:
            losses.add(f"{len(row)} cells in a row of a table with {width} columns", line)
        lines.append(line)
        padded = row[:width] + [""] * (width - len(row))
        for column, text in zip(cells, padded, strict=True):
            column.append(text)
    return cells, lines


def _described(column: _Column, values: Sequence[Cell]) -> list[dict[str, Any]]:
    parameter = infer_parameter(column.name, values)
    if parameter is None:
        return []
    can_be_log = parameter.low is not None and parameter.low > 0
    if column.scale is not None:
        parameter = replace(parameter, log=column.scale == "log" and can_be_log)
    return [parameter.to_json()]


def _cell(text: str) -> Cell:
    """Return a cell as a number where it is one; None where it is empty."""
    text = text.strip()
    if not text:
        return None
    try:
        is_whole = len(text) <= MOST_DIGITS and text.lstrip("+-").isdigit()
        return int(text) if is_whole else float(text)
    except ValueError:
        return text


def as_cells(texts: Sequence[str]) -> list[Cell]:
    """Return the texts of a parameter's column as its values."""
    return _typed(texts)


def _values(column: _Column, texts: Sequence[str]) -> list[Cell]:
    if column.group == "params":
        return _typed(texts)
    if column.group is None and column.name in TEXTS:
        return [text or None for text in texts]
    return [_cell(text) for text in texts]


_ABSENT = ""  # no cell: the parameter is inactive


def _chosen(texts: Sequence[str], choices: Mapping[str, Choice]) -> list[Cell]:
    """Return the cells of a parameter whose choices are declared."""
    return [_ABSENT if not text else choices.get(text, _cell(text)) for text in texts]


def _typed(texts: Sequence[str]) -> list[Cell]:
    """Return the cells of a parameter as what all of them are: numbers, truth values or texts."""
    cells = [_cell(text) for text in texts]
    seen = {
        text.strip().lower() for text, cell in zip(texts, cells, strict=True) if cell is not None
    }
    if all(cell is None or not isinstance(cell, str) for cell in cells):
        return [None if isinstance(c, float) and math.isnan(c) else c for c in cells]
    if seen <= {"true", "false"}:
        return [None if c is None else str(c).lower() == "true" for c in cells]
    return [None if cell is None else text for text, cell in zip(texts, cells, strict=True)]


def _add_curves(data: dict[str, Any], source: Source, losses: Losses) -> None:
    """Add the points of the second file to the trials they belong to."""
    beside = Source(path=curves_path(source.file))
    if beside.file == source.file or not beside.file.is_file() or not beside.file.stat().st_size:
        return
    header, rows = rows_of(beside)
    if sorted(header) != sorted(CURVE_COLUMNS):
        losses.add(f"its columns must be {', '.join(CURVE_COLUMNS)}", 1)
        return
    at = {name: header.index(name) for name in CURVE_COLUMNS}
    trials: dict[Any, dict[str, Any]] = {}
    for i, trial in enumerate(data["trials"]):
        trials.setdefault(trial.get("number", i), trial)
    for line, row in rows:
        if len(row) != len(header):
            losses.add(f"{len(row)} cells in a row of a table with {len(header)} columns", line)
            continue
        trial = trials.get(_cell(row[at["trial"]]))
        if trial is None:
            losses.add(f"no trial has the number {brief(row[at['trial']])!r}", line)
            continue
        curves = trial.setdefault("curves", {}).setdefault(row[at["metric"]], [])
        curves.append([_cell(row[at["step"]]), _cell(row[at["value"]])])
