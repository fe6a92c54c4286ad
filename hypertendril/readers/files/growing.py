"""Files of lines that other processes append to: each line is given once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hypertendril.readers.progress import counted

PIECE_BYTES = 1 << 17  # stays in the cache of the processor
WITNESS_BYTES = 256  # compared at each look, to notice a file that was written anew


class GrowingFile:
    """Gives the whole lines of a file; a last one without an end stays in `rest`.

    Attributes:
        line_count: Lines given so far.
        rest: What stood behind the last line end when the file was last read to its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = -1
        self._restart()

    def _restart(self) -> None:
        self._offset = 0
        self._first = self._last = b""
        self.line_count = 0
        self.rest = b""

    def is_anew(self) -> bool:
        """Return whether the file is another one than before, which is then read from its start.

        Raises:
            OSError: The file can't be read.
        """
        with self.path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            is_anew = inode != self._inode or not self._goes_on(file)
        if is_anew:
            self._restart()
            self._inode = inode
        return is_anew

    def _goes_on(self, file: BinaryIO) -> bool:
        """Return whether what was read before is still there, by its first and last bytes."""
        if file.read(len(self._first)) != self._first:
            return False
        file.seek(self._offset - len(self._last))
        return file.read(len(self._last)) == self._last

    def new_lines(self) -> Iterator[list[bytes]]:
        """Yield the lines that came since, without their ends, some at a time.

        `line_count` counts those yielded when the next ones are asked for.

        Raises:
            OSError: The file can't be read.
        """
        with self.path.open("rb") as file:
            file.seek(self._offset)
            rest = b""
            with counted(os.fstat(file.fileno()).st_size, "bytes") as counter:
                while piece := file.read(PIECE_BYTES):
                    whole, end, rest = (rest + piece).rpartition(b"\n")
                    if end:
                        self._passed(whole + end)
                        counter.reached(self._offset)
                        lines = whole.split(b"\n")
                        yield lines
                        self.line_count += len(lines)
            self.rest = rest

    def pass_rest(self) -> None:
        """Count the rest as read; its end will come as an empty line."""
        self._passed(self.rest)
        self.rest = b""

    def _passed(self, data: bytes) -> None:
        self._offset += len(data)
        if len(self._first) < WITNESS_BYTES:
            self._first = (self._first + data)[:WITNESS_BYTES]
        self._last = (self._last + data[-WITNESS_BYTES:])[-WITNESS_BYTES:]
