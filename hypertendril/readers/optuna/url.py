"""Optuna storages behind a URL (PostgreSQL, MySQL, ...): the SQL of `tables` by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.json_text import brief
from hypertendril.readers.optuna.sql import NEEDED, TABLES, Row
from hypertendril.readers.optuna.tables import OptunaStorage
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source

# Every change of a study adds a row or changes a state; a report that overwrites one doesn't show.
_NEWEST = {
    "studies": "study_id",
    "trial_params": "param_id",
    "trial_values": "trial_value_id",
    "trial_intermediate_values": "trial_intermediate_value_id",
    "trial_user_attributes": "trial_user_attribute_id",
    "trial_system_attributes": "trial_system_attribute_id",
}
# Drivers whose package has another name, or needs an extra to come with the server's library.
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
}


class OptunaUrl:
    """Reads storages that `optuna.create_study(storage=URL)` writes to."""

    name = "optuna-url"
    about = About(
        title="Optuna on a server",
        source=(
            "its URL, `postgresql+psycopg://user:password@host/name` or "
            "`mysql+pymysql://user:password@host/name`; needs SQLAlchemy and the driver"
        ),
        kept="as of a database",
        lost="as of a database",
        tested=Tested.REAL,
        logs=(
            "5.0 on PostgreSQL 15 and MariaDB 10.11, read and followed while Optuna wrote; MySQL "
            "has the same tables"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether the URL leads to a database with Optuna's tables."""
        if source.url is None:
            return False
        with _connected(source) as database:
            return set(NEEDED) <= set(database.columns(TABLES))

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the storage."""
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return the newest id of every table and the number of trials in each state."""
        with _connected(source) as database:
            newest = [
                tuple(database.rows(f"SELECT MAX({key}) FROM {table}")[0])  # noqa: S608 (literals)
                for table, key in _NEWEST.items()
            ]
            states = database.rows("SELECT state, COUNT(*) FROM trials GROUP BY state")
        return (*newest, *sorted(map(tuple, states)))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads ended trials once and the others at every look."""
        return _UrlTail(source)


class _UrlTail:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._storage = OptunaStorage(source.shown)

    def advance(self) -> tuple[ReadStudy, ...]:
        """Return all studies, reading only what is new since the last call."""
        try:
            with _connected(self._source) as database:
                return self._storage.advance(database)
        except SourceFormatError:
            self._storage = OptunaStorage(self._source.shown)
            raise


class _Database:
    """A SQLAlchemy connection as `tables` needs it.

    The default isolation of the servers is enough: a trial's row is read before what belongs to
    it, and Optuna writes what belongs to it before it marks the trial as ended.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Return the rows of a query; `parameters` are bound by name, never written into it."""
        from sqlalchemy import text  # noqa: PLC0415 (only a URL needs it)

        found: Sequence[Row] = self._connection.execute(
            text(sql), dict(parameters or {})
        ).fetchall()
        return found

    def columns(self, tables: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return the column names of those of the tables that exist."""
        from sqlalchemy import inspect  # noqa: PLC0415

        inspector = inspect(self._connection)
        there = set(inspector.get_table_names()) & set(tables)
        return {
            table: frozenset(column["name"] for column in inspector.get_columns(table))
            for table in there
        }

    def is_damage(self, error: Exception) -> bool:  # noqa: ARG002 (the protocol's)
        return False  # a server that fails once is not asked on

    def begin(self) -> None:
        self._connection.rollback()  # looking at the tables has begun a transaction already

    def end(self) -> None:
        self._connection.rollback()


@lru_cache(maxsize=8)
def _engine(url: str) -> Any:
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    # A server has few connections to give: none is held between two looks.
    return create_engine(url, poolclass=NullPool)


@contextmanager
def _connected(source: Source) -> Iterator[_Database]:
    """Give a connection to the database of a URL.

    Raises:
        SourceFormatError: SQLAlchemy or the driver is not installed, or the server refuses.
    """
    try:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415
    except ImportError:
        raise source.error(
            "is a database URL; reading it needs SQLAlchemy.", "pip install sqlalchemy"
        ) from None
    engine = _usable_engine(source)
    try:
        with _opened(source, engine) as connection:
            yield _Database(connection)
    except SQLAlchemyError as error:
        cause = brief(_reason(getattr(error, "orig", None) or error), 200)
        raise source.error(f"can't be read: {cause}.", "Check host, user and database.") from None


def _usable_engine(source: Source) -> Any:
    """Return SQLAlchemy's engine of a URL that names a database and a driver that is there."""
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        engine = _engine(source.url or "")
    except ImportError as error:
        module = error.name or "the driver"
        hint = f"pip install '{_PACKAGES.get(module, module)}'" if error.name else None
        if module == "MySQLdb" and hint:  # the default, which is built from C on the spot
            hint += ", or name another driver: mysql+pymysql://"
        raise source.error(f"needs the database driver {module!r}.", hint) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise source.error(
            "is not a URL of a database SQLAlchemy knows.",
            "postgresql://user@host/name or mysql+pymysql://user@host/name, say.",
        ) from None
    if engine.dialect.is_async:
        hint = "Take postgresql+psycopg:// or mysql+pymysql:// instead."
        raise source.error(f"has a driver for asyncio, {engine.dialect.driver!r}.", hint)
    if engine.dialect.name in ("mysql", "mariadb") and not engine.url.database:
        raise source.error("names no database.", "Write its name behind the host: …@host/name.")
    return engine


def _opened(source: Source, engine: Any) -> Any:
    try:
        return engine.connect()
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        # A driver's own words, of an option it does not know or a package it lacks.
        raise source.error(f"can't be opened by {engine.dialect.driver}: {error}.") from None


def _reason(error: Exception) -> str:
    """Return the first line of what a server says; some drivers put codes beside it."""
    said = [part for part in error.args if isinstance(part, str)] or [str(error)]
    return max(said, key=len).strip().partition("\n")[0].rstrip(".")
