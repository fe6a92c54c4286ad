"""What a reader returns, and what every reader can do."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hypertendril.model import CurvePoints, Evaluations, Study, StudyHeader, Trials
from hypertendril.readers.about import About
from hypertendril.readers.source import Source


@dataclass(frozen=True)
class ReadStudy:
    """One study as found in a source; `header.skipped` lists what had to be left out."""

    header: StudyHeader
    trials: Trials
    evaluations: Evaluations
    curves: CurvePoints

    def as_study(self, study_id: str | None = None, version: int = 0) -> Study:
        """Return the study under its stable id, as views and analysis take it."""
        name = study_id or outside_id(self.header.source or "", self.header.name)
        return Study(name, self.header, self.trials, self.evaluations, self.curves, version)


def outside_id(source: str, study_name: str) -> str:
    """Return the store id of a study that lives in an outside source: the same in every run."""
    place = source if "://" in source else str(Path(source).absolute())
    text = f"{place}\n{study_name}".encode("utf-8", "replace")
    return "x" + hashlib.sha256(text).hexdigest()[:16]


def named_apart(studies: Sequence[ReadStudy]) -> tuple[ReadStudy, ...]:
    """Return the studies of one source, the later ones of a name with their count behind it.

    Whoever runs one configuration again and again has several of a name, and a study is known by
    its source and its name.
    """
    names = {study.header.name for study in studies}
    if len(names) == len(studies):
        return tuple(studies)
    met: set[str] = set()
    found = []
    for study in studies:
        name, count = study.header.name, 1
        while name in met or (count > 1 and name in names):
            count += 1
            name = f"{study.header.name} ({count})"
        met.add(name)
        found.append(replace(study, header=replace(study.header, name=name)))
    return tuple(found)


class Tail(Protocol):
    """Follows one source: remembers what it has read, so that the next look costs only the news."""

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read what is new and return all studies as they now stand.

        Raises:
            SourceFormatError: The source can't be read (any more).
        """


class Reader(Protocol):
    """Knows one format. New framework = one module with one of these, one line in `registry.py`."""

    name: str
    about: About

    def detects(self, source: Source) -> bool:
        """Return whether the content (not the name) of `source` is of this format."""

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return all studies of `source`; none is a valid answer.

        Raises:
            SourceFormatError: The source can't be read.
        """

    def change_token(self, source: Source) -> Hashable:
        """Return a cheap value; as long as it stays equal, nothing has changed."""

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads `source` again and again."""


class Rereading:
    """The plain tail: reads the whole source every time."""

    def __init__(self, reader: Reader, source: Source) -> None:
        self._reader = reader
        self._source = source

    def advance(self) -> tuple[ReadStudy, ...]:
        """Read the source from the start."""
        return self._reader.read(self._source)
