"""MLflow's SQLite store: the tables of experiments, runs, parameters, metrics and tags."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import as_number, clean
from hypertendril.readers.files.sqlite_tables import columns_of, opened, records
from hypertendril.readers.losses import Losses
from hypertendril.readers.source import Source

_NEEDED = {
    "experiments": {"experiment_id", "artifact_location"},
    "runs": {"run_uuid", "experiment_id", "status"},
    "params": {"key", "run_uuid"},
    "metrics": {"key", "run_uuid", "timestamp"},
}
_QUERIES = {
    "experiments": "SELECT * FROM experiments",
    "runs": "SELECT * FROM runs ORDER BY start_time, run_uuid",
    "params": "SELECT * FROM params",
    "metrics": "SELECT * FROM metrics",
    "tags": "SELECT * FROM tags",
}
LARGEST = 1.7976931348623157e308  # what MLflow writes for infinity

Points = dict[str, list[tuple[float, float, float]]]


@dataclass
class StoredRun:
    """One run: `points` are (time in milliseconds, value, step) by metric."""

    key: str
    experiment: str
    name: str
    status: str
    started: float
    ended: float
    parent: str = ""
    params: dict[str, str] = field(default_factory=dict)
    points: Points = field(default_factory=dict)


@dataclass
class Stored:
    """All of a database: experiments as (id, name), runs, and how many of each were deleted."""

    experiments: list[tuple[str, str]]
    runs: list[StoredRun]
    deleted: Counter[str]


def has_tables(source: Source) -> bool:
    """Return whether a SQLite file has MLflow's tables."""
    columns = columns_of(source)
    return all(columns.get(table, set()) >= needed for table, needed in _NEEDED.items())


def read_database(source: Source, losses: Losses) -> Stored:
    """Return what is in the database but deleted runs and experiments.

    Raises:
        SourceFormatError: It can't be read.
    """
    with opened(source, losses) as database:
        tables = {
            table: records(database, table, query, losses) for table, query in _QUERIES.items()
        }
    deleted = {
        str(e.get("experiment_id"))
        for e in tables["experiments"]
        if e.get("lifecycle_stage") == "deleted"
    }
    runs: dict[str, StoredRun] = {}
    left_out: Counter[str] = Counter()
    for row in tables["runs"]:
        run = _run(row)
        if run.experiment in deleted:
            continue
        if row.get("lifecycle_stage") == "deleted":
            left_out[run.experiment] += 1
        else:
            runs[run.key] = run
    _fill(runs, tables, losses)
    kept = [e for e in tables["experiments"] if str(e.get("experiment_id")) not in deleted]
    named = [(str(e.get("experiment_id")), str(e.get("name") or "")) for e in kept]
    return Stored(named, list(runs.values()), left_out)


def _run(row: dict[str, Any]) -> StoredRun:
    return StoredRun(
        clean(str(row.get("run_uuid"))),
        clean(str(row.get("experiment_id"))),
        clean(str(row.get("name") or "")),
        str(row.get("status")),
        _seconds(row.get("start_time")),
        _seconds(row.get("end_time")),
    )


def _fill(
    runs: dict[str, StoredRun], tables: dict[str, list[dict[str, Any]]], losses: Losses
) -> None:
    for row in tables["params"]:
        run = runs.get(str(row.get("run_uuid")))
        if run is not None:
            run.params[clean(str(row.get("key")))] = clean(str(row.get("value")))
    for row in tables["tags"]:
        run = runs.get(str(row.get("run_uuid")))
        if run is not None and row.get("key") == "mlflow.parentRunId":
            run.parent = str(row.get("value"))
        elif run is not None and row.get("key") == "mlflow.runName":
            run.name = run.name or clean(str(row.get("value")))
    for row in tables["metrics"]:
        run = runs.get(str(row.get("run_uuid")))
        if run is None:
            continue
        time, value = as_number(row.get("timestamp")), as_number(row.get("value"))
        if time is None or value is None:
            losses.count("a point of a metric without a time or a value")
            continue
        step = as_number(row.get("step")) or 0.0
        name = clean(str(row.get("key")))
        value = NAN if row.get("is_nan") else _unlimited(value)
        run.points.setdefault(name, []).append((time, value, step))


def _unlimited(value: float) -> float:
    return value * 2 if abs(value) >= LARGEST else value


def _seconds(value: Any) -> float:
    number = as_number(value)
    return NAN if number is None else number / 1000
