"""A study put together row by row, as the readers of run folders find it; columns at the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
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
NAMELESS = "(no name)"  # a key that is an empty text
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
        for row, trial in enumerate(self.trials):
            found.number[row] = trial.number
            found.state[row] = trial.state
            reached = trial.objectives[:m]
            found.objectives[row, : len(reached)] = reached
            found.parent[row] = trial.parent
            found.bracket[row] = trial.bracket
            found.started[row] = trial.started
            found.ended[row] = trial.ended
            if trial.note:
                found.notes[row] = clean(trial.note)
        return found

    def _metrics(self) -> tuple[tuple[str, ...], Floats]:
        columns: dict[str, Floats] = {}
        for row, trial in enumerate(self.trials):
            for name, value in trial.metrics.items():
                number = value if type(value) is float else as_number(value)
                if number is None:
                    if value is not None:
                        self.losses.count(f"metric {clean(str(name))!r} is not a number")
                    continue
                column = columns.get(name)
                if column is None:
                    if len(columns) >= MOST_NAMES:
                        self.losses.count(f"metrics beyond the first {MOST_NAMES}")
                        continue
                    column = columns[name] = np.full(len(self.trials), np.nan)
                column[row] = number
        table = np.empty((len(self.trials), len(columns)))
        for i, column in enumerate(columns.values()):
            table[:, i] = column
        return tuple(clean(str(name)) for name in columns), table

    def _points(self) -> tuple[tuple[str, ...], CurvePoints]:
        names: dict[str, int] = {}
        parts: list[tuple[int, int, Floats, Floats]] = []
        for row, name, steps, values in self.curves:
            if name not in names and len(names) >= MOST_NAMES:
                self.losses.count(f"curves of metrics beyond the first {MOST_NAMES}")
                continue
            parts.append((row, names.setdefault(name, len(names)), *self._placed(steps, values)))
        if not parts:
            return (), CurvePoints.empty()
        lengths = [len(steps) for _, _, steps, _ in parts]
        return tuple(map(clean, names)), CurvePoints(
            trial=np.repeat(np.array([row for row, *_ in parts], dtype=np.int64), lengths),
            metric=np.repeat(np.array([at for _, at, *_ in parts], dtype=np.int16), lengths),
            step=np.concatenate([steps for _, _, steps, _ in parts]),
            value=np.concatenate([values for *_, values in parts]),
        )

    def _placed(self, steps: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Return the points that have a step; nearly always all, which are not copied."""
        has_step = np.isfinite(steps)
        if has_step.all():
            return steps, values
        self.losses.count("points of curves without a step", int((~has_step).sum()))
        return steps[has_step], values[has_step]

    def _evaluations(self) -> Evaluations:
        found = Evaluations.empty(len(self.looks))
        for i, look in enumerate(self.looks):
            found.trial[i] = look.trial
            found.iteration[i] = look.iteration
            found.bracket[i] = look.bracket
            found.rung[i] = look.rung
            found.resource[i] = look.resource
            found.value[i] = look.value
            found.outcome[i] = look.outcome
            found.time[i] = look.time
        return found


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
        table = np.column_stack(columns) if columns else np.empty((len(self._trials), 0))
        return table, parameters

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
        column = np.full(len(values), np.nan)
        for row, value in enumerate(values):
            number = value if type(value) is float else as_number(value)
            if number is not None:
                column[row] = number
            elif value is not _ABSENT and value is not None:
                self._losses.count(f"parameter {parameter.name!r}: a value that is not a number")
        return parameter, column

    def _coded(self, parameter: Parameter, values: Sequence[Any]) -> tuple[Parameter, Floats]:
        codes = {_key(choice): code for code, choice in enumerate(parameter.choices)}
        declared = len(codes)
        column = np.full(len(values), np.nan)
        for row, value in enumerate(values):
            choice = None if value is _ABSENT else as_choice(value)
            code = None if value is _ABSENT else codes.get(_key(choice))
            if code is None:
                if choice is None:
                    continue
                code = codes[_key(choice)] = len(codes)
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


@lru_cache(maxsize=4096)
def _joined(prefix: str, key: str) -> str:
    return f"{prefix}{clean(key) or NAMELESS}"


def flat(config: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return a nested configuration with one key a leaf: `{"opt": {"lr": 1}}` -> `{"opt/lr": 1}`.

    Of `{"opt": {"lr": 1}, "opt/lr": 2}` the later one is `opt/lr (2)`.
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        name = _joined(prefix, str(key))
        if isinstance(value, dict) and value and depth < 8:
            for inner, item in flat(value, f"{name}/", depth + 1).items():
                found[_unlike(inner, found)] = item
        else:
            found[_unlike(name, found)] = value
    return found


def _unlike(name: str, found: Mapping[str, Any]) -> str:
    """Return a name that is not taken yet: nearly always the name itself."""
    if name not in found:
        return name
    return next(other for n in itertools.count(2) if (other := f"{name} ({n})") not in found)


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
