"""What happened to trials, gathered for a moment and written to the store in one batch."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hypertendril.jobs.segments import Ended, Reported
from hypertendril.model import (
    Choice,
    CurvePoints,
    Evaluations,
    Outcome,
    Study,
    StudyHeader,
    Trials,
    TrialState,
    constraints_of,
)
from hypertendril.search import Assignment, Look
from hypertendril.store.batch import Batch, TrialUpdates
from hypertendril.store.experiment_store import ExperimentStore

MAX_NOTE_LENGTH = 2000
VIOLATION = "violation"  # what code calls the sum by which it breaks its constraints
# A trial that goes on runs: in the store, one that waits is one that a decision is due about.
_STATE_AFTER = {
    Outcome.PROMOTED: TrialState.RUNNING,
    Outcome.SURVIVED: TrialState.RUNNING,
    Outcome.DISCARDED: TrialState.PRUNED,
    Outcome.FINAL: TrialState.COMPLETE,
}
_OPEN_STATES = (TrialState.RUNNING, TrialState.WAITING)


@dataclass
class _Row:
    """A trial that is not at rest yet."""

    number: int
    values: Mapping[str, Choice]
    started: float
    clock: float
    parent: int = -1
    bracket: int = -1
    state: TrialState = TrialState.RUNNING
    objectives: list[float] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    violation: float = math.nan
    latest: dict[str, float] = field(default_factory=dict)
    steps: float = math.nan
    ended: float = math.nan
    note: str = ""


class Recorder:
    """Writes one study while it runs. The row of a trial is its number.

    Nothing is visible before `flush`, and a flush is one durable batch: all of it or nothing.

    Args:
        store: Where the study is.
        study_id: The study; nobody else may append trials to it meanwhile.
    """

    def __init__(self, store: ExperimentStore, study_id: str) -> None:
        self._store = store
        self._id = study_id
        study = store.snapshot(study_id)
        self._header = study.header
        self._constraints = constraints_of(study.header)
        self._stored = len(study)
        self._interrupted = {
            int(row): _metrics(study, int(row))
            for row in np.flatnonzero(study.trials.state == TrialState.RUNNING)
        }
        self._under_way: dict[int, _Row] = {}
        self._changed: set[int] = set()
        self._points: list[tuple[int, str, float, float]] = []
        self._looks: list[tuple[Look, _Row]] = []

    @property
    def has_news(self) -> bool:
        """Whether a flush would write anything."""
        return bool(self._changed or self._points)

    def restore(self, study: Study, number: int) -> None:
        """Take up a trial that has trained for a while and waits or is to go on."""
        trials, now = study.trials, time.time()
        started = float(trials.started[number])
        values = [float(value) for value in trials.objectives[number]]
        self._under_way[number] = _Row(
            number,
            study.params(number),
            started,
            time.monotonic() - max(0.0, now - started),
            state=TrialState(trials.state[number]),
            objectives=values,
            violation=float(trials.violation[number]),
            metrics=_metrics(study, number),
            ended=float(trials.ended[number]),
        )

    def start(self, task: Assignment) -> None:
        """Note that a trial runs from now on: a new one, one that goes on, or one run again."""
        row = self._under_way.get(task.number)
        if row is None:
            row = _Row(task.number, task.values, time.time(), time.monotonic())
            row.parent, row.bracket = -1 if task.parent is None else task.parent, task.bracket
            row.metrics = self._interrupted.get(task.number, {}) | dict(task.remarks)
            self._under_way[task.number] = row
        row.state, row.ended = TrialState.RUNNING, math.nan
        row.latest.clear()  # a segment that reports nothing has no value, not an old one
        self._changed.add(task.number)

    def report(self, report: Reported) -> None:
        """Note a point of each reported curve."""
        row = self._under_way[report.number]
        row.steps = report.step if math.isnan(row.steps) else max(row.steps, report.step)
        row.latest.update(report.metrics)
        self._points += [
            (report.number, name, report.step, value) for name, value in report.metrics.items()
        ]

    def end(self, end: Ended) -> tuple[TrialState, list[float]]:
        """Note the end of a segment; return the trial's state and the value of each objective.

        The trial is complete, has failed, or was given up; unless a look says that it is
        complete, it waits instead.

        An objective, or a metric the study declares, that was not returned has the last
        value that was reported. A trial without a value for each objective has failed, and
        so has one without a value for each constraint, or whose violation is not a number.
        Violations add up; above 0 the trial is infeasible.
        """
        row = self._under_way[end.number]
        names = [objective.name for objective in self._header.objectives]
        returned = {names[0] if name == "" else name: value for name, value in end.metrics.items()}
        known = row.latest | returned
        bounded = [constraint.metric for constraint in self._constraints]
        kept = {*self._header.metric_names, *bounded, *(returned.keys() - {VIOLATION})} - {*names}
        row.objectives = [known.get(name, math.nan) for name in names]
        row.metrics |= {name: value for name, value in known.items() if name in kept}
        if VIOLATION not in names:
            row.violation = self._violation(known, row.violation)
            bounded += [VIOLATION] if VIOLATION in known else []
        error = end.error
        if error is None and not end.is_pruned:
            error = _missing(names, bounded, known)
        row.state = TrialState.COMPLETE if error is None else TrialState.FAILED
        if end.is_pruned:
            row.state = TrialState.PRUNED
        row.note = (error or "")[:MAX_NOTE_LENGTH]
        # Not the time of day again: a clock that was set meanwhile makes no negative durations.
        row.ended = row.started + time.monotonic() - row.clock
        self._changed.add(end.number)
        state = row.state
        if state is TrialState.COMPLETE:
            row.state = TrialState.WAITING
        return state, row.objectives

    def _violation(self, known: Mapping[str, float], before: float) -> float:
        """Return the sum by which constraints are broken, `before` where nothing says anything."""
        broken = [c.excess(known[c.metric]) for c in self._constraints if c.metric in known]
        if not broken:
            return known.get(VIOLATION, before)
        return sum(broken) + max(known.get(VIOLATION, 0.0), 0.0)

    def look(self, look: Look) -> None:
        """Note what the method decided about a trial on its latest value."""
        row = self._under_way[look.number]
        row.state = _STATE_AFTER[look.outcome]
        self._looks.append((look, replace(row)))
        if row.state is TrialState.RUNNING:
            row.ended = math.nan
        self._changed.add(look.number)

    def value(self, number: int) -> float:
        """Return the latest leading objective of a trial that is not at rest in the store yet."""
        return self._under_way[number].objectives[0]

    def violation(self, number: int) -> float:
        """Return by how much such a trial breaks its constraints, 0 where it has none."""
        found = self._under_way[number].violation
        return 0.0 if math.isnan(found) else found

    def flush(self) -> None:
        """Write what was noted.

        Raises:
            StoreError: Nothing was written; all of it is kept for the next try.
        """
        if not self.has_news:
            return
        self._grow_header()
        rows = [self._under_way[number] for number in sorted(self._changed)]
        new = [row for row in rows if row.number >= self._stored]
        batch = Batch(
            trials=self._new_trials(new) if new else None,
            updates=self._updates([row for row in rows if row.number < self._stored]),
            evaluations=self._evaluations(),
            curves=self._curve_points(),
            expected_trials=self._stored,
        )
        self._store.append(self._id, batch)
        self._stored += len(new)
        self._changed.clear()
        self._points.clear()
        self._looks.clear()
        for row in rows:
            if row.state not in _OPEN_STATES:
                del self._under_way[row.number]

    def _grow_header(self) -> None:
        curves = [name for _, name, _, _ in self._points]
        metrics = [name for number in self._changed for name in self._under_way[number].metrics]
        header = replace(
            self._header,
            curve_names=tuple(dict.fromkeys([*self._header.curve_names, *curves])),
            metric_names=tuple(dict.fromkeys([*self._header.metric_names, *metrics])),
        )
        if header != self._header:
            self._store.update_header(self._id, header)
            self._header = header

    def _new_trials(self, rows: list[_Row]) -> Trials:
        space, names = self._header.space, self._header.metric_names
        trials = Trials.empty(len(rows), len(space), len(self._header.objectives), len(names))
        for i, row in enumerate(rows):
            trials.number[i] = row.number
            trials.state[i] = row.state
            trials.parent[i], trials.bracket[i] = row.parent, row.bracket
            for name, value in row.values.items():
                trials.values[i, space.index(name)] = space[name].encode(value)
            trials.started[i], trials.ended[i] = row.started, row.ended
            trials.violation[i] = row.violation
            if row.note:
                trials.notes[i] = row.note
        _fill(trials, rows, self._header)
        return trials

    def _updates(self, rows: list[_Row]) -> TrialUpdates | None:
        if not rows:
            return None
        blank = Trials.empty(
            len(rows), 0, len(self._header.objectives), len(self._header.metric_names)
        )
        _fill(blank, rows, self._header)
        return TrialUpdates(
            row=np.array([row.number for row in rows], dtype=np.int64),
            state=np.array([row.state for row in rows], dtype=np.int8),
            objectives=blank.objectives,
            metrics=blank.metrics,
            started=np.array([row.started for row in rows]),
            ended=np.array([row.ended for row in rows]),
            violation=np.array([row.violation for row in rows]),
            notes={row.number: row.note for row in rows},
        )

    def _evaluations(self) -> Evaluations | None:
        if not self._looks:
            return None
        found = Evaluations.empty(len(self._looks))
        for i, (look, row) in enumerate(self._looks):
            found.trial[i], found.iteration[i] = look.number, look.iteration
            found.bracket[i], found.rung[i] = look.bracket, look.rung
            found.resource[i] = row.steps if math.isnan(look.resource) else look.resource
            found.value[i], found.outcome[i] = row.objectives[0], look.outcome
            found.time[i] = row.ended
        return found

    def _curve_points(self) -> CurvePoints | None:
        if not self._points:
            return None
        codes = {name: code for code, name in enumerate(self._header.curve_names)}
        return CurvePoints(
            trial=np.array([trial for trial, _, _, _ in self._points], dtype=np.int64),
            metric=np.array([codes[name] for _, name, _, _ in self._points], dtype=np.int16),
            step=np.array([step for _, _, step, _ in self._points]),
            value=np.array([value for _, _, _, value in self._points]),
        )


def _metrics(study: Study, row: int) -> dict[str, float]:
    """Return the metrics a trial has by now."""
    found = dict(zip(study.header.metric_names, study.trials.metrics[row].tolist(), strict=True))
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _missing(names: list[str], bounded: list[str], known: Mapping[str, float]) -> str | None:
    """Return which objective or bounded metric has no value, None if each has one (infinite ones do)."""
    for name in [*names, *bounded]:
        if name not in known:
            use = "is to be optimised" if name in names else "has a constraint"
            given = f" It gave {', '.join(map(repr, [*known][:5]))}." if known else ""
            return f"It neither returned nor reported {name!r}, which {use}.{given}"
        if math.isnan(known[name]):
            return f"Its {name!r} is not a number (NaN)."
    return None


def _fill(trials: Trials, rows: list[_Row], header: StudyHeader) -> None:
    """Write objectives and metrics of `rows` into the rows of `trials`."""
    columns = {name: i for i, name in enumerate(header.metric_names)}
    for i, row in enumerate(rows):
        if row.objectives:
            trials.objectives[i] = row.objectives
        for name, value in row.metrics.items():
            trials.metrics[i, columns[name]] = value


def close_trials(store: ExperimentStore, study_id: str, state: TrialState, note: str) -> None:
    """Give the trials of a study that will never end by themselves a state, with a note."""
    study: Study = store.snapshot(study_id)
    rows = np.flatnonzero(np.isin(study.trials.state, _OPEN_STATES))
    if len(rows):
        updates = TrialUpdates.like(study.trials, rows)
        updates.state[:] = state
        updates.ended[:] = time.time()
        updates.notes.update({int(row): note[:MAX_NOTE_LENGTH] for row in rows})
        store.append(study_id, Batch(updates=updates))
