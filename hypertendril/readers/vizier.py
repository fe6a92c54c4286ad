"""OSS Vizier: the SQLite database of its service; each row is a protocol buffer."""

from __future__ import annotations

import struct
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Condition,
    Constraint,
    Direction,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.model.constraint import ATTRIBUTE as CONSTRAINTS
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import brief, clean
from hypertendril.readers.files.protobuf import (
    BadMessageError,
    Value,
    fields,
    floating,
    message,
    signed,
    text,
    varints,
)
from hypertendril.readers.files.sqlite_file import change_token
from hypertendril.readers.files.sqlite_tables import columns_of, grouped, opened, records
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.hparams import any_value
from hypertendril.readers.trackers.tracked import Known, TrackedRun, curve_of, study_of

_STUDIES = "SELECT * FROM studies ORDER BY study_name"
_TRIALS = "SELECT * FROM trials ORDER BY trial_id"
_KEY = ("owner_id", "study_id")
_STATES = {
    1: TrialState.WAITING,  # requested
    2: TrialState.RUNNING,
    3: TrialState.RUNNING,  # stopping
    4: TrialState.COMPLETE,
    5: TrialState.FAILED,  # infeasible
}
_LOG_SCALE = 2
_AS_BOOLEAN, _AS_FLOAT = 1, 3  # external types
DEEPEST = 16


@dataclass
class _Spec:
    """What a study is about."""

    name: str = ""
    algorithm: str = ""
    objectives: list[Objective] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    external: dict[str, int] = field(default_factory=dict)


class Vizier:
    """Reads the database of a Vizier server."""

    name = "vizier"
    about = About(
        title="Vizier",
        source="SQLite database of the open source service",
        kept="space with conditional parameters, objectives, safety metrics as constraints, "
        "measurements, infeasible trials",
        lost="metadata",
        tested=Tested.REAL,
        logs="its server (0.1.24): conditions on several values, two objectives, safety metrics, "
        "infeasible trials, NaN and infinite values; rows made with its own messages",
    )

    def detects(self, source: Source) -> bool:
        """Return whether a SQLite file has Vizier's tables."""
        columns = columns_of(source)
        has_studies = "serialized_study" in columns.get("studies", ())
        return has_studies and "serialized_trial" in columns.get("trials", ())

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return all studies of the database.

        Raises:
            SourceFormatError: It can't be read, or holds no study.
        """
        losses = Losses(source.shown)
        with opened(source, losses) as database:
            studies = records(database, "studies", _STUDIES, losses)
            trials = records(database, "trials", _TRIALS, losses)
        if not studies:
            raise source.error("is a database of Vizier without any study.")
        own = grouped(trials, *_KEY)
        return tuple(
            _study(row, own[tuple(row.get(column) for column in _KEY)], source, losses)
            for row in studies
        )

    def change_token(self, source: Source) -> Hashable:
        """Return the state of the file and of its log."""
        return change_token(source)

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads everything again."""
        return Rereading(self, source)


def _study(
    row: Mapping[str, Any], trials: Sequence[Mapping[str, Any]], source: Source, of_file: Losses
) -> ReadStudy:
    losses = Losses(source.shown)
    losses.extend(of_file)
    spec = _Spec()
    try:
        _read_study(spec, _blob(row.get("serialized_study")), losses)
    except BadMessageError as error:
        losses.add(f"the study {brief(row.get('study_name'))!r} can't be read whole: {error}")
    runs = []
    for trial in trials:
        try:
            runs.append(_run(trial, spec))
        except (BadMessageError, struct.error) as error:
            losses.add(f"the trial {brief(trial.get('trial_id'))} can't be read: {error}")
    method = Method(clean(spec.algorithm.lower() or "unknown"))
    limits = spec.constraints
    attributes = {CONSTRAINTS: [limit.to_json() for limit in limits]} if limits else {}
    space = SearchSpace(tuple(spec.parameters.values()))
    known = Known(spec.objectives, space, method, attributes)
    name = spec.name or clean(str(row.get("study_id") or row.get("study_name")))
    found = study_of(runs, name, "vizier", losses, known, source.shown)
    if limits:
        found.trials.violation[:] = [_violation(run, limits) for run in runs]
    return found


def _violation(run: TrackedRun, limits: Sequence[Constraint]) -> float:
    """Return the sum of what exceeds the thresholds; NaN for a run without these metrics."""
    metrics = [
        (limit, run.metrics[limit.metric]) for limit in limits if limit.metric in run.metrics
    ]
    return sum(limit.excess(value) for limit, value in metrics) if metrics else NAN


def _blob(value: Any) -> bytes:
    if isinstance(value, str):  # a lenient connection gives texts where it can
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else b""


def _read_study(spec: _Spec, data: bytes, losses: Losses) -> None:
    for number, value in fields(data):
        if number == 2:
            spec.name = clean(text(value))
        elif number == 3:
            for inner, part in fields(message(value)):
                if inner == 1:
                    _add_metric(spec, message(part))
                elif inner == 2:
                    _add_parameter(spec, message(part), None, losses)
                elif inner == 3:
                    spec.algorithm = text(part)


def _add_metric(spec: _Spec, data: bytes) -> None:
    """Add an objective, or the constraint a safety metric is."""
    parts: dict[int, Value] = dict(fields(data))
    is_max = signed(parts.get(2, 0)) == 1
    name = clean(text(parts.get(1, b""))) or "objective"
    if 3 in parts:
        safety: dict[int, Value] = dict(fields(message(parts[3])))
        threshold = floating(safety[1]) if 1 in safety else 0.0
        at_most, at_least = (None, threshold) if is_max else (threshold, None)
        spec.constraints.append(Constraint(name, at_most, at_least))
    else:
        direction = Direction.MAXIMIZE if is_max else Direction.MINIMIZE
        spec.objectives.append(Objective(name, direction))


def _add_parameter(
    spec: _Spec, data: bytes, condition: Condition | None, losses: Losses, depth: int = 0
) -> None:
    parts = list(fields(data))
    name = clean(next((text(v) for n, v in parts if n == 1), ""))
    if not name or depth > DEEPEST:
        return
    if name in spec.parameters:
        _widen(spec, name, condition)
        return
    spec.external[name] = next((signed(v) for n, v in parts if n == 7), 0)
    try:
        spec.parameters[name] = replace(_parameter(name, parts, spec), condition=condition)
    except SpaceError as error:
        losses.add(f"space: {brief(error, 200)}")
        return
    for number, value in parts:
        if number == 10:
            child = dict(fields(message(value)))
            values = _condition(child, name, spec)
            if isinstance(child.get(1), bytes):
                _add_parameter(spec, message(child[1]), values, losses, depth + 1)


def _widen(spec: _Spec, name: str, condition: Condition | None) -> None:
    """Add the values of a parameter that is there once for each value of its parent."""
    known = spec.parameters[name].condition
    if known is not None and condition is not None and known.parent == condition.parent:
        values = tuple(dict.fromkeys((*known.values, *condition.values)))
        spec.parameters[name] = replace(
            spec.parameters[name], condition=Condition(known.parent, values)
        )


def _parameter(name: str, parts: Sequence[tuple[int, Value]], spec: _Spec) -> Parameter:
    is_log = any(n == 6 and signed(v) == _LOG_SCALE for n, v in parts)
    for number, value in parts:
        if number in (2, 3):
            bounds: dict[int, Value] = dict(fields(message(value)))
            low, high = (_bound(bounds.get(i, 0), is_float=number == 2) for i in (1, 2))
            kind = ParameterKind.FLOAT if number == 2 else ParameterKind.INT
            return Parameter(name, kind, low, high, log=is_log and low > 0)
        if number == 4:
            texts = [clean(text(v)) for n, v in fields(message(value)) if n == 1]
            choices = tuple(_external(t, spec.external[name]) for t in dict.fromkeys(texts))
            return Parameter(name, ParameterKind.CATEGORICAL, choices=choices)
        if number == 5:
            numbers = [d for n, v in fields(message(value)) if n == 1 for d in _doubles(v)]
            points = tuple(dict.fromkeys(_external(d, spec.external[name]) for d in numbers))
            order = ParameterKind.ORDINAL if len(points) > 2 else ParameterKind.CATEGORICAL
            return Parameter(name, order, choices=points)
    raise SpaceError(f"Parameter {name!r} has no values.")


def _bound(value: Value, *, is_float: bool) -> float:
    if isinstance(value, int):
        return float(signed(value))
    return floating(value) if is_float else NAN


def _doubles(value: Value) -> list[float]:
    """Return the doubles of a repeated field, packed or single."""
    data = message(value)
    if len(data) % 8:
        raise BadMessageError("a list of numbers of a wrong size")
    return [number for (number,) in struct.iter_unpack("<d", data)]


def _external(value: Any, kind: int) -> Choice:
    """Return a value as its owner knows it."""
    if kind == _AS_BOOLEAN:
        return str(value).lower() in ("true", "1", "1.0")
    if isinstance(value, float) and kind != _AS_FLOAT and value.is_integer():
        return int(value)
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _condition(child: Mapping[int, Value], parent: str, spec: _Spec) -> Condition | None:
    found: list[Choice] = []
    kind = spec.external.get(parent, 0)
    for number, value in child.items():
        if number == 1:
            continue
        for inner, part in fields(message(value)):
            if inner != 1:
                continue
            if number == 4:
                found.append(_external(clean(text(part)), kind))
            elif number == 2:
                found += [_external(d, kind) for d in _doubles(part)]
            elif isinstance(part, int):
                found.append(signed(part))
            else:
                found += varints(part)
    return Condition(parent, tuple(found)) if found else None


def _run(row: Mapping[str, Any], spec: _Spec) -> TrackedRun:
    run = TrackedRun(str(row.get("trial_id")), state=TrialState.WAITING)
    points: dict[str, list[tuple[float, float]]] = {}
    for number, value in fields(_blob(row.get("serialized_trial"))):
        if number == 4:
            parts: dict[int, Value] = dict(fields(message(value)))
            name = clean(text(parts.get(1, b"")))
            run.params[name] = _value(any_value(message(parts.get(2, b""))), name, spec)
        elif number == 5:
            run.metrics |= dict(_measured(message(value))[1])
        elif number == 6:
            step, measured = _measured(message(value))
            for name, number_of in measured:
                points.setdefault(name, []).append((step, number_of))
        else:
            _take_state(run, number, value)
    for name, of_name in points.items():
        run.metrics.setdefault(name, of_name[-1][1])
        curve = curve_of(of_name)
        if curve is not None:
            run.curves[name] = curve
    return run


def _take_state(run: TrackedRun, number: int, value: Value) -> None:
    if number == 3:
        run.state = _STATES.get(signed(value), TrialState.WAITING)
    elif number == 7:
        run.started = _moment(message(value))
    elif number == 8:
        run.ended = _moment(message(value))
    elif number == 10:
        run.note = brief(text(value), 300) or None


def _value(value: Any, name: str, spec: _Spec) -> Any:
    parameter = spec.parameters.get(name)
    if parameter is not None and parameter.is_discrete_choice:
        return _external(value, spec.external.get(name, 0))
    is_int = parameter is not None and parameter.kind is ParameterKind.INT
    return int(value) if is_int and isinstance(value, float) and value.is_integer() else value


def _measured(data: bytes) -> tuple[float, list[tuple[str, float]]]:
    """Return the step of a measurement (else its seconds) and its metrics."""
    step, seconds, found = 0.0, 0.0, []
    for number, value in fields(data):
        if number == 1:
            seconds = _moment(message(value))
        elif number == 2:
            step = float(signed(value))
        elif number == 3:
            parts: dict[int, Value] = dict(fields(message(value)))
            name = clean(text(parts.get(1, b"")))
            found.append((name, floating(parts[2]) if 2 in parts else 0.0))
    return step or seconds, found


def _moment(data: bytes) -> float:
    parts: dict[int, Value] = dict(fields(data))
    return signed(parts.get(1, 0)) + signed(parts.get(2, 0)) / 1e9
