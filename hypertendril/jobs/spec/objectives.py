"""The registry of objectives: the only place where code to be run is named.

It is a TOML file that the owner of the server writes. Job files, the page and the queue
know an objective by its registered name and can say nothing about where its code lies.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from hypertendril.errors import JobError, did_you_mean
from hypertendril.jobs.spec import fields
from hypertendril.jobs.spec.budget import MAX_STEPS
from hypertendril.jobs.spec.command import Command
from hypertendril.jobs.spec.toml_text import from_toml_text
from hypertendril.model import Objective, SearchSpace

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_KEYS = (
    "function",
    "kind",
    "command",
    "directions",
    "curves",
    "metrics",
    "space",
    "steps",
    "description",
    "environment",
    "structural",
    "resources",
)


class ObjectiveKind(StrEnum):
    """What an objective is made of."""

    FUNCTION = "function"  # train(trial), as in `training`
    OPTUNA = "optuna"  # objective(trial), as Optuna calls it
    COMMAND = "command"  # a program in any language


@dataclass(frozen=True, slots=True)
class RegisteredObjective:
    """Something that may be run.

    Attributes:
        function: `module:function`; empty for a command.
        folder: Put first on the module path of the processes that run it.
        objectives: What it optimises unless a job says otherwise; the first one leads.
        curves: Metrics it reports at each step, in the order to show them.
        metrics: Metrics it returns at its end, besides the objectives.
        space: The whole space it understands.
        steps: How many steps a full training has; None where the code decides.
        environment: Names of environment variables it needs although they look secret.
        structural: Parameters that shape the model, so that a checkpoint fits no other value.
        resources: What a trial takes of a machine of a cluster, `CPU`, `GPU` or what the cluster
            calls it. CPU is also how many threads linear algebra may use, here too.
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
    kind: ObjectiveKind = ObjectiveKind.FUNCTION
    command: Command | None = None
    resources: Mapping[str, float] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """What it runs, in a word."""
        return self.function if self.command is None else self.command.program

    @property
    def needed(self) -> frozenset[str]:
        """Parameters, among other names, that it cannot be run without, so far as can be known."""
        return frozenset() if self.command is None else self.command.needed

    @property
    def can_resume(self) -> bool:
        """Whether it can go on from a checkpoint, so far as can be known."""
        if self.command is not None:
            return {"checkpoint", "checkpoint_dir"} <= self.command.places
        return self.kind is not ObjectiveKind.OPTUNA

    @classmethod
    def from_json(cls, name: str, item: Any, folder: Path) -> RegisteredObjective:
        """Return the objective an entry of the registry describes.

        Raises:
            JobError: The entry is invalid; the message names the field.
        """
        at = f"objectives.{name}"
        data = fields.mapping(item, at)
        fields.known_only(data, _KEYS, f"{at}.")
        kind = _kind(data, at)
        directions = fields.mapping(data.get("directions"), f"{at}.directions")
        if not directions:
            raise fields.wrong(f"{at}.directions", "name at least one metric and its direction.")
        steps = data.get("steps")
        space = fields.space(data.get("space"), f"{at}.space")
        return cls(
            name=name,
            function="" if kind is ObjectiveKind.COMMAND else _function(data, at),
            folder=folder,
            objectives=tuple(
                fields.objective(metric, direction, f"{at}.directions")
                for metric, direction in directions.items()
            ),
            curves=fields.names(data.get("curves", []), f"{at}.curves"),
            metrics=fields.names(data.get("metrics", []), f"{at}.metrics"),
            space=space,
            steps=None
            if steps is None
            else fields.whole(steps, f"{at}.steps", low=1, high=MAX_STEPS),
            description=str(data.get("description", "")).strip(),
            environment=fields.names(data.get("environment", []), f"{at}.environment"),
            structural=_structural(data, space, at),
            kind=kind,
            command=Command.from_json(
                data["command"], f"{at}.command", space, has_steps=steps is not None
            )
            if kind is ObjectiveKind.COMMAND
            else None,
            resources=fields.amounts(data.get("resources", {}), f"{at}.resources"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the registry; `from_json` gives an equal objective back."""
        code = (
            {"function": self.function}
            if self.command is None
            else {"command": self.command.to_json()}
        )
        return code | {
            "kind": self.kind.value,
            "directions": {item.name: item.direction.value for item in self.objectives},
            "curves": list(self.curves),
            "metrics": list(self.metrics),
            "space": self.space.to_json(),
            "steps": self.steps,
            "description": self.description,
            "environment": list(self.environment),
            "structural": list(self.structural),
            "resources": dict(self.resources),
        }


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
        data = from_toml_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise JobError(f"{path}: the registry of objectives cannot be read ({error}).") from None
    try:
        fields.known_only(data, ("objectives",))
        entries = fields.mapping(data.get("objectives", {}), "objectives")
        found = {
            name: RegisteredObjective.from_json(
                fields.text(name, "objectives"), item, path.absolute().parent
            )
            for name, item in entries.items()
        }
    except JobError as error:
        raise JobError(f"{path}: {error}") from None
    return Registry(path, found)


def _kind(data: Mapping[str, Any], at: str) -> ObjectiveKind:
    if ("function" in data) == ("command" in data):
        raise fields.wrong(f"{at}.function", "an objective has either a function or a command.")
    default = ObjectiveKind.COMMAND if "command" in data else ObjectiveKind.FUNCTION
    known = [default] if "command" in data else [ObjectiveKind.FUNCTION, ObjectiveKind.OPTUNA]
    kind = data.get("kind", default)
    if kind not in known:
        hint = did_you_mean(kind, known)
        raise fields.wrong(f"{at}.kind", f"{kind!r} must be {' or '.join(known)} here.{hint}")
    return ObjectiveKind(kind)


def _function(data: Mapping[str, Any], at: str) -> str:
    function = data["function"]
    if not isinstance(function, str) or not _FUNCTION.fullmatch(function):
        raise fields.wrong(f"{at}.function", f"{function!r} must be written module:function.")
    return function


def _structural(data: Mapping[str, Any], space: SearchSpace, at: str) -> tuple[str, ...]:
    names = fields.names(data.get("structural", []), f"{at}.structural")
    for parameter in names:
        if parameter not in space:
            hint = did_you_mean(parameter, space.names)
            raise fields.wrong(f"{at}.structural", f"the space has no {parameter!r}.{hint}")
    return names
