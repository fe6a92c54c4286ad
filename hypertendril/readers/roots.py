"""Where a page may open results: inside certain folders of this machine, or in a database."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hypertendril.errors import SourceFormatError
from hypertendril.readers.source import Source

DATABASES = ("postgresql", "mysql", "mariadb")
MOST_CHARS = 4096
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*)://")


def roots_of(sources: Iterable[str | Path], told: Sequence[str | Path] = ()) -> tuple[Path, ...]:
    """Return the folders below which a page may open results, links resolved.

    Args:
        sources: What was named when the program was started: it may be looked at, and its folder.
        told: Folders somebody named for this; then the current folder is none of them.

    Raises:
        SourceFormatError: One of `told` is no folder.
    """
    folders = [Path(folder).expanduser() for folder in told] or [Path.cwd()]
    if missing := next((folder for folder in folders if not folder.is_dir()), None):
        raise SourceFormatError(
            "is no folder, so the page can open no results below it.",
            path=str(missing),
            hint="Give --root a folder that exists.",
        )
    for name in sources:
        path = Source.parse(name).path
        if path is not None:
            folders.append(path if path.is_dir() else path.parent)
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))


def source_within(text: str, roots: Sequence[Path]) -> Source:
    """Return the source a page asked for, its path absolute and without links.

    The answer for a path outside is the same whether it exists or not.

    Raises:
        SourceFormatError: It lies outside all roots, is missing, or no place at all.
    """
    text = text.strip().strip("\"'")  # a path that was copied may have quotes around it
    if not text or len(text) > MOST_CHARS or "\0" in text:
        raise _refused(text, "is not a path or URL.", "Paste where the results are.")
    scheme = _SCHEME.match(text)
    name = scheme[1].lower().partition("+")[0] if scheme else ""
    if name in DATABASES:
        return Source.parse(text)
    if name not in ("", "file", "sqlite"):
        raise _refused(
            text,
            f"is a URL of a kind ({name}) that is not opened from a page.",
            "Use a path on the server, or sqlite://, postgresql:// or mysql://.",
        )
    return Source(path=_path_within(text, roots))


def _path_within(text: str, roots: Sequence[Path]) -> Path:
    asked = Source.parse(text).path
    try:
        path = asked.resolve() if asked is not None else None
    except (OSError, RuntimeError, ValueError):
        path = None
    if path is None or not any(path.is_relative_to(root) for root in roots):
        raise _refused(
            text,
            "lies outside the folders that may be opened from a page "
            f"({', '.join(map(str, roots))}).",
            "Start app.py with --root FOLDER, or drop the file here.",
        )
    if not path.exists():
        raise _refused(text, "does not exist.", "Check the name.")
    return path


def links_outside(path: Path, roots: Sequence[Path], most: int = 100_000) -> Path | None:
    """Return a link inside a folder that leads out of all roots, None for none; O(files).

    Logs are never read: Weights & Biases leaves links to its own in every folder of runs.
    """
    if not path.is_dir():
        return None
    entries = (
        Path(folder, name)
        for folder, folders, files in os.walk(path)
        for name in (*folders, *files)
    )
    for entry in itertools.islice(entries, most):
        if entry.suffix != ".log" and entry.is_symlink():
            target = Path(os.path.realpath(entry))  # of links in a circle too
            if not any(target.is_relative_to(root) for root in roots):
                return entry
    return None


def _refused(text: str, what: str, hint: str) -> SourceFormatError:
    shown = Source.parse(text).shown if "\0" not in text else repr(text)
    return SourceFormatError(what, path=shown[:200] or "Nothing", hint=hint)
