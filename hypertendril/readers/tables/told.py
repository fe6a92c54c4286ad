"""Tables whose column names don't tell what they are: a preview, a guess, and reading as told."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from hypertendril.errors import SourceFormatError
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.files.table_head import is_number
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.tables.guess import guessed_roles, numbers_of
from hypertendril.readers.tables.reader import (
    TableCsv,
    TableTail,
    first_line,
    is_read_whole,
    read_table,
    rows_of,
)
from hypertendril.readers.tables.record_rows import holds_records

ROWS_LOOKED_AT = 2000
ROWS_SHOWN = 5
MOST_COLUMNS = 100_000
SOME_COLUMNS = 20  # named in a report
NO_NAMES = (
    "looks like a table without a line of names above its columns.",
    "Write one: name,name,...",
)
TURNED = (
    "looks like a table on its side: a row for each parameter and a column for each trial.",
    "Turn it (`table.T` of pandas, Paste Special > Transpose of a spreadsheet) and save it again.",
)
NO_ROWS = ("looks like the header of a table.", "No row has been written to it yet.")


class UntoldTableError(SourceFormatError):
    """A table that can be read once somebody has said what its columns are."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table that nobody has explained yet.

    Attributes:
        name: As it stands in the first line.
        role: The guess, as `read_table` takes it; empty for a column to be left out.
        cells: Its first cells, as written.
        is_number: Whether all its cells that are not empty are numbers.
        can_be_log: Whether all of them are above 0.
    """

    name: str
    role: str
    cells: tuple[str, ...]
    is_number: bool
    can_be_log: bool


def is_untold_table(source: Source) -> bool:
    """Return whether a file looks like a table with a header, of which no name tells anything."""
    names, has_rows = _opening(source)
    return has_rows and _are_names(names, source)


def refusal(source: Source) -> SourceFormatError | None:
    """Return why what looks like a table is not read: its columns, or its rows; None for others."""
    names, has_rows = _opening(source)
    if _are_names(names, source):
        return untold(source) if has_rows else source.error(*NO_ROWS)
    if len(names) < 2 or not all(map(is_number, names[1:])):
        return None
    if is_number(names[0]):
        return source.error(*NO_NAMES)
    _, rows = rows_of(source)
    labels = [cells[0] for _, cells in itertools.islice(rows, ROWS_LOOKED_AT) if cells]
    is_turned = len(labels) > 1 and not any(map(is_number, labels))
    return source.error(*TURNED) if is_turned else None


def _opening(source: Source) -> tuple[list[str], bool]:
    """Return what stands where the names of columns are, and whether rows do below; none for no table."""
    if source.path is None or source.is_folder:
        return [], False
    try:
        if b"\0" in source.head() and not is_read_whole(source):
            return [], False
        return first_line(source)
    except (SourceFormatError, csv.Error):
        return [], False


def _are_names(names: Sequence[str], source: Source) -> bool:
    """Return whether these look like names of columns, and not like a row of numbers or JSON."""
    numbered = sum(map(is_number, names))
    has_names = len(set(names)) >= 2 and 2 * numbered < len(names)
    starts_as_json = (names or [""])[0][:1] in ("{", "[", "<")
    return has_names and (not starts_as_json or holds_records(source))


def preview(source: Source) -> tuple[TableColumn, ...]:
    """Return the columns of a table, each with a guess of what it is.

    Raises:
        SourceFormatError: Not a table that can be read, or one with more than `MOST_COLUMNS` columns.
    """
    header, rows = rows_of(source)
    if len(header) > MOST_COLUMNS:
        raise source.error(f"has more than {MOST_COLUMNS:,} columns.")
    looked_at = [cells for _, cells in itertools.islice(rows, ROWS_LOOKED_AT)]
    if not looked_at:
        raise source.error(*NO_ROWS)
    columns = [[row[i] if i < len(row) else "" for row in looked_at] for i in range(len(header))]
    numbers = [numbers_of(cells) for cells in columns]
    return tuple(
        TableColumn(
            name=name,
            role=role,
            cells=tuple(cells[:ROWS_SHOWN]),
            is_number=bool(values),
            can_be_log=bool(values) and min(values) > 0,
        )
        for name, role, cells, values in zip(
            header, guessed_roles(header, columns, numbers), columns, numbers, strict=True
        )
    )


class ToldTable(TableCsv):
    """Reads a table by what somebody said of its columns."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self.roles = dict(roles)

    def detects(self, source: Source) -> bool:
        """Return whether it has the columns that were told of."""
        return source.path is not None and set(self.roles) <= set(first_line(source)[0])

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the table."""
        self.require_columns(source)
        return (read_table(source, self.roles),)

    def require_columns(self, source: Source) -> None:
        """Check that the columns that were told of are there.

        Raises:
            UntoldTableError: One of them isn't.
        """
        names, _ = first_line(source)
        missing = [name for name in self.roles if name not in names]
        if missing:
            raise untold(source, f"has no column {clean(missing[0])!r} any more")

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the table and of its curves."""
        return super().change_token(source), tuple(self.roles.items())

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new rows only, as long as the columns are there."""
        return _ToldTail(self, source)


class _ToldTail(TableTail):
    def __init__(self, reader: ToldTable, source: Source) -> None:
        super().__init__(source, reader.roles)
        self._reader = reader

    def advance(self) -> tuple[ReadStudy, ...]:
        self._reader.require_columns(self._source)
        return super().advance()


def untold(
    source: Source, what: str = "is a table whose columns don't say what they are"
) -> UntoldTableError:
    """Return the error that asks what the columns of a table are."""
    return UntoldTableError(
        f"{what}.",
        path=source.shown,
        hint="Say which column is the objective and which are parameters.",
    )


def read_as_guessed(source: Source) -> ReadStudy:
    """Return the study of a table nobody has explained; what its columns were taken for is told.

    Raises:
        SourceFormatError: Not a table that can be read.
    """
    roles = {column.name: column.role for column in preview(source)}
    if not any(role.startswith("objective:") for role in roles.values()):
        raise untold(source)
    study = read_table(source, roles)
    losses = Losses(source.shown)
    known = [f"{name!r} as {role}" for name, role in roles.items() if role][:SOME_COLUMNS]
    losses.guess(f"its columns don't say what they are; taken: {', '.join(known)}")
    left = [repr(name) for name, role in roles.items() if not role][:SOME_COLUMNS]
    if left:
        losses.guess(f"columns that were left out: {', '.join(left)}")
    skipped = (*losses.listed(), *study.header.skipped)
    return replace(study, header=replace(study.header, skipped=skipped))


def checked_roles(roles: Mapping[str, str], columns: Sequence[TableColumn]) -> dict[str, str]:
    """Return the roles of the columns of a table, held against the table.

    Raises:
        ValueError: No objective, or an objective that is not made of numbers, or a name twice.
    """
    known = {column.name: column for column in columns}
    told = {name: role for name, role in roles.items() if name in known}
    objectives = [name for name, role in told.items() if role.startswith("objective:")]
    if not objectives:
        raise ValueError("Objective: choose the column that was optimised.")
    for name, role in told.items():
        if role.startswith(("objective:", "metric:")) and not known[name].is_number:
            kind = role.partition(":")[0]
            raise ValueError(f"{clean(name)}: a column with texts in it can't be the {kind}.")
        if role.endswith(":log") and not known[name].can_be_log:
            raise ValueError(f"{clean(name)}: a log scale needs numbers above 0.")
    taken = [role for role in told.values() if role]
    if len(set(taken)) < len(taken):
        raise ValueError("Two columns have the same role and name.")
    return told
