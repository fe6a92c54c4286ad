"""Result folders: what lies in them, and when it has changed."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About
from hypertendril.readers.files.json_pieces import parse_in_pieces
from hypertendril.readers.files.json_text import BadJsonError
from hypertendril.readers.files.salvage import salvaged
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source

MOST_BYTES = 1 << 30
ANYWHERE_BYTES = 1 << 24  # a file that any machine can read
MEMORY_TIMES = 8  # bytes of memory that a byte of JSON takes at the most, while it is read
MOST_ENTRIES = 200_000  # of one folder; a run with more files than this is not followed in time


class RunFolder:
    """What the readers of run folders have in common.

    A subclass names the files that make a folder a run. The run may also be given by the name of
    one of these files.
    """

    name = ""
    about: About
    needs: tuple[str, ...] = ()  # all of them are there in each run
    watches: tuple[str, ...] = ()  # what else changes when the run goes on

    def detects(self, source: Source) -> bool:
        """Return whether the source is a run of this framework, by what its files hold."""
        folder = self.folder(source)
        return folder is not None and self.is_run(folder)

    def folder(self, source: Source) -> Path | None:
        """Return the folder of the run, None where the needed files are not there."""
        if source.path is None:
            return None
        place = source.file
        if not source.is_folder:
            if place.name not in (*self.needs, *self.watches):
                return None
            place = place.parent
        return place if all((place / name).is_file() for name in self.needs) else None

    def is_run(self, folder: Path) -> bool:
        """Return whether the needed files hold what this framework writes."""
        raise NotImplementedError

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the studies of the run in `folder`."""
        raise NotImplementedError

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the run.

        Raises:
            SourceFormatError: It can't be read (any more).
        """
        return self.read_by(self.read_run, source)

    def read_by(
        self, read_run: Callable[[Path], tuple[ReadStudy, ...]], source: Source
    ) -> tuple[ReadStudy, ...]:
        """Return what `read_run` makes of the folder of the run.

        Raises:
            SourceFormatError: It can't be read (any more).
        """
        folder = self.folder(source)
        if folder is None:
            wanted = " and ".join(self.needs) or "its files"
            raise source.error(f"is no run of {self.name} any more.", f"{wanted} must be there.")
        try:
            studies = read_run(folder)
        except OSError as error:
            raise source.error(f"can't be read ({error.strerror or error}).") from None
        return tuple(shown_as(study, source) for study in studies)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the files of the run."""
        place = source.file
        folder = place if source.is_folder else place.parent
        return tuple(file_token(folder / name) for name in (*self.needs, *self.watches))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the run again."""
        return Rereading(self, source)


def shown_as(study: ReadStudy, source: Source) -> ReadStudy:
    """Return the study with the name of its source as the person gave it."""
    return replace(study, header=replace(study.header, source=source.shown))


def file_token(path: Path | str) -> Hashable:
    """Return what tells that a file has changed, None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a third of the time; there may be thousands)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder by name; none where it can't be listed."""
    found = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                found.append(entry)
                if len(found) >= MOST_ENTRIES:
                    break
    except OSError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder that may be looked into, by name; links are not followed."""
    found = (entry for entry in entries(folder) if _is_folder(entry))
    return [folder / entry.name for entry in found if not is_shut(entry)]


def is_shut(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a file that may not be read, or a folder that may not be looked into."""
    needed = os.R_OK | os.X_OK if _is_folder(entry) else os.R_OK
    by_effective = os.access in os.supports_effective_ids
    return not entry.is_symlink() and not os.access(entry.path, needed, effective_ids=by_effective)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def head_of(path: Path, size: int = 65536) -> bytes:
    """Return the first bytes of a file; none where it can't be read or is no plain file."""
    try:
        with path.open("rb") as file:
            return file.read(size) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""


def tail_of(path: Path, size: int) -> bytes:
    """Return the last bytes of a file; none where it can't be read."""
    try:
        with path.open("rb") as file:
            file.seek(-min(size, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read(size)
    except OSError:
        return b""


def small_enough(path: Path) -> bytes:
    """Return the content of a file that is parsed as a whole.

    Raises:
        SourceFormatError: It is too large or can't be read.
    """
    source = Source(path=path)
    try:
        _refuse_too_large(source, path.stat().st_size)
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise source.error(f"can't be read ({error.strerror}).") from None


def _refuse_too_large(source: Source, size: int) -> None:
    hint = "Save it in parts, as a CSV table or in a database."
    if size > MOST_BYTES:
        raise source.error("has more than 1 GiB; that much is not read as a whole.", hint)
    if size <= ANYWHERE_BYTES:
        return
    needed, free = size * MEMORY_TIMES, free_memory_bytes()
    if needed > free:
        raise source.error(
            f"has {size / 1e6:,.0f} MB, which take up to {needed / 1e9:.1f} GB of memory to read; "
            f"{free / 1e9:.1f} GB are free.",
            hint,
        )


def free_memory_bytes() -> float:
    """Return how much memory there is to be had; infinite where the system does not tell."""
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else math.inf


def json_file(path: Path) -> Any:
    """Return the JSON value of a file.

    Raises:
        SourceFormatError: It can't be read, or is not JSON.
    """
    try:
        return parse_in_pieces(small_enough(path))
    except BadJsonError as error:
        raise Source(path=path).error(f"is {error.reason}.", line=error.line) from None


def optional_json(path: Path, losses: Losses) -> Any:
    """Return the JSON value of a file that a run may lack; None, with a loss, where it is bad."""
    if not path.is_file():
        return None
    try:
        return json_file(path)
    except SourceFormatError as error:
        losses.add(f"{path.name} was left out: {error}", error.line)
        return None


def as_dict(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def common_name(folder: Path, parts: Sequence[str] = ()) -> str:
    """Return the name of a run: the name of its folder, with `parts` before it."""
    return "/".join((*parts, folder.resolve().name or str(folder)))


def json_as_far_as_it_goes(path: Path, losses: Losses, depth: int = 2) -> Any:
    """Return the JSON value of a file; of one that is damaged or cut short what is whole in it.

    Args:
        path: The file.
        losses: Gets what was left out.
        depth: Where records lie: 1 in an object of records, 2 in a list inside an object.

    Raises:
        SourceFormatError: It can't be read, or nothing in it is whole.
    """
    text = small_enough(path)
    try:
        return parse_in_pieces(text)
    except BadJsonError as error:
        found = salvaged(text, depth - 1)
        if not found.value:
            raise Source(path=path).error(f"is {error.reason}.", line=error.line) from None
        reason = f"{path.name} is {error.reason}; what is whole in it was read"
        losses.add(f"{reason}, {found.lost} parts of it were left out", error.line)
        return found.value
