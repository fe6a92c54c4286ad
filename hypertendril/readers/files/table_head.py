"""The head of a CSV table: what stands between cells, above the names, and between them and the rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.files.literals import object_of
from hypertendril.readers.files.parquet import cell_text

DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT = 20  # lines; of a table that grows, what they say holds from then on
# A first line by which a spreadsheet says what stands between its cells.
_SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_NUMBER = re.compile(
    r"[€$£¥]?\s*[+\u2212-]?[.,]?\d[\d.,'\u2019\u00a0\u202fe+-]*\s*[%€$£¥]?|nan|[+-]?inf(?:inity)?",
    re.IGNORECASE,
)
_MISSING = frozenset(("", "-", "na", "n/a", "#n/a", "<na>", "null", "none"))

Cells = list[str]


@dataclass(frozen=True)
class TableHead:
    """How a table begins.

    Attributes:
        delimiter: What stands between cells.
        names: Of the columns.
        row_count: Rows, also empty ones, up to where the trials begin.
        left_out: What was passed over, in words, with its line.
        folded: Columns, by position in the file, whose cells are objects: the keys of these.
    """

    delimiter: str
    names: tuple[str, ...]
    row_count: int
    left_out: tuple[tuple[int, str], ...] = ()
    folded: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def unfolded(self, row: Cells) -> tuple[Cells, Cells]:
        """Return a row with a cell for each key of the objects in it, and keys that have no column."""
        found: Cells = []
        others: Cells = []
        for i, cell in enumerate(row):
            if i in self.folded:
                told = flat(object_of(cell) or {})
                found += [cell_text(told.pop(key, None)) for key in self.folded[i]]
                others += told
            else:
                found.append(cell)
        return found, others


def head_of_table(text: str) -> TableHead:
    """Return the head of a table, told from its first lines.

    Titles, comments and empty lines may stand above the names, a second row of names or their
    units below them.

    Raises:
        csv.Error: The cells cannot be told apart.
    """
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")[:LOOKED_AT]]
    said = _SAID.fullmatch(lines[0])
    if said:
        return _head(_Rows(lines, said[1], 1))
    usual = max(DELIMITERS, key=lines[0].count)
    rows = _Rows(lines, usual)
    if rows.begins_at_once():
        return _head(rows)
    others = [_Rows(lines, delimiter) for delimiter in DELIMITERS if delimiter != usual]
    return _head(max([rows, *others], key=_Rows.fit))


class _Rows:
    """The first rows of a table, if its cells are parted by `delimiter`."""

    def __init__(self, lines: Sequence[str], delimiter: str, first: int = 0) -> None:
        self.delimiter = delimiter
        reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
        self.rows: list[Cells] = []
        self.lines: list[int] = []
        for row in reader:
            self.rows.append([cell.strip() for cell in row])
            self.lines.append(reader.line_num)
        self.top = next((i for i, r in enumerate(self.rows) if i >= first and any(r)), first)
        self.at = self._names_at()

    def _names_at(self) -> int:
        """Return which row holds the names: the first that is more than a title or a comment."""
        filled = [sum(map(bool, row)) for row in self.rows]
        widest = max(filled[self.top :], default=0)
        for i in range(self.top, len(self.rows)):
            # A spreadsheet pads a title with empty cells; names alone may have one cell fewer.
            factor = 2 if self.rows[i][-1:] != [""] else 1.5
            if filled[i] < 2 or factor * filled[i] <= widest:
                continue
            if not self.rows[i][0].startswith("#") or self._names_columns(i):
                return i
        return self.top

    def _names_columns(self, at: int) -> bool:
        """Return whether a row behind a # names columns: below it there are as many, with numbers."""
        below = next((row for row in self.rows[at + 1 :] if any(row)), None)
        if below is None or self.rows[at][0] == "#":
            return True
        is_data = not below[0].startswith("#") and any(map(is_number, below))
        return is_data and len(below) == len(self.rows[at])

    def below(self) -> list[int]:
        """Return which rows that are not empty stand below the names."""
        return [i for i in range(self.at + 1, len(self.rows)) if any(self.rows[i])]

    def begins_at_once(self) -> bool:
        """Return whether the first line names columns and most rows below have as many cells."""
        return self.at == self.top and self.fit()[0]

    def fit(self) -> tuple[bool, int, int]:
        """Return how well a table is parted by it: the larger the better."""
        names = self.rows[self.at] if self.at < len(self.rows) else []
        fitting = [2 * len(self.rows[i]) > len(names) for i in self.below()]
        is_table = len(names) > 1 and all(fitting[:1]) and 2 * sum(fitting) >= len(fitting)
        return (True, sum(fitting), len(names)) if is_table else (False, 0, 0)


def _head(rows: _Rows) -> TableHead:
    found = rows.rows[rows.at] if rows.at < len(rows.rows) else []
    names = [found[0] if found[:1] == ["#"] else found[0].lstrip("# "), *found[1:]] if found else []
    left_out = []
    if rows.at > rows.top:
        shown = " ".join(cell for row in rows.rows[rows.top : rows.at] for cell in row if cell)
        left_out.append((rows.lines[rows.top], f"above the names of the columns: {shown[:100]!r}"))
    below = rows.below()
    end = rows.at + 1
    if below and _is_second_level(names, rows.rows[below[0]]):
        names, end = _joined(names, rows.rows[below[0]]), below[0] + 1
        if len(below) > 1 and _names_index(rows.rows[below[1]]):
            names[0], end = rows.rows[below[1]][0], below[1] + 1
    elif below and _is_units([rows.rows[i] for i in below]):
        shown = ", ".join(filter(None, rows.rows[below[0]]))
        left_out.append(
            (rows.lines[below[0]], f"units below the names of the columns: {shown[:100]!r}")
        )
        end = below[0] + 1
    if _has_unnamed_first(names, [rows.rows[i] for i in below]):
        names = ["", *names]
    folded = _folded([rows.rows[i] for i in below if i >= end], len(names))
    paths = [
        path
        for i, name in enumerate(names)
        for path in ([f"{name}/{key}" for key in folded[i]] if i in folded else [name])
    ]
    return TableHead(rows.delimiter, tuple(paths), end, tuple(left_out), folded)


def _folded(rows: Sequence[Cells], column_count: int) -> dict[int, tuple[str, ...]]:
    """Return which columns hold objects, with all keys of these; a last row may be cut short."""
    found = {}
    likely = {i for row in rows for i, cell in enumerate(row) if cell.startswith("{")}
    for i in sorted(likely & set(range(column_count))):
        cells = [row[i] for row in rows if i < len(row) and row[i]]
        if not all(cell.startswith("{") for cell in cells):
            continue
        objects = [object_of(cell) for cell in cells]
        keys = dict.fromkeys(key for told in objects if told for key in flat(told))
        if keys and None not in objects[: max(1, len(objects) - 1)]:
            found[i] = tuple(keys)
    return found


def _is_second_level(names: Sequence[str], row: Sequence[str]) -> bool:
    """Return whether a row goes on with the names: pandas writes columns of two levels so."""
    pairs = [(name, cell) for name, cell in zip(names, row, strict=False) if name]
    counts = Counter(name for name, _ in pairs)
    split = [pair for pair in pairs if counts[pair[0]] > 1]
    is_named = bool(split) and all(cell for _, cell in split) and len(set(split)) == len(split)
    return is_named and not any(map(is_number, row))


def _joined(names: Sequence[str], row: Sequence[str]) -> Cells:
    both = zip(names, [*row, *[""] * len(names)], strict=False)
    return [f"{name}/{cell}" if name and cell else name or cell for name, cell in both]


def _names_index(row: Sequence[str]) -> bool:
    return bool(row[0]) and not any(row[1:]) and not is_number(row[0])


def _is_units(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row holds words where the others hold numbers, and no number."""
    first, others = rows[0], rows[1:]
    if len(others) < 2 or any(map(is_number, first)):
        return False
    words = [i for i, cell in enumerate(first) if cell.lower() not in _MISSING]
    strays = [i for i in words if _is_measured([row[i] for row in others if i < len(row)])]
    return bool(strays) and 2 * len(strays) >= len(words)


def _is_measured(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if cell.lower() not in _MISSING]
    return len(told) > 1 and all(map(is_number, told))


def _has_unnamed_first(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether each row has a cell more than there are names: R writes its tables so."""
    return len(below) > 1 and all(len(row) == len(names) + 1 and row[-1] for row in below)


def is_number(cell: str) -> bool:
    """Return whether a cell looks like a number, as people and spreadsheets write it."""
    return _NUMBER.fullmatch(cell) is not None
