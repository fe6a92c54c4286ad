"""CSV tables that other processes append to: each row is given once."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence

from hypertendril.readers.files.decimal_comma import has_decimal_comma, with_point
from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.source import Source

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1 << 24
LOOKED_AT = 100  # lines, for the names and a row
# A first line by which a spreadsheet says what stands between its cells.
_SAID = re.compile(r"\ufeff?sep=(.)\s*", re.IGNORECASE)

Row = tuple[int, list[str]]


class GrowingCsv:
    """Gives the rows of a table; what may still change is given again at each look.

    Attributes:
        names: Of the columns; filled when the first row is asked for.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._file = GrowingFile(source.file)
        self._restart()

    def _restart(self) -> None:
        self._held: list[bytes] = []  # lines of a row whose quotes are still open
        self._delimiter = ""
        self._has_comma: bool | None = None  # for the point; as long as no number tells, unknown
        self.names: list[str] = []

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
            is_anew = self._file.is_anew()
        except OSError as error:
            raise self._source.error(f"can't be read ({error.strerror}).") from None
        if is_anew or not self._file.line_count:  # names without an end may be half of them
            self._restart()
        return is_anew

    def new_rows(self) -> Iterator[Row]:
        """Yield line number and cells of the rows that came since and are whole.

        Raises:
            SourceFormatError: It is not CSV in UTF-8, or can't be read.
        """
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
        rest = self._file.rest
        block = self._held + ([rest] if rest.strip() else [])
        for line, cells in self._rows(block, self._file.line_count + 1 - len(self._held)):
            if not rest.strip() or len(cells) >= len(self.names):
                yield line, cells

    def rows_at_once(self, data: bytes) -> Iterator[Row]:
        """Yield the rows of a table whose text was read in one go.

        Raises:
            SourceFormatError: It is not CSV in UTF-8.
        """
        return self._rows(data.split(b"\n"), 1)

    def _rows(self, block: Sequence[bytes], first: int) -> Iterator[Row]:
        if not block:
            return
        text = self._text(b"\n".join(block) + b"\n", first)
        is_first = not self._delimiter
        self._delimiter = self._delimiter or delimiter_of(text)
        if self._delimiter == ";" and self._has_comma is None:
            self._has_comma = has_decimal_comma(c.strip('"') for c in re.split(r"[;\r\n]", text))
        reader = csv.reader(io.StringIO(text), delimiter=self._delimiter)
        try:
            if is_first and _SAID.match(text):
                next(reader)
            for cells in reader:
                if not self.names:
                    self.names += [name.strip() for name in cells]
                elif any(cells):  # below its table a spreadsheet leaves rows of nothing
                    yield first - 1 + reader.line_num, self._pointed(cells)
        except csv.Error as error:
            line = first - 1 + reader.line_num
            raise self._source.error(f"is not CSV: {error}.", line=line) from None

    def _pointed(self, cells: list[str]) -> list[str]:
        """Return cells with the point in their numbers, also where a comma stood for it."""
        if not self._has_comma:
            return cells
        return list(map(with_point, cells))

    def _text(self, data: bytes, first: int) -> str:
        try:
            return data.decode("utf-8-sig" if first == 1 else "utf-8")
        except UnicodeDecodeError as error:
            line = first + error.object.count(b"\n", 0, error.start)
            raise self._source.error("is not UTF-8 text.", "Save it as UTF-8.", line=line) from None


def delimiter_of(text: str) -> str:
    """Return what stands between the cells of a table, as its first line says or shows."""
    first = text.partition("\n")[0]
    said = _SAID.fullmatch(first)
    return said[1] if said else max(DELIMITERS, key=first.count)


def opening(source: Source) -> tuple[list[str], bool]:
    """Return the names of the columns and whether a row stands below, from the beginning alone.

    Raises:
        csv.Error: They cannot be told apart.
        OSError: The file can't be read.
    """
    with source.file.open("rb") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE), b"")
        texts = (line.decode("utf-8-sig", "replace") for line in itertools.islice(lines, LOOKED_AT))
        first = next(texts, "")
        shown = texts if _SAID.fullmatch(first) else itertools.chain([first], texts)
        filled = filter(any, csv.reader(shown, delimiter=delimiter_of(first)))
        names, below = next(filled, []), next(filled, [])
    return [name.strip() for name in names], bool(below)


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
