"""Files of one JSON value a line, also while another process appends to them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypertendril.readers.json_text import BadJsonError, parse
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import counted

PIECE_BYTES = 1 << 20
TOGETHER = 256  # lines parsed in one go, twice as fast as one by one
WITNESS_BYTES = 64  # read again before the offset, to notice a file that was written anew
MOST_STARTS = 64  # places in a broken line where a whole record is looked for


class JsonLines:
    """Reads the lines of a file once each; a half-written last line is waited for.

    Args:
        path: The file.
        opening: What every line starts with; a record behind a torn one is found by it.
        kind: Type of each record, `dict` or `list`.
    """

    def __init__(self, path: Path, opening: bytes = b"{", kind: type = dict) -> None:
        self.path = path
        self._opening = opening
        self._kind = kind
        self._inode = -1
        self._restart()

    def _restart(self) -> None:
        self._offset = 0
        self._line = 0
        self._witness = b""
        self._is_torn = False
        self._losses = Losses(str(self.path))

    @property
    def losses(self) -> Losses:
        """What could not be read so far; a last line still being written is not part of it."""
        return self._losses

    @property
    def torn_line(self) -> int | None:
        """The number of the last line if it is half-written."""
        return self._line + 1 if self._is_torn else None

    def new_records(self) -> tuple[bool, Iterator[tuple[int, Any]]]:
        """Return whether the file was written anew, and an iterator over (line, record) to come.

        Raises:
            OSError: The file can't be read.
        """
        with self.path.open("rb") as file:
            inode = self.path.stat().st_ino
            file.seek(max(0, self._offset - WITNESS_BYTES))
            anew = inode != self._inode or file.read(len(self._witness)) != self._witness
        if anew:
            self._restart()
            self._inode = inode
        return anew, self._read_on()

    def _read_on(self) -> Iterator[tuple[int, Any]]:
        with self.path.open("rb") as file:
            file.seek(self._offset)
            rest = b""
            with counted(os.fstat(file.fileno()).st_size, "bytes") as counter:
                while piece := file.read(PIECE_BYTES):
                    whole, end, rest = (rest + piece).rpartition(b"\n")
                    if end:
                        self._offset += len(whole) + 1
                        counter.reached(self._offset)
                        yield from self._records(whole.split(b"\n"))
            self._is_torn = False
            if rest.strip():
                yield from self._last(rest)
            start = max(0, self._offset - WITNESS_BYTES)
            file.seek(start)
            self._witness = file.read(self._offset - start)

    def _last(self, text: bytes) -> Iterator[tuple[int, Any]]:
        """Take a last line without an end if it is whole; otherwise it is still being written."""
        try:
            record = parse(text)
        except BadJsonError:
            record = None
        self._is_torn = not isinstance(record, self._kind)
        if not self._is_torn:
            self._offset += len(text)
            yield self._line + 1, record  # its end comes as an empty line

    def _records(self, lines: Sequence[bytes]) -> Iterator[tuple[int, Any]]:
        for start in range(0, len(lines), TOGETHER):
            some = lines[start : start + TOGETHER]
            try:
                records = parse(b"[" + b",".join(some) + b"]")
            except BadJsonError:
                records = []
            if len(records) == len(some) and all(isinstance(r, self._kind) for r in records):
                yield from enumerate(records, self._line + 1)
            else:
                for i, text in enumerate(some):
                    yield from self._one(text, self._line + i + 1)
            self._line += len(some)

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
    losses.extend(lines.losses)
    if lines.torn_line is not None:
        losses.add(f"{path.name}: the last line is not complete", lines.torn_line)
