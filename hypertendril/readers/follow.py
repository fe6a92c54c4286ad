"""Keeps a store up to date with sources that other processes write."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hypertendril.errors import SourceFormatError
from hypertendril.model import CurvePoints, Evaluations, StudyHeader, Trials
from hypertendril.readers.progress import Progress, ReadingCancelledError, watched
from hypertendril.readers.registry import detect
from hypertendril.readers.result import Reader, ReadStudy, Tail, named_apart, outside_id
from hypertendril.readers.source import Source
from hypertendril.readers.tables.retold import guesses_of
from hypertendril.readers.uncollected import uncollected

RETRY_SECONDS = 10.0  # a source that failed and has not changed is tried again this often
REST = 2.0  # pause at least this many times as long as the last look took

_log = logging.getLogger(__name__)


class Shelf(Protocol):
    """What a follower needs of a store."""

    def put(
        self,
        study_id: str,
        header: StudyHeader,
        trials: Trials,
        evaluations: Evaluations,
        curves: CurvePoints,
    ) -> None:
        """Insert or replace a study that is owned by an outside source."""

    def remove(self, study_id: str) -> None:
        """Forget a study."""


Detect = Callable[[Source], Reader]
Said = Callable[[Source], Hashable | Mapping[str, str]]


class Follower:
    """Reads sources into a store, then again whenever they change.

    An unchanged source costs a few `stat` calls a look. A source that can't be read is a problem to
    be shown, with the studies read from it before left in place.

    Args:
        sources: Followed from the start; others may be added and removed at any time.
        store: Where studies are put, and removed from.
        interval_seconds: Pause between two looks.
        detect: Chooses the reader of a source; what it raises is the source's problem.
        said: Tells what people said about a source; when that changes, it is detected anew.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        store: Shelf,
        interval_seconds: float = 1.0,
        detect: Detect = detect,
        said: Said = lambda _: None,
    ) -> None:
        self._store = store
        self._detect = detect
        self._said = said
        # Replaced as a whole, never changed: a look goes over the sources of its beginning.
        self._followed: tuple[_Followed, ...] = ()
        self._guard = threading.Lock()
        for source in sources:
            self.add(Source.parse(source))
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._loaded = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong now, by source; empty if all is well."""
        return {f.source.shown: f.problem for f in self._followed if f.problem is not None}

    @property
    def reading(self) -> tuple[str, ...]:
        """Names of the sources that are being read for the first time."""
        return tuple(f.source.shown for f in self._followed if f.is_new)

    @property
    def progress(self) -> dict[str, Progress]:
        """How far the sources are that are being read for the first time."""
        return {f.source.shown: f.progress for f in self._followed if f.is_new}

    @property
    def guesses(self) -> dict[str, str]:
        """What had to be guessed of the goal of a study, by source; nothing for most."""
        found = {f.source.shown: f.guess() for f in self._followed}
        return {source: guess for source, guess in found.items() if guess is not None}

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources, in the order they were added."""
        return tuple(followed.source for followed in self._followed)

    def study_ids(self, source: Source | None = None) -> tuple[str, ...]:
        """Return the ids of the studies that come from the sources, or from one, in their order."""
        asked = [f for f in self._followed if source is None or f.source.shown == source.shown]
        return tuple(study_id for followed in asked for study_id in followed.ids())

    def source_of(self, study_id: str) -> Source | None:
        """Return where a study is read from; None for one that comes from no source."""
        return next((f.source for f in self._followed if study_id in f.ids()), None)

    def add(self, source: Source) -> None:
        """Follow another source, or one that is followed already, from the start.

        It is read at the next look, or by `look_at`.
        """
        followed = _Followed(source, self._store, self._detect, self._said)
        with self._guard:
            before = self._without(source)
            self._followed = (*self._followed, followed)
        for other in before:
            followed.take_over(other)

    def remove(self, source: Source) -> None:
        """Follow a source no more, and take its studies out of the store."""
        with self._guard:
            before = self._without(source)
        for followed in before:
            followed.close()

    def _without(self, source: Source) -> list[_Followed]:
        found = [f for f in self._followed if f.source.shown == source.shown]
        self._followed = tuple(f for f in self._followed if f not in found)
        return found

    def look_at(self, source: Source) -> bool:
        """Look at one source, now and in this thread; return whether the store has changed."""
        return any(f.look() for f in self._followed if f.source.shown == source.shown)

    def look(self) -> bool:
        """Look at every source once; return whether the store has changed."""
        changed = [followed.look() for followed in self._followed]
        self._loaded.set()
        return any(changed)

    def start(self) -> None:
        """Begin to follow, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
            self._thread.start()

    def wait_loaded(self, timeout_seconds: float) -> bool:
        """Wait until every source has been looked at once; False if that took too long."""
        return self._loaded.wait(timeout_seconds)

    def stop(self) -> None:
        """End the thread; returns when a look in progress is done."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            self.look()
            took = time.monotonic() - begun
            self._stop.wait(max(self._interval_seconds, REST * took))


class _Followed:
    """One source: its reader, how far it was read, and what was put into the store."""

    def __init__(self, source: Source, store: Shelf, detect: Detect, said: Said) -> None:
        self.source = source
        self.problem: str | None = None
        self.is_new = True
        self.progress = Progress()
        self._store = store
        self._detect = detect
        self._said = said
        self._heard: object = object()  # equal to nothing
        self._looking = threading.Lock()
        self._putting = threading.Lock()
        self._is_closed = False
        self._reader: Reader | None = None
        self._tail: Tail | None = None
        self._token: Hashable = object()  # equal to nothing
        self._put: dict[str, ReadStudy] = {}
        self._retry_at = 0.0

    def ids(self) -> tuple[str, ...]:
        return tuple(self._put)

    def guess(self) -> str | None:
        """Return the first guess about the studies of the source, None if none was needed."""
        for study in self._put.values():
            for sentence in guesses_of(study):
                return f"{study.header.name}: {sentence}"
        return None

    def close(self) -> None:
        """Take the studies out of the store; a look under way ends and puts nothing into it."""
        self.progress.cancel()
        with self._putting:
            self._is_closed = True
            for study_id in self._put:
                self._store.remove(study_id)
            self._put = {}

    def take_over(self, other: _Followed) -> None:
        """Be the one that answers for what `other` has put into the store."""
        with other._putting, self._putting:
            other._is_closed = True
            self._put = other._put | self._put

    def look(self) -> bool:
        """Read the source if it has changed; return whether the store has."""
        with self._looking:
            try:
                return False if self._is_closed else self._guarded_look()
            finally:
                self.is_new = False

    def _guarded_look(self) -> bool:
        try:
            with watched(self.progress):
                return self._look()
        except ReadingCancelledError:
            _log.info("%s: the reading was cancelled", self.source.shown)
        except SourceFormatError as error:
            self._failed(str(error))
        except Exception:  # noqa: BLE001 (the door of all readers: one must not end the others)
            mark = uuid.uuid4().hex[:8]
            _log.exception("Reading %s failed [%s]", self.source.shown, mark)
            self._failed(f"{self.source.shown}: reading failed unexpectedly; see the log, {mark}.")
        return False

    def _look(self) -> bool:
        said = self._said(self.source)
        if said != self._heard:
            self._heard, self._token = said, object()
            self._reader = self._tail = None
        token = self._change_token()
        if token == self._token and (self.problem is None or time.monotonic() < self._retry_at):
            return False
        self._token = token
        with uncollected():
            changed = self._store_all(named_apart(self._read()))
        self.problem = None
        return changed

    def _read(self) -> tuple[ReadStudy, ...]:
        if self._tail is not None:
            try:
                return self._tail.advance()
            except SourceFormatError:
                if self._detect(self.source) is self._reader:
                    raise
        self._reader = self._detect(self.source)
        self._token = self._reader.change_token(self.source)  # before reading, never after
        self._tail = self._reader.follow(self.source)
        return self._tail.advance()

    def _change_token(self) -> Hashable:
        if self._reader is not None:
            return self._reader.change_token(self.source)
        return self.source.stat_token() if self.source.path is not None else None

    def _failed(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("%s", problem)
        self.problem = problem
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self._reader is not None:
            self._reader = self._tail = None  # what was read of it before may not hold any more
            self._token = self._change_token()

    def _store_all(self, studies: Sequence[ReadStudy]) -> bool:
        """Put what is new or different, remove what is gone."""
        with self._putting:
            return False if self._is_closed else self._store_found(studies)

    def _store_found(self, studies: Sequence[ReadStudy]) -> bool:
        found = {outside_id(self.source.shown, study.header.name): study for study in studies}
        changed = False
        for study_id, study in found.items():
            before = self._put.get(study_id)
            if before is None or not _equal(before, study):
                self._store.put(
                    study_id, study.header, study.trials, study.evaluations, study.curves
                )
                changed = True
        for study_id in self._put.keys() - found.keys():
            self._store.remove(study_id)
            changed = True
        self._put = found
        return changed


def _equal(one: ReadStudy, other: ReadStudy) -> bool:
    return one.header == other.header and all(
        _equal_columns(vars(getattr(one, part)), vars(getattr(other, part)))
        for part in ("trials", "evaluations", "curves")
    )


def _equal_columns(one: dict[str, Any], other: dict[str, Any]) -> bool:
    for name, column in one.items():
        if name not in other or name.startswith("_"):
            continue
        if not isinstance(column, np.ndarray):
            if column != other[name]:
                return False
        elif not np.array_equal(column, other[name], equal_nan=column.dtype.kind == "f"):
            return False
    return True
