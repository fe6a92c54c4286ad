"""A folder that holds several runs: each one found in it opens as a study of its own."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.model import Skipped
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.folders import entries, file_token, is_shut, subfolders, tail_of
from hypertendril.readers.progress import each
from hypertendril.readers.result import Reader, ReadStudy, Tail
from hypertendril.readers.source import HEAD_BYTES, Glance, Source

DEEPEST = 6
MOST_FOLDERS = 2_000  # looked into; more than that is no folder of results
MOST_RUNS = 500
SEARCH_SECONDS = 10.0  # a file that becomes a run without its folder changing is found this late
MOST_LATELY = 16
WITHIN = 16  # bytes from the end of a file of JSON, where its last bracket is


TABLES = (".csv", ".tsv", ".parquet")
# How JSON begins, and no section of settings: `[tool]` is none.
_BEGUN = re.compile(rb'\[\s*(?:[\[{"\d-]|true|false|null|NaN|$)|\{\s*(?:["}]|$)')


@dataclass(frozen=True)
class FoundRun:
    """A run inside a folder.

    Attributes:
        place: Its folder or file.
        reader: The one that knows it.
        below: Its path below the folder that was searched.
    """

    place: Path
    reader: Reader
    below: str


@dataclass
class Search:
    """What a search has found.

    Attributes:
        looked_at: All folders.
        tables: Files named as tables, of no format.
        torn: Files of no format, begun as JSON and without its end.
        shut: Files and folders that we have no right to read.
        is_cut: The search was ended early.
    """

    runs: list[FoundRun] = field(default_factory=list)
    looked_at: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    torn: list[Path] = field(default_factory=list)
    shut: list[Path] = field(default_factory=list)
    is_cut: bool = False


class NestedFolder:
    """Reads folders of runs; asked after the readers of single runs.

    Args:
        readers: Return the readers to ask of each folder and file, in order.
        wide: Return the readers of what many programs leave in their runs: they are asked of a
            folder only if no other run lies in or below it.
        of_file: Tell of a detected file whether it stands for a study also when nobody named it.
    """

    name = "folder"
    about = About(
        title="Folder of runs",
        source="a folder in which runs of any kind lie, six levels deep",
        kept="each run as a study",
        lost="links and hidden folders are not followed",
        tested=Tested.REAL,
        logs="folders of all the above",
    )

    def __init__(
        self,
        readers: Callable[[], Sequence[Reader]],
        wide: Callable[[], Sequence[Reader]],
        of_file: Callable[[Reader, Source], bool],
    ) -> None:
        self._readers = readers
        self._wide = wide
        self._of_file = of_file
        self._lately: dict[Path, tuple[tuple[Hashable, ...], float, Search]] = {}

    def detects(self, source: Source) -> bool:
        """Return whether it is a folder with a run somewhere below it, of any but a wide reader."""
        return source.is_folder and self._holds_run(source.file)

    def _holds_run(self, folder: Path) -> bool:
        return bool(self.search(folder, most=1, is_wide=False).runs)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of all runs; a run that can't be read is listed as skipped."""
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return the state of all folders that were searched, and of each run."""
        found = self._known(source.file)
        runs = tuple(run.reader.change_token(Source(path=run.place)) for run in found.runs)
        return tuple(map(file_token, found.looked_at)), runs

    def _known(self, folder: Path) -> Search:
        """Return what was found lately, as long as no folder has changed since: a search is dear."""
        folders, at, found = self._lately.get(folder, ((), -SEARCH_SECONDS, Search()))
        is_fresh = time.monotonic() - at < SEARCH_SECONDS
        if not is_fresh or folders != tuple(map(file_token, found.looked_at)):
            found = self.search(folder)
            folders = tuple(map(file_token, found.looked_at))
            while len(self._lately) >= MOST_LATELY:
                self._lately.pop(next(iter(self._lately)), None)
            self._lately[folder] = folders, time.monotonic(), found
        return found

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads a run again only when it has changed."""
        return _NestedTail(self, source)

    def search(self, folder: Path, most: int = MOST_RUNS, *, is_wide: bool = True) -> Search:
        """Return the runs below `folder`, nearest first; a run is not searched for others.

        Args:
            folder: Where to begin.
            most: Runs after which to stop.
            is_wide: Ask the wide readers too.
        """
        found = Search()
        level = [folder]
        for _ in range(DEEPEST + 1):
            following: list[Path] = []
            for place in level:
                if len(found.looked_at) >= MOST_FOLDERS or len(found.runs) >= most:
                    found.is_cut = True
                    return found
                found.looked_at.append(place)
                if not self._take(found, folder, place, is_wide=is_wide):
                    following += [p for p in subfolders(place) if not p.name.startswith(".")]
            level = following
        return found

    def _take(self, found: Search, root: Path, place: Path, *, is_wide: bool) -> bool:
        """Add the run in `place`, or its files that are studies; return whether it is a run."""
        if place != root:
            source = Glance(path=place)
            reader = next((r for r in self._readers() if r.detects(source)), None)
            if reader is None and is_wide:
                reader = next((r for r in self._wide() if r.detects(source)), None)
                reader = None if reader is not None and self._holds_run(place) else reader
            if reader is not None:
                found.runs.append(FoundRun(place, reader, _below(root, place)))
                return True
        self._take_files(found, root, place)
        return False

    def _take_files(self, found: Search, root: Path, place: Path) -> None:
        for entry in entries(place):
            if entry.name.startswith("."):
                continue
            if is_shut(entry):
                found.shut.append(place / entry.name)
                continue
            if not entry.is_file(follow_symlinks=False):
                continue
            source = Glance(path=place / entry.name)
            try:
                reader = next((r for r in self._readers() if r.detects(source)), None)
            except SourceFormatError:
                continue  # empty, say
            if reader is not None and self._of_file(reader, source):
                found.runs.append(FoundRun(source.file, reader, _below(root, source.file)))
            elif reader is None and entry.name.endswith(TABLES):
                found.tables.append(source.file)
            elif _is_torn(source):
                found.torn.append(source.file)


def _is_torn(source: Source) -> bool:
    head = source.head()
    if not _BEGUN.match(head):
        return False
    if len(head) == HEAD_BYTES:
        return not tail_of(source.file, WITHIN).rstrip().endswith((b"}", b"]"))
    last_line = head.rstrip().rpartition(b"\n")[2]
    return not (_is_json(head) or _is_json(last_line))


def _is_json(text: bytes) -> bool:
    try:
        parse(text)
    except BadJsonError:
        return False
    return True


def _below(root: Path, place: Path) -> str:
    return place.relative_to(root).as_posix()


class _NestedTail:
    def __init__(self, reader: NestedFolder, source: Source) -> None:
        self._reader = reader
        self._source = source
        self._known: dict[Path, _Run] = {}

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read the runs that are new or have changed and return the studies of all."""
        found = self._reader.search(self._source.file)
        if not found.runs:
            raise self._source.error("holds no run any more.")
        known, self._known = self._known, {}
        problems = []
        for run in each(found.runs, "runs"):
            state = known.get(run.place)
            if state is None or state.run.reader is not run.reader:
                state = _Run(run)
            self._known[run.place] = state
            try:
                state.refresh()
            except SourceFormatError as error:
                problems.append(Skipped(str(run.place), f"a run that can't be read: {error}"))
        problems += [Skipped(str(p), "JSON that was cut short, of no format") for p in found.torn]
        if found.tables:
            which = f"{len(found.tables)} tables have" if found.tables[1:] else "a table has"
            reason = f"{which} columns of no known format; opened alone, it is asked what they are"
            problems.append(Skipped(str(found.tables[0]), reason))
        if found.shut:
            others = f", and {len(found.shut) - 1} more" if found.shut[1:] else ""
            reason = f"this account may not read {found.shut[0]}{others}"
            problems.append(Skipped(str(found.shut[0]), reason))
        if found.is_cut:
            reason = f"more than {MOST_FOLDERS} folders or {MOST_RUNS} runs; the rest was left out"
            problems.append(Skipped(self._source.shown, reason))
        studies = _with_own_names(list(self._known.values()), self._source.shown)
        if not studies:
            raise self._source.error(f"holds no run that can be read. {problems[0].reason}")
        header = studies[0].header
        first = replace(header, skipped=(*header.skipped, *problems))
        return (replace(studies[0], header=first), *studies[1:])


class _Run:
    """A run, how far it was read, and its studies."""

    def __init__(self, run: FoundRun) -> None:
        self.run = run
        self.studies: tuple[ReadStudy, ...] = ()
        self._source = Source(path=run.place)
        self._tail: Tail | None = None
        self._token: Hashable = object()  # equal to nothing

    def refresh(self) -> None:
        """Read what is new."""
        token = self.run.reader.change_token(self._source)
        if token == self._token:
            return
        if self._tail is None:
            self._tail = self.run.reader.follow(self._source)
        self.studies = self._tail.advance()
        self._token = token


def _with_own_names(runs: Sequence[_Run], shown: str) -> list[ReadStudy]:
    """Return all studies; those that share a name get the path of their run instead."""
    names = Counter(study.header.name for run in runs for study in run.studies)
    found = []
    for run in runs:
        for study in run.studies:
            name = study.header.name
            if names[name] > 1:
                name = run.run.below if len(run.studies) == 1 else f"{run.run.below}:{name}"
            attributes = {**study.header.attributes, "found_in": run.run.below}
            header = replace(study.header, name=name, source=shown, attributes=attributes)
            found.append(replace(study, header=header))
    return found
