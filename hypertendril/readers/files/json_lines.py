"""Files of one JSON value a line, also while another process appends to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.losses import Losses

TOGETHER = 32  # lines parsed in one go; one that is no strict JSON slows them all down
MOST_STARTS = 64  # places in a broken line where a whole record is looked for


class JsonLines:
    """Reads the lines of a file once each; a half-written last line is waited for.

    Args:
        path: The file.
        opening: What every line starts with; a record behind a torn one is found by it.
        kind: Type of each record, `dict` or `list`.
    """

    def __init__(self, path: Path, opening: bytes = b"{", kind: type = dict) -> None:
        self._file = GrowingFile(path)
        self._opening = opening
        self._kind = kind
        self._losses = Losses(str(path))

    @property
    def losses(self) -> Losses:
        """What could not be read so far; a last line still being written is not part of it."""
        return self._losses

    def report(self, losses: Losses) -> None:
        """Add what could not be read to `losses`, also of the last line."""
        losses.extend(self._losses)
        if self.torn_line is not None:
            losses.add(f"{self._file.path.name}: the last line is not complete", self.torn_line)

    @property
    def torn_line(self) -> int | None:
        """The number of the last line if it is half-written."""
        return self._file.line_count + 1 if self._file.rest.strip() else None

    def new_records(self) -> tuple[bool, Iterator[tuple[int, Any]]]:
        """Return whether the file was written anew, and an iterator over (line, record) to come.

        Raises:
            OSError: The file can't be read.
        """
        is_anew = self._file.is_anew()
        if is_anew:
            self._losses = Losses(str(self._file.path))
        return is_anew, self._read_on()

    def _read_on(self) -> Iterator[tuple[int, Any]]:
        for lines in self._file.new_lines():
            yield from self._records(lines)
        if self._file.rest.strip():
            yield from self._last(self._file.rest)

    def _last(self, text: bytes) -> Iterator[tuple[int, Any]]:
        """Take a last line without an end if it is whole; otherwise it is still being written."""
        try:
            record = parse(text)
        except BadJsonError:
            return
        if isinstance(record, self._kind):
            self._file.pass_rest()
            yield self._file.line_count + 1, record

    def _records(self, lines: Sequence[bytes]) -> Iterator[tuple[int, Any]]:
        for start in range(0, len(lines), TOGETHER):
            some = lines[start : start + TOGETHER]
            number = self._file.line_count + start + 1
            try:
                records = parse(b"[" + b",".join(some) + b"]")
            except BadJsonError:
                records = []
            if len(records) == len(some) and all(isinstance(r, self._kind) for r in records):
                yield from enumerate(records, number)
            else:
                for i, text in enumerate(some, number):
                    yield from self._one(text, i)

    def _one(self, text: bytes, number: int) -> Iterator[tuple[int, Any]]:
        if not text.strip():
            return
        try:
            record = parse(text)
        except BadJsonError as error:
            record = self._behind(text)
            if record is None:
                self._losses.add(f"a line that is {error.reason}", number)
                return
            self._losses.add("a line cut short; the record behind it was read", number)
        if isinstance(record, self._kind):
            yield number, record
        else:
            self._losses.add(f"a line that holds no {self._word}", number)

    def _behind(self, text: bytes) -> Any:
        """Return the record behind a torn one: a writer died and the next one went on there."""
        at = 0
        for _ in range(MOST_STARTS):
            at = text.find(self._opening, at + 1)
            if at < 0:
                return None
            try:
                record = parse(text[at:])
            except BadJsonError:
                continue
            return record if isinstance(record, self._kind) else None
        return None

    @property
    def _word(self) -> str:
        return "object" if self._kind is dict else "list"


def read_records(
    path: Path, losses: Losses, opening: bytes = b"{", kind: type = dict
) -> Iterator[tuple[int, Any]]:
    """Return an iterator over (line, record) of a whole file; `losses` gets what is left out.

    Raises:
        OSError: The file can't be read.
    """
    lines = JsonLines(path, opening, kind)
    yield from lines.new_records()[1]
    lines.report(losses)
