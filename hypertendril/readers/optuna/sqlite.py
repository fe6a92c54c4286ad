"""Optuna's SQLite storage, read without Optuna and without disturbing who is writing to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from contextlib import closing

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.sqlite_file import (
    MAGIC,
    change_token,
    explained,
    has_log,
    open_database,
)
from hypertendril.readers.optuna.sql import NEEDED, TABLES
from hypertendril.readers.optuna.tables import OptunaStorage
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source


class OptunaSqlite:
    """Reads `sqlite:///` storages and the files behind them."""

    name = "optuna"
    about = About(
        title="Optuna in SQLite",
        source=(
            "its file, or `sqlite:///results.db` (relative) and `sqlite:////data/results.db` "
            "(absolute)"
        ),
        kept="see [Optuna](#optuna)",
        lost="attributes that are no numbers; brackets of Hyperband are told from the curves",
        tested=Tested.REAL,
        logs=(
            "2.10, 3.6 and 5.0, trial by trial as Optuna sees them: TPE, NSGA-II, CMA-ES, grid and "
            "random search, five pruners, constraints, several objectives, failures"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a SQLite database with Optuna's tables, or one too broken to tell."""
        if source.path is None or not source.head().startswith(MAGIC[:15]):
            return False
        try:
            with closing(open_database(source)) as database:
                columns = database.columns(TABLES)
                is_vizier = "serialized_trial" in columns.get("trials", ())  # names tables alike
                return set(NEEDED) <= set(columns) and not is_vizier
        except (SourceFormatError, sqlite3.Error):
            return True  # reading it says what is wrong

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the storage."""
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the file and of its write-ahead log."""
        return change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads ended trials once and the others at every look."""
        return _SqliteTail(source)


class _SqliteTail:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._storage = OptunaStorage(source.shown)
        self._inode = 0
        self._lenient = False

    def advance(self) -> tuple[ReadStudy, ...]:
        """Return all studies, reading only what is new since the last call."""
        self._source.require_file()
        inode = self._source.file.stat().st_ino
        if inode != self._inode:
            self._storage, self._inode = OptunaStorage(self._source.shown), inode
        try:
            with closing(open_database(self._source, lenient=self._lenient)) as database:
                studies = self._storage.advance(database)
                if not (database.is_idle and has_log(self._source.file)):
                    return studies
        except sqlite3.Error as error:
            self._storage = OptunaStorage(self._source.shown)
            if "UTF-8" not in str(error) or self._lenient:
                raise explained(self._source, error) from None
            self._lenient = True
            return self.advance()
        # A writer came while the file was taken for idle: some of it may be half a change.
        self._storage = OptunaStorage(self._source.shown)
        return self.advance()
