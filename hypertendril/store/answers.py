"""What people said about results that don't tell it themselves; kept in the data folder."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypertendril.errors import StoreError
from hypertendril.readers import registry
from hypertendril.readers.generic.export import write_whole
from hypertendril.readers.result import Reader, ReadStudy, named_apart
from hypertendril.readers.source import Source
from hypertendril.readers.tables.reader import TableCsv
from hypertendril.readers.tables.retold import RetoldReader, columns_of
from hypertendril.readers.tables.told import (
    TableColumn,
    ToldTable,
    checked_roles,
    is_untold_table,
    preview,
)
from hypertendril.readers.uncollected import uncollected
from hypertendril.settings import private_folder

FILE_NAME = "answers.json"
MOST_BYTES = 16 * 2**20
_log = logging.getLogger(__name__)

Roles = Mapping[str, str]


class Answers:
    """The roles of columns, by source; the page and the command line share them.

    Args:
        folder: The data folder; it need not exist until something is remembered.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self._seen: tuple[object, dict[str, dict[str, str]]] = (None, {})

    def roles(self, source: Source) -> Roles:
        """Return what was said about a source; nothing for most."""
        return self._all().get(_key(source), {})

    def reader_of(self, source: Source) -> Reader:
        """Return the reader of a source, one that knows what was said about it.

        Raises:
            UntoldTableError: Somebody has to say first what the columns of the table are.
            SourceFormatError: It can't be opened, or no reader knows it.
        """
        return self._reader(source, self.roles(source))

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return all studies of a source as they were told."""
        with uncollected():
            return named_apart(self.reader_of(source).read(source))

    def columns(self, source: Source) -> tuple[TableColumn, ...]:
        """Return the columns of a source with what was said of them, or a guess.

        Raises:
            SourceFormatError: It can't be read.
        """
        told = self.roles(source)
        return tuple(
            TableColumn(c.name, told.get(c.name, c.role), c.cells, c.is_number, c.can_be_log)
            for c in _columns(source)
        )

    def tell(self, source: Source, roles: Roles) -> Reader:
        """Remember what the columns of a source are; return its reader.

        Raises:
            SourceFormatError: The source can't be read, or not like that.
            StoreError: It can't be written down.
        """
        try:
            told = checked_roles(roles, _columns(source))
        except ValueError as error:
            raise source.error(str(error)) from None
        reader = self._reader(source, told)
        reader.read(source)
        self._remember(_key(source), told)
        return reader

    def _reader(self, source: Source, roles: Roles) -> Reader:
        if source.path is not None:
            source.require_there()
        if roles and _is_table(source):
            return ToldTable(roles)
        reader = registry.detect(source)
        return RetoldReader(reader, roles) if roles else reader

    def _all(self) -> dict[str, dict[str, str]]:
        token = Source(path=self._file).stat_token()
        if self._seen[0] != token:
            self._seen = (token, _read(self._file))
        return self._seen[1]

    def _remember(self, key: str, roles: Roles) -> None:
        private_folder(self._folder)
        try:
            # The page and the command line may both be at it.
            with (self._folder / f".{FILE_NAME}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                answers = _read(self._file) | {key: dict(roles)}
                text = json.dumps({"version": 1, "answers": answers}, ensure_ascii=False)
                write_whole(self._file, text)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{self._file}: what was said can't be kept ({reason}).") from None


def _key(source: Source) -> str:
    # A password has no business in a file.
    return os.path.realpath(source.path) if source.path is not None else source.shown


def _is_table(source: Source) -> bool:
    return is_untold_table(source) or TableCsv().detects(source)


def _columns(source: Source) -> tuple[TableColumn, ...]:
    if source.path is not None and not source.is_folder and _is_table(source):
        return preview(source)
    return columns_of(registry.detect(source).read(source))


def _read(path: Path) -> dict[str, dict[str, str]]:
    """Return what was said before; nothing where the file makes no sense."""
    try:
        if not path.exists():
            return {}
        data: Any = json.loads(path.read_bytes()[:MOST_BYTES])
        return {
            str(source): {str(name): str(role) for name, role in roles.items()}
            for source, roles in data["answers"].items()
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        _log.warning("%s: left aside, it can't be read (%s)", path, error)
        return {}
