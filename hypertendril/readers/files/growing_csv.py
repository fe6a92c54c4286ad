"""CSV tables that other processes append to: each row is given once."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence

from hypertendril.errors import SourceFormatError
from hypertendril.readers.files.decimal_comma import has_decimal_comma, with_point
from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.files.json_text import brief
from hypertendril.readers.files.table_head import (
    LOOKED_AT,
    TableHead,
    head_of_table,
    is_number,
)
from hypertendril.readers.files.western import NOT_UTF8, text_of, whole_letters
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source

LONGEST_LINE = 1 << 24
OPENING_LINES = 100
# Words that name a row which sums up others, in English, German, French, Spanish.
SUMMARIES = frozenset(
    (
        *("mean", "avg", "average", "std", "sd", "total", "sum", "best", "min", "max", "median"),
        *("count", "mittelwert", "summe", "gesamt", "moyenne", "somme", "media", "promedio"),
    )
)

Row = tuple[int, list[str]]


class GrowingCsv:
    """Gives the rows of a table; what may still change is given again at each look.

    Attributes:
        names: Of the columns; filled when the first row is asked for.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._restart()

    def _restart(self) -> None:
        self._file = GrowingFile(self._source.file)
        self._held: list[bytes] = []  # lines of a row whose quotes are still open
        self._head: TableHead | None = None
        self._is_settled = False  # whether more lines leave the head as it is
        self._has_comma: bool | None = None  # for the point; as long as no number tells, unknown
        self._not_utf8: int | None = None  # the first line of them
        self._before: list[str] = []  # the last row
        self._remarks: dict[int, str] = {}  # by line, what stands among the rows and is none
        # Keys of objects in cells that the head has not seen, with the line of the first.
        self._late: dict[str, int] = {}
        self.names: list[str] = []

    def report(self, losses: Losses) -> None:
        """Add what was passed over above the rows, and how the text was read."""
        for line, what in self._head.left_out if self._head else ():
            losses.add(f"left out: {what}", line)
        for line, remark in self._remarks.items():
            losses.add(f"left out: no trial, but a remark or a summary: {remark!r}", line)
        for key, line in self._late.items():
            losses.add(f"left out: {brief(key)!r}, which no cell of the first rows has", line)
        if self._not_utf8 is not None:
            losses.add(NOT_UTF8, self._not_utf8)

    @property
    def open_line(self) -> int | None:
        """The number of the last line where it does not end as all others do."""
        return self._file.line_count + 1 if self._file.rest.strip() else None

    def is_anew(self) -> bool:
        """Return whether the file is another one than before, which is then read from its start.

        Raises:
            SourceFormatError: It can't be read.
        """
        self._source.require_file()
        try:
            if self._is_settled and not self._file.is_anew():
                return False
            self._restart()
            return self._file.is_anew()
        except OSError as error:
            raise self._source.error(f"can't be read ({error.strerror}).") from None

    def new_rows(self) -> Iterator[Row]:
        """Yield line number and cells of the rows that came since and are whole.

        Raises:
            SourceFormatError: It is not CSV, or can't be read.
        """
        if self._not_utf8 == self._file.line_count + 1:
            self._not_utf8 = None  # that line was not whole
        try:
            for lines in self._file.new_lines():
                block = self._held + lines
                first = self._file.line_count + 1 - len(self._held)
                end = _last_closed(block)
                self._held = block[end:]
                yield from self._rows(block[:end], first)
        except OSError as error:
            raise self._source.error(f"can't be read ({error.strerror}).") from None

    def last_rows(self) -> Iterator[Row]:
        """Yield what stands behind these: a row that may be cut short, if it has all its cells.

        Raises:
            SourceFormatError: As of `new_rows`.
        """
        rest = whole_letters(self._file.rest)
        block = self._held + ([rest] if rest.strip() else [])
        for line, cells in self._rows(block, self._file.line_count + 1 - len(self._held)):
            if not rest.strip() or len(cells) >= len(self.names):
                yield line, cells

    def rows_at_once(self, data: bytes) -> Iterator[Row]:
        """Yield the rows of a table whose text was read in one go.

        Raises:
            SourceFormatError: It is not CSV.
        """
        return self._rows(data.split(b"\n"), 1)

    def _rows(self, block: Sequence[bytes], first: int) -> Iterator[Row]:
        if not block:
            return
        text = self._text(block, first) + "\n"
        head, passed = self._begin(text, len(block), first)
        reader = csv.reader(io.StringIO(text), delimiter=head.delimiter)
        try:
            for cells in itertools.islice(reader, passed, None):
                line = first - 1 + reader.line_num
                if not any(cells):  # below its table a spreadsheet leaves rows of nothing
                    continue
                if self._is_remark(cells):
                    self._remarks[line] = " ".join(filter(None, cells))[:100]
                    continue
                self._before = cells
                row = self._unfolded(head, cells, line) if head.folded else cells
                yield line, self._pointed(row)
        except csv.Error as error:
            raise self._not_csv(error, first - 1 + reader.line_num) from None

    def _unfolded(self, head: TableHead, cells: list[str], line: int) -> list[str]:
        row, late = head.unfolded(cells)
        for key in late:
            self._late.setdefault(key, line)
        return row

    def _begin(self, text: str, line_count: int, first: int) -> tuple[TableHead, int]:
        """Return the head of the table, and how many rows of the text it takes: none but once."""
        is_first = self._head is None
        try:
            if self._head is None:
                self._head = head_of_table(text)
                self._is_settled = line_count >= LOOKED_AT
                self.names += self._head.names
            if self._head.delimiter == ";" and self._has_comma is None:
                cells = itertools.chain.from_iterable(csv.reader(io.StringIO(text), delimiter=";"))
                self._has_comma = has_decimal_comma(cells)
        except csv.Error as error:
            raise self._not_csv(error, first) from None
        return self._head, self._head.row_count if is_first else 0

    def _not_csv(self, error: csv.Error, line: int) -> SourceFormatError:
        return self._source.error(f"is not CSV: {error}.", line=line)

    def _is_remark(self, cells: list[str]) -> bool:
        """Return whether a row sums up others, or is a text of one cell."""
        if len(cells) > 1 and cells[0][:1].isdigit():
            return False  # as most rows are
        at = next(i for i, cell in enumerate(cells) if cell)
        word = cells[at].strip().lower()
        if word.rstrip(":") in SUMMARIES:  # where the row above has a number
            return at < len(self._before) and is_number(self._before[at].strip())
        return len(cells) == 1 and len(self.names) > 2 and not is_number(word)

    def _pointed(self, cells: list[str]) -> list[str]:
        """Return cells with the point in their numbers, also where a comma stood for it."""
        if not self._has_comma:
            return cells
        return list(map(with_point, cells))

    def _text(self, lines: Sequence[bytes], first: int) -> str:
        text, not_utf8 = text_of(lines)
        if not_utf8 is not None and self._not_utf8 is None:
            self._not_utf8 = first + not_utf8
        return text.removeprefix("\ufeff") if first == 1 else text


def opening(source: Source) -> tuple[list[str], bool]:
    """Return the names of the columns and whether a row stands below, from the beginning alone.

    Raises:
        csv.Error: They cannot be told apart.
        OSError: The file can't be read.
    """
    with source.file.open("rb") as file:
        lines = itertools.islice(iter(lambda: file.readline(LONGEST_LINE), b""), OPENING_LINES)
        text = text_of([line.rstrip(b"\n") for line in lines])[0].removeprefix("\ufeff")
    head = head_of_table(text)
    rows = csv.reader(io.StringIO(text), delimiter=head.delimiter)
    return list(head.names), any(map(any, itertools.islice(rows, head.row_count, None)))


def _last_closed(block: Sequence[bytes]) -> int:
    """Return how many of the lines there are up to the last one with which all quotes are closed."""
    if sum(line.count(b'"') for line in block) % 2 == 0:
        return len(block)
    is_open, end = False, 0
    for i, line in enumerate(block, 1):
        is_open ^= line.count(b'"') % 2 == 1
        if not is_open:
            end = i
    return end
