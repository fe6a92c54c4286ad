"""CSV tables that other processes append to: each row is given once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.source import Source

DELIMITERS = (",", ";", "\t", "|")
# Between semicolons a comma may stand for the point, unless a point does.
_POINT = re.compile(r"(?:^|;)\s*[+-]?\d*\.\d+\s*(?:;|$)", re.MULTILINE)
_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")

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
        self._has_comma = False
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

    def _rows(self, block: Sequence[bytes], first: int) -> Iterator[Row]:
        if not block:
            return
        text = self._text(b"\n".join(block) + b"\n", first)
        if not self._delimiter:
            self._delimiter = delimiter_of(text.partition("\n")[0])
            self._has_comma = self._delimiter == ";" and not _POINT.search(text)
        reader = csv.reader(io.StringIO(text), delimiter=self._delimiter)
        try:
            for cells in reader:
                if not self.names:
                    self.names += [name.strip() for name in cells]
                elif cells:
                    yield first - 1 + reader.line_num, self._pointed(cells)
        except csv.Error as error:
            line = first - 1 + reader.line_num
            raise self._source.error(f"is not CSV: {error}.", line=line) from None

    def _pointed(self, cells: list[str]) -> list[str]:
        """Return cells with the point in their numbers, also where a comma stood for it."""
        if not self._has_comma:
            return cells
        return [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in cells]

    def _text(self, data: bytes, first: int) -> str:
        try:
            return data.decode("utf-8-sig" if first == 1 else "utf-8")
        except UnicodeDecodeError as error:
            line = first + error.object.count(b"\n", 0, error.start)
            raise self._source.error("is not UTF-8 text.", "Save it as UTF-8.", line=line) from None


def delimiter_of(line: str) -> str:
    """Return what stands between the cells of a table, by its first line."""
    return max(DELIMITERS, key=line.count)


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
