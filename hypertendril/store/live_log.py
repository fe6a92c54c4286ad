"""A study written trial by trial from any loop, straight into a store folder."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from hypertendril.errors import HyperTendrilError, SpaceError
from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Method,
    Outcome,
    Parameter,
    ParameterKind,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers.files.json_text import as_choice, clean
from hypertendril.readers.frames import Objectives, SpaceLike, objectives_of, space_of
from hypertendril.settings import Settings
from hypertendril.store.batch import Batch, TrialUpdates
from hypertendril.store.experiment_store import ExperimentStore

FLUSH_SECONDS = 0.2  # reports are kept together this long, so that a fast loop is not held up


def log(
    name: str,
    *,
    objectives: Objectives,
    space: SpaceLike | None = None,
    data: str | Path | None = None,
    method: str = "unknown",
    attributes: Mapping[str, Any] | None = None,
) -> StudyLog:
    """Return a new study to log trials to; use it in a `with` statement.

    Args:
        name: Of the study.
        objectives: `{"loss": "minimize"}`, or names alone, whose direction is then guessed.
        space: Name to `(low, high)`, `(low, high, "log")`, a list of choices or a `Parameter`;
            parameters it lacks are told from the values, as they come.
        data: Data folder, as the server uses it; else `HYPERTENDRIL_DATA`, else `.hypertendril`.
        method: Name of the search method.
        attributes: Anything else to be recorded, JSON values only.

    Raises:
        SpaceError: The space or the objectives make no sense.
        StoreError: The folder can't be used.

    Example:
        >>> with log("digits", objectives={"acc": "maximize"}) as study:
        ...     trial = study.trial({"lr": 0.1})
        ...     trial.report(1, acc=0.5)
        ...     trial.finish(0.9)
    """
    goals, guesses = objectives_of(objectives)
    kept = dict(attributes or {}) | ({"guessed": guesses} if guesses else {})
    header = StudyHeader(
        name, space_of(space or {}), goals, Method(method), framework="python", attributes=kept
    )
    return StudyLog(header, Settings.find(data).store)


class StudyLog:
    """A study being written. Its trials may run in several threads.

    Args:
        header: Of the study.
        folder: Of the store.
    """

    def __init__(self, header: StudyHeader, folder: Path) -> None:
        self._told = set[str]()  # parameters whose range grows with the values
        self._lock = threading.RLock()
        self._count = 0
        self._running: dict[int, TrialLog] = {}
        self._header = header
        self._store = ExperimentStore.open(folder)
        try:
            self.id = self._store.create(header)
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close("" if error is None else f"{type(error).__name__}: {error}")

    def close(self, reason: str = "") -> None:
        """Write what is left, end trials that were not finished as failed, and close the store."""
        with self._lock:
            for trial in list(self._running.values()):
                trial.fail(reason or "it was not finished")
            self._store.close()

    def trial(self, params: Mapping[str, Any], *, parent: TrialLog | None = None) -> TrialLog:
        """Return a new running trial, on disk already.

        Args:
            params: Value of each active parameter.
            parent: The trial it is forked from.

        Raises:
            SpaceError: A value is of another kind than its parameter.
            StoreError: The disk refused.
        """
        with self._lock:
            self._learn(params)
            header = self._header
            row = Trials.empty(1, len(header.space), len(header.objectives), 0)
            row.number[0], row.state[0] = self._count, TrialState.RUNNING
            row.started[0] = time.time()
            row.parent[0] = -1 if parent is None else parent.row
            for name, value in params.items():
                row.values[0, header.space.index(name)] = header.space[name].encode(_plain(value))
            row = replace(row, metrics=np.full((1, len(header.metric_names)), np.nan))
            at = self._store.append(self.id, Batch(trials=row)).first_trial_row
            self._count += 1
            self._running[at] = TrialLog(self, at, float(row.started[0]))
            return self._running[at]

    def _learn(self, params: Mapping[str, Any]) -> None:
        """Add parameters nobody declared to the space, and widen the ones added before."""
        space = self._header.space
        for name, stored in params.items():
            value = _plain(stored)
            if name not in space:
                self._told.add(name)
                space = space.with_parameter(_first(name, value))
            elif name in self._told or space[name].is_discrete_choice:
                space = space.with_parameter(_widened(space[name], value))
            elif not isinstance(value, (int, float)):
                raise SpaceError(f"Parameter {name!r} is a number, not {value!r}.")
        if space != self._header.space:
            self._change(replace(self._header, space=space))

    def _change(self, header: StudyHeader) -> None:
        self._store.update_header(self.id, header)
        self._header = header

    def _curves(self, names: Sequence[str]) -> dict[str, int]:
        """Return the position of each curve, adding those that are new."""
        known = self._header.curve_names
        new = tuple(name for name in dict.fromkeys(names) if name not in known)
        if new:
            self._change(replace(self._header, curve_names=(*known, *new)))
        return {name: i for i, name in enumerate(self._header.curve_names)}

    def _metrics(self, names: Sequence[str]) -> tuple[str, ...]:
        known = self._header.metric_names
        new = tuple(name for name in names if name not in known)
        if new:
            self._change(replace(self._header, metric_names=(*known, *new)))
        return self._header.metric_names

    def _end(self, trial: TrialLog, end: _End) -> None:
        with self._lock:
            if self._running.pop(trial.row, None) is None:
                raise HyperTendrilError("This trial has ended already.")
            names = self._metrics([clean(name) for name in end.metrics])
            trials = self._store.snapshot(self.id).trials
            update = TrialUpdates.like(trials, [trial.row])
            now = time.time()
            update.state[0], update.ended[0] = end.state, now
            update.objectives[0] = end.objectives
            metrics = np.full((1, len(names)), np.nan)
            for name, value in end.metrics.items():
                metrics[0, names.index(clean(name))] = value
            notes = {trial.row: end.note} if end.note else {}
            update = replace(update, metrics=metrics, notes=notes)
            looks = _looks(trial.row, end, trial.last_step, now)
            batch = Batch(updates=update, evaluations=looks, curves=trial.take_points())
            self._store.append(self.id, batch)

    def _flush(self, points: CurvePoints | None) -> None:
        if points is not None:
            self._store.append(self.id, Batch(curves=points))


class _End:
    """How a trial ended."""

    def __init__(
        self,
        state: TrialState,
        objectives: Sequence[float],
        metrics: Mapping[str, float] | None = None,
        note: str = "",
    ) -> None:
        self.state = state
        self.objectives = objectives
        self.metrics = metrics or {}
        self.note = note


class TrialLog:
    """A running trial."""

    def __init__(self, study: StudyLog, row: int, started: float) -> None:
        self._study = study
        self._points: list[tuple[str, float, float]] = []
        self._flushed = started
        self._last: dict[str, float] = {}
        self.row = row
        self.last_step = math.nan

    def report(self, step: float, **metrics: float) -> Self:
        """Record the metrics at a step of training: one point of a curve each.

        Raises:
            HyperTendrilError: A metric is no number, or the trial has ended.
        """
        numbers = {clean(name): _number(name, value) for name, value in metrics.items()}
        with self._study._lock:  # noqa: SLF001 - one class in two parts
            self._require_running()
            self.last_step = _number("step", step)
            self._last |= numbers
            self._points += [(name, self.last_step, value) for name, value in numbers.items()]
            if time.time() - self._flushed > FLUSH_SECONDS:
                self._study._flush(self.take_points())  # noqa: SLF001
        return self

    def finish(self, value: Any = None, **metrics: float) -> None:
        """End the trial with its result.

        Args:
            value: The objective, a sequence of all objectives, or a mapping by name; where it is
                None, what was reported last of each. NaN is a failure.
            metrics: Other numbers to be kept.

        Raises:
            HyperTendrilError: There is no value, or the trial has ended.
        """
        reached = self._objectives(value)
        numbers = {name: _number(name, number) for name, number in metrics.items()}
        is_good = not any(math.isnan(number) for number in reached)
        state = TrialState.COMPLETE if is_good else TrialState.FAILED
        note = "" if is_good else "its objective is NaN"
        self._study._end(self, _End(state, reached, numbers, note))  # noqa: SLF001

    def prune(self) -> None:
        """End the trial early: it was not promising. What was reported last is kept."""
        names = [o.name for o in self._study._header.objectives]  # noqa: SLF001
        reached = [self._last.get(name, math.nan) for name in names]
        self._study._end(self, _End(TrialState.PRUNED, reached))  # noqa: SLF001

    def fail(self, reason: str = "") -> None:
        """End the trial as failed."""
        count = len(self._study._header.objectives)  # noqa: SLF001
        self._study._end(  # noqa: SLF001
            self, _End(TrialState.FAILED, [math.nan] * count, note=clean(reason)[:300])
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.row not in self._study._running:  # noqa: SLF001
            return
        if error is None:
            self.finish()
        else:
            self.fail(f"{type(error).__name__}: {error}")

    def take_points(self) -> CurvePoints | None:
        """Return the points that are not written yet, which then count as written."""
        points, self._points = self._points, []
        self._flushed = time.time()
        if not points:
            return None
        at = self._study._curves([name for name, _, _ in points])  # noqa: SLF001
        return CurvePoints(
            trial=np.full(len(points), self.row, dtype=np.int64),
            metric=np.array([at[name] for name, _, _ in points], dtype=np.int16),
            step=np.array([step for _, step, _ in points], dtype=np.float64),
            value=np.array([value for _, _, value in points], dtype=np.float64),
        )

    def _require_running(self) -> None:
        if self.row not in self._study._running:  # noqa: SLF001
            raise HyperTendrilError("This trial has ended already.")

    def _objectives(self, value: Any) -> list[float]:
        names = [o.name for o in self._study._header.objectives]  # noqa: SLF001
        if value is None:
            value = self._last
        if isinstance(value, Mapping):
            missing = [name for name in names if name not in value]
            if missing:
                raise HyperTendrilError(f"The trial has no value of {', '.join(missing)}.")
            return [_number(name, value[name]) for name in names]
        is_sequence = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
        values = list(value) if is_sequence else [value]
        if len(values) != len(names):
            raise HyperTendrilError(f"The study has the objectives {', '.join(names)}.")
        return [_number(name, item) for name, item in zip(names, values, strict=True)]


def _looks(row: int, end: _End, step: float, now: float) -> Evaluations | None:
    if end.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return None
    found = Evaluations.empty(1)
    found.trial[0], found.value[0] = row, end.objectives[0]
    found.resource[0], found.time[0] = step, now
    is_whole = end.state is TrialState.COMPLETE
    found.outcome[0] = Outcome.FINAL if is_whole else Outcome.DISCARDED
    return found


def _plain(value: Any) -> Any:
    return as_choice(value.item() if hasattr(value, "item") else value)


def _number(name: str, value: Any) -> float:
    """Return a number, also one of numpy or of a tensor."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, (int, float)):
        return float(plain)
    raise HyperTendrilError(f"{name!r} is {type(value).__name__}; it must be a number.")


def _first(name: str, value: Any) -> Parameter:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Parameter(name, ParameterKind.CATEGORICAL, choices=(value,))
    kind = ParameterKind.INT if isinstance(value, int) else ParameterKind.FLOAT
    return Parameter(name, kind, float(value), float(value))


def _widened(parameter: Parameter, value: Any) -> Parameter:
    if parameter.is_discrete_choice:
        is_known = not math.isnan(parameter.encode(value))
        return parameter if is_known else replace(parameter, choices=(*parameter.choices, value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpaceError(f"Parameter {parameter.name!r} is a number, not {value!r}.")
    assert parameter.low is not None
    assert parameter.high is not None
    is_int = parameter.kind is ParameterKind.INT and isinstance(value, int)
    return replace(
        parameter,
        kind=ParameterKind.INT if is_int else ParameterKind.FLOAT,
        low=min(parameter.low, float(value)),
        high=max(parameter.high, float(value)),
    )
