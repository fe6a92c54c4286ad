"""Studies of which somebody says better than the log what is their goal and what their columns are."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    Choice,
    Direction,
    Evaluations,
    Objective,
    Outcome,
    Parameter,
    SearchSpace,
)
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.result import Reader, ReadStudy, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.tables.told import ROWS_SHOWN, TableColumn

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """A column of a study: what it is now, and its numbers (codes for choices)."""

    role: str
    values: Floats
    parameter: Parameter | None = None


def columns_of(studies: Iterable[ReadStudy]) -> tuple[TableColumn, ...]:
    """Return the columns of studies, those of one name once, each with what it is taken for."""
    found: dict[str, TableColumn] = {}
    for study in studies:
        for name, column in _columns(study).items():
            if name not in found:
                found[name] = _shown(name, column)
    return tuple(found.values())


def guesses_of(study: ReadStudy) -> tuple[str, ...]:
    """Return what a reader had to guess of a study, in words."""
    return tuple(skipped.reason for skipped in study.header.skipped if skipped.is_guess)


def retold(study: ReadStudy, roles: Mapping[str, str]) -> ReadStudy:
    """Return a study with the roles somebody gave its columns; others stay what they are.

    Args:
        study: As it was read.
        roles: Role by name of column, in the words of `read_table`.
    """
    columns = _columns(study)
    roles = {name: roles.get(name, column.role) for name, column in columns.items()}
    objectives = [name for name, role in roles.items() if role.startswith("objective:")]
    if not objectives:
        return study  # none of the columns that were told of is there
    parameters, values = _parameters(columns, roles)
    goals = [_objective(name, roles[name]) for name in objectives]
    metrics = [name for name, role in roles.items() if role.startswith("metric:")]
    header = replace(
        study.header,
        objectives=tuple(goals),
        space=SearchSpace(parameters),
        metric_names=tuple(roles[name].split(":", 1)[1] for name in metrics),
        skipped=tuple(s for s in study.header.skipped if not s.is_guess),
    )
    trials = replace(
        study.trials,
        values=values,
        objectives=_table([_as_numbers(columns[name]) for name in objectives], len(study.trials)),
        metrics=_table([_as_numbers(columns[name]) for name in metrics], len(study.trials)),
    )
    told = replace(study, header=header, trials=trials)
    if goals[0].name == study.header.objectives[0].name:
        return told
    return replace(told, evaluations=_reevaluated(told))


class RetoldReader:
    """Reads a source by another reader, and its studies as somebody told."""

    def __init__(self, reader: Reader, roles: Mapping[str, str]) -> None:
        self.name = reader.name
        self.about = reader.about
        self._reader = reader
        self._roles = dict(roles)

    def detects(self, source: Source) -> bool:
        """Return whether the other reader takes the source."""
        return self._reader.detects(source)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the source as told."""
        return self._told(self._reader.read(source))

    def change_token(self, source: Source) -> Hashable:
        """Return the token of the other reader."""
        return self._reader.change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail of the studies as told."""
        return _RetoldTail(self._reader.follow(source), self._roles)

    def _told(self, studies: Sequence[ReadStudy]) -> tuple[ReadStudy, ...]:
        return tuple(retold(study, self._roles) for study in studies)


class _RetoldTail:
    def __init__(self, tail: Tail, roles: Mapping[str, str]) -> None:
        self._tail = tail
        self._roles = roles

    def advance(self) -> tuple[ReadStudy, ...]:
        return tuple(retold(study, self._roles) for study in self._tail.advance())


def _columns(study: ReadStudy) -> dict[str, _Column]:
    header, trials = study.header, study.trials
    found: dict[str, _Column] = {}
    for i, objective in enumerate(header.objectives):
        role = f"objective:{objective.name}:{objective.direction.value}"
        found[objective.name] = _Column(role, trials.objectives[:, i])
    for i, parameter in enumerate(header.space):
        way = "" if parameter.is_discrete_choice else ":log" if parameter.log else ":linear"
        role = f"param:{parameter.name}{way}"
        found[_free(found, parameter.name, "parameter")] = _Column(
            role, trials.values[:, i], parameter
        )
    for i, name in enumerate(header.metric_names):
        found[_free(found, name, "metric")] = _Column(f"metric:{name}", trials.metrics[:, i])
    return found


def _free(taken: Mapping[str, _Column], name: str, kind: str) -> str:
    return name if name not in taken else f"{name} ({kind})"


def _shown(name: str, column: _Column) -> TableColumn:
    numbers = _as_numbers(column)
    finite = numbers[np.isfinite(numbers)]
    parameter = column.parameter
    if parameter is not None and parameter.is_discrete_choice:
        cells = [
            "" if math.isnan(v) else str(parameter.choices[int(v)]) for v in column.values.tolist()
        ]
    else:
        cells = ["" if math.isnan(v) else f"{v:.6g}" for v in column.values.tolist()]
    return TableColumn(
        name=name,
        role=column.role,
        cells=tuple(cells[:ROWS_SHOWN]),
        is_number=bool(len(finite)),
        can_be_log=bool(len(finite)) and bool(finite.min() > 0),
    )


def _as_numbers(column: _Column) -> Floats:
    """Return a column as numbers: choices that are numbers by their value, others as NaN."""
    parameter = column.parameter
    if parameter is None or not parameter.is_discrete_choice:
        return column.values
    numbers = [
        float(c) if isinstance(c, (int, float)) and not isinstance(c, bool) else math.nan
        for c in parameter.choices
    ]
    codes = column.values
    lookup = np.array([*numbers, math.nan])
    return lookup[np.where(np.isnan(codes), len(numbers), codes).astype(np.int64)]


def _parameters(
    columns: Mapping[str, _Column], roles: Mapping[str, str]
) -> tuple[tuple[Parameter, ...], Floats]:
    parameters: list[Parameter] = []
    values: list[Floats] = []
    count = len(next(iter(columns.values())).values)
    for name, role in roles.items():
        if not role.startswith("param:"):
            continue
        column = columns[name]
        parameter = column.parameter or _inferred(role.split(":")[1], column.values)
        if parameter is None:
            continue
        if not parameter.is_discrete_choice:
            parameter = replace(parameter, log=role.endswith(":log") and (parameter.low or 0) > 0)
        parameters.append(parameter)
        values.append(column.values)
    names = {parameter.name for parameter in parameters}
    free = (
        p if p.condition is None or p.condition.parent in names else replace(p, condition=None)
        for p in parameters
    )
    return tuple(free), _table(values, count)


def _inferred(name: str, values: Floats) -> Parameter | None:
    cells: list[Choice] = [
        int(v) if v.is_integer() else v for v in values[np.isfinite(values)].tolist()
    ]
    return infer_parameter(name, cells)


def _objective(name: str, role: str) -> Objective:
    _, _, rest = role.partition(":")
    stem, _, way = rest.rpartition(":")
    return Objective(stem or name, Direction(way))


def _table(columns: Sequence[Floats], count: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((count, 0))


def _reevaluated(study: ReadStudy) -> Evaluations:
    """Return the evaluations with the values of another objective: from its curve, else its end."""
    goal, seen = study.header.objectives[0].name, study.evaluations
    values = np.full(len(seen), np.nan)
    closing = np.isin(seen.outcome, [Outcome.FINAL, Outcome.DISCARDED])
    values[closing] = study.trials.objectives[seen.trial[closing], 0]
    if goal in study.header.curve_names:
        at = study.header.curve_names.index(goal)
        mine = np.flatnonzero(study.curves.metric == at)
        trial, step, value = (
            study.curves.trial[mine],
            study.curves.step[mine],
            study.curves.value[mine],
        )
        for row in np.flatnonzero(np.isfinite(seen.resource)).tolist():
            before = np.flatnonzero((trial == seen.trial[row]) & (step <= seen.resource[row]))
            if len(before):
                values[row] = value[before[-1]]
    return replace(seen, value=values)
