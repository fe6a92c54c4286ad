"""The starting set of a job: its form in files, and what it may hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.spec import fields
from hypertendril.jobs.spec.budget import MAX_STEPS
from hypertendril.model import Choice, Objective, Parameter, SearchSpace
from hypertendril.search import (
    METHODS,
    EarlierStudy,
    EarlierTrial,
    MethodInfo,
    Origin,
    StartingSet,
    Stretch,
)
from hypertendril.search.starting import first_configurations, lies_inside, told_before

MAX_ENQUEUED = 10_000
MAX_STRETCHES = 10_000
MAX_EARLIER = 1000  # in all; a Gaussian process looks at no more than 300
_KEYS = ("enqueue", "studies", "schedule", "origin")
_STUDY_KEYS = ("name", "id", "source", "trials")
_STRETCH_KEYS = ("steps", "params")
_ORIGIN_KEYS = ("study", "trial", "steps")
_TRIAL_KEYS = ("number", "params", "values", "violation", "looks")
_MAX_NUMBER = 2**53
# Finds the study a job file names by "id" or "source" (and "name"), given objectives of the job.
FindStudy = Callable[[Mapping[str, str], Sequence[Objective]], EarlierStudy]


def start_from_json(
    data: Any, objectives: Sequence[Objective], find: FindStudy | None
) -> StartingSet:
    """Return the starting set of a job in its JSON form; an empty one for None.

    Args:
        data: The JSON form.
        objectives: Of the job.
        find: Finds studies of which only a name stands there. None refuses them.

    Raises:
        JobError: Something is invalid; the message names the field.
    """
    if data is None:
        return StartingSet()
    table = fields.mapping(data, "start")
    fields.known_only(table, _KEYS, "start.")
    enqueued = _tables(table.get("enqueue"), "start.enqueue", MAX_ENQUEUED)
    studies = _tables(table.get("studies"), "start.studies", fields.MAX_NAMES)
    schedule = _tables(table.get("schedule"), "start.schedule", MAX_STRETCHES)
    return StartingSet(
        tuple(_params(item, f"start.enqueue[{i}]") for i, item in enumerate(enqueued)),
        tuple(
            _study(item, f"start.studies[{i}]", objectives, find) for i, item in enumerate(studies)
        ),
        tuple(_stretch(item, f"start.schedule[{i}]") for i, item in enumerate(schedule)),
        None if table.get("origin") is None else _origin(table["origin"], "start.origin"),
    )


def start_to_json(start: StartingSet) -> dict[str, Any] | None:
    """Return the JSON form; None for an empty starting set."""
    found: dict[str, Any] = {}
    if start.enqueued:
        found["enqueue"] = [dict(values) for values in start.enqueued]
    if start.studies:
        found["studies"] = [
            _without_none(
                {
                    "name": study.name,
                    "id": study.id,
                    "trials": [_trial_json(trial) for trial in study.trials],
                }
            )
            for study in start.studies
        ]
    if start.schedule:
        found["schedule"] = [
            {"steps": stretch.steps, "params": dict(stretch.values)} for stretch in start.schedule
        ]
    if start.origin is not None:
        found["origin"] = asdict(start.origin)
    return found or None


def check_start(start: StartingSet, info: MethodInfo, space: SearchSpace, trials: int) -> None:
    """Refuse a starting set that the method, the space or the budget cannot take.

    Raises:
        JobError: With the field and what is allowed.
    """
    _check_schedule(start, info, space)
    if start.studies and not info.goes_on:
        able = ", ".join(name for name, known in METHODS.items() if known.goes_on)
        raise fields.wrong(
            "start.studies",
            f"the method {info.name!r} learns nothing from earlier trials; these do: {able}. "
            "Any method runs enqueued configurations.",
        )
    count = sum(len(study.trials) for study in start.studies)
    if count > MAX_EARLIER:
        raise fields.wrong(
            "start.studies", f"they have {count} trials; at most {MAX_EARLIER} are taken."
        )
    for i, values in enumerate(start.enqueued):
        for name, value in values.items():
            _check_value(space, name, value, f"start.enqueue[{i}].{name}")
    if len(start.enqueued) > trials:
        raise fields.wrong(
            "start.enqueue",
            f"{len(start.enqueued)} configurations are more than the {trials} trials of the job.",
        )


def _check_schedule(start: StartingSet, info: MethodInfo, space: SearchSpace) -> None:
    if info.follows != bool(start.schedule):
        words = "it needs a schedule" if info.follows else "it follows none; 'replay' does"
        raise fields.wrong("start.schedule", f"the method {info.name!r}: {words}.")
    if info.follows and (start.enqueued or start.studies):
        raise fields.wrong("start", f"the method {info.name!r} takes a schedule and nothing else.")
    if start.origin is not None and not info.follows:
        raise fields.wrong("start.origin", f"the method {info.name!r} has none; 'replay' may.")
    before = 0 if start.origin is None else start.origin.steps
    for i, stretch in enumerate(start.schedule):
        field = f"start.schedule[{i}]"
        if stretch.steps <= before:
            raise fields.wrong(f"{field}.steps", f"{stretch.steps} must be above {before}.")
        before = stretch.steps
        for name, value in stretch.values.items():
            _check_value(space, name, value, f"{field}.params.{name}")


def check_founders(start: StartingSet, info: MethodInfo, settings: Mapping[str, Any]) -> None:
    """Refuse more enqueued configurations than a population has members.

    Raises:
        JobError: With the field and what is allowed.
    """
    most = None if info.founders is None else info.founders(settings)
    if most is not None and len(start.enqueued) > most:
        raise fields.wrong(
            "start.enqueue",
            f"{info.title} begins with {most} trials; {len(start.enqueued)} are enqueued.",
        )


def provenance(
    start: StartingSet,
    space: SearchSpace,
    objectives: Sequence[Objective],
    seed: int,
    repeats: int,
) -> dict[str, Any] | None:
    """Return what the header of a study says of its starting set; None where there is none.

    Args:
        start: The starting set.
        space, objectives, seed: Of the study.
        repeats: How many of the best earlier configurations its method runs first, at most.
    """
    if start.origin is not None:
        return {"origin": asdict(start.origin)}
    if not (start.enqueued or start.studies):
        return None
    studies = []
    for study in start.studies:
        told = sum(1 for _ in told_before(StartingSet(studies=(study,)), space, objectives, seed))
        studies.append(
            {"name": study.name, "id": study.id, "trials": len(study.trials), "told": told}
        )
    first = first_configurations(start, space, objectives, seed, repeats)
    return {
        "enqueued": len(start.enqueued),
        "studies": studies,
        "repeated": len(first) - len(start.enqueued),
    }


def _tables(data: Any, field: str, most: int) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list) or len(data) > most:
        raise fields.wrong(field, f"it must be a list of at most {most} tables.")
    return data


def _params(data: Any, field: str) -> dict[str, Choice]:
    table = fields.mapping(data, field)
    for name, value in table.items():
        is_plain = value is None or isinstance(value, (str, int, float, bool))
        if not is_plain or (isinstance(value, float) and not math.isfinite(value)):
            raise fields.wrong(
                f"{field}.{name}", f"{value!r} must be a text, a finite number, true or false."
            )
    return dict(table)


def _check_value(space: SearchSpace, name: str, value: Choice, field: str) -> None:
    if name not in space:
        raise fields.wrong(
            field, f"the space has no such parameter; it has {', '.join(space.names)}."
        )
    if not lies_inside(space[name], value):
        raise fields.wrong(field, f"{value!r} must be {_allowed(space[name])}.")


def _allowed(parameter: Parameter) -> str:
    if parameter.is_discrete_choice:
        return f"one of {', '.join(map(repr, parameter.choices))}"
    words = f"a number from {parameter.low:g} to {parameter.high:g}"
    return words if parameter.step is None else f"{words} in steps of {parameter.step:g}"


def _study(
    data: Any, field: str, objectives: Sequence[Objective], find: FindStudy | None
) -> EarlierStudy:
    table = fields.mapping(data, field)
    fields.known_only(table, _STUDY_KEYS, f"{field}.")
    texts = {
        key: fields.text(table[key], f"{field}.{key}")
        for key in ("name", "id", "source")
        if table.get(key) is not None
    }
    if "trials" not in table:
        if find is None or not texts.keys() & {"id", "source"}:
            raise fields.wrong(
                f"{field}.trials", "it is missing; a job file may name an id or a source."
            )
        try:
            return find(texts, objectives)
        except HyperTendrilError as error:
            raise fields.wrong(field, str(error)) from None
    trials = _tables(table["trials"], f"{field}.trials", MAX_EARLIER)
    return EarlierStudy(
        name=fields.text(table.get("name"), f"{field}.name"),
        trials=tuple(_trial(item, f"{field}.trials[{i}]") for i, item in enumerate(trials)),
        id=texts.get("id"),
    )


def _stretch(data: Any, field: str) -> Stretch:
    table = fields.mapping(data, field)
    fields.known_only(table, _STRETCH_KEYS, f"{field}.")
    return Stretch(
        _params(table.get("params") or {}, f"{field}.params"),
        fields.whole(table.get("steps"), f"{field}.steps", low=1, high=MAX_STEPS),
    )


def _origin(data: Any, field: str) -> Origin:
    table = fields.mapping(data, field)
    fields.known_only(table, _ORIGIN_KEYS, f"{field}.")
    return Origin(
        fields.text(table.get("study"), f"{field}.study"),
        fields.whole(table.get("trial"), f"{field}.trial", low=0, high=_MAX_NUMBER),
        fields.whole(table.get("steps"), f"{field}.steps", low=1, high=MAX_STEPS),
    )


def _trial(data: Any, field: str) -> EarlierTrial:
    table = fields.mapping(data, field)
    fields.known_only(table, _TRIAL_KEYS, f"{field}.")
    values = fields.mapping(table.get("values") or {}, f"{field}.values")
    looks = _tables(table.get("looks"), f"{field}.looks", MAX_EARLIER)
    return EarlierTrial(
        number=fields.whole(table.get("number", 0), f"{field}.number", low=0, high=_MAX_NUMBER),
        values=_params(table.get("params") or {}, f"{field}.params"),
        objectives={name: _number(v, f"{field}.values.{name}") for name, v in values.items()},
        violation=_number(table.get("violation", 0.0), f"{field}.violation"),
        looks=tuple(_look(item, f"{field}.looks[{i}]") for i, item in enumerate(looks)),
    )


def _look(data: Any, field: str) -> tuple[float, float]:
    if not isinstance(data, (list, tuple)) or len(data) != 2:
        raise fields.wrong(field, "it must be a pair: steps and value.")
    return _number(data[0], field), _number(data[1], field)


def _number(value: Any, field: str) -> float:
    """Return a number; infinite ones travel as texts, which JSON can hold."""
    if value in ("inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise fields.wrong(field, f"{value!r} must be a number.")
    return float(value)


def _trial_json(trial: EarlierTrial) -> dict[str, Any]:
    return _without_none(
        {
            "number": trial.number,
            "params": dict(trial.values),
            "values": {name: _plain(v) for name, v in trial.objectives.items()} or None,
            "violation": _plain(trial.violation) if trial.violation else None,
            "looks": [[steps, _plain(value)] for steps, value in trial.looks] or None,
        }
    )


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
