"""From the events of a journal to studies in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hypertendril.model import StudyHeader
from hypertendril.store.curve_sample import DEFAULT_CAP
from hypertendril.store.encode import blank_records
from hypertendril.store.journal import Event, Journal, StudyRow
from hypertendril.store.live_study import LiveStudy
from hypertendril.store.memory_journal import MemoryJournal
from hypertendril.store.records import Packed, Records, Widths, unpacked

# What is decoded at once: enough to make small appends cheap, a few MB of memory.
_BYTES_A_GROUP = 32 * 2**20
_BYTES_OF_AN_EVENT = 1024  # about what one takes in memory besides its records


class Replay:
    """Keeps the studies in memory in step with the journal. One thread at a time may use it.

    Args:
        journal: Where events come from.
        live: Studies by id; replay adds to it and takes away.
        shown: Held while something becomes visible to snapshots.

    Attributes:
        problems: What could not be read, in words.
    """

    def __init__(
        self, journal: Journal | MemoryJournal, live: dict[str, LiveStudy], shown: threading.Lock
    ) -> None:
        self._journal = journal
        self._live = live
        self._shown = shown
        self._cap = DEFAULT_CAP if isinstance(journal, Journal) else None
        self._by_key: dict[int, LiveStudy] = {}
        self._waiting: dict[int, list[Packed]] = {}
        self._last = 0
        self.problems: list[str] = []

    def pull(self) -> bool:
        """Apply every event after the last one; return whether there was any."""
        if self._journal.last_sequence() <= self._last:
            return False
        with self._whole(), self._journal.reading():
            changed = self._stage_events()
            for key, sequence in changed.items():
                if key in self._by_key:
                    self._publish(self._by_key[key], sequence)
            self._drop_unknown()
            self._last = max(changed.values(), default=self._last)
        return bool(changed)

    def accept_study(
        self, row: StudyRow, header: StudyHeader, pieces: Iterable[Records], sequence: int
    ) -> None:
        """Show a study this process has just added to the journal."""
        study = self._by_key[row.key] = LiveStudy(row, header, self._cap)
        self.accept_records(study, pieces, sequence)

    def accept_header(self, study: LiveStudy, header: StudyHeader, sequence: int) -> None:
        """Show a header this process has just added to the journal."""
        with self._whole():
            study.stage_header(header)
            self._publish(study, sequence)
            self._last = sequence

    def accept_records(self, study: LiveStudy, pieces: Iterable[Records], sequence: int) -> None:
        """Show batches this process has just added to the journal."""
        with self._whole():
            for piece in pieces:
                study.stage(piece)
            self._publish(study, sequence)
            self._last = sequence

    def accept_removal(self, study: LiveStudy, sequence: int) -> None:
        """Let go of a study this process has just removed from the journal."""
        self._drop(study.row.key)
        self._last = sequence

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Never leave a change half staged: after an error the journal is read anew."""
        try:
            yield
        except BaseException:
            self._by_key, self._waiting, self._last = {}, {}, 0
            self.problems = []
            raise

    def _drop_unknown(self) -> None:
        """Let go of studies that went away while the journal had to be read anew."""
        ids = {study.row.id for study in self._by_key.values()}
        with self._shown:
            for study_id in set(self._live) - ids:
                del self._live[study_id]

    def _publish(self, study: LiveStudy, version: int) -> None:
        study.settle()
        with self._shown:
            study.publish(version)
            self._live[study.row.id] = study

    def _drop(self, key: int) -> None:
        study = self._by_key.pop(key, None)
        if study is not None:
            with self._shown:
                self._live.pop(study.row.id, None)

    def _stage_events(self) -> dict[int, int]:
        """Stage what is new in the journal; return the last sequence by key of each study in it."""
        changed: dict[int, int] = {}
        rows = self._journal.studies()
        n_bytes = 0
        for event in self._journal.events(self._last):
            changed[event.study] = event.sequence
            self._take(event, rows)
            n_bytes += _BYTES_OF_AN_EVENT + (event.packed.n_bytes if event.packed else 0)
            if n_bytes > _BYTES_A_GROUP:
                self._stage_waiting()
                n_bytes = 0
        self._stage_waiting()
        return changed

    def _take(self, event: Event, rows: dict[int, StudyRow]) -> None:
        """Apply one event, or let it wait to be applied with others of its study."""
        key = event.study
        study = self._by_key.get(key)
        if event.header is not None:
            self._take_header(event.header, key, rows)
        elif event.damage is not None:
            self._take_damaged(event, study, event.damage)
        elif event.packed is None:
            self._waiting.pop(key, None)
            self._drop(key)
        elif study is not None and event.packed.widths != Widths.of(study.header):
            self._take_damaged(event, study, "a header before it is missing")
        elif study is not None:
            self._waiting.setdefault(key, []).append(event.packed)

    def _take_header(self, header: StudyHeader, key: int, rows: dict[int, StudyRow]) -> None:
        study = self._by_key.get(key)
        if study is not None:
            self._stage_waiting()
            study.stage_header(header)
        elif key in rows:
            study = self._by_key[key] = LiveStudy(rows[key], header, self._cap)
            study.reserve(*self._journal.size(key))

    def _take_damaged(self, event: Event, study: LiveStudy | None, damage: str) -> None:
        """Keep the rows of a damaged batch as failed trials, so that later rows stay in place."""
        name = "a study" if study is None else f"the study {study.header.name!r}"
        self.problems.append(
            f"Event {event.sequence} of {name} cannot be read: {damage}. "
            f"{event.n_trials} trials of it are shown as failed, without values."
        )
        if study is not None:
            blank = blank_records(Widths.of(study.header), event.n_trials)
            self._waiting.setdefault(event.study, []).append(blank.packed())

    def _stage_waiting(self) -> None:
        for key, batches in self._waiting.items():
            self._by_key[key].stage(unpacked(batches))
        self._waiting = {}
