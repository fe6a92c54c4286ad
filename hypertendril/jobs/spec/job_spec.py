"""What a job is to do: a study described before it exists, as TOML, as JSON and as a dataclass."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypertendril.errors import JobError, SpaceError, did_you_mean
from hypertendril.jobs.spec import fields
from hypertendril.jobs.spec.budget import MAX_TRIALS, Budget
from hypertendril.jobs.spec.constraints import constraints_from_json
from hypertendril.jobs.spec.objectives import RegisteredObjective, Registry
from hypertendril.jobs.spec.starting import (
    FindStudy,
    check_founders,
    check_start,
    provenance,
    start_from_json,
    start_to_json,
)
from hypertendril.jobs.spec.toml_text import from_toml_text, to_toml_text
from hypertendril.model import Constraint, Method, Objective, SearchSpace, StudyHeader
from hypertendril.search import Limits, MethodInfo, StartingSet, method_info
from hypertendril.search.sampling import activation_order

MAX_SEED = 2**63 - 1
MAX_FILE_BYTES = 4 * 2**20
_KEYS = (
    "name",
    "objective",
    "method",
    "settings",
    "seed",
    "refined_from",
    "budget",
    "objectives",
    "metrics",
    "curves",
    "constraints",
    "space",
    "start",
)


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A study to be run.

    Attributes:
        name: What its owner calls it; not unique.
        objective: Name in the registry of objectives.
        objectives: Metrics to optimise, the leading one first.
        metrics: Metrics each trial returns besides the objectives.
        curves: Metrics reported at each step.
        constraints: What metrics must keep to; a trial that breaks one is infeasible.
        method: Name of a search method, `settings` what was turned on it (all of them).
        refined_from: Store id of the study whose space this one narrows.
        start: What is run first, and what the method is told before.
    """

    name: str
    objective: str
    objectives: tuple[Objective, ...]
    space: SearchSpace
    method: str
    budget: Budget
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    refined_from: str | None = None
    start: StartingSet = field(default_factory=StartingSet)

    @classmethod
    def from_json(
        cls, data: Any, registry: Registry | None = None, find: FindStudy | None = None
    ) -> JobSpec:
        """Return the valid job `data` describes.

        Args:
            data: The JSON form, or what a TOML job file parses to.
            registry: Fills in what the job leaves open (objectives, metrics, curves, space,
                steps) and is held against the rest. None takes the job as complete: one
                that was checked before and comes back from the queue.
            find: Finds earlier studies that are only named, as in a job file.

        Raises:
            JobError: Something is missing or invalid; the message names the field.
        """
        if not isinstance(data, Mapping):
            raise JobError("A job must be a table with name, objective, method and budget.")
        fields.known_only(data, _KEYS)
        objective = fields.text(data.get("objective"), "objective")
        entry = registry[objective] if registry is not None else None
        objectives = _objectives(data, entry)
        info = method_info(fields.text(data.get("method"), "method"))
        metrics = _names(data, "metrics", entry, objectives)
        curves = _names(data, "curves", entry, ())
        told = dict.fromkeys([*(item.name for item in objectives), *metrics, *curves])
        given_space = data.get("space")
        spec = cls(
            name=fields.text(data.get("name"), "name"),
            objective=objective,
            objectives=objectives,
            space=entry.space
            if given_space is None and entry is not None
            else fields.space(given_space, "space"),
            method=info.name,
            settings=info.checked_settings(fields.mapping(data.get("settings") or {}, "settings")),
            budget=Budget.from_json(
                data.get("budget"),
                trials=None if info.trials is None else MAX_TRIALS,
                steps=None if entry is None else entry.steps,
            ),
            seed=fields.whole(data.get("seed", 0), "seed", low=0, high=MAX_SEED),
            metrics=metrics,
            curves=curves,
            constraints=constraints_from_json(data.get("constraints"), told),
            refined_from=None
            if data.get("refined_from") is None
            else fields.text(data["refined_from"], "refined_from"),
            start=start_from_json(data.get("start"), objectives, find),
        )
        _check_order(spec.space)
        if entry is not None:
            _check_space(spec.space, entry)
            _check_method(info, spec.start, entry)
        check_founders(spec.start, info, spec.settings)
        spec = _limited(spec, info)
        check_start(spec.start, info, spec.space, spec.budget.trials)
        return spec

    @classmethod
    def from_toml(
        cls, text: str, registry: Registry | None = None, find: FindStudy | None = None
    ) -> JobSpec:
        """Return the valid job a TOML text describes (as `from_json`)."""
        try:
            data = from_toml_text(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise JobError(f"This is not TOML: {error}.") from None
        return cls.from_json(data, registry, find)

    @classmethod
    def from_file(
        cls, path: Path, registry: Registry | None = None, find: FindStudy | None = None
    ) -> JobSpec:
        """Return the valid job in a TOML or JSON file; errors name the file.

        Raises:
            JobError: The file cannot be read or its job is invalid.
        """
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
            text = raw.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise JobError(f"{path}: the job file cannot be read ({reason}).") from None
        if len(raw) > MAX_FILE_BYTES:
            raise JobError(f"{path}: this is too large for a job file.")
        try:
            if path.suffix.lower() != ".json":
                return cls.from_toml(text, registry, find)
            return cls.from_json(json.loads(text), registry, find)
        except JobError as error:
            raise JobError(f"{path}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise JobError(f"{path}: this is not JSON ({error}).") from None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; `from_json` gives an equal job back."""
        return {
            "name": self.name,
            "objective": self.objective,
            "method": self.method,
            "seed": self.seed,
            "refined_from": self.refined_from,
            "metrics": list(self.metrics),
            "curves": list(self.curves),
            "settings": dict(self.settings),
            "budget": self.budget.to_json(),
            "objectives": [
                {"name": item.name, "direction": item.direction.value} for item in self.objectives
            ],
            "constraints": [constraint.to_json() for constraint in self.constraints] or None,
            "space": self.space.to_json(),
            "start": start_to_json(self.start),
        }

    def to_toml(self) -> str:
        """Return the job file the command line runs."""
        return to_toml_text(self.to_json())

    def header(self) -> StudyHeader:
        """Return the header of the study this job makes."""
        return StudyHeader(
            name=self.name,
            space=self.space,
            objectives=self.objectives,
            method=Method(self.method, dict(self.settings)),
            metric_names=self.metrics,
            curve_names=self.curves,
            refined_from=self.refined_from,
            attributes={
                "objective": self.objective,
                "seed": self.seed,
                "budget": self.budget.to_json(),
                **self._origins(),
            },
        )

    def _origins(self) -> dict[str, Any]:
        """Return what most studies have none of: constraints, and something they began with."""
        limits = Limits(self.budget.trials, self.budget.steps, start=self.start)
        repeats = method_info(self.method).repeats
        count = 0 if repeats is None else repeats(self.settings, limits)
        found = {
            "constraints": [constraint.to_json() for constraint in self.constraints] or None,
            "start": provenance(self.start, self.space, self.objectives, self.seed, count),
        }
        return {key: value for key, value in found.items() if value is not None}


def _objectives(
    data: Mapping[str, Any], entry: RegisteredObjective | None
) -> tuple[Objective, ...]:
    given = data.get("objectives")
    if given is None and entry is not None:
        return entry.objectives
    if not isinstance(given, list) or not given:
        raise fields.wrong("objectives", "it must be a list of at least one objective.")
    found = []
    for item in given:
        table = fields.mapping(item, "objectives")
        fields.known_only(table, ("name", "direction"), "objectives.")
        found.append(fields.objective(table.get("name"), table.get("direction"), "objectives"))
    fields.names([item.name for item in found], "objectives")
    if entry is not None:
        known = [o.name for o in entry.objectives] + [*entry.curves, *entry.metrics]
        for item in found:
            if item.name not in known:
                raise fields.wrong(
                    "objectives",
                    f"{entry.name!r} gives no {item.name!r}; it gives "
                    f"{', '.join(dict.fromkeys(known))}.{did_you_mean(item.name, known)}",
                )
    return tuple(found)


def _names(
    data: Mapping[str, Any],
    key: str,
    entry: RegisteredObjective | None,
    without: tuple[Objective, ...],
) -> tuple[str, ...]:
    given = data.get(key)
    if given is None and entry is not None:
        # An objective the job does not optimise is still worth a column.
        rest = [item.name for item in entry.objectives] if key == "metrics" else []
        given = [*dict.fromkeys([*getattr(entry, key), *rest])]
    taken = {item.name for item in without}
    return tuple(name for name in fields.names(given or [], key) if name not in taken)


def _limited(spec: JobSpec, info: MethodInfo) -> JobSpec:
    """Return the job with no more trials than its method makes."""
    if info.trials is None:
        return spec
    trials = min(spec.budget.trials, info.trials(spec.settings, spec.space, spec.start))
    return replace(spec, budget=replace(spec.budget, trials=trials))


def _check_space(space: SearchSpace, entry: RegisteredObjective) -> None:
    """Refuse what the objective would not understand.

    Texts are those of the registry alone: a job, which may come from a page, says nothing to
    somebody's code that its owner has not written down.
    """
    for parameter in space:
        if parameter.name not in entry.space:
            raise fields.wrong(
                "space",
                f"the objective {entry.name!r} has no parameter {parameter.name!r}; it has "
                f"{', '.join(entry.space.names)}.{did_you_mean(parameter.name, entry.space.names)}",
            )
        known = entry.space[parameter.name].choices
        for choice in parameter.choices:
            if isinstance(choice, str) and choice not in known:
                raise fields.wrong(
                    "space",
                    f"{parameter.name!r} has no choice {choice!r} in the registry; it has "
                    f"{', '.join(map(repr, known)) or 'none'}.",
                )
    missing = (entry.needed & {*entry.space.names}) - {*space.names}
    if missing:
        raise fields.wrong(
            "space",
            f"the command of {entry.name!r} cannot do without {', '.join(sorted(missing))}.",
        )


def _check_method(info: MethodInfo, start: StartingSet, entry: RegisteredObjective) -> None:
    if (info.copies or len(start.schedule) > 1) and not entry.can_resume:
        why = "is written for Optuna, which keeps no checkpoints"
        if entry.command is not None:
            why = "has no {checkpoint} and {checkpoint_dir} in its command"
        raise fields.wrong(
            "method",
            f"{info.title} copies trained models from trial to trial, but {entry.name!r} {why}; "
            "take another method.",
        )


def _check_order(space: SearchSpace) -> None:
    try:
        activation_order(space)
    except SpaceError as error:
        raise fields.wrong("space", str(error)) from None
