"""Who runs a job, and whether that process still lives: a file lock the kernel drops at its death."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from hypertendril.errors import JobError

_NAME = re.compile(r"[a-z0-9-]{1,64}")


class FileLock:
    """An exclusive lock on a file, held until closed or until this process ends in any way.

    It is not inherited: programs started from here do not keep it alive.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; return whether it is held now.

        Raises:
            JobError: Its file can be neither opened nor made.
        """
        if self._file is not None:
            return True
        self._file = self._locked(fcntl.LOCK_EX)
        return self.is_held

    def is_taken(self) -> bool:
        """Return whether anybody holds the lock; whoever else asks just now does not count.

        Raises:
            JobError: As of `acquire`.
        """
        file = self._locked(fcntl.LOCK_SH)
        if file is not None:
            os.close(file)
        return file is None

    def _locked(self, kind: int) -> int | None:
        """Return the open file with a lock on it, None where another lock forbids it."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JobError(f"{self._path}: the lock cannot be used ({error.strerror}).") from None
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file

    def close(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Owner:
    """This process as the owner of jobs, under a name that is used once.

    Args:
        folder: Folder of the marks of all owners; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = folder / f"{self.name}.lock"
        self._lock = FileLock(self._path)
        self._lock.acquire()

    def close(self) -> None:
        """Give up the name; what it owned counts as abandoned."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._lock.close()


def is_alive(folder: Path, name: str) -> bool:
    """Return whether the process that owns things as `name` still lives.

    A stopped or hanging process lives. Its lease, which it does not renew, tells the rest.
    """
    path = folder / f"{name}.lock"
    if not _NAME.fullmatch(name) or not path.exists():
        return False
    lock = FileLock(path)
    if not lock.acquire():
        return True
    with suppress(FileNotFoundError):
        path.unlink()
    lock.close()
    return False
