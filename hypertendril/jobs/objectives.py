"""The registry of objectives: the only place where code to be run is named.

It is a TOML file that the owner of the server writes. Job files, the page and the queue
know an objective by its registered name and can say nothing about where its code lies.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypertendril.errors import JobError, did_you_mean
from hypertendril.jobs import fields
from hypertendril.jobs.budget import MAX_STEPS
from hypertendril.model import Objective, SearchSpace

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_KEYS = (
    "function",
    "directions",
    "curves",
    "metrics",
    "space",
    "steps",
    "description",
    "environment",
    "structural",
)


@dataclass(frozen=True, slots=True)
class RegisteredObjective:
    """Something that may be run.

    Attributes:
        function: `module:function`.
        folder: Put first on the module path of the processes that run it.
        objectives: What it optimises unless a job says otherwise; the first one leads.
        curves: Metrics it reports at each step, in the order to show them.
        metrics: Metrics it returns at its end, besides the objectives.
        space: The whole space it understands.
        steps: How many steps a full training has; None where the code decides.
        environment: Names of environment variables it needs although they look secret.
        structural: Parameters that shape the model, so that a checkpoint fits no other value.
    """

    name: str
    function: str
    folder: Path
    objectives: tuple[Objective, ...]
    curves: tuple[str, ...]
    metrics: tuple[str, ...]
    space: SearchSpace
    steps: int | None = None
    description: str = ""
    environment: tuple[str, ...] = ()
    structural: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registry:
    """The objectives one registry file lists, by name."""

    path: Path | None = None
    objectives: Mapping[str, RegisteredObjective] = field(default_factory=dict)

    def __getitem__(self, name: str) -> RegisteredObjective:
        """Return the objective registered as `name`.

        Raises:
            JobError: There is none.
        """
        if name not in self.objectives:
            known = ", ".join(self.objectives) or "none"
            where = f" in {self.path}" if self.path else "; no registry (objectives.toml) was found"
            raise fields.wrong(
                "objective",
                f"{name!r} is not a registered objective (known: {known}){where}."
                + did_you_mean(name, self.objectives),
            )
        return self.objectives[name]


def load_registry(path: Path | None) -> Registry:
    """Return the registry in the TOML file `path`; an empty one for None.

    Raises:
        JobError: The file cannot be read, or an entry is invalid; the message names both.
    """
    if path is None:
        return Registry()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise JobError(f"{path}: the registry of objectives cannot be read ({error}).") from None
    try:
        fields.known_only(data, ("objectives",))
        entries = fields.mapping(data.get("objectives", {}), "objectives")
        found = {
            name: _entry(fields.text(name, "objectives"), item, path.absolute().parent)
            for name, item in entries.items()
        }
    except JobError as error:
        raise JobError(f"{path}: {error}") from None
    return Registry(path, found)


def _entry(name: str, item: Any, folder: Path) -> RegisteredObjective:
    at = f"objectives.{name}"
    data = fields.mapping(item, at)
    fields.known_only(data, _KEYS, f"{at}.")
    function = data.get("function")
    if not isinstance(function, str) or not _FUNCTION.fullmatch(function):
        raise fields.wrong(f"{at}.function", f"{function!r} must be written module:function.")
    directions = fields.mapping(data.get("directions"), f"{at}.directions")
    if not directions:
        raise fields.wrong(f"{at}.directions", "name at least one metric and its direction.")
    steps = data.get("steps")
    space = fields.space(data.get("space"), f"{at}.space")
    structural = fields.names(data.get("structural", []), f"{at}.structural")
    for parameter in structural:
        if parameter not in space:
            raise fields.wrong(f"{at}.structural", f"the space has no {parameter!r}.")
    return RegisteredObjective(
        name=name,
        function=function,
        folder=folder,
        objectives=tuple(
            fields.objective(metric, direction, f"{at}.directions")
            for metric, direction in directions.items()
        ),
        curves=fields.names(data.get("curves", []), f"{at}.curves"),
        metrics=fields.names(data.get("metrics", []), f"{at}.metrics"),
        space=space,
        steps=None if steps is None else fields.whole(steps, f"{at}.steps", low=1, high=MAX_STEPS),
        description=str(data.get("description", "")).strip(),
        environment=fields.names(data.get("environment", []), f"{at}.environment"),
        structural=structural,
    )
