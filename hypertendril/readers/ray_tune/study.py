"""From the trials of a Ray Tune experiment to a study (the mapping is in docs/formats.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypertendril.model import Method, Objective, Outcome, TrialState
from hypertendril.readers.drafts.draft import (
    NAN,
    Draft,
    Look,
    TrialRow,
    fixed_values,
    header_of,
)
from hypertendril.readers.drafts.looks import (
    Course,
    by_time,
    closing_look,
    generation_looks,
    rung_looks,
)
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.ray_tune.brackets import starting_rungs
from hypertendril.readers.ray_tune.pbt import Member, Population, population_of
from hypertendril.readers.ray_tune.run import (
    RayTrial,
    Run,
    ended_as,
    is_population,
    levels_in,
    number_trials,
    objectives_of,
)
from hypertendril.readers.ray_tune.space import is_grid, space_of
from hypertendril.readers.ray_tune.trials import TrialLog
from hypertendril.readers.result import ReadStudy

MOST_IDS = 10_000  # trial ids kept as an attribute

Rows = tuple[int, int]
Extent = tuple[TrialLog | None, Rows]  # results of a trial, first row and end


def build_study(run: Run) -> ReadStudy:
    """Return the study of an experiment."""
    number_trials(run.trials)
    draft = Draft(run.losses)
    attributes: dict[str, Any] = {}
    if is_population(run):
        logs = {t.index: t.log for t in run.trials if t.log is not None}
        people = population_of(logs, run.exploits, run.losses)
        objectives, guess = objectives_of(run, ())
        extents = _add_population(run, draft, people, objectives)
        method = _pbt(run, people)
        attributes["slots"] = [m.slot for m in people.members]
    else:
        levels = levels_in(run)
        objectives, guess = objectives_of(run, levels)
        starts = starting_rungs(run, levels)
        extents = _add_trials(run, draft, objectives, levels, starts)
        method = _method(run, levels, starts, draft)
    if guess:
        run.losses.guess(guess)
    fixed = fixed_values([t.params for t in draft.trials])
    for trial in draft.trials:
        trial.params = {k: v for k, v in trial.params.items() if k not in fixed}
    draft.space = space_of(draft)
    _add_curves(draft, extents, objectives[0].name)
    if fixed:
        attributes["fixed"] = fixed
    if len(run.trials) <= MOST_IDS:
        attributes["trial_ids"] = [t.trial_id for t in run.trials]
    name = run.folder.resolve().name
    header = header_of(name, "ray-tune", objectives, method, attributes, str(run.folder))
    return draft.build(header)


def _row(trial: RayTrial, objectives: Sequence[Objective]) -> TrialRow:
    log, state = trial.log, trial.state
    whole = (0, trial.rows)
    row = TrialRow(number=trial.index, params=flat(trial.config()))
    if state is not None:
        row.started, row.ended = state.started, state.ended
    if log is not None and len(log):
        _measure(row, log, whole, objectives)
        row.ended = log.times[-1] if math.isnan(row.ended) else row.ended
    if log is not None and log.error:
        row.note = log.error
    return row


def _measure(row: TrialRow, log: TrialLog, rows: Rows, objectives: Sequence[Objective]) -> None:
    names = [objective.name for objective in objectives]
    if rows[1] > rows[0]:
        row.objectives = [log.last(name, rows) for name in names]
    row.metrics = {name: log.last(name, rows) for name in log.metrics if name not in names}


def _add_trials(
    run: Run,
    draft: Draft,
    objectives: Sequence[Objective],
    levels: Sequence[float],
    starts: Mapping[int, int],
) -> list[Extent]:
    extents: list[Extent] = []
    for trial in run.trials:
        row = _row(trial, objectives)
        row.state = ended_as(run, trial, levels)
        if levels and trial.index in starts:
            row.bracket = starts[trial.index]
        at = draft.add(row)
        extents.append((trial.log, (0, trial.rows)))
        if trial.rows:
            course = _course(trial, row, at, objectives[0].name, (0, trial.rows))
            draft.looks += (
                rung_looks(course, levels, row.bracket) if levels else closing_look(course)
            )
    by_time(draft.looks)
    return extents


def _course(trial: RayTrial, row: TrialRow, at: int, objective: str, rows: Rows) -> Course:
    log = trial.log
    assert log is not None
    start, end = rows
    column = log.metrics.get(objective)
    values = column[start:end] if column is not None else [NAN] * (end - start)
    return Course(at, row.state, log.steps[start:end], values, log.times[start:end])


def _add_population(
    run: Run, draft: Draft, people: Population, objectives: Sequence[Objective]
) -> list[Extent]:
    extents: list[Extent] = []
    by_index = {t.index: t for t in run.trials}
    rows: dict[int, int] = {}
    without = [t for t in run.trials if t.log is None]
    used = max((t.index for t in run.trials), default=-1) + 1
    for member in people.members:
        trial = by_index[member.slot]
        is_first = member.rows[0] == 0 and member.exploit is None
        number = trial.index if is_first else used
        used += not is_first
        row = _member_row(run, trial, member, people.interval, objectives)
        row.number = number
        row.parent = rows.get(id(member.parent), -1) if member.parent else -1
        rows[id(member)] = at = draft.add(row)
        extents.append((trial.log, member.rows))
        course = _course(trial, row, at, objectives[0].name, member.rows)
        draft.looks += generation_looks(course, people.interval)
        if not course.steps and row.state is TrialState.PRUNED:
            spent = member.exploit.parent_step if member.exploit else NAN
            outcome = Outcome.DISCARDED
            draft.looks.append(Look(at, NAN, outcome, iteration=row.bracket, resource=spent))
    for trial in without:
        row = _row(trial, objectives)
        row.state = ended_as(run, trial, ())
        draft.add(row)
        extents.append((None, (0, 0)))
    by_time(draft.looks)
    return extents


def _member_row(
    run: Run, trial: RayTrial, member: Member, interval: int, objectives: Sequence[Objective]
) -> TrialRow:
    log = trial.log
    assert log is not None
    start, end = member.rows
    row = TrialRow(number=trial.index, params=flat(member.config))
    _measure(row, log, member.rows, objectives)
    step = member.exploit.parent_step if member.exploit else 0.0
    if end > start:
        before = log.times[start - 1] if start else NAN
        begun = trial.state.started if trial.state and not start else before
        row.started, row.ended = begun, log.times[end - 1]
        step = log.steps[start] - 1
    row.bracket = max(0, int(step) // interval)
    if member.is_replaced:
        row.state = TrialState.PRUNED
        if end == start:
            row.note = "replaced by another member before it ran"
    else:
        row.state = ended_as(run, trial, ())
        row.note = log.error or None
        if end == start and row.state is TrialState.COMPLETE:
            row.state, row.note = TrialState.PRUNED, "the experiment ended before it ran"
    return row


def _pbt(run: Run, people: Population) -> Method:
    settings = {
        "population_size": len([t for t in run.trials if t.log is not None]),
        "perturbation_interval": people.interval,
        "exploits": len(run.exploits),
    }
    return Method(run.state.scheduler or "pbt", settings)


def _method(run: Run, levels: Sequence[float], starts: Mapping[int, int], draft: Draft) -> Method:
    scheduler = run.state.scheduler
    if levels and not scheduler:
        scheduler = "hyperband" if len(set(starts.values())) > 1 else "successive halving"
    searcher = run.state.searcher
    if not searcher and not scheduler:
        searcher = "grid" if is_grid([t.params for t in draft.trials]) else "random"
    name = " + ".join(dict.fromkeys(filter(None, (searcher, scheduler))))
    return Method(name, {"rungs": list(levels)} if levels else {})


def _add_curves(draft: Draft, extents: Sequence[Extent], objective: str) -> None:
    """Add what changes while a trial trains; a metric that only counts the steps is no curve."""
    names = dict.fromkeys(n for log, _ in extents if log is not None for n in log.metrics)
    moving = [name for name in names if _moves(extents, name)]
    if objective in moving:
        moving = [objective, *(n for n in moving if n != objective)]
    for row, (log, rows) in enumerate(extents):
        if log is None or rows[1] <= rows[0]:
            continue
        for name in moving:
            if name in log.metrics:
                draft.curves.append((row, name, *log.points(name, rows)))


def _moves(extents: Sequence[Extent], name: str) -> bool:
    has_moved, is_step = False, True
    for log, rows in extents:
        if log is None or name not in log.metrics or rows[1] - rows[0] < 2:
            continue
        steps, values = log.points(name, rows)
        has_moved = has_moved or bool((values[1:] != values[:-1]).any())
        is_step = is_step and bool((values == steps).all())
    return has_moved and not is_step
