"""Where a study is read from: a local file or a storage URL."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from hypertendril.errors import SourceFormatError

HEAD_BYTES = 65536  # enough to tell every format apart
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*://")
_PASSWORD = re.compile(r"(://[^/@:]*):.*@|([?&](?:password|passwd|pwd|token)=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """One place to read from: exactly one of `path` and `url` is set."""

    path: Path | None = None
    url: str | None = field(default=None, repr=False)  # may hold a password

    @classmethod
    def parse(cls, source: str | Path) -> Source:
        """Return the source a person named: a path, `file://` or `sqlite:///` and one, or a storage URL."""
        text = str(source)
        if isinstance(source, Path) or not _URL.match(text):
            return cls(path=Path(os.path.expanduser(text)))  # noqa: PTH111 (no error: ~nobody)
        scheme, _, rest = text.partition("://")
        if scheme.lower().partition("+")[0] == "sqlite":
            return cls(path=Path(rest.removeprefix("/").partition("?")[0]))
        if scheme.lower() == "file":
            return cls(path=Path(unquote(rest.removeprefix("localhost"))))
        return cls(url=text)

    @cached_property
    def shown(self) -> str:
        """Its name for people and records; a password in it is masked."""
        if self.path is not None:
            return str(self.path)
        return _PASSWORD.sub(lambda m: f"{m[1]}:***@" if m[1] else f"{m[2]}***", self.url or "")

    @property
    def file(self) -> Path:
        """The local file (or folder); only for readers that have detected one."""
        assert self.path is not None
        return self.path

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that is there now."""
        return self.path is not None and self.path.is_dir()

    def require_there(self) -> None:
        """Check that `path` is a folder that can be listed, or a file with something in it.

        Raises:
            SourceFormatError: Missing, unreadable, a device, or an empty file.
        """
        if not self.is_folder:
            self.require_file()
            return
        try:
            next(self.file.iterdir(), None)
            (self.file / ".").stat()
        except OSError as error:
            raise self.error(f"can't be looked into ({_reason(error)}).") from None

    def require_file(self) -> None:
        """Check that `path` is a file with something in it.

        Raises:
            SourceFormatError: Missing, a folder, a device, unreadable or empty.
        """
        try:
            status = self.file.stat()
        except (OSError, ValueError) as error:
            raise self.error(f"can't be opened ({_reason(error)}).", "Check the name.") from None
        if stat.S_ISDIR(status.st_mode):
            raise self.error("is a folder.", "Name the result file inside it.")
        if not stat.S_ISREG(status.st_mode):
            raise self.error("is not a regular file.", "Name a result file.")
        if status.st_size == 0:
            raise self.error("is empty.", "Nothing has been written to it yet.")

    def head(self) -> bytes:
        """Return the first bytes of the file; nothing for a folder or a URL.

        Raises:
            SourceFormatError: The file can't be read.
        """
        if self.path is None or self.is_folder:
            return b""
        self.require_file()
        try:
            with self.path.open("rb") as file:
                return file.read(HEAD_BYTES)
        except OSError as error:
            raise self.error(f"can't be read ({_reason(error)}).") from None

    def stat_token(self, suffix: str = "") -> Hashable:
        """Return what the file system says of the file `path` + `suffix`; None where it is missing."""
        try:
            status = Path(f"{self.file}{suffix}").stat()
        except (OSError, ValueError):
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def error(
        self,
        message: str,
        hint: str | None = None,
        *,
        line: int | None = None,
        field: str | None = None,
    ) -> SourceFormatError:
        """Return the error that says `message` of this source."""
        return SourceFormatError(message, path=self.shown, line=line, field=field, hint=hint)


class Glance(Source):
    """A source that many readers are asked about in turn: its kind and head are looked up once."""

    @cached_property
    def is_folder(self) -> bool:
        """Whether it was a folder when first asked."""
        return super().is_folder

    def head(self) -> bytes:
        """Return the first bytes of the file, as they were when first asked.

        Raises:
            SourceFormatError: The file can't be read.
        """
        return self._head

    @cached_property
    def _head(self) -> bytes:
        return super().head()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
