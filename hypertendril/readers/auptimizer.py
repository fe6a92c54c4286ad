"""Auptimizer: the SQLite database of its jobs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.typed_text import number_in
from hypertendril.readers.files.json_text import (
    as_choice,
    as_number,
    brief,
    clean,
)
from hypertendril.readers.files.literals import object_of
from hypertendril.readers.files.sqlite_file import change_token
from hypertendril.readers.files.sqlite_tables import columns_of, grouped, opened, records
from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

_QUERIES = {
    "experiment": "SELECT * FROM experiment ORDER BY eid",
    "job": "SELECT * FROM job ORDER BY jid",
    "intermediate_result": "SELECT * FROM intermediate_result ORDER BY jid, num",
    "multiple_result": "SELECT * FROM multiple_result ORDER BY mrid",
}
OWN = ("job_id", "resource", "named_args", "save_path", "prev_job", "n_iterations", "tid")

Points = dict[int, list[tuple[float, float]]]  # (step, value) by the place of a result

_STATES = {
    "FINISHED": TrialState.COMPLETE,
    "RUNNING": TrialState.RUNNING,
    "CREATED": TrialState.WAITING,
    "EARLY_STOPPED": TrialState.PRUNED,
    "STOPPED": TrialState.FAILED,
    "FAILED": TrialState.FAILED,
}


class Auptimizer:
    """Reads the database; each experiment is a study."""

    name = "auptimizer"
    about = About(
        title="Auptimizer",
        source="SQLite database",
        kept="space, target, scores, further results by their labels, intermediate results, times",
        lost="resources, users",
        tested=Tested.REAL,
        logs="2.0: random, grid and hyperopt's search, both targets, further results, early "
        "stops, failures, NaN, a killed run; its Hyperband does not run any more",
    )

    def detects(self, source: Source) -> bool:
        """Return whether a SQLite file has Auptimizer's tables."""
        columns = columns_of(source)
        has_jobs = {"jid", "eid", "score", "job_config"} <= columns.get("job", set())
        return has_jobs and "exp_config" in columns.get("experiment", set())

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return one study an experiment.

        Raises:
            SourceFormatError: It can't be read, or holds no experiment.
        """
        losses = Losses(source.shown)
        tables = columns_of(source)
        with opened(source, losses) as database:
            found = {
                table: records(database, table, query, losses) if table in tables else []
                for table, query in _QUERIES.items()
            }
        if not found["experiment"]:
            raise source.error("is a database of Auptimizer without any experiment.")
        points, jobs = _points(found), grouped(found["job"], "eid")
        return tuple(
            _study(row, jobs[row.get("eid"),], points, source, losses)
            for row in found["experiment"]
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the file and of its log."""
        return change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _points(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[Any, Points]:
    """Return what each job reported: under 0 its score, further results by their place."""
    found: dict[Any, Points] = {}
    steps: dict[Any, float] = {}
    for row in tables["intermediate_result"]:
        step = steps[row.get("irid")] = as_number(row.get("num")) or 0.0
        _add_point(found, row.get("jid"), 0, step, row.get("score"))
    for row in tables["multiple_result"]:
        step = steps.get(row.get("irid"), 0.0)
        label = as_number(row.get("label_order")) or 0
        _add_point(found, row.get("jid"), int(label), step, row.get("value"))
    return found


def _add_point(found: dict[Any, Points], job: Any, label: int, step: float, stored: Any) -> None:
    value = as_number(stored)
    if value is not None:
        found.setdefault(job, {}).setdefault(label, []).append((step, value))


def _study(
    row: Mapping[str, Any],
    jobs: Sequence[Mapping[str, Any]],
    points: Mapping[Any, Points],
    source: Source,
    of_file: Losses,
) -> ReadStudy:
    losses = Losses(source.shown)
    losses.extend(of_file)
    config = _config(row.get("exp_config"), losses)
    target = str(config.get("target") or "")
    if target not in ("max", "min"):
        losses.guess("the target of the experiment is not recorded; min is assumed")
    is_max = target == "max"
    objective = Objective("score", Direction.MAXIMIZE if is_max else Direction.MINIMIZE)
    labels = as_list(as_dict(config.get("resource_args")).get("multi_res_labels"))
    names = {0: "score"} | {i: clean(str(label)) for i, label in enumerate(labels, start=1)}
    runs = [_run(job, points.get(job.get("jid"), {}), names, losses) for job in jobs]
    method = Method(clean(str(config.get("proposer") or "unknown")).lower())
    known = Known((objective,), _space(config, losses), method)
    name = clean(str(config.get("name") or f"experiment {row.get('eid')}"))
    return study_of(runs, name, "auptimizer", losses, known, source.shown)


def _config(stored: Any, losses: Losses) -> dict[str, Any]:
    """Return a configuration: JSON, or in old releases the text of a Python dict."""
    text = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else str(stored or "")
    found = object_of(text)
    if found is None:
        losses.count("a configuration that is no object")
    return found or {}


def _run(
    job: Mapping[str, Any], points: Points, names: Mapping[int, str], losses: Losses
) -> TrackedRun:
    run = TrackedRun(str(job.get("jid")))
    config = _config(job.get("job_config"), losses)
    run.params = {clean(str(k)): v for k, v in config.items() if k not in OWN}
    stored = job.get("score")
    score = number_in(stored)
    for label, of_label in points.items():
        run.add_points(names.get(label, f"result {label}"), of_label)
    if score is not None:
        run.metrics["score"] = score
    run.started, run.ended = _moment(job.get("start_time")), _moment(job.get("end_time"))
    status = str(job.get("status") or "")
    ended = TrialState.COMPLETE if score is not None else TrialState.FAILED
    is_open = job.get("end_time") is None and score is None
    run.state = _STATES.get(status, TrialState.RUNNING if is_open else ended)
    if run.state is TrialState.FAILED:
        run.note = brief(stored or status, 300) if stored or status else None
    return run


def _moment(value: Any) -> float:
    number = number_in(value)
    return NAN if number is None else number


def _space(config: Mapping[str, Any], losses: Losses) -> SearchSpace:
    found: dict[str, Parameter] = {}
    for item in map(as_dict, as_list(config.get("parameter_config"))):
        name = clean(str(item.get("name") or ""))
        try:
            if name:
                found.setdefault(name, _parameter(name, item))
        except SpaceError as error:
            losses.add(f"parameter_config: {brief(error, 200)}")
    return SearchSpace(tuple(found.values()))


def _parameter(name: str, item: Mapping[str, Any]) -> Parameter:
    values, kind = as_list(item.get("range")), str(item.get("type"))
    if kind == "choice":
        choices: tuple[Choice, ...] = tuple(dict.fromkeys(map(as_choice, values)))
        return Parameter(name, ParameterKind.CATEGORICAL, choices=choices)
    low, high = (as_number(value) for value in (*values[:2], None, None)[:2])
    if low is None or high is None:
        raise SpaceError(f"Parameter {name!r} has no range of two numbers.")
    interval = item.get("interval")  # of a grid, or a word
    is_log = str(interval or item.get("scale") or "").startswith("log") and low > 0
    step = None if is_log else as_number(interval)
    is_int = kind in ("int", "integer")
    return Parameter(
        name, ParameterKind.INT if is_int else ParameterKind.FLOAT, low, high, log=is_log, step=step
    )
