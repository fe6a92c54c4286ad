"""What a page has opened and closed: sources that are followed, answers about tables, kept studies."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.errors import HyperTendrilError, SourceFormatError, StoreError
from hypertendril.readers.follow import Follower, Shelf
from hypertendril.readers.generic.export import write_whole
from hypertendril.readers.roots import links_outside, roots_of, source_within
from hypertendril.readers.source import Source
from hypertendril.readers.tables.rest import SUFFIX
from hypertendril.readers.tables.told import TableColumn, is_untold_table
from hypertendril.settings import private_folder
from hypertendril.store.answers import Answers

FILE_NAME = "opened.json"
UPLOADS = "uploads"
MOST_BYTES = 16 * 2**20
MOST_CLOSED = 50  # that can be opened again by an undo
FIRST_LOOK_SECONDS = 2.0
_BATCH = re.compile(r"[0-9a-f]{16}")
_log = logging.getLogger(__name__)


@dataclass
class _Kept:
    """What the file holds."""

    sources: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """Return what is written to the file."""
        return {
            "version": 1,
            # A password has no business in a file: such a source is opened anew each time.
            "sources": [text for text in self.sources if Source.parse(text).shown == text],
            "hidden": sorted(self.hidden),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> _Kept:
        """Return what a file holds; missing keys are empty."""
        return cls(
            [str(text) for text in data.get("sources", [])],
            {str(study) for study in data.get("hidden", [])},
        )


@dataclass(frozen=True, slots=True)
class Closed:
    """A study that was taken from the list.

    Attributes:
        token: Brings it back.
        sources: What was followed for it and is not any more.
        hidden: Studies that were shown and are not any more.
        is_kept: Whether a restart would have opened the sources again.
    """

    token: str
    sources: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    is_kept: bool = False


class OpenedResults:
    """The sources a page shows, and what people said about them.

    Args:
        folder: The data folder; what is opened here is still open after a restart.
        store: Where studies are put.
        sources: Named when the program was started; they come first and are not kept.
        roots: Folders below which a page may open results; by default the folders of `sources`
            and the current one.
    """

    def __init__(
        self,
        folder: Path,
        store: Shelf,
        sources: Sequence[str | Path] = (),
        roots: Sequence[str | Path] = (),
    ) -> None:
        self._file = private_folder(folder) / FILE_NAME
        self.uploads = private_folder(folder / UPLOADS).resolve()
        self.roots = (*roots_of(sources, roots), self.uploads)
        self._kept = _read(self._file)
        self._answers = Answers(folder)
        self._closed: dict[str, Closed] = {}
        self._guard = threading.RLock()
        self._forget_uploads()
        self.change_count = 0
        self.follower = Follower(
            [*sources, *self._kept.sources],
            store,
            detect=self._answers.reader_of,
            said=self._answers.roles,
        )

    @property
    def hidden(self) -> frozenset[str]:
        """Ids of the studies, and names of the lines, that were closed one by one."""
        return frozenset(self._kept.hidden)

    def open(self, text: str) -> tuple[str, ...]:
        """Follow a source a page named; return the ids of its studies, none while it is being read.

        Raises:
            UntoldTableError: Somebody has to say first what the columns of the table are.
            SourceFormatError: It may not be opened, or is nothing that can be read.
        """
        source = self._allowed(text)
        self._answers.reader_of(source)
        with self._guard:
            if str(source.path or source.url) not in self._kept.sources:
                self._kept.sources.append(str(source.path or source.url))
            known = self.follower.study_ids(source)
            self._kept.hidden -= set(known)
            self._save()
        if not known:
            self.follower.add(source)
            self._first_look(source)
            self._refuse_broken_upload(source)
        return self.follower.study_ids(source)

    def _refuse_broken_upload(self, source: Source) -> None:
        """Let go of a dropped file that can't be read: unlike one that is written to, it never will be.

        Raises:
            HyperTendrilError: What is wrong with it.
        """
        problem = self.follower.problems.get(source.shown)
        is_upload = source.path is not None and source.path.is_relative_to(self.uploads)
        if problem is not None and is_upload:
            self.close_source(source.shown)
            raise HyperTendrilError(self.spoken(problem))

    def spoken(self, text: str) -> str:
        """Return a text about sources with dropped files under the names they were dropped by."""
        return re.sub(rf"{re.escape(str(self.uploads))}/[0-9a-f]{{16}}/", "", text)

    def open_upload(self, batch: str) -> list[str]:
        """Return the sources in the folder of an upload, to be opened one by one.

        Raises:
            SourceFormatError: There is no such upload.
        """
        folder = self.uploads / batch
        if not _BATCH.fullmatch(batch) or not folder.is_dir():
            raise SourceFormatError("is no upload.", path="The file", hint="Drop it again.")
        names = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        tables = {entry.name.removesuffix(".csv") for entry in names if entry.suffix == ".csv"}
        # These belong to the table of the same name and are read with it.
        beside = {f"{table}{suffix}" for table in tables for suffix in (".curves.csv", SUFFIX)}
        return [str(entry) for entry in names if entry.name not in beside]

    def columns(self, text: str) -> tuple[TableColumn, ...]:
        """Return the columns of a source with what was said of them, or a guess.

        Raises:
            SourceFormatError: It may not be opened, or can't be read.
        """
        return self._answers.columns(self._allowed(text))

    def tell(self, text: str, roles: Mapping[str, str]) -> tuple[str, ...]:
        """Remember what the columns of a source are, and open it.

        Raises:
            SourceFormatError: The source can't be read, or not like that.
        """
        source = self._allowed(text)
        self._answers.tell(source, roles)
        self.follower.remove(source)
        return self.open(text)

    def keep_guess(self, text: str) -> tuple[str, ...]:
        """Take what was guessed of a source for said, and open it.

        Raises:
            SourceFormatError: The source can't be read.
        """
        return self.tell(text, {column.name: column.role for column in self.columns(text)})

    def close(self, study_id: str) -> Closed:
        """Take a study from the list; its source is followed no more when none of it is left."""
        source = self.follower.source_of(study_id)
        with self._guard:
            hidden = self._kept.hidden | {study_id}
            if source is not None and set(self.follower.study_ids(source)) <= hidden:
                return self.close_source(source.shown)
            self._kept.hidden = hidden
            return self._note(Closed(secrets.token_hex(8), hidden=(study_id,)))

    def close_source(self, shown: str) -> Closed:
        """Follow a source no more; what was read from it leaves the list.

        Raises:
            StoreError: No such source is open.
        """
        source = next((s for s in self.follower.sources if s.shown == shown), None)
        if source is None:
            raise StoreError("This source is not open any more.")
        text = str(source.path or source.url)
        with self._guard:
            self._kept.hidden -= set(self.follower.study_ids(source))
            is_kept = text in self._kept.sources
            if is_kept:
                self._kept.sources.remove(text)
            self.follower.remove(source)
            return self._note(Closed(secrets.token_hex(8), sources=(text,), is_kept=is_kept))

    def undo(self, token: str) -> tuple[str, ...]:
        """Bring back what was closed; return the ids of the studies.

        Raises:
            StoreError: That was too long ago.
        """
        with self._guard:
            closed = self._closed.pop(token, None)
            if closed is None:
                raise StoreError("This can't be undone any more; open the results again.")
            self._kept.hidden -= set(closed.hidden)
            if closed.is_kept:
                self._kept.sources = [*dict.fromkeys((*self._kept.sources, *closed.sources))]
            self._save()
        found = list(closed.hidden)
        for text in closed.sources:
            source = Source.parse(text)
            self.follower.add(source)
            self._first_look(source)
            found += self.follower.study_ids(source)
        return tuple(found)

    def show_all(self) -> None:
        """Bring back all studies that were closed one by one."""
        with self._guard:
            self._kept.hidden.clear()
            self._save()

    def can_be_told(self, shown: str) -> bool:
        """Return whether the source of this name is a table somebody may explain."""
        source = Source.parse(shown)
        try:
            return is_untold_table(source)
        except HyperTendrilError:
            return False

    def _allowed(self, text: str) -> Source:
        source = source_within(text, self.roots)
        link = links_outside(source.file, self.roots) if source.path is not None else None
        if link is not None:
            raise source.error(
                f"holds a link that leads out of the folders that may be opened ({link.name}).",
                "Start app.py with --root for the folder it leads to.",
            )
        return source

    def _first_look(self, source: Source) -> None:
        """Read a new source in a thread of its own, and wait a moment for it."""
        look: Callable[[], Any] = lambda: self.follower.look_at(source)  # noqa: E731
        reading = threading.Thread(target=look, name="first-look", daemon=True)
        reading.start()
        reading.join(FIRST_LOOK_SECONDS)

    def _note(self, closed: Closed) -> Closed:
        self._closed[closed.token] = closed
        while len(self._closed) > MOST_CLOSED:
            del self._closed[next(iter(self._closed))]
        self._save()
        return closed

    def _save(self) -> None:
        self.change_count += 1
        try:
            write_whole(self._file, json.dumps(self._kept.to_json(), ensure_ascii=False))
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{self._file}: what is open can't be noted ({reason}).") from None

    def _forget_uploads(self) -> None:
        """Delete uploads nothing refers to any more; an undo ends with the program."""
        for folder in self.uploads.iterdir():
            is_used = any(Path(text).is_relative_to(folder) for text in self._kept.sources)
            if not is_used and _BATCH.fullmatch(folder.name.removeprefix(".part-")):
                shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> _Kept:
    """Return what an earlier run kept; nothing where the file makes no sense."""
    try:
        if not path.exists():
            return _Kept()
        text = path.read_bytes()[:MOST_BYTES].decode()
        return _Kept.from_json(json.loads(text))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        _log.warning("%s: left aside, it can't be read (%s)", path, error)
        return _Kept()
