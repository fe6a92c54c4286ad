"""A study put together row by row, as the readers of run folders find it; columns at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    Choice,
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.files.json_text import as_choice, as_number, clean, plain
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy

NAN = float("nan")
MOST_NAMES = 2000  # metrics, curves or parameters of one study
EDGE = 1e-9  # a value this near outside a bound (relative to the range) was rounded there

Floats = NDArray[np.float64]


@dataclass(slots=True)
class TrialRow:
    """One trial to be: see `Trials` for the meaning of each field."""

    number: int
    params: Mapping[str, Any] = field(default_factory=dict)
    state: TrialState = TrialState.WAITING
    objectives: Sequence[float] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parent: int = -1
    bracket: int = -1
    started: float = NAN
    ended: float = NAN
    note: str | None = None


@dataclass(slots=True)
class Look:
    """One evaluation to be: see `Evaluations` for the meaning of each field."""

    trial: int
    value: float
    outcome: Outcome
    iteration: int = -1
    bracket: int = -1
    rung: int = -1
    resource: float = NAN
    time: float = NAN


@dataclass(slots=True)
class Draft:
    """Everything of a study but its header.

    Attributes:
        trials: In row order.
        looks: In the order they happened.
        curves: Row, name, steps, values of each curve.
        space: What the run declared; what it lacks is told from the values.
        losses: Gets what can't be kept.
        constants: What the run declared to be the same in every trial: an attribute, no parameter.
    """

    losses: Losses
    space: SearchSpace = field(default_factory=SearchSpace)
    constants: Mapping[str, Any] = field(default_factory=dict)
    trials: list[TrialRow] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    curves: list[tuple[int, str, Floats, Floats]] = field(default_factory=list)

    def add(self, trial: TrialRow) -> int:
        """Append a trial and return its row."""
        self.trials.append(trial)
        return len(self.trials) - 1

    def build(self, header: StudyHeader) -> ReadStudy:
        """Return the study: `header` completed with space, metrics, curves and losses."""
        found = Parameters(self.space, self.trials, self.losses, self.constants)
        values, parameters = found.columns()
        metric_names, metrics = self._metrics()
        m = len(header.objectives)
        trials = self._columns(values, metrics, m)
        curve_names, points = self._points()
        outside = outside_range(parameters, values)
        for name, count in outside.items():
            parameter = parameters[[p.name for p in parameters].index(name)]
            self.losses.count(
                f"kept, and marked: values of {name!r} outside its range "
                f"{parameter.low:g} to {parameter.high:g}",
                count,
            )
        attributes = dict(header.attributes)
        if self.constants:
            attributes["fixed"] = dict(self.constants)
        if outside:
            attributes["values_outside_range"] = outside
        complete = replace(
            header,
            space=SearchSpace(tuple(parameters)),
            metric_names=metric_names,
            curve_names=curve_names,
            attributes=plain(attributes),
            skipped=(*header.skipped, *self.losses.listed()),
        )
        return ReadStudy(complete, trials, self._evaluations(), points)

    def _columns(self, values: Floats, metrics: Floats, m: int) -> Trials:
        n = len(self.trials)
        found = replace(Trials.empty(n, 0, m, 0), values=values, metrics=metrics)
        for name in ("number", "state", "parent", "bracket", "started", "ended"):
            getattr(found, name)[:] = list(map(attrgetter(name), self.trials))
        for row, trial in enumerate(self.trials):
            reached = trial.objectives[:m]
            found.objectives[row, : len(reached)] = reached
            if trial.note:
                found.notes[row] = clean(trial.note)
        return found

    def _metrics(self) -> tuple[tuple[str, ...], Floats]:
        names: list[str] = []
        columns: list[Floats] = []
        for name, (rows, cells) in _by_name([trial.metrics for trial in self.trials]).items():
            numbers, others = number_column(cells)
            self.losses.count(f"metric {clean(str(name))!r} is not a number", others)
            known = len(cells) - others - cells.count(None)
            if known and len(names) >= MOST_NAMES:
                self.losses.count(f"metrics beyond the first {MOST_NAMES}", known)
            elif known:
                names.append(clean(str(name)))
                columns.append(np.full(len(self.trials), np.nan))
                columns[-1][rows] = numbers
        return tuple(names), _side_by_side(columns, len(self.trials))

    def _points(self) -> tuple[tuple[str, ...], CurvePoints]:
        names: dict[str, int] = {}
        parts: list[tuple[int, int, Floats, Floats]] = []
        for row, name, steps, values in self.curves:
            if name not in names and len(names) >= MOST_NAMES:
                self.losses.count(f"curves of metrics beyond the first {MOST_NAMES}")
                continue
            parts.append((row, names.setdefault(name, len(names)), steps, values))
        if not parts:
            return (), CurvePoints.empty()
        lengths = [len(steps) for _, _, steps, _ in parts]
        points = CurvePoints(
            trial=np.repeat(np.array([row for row, *_ in parts], dtype=np.int64), lengths),
            metric=np.repeat(np.array([at for _, at, *_ in parts], dtype=np.int16), lengths),
            step=np.concatenate([steps for _, _, steps, _ in parts]),
            value=np.concatenate([values for *_, values in parts]),
        )
        return tuple(map(clean, names)), self._placed(points)

    def _placed(self, points: CurvePoints) -> CurvePoints:
        """Return the points that have a step; nearly always all, which are not copied."""
        has_step = np.isfinite(points.step)
        if has_step.all():
            return points
        self.losses.count("points of curves without a step", int((~has_step).sum()))
        return CurvePoints(
            trial=points.trial[has_step],
            metric=points.metric[has_step],
            step=points.step[has_step],
            value=points.value[has_step],
        )

    def _evaluations(self) -> Evaluations:
        found = Evaluations.empty(len(self.looks))
        for name in Look.__slots__:
            getattr(found, name)[:] = list(map(attrgetter(name), self.looks))
        return found


def number_column(values: Sequence[Any]) -> tuple[Floats, int]:
    """Return JSON values as floats, NaN where they are none, and how many of those are not null."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return np.full(len(values), np.nan), len(values)
    if kinds <= {float, int, NoneType}:
        with suppress(OverflowError):
            return np.array(values, dtype=np.float64), 0  # nearly always
    numbers = [as_number(value) for value in values]
    return np.array(numbers, dtype=np.float64), numbers.count(None) - values.count(None)


def _by_name(records: Sequence[Mapping[str, Any]]) -> dict[str, tuple[list[int], list[Any]]]:
    """Return the rows and the values of each name; records of the same names are taken at once."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for row, record in enumerate(records):
        alike.setdefault(tuple(record), []).append(row)
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for names, rows in alike.items():
        columns = zip(*(records[row].values() for row in rows), strict=True)
        for name, values in zip(names, columns, strict=True):
            own = found.setdefault(name, ([], []))
            own[0].extend(rows)
            own[1].extend(values)
    return found


def _side_by_side(columns: Sequence[Floats], n: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((n, 0))


def outside_range(parameters: Sequence[Parameter], values: Floats) -> dict[str, int]:
    """Return how many values of each parameter lie outside its declared bounds; none is left out."""
    found = {}
    for i, parameter in enumerate(parameters):
        if parameter.is_discrete_choice or parameter.low is None or parameter.high is None:
            continue
        slack = EDGE * max(parameter.high - parameter.low, abs(parameter.high))
        column = values[:, i]
        with np.errstate(invalid="ignore"):
            beyond = (column < parameter.low - slack) | (column > parameter.high + slack)
        if beyond.any():
            found[parameter.name] = int(beyond.sum())
    return found


class Parameters:
    """From the configurations of trials to columns: declared parameters first, then the others."""

    def __init__(
        self,
        space: SearchSpace,
        trials: Sequence[TrialRow],
        losses: Losses,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        self._space = space
        self._trials = trials
        self._losses = losses
        self._constants = constants or {}

    def columns(self) -> tuple[Floats, list[Parameter]]:
        """Return (n, d) values and the d parameters."""
        parameters: list[Parameter] = []
        columns: list[Floats] = []
        declared_by_name = {parameter.name: parameter for parameter in self._space}
        for name in self._names():
            values = [trial.params.get(name, _ABSENT) for trial in self._trials]
            declared = declared_by_name.get(name)
            parameter = declared or infer_parameter(
                name, [as_choice(value) for value in values if value is not _ABSENT]
            )
            if parameter is None:
                self._losses.add(f"parameter {name!r}: no usable value")
                continue
            parameter, column = self._encoded(parameter, values)
            parameters.append(parameter)
            columns.append(column)
        return _side_by_side(columns, len(self._trials)), parameters

    def _names(self) -> list[str]:
        seen = dict.fromkeys(self._space.names)
        for trial in self._trials:
            if not trial.params.keys() <= seen.keys():
                for name, value in trial.params.items():
                    if name not in self._constants or as_choice(value) != self._constants[name]:
                        seen.setdefault(name)
        names = list(seen)
        if len(names) > MOST_NAMES:
            self._losses.add(f"{len(names)} parameters; the first {MOST_NAMES} are kept")
        return names[:MOST_NAMES]

    def _encoded(self, parameter: Parameter, values: Sequence[Any]) -> tuple[Parameter, Floats]:
        if parameter.is_discrete_choice:
            return self._coded(parameter, values)
        column, others = number_column([None if v is _ABSENT else v for v in values])
        self._losses.count(f"parameter {parameter.name!r}: a value that is not a number", others)
        return parameter, column

    def _coded(self, parameter: Parameter, values: Sequence[Any]) -> tuple[Parameter, Floats]:
        codes = {_key(choice): code for code, choice in enumerate(parameter.choices)}
        declared = len(codes)
        column = np.full(len(values), np.nan)
        of_text: dict[str, int] = {}  # the values of nearly all parameters of this kind
        for row, value in enumerate(values):
            code = of_text.get(value) if type(value) is str else None
            if code is None:
                choice = None if value is _ABSENT else as_choice(value)
                code = None if value is _ABSENT else codes.get(_key(choice))
                if code is None:
                    if choice is None:
                        continue
                    code = codes[_key(choice)] = len(codes)
                if type(value) is str:
                    of_text[value] = code
            column[row] = code
        if len(codes) == declared:
            return parameter, column
        extra = [choice for (_, choice) in list(codes)[declared:]]
        self._losses.count(
            f"kept, and added to the choices: values of {parameter.name!r} that were not declared",
            int((column >= declared).sum()),
        )
        return replace(parameter, choices=(*parameter.choices, *extra)), column


_ABSENT = object()  # a trial without the parameter; None may be a choice


def _key(choice: Choice) -> tuple[bool, Choice]:
    return isinstance(choice, bool), choice


def fixed_values(configs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what stands in every configuration with one and the same value; none for one alone."""
    rest = list(configs)
    if len(rest) < 2:
        return {}
    common = dict(rest[0])
    for config in rest[1:]:
        common = {
            key: value
            for key, value in common.items()
            if key in config and config[key] == value and type(config[key]) is type(value)
        }
        if not common:
            break
    return common


def ordinal_of(name: str, values: Sequence[Choice]) -> Parameter | None:
    """Return an ordinal for whole numbers drawn from a short uneven list, such as batch sizes.

    None where the numbers could as well come from a range.
    """
    seen = [v for v in values if v is not None]
    if not all(isinstance(v, int) and not isinstance(v, bool) for v in seen):
        return None
    distinct = sorted({int(v) for v in seen if isinstance(v, int)})
    if not 3 <= len(distinct) <= 8 or len(seen) < 3 * len(distinct):
        return None
    gaps = np.diff(distinct)
    if (gaps == gaps[0]).all():
        return None
    return Parameter(name, ParameterKind.ORDINAL, choices=tuple(distinct))


def header_of(
    name: str,
    framework: str,
    objectives: Sequence[Objective],
    method: Method,
    attributes: Mapping[str, Any] | None = None,
    source: str = "",
) -> StudyHeader:
    """Return the header of a study whose columns are still to come."""
    return StudyHeader(
        name=clean(name) or framework,
        space=SearchSpace(),
        objectives=tuple(objectives) or (Objective("value", Direction.MINIMIZE),),
        method=Method(method.name, plain(dict(method.settings))),
        framework=framework,
        source=source,
        attributes=dict(attributes or {}),
    )
