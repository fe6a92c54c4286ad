"""A journal that keeps nothing: the store in memory only writes to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from hypertendril.model import StudyHeader
from hypertendril.store.journal import Event, StudyRow
from hypertendril.store.records import Records


def version_counter() -> Iterator[int]:
    """Return growing numbers no earlier run has used.

    A browser may keep columns by version; after a restart it must not take old ones for new.
    Milliseconds stay below 2**53, so a page can hold them exactly.
    """
    return count(time.time_ns() // 1_000_000)


class MemoryJournal:
    """Gives out keys and sequence numbers as `Journal` does; there is nothing to read back."""

    def __init__(self) -> None:
        self._numbers = version_counter()

    def close(self) -> None:
        """Do nothing."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do nothing around the body."""
        yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Do nothing around the body."""
        yield

    def last_sequence(self) -> int:
        """Return 0: nobody else writes here."""
        return 0

    def studies(self) -> dict[int, StudyRow]:
        """Return nothing."""
        return {}

    def size(self, study: int) -> tuple[int, int]:  # noqa: ARG002 - as Journal
        """Return nothing."""
        return 0, 0

    def events(self, after: int) -> Iterator[Event]:  # noqa: ARG002 - as Journal
        """Return nothing."""
        return iter(())

    def events_with_points(self, study: int, trial: int) -> Iterator[Event]:  # noqa: ARG002 - as Journal
        """Return nothing."""
        return iter(())

    def add_study(self, study_id: str, header: StudyHeader) -> tuple[StudyRow, int]:  # noqa: ARG002 - as Journal
        """Return a row and the sequence of its header."""
        sequence = next(self._numbers)
        return StudyRow(sequence, study_id, time.time()), sequence

    def add_header(self, study: int, header: StudyHeader) -> int:  # noqa: ARG002 - as Journal
        """Return a sequence number."""
        return next(self._numbers)

    def add_records(self, study: int, records: Records) -> int:  # noqa: ARG002 - as Journal
        """Return a sequence number."""
        return next(self._numbers)

    def remove_study(self, study: int) -> int:  # noqa: ARG002 - as Journal
        """Return a sequence number."""
        return next(self._numbers)
