"""Runs as experiment trackers keep them: parameters and metrics by name, nothing of a search."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    Direction,
    Method,
    Objective,
    Outcome,
    SearchSpace,
    TrialState,
)
from hypertendril.readers.drafts.directions import direction_of, rank_of
from hypertendril.readers.drafts.draft import NAN, Draft, Look, TrialRow, fixed_values, header_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.space import is_grid, space_of
from hypertendril.readers.result import ReadStudy

MOST_IDS = 10_000  # run ids kept as an attribute
MANY_TEXTS = 20  # a text that is another one in each of more runs than this names the run

Floats = NDArray[np.float64]


@dataclass(slots=True)
class TrackedRun:
    """One run.

    Attributes:
        key: Its id in the source.
        params: As recorded, texts already turned into numbers.
        metrics: Last value of each; NaN and infinities are kept.
        curves: Steps and values of those that were recorded more than once.
        lone: Step and value of those that were recorded once: a curve only where others have one.
        parent: Key of the run it was forked from.
        started, ended: POSIX seconds UTC, NaN where unknown.
        number: As the source counts it; None where it does not.
    """

    key: str
    params: dict[str, Any] = field(default_factory=dict)
    state: TrialState = TrialState.COMPLETE
    metrics: dict[str, Any] = field(default_factory=dict)
    curves: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    lone: dict[str, tuple[float, float]] = field(default_factory=dict)
    parent: str | None = None
    started: float = NAN
    ended: float = NAN
    note: str | None = None
    number: int | None = None

    def add_points(self, name: str, points: Sequence[tuple[float, float]]) -> None:
        """Add a metric: its last value, and a curve if there are several points.

        Args:
            name: Of the metric.
            points: (step, value), the one that counts last; nothing is added for none.
        """
        if not points:
            return
        self.metrics[name] = points[-1][1]
        curve = curve_of(points)
        if curve is None:
            self.lone[name] = points[0]
        else:
            self.curves[name] = curve


@dataclass(frozen=True)
class Known:
    """What a source tells of the whole study beside its runs.

    Attributes:
        objectives: Empty where they have to be guessed.
        space: Parameters that are declared; others are told from the values.
    """

    objectives: Sequence[Objective] = ()
    space: SearchSpace = field(default_factory=SearchSpace)
    method: Method | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def guess_objective(runs: Iterable[TrackedRun], losses: Losses) -> Objective:
    """Return the metric that is likeliest the goal; the guess is reported.

    A held-out score goes before a held-out loss, both before what was seen in training.
    """
    counts = Counter(name for run in runs for name in run.metrics)
    ranked = sorted(
        counts, key=lambda n: (rank_of(n), -counts[n], direction_of(n)[0] is Direction.MINIMIZE)
    )
    name = ranked[0] if ranked else "value"
    direction, _ = direction_of(name)
    losses.guess(f"the objective is not recorded; {name!r}, to {direction}, is assumed")
    return Objective(name, direction)


def study_of(
    runs: Sequence[TrackedRun],
    name: str,
    framework: str,
    losses: Losses,
    known: Known | None = None,
    source: str = "",
) -> ReadStudy:
    """Return the study of all runs, in the order they are given."""
    known = known or Known()
    objectives = tuple(known.objectives) or (guess_objective(runs, losses),)
    fixed = fixed_values([run.params for run in runs])
    fixed = {key: value for key, value in fixed.items() if key not in known.space}
    dropped = {*fixed, *_names_of_runs(runs, known.space, losses)}
    draft = Draft(losses)
    for number, run in zip(_numbered(runs), runs, strict=True):
        draft.add(_row(run, number, objectives, dropped))
    _link(draft, runs, losses)
    draft.space = _space(draft, known.space)
    moving = {curve for run in runs for curve in run.curves}
    for row, run in enumerate(runs):
        for curve, (step, value) in run.lone.items():
            if curve in moving:
                run.curves[curve] = np.array([step]), np.array([value])
        _add_look(draft, row, run, objectives[0].name)
        leading = [o.name for o in objectives]
        for curve in sorted(run.curves, key=lambda n: n not in leading):
            draft.curves.append((row, curve, *run.curves[curve]))
    draft.looks.sort(key=lambda k: (math.isnan(k.time), 0.0 if math.isnan(k.time) else k.time))
    attributes = dict(known.attributes) | ({"fixed": fixed} if fixed else {})
    if len(runs) <= MOST_IDS and any(run.key != str(i) for i, run in enumerate(runs)):
        attributes["run_ids"] = [run.key for run in runs]
    method = known.method or _method(draft)
    return draft.build(header_of(name, framework, objectives, method, attributes, source))


def _numbered(runs: Sequence[TrackedRun]) -> Sequence[int]:
    told = [run.number for run in runs if run.number is not None]
    return told if len(set(told)) == len(runs) else range(len(runs))


def by_start(runs: Iterable[TrackedRun]) -> list[TrackedRun]:
    """Return the runs in the order they were started, those without a time behind."""
    return sorted(runs, key=lambda r: (math.isnan(r.started), r.started, r.key))


def _row(
    run: TrackedRun, number: int, objectives: Sequence[Objective], dropped: set[str]
) -> TrialRow:
    names = [objective.name for objective in objectives]
    return TrialRow(
        number,
        {key: value for key, value in run.params.items() if key not in dropped},
        run.state,
        [_number(run.metrics.get(name)) for name in names],
        {key: value for key, value in run.metrics.items() if key not in names},
        started=run.started,
        ended=run.ended,
        note=run.note,
    )


def _number(value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        return float(value) if is_number else NAN
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _names_of_runs(runs: Sequence[TrackedRun], space: SearchSpace, losses: Losses) -> Iterable[str]:
    """Return the parameters that are a text of their own in every run: paths, names, ids."""
    seen: dict[str, list[Any]] = {}
    for run in runs:
        for key, value in run.params.items():
            if isinstance(value, str) and key not in space:
                seen.setdefault(key, []).append(value)
    found = [key for key, texts in seen.items() if MANY_TEXTS < len(texts) == len(set(texts))]
    for key in found:
        losses.add(f"{key!r} is another text in each run, so it is not taken for a parameter")
    return found


def _space(draft: Draft, declared: SearchSpace) -> SearchSpace:
    told = space_of(draft)
    return SearchSpace((*declared, *(p for p in told if p.name not in declared)))


def _method(draft: Draft) -> Method:
    is_all = is_grid([trial.params for trial in draft.trials])
    return Method("grid") if is_all else Method()


def _link(draft: Draft, runs: Sequence[TrackedRun], losses: Losses) -> None:
    rows = {run.key: row for row, run in enumerate(runs)}
    for row, run in enumerate(runs):
        if run.parent is None:
            continue
        parent = rows.get(run.parent, -1)
        if parent in (-1, row):
            losses.count("a parent that is no run of the study")
        else:
            draft.trials[row].parent = parent


def _add_look(draft: Draft, row: int, run: TrackedRun, objective: str) -> None:
    if run.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return
    outcome = Outcome.FINAL if run.state is TrialState.COMPLETE else Outcome.DISCARDED
    curve = run.curves.get(objective)
    spent = float(curve[0][-1]) if curve is not None and len(curve[0]) else NAN
    value = draft.trials[row].objectives[0]
    draft.looks.append(Look(row, value, outcome, resource=spent, time=run.ended))


def curve_of(points: Sequence[tuple[float, float]]) -> tuple[Floats, Floats] | None:
    """Return steps and values of a metric's points in step order, None for fewer than two.

    Where no step was recorded (all are equal) the points are counted. Of two values at one step
    the later one is kept.
    """
    if len(points) < 2:
        return None
    if len({step for step, _ in points}) == 1:
        points = [(float(i), value) for i, (_, value) in enumerate(points, 1)]
    table = dict(points)
    steps = sorted(table)
    return np.array(steps, dtype=np.float64), np.array([table[s] for s in steps], dtype=np.float64)
