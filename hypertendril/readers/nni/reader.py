"""NNI: the SQLite database of an experiment, `<id>/db/nni.sqlite`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, Method, Objective, Outcome, TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN, Draft, Floats, TrialRow, header_of
from hypertendril.readers.drafts.looks import Course, by_time, closing_look, rung_looks
from hypertendril.readers.drafts.rungs import levels_of
from hypertendril.readers.files.json_text import BadJsonError, as_number, brief, parse
from hypertendril.readers.files.sqlite_file import MAGIC, Database, change_token, open_database
from hypertendril.readers.files.sqlite_pieces import (
    one_line,
    opened_as_far_as_it_goes,
    readable_rows,
)
from hypertendril.readers.folders import as_dict, head_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.nni.rungs import BUDGET, Place, link_rungs, places_of
from hypertendril.readers.nni.space import flat_parameters, read_search_space
from hypertendril.readers.nni.trials import (
    DEFAULT,
    STATES,
    NniTrial,
    add_metrics,
    read_trials,
    settle_configs,
)
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source

PLACES = ("db/nni.sqlite", "nni.sqlite")
TABLES = {"TrialJobEvent", "MetricData", "ExperimentProfile"}
LOAD, SAVE = "load_checkpoint_dir", "save_checkpoint_dir"
_PLACE = re.compile(r"(?:^|[/\\])(\d{1,9})[/\\](\d{1,9})[/\\]?$")  # .../<slot>/<generation>
# All rows of a table, and those with numbers in a range: a damaged one is read in pieces.
_PROFILES = (
    "SELECT params, id, revision FROM ExperimentProfile ORDER BY rowid",
    "SELECT params, id, revision FROM ExperimentProfile WHERE rowid BETWEEN :first AND :last",
)


class Nni:
    """Reads the databases of NNI, also by the folder of the experiment."""

    name = "nni"
    about = About(
        title="NNI",
        source="`<id>/db/nni.sqlite`",
        kept=(
            "the parameters a trial really ran (those its metrics name; the start event often "
            "tells another trial's), intermediate and final metrics, lineage by checkpoint "
            "folders, nested choices as conditions; rungs and brackets of Hyperband and BOHB, "
            "where each rung of a configuration is a trial, the one below its parent"
        ),
        lost="logs of trials",
        tested=Tested.REAL,
        logs="2.10: Hyperband, BOHB, random; 3.0: population-based training, TPE, Medianstop; "
        "trials that failed, reported nothing or were running when it stopped, resumed experiments",
    )

    def detects(self, source: Source) -> bool:
        """Return whether it is a SQLite database with NNI's tables, or a folder with one."""
        place = _database(source)
        if place is None or not head_of(place, 16).startswith(MAGIC[:15]):
            return False
        try:
            with closing(open_database(Source(path=place))) as database:
                return _tables(database) >= TABLES
        except (SourceFormatError, sqlite3.Error):  # damaged: its names may still stand there
            head = head_of(place)
            return all(table.encode() in head for table in TABLES)

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
            with opened_as_far_as_it_goes(place, losses) as database:
                return (_study(database, place, source, losses),)
        except sqlite3.Error as error:
            reason = one_line(error)
            raise source.error(f"can't be read as a SQLite database ({reason}).") from None

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the database and of its journals."""
        place = _database(source)
        return None if place is None else change_token(Source(path=place))

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
    trials = read_trials(database, losses)
    add_metrics(database, trials, losses)
    database.end()
    swapped = settle_configs(list(trials.values()))
    losses.count(
        "trial ran other parameters than its start event says; those it ran are used", swapped
    )
    objective = _objective(params, losses)
    draft = Draft(losses, read_search_space(params.get("searchSpace"), losses))
    lineage = _lineage(list(trials.values()))
    levels = _levels(list(trials.values()))
    places = places_of(list(trials.values())) if levels else {}
    for trial in trials.values():
        _add(draft, trial, objective.name, lineage, levels)
        _place(draft, places.get(trial.job), levels)
    _link(draft, list(trials.values()), lineage)
    if places:
        link_rungs(draft, list(trials.values()), places, levels[-1])
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
    try:
        rows = readable_rows(database, *_PROFILES, losses)
    except sqlite3.DatabaseError as error:
        losses.add(f"the profile of the experiment is damaged ({one_line(error)})")
        return {}, ""
    rows = sorted(rows, key=lambda row: as_number(row[2]) or 0.0)[-1:]
    if not rows:
        losses.add("no profile of the experiment")
        return {}, ""
    try:
        return as_dict(parse(str(rows[0][0]))), str(rows[0][1] or "")
    except BadJsonError as error:
        losses.add(f"the profile of the experiment is {error.reason}")
        return {}, str(rows[0][1] or "")


def _objective(params: Mapping[str, Any], losses: Losses) -> Objective:
    mode = None
    for part in ("tuner", "advisor", "assessor"):
        arguments = as_dict(as_dict(params.get(part)).get("classArgs"))
        mode = mode or arguments.get("optimize_mode")
    if mode not in ("maximize", "minimize"):
        losses.guess("the direction of 'default' is not recorded; maximize is assumed, as NNI does")
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
    row = TrialRow(trial.number, flat_parameters(params), STATES[trial.status])
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


def _place(draft: Draft, place: Place | None, levels: Sequence[float]) -> None:
    """Set bracket and rung of the trial that was added last."""
    at = len(draft.trials) - 1
    for look in draft.looks[-1:]:
        if place and look.trial == at and look.resource in levels:
            look.bracket = max(0, levels.index(look.resource) - place.rung)
            look.rung = place.rung
            draft.trials[at].bracket = look.bracket


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
            words = brief(name).lower().removesuffix("tuner")
            names.append("median stopping" if name == "Medianstop" else words)
            settings[part] = as_dict(described.get("classArgs"))
    return Method(" + ".join(names) or "unknown", settings)
