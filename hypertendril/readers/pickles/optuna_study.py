"""Optuna studies that were pickled, or dumped by joblib, written again as an Optuna journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypertendril.readers.folders import as_dict, as_list
from hypertendril.readers.pickles.inert import Inert
from hypertendril.readers.pickles.plain import PlainForm, date_of

_CREATE_STUDY, _STUDY_USER, _STUDY_SYSTEM, _CREATE_TRIAL = 0, 2, 3, 4


def journal_of(found: Any) -> list[dict[str, Any]] | None:
    """Return the operations of a journal that holds what a pickled study in memory held.

    None where it is no study of Optuna, or one whose trials are in a database.
    """
    storage = _attributes(_attributes(found).get("_storage"))
    stored = storage.get("_studies")
    if not isinstance(stored, dict) or "_backend" in storage:  # what is cached of a database
        return None
    operations: list[dict[str, Any]] = []
    for number, study in enumerate(stored.values()):
        operations += _of_study(_attributes(study), number)
    return operations


def database_of(found: Any) -> str | None:
    """Return the URL of the database a pickled study points to, None for none."""
    storage = _attributes(_attributes(found).get("_storage"))
    backend = _attributes(storage.get("_backend")) or storage
    url = backend.get("url")
    return url if isinstance(url, str) else None


def _attributes(value: Any) -> dict[str, Any]:
    return value.attributes if isinstance(value, Inert) else {}


def _of_study(study: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    directions = [_enum(d) for d in as_list(study.get("directions"))]
    directions = directions or [_enum(study.get("direction"))]
    yield {
        "op_code": _CREATE_STUDY,
        "worker_id": "convert",
        "study_name": str(study.get("name") or f"study {number}"),
        "directions": [d if d in (1, 2) else 1 for d in directions],
    }
    for code, key, kind in (
        (_STUDY_USER, "user_attrs", "user_attr"),
        (_STUDY_SYSTEM, "system_attrs", "system_attr"),
    ):
        for name, value in as_dict(study.get(key)).items():
            plain = {str(name): PlainForm().of(value)}
            yield {"op_code": code, "worker_id": "convert", "study_id": number, kind: plain}
    for trial in as_list(study.get("trials")):
        yield _trial(_attributes(trial), number)


def _trial(trial: Mapping[str, Any], study: int) -> dict[str, Any]:
    plain = PlainForm()
    values = as_list(plain.of(trial.get("_values"))) or [plain.of(trial.get("value"))]
    distributions = {
        str(name): _distribution(item)
        for name, item in as_dict(trial.get("_distributions")).items()
    }
    params = as_dict(trial.get("_params"))
    started = trial.get("_datetime_start", trial.get("datetime_start"))
    ended = trial.get("datetime_complete")
    return {
        "op_code": _CREATE_TRIAL,
        "worker_id": "convert",
        "study_id": study,
        "state": _enum(trial.get("state")),
        "value": values[0] if len(values) == 1 else None,
        "values": values if len(values) > 1 else None,
        "datetime_start": date_of(started) if isinstance(started, Inert) else None,
        "datetime_complete": date_of(ended) if isinstance(ended, Inert) else None,
        "distributions": {name: json.dumps(item) for name, item in distributions.items()},
        "params": {
            name: _internal(value, distributions[name])
            for name, value in params.items()
            if name in distributions
        },
        "user_attrs": plain.of(as_dict(trial.get("_user_attrs"))),
        "system_attrs": plain.of(as_dict(trial.get("_system_attrs"))),
        "intermediate_values": plain.of(as_dict(trial.get("intermediate_values"))),
    }


def _distribution(item: Any) -> dict[str, Any]:
    name = item.class_name if isinstance(item, Inert) else ""
    attributes = {k.lstrip("_"): v for k, v in _attributes(item).items()}
    return {"name": name, "attributes": PlainForm().of(attributes)}


def _internal(value: Any, distribution: Mapping[str, Any]) -> Any:
    """Return a value as journals hold it: of a choice its position."""
    choices = as_dict(distribution.get("attributes")).get("choices")
    plain = PlainForm().of(value)
    return plain if choices is None else _position(plain, choices)


def _position(value: Any, choices: Sequence[Any]) -> int | None:
    same = (i for i, c in enumerate(choices) if type(c) is type(value) and c == value)
    return next(same, None)


def _enum(value: Any) -> int:
    """Return the number of a member of one of Optuna's enumerations, 0 for none."""
    arguments = value.arguments if isinstance(value, Inert) else ()
    number = arguments[0] if isinstance(arguments, tuple) and arguments else 0
    return number if isinstance(number, int) else 0
