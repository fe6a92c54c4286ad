"""ATM (Auto Tune Models): the database of its data runs, also as CSV, or what the converter makes.

ATM keeps hyperparameters as pickles inside a column. They are not opened here: of a database only
methods, scores and times are read; `hypertendril convert` writes all of it as JSON.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import Direction, Method, Objective, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.atm.space import constants_of, declared_space
from hypertendril.readers.drafts.typed_text import number_in, typed
from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.json_text import as_number, clean, last_line
from hypertendril.readers.files.sqlite_file import change_token
from hypertendril.readers.files.sqlite_tables import columns_of, opened, records
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import (
    as_dict,
    as_list,
    file_token,
    head_of,
    json_as_far_as_it_goes,
    small_enough,
)
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

FORMAT = "atm-dataruns"
MARK = "cv_judgment_metric"  # a column no other program has
PICKLED = "hyperparameter_values_64"
VALUES = "hyperparameter_values"
QUERIES = {
    "dataruns": "SELECT * FROM dataruns ORDER BY id",
    "hyperpartitions": "SELECT * FROM hyperpartitions ORDER BY id",
    "classifiers": "SELECT * FROM classifiers ORDER BY id",
}
_STATES = {
    "running": TrialState.RUNNING,
    "errored": TrialState.FAILED,
    "complete": TrialState.COMPLETE,
}

Row = Mapping[str, Any]


class Atm:
    """Reads databases and converted ones; each data run is a study."""

    name = "atm"
    about = About(
        title="ATM",
        source="SQLite database, or the folder of CSV files its `to_csv` writes",
        kept="method, scores, times, errors; once converted hyperparameters, their ranges and "
        "under which method or choice each is active",
        lost="hyperparameters are pickles: convert the database",
        tested=Tested.REAL,
        logs="0.2.2: seven methods, two tuners, failures",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it has ATM's tables, or is the converter's JSON."""
        if source.path is None:
            return False
        if has_tables(source):
            return True
        return not source.is_folder and f'"{FORMAT}"'.encode() in source.head()[:200]

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return one study a data run.

        Raises:
            SourceFormatError: It can't be read, or holds no data run.
        """
        losses = Losses(source.shown)
        if not source.is_folder and source.head()[:1] == b"{":
            data = as_dict(json_as_far_as_it_goes(source.file, losses))
            tables = {name: [as_dict(r) for r in as_list(data.get(name))] for name in QUERIES}
        else:
            tables = read_tables(source, losses)
        if not tables["dataruns"]:
            raise source.error("is a database of ATM without any data run.")
        methods = {_key(row.get("id")): row for row in tables["hyperpartitions"]}
        return tuple(
            _study(run, tables["classifiers"], methods, source, losses)
            for run in tables["dataruns"]
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the file and of its log, or of the tables in a folder."""
        if source.is_folder:
            return tuple(file_token(source.file / f"{name}.csv") for name in QUERIES)
        return change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def has_tables(source: Source) -> bool:
    """Return whether a SQLite file has ATM's tables, or a folder has them as CSV."""
    if source.is_folder:
        is_whole = all((source.file / f"{name}.csv").is_file() for name in QUERIES)
        return is_whole and MARK.encode() in head_of(source.file / "classifiers.csv")
    columns = columns_of(source)
    is_atm = {"datarun_id", MARK} <= columns.get("classifiers", set())
    return is_atm and set(QUERIES) <= set(columns)


def read_tables(source: Source, losses: Losses) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of ATM's tables.

    Raises:
        SourceFormatError: It can't be read.
    """
    if source.is_folder:
        return {name: list(_rows(source.file / f"{name}.csv", losses)) for name in QUERIES}
    with opened(source, losses) as database:
        return {name: records(database, name, query, losses) for name, query in QUERIES.items()}


def _rows(path: Path, losses: Losses) -> Iterator[dict[str, Any]]:
    _, rows = csv_rows(small_enough(path), losses)
    for row in rows:
        yield {name: typed(cell) for name, cell in row.items()}


def _key(value: Any) -> float | str:
    """Return an id as what it is looked up by."""
    number = as_number(value)
    return str(value) if number is None else number


def _study(
    datarun: Row,
    classifiers: Sequence[Row],
    partitions: Mapping[Any, Row],
    source: Source,
    of_file: Losses,
) -> ReadStudy:
    losses = Losses(source.shown)
    losses.extend(of_file)
    target = str(datarun.get("score_target") or MARK)
    metric = clean(str(datarun.get("metric") or target))
    own = [c for c in classifiers if c.get("datarun_id") == datarun.get("id")]
    runs = [
        _run(c, partitions.get(_key(c.get("hyperpartition_id")), {}), target, metric) for c in own
    ]
    if any(row.get(PICKLED) and row.get(VALUES) is None for row in own):
        losses.add(
            "the hyperparameters are pickles, which are never opened here; "
            "`hypertendril convert` makes JSON of the whole database"
        )
    elif any(VALUES in row and row[VALUES] is None for row in own):
        losses.add("hyperparameters of some classifiers were pickles that can't be taken apart")
    tuner = "/".join(str(datarun.get(k)) for k in ("selector", "tuner") if datarun.get(k))
    declared = [p for p in partitions.values() if p.get("datarun_id") == datarun.get("id")]
    known = Known(
        (Objective(metric, Direction.MAXIMIZE),),
        declared_space(declared),
        Method(clean(tuner or "atm")),
    )
    what = datarun.get("description") or "datarun"
    name = clean(f"{what} {datarun.get('id')}")
    return study_of(runs, name, "atm", losses, known, source.shown)


def _run(row: Row, partition: Row, target: str, metric: str) -> TrackedRun:
    run = TrackedRun(str(row.get("id")))
    run.state = _STATES.get(str(row.get("status")).lower(), TrialState.WAITING)
    if partition.get("method"):
        run.params["method"] = clean(str(partition["method"]))
    constants = constants_of(partition)
    values = {clean(str(k)): v for k, v in as_dict(row.get(VALUES)).items()}
    run.params |= {k: v for k, v in values.items() if k not in constants}
    for name in (MARK, "cv_judgment_metric_stdev", "test_judgment_metric"):
        stored = row.get(name)
        number = number_in(stored)
        if number is not None:
            run.metrics[metric if name == target else name] = number
    run.started, run.ended = posix(row.get("start_time")), posix(row.get("end_time"))
    run.note = last_line(str(row.get("error_message") or "")) or None
    return run
