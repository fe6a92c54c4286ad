"""From the events of a journal to studies in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from hypertendril.model import StudyHeader
from hypertendril.store.curve_sample import DEFAULT_CAP
from hypertendril.store.journal import Event, Journal, StudyRow
from hypertendril.store.live_study import LiveStudy
from hypertendril.store.memory_journal import MemoryJournal
from hypertendril.store.records import Records, Widths, blank_records, joined

# How many rows are decoded at once: enough to make small appends cheap, a few MB of memory.
_ROWS_A_GROUP = 65_536


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
        self._waiting: dict[int, list[Records]] = {}
        self._last = 0
        self.problems: list[str] = []

    def pull(self) -> bool:
        """Apply every event after the last one; return whether there was any."""
        changed: dict[int, int] = {}
        with self._journal.reading():
            rows = self._journal.studies()
            n_waiting = 0
            for event in self._journal.events(self._last):
                changed[event.study] = event.sequence
                n_waiting += self._take(event, rows)
                if n_waiting > _ROWS_A_GROUP:
                    n_waiting = self._stage_waiting()
            self._stage_waiting()
        for key, sequence in changed.items():
            if key in self._by_key:
                self._publish(self._by_key[key], sequence)
            self._last = max(self._last, sequence)
        return bool(changed)

    def accept_study(
        self, row: StudyRow, header: StudyHeader, pieces: Iterable[Records], sequence: int
    ) -> None:
        """Show a study this process has just added to the journal."""
        study = self._by_key[row.key] = LiveStudy(row, header, self._cap)
        self.accept_records(study, pieces, sequence)

    def accept_header(self, study: LiveStudy, header: StudyHeader, sequence: int) -> None:
        """Show a header this process has just added to the journal."""
        study.stage_header(header)
        self._accepted(study, sequence)

    def accept_records(self, study: LiveStudy, pieces: Iterable[Records], sequence: int) -> None:
        """Show batches this process has just added to the journal."""
        for piece in pieces:
            study.stage(piece)
        self._accepted(study, sequence)

    def accept_removal(self, study: LiveStudy, sequence: int) -> None:
        """Let go of a study this process has just removed from the journal."""
        self._drop(study.row.key)
        self._last = sequence

    def _accepted(self, study: LiveStudy, sequence: int) -> None:
        self._publish(study, sequence)
        self._last = sequence

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

    def _take(self, event: Event, rows: dict[int, StudyRow]) -> int:
        """Apply one event, or keep it waiting; return how many rows now wait for it."""
        key = event.study
        study = self._by_key.get(key)
        if event.damage is not None:
            return self._take_damaged(event, study)
        if event.records is not None and study is not None:
            if event.records.widths != Widths.of(study.header):
                return self._take_damaged(event, study)
            self._waiting.setdefault(key, []).append(event.records)
            return event.records.n_rows
        if event.header is not None:
            self._take_header(event.header, key, rows)
        elif event.records is None:
            self._waiting.pop(key, None)
            self._drop(key)
        return 0

    def _take_header(self, header: StudyHeader, key: int, rows: dict[int, StudyRow]) -> None:
        study = self._by_key.get(key)
        if study is not None:
            self._stage_waiting()
            study.stage_header(header)
        elif key in rows:
            study = self._by_key[key] = LiveStudy(rows[key], header, self._cap)
            study.reserve(*self._journal.size(key))

    def _take_damaged(self, event: Event, study: LiveStudy | None) -> int:
        """Keep the rows of a damaged batch as failed trials, so that later rows stay in place."""
        name = "a study" if study is None else f"the study {study.header.name!r}"
        self.problems.append(
            f"Event {event.sequence} of {name} is damaged ({event.damage or 'its width is wrong'}); "
            f"{event.n_trials} trials of it are shown as failed."
        )
        if study is None:
            return 0
        records = blank_records(Widths.of(study.header), event.n_trials)
        self._waiting.setdefault(event.study, []).append(records)
        return records.n_rows

    def _stage_waiting(self) -> int:
        for key, records in self._waiting.items():
            self._by_key[key].stage(joined(records))
        self._waiting = {}
        return 0
