"""Tables: one CSV row a trial, its columns told by their names; curves in a second file beside it."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.model import Choice, Direction, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.csv_rows import NO_END
from hypertendril.readers.files.growing_csv import GrowingCsv, Row, opening
from hypertendril.readers.files.json_text import brief
from hypertendril.readers.files.packed import is_packed, unpacked, unpacked_head
from hypertendril.readers.files.parquet import MAGIC, has_columns, parquet_rows
from hypertendril.readers.generic.reader import from_generic
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import HEAD_BYTES, Source
from hypertendril.readers.tables.cells import Cells, cell_of_text
from hypertendril.readers.tables.json_tables import one_level
from hypertendril.readers.tables.record_rows import holds_records, is_object, record_rows
from hypertendril.readers.tables.rest import Rest, rest_of, rest_path
from hypertendril.readers.tables.runs import RunRows
from hypertendril.readers.tables.trials import Column, Filled, TableTrials

GROUPS = ("param", "objective", "metric", "curve")
TOLD = re.compile(r"(?:param|objective|metric):\S")  # Aim writes `metric: loss`
PLAIN = ("number", "state", "parent", "bracket", "started", "ended", "violation", "note")
# What a column says of its rows where somebody told so: the trial a row belongs to, the step of its
# curves, what it was given to spend, the trial it came from.
OF_ROWS = ("id", "step", "resource", "from")
SCALES = ("log", "linear")
CURVE_COLUMNS = ("trial", "metric", "step", "value")
TOGETHER = 4096  # rows laid into columns in one go


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
        if source.path is None or source.is_folder:
            return False
        if source.head().startswith(MAGIC):
            return any(has_columns(source.file, (word,)) for word in ("param:", "objective:"))
        if is_object(source) or holds_records(source):
            return False
        if b"\0" in source.head() and not is_read_whole(source):
            return False  # an archive that holds a table has its words in it too
        try:
            names, _ = first_line(source)
        except (SourceFormatError, csv.Error):
            return False
        return any(TOLD.match(name) for name in names)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the table."""
        return (read_table(source),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the table and of its curves."""
        beside = (curves_path(source.file), rest_path(source.file))
        return source.stat_token(), *(Source(path=path).stat_token() for path in beside)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new rows only."""
        return TableTail(source)


def first_line(source: Source) -> tuple[list[str], bool]:
    """Return the names of the columns and whether a row stands below them.

    Raises:
        csv.Error: They cannot be told apart.
        SourceFormatError: The file can't be read.
    """
    if is_packed(source):
        table = GrowingCsv(source)
        lines = _text_in(source, unpacked_head(source)).rpartition(b"\n")[0]
        has_rows = any(True for _ in table.rows_at_once(lines))
        return table.names, has_rows
    if is_read_whole(source):
        names, rows = rows_of(source)
        return names, any(True for _ in rows)
    source.require_file()
    try:
        return opening(source)
    except OSError as error:
        raise source.error(f"can't be read ({error.strerror}).") from None


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
    (found,) = TableTail(source, roles).advance()
    return found


class TableTail:
    """Reads the rows of a table once each; what stands beside it is read again."""

    def __init__(self, source: Source, roles: Mapping[str, str] | None = None) -> None:
        self._source = source
        self._roles = roles or {}
        self._csv = GrowingCsv(source)
        self._rows = Rows(Losses(source.shown))

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read what is new and return the study of all rows."""
        if is_read_whole(self._source):
            rows = Rows(Losses(self._source.shown))
            names, new = rows_of(self._source, rows.losses)
            rows.take(names, new)
            return (self._study(names, rows),)
        if self._csv.is_anew():
            self._rows = Rows(Losses(self._source.shown))
        self._rows.take(self._csv.names, self._csv.new_rows())
        rows = self._rows.copy()
        rows.take(self._csv.names, self._csv.last_rows())
        self._csv.report(rows.losses)
        if self._csv.open_line is not None:
            rows.losses.add(NO_END, self._csv.open_line)
        return (self._study(self._csv.names, rows),)

    def _study(self, names: Sequence[str], rows: Rows) -> ReadStudy:
        source, told = self._source, Losses(self._source.shown)
        rest = rest_of(source, told)
        filled = self._filled(names, rows, self._roles, rest, told)
        if any(f.column.group is None and f.column.name in OF_ROWS for f in filled):
            joined = RunRows(filled, len(rows.lines), told)
            return with_losses(joined.study(source, "table", _goals(filled)), (told, rows.losses))
        trials = TableTrials(filled, rows.lines, Losses(source.shown))
        curve_losses = Losses(str(curves_path(source.file)))
        trials.add_points()
        _add_curves(trials, source, curve_losses)
        _add_evaluations(trials, rest)
        found = from_generic(_described(filled, rest), source, "table", trials)
        return with_losses(found, (told, rows.losses, trials.losses, curve_losses))

    def _filled(
        self,
        names: Sequence[str],
        rows: Rows,
        roles: Mapping[str, str],
        rest: Rest,
        losses: Losses,
    ) -> list[Filled]:
        """Return the columns that are used, with their cells; `losses` gets what is doubtful."""
        columns = _columns(names, roles, losses)
        filled = [
            Filled(column, cells, _choices(column, rest))
            for column, cells in zip(columns, rows.cells_of(names), strict=True)
            if column is not None
        ]
        for one in filled:
            for doubt in one.doubts():
                losses.add(f"column {brief(one.column.name)!r}: {doubt}")
        return filled


def _goals(filled: Sequence[Filled]) -> list[Objective]:
    """Return the objectives among the columns, as they were told."""
    return [
        Objective(f.column.name, Direction(f.column.direction or Direction.MINIMIZE))
        for f in filled
        if f.column.group == "values"
    ]


def with_losses(found: ReadStudy, losses: Iterable[Losses]) -> ReadStudy:
    """Return a study that tells what was left out of all parts of its source."""
    skipped = tuple(skipped for each in losses for skipped in each.listed())
    return replace(found, header=replace(found.header, skipped=skipped))


class Rows:
    """The cells of the rows of a table, column by column, and the line of each row."""

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self._cells: list[Cells] = []
        self.lines: list[int] = []
        self._waiting: list[list[str]] = []

    def copy(self) -> Rows:
        """Return the rows as they stand; to be appended to without a trace in these."""
        found = Rows(self.losses.copy())
        found._cells, found.lines = [cells.copy() for cells in self._cells], self.lines[:]
        return found

    def take(self, names: Sequence[str], rows: Iterator[Row]) -> None:
        """Append rows; one of another length than `names` is cut or padded."""
        for line, row in rows:
            if len(row) != len(names):
                reason = f"{len(row)} cells in a row of a table with {len(names)} columns"
                self.losses.add(reason, line)
            self._waiting.append(row[: len(names)] + [""] * (len(names) - len(row)))
            self.lines.append(line)
            if len(self._waiting) >= TOGETHER:
                self._settle(names)
        self._settle(names)

    def _settle(self, names: Sequence[str]) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            for cells, texts in zip(self.cells_of(names), columns, strict=True):
                cells.extend(texts)
            self._waiting.clear()

    def cells_of(self, names: Sequence[str]) -> list[Cells]:
        """Return the columns, one for each name."""
        self._cells = self._cells or [Cells() for _ in names]
        return self._cells


def is_read_whole(source: Source) -> bool:
    """Return whether a table is no text that grows row by row: Parquet, JSON, UTF-16 or packed."""
    is_data = source.head().startswith(MAGIC) or holds_records(source)
    return is_data or is_wide(source) or is_packed(source)


def is_wide(source: Source) -> bool:
    """Return whether a file is text in UTF-16, as spreadsheets write it."""
    return source.head().startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def rows_of(source: Source, losses: Losses | None = None) -> tuple[list[str], Iterator[Row]]:
    """Return the names of the columns, and line number and cells of each row to come.

    Args:
        source: The file.
        losses: Gets what of JSON can't be read; CSV has none or fails.

    Raises:
        SourceFormatError: It is not CSV; also while the rows are taken.
    """
    if holds_records(source):
        names, found = record_rows(source, losses or Losses(source.shown))
        return [one_level(name.strip()) for name in names], iter(found)
    if source.head().startswith(MAGIC):
        names, records = parquet_rows(source.file)
        return [one_level(name.strip()) for name in names], iter(enumerate(records, 2))
    table = GrowingCsv(source)
    if is_wide(source):
        data = source.file.read_bytes()
        text = data[: len(data) // 2 * 2].decode("utf-16", "replace")  # half a letter is none
        rows = table.rows_at_once(text.encode("utf-8", "replace"))
        if losses is not None and not text.endswith("\n"):
            losses.add(NO_END, text.count("\n") + 1)
    elif is_packed(source):
        rows = table.rows_at_once(_text_in(source, unpacked(source)))
    else:
        table.is_anew()
        rows = itertools.chain(table.new_rows(), table.last_rows())
    first = list(itertools.islice(rows, 1))  # the names come before it
    if losses is not None:
        table.report(losses)
    return table.names, itertools.chain(first, rows)


def _text_in(source: Source, content: bytes) -> bytes:
    if b"\0" in content[:HEAD_BYTES]:
        raise source.error("is compressed, and no table.", "Unpack it and name what was in it.")
    return content


_GROUP_KEYS = {"param": "params", "objective": "values", "metric": "metrics"}
_STEP = re.compile(r"\d+$")


def _column(name: str, plain: Sequence[str]) -> Column | None:
    """Return what a column is by its name; None if that doesn't tell."""
    group, colon, rest = name.partition(":")
    if not colon or group not in GROUPS or not rest:
        return Column(None, name) if name in plain else None
    start, _, end = rest.rpartition(":")
    if group == "param" and start and end in SCALES:
        return Column("params", start, scale=end)
    if group == "objective" and start and end in list(Direction):
        return Column("values", start, direction=end)
    if group == "curve":
        return Column("curves", start, step=float(end)) if start and end.isdecimal() else None
    return Column(_GROUP_KEYS[group], rest)


def _columns(names: Sequence[str], roles: Mapping[str, str], losses: Losses) -> list[Column | None]:
    plain = (*PLAIN, *OF_ROWS)
    found = [_column(roles[n], plain) if n in roles else _column(n, PLAIN) for n in names]
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):
        column = found[i]
        if seen[name] and name in roles and column is not None and column.group is not None:
            another = replace(column, name=f"{column.name}.{seen[name]}")
            losses.add(f"another column {brief(name)!r}, shown as {brief(another.name)!r}", 1)
            found[i] = another
        seen[name] += 1
    curves = {column.name for column in found if column is not None and column.group == "curves"}
    for i, (name, column) in enumerate(zip(names, found, strict=True)):
        step = _STEP.search(name)
        if step and column is not None and column.group == "values" and column.name in curves:
            found[i] = replace(column, step=float(step[0]))  # the goal is where its curve ends
        if column is None and roles.get(name) != "":
            losses.add(f"unknown column {brief(name)!r}", 1)
    return found


def _choices(column: Column, rest: Rest) -> Mapping[str, Choice] | None:
    return rest.choices.get(column.name) if column.group == "params" else None


def _described(filled: Sequence[Filled], rest: Rest) -> dict[str, Any]:
    """Return all but the trials of a table, in the generic form."""
    columns = [one.column for one in filled]
    objectives = [
        {"name": c.name, "direction": c.direction} for c in columns if c.group == "values"
    ]
    space = [
        described
        for one in filled
        if one.column.group == "params" and (described := _space(one, rest)) is not None
    ]
    data = {"space": space, "metrics": [c.name for c in columns if c.group == "metrics"]}
    return data | ({"objectives": objectives} if objectives else {}) | rest.told()


def _space(filled: Filled, rest: Rest) -> dict[str, Any] | None:
    column = filled.column
    if column.name in rest.space:
        return rest.space[column.name]
    parameter = filled.inferred()
    if parameter is None:
        return None
    if column.scale is not None:
        can_be_log = parameter.low is not None and parameter.low > 0
        parameter = replace(parameter, log=column.scale == "log" and can_be_log)
    return parameter.to_json()


def _add_evaluations(trials: TableTrials, rest: Rest) -> None:
    for row, number in enumerate(trials.numbers() if rest.evaluations else ()):
        told = rest.evaluations.get(str(number))
        if isinstance(told, list):
            trials.own(row)["evaluations"] = told


def _add_curves(trials: TableTrials, source: Source, losses: Losses) -> None:
    """Add the points of the second file to the trials they belong to."""
    beside = Source(path=curves_path(source.file))
    if beside.file == source.file or not beside.file.is_file() or not beside.file.stat().st_size:
        return
    header, rows = rows_of(beside)
    if sorted(header) != sorted(CURVE_COLUMNS):
        losses.add(f"its columns must be {', '.join(CURVE_COLUMNS)}", 1)
        return
    at = {name: header.index(name) for name in CURVE_COLUMNS}
    trial_of: dict[Any, int] = {}
    for i, number in enumerate(trials.numbers()):
        trial_of.setdefault(number, i)
    for line, row in rows:
        if len(row) != len(header):
            losses.add(f"{len(row)} cells in a row of a table with {len(header)} columns", line)
            continue
        trial = trial_of.get(cell_of_text(row[at["trial"]]))
        if trial is None:
            losses.add(f"no trial has the number {brief(row[at['trial']])!r}", line)
            continue
        curves = trials.own(trial).setdefault("curves", {}).setdefault(row[at["metric"]], [])
        curves.append([cell_of_text(row[at["step"]]), cell_of_text(row[at["value"]])])
