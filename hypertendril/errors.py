"""The one family of errors a user can meet.

A message says what happened, where (file, line, field) and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HyperTendrilError(Exception):
    """Root of every error whose message is meant for the person at the screen."""


class SpaceError(HyperTendrilError):
    """A parameter, a search space or a value in it makes no sense."""


class SourceFormatError(HyperTendrilError):
    """A result file, folder or database could not be read.

    Args:
        message: What is wrong, in one sentence.
        path: The file, folder or URL (passwords already masked).
        line: Line in the file, counted from 1, where that is known.
        field: Name of the field or table, where that is known.
        hint: What to do next.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        where = path if line is None else f"{path}, line {line}"
        if field is not None:
            where = f"{where}, field {field!r}"
        super().__init__(f"{where}: {message}" + (f" {hint}" if hint else ""))
        self.path = path
        self.line = line
        self.field = field
        self.hint = hint


class StoreError(HyperTendrilError):
    """The experiment store could not keep or find what was asked of it."""


class JobError(HyperTendrilError):
    """A job specification is invalid, or a job is not in the state the request needs."""


class ClusterError(HyperTendrilError):
    """The cluster that trials shall run on cannot be reached, or was lost while they ran."""


class SelectionError(HyperTendrilError):
    """A selection received from a page is malformed or names something the study lacks."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a question that ends a message about an unknown name; empty where none is like it."""
    found = get_close_matches(str(name)[:200], list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""
