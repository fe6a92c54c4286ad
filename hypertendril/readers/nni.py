"""NNI: the SQLite database of an experiment, `<id>/db/nni.sqlite`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, Method, Objective, Outcome, TrialState
from hypertendril.readers.draft import NAN, Draft, Floats, TrialRow, header_of
from hypertendril.readers.folders import as_dict, head_of
from hypertendril.readers.json_text import BadJsonError, as_number, brief, clean, parse
from hypertendril.readers.looks import Course, by_time, closing_look, rung_looks
from hypertendril.readers.losses import Losses
from hypertendril.readers.nni_space import flat_parameters, read_search_space
from hypertendril.readers.optuna_sqlite import MAGIC, Database, OptunaSqlite, open_database
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.rungs import levels_of
from hypertendril.readers.source import Source

PLACES = ("db/nni.sqlite", "nni.sqlite")
TABLES = {"TrialJobEvent", "MetricData", "ExperimentProfile"}
DEFAULT = "default"  # the objective inside a reported dictionary
BUDGET = "TRIAL_BUDGET"
LOAD, SAVE = "load_checkpoint_dir", "save_checkpoint_dir"
_PLACE = re.compile(r"(?:^|[/\\])(\d{1,9})[/\\](\d{1,9})[/\\]?$")  # .../<slot>/<generation>
_STATES = {
    "SUCCEEDED": TrialState.COMPLETE,
    "FAILED": TrialState.FAILED,
    "EARLY_STOPPED": TrialState.PRUNED,
    "USER_CANCELED": TrialState.PRUNED,
    "SYS_CANCELED": TrialState.PRUNED,
    "RUNNING": TrialState.RUNNING,
    "UNKNOWN": TrialState.RUNNING,
    "WAITING": TrialState.WAITING,
}


@dataclass
class NniTrial:
    """One trial job.

    Attributes:
        told: Parameters in its start event; often another trial's when several run at once.
        parameter_ids: Which parameters its metrics belong to: those it really ran.
        points: Step and metrics of each intermediate report.
        final: Metrics of the final one.
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


class Nni:
    """Reads the databases of NNI, also by the folder of the experiment."""

    name = "nni"

    def detects(self, source: Source) -> bool:
        """Return whether it is a SQLite database with NNI's tables, or a folder with one."""
        place = _database(source)
        if place is None or not head_of(place, 16).startswith(MAGIC[:15]):
            return False
        try:
            with closing(open_database(Source(path=place))) as database:
                return _tables(database) >= TABLES
        except (SourceFormatError, sqlite3.Error):
            return False

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the experiment.

        Raises:
            SourceFormatError: The database can't be read.
        """
        place = _database(source)
        if place is None:
            raise source.error("holds no NNI database any more.")
        losses = Losses(source.shown)
        try:
            with closing(open_database(Source(path=place))) as database:
                return (_study(database, place, source, losses),)
        except sqlite3.Error as error:
            raise source.error(f"can't be read as a SQLite database ({error}).") from None

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the database and of its journals."""
        place = _database(source)
        return None if place is None else OptunaSqlite().change_token(Source(path=place))

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the database again."""
        return Rereading(self, source)


def _database(source: Source) -> Path | None:
    if source.path is None:
        return None
    if not source.is_folder:
        return source.file
    return next((source.file / p for p in PLACES if (source.file / p).is_file()), None)


def _tables(database: Database) -> set[str]:
    rows = database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(row[0]) for row in rows}


def _study(database: Database, place: Path, source: Source, losses: Losses) -> ReadStudy:
    database.begin()
    params, experiment = _profile(database, losses)
    trials = _trials(database, losses)
    _add_metrics(database, trials, losses)
    database.end()
    swapped = _settle_configs(list(trials.values()))
    losses.count(
        "trial ran other parameters than its start event says; those it ran are used", swapped
    )
    objective = _objective(params, losses)
    draft = Draft(losses, read_search_space(params.get("searchSpace"), losses))
    lineage = _lineage(list(trials.values()))
    levels = _levels(list(trials.values()))
    for trial in trials.values():
        _add(draft, trial, objective.name, lineage, levels)
    _link(draft, list(trials.values()), lineage)
    by_time(draft.looks)
    attributes: dict[str, Any] = {
        "experiment": experiment,
        "trial_ids": [trial.job for trial in trials.values()],
    }
    folder = place.parent.parent if place.parent.name == "db" else place.parent
    name = params.get("experimentName") or experiment or folder.name
    method = _method(params)
    return draft.build(header_of(str(name), "nni", [objective], method, attributes, source.shown))


def _profile(database: Database, losses: Losses) -> tuple[dict[str, Any], str]:
    rows = database.rows("SELECT params, id FROM ExperimentProfile ORDER BY revision DESC LIMIT 1")
    if not rows:
        losses.add("no profile of the experiment")
        return {}, ""
    try:
        return as_dict(parse(str(rows[0][0]))), str(rows[0][1] or "")
    except BadJsonError as error:
        losses.add(f"the profile of the experiment is {error.reason}")
        return {}, str(rows[0][1] or "")


def _trials(database: Database, losses: Losses) -> dict[str, NniTrial]:
    """Return the trials in the order they were submitted, as their events tell."""
    found: dict[str, NniTrial] = {}
    events = database.rows(
        "SELECT timestamp, trialJobId, event, data, sequenceId FROM TrialJobEvent"
        " ORDER BY timestamp, rowid"
    )
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
        trial.status = event if event in _STATES else trial.status
        if event == "RUNNING" and not trial.started > 0:
            trial.started = at
        if event in _STATES and event not in ("RUNNING", "WAITING"):
            trial.ended = at
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


def _add_metrics(database: Database, trials: Mapping[str, NniTrial], losses: Losses) -> None:
    rows = database.rows(
        "SELECT timestamp, trialJobId, parameterId, type, sequence, data FROM MetricData"
        " ORDER BY timestamp, rowid"
    )
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


def _settle_configs(trials: Sequence[NniTrial]) -> int:
    """Give each trial the parameters it ran; return how many had been told others."""
    by_id = {trial.told_id: trial.told for trial in trials if trial.told_id}
    used = {trial.parameter_ids[-1] for trial in trials if trial.parameter_ids}
    swapped = 0
    for trial in trials:
        ran = trial.parameter_ids[-1] if trial.parameter_ids else trial.told_id
        if trial.parameter_ids and ran in by_id:
            trial.config = by_id[ran]
            swapped += trial.config != trial.told
        else:
            trial.config = trial.told
    # Of two trials whose parameters were swapped one may have ended without a metric: what was
    # told to the other one, and is used by none, is what it ran.
    free = [key for key in by_id if key not in used]
    silent = [trial for trial in trials if not trial.parameter_ids and trial.told_id in used]
    if len(silent) == 1 and len(free) == 1:
        silent[0].config = by_id[free[0]]
        swapped += 1
    return swapped


def _objective(params: Mapping[str, Any], losses: Losses) -> Objective:
    mode = None
    for part in ("tuner", "advisor", "assessor"):
        arguments = as_dict(as_dict(params.get(part)).get("classArgs"))
        mode = mode or arguments.get("optimize_mode")
    if mode not in ("maximize", "minimize"):
        losses.add("the direction of 'default' is not recorded; maximize is assumed, as NNI does")
        mode = "maximize"
    return Objective(DEFAULT, Direction(mode))


def _lineage(trials: Sequence[NniTrial]) -> dict[str, tuple[NniTrial | None, int]]:
    """Return parent and generation of each trial by the checkpoint folders of PBT."""
    saved: dict[tuple[str, str], NniTrial] = {}
    for trial in trials:
        place = _PLACE.search(str(trial.config.get(SAVE, "")))
        if place:
            saved[place[1], place[2]] = trial
    found: dict[str, tuple[NniTrial | None, int]] = {}
    for trial in trials:
        own = _PLACE.search(str(trial.config.get(SAVE, "")))
        loaded = _PLACE.search(str(trial.config.get(LOAD, "")))
        if own is None:
            continue
        parent = saved.get((loaded[1], loaded[2])) if loaded else None
        found[trial.job] = (parent if parent is not trial else None, int(own[2]))
    return found


def _levels(trials: Sequence[NniTrial]) -> Sequence[float]:
    budgets = [as_number(trial.config.get(BUDGET)) for trial in trials]
    return levels_of([budget for budget in budgets if budget is not None])


def _add(
    draft: Draft,
    trial: NniTrial,
    objective: str,
    lineage: Mapping[str, tuple[NniTrial | None, int]],
    levels: Sequence[float],
) -> None:
    metrics = trial.final or (trial.points[-1][2] if trial.points else {})
    params = {k: v for k, v in trial.config.items() if k not in (LOAD, SAVE, BUDGET)}
    row = TrialRow(trial.number, flat_parameters(params), _STATES[trial.status])
    if row.state is TrialState.PRUNED and not metrics:
        row.note = "canceled before it reported anything"
    if row.state is TrialState.FAILED:
        row.note = "failed; its log is in the folder of the trial"
    row.objectives = [metrics.get(objective, NAN)]
    row.metrics = {name: value for name, value in metrics.items() if name != objective}
    row.started, row.ended = trial.started, trial.ended
    generation = lineage[trial.job][1] if trial.job in lineage else -1
    row.bracket = generation
    at = draft.add(row)
    _add_looks(draft, trial, row, at, generation, levels)
    _add_curves(draft, trial, at, objective)


def _link(
    draft: Draft, trials: Sequence[NniTrial], lineage: Mapping[str, tuple[NniTrial | None, int]]
) -> None:
    """Set the parents, and tell who survived its generation: those that were loaded again."""
    row_of = {trial.job: row for row, trial in enumerate(trials)}
    for job, (parent, _) in lineage.items():
        if parent is not None:
            draft.trials[row_of[job]].parent = row_of[parent.job]
    parents = {trial.parent for trial in draft.trials}
    last = max((look.iteration for look in draft.looks), default=-1)
    for look in draft.looks:
        if 0 <= look.iteration < last and look.outcome is Outcome.FINAL:
            survived = look.trial in parents
            look.outcome = Outcome.SURVIVED if survived else Outcome.DISCARDED


def _add_looks(
    draft: Draft,
    trial: NniTrial,
    row: TrialRow,
    at: int,
    generation: int,
    levels: Sequence[float],
) -> None:
    budget = as_number(trial.config.get(BUDGET))
    last = trial.points[-1][0] if trial.points else 1.0
    spent = budget if budget is not None else last
    course = Course(at, row.state, [spent], [row.objectives[0]], [trial.ended])
    looks = rung_looks(course, levels, 0)[-1:] if levels and budget else closing_look(course)
    for look in looks:
        look.iteration = generation
    draft.looks += looks


def _add_curves(draft: Draft, trial: NniTrial, at: int, objective: str) -> None:
    names = dict.fromkeys(name for _, _, metrics in trial.points for name in metrics)
    for name in names:
        points = [(step, metrics[name]) for step, _, metrics in trial.points if name in metrics]
        columns: Floats = np.array(points, dtype=np.float64)
        is_flat = len(points) > 1 and bool((columns[:, 1] == columns[0, 1]).all())
        if name == objective or not is_flat:
            draft.curves.append((at, name, columns[:, 0], columns[:, 1]))


def _method(params: Mapping[str, Any]) -> Method:
    names, settings = [], {}
    for part in ("tuner", "advisor", "assessor"):
        described = as_dict(params.get(part))
        name = described.get("name") or described.get("className")
        if isinstance(name, str) and name:
            names.append("median stopping" if name == "Medianstop" else brief(name).lower())
            settings[part] = as_dict(described.get("classArgs"))
    return Method(" + ".join(names) or "unknown", settings)
