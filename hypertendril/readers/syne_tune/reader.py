"""Syne Tune: metadata.json, results.csv.zip and one folder a trial."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import Draft, TrialRow, header_of
from hypertendril.readers.drafts.looks import (
    Course,
    by_time,
    closing_look,
    generation_looks,
    generation_of,
    rung_looks,
)
from hypertendril.readers.drafts.perturbed import parents_of
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.folders import RunFolder, as_dict, head_of, json_file
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.source import Source
from hypertendril.readers.syne_tune.ladder import REPLACED, Ladder, ladder_of
from hypertendril.readers.syne_tune.setup import Setup, method_of, read_setup
from hypertendril.readers.syne_tune.table import TABLES
from hypertendril.readers.syne_tune.trials import (
    SyneTrial,
    as_float,
    is_metric,
    read_trials,
)

METADATA = "metadata.json"


class SyneTune(RunFolder):
    """Reads experiment folders of Syne Tune."""

    name = "syne-tune"
    about = About(
        title="Syne Tune",
        source="`metadata.json`, `results.csv.zip`, a folder a trial",
        kept=(
            "space, scheduler, every row, decisions, trials that failed without one; rungs; "
            "generations; of a run that was killed, what its trials printed"
        ),
        lost=(
            "parents of clones are not recorded: told from the configuration, which is the "
            "parent's times 0.8 or 1.2. Brackets. Before 0.14 the settings of the scheduler: its "
            "rungs and interval are told from the rows"
        ),
        tested=Tested.REAL,
        logs=(
            "0.6, 0.13, 0.15, 0.16: ASHA (stopping, promotion), BOHB, MOASHA, population-based training, "
            "synchronous Hyperband, DEHB, Hyper-Tune, DyHPO, PASHA, median stopping, random search, several "
            "objectives; failed trials, killed runs, simulated ones"
        ),
    )
    needs = (METADATA,)
    watches = TABLES

    def is_run(self, folder: Path) -> bool:
        """Return whether the metadata is Syne Tune's."""
        head = head_of(folder / METADATA)
        return b'"st_tuner_' in head or (b'"scheduler_name"' in head and b'"metric_' in head)

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the files and of the folder, where trials appear."""
        folder = source.file if source.is_folder else source.file.parent
        return super().change_token(source), Source(path=folder).stat_token()

    def read_run(self, folder: Path) -> tuple[ReadStudy, ...]:
        """Return the study of an experiment."""
        losses = Losses(str(folder))
        setup = read_setup(as_dict(json_file(folder / METADATA)), losses)
        trials = read_trials(folder, setup.space, losses)
        draft = Draft(losses, setup.space.space)
        ladder = ladder_of(setup, trials, losses)
        goals = [objective.name for objective in setup.objectives]
        moving = sorted(_moving(trials, ladder.column), key=lambda name: name not in goals)
        for trial in trials:
            _add(draft, trial, setup, ladder)
            _add_curves(draft, trial, ladder.steps(trial), moving, goals)
        if setup.is_population:
            _find_parents(draft, trials, losses)
        by_time(draft.looks)
        attributes = {"fixed": dict(setup.space.fixed), "trial_ids": [t.trial_id for t in trials]}
        method = method_of(setup, has_rungs=bool(ladder.levels))
        name = folder.resolve().name
        header = header_of(name, self.name, setup.objectives, method, attributes)
        return (draft.build(header),)


def _state(trial: SyneTrial, last: float, ladder: Ladder) -> TrialState:
    if not trial.rows:
        return _state_without_rows(trial)
    if last >= ladder.limit:
        return TrialState.COMPLETE
    if trial.decision in REPLACED or trial.left("stop") or trial.left("pause"):
        is_full = last >= ladder.top and trial.decision != "PAUSE" and not trial.left("pause")
        return TrialState.COMPLETE if is_full else TrialState.PRUNED
    if trial.folder is None and math.isfinite(ladder.limit):
        return TrialState.PRUNED  # a simulated one, stopped where the experiment ended
    if trial.left("end") or trial.folder is None:
        return TrialState.FAILED if trial.error() else TrialState.COMPLETE
    return TrialState.RUNNING


def _state_without_rows(trial: SyneTrial) -> TrialState:
    if trial.left("end") or trial.error():
        return TrialState.FAILED
    if trial.left("stop"):
        return TrialState.PRUNED
    return TrialState.RUNNING if trial.left("std.out") else TrialState.WAITING


def _add(
    draft: Draft,
    trial: SyneTrial,
    setup: Setup,
    ladder: Ladder,
) -> None:
    steps = ladder.steps(trial)
    last = steps[-1] if steps else 0.0
    names = [objective.name for objective in setup.objectives]
    row = TrialRow(number=trial.number, params=trial.config)
    row.state = _state(trial, last, ladder)
    times = [as_float(r.get("st_worker_timestamp", "")) for r in trial.rows]
    if trial.rows:
        end = trial.rows[-1]
        row.objectives = [as_float(end.get(name, "")) for name in names]
        begun = times[0] - as_float(trial.rows[0].get("st_worker_time", ""))
        row.started, row.ended = begun, times[-1]
        cells = {n: as_float(t) for n, t in end.items() if is_metric(n, (*names, ladder.column))}
        row.metrics = {name: number for name, number in cells.items() if not math.isnan(number)}
    if row.state is TrialState.FAILED:
        row.note = trial.error() or "ended without a result"
    elif row.state is TrialState.PRUNED and not steps:
        row.note = "stopped before it reported anything"
    if setup.is_population and steps:
        row.bracket = generation_of(steps[0], ladder.interval)
    elif ladder.levels:
        row.bracket = 0
    at = draft.add(row)
    values = [as_float(r.get(names[0], "")) for r in trial.rows]
    course = Course(at, row.state, steps, values, times)
    if setup.is_population:
        draft.looks += generation_looks(course, ladder.interval)
    else:
        halved = rung_looks(course, ladder.levels, 0) if ladder.levels else None
        draft.looks += closing_look(course) if halved is None else halved


def _moving(trials: Sequence[SyneTrial], column: str | None) -> list[str]:
    """Return the metrics that change while a trial trains."""
    found: dict[str, None] = {}
    for trial in trials:
        for name in trial.rows[0] if len(trial.rows) > 1 else ():
            is_new = name not in found and is_metric(name, (column,))
            if is_new and len({row.get(name) for row in trial.rows}) > 1:
                found[name] = None
    return list(found)


def _add_curves(
    draft: Draft,
    trial: SyneTrial,
    steps: Sequence[float],
    names: Sequence[str],
    goals: Sequence[str],
) -> None:
    """Add what changed; an empty cell of an objective is a NaN, of another it was not reported."""
    at = len(draft.trials) - 1
    for name in names:
        cells = [(step, row.get(name, "")) for step, row in zip(steps, trial.rows, strict=True)]
        points = [(step, as_float(text)) for step, text in cells if text or name in goals]
        if points and not all(math.isnan(value) for _, value in points):
            columns = np.array(points, dtype=np.float64)
            draft.curves.append((at, clean(name), columns[:, 0], columns[:, 1]))


def _find_parents(draft: Draft, trials: Sequence[SyneTrial], losses: Losses) -> None:
    """Tell from the configurations which trial a clone was copied from; Syne Tune keeps it not."""
    told = unknown = 0
    for row, parent in enumerate(parents_of([trial.config for trial in trials])):
        if parent is not None:
            draft.trials[row].parent = parent
            told += 1
        elif draft.trials[row].bracket > 0:
            unknown += 1
    losses.count("a clone whose parent is not recorded; it was told from its configuration", told)
    losses.count("a clone whose parent is not recorded and can't be told", unknown)
