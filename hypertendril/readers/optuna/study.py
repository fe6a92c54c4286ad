"""From the rows of an Optuna storage to a study (the mapping is described in docs/formats.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    CurvePoints,
    Direction,
    Method,
    Objective,
    Parameter,
    SearchSpace,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers.drafts.conditions import infer_conditions
from hypertendril.readers.files.json_text import clean, plain
from hypertendril.readers.losses import Losses
from hypertendril.readers.optuna.attributes import (
    CONSTRAINTS,
    EXPORTED,
    GENERATION,
    METRIC_NAMES,
    RETRIED,
    RUNG,
)
from hypertendril.readers.optuna.exported import as_exported
from hypertendril.readers.optuna.methods import method_of
from hypertendril.readers.optuna.rows import (
    OptunaTables,
    StudyRecord,
    StudyRows,
    Texts,
    last_of_each,
    split,
)
from hypertendril.readers.optuna.rungs import Ends, Reports, Rungs, Stored, evaluations
from hypertendril.readers.optuna.space import column_of
from hypertendril.readers.result import ReadStudy

_RUNG = re.compile(rf"{RUNG}(\d{{1,9}})")


def build_studies(
    records: Sequence[StudyRecord],
    parts: Sequence[OptunaTables],
    texts: Texts,
    shown: str,
    losses: Losses,
) -> tuple[ReadStudy, ...]:
    """Return the studies of a storage.

    Args:
        records: The studies, in the order wanted.
        parts: Tables that together hold all rows; later parts win.
        texts: What the codes in the tables stand for.
        shown: Name of the source for the header.
        losses: What was already left out of the whole storage; listed in every study.
    """
    split_rows = split(parts, [record.id for record in records])
    return tuple(
        _StudyBuilder(record, rows, texts, shown, losses).build()
        for record, rows in zip(records, split_rows, strict=True)
    )


class _StudyBuilder:
    def __init__(
        self, record: StudyRecord, rows: StudyRows, texts: Texts, shown: str, losses: Losses
    ) -> None:
        self.record = record
        self.rows = rows
        self.texts = texts
        self.shown = shown
        self.file_losses = losses
        self.losses = Losses(shown)
        self.n = len(rows.number)

    def build(self) -> ReadStudy:
        """Return the study that the rows of the database describe."""
        objectives = self._objectives()
        parameters, values = self._parameters()
        parameters = infer_conditions(parameters, values, self.rows.state)
        metric_names, metrics = self._metrics()
        reports = Reports(*last_of_each(self.rows.reports[:2], self.rows.reports[2]))
        reached = self._reached(len(objectives), reports)
        rungs = self._rungs(reports)
        generation = self._generation()
        trials = Trials(
            number=self.rows.number,
            state=self.rows.state,
            values=values,
            objectives=reached,
            metrics=metrics,
            parent=self._parent(),
            bracket=self._bracket(rungs, generation),
            started=self.rows.started,
            ended=self.rows.ended,
            violation=self._violation(),
            notes=dict(self.rows.notes),
        )
        ends = Ends(trials.state, reached[:, 0], trials.started, trials.ended, generation)
        done = evaluations(ends, rungs, reports)
        curves = CurvePoints(
            trial=reports.row,
            metric=np.zeros(len(reports.row), dtype=np.int16),
            step=reports.step,
            value=reports.value,
        )
        header = StudyHeader(
            name=clean(self.record.name),
            space=SearchSpace(tuple(parameters)),
            objectives=objectives,
            method=self._method(rungs),
            metric_names=metric_names,
            curve_names=(objectives[0].name,) if len(curves) else (),
            framework="optuna",
            source=self.shown,
            attributes=plain(dict(self.record.user_attrs)),
            skipped=(*self.file_losses.listed(), *self.losses.listed()),
        )
        found = ReadStudy(header, trials, done, curves)
        return as_exported(found, self.record.system_attrs.get(EXPORTED), self.rows.told)

    def _objectives(self) -> tuple[Objective, ...]:
        directions = []
        for text in self.record.directions or ("NOT_SET",):
            known = text.lower() in list(Direction)
            if not known:
                self.losses.add(f"direction {text!r} is unknown; minimize is assumed")
            directions.append(Direction(text.lower()) if known else Direction.MINIMIZE)
        names: Any = self.record.system_attrs.get(METRIC_NAMES)
        if not _are_names(names, len(directions)):
            if names is not None:
                self.losses.add(f"the metric names {str(names)[:80]!r} don't fit the objectives")
            m = len(directions)
            names = ["value"] if m == 1 else [f"value_{i}" for i in range(m)]
        return tuple(map(Objective, map(clean, names), directions))

    def _parameters(self) -> tuple[list[Parameter], NDArray[np.float64]]:
        row, name, distribution, value = self.rows.params
        names, distributions = self.texts.names.texts(), self.texts.distributions.texts()
        parameters: list[Parameter] = []
        columns: list[NDArray[np.float64]] = []
        for code, at in _groups(name):
            text = names[code]
            if not isinstance(text, str) or not text:
                self.losses.count("a parameter without a name", len(at))
                continue
            text = clean(text)
            found = column_of(text, value[at], distribution[at], distributions, self.losses)
            if found is None:
                self.losses.count(f"parameter {text!r}: no usable value")
                continue
            column = np.full(self.n, np.nan)
            column[row[at]] = found[1]
            parameters.append(found[0])
            columns.append(column)
        values = np.column_stack(columns) if columns else np.empty((self.n, 0))
        return parameters, values

    def _metrics(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        row, key, value = self.rows.user
        keys = self.texts.keys.texts()
        names, columns = [], []
        for code, at in _groups(key):
            column = np.full(self.n, np.nan)
            column[row[at]] = value[at]
            names.append(clean(str(keys[code])))
            columns.append(column)
        for code, at in _groups(self.rows.texts[1]):
            reason = f"user attribute {clean(str(keys[code]))!r} of a trial is not a number"
            self.losses.count(reason, len(at))
        metrics = np.column_stack(columns) if columns else np.empty((self.n, 0))
        return tuple(names), metrics

    def _reached(self, m: int, reports: Reports) -> NDArray[np.float64]:
        row, position, value = self.rows.objectives
        reached = np.full((self.n, m), np.nan)
        inside = (position >= 0) & (position < m)
        self.losses.count("an objective value beyond the study's objectives", int((~inside).sum()))
        reached[row[inside], position[inside]] = value[inside]
        if m == 1:
            # Older Optuna left the last report of a pruned trial out of its values.
            fill = (self.rows.state == TrialState.PRUNED) & np.isnan(reached[:, 0])
            reached[fill, 0] = reports.last(self.n)[1][fill]
        return reached

    def _system(self, wanted: str) -> list[tuple[str, NDArray[np.int64]]]:
        keys = self.texts.keys.texts()
        return [(keys[c], at) for c, at in _groups(self.rows.system[1]) if wanted in keys[c]]

    def _rungs(self, reports: Reports) -> Rungs:
        row, _, value = self.rows.system
        parts = []
        for key, at in self._system(RUNG):
            if match := _RUNG.fullmatch(key):
                parts.append((row[at], np.full(len(at), int(match[1])), value[at]))
        columns = [np.concatenate(c) for c in zip(*parts, strict=True)] if parts else None
        if columns is None:
            columns = [np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)]
        sorted_row, rung, seen = last_of_each(columns[:2], columns[2])
        return Stored(sorted_row, rung, seen, reports, self.n).locate()

    def _generation(self) -> NDArray[np.int32]:
        row, _, value = self.rows.system
        generation = np.full(self.n, -1, dtype=np.int32)
        for _, at in self._system(GENERATION):
            valid = at[(value[at] >= 0) & (value[at] < 2**31)]
            generation[row[valid]] = value[valid].astype(np.int32)
        return generation

    def _parent(self) -> NDArray[np.int64]:
        """Return the row of the failed trial that each trial tries again, -1 for none."""
        row, _, value = self.rows.system
        parent = np.full(self.n, -1, dtype=np.int64)
        for wanted in RETRIED:
            for _, at in self._system(wanted):
                earlier = np.minimum(np.searchsorted(self.rows.number, value[at]), self.n - 1)
                valid = (self.rows.number[earlier] == value[at]) & (earlier < row[at])
                parent[row[at][valid]] = earlier[valid]
        return parent

    def _bracket(self, rungs: Rungs, generation: NDArray[np.int32]) -> NDArray[np.int32]:
        bracket = generation.copy()
        bracket[rungs.row] = rungs.bracket
        return bracket

    def _violation(self) -> NDArray[np.float64]:
        row, _, value = self.rows.system
        violation = np.full(self.n, np.nan)
        for _, at in self._system(f"{CONSTRAINTS}:"):
            at = last_of_each((row[at],), at)[1]  # noqa: PLW2901 (set twice: the later one counts)
            before = np.nan_to_num(violation[row[at]])
            violation[row[at]] = before + np.maximum(value[at], 0.0)
        return violation

    def _method(self, rungs: Rungs) -> Method:
        keys = self.texts.keys.texts()
        seen = {keys[code] for code in np.unique(self.rows.system[1])}
        brackets = len(np.unique(rungs.bracket[rungs.bracket >= 0]))
        return method_of(self.record, seen, brackets)


def _groups(codes: NDArray[Any]) -> list[tuple[int, NDArray[np.int64]]]:
    """Return each code with the positions it stands at, in the order of first appearance."""
    if not len(codes):
        return []
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(codes[order]) != 0))
    groups = np.split(order, starts[1:])
    return sorted(((int(codes[at[0]]), at) for at in groups), key=lambda group: int(group[1][0]))


def _are_names(names: Any, count: int) -> bool:
    return (
        isinstance(names, list)
        and len(names) == count == len(set(map(str, names)))
        and all(isinstance(name, str) and name for name in names)
    )
