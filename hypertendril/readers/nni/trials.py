"""Trials of NNI, from the events and metrics of its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypertendril.model import TrialState
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import BadJsonError, as_number, clean, parse
from hypertendril.readers.files.sqlite_pieces import Rows, one_line, readable_rows
from hypertendril.readers.folders import as_dict
from hypertendril.readers.losses import Losses

DEFAULT = "default"  # the objective inside a reported dictionary
# All rows of a table, and those with numbers in a range: a damaged one is read in pieces.
_EVENTS = (
    "SELECT timestamp, trialJobId, event, data, sequenceId FROM TrialJobEvent ORDER BY rowid",
    (
        "SELECT timestamp, trialJobId, event, data, sequenceId FROM TrialJobEvent"
        " WHERE rowid BETWEEN :first AND :last"
    ),
)
_METRICS = (
    (
        "SELECT timestamp, trialJobId, parameterId, type, sequence, data FROM MetricData"
        " ORDER BY rowid"
    ),
    (
        "SELECT timestamp, trialJobId, parameterId, type, sequence, data FROM MetricData"
        " WHERE rowid BETWEEN :first AND :last"
    ),
)
STATES = {
    "SUCCEEDED": TrialState.COMPLETE,
    "FAILED": TrialState.FAILED,
    "EARLY_STOPPED": TrialState.PRUNED,
    "USER_CANCELED": TrialState.PRUNED,
    "SYS_CANCELED": TrialState.PRUNED,
    "RUNNING": TrialState.RUNNING,
    "UNKNOWN": TrialState.RUNNING,
    "WAITING": TrialState.WAITING,
    "ADD_RESUMED": TrialState.WAITING,  # with its experiment, to be run once more
}
_OPEN = (TrialState.WAITING, TrialState.RUNNING)


@dataclass
class NniTrial:
    """One trial job.

    Attributes:
        told: Parameters in its start event; often another trial's when several run at once.
        parameter_ids: Which parameters its metrics belong to: those it really ran.
        points: Step, time and metrics of each intermediate report; of a step that was reported
            again, when the experiment was resumed, the last one.
        final: Metrics of the final one.
        config, ran_id: What it really ran, and the id of these parameters.
    """

    job: str
    number: int
    status: str = "WAITING"
    started: float = NAN
    ended: float = NAN
    told: dict[str, Any] = field(default_factory=dict)
    told_id: str = ""
    parameter_ids: list[str] = field(default_factory=list)
    points: list[tuple[float, float, dict[str, float]]] = field(default_factory=list)
    final: dict[str, float] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    ran_id: str = ""


def _by_time(row: Sequence[Any]) -> float:
    return as_number(row[0]) or 0.0


def read_trials(database: Rows, losses: Losses) -> dict[str, NniTrial]:
    """Return the trials in the order they were submitted, as their events tell."""
    found: dict[str, NniTrial] = {}
    events = sorted(readable_rows(database, *_EVENTS, losses), key=_by_time)
    for timestamp, job, event, data, sequence in events:
        if not isinstance(job, str) or not isinstance(event, str):
            losses.count("an event without a trial")
            continue
        number = sequence if isinstance(sequence, int) else len(found)
        trial = found.setdefault(job, NniTrial(job, number))
        moment = as_number(timestamp)
        at = NAN if moment is None else moment / 1000
        if event == "IMPORT_DATA":
            continue
        trial.status = event if event in STATES else trial.status
        if event == "RUNNING" and not trial.started > 0:
            trial.started = at
        if event in STATES:
            trial.ended = NAN if STATES[event] in _OPEN else at
        if data:
            _note_told(trial, data, losses)
    return dict(sorted(found.items(), key=lambda item: item[1].number))


def _note_told(trial: NniTrial, data: Any, losses: Losses) -> None:
    try:
        told = as_dict(parse(str(data)))
    except BadJsonError as error:
        losses.count(f"the data of an event that is {error.reason}")
        return
    if isinstance(told.get("parameters"), dict):
        trial.told = told["parameters"]
        trial.told_id = str(told.get("parameter_id", ""))


def add_metrics(database: Rows, trials: Mapping[str, NniTrial], losses: Losses) -> None:
    """Add what the trials reported."""
    try:
        rows = sorted(readable_rows(database, *_METRICS, losses), key=_by_time)
    except sqlite3.DatabaseError as error:
        losses.add(f"no metric could be read, the database is damaged ({one_line(error)})")
        return
    for timestamp, job, parameter_id, kind, sequence, data in rows:
        trial = trials.get(job)
        metrics = _metrics(data)
        if trial is None or metrics is None:
            losses.count("a metric that can't be understood" if trial else "a metric of no trial")
            continue
        if parameter_id is not None and kind in ("PERIODICAL", "FINAL"):
            trial.parameter_ids.append(str(parameter_id))
        moment = as_number(timestamp)
        if kind == "FINAL":
            trial.final = metrics
        elif kind == "PERIODICAL":
            step = as_number(sequence)
            place = len(trial.points) + 1.0 if step is None else step + 1.0
            trial.points.append((place, NAN if moment is None else moment / 1000, metrics))
    for trial in trials.values():
        trial.points = list({point[0]: point for point in trial.points}.values())


def _metrics(data: Any) -> dict[str, float] | None:
    """Return the numbers of a report: JSON inside JSON, a number or an object."""
    value = data
    try:
        for _ in range(2):
            value = parse(value) if isinstance(value, (str, bytes)) else value
    except BadJsonError:
        return None
    number = as_number(value)
    if number is not None:
        return {DEFAULT: number}
    if not isinstance(value, dict):
        return None
    return {clean(k): n for k, v in value.items() if (n := as_number(v)) is not None}


def settle_configs(trials: Sequence[NniTrial]) -> int:
    """Give each trial the parameters it ran; return how many had been told others."""
    by_id = {trial.told_id: trial.told for trial in trials if trial.told_id}
    used = {trial.parameter_ids[-1] for trial in trials if trial.parameter_ids}
    swapped = 0
    for trial in trials:
        ran = trial.parameter_ids[-1] if trial.parameter_ids else trial.told_id
        trial.ran_id = ran
        if trial.parameter_ids and ran in by_id:
            trial.config = by_id[ran]
            swapped += trial.config != trial.told
        else:
            trial.config = trial.told
    # Of two trials whose parameters were swapped one may have ended without a metric: what was
    # told to the other one, and is used by none, is what it ran.
    quiet = [trial for trial in trials if not trial.parameter_ids]
    kept = {trial.told_id for trial in quiet}
    free = [key for key in by_id if key not in used and key not in kept]
    silent = [trial for trial in quiet if trial.told_id in used]
    if len(silent) == 1 and len(free) == 1:
        silent[0].config, silent[0].ran_id = by_id[free[0]], free[0]
        swapped += 1
    return swapped
