"""A study's header as JSON text, for the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hypertendril.errors import SpaceError, StoreError
from hypertendril.model import (
    Direction,
    Method,
    Objective,
    Parameter,
    SearchSpace,
    Skipped,
    StudyHeader,
)


def header_to_text(header: StudyHeader) -> str:
    """Return `header` as JSON text of ASCII letters only.

    Raises:
        StoreError: An attribute or setting is not a JSON value.
    """
    data = {
        "name": header.name,
        "space": header.space.to_json(),
        "objectives": [[o.name, o.direction.value] for o in header.objectives],
        "method": {"name": header.method.name, "settings": dict(header.method.settings)},
        "metric_names": list(header.metric_names),
        "curve_names": list(header.curve_names),
        "framework": header.framework,
        "source": header.source,
        "refined_from": header.refined_from,
        "attributes": dict(header.attributes),
        "skipped": [asdict(skipped) for skipped in header.skipped],
    }
    try:
        return json.dumps(data)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"The study {header.name!r} has a setting or attribute that JSON cannot hold: {error}."
        ) from error


def header_from_text(text: str) -> StudyHeader:
    """Return the header `header_to_text` wrote.

    Raises:
        StoreError: The text is something else.
    """
    try:
        data: Mapping[str, Any] = json.loads(text)
        return StudyHeader(
            name=data["name"],
            space=SearchSpace.from_json(data["space"]),
            objectives=tuple(Objective(n, Direction(d)) for n, d in data["objectives"]),
            method=Method(data["method"]["name"], data["method"]["settings"]),
            metric_names=tuple(data["metric_names"]),
            curve_names=tuple(data["curve_names"]),
            framework=data["framework"],
            source=data["source"],
            refined_from=data["refined_from"],
            attributes=data["attributes"],
            skipped=tuple(Skipped(**item) for item in data["skipped"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SpaceError) as error:
        raise StoreError(f"The header of a study is damaged: {error!r}.") from error


def require_growth(old: StudyHeader, new: StudyHeader) -> None:
    """Check that what is stored under `old` can be read under `new`.

    Raises:
        StoreError: A parameter, objective, metric or curve is gone, moved or means
            something else, so that stored columns or codes would change their meaning.
    """
    if new.objectives != old.objectives:
        raise StoreError(f"The objectives of the study {old.name!r} cannot change.")
    for what, before, after in (
        ("parameters", old.space.names, new.space.names),
        ("metrics", old.metric_names, new.metric_names),
        ("curves", old.curve_names, new.curve_names),
    ):
        if after[: len(before)] != before:
            raise StoreError(
                f"The {what} of the study {old.name!r} can only be added to at the end; "
                f"they are {', '.join(before)}."
            )
    for parameter in old.space:
        _require_same_codes(parameter, new.space[parameter.name])


def _require_same_codes(old: Parameter, new: Parameter) -> None:
    same = old.is_discrete_choice == new.is_discrete_choice
    if not same or _typed(new)[: len(old.choices)] != _typed(old):
        raise StoreError(
            f"The choices of the parameter {old.name!r} can only be added to at the end: "
            "trials are stored as positions among them."
        )


def _typed(parameter: Parameter) -> list[tuple[type, Any]]:
    """Return the choices so that True and 1 differ, as they do to a user."""
    return [(type(choice), choice) for choice in parameter.choices]
