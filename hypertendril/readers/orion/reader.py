"""Orion: its SQL storage as a SQLite file, or its documents exported as JSON.

The export is one object with the collections `experiments` and `trials`, or a folder with
`experiments.json` and `trials.json` as `mongoexport` writes them; keys may be nested or dotted.
Orion's default storage is a pickle, which is never opened here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from hypertendril.errors import SourceFormatError
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.json_lines import read_records
from hypertendril.readers.files.json_text import BadJsonError, brief, parse
from hypertendril.readers.files.sqlite_file import MAGIC, Database, change_token, open_database
from hypertendril.readers.files.sqlite_pieces import (
    one_line,
    opened_as_far_as_it_goes,
    readable_rows,
)
from hypertendril.readers.folders import (
    as_dict,
    as_list,
    file_token,
    head_of,
    json_as_far_as_it_goes,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.orion.study import Documents, build_studies
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source

EXPERIMENTS, TRIALS = "experiments.json", "trials.json"
TABLES = {"experiments", "trials", "algo"}
_MARKS = (b'"orion_version"', b'"metadata.orion_version"', b'"exp_working_dir"', b'"refers')
_JSON_COLUMNS = {
    "experiments": ("meta", "algorithms", "space"),
    "trials": ("results", "params"),
}
# All rows of a table, and those with numbers in a range: a damaged one is read in pieces.
_QUERIES = {
    "experiments": (
        "SELECT * FROM experiments ORDER BY rowid",
        "SELECT * FROM experiments WHERE rowid BETWEEN :first AND :last",
    ),
    "trials": (
        "SELECT * FROM trials ORDER BY rowid",
        "SELECT * FROM trials WHERE rowid BETWEEN :first AND :last",
    ),
}


class Orion:
    """Reads databases and exports; each experiment is a study."""

    name = "orion"
    about = About(
        title="Orion",
        source="its SQL storage (SQLite), or its documents as JSON",
        kept="one study an experiment; priors, fidelity as resource, parents, statistics",
        lost="PickledDB is a pickle and not opened: convert it; why a trial is broken",
        tested=Tested.REAL,
        logs="0.2.7: documents of TPE, ASHA, PBT, Hyperband, grid and random search, with vectors, "
        "matrices, choices of None, broken and open trials; the SQL storage, which no release "
        "has, after its schema",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it holds Orion's collections or tables."""
        if source.path is None:
            return False
        if source.is_folder:
            return _is_export(source.file / TRIALS) and (source.file / EXPERIMENTS).is_file()
        if source.head().startswith(MAGIC[:15]):
            return _has_tables(source)
        head = source.head()
        is_object = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
        both = b'"experiments"' in head or b'"trials"' in head
        return is_object and both and any(mark in head for mark in _MARKS)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return one study an experiment.

        Raises:
            SourceFormatError: It can't be read.
        """
        losses = Losses(source.shown)
        if source.is_folder:
            documents = Documents(
                list(_lines(source.file / EXPERIMENTS, losses)),
                list(_lines(source.file / TRIALS, losses)),
            )
        elif source.head().startswith(MAGIC[:15]):
            documents = _from_sql(source, losses)
        else:
            data = as_dict(json_as_far_as_it_goes(source.file, losses))
            documents = Documents(
                [as_dict(item) for item in as_list(data.get("experiments"))],
                [as_dict(item) for item in as_list(data.get("trials"))],
            )
        return build_studies(documents, source, losses)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the files."""
        if source.is_folder:
            return tuple(file_token(source.file / name) for name in (EXPERIMENTS, TRIALS))
        return change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _is_export(path: Path) -> bool:
    head = head_of(path)
    return b'"params"' in head and b'"experiment"' in head


def _has_tables(source: Source) -> bool:
    try:
        with closing(open_database(source)) as database:
            return _columns(database) >= TABLES
    except (SourceFormatError, sqlite3.Error):
        return False


def _columns(database: Database) -> set[str]:
    rows = database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(row[0]) for row in rows}


def _lines(path: Path, losses: Losses) -> Iterator[dict[str, Any]]:
    """Return the documents of a collection: one JSON array, or one object a line."""
    if head_of(path, 64).lstrip()[:1] == b"[":
        yield from map(as_dict, as_list(json_as_far_as_it_goes(path, losses)))
        return
    try:
        for _, record in read_records(path, losses):
            yield record
    except OSError as error:
        raise Source(path=path).error(f"can't be read ({error.strerror}).") from None


def _from_sql(source: Source, losses: Losses) -> Documents:
    try:
        with opened_as_far_as_it_goes(source.file, losses) as database:
            found = {table: list(_documents(database, table, losses)) for table in _QUERIES}
    except sqlite3.Error as error:
        reason = one_line(error)
        raise source.error(f"can't be read as a SQLite database ({reason}).") from None
    return Documents(found["experiments"], found["trials"])


def _documents(database: Database, table: str, losses: Losses) -> Iterator[Mapping[str, Any]]:
    info = database.rows("SELECT name FROM pragma_table_info(:table)", {"table": table})
    names = [str(row[0]) for row in info]
    for row in readable_rows(database, *_QUERIES[table], losses):
        document = dict(zip(names, row, strict=True))
        for name in _JSON_COLUMNS[table]:
            document[name] = _parsed(document.get(name), name, losses)
        if table == "trials":
            document["experiment"] = document.get("experiment_id")
        else:
            document["algorithm"] = document.get("algorithms")
        yield document


def _parsed(text: Any, name: str, losses: Losses) -> Any:
    if not isinstance(text, (str, bytes)):
        return text
    try:
        return parse(text)
    except BadJsonError as error:
        losses.count(f"column {brief(name)!r}: a value that is {error.reason}")
        return None
