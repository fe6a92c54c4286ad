"""How far the reading of a source is: readers tell it, whoever waits looks, and may call it off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from hypertendril.errors import HyperTendrilError

Item = TypeVar("Item")


class ReadingCancelledError(HyperTendrilError):
    """Somebody does not want to wait for a source any more."""


class Progress:
    """How far one reading is.

    Attributes:
        done, total: In `unit`; a total of 0 means that nothing is known yet.
        unit: `bytes`, or what there are many of, such as `trials`.
    """

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.unit = ""
        self._is_cancelled = False
        self._depth = 0

    def cancel(self) -> None:
        """Let the reading end with an error as soon as it tells how far it is."""
        self._is_cancelled = True

    def check(self) -> None:
        """Return if the reading may go on.

        Raises:
            ReadingCancelledError: It was called off.
        """
        if self._is_cancelled:
            raise ReadingCancelledError("The reading was cancelled.")

    @contextmanager
    def counting(self, total: int, unit: str) -> Iterator[bool]:
        """Count `total` things; give whether it is these that are shown, not something around them."""
        self._depth += 1
        try:
            if self._depth == 1:
                self.done, self.total, self.unit = 0, total, unit
            yield self._depth == 1
        finally:
            self._depth -= 1


_now: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def watched(progress: Progress) -> Iterator[None]:
    """Let everything read in this block tell `progress` how far it is."""
    token = _now.set(progress)
    try:
        yield
    finally:
        _now.reset(token)


def each(items: Sequence[Item], unit: str) -> Iterator[Item]:
    """Yield `items`, telling how many of them are done.

    Raises:
        ReadingCancelledError: The reading was called off.
    """
    progress = _now.get()
    if progress is None:
        yield from items
        return
    with progress.counting(len(items), unit) as is_shown:
        for done, item in enumerate(items):
            progress.check()
            if is_shown:
                progress.done = done
            yield item


@contextmanager
def counted(total: int, unit: str) -> Iterator[Counter]:
    """Give what counts the bytes of a large file, or the rows of a table."""
    progress = _now.get()
    if progress is None:
        yield Counter(None, is_shown=False)
        return
    with progress.counting(total, unit) as is_shown:
        yield Counter(progress, is_shown=is_shown)


class Counter:
    """Counts what was read of one thing."""

    def __init__(self, progress: Progress | None, *, is_shown: bool) -> None:
        self._progress = progress
        self._is_shown = is_shown

    def reached(self, done: int) -> None:
        """Note that the first `done` of them are read.

        Raises:
            ReadingCancelledError: The reading was called off.
        """
        if self._progress is not None:
            self._progress.check()
            if self._is_shown:
                self._progress.done = done
