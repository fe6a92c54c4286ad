"""The form of the next study, read from a page: drafts of its space, and the job it describes."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypertendril.analysis.ranges import consistent
from hypertendril.callbacks.next_start import Beginning
from hypertendril.callbacks.typed_numbers import number, whole
from hypertendril.errors import HyperTendrilError, JobError, SpaceError
from hypertendril.guidance.next_study import carried_over
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import RegisteredObjective, Registry
from hypertendril.layouts.control import LIMITS, MethodChoice
from hypertendril.layouts.control_space import bound_text
from hypertendril.layouts.labels import plain
from hypertendril.model import (
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    constraints_of,
)
from hypertendril.model.space import narrowed
from hypertendril.search import METHODS, Setting

_REFINED = re.compile(r"^(.*?) refined(?: \d+)?$", re.DOTALL)
MAX_NAME_CHARS = 160
METHOD_CHOICES = {
    name: MethodChoice(info.title, tuple((s.name, str(s.default), s.text) for s in info.settings))
    for name, info in METHODS.items()
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The space of the next study.

    Attributes:
        study: Store id of the study the page shows, None for none.
        objective: Registered name, None where nothing fits or is registered.
        is_refined: Whether the shown study can be refined by this objective.
        declared: The ranges that count as whole.
        space: The ranges of the next study.
        before: What `space` was before it was last replaced, None for nothing to undo.
    """

    study: str | None = None
    objective: str | None = None
    is_refined: bool = False
    declared: SearchSpace = field(default_factory=SearchSpace)
    space: SearchSpace = field(default_factory=SearchSpace)
    before: SearchSpace | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what the page's store holds."""
        return {
            "study": self.study,
            "objective": self.objective,
            "is_refined": self.is_refined,
            "declared": self.declared.to_json(),
            "space": self.space.to_json(),
            "before": None if self.before is None else self.before.to_json(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Draft:
        """Return the draft a page sent; an empty one for None.

        Raises:
            SpaceError: A space in it is invalid.
        """
        if not isinstance(data, Mapping):
            return cls()
        before = data.get("before")
        return cls(
            study=_text_or_none(data.get("study")),
            objective=_text_or_none(data.get("objective")),
            is_refined=data.get("is_refined") is True,
            declared=SearchSpace.from_json(data.get("declared")),
            space=SearchSpace.from_json(data.get("space")),
            before=None if before is None else SearchSpace.from_json(before),
        )

    def replaced(self, space: SearchSpace, before: SearchSpace) -> Draft:
        """Return the draft with another space, and `before` to go back to."""
        return replace(self, space=space, before=before)


def draft_of(study: Study | None, registry: Registry, objective: str | None = None) -> Draft:
    """Return the draft to begin with.

    Args:
        study: The one the page shows.
        registry: What may be run.
        objective: A person's choice; None picks the one that made the study, or else one whose
            parameters are the study's.
    """
    entries = registry.objectives
    if study is None:
        first = objective if objective in entries else next(iter(entries), None)
        space = entries[first].space if first is not None else SearchSpace()
        return Draft(None, first, is_refined=False, declared=space, space=space)
    name = objective if objective in entries else fitting_objective(study.header, registry)
    if name is None or fits(study.header, entries[name]):
        return Draft(study.id, name, name is not None, study.space, study.space)
    space = entries[name].space
    return Draft(study.id, name, is_refined=False, declared=space, space=space)


def fitting_objective(header: StudyHeader, registry: Registry) -> str | None:
    """Return the registered objective that can go on with a study, None if there is none."""
    entries = registry.objectives
    own = header.attributes.get("objective")
    if isinstance(own, str) and own in entries and fits(header, entries[own]):
        return own
    return next((name for name, entry in entries.items() if fits(header, entry)), None)


def fits(header: StudyHeader, entry: RegisteredObjective) -> bool:
    """Return whether `entry` knows all parameters of a study, and what it optimises."""
    gives = {objective.name for objective in entry.objectives} | {*entry.curves, *entry.metrics}
    return (
        len(header.space) > 0
        and header.objectives[0].name in gives
        and all(
            parameter.name in entry.space
            and entry.space[parameter.name].is_discrete_choice == parameter.is_discrete_choice
            for parameter in header.space
        )
    )


def next_name(study: str | None, draft: Draft, taken: Collection[str]) -> str:
    """Return a name for the next study that no study has yet.

    Args:
        study: Name of the one that is shown, None for none.
        draft: Says whether that is the one that is refined.
        taken: Names of all studies.
    """
    if study is None or not (draft.is_refined or draft.objective is None):
        return _free(draft.objective or "first study", taken)
    found = _REFINED.match(study)
    return _free(f"{plain(found.group(1) if found else study, MAX_NAME_CHARS)} refined", taken)


def _free(base: str, taken: Collection[str]) -> str:
    if base not in taken:
        return base
    return next(f"{base} {k}" for k in range(2, len(taken) + 3) if f"{base} {k}" not in taken)


@dataclass(frozen=True, slots=True)
class Form:
    """What the inputs hold, as they hold it; nothing checked.

    Attributes:
        limits: Text of each optional limit of the budget, by its key.
        settings: Text of each setting of the method, by its name.
        edits: Text of the bounds `low` and `high`, or codes ticked as `choices`, of each row that
            was edited, by the position of the parameter in the draft.
        start: What the page chose to begin with, see `Beginning`.
    """

    objective: Any
    method: Any
    name: Any
    trials: Any
    parallel: Any
    seed: Any
    limits: Mapping[str, Any]
    settings: Mapping[str, Any]
    edits: Mapping[str, Mapping[str, Any]]
    start: Any = None

    def space(self, draft: Draft) -> SearchSpace:
        """Return the space the rows describe.

        Raises:
            SpaceError: A row is invalid; the message names the parameter and the field.
        """
        rows = (
            (str(i), declared, draft.space[declared.name])
            for i, declared in enumerate(draft.declared)
            if declared.name in draft.space
        )
        # What an unticked choice made impossible is left out, as when ranges are taken.
        return consistent(tuple(self._parameter(*row) for row in rows))

    def _parameter(self, key: str, declared: Parameter, given: Parameter) -> Parameter:
        edited = self.edits.get(key)
        if edited is None:
            return given
        if declared.is_discrete_choice:
            return _chosen(declared, given, edited.get("choices"))
        return edited_range(given, edited)

    def job(self, draft: Draft, registry: Registry, study: Study | None) -> JobSpec:
        """Return the job the form describes.

        Args:
            draft: The space of the next study.
            registry: What may be run.
            study: The one the draft is of.

        Raises:
            HyperTendrilError: Something is missing or invalid; the message names the field.
        """
        if self.objective not in registry.objectives:
            raise JobError("Objective: choose one; only registered objectives can be run.")
        space = self.space(draft)
        begun = Beginning.from_json(self.start, draft.study if draft.is_refined else None)
        data = {
            "name": self.name.strip() if isinstance(self.name, str) else self.name,
            "objective": self.objective,
            "method": self.method,
            "settings": self._settings(),
            "seed": whole("Seed", self.seed),
            "budget": {
                "trials": whole("Trials", self.trials),
                "parallel": whole("Workers", self.parallel),
                **self._limits(),
            },
            "space": space.to_json(),
            "start": begun.start(study, space, registry[self.objective].objectives),
            **carried_constraints(study if draft.is_refined else None, registry[self.objective]),
            "refined_from": draft.study if draft.is_refined else None,
        }
        return JobSpec.from_json(data, registry)

    def _limits(self) -> dict[str, float]:
        given = {key: str(text or "").strip() for key, text in self.limits.items() if key in LIMITS}
        return {key: number(LIMITS[key][0], text) for key, text in given.items() if text}

    def _settings(self) -> dict[str, Any]:
        info = METHODS.get(self.method)
        if info is None:
            raise JobError("Method: choose one.")
        return {
            setting.name: _setting(setting, self.settings[setting.name])
            for setting in info.settings
            if setting.name in self.settings
        }


def carried_constraints(study: Study | None, entry: RegisteredObjective) -> dict[str, Any]:
    """Return the fields of a job that keep the constraints of `study`.

    A metric that only the study's own job declared is declared again.
    """
    found = () if study is None else constraints_of(study.header)
    if not found:
        return {}
    known = [*entry.metrics, *(objective.name for objective in entry.objectives)]
    new = [item.metric for item in found if item.metric not in {*known, *entry.curves}]
    return {
        "constraints": [item.to_json() for item in found],
        "metrics": [*dict.fromkeys([*known, *new])],
    }


def space_before(form: Form, draft: Draft) -> SearchSpace:
    """Return what a person had typed so far, the draft's own space where that makes no sense."""
    try:
        return form.space(draft)
    except HyperTendrilError:
        return draft.space


def proposed(draft: Draft, space: SearchSpace) -> SearchSpace:
    """Return `space`, found in the shown study, as ranges of the draft.

    Raises:
        SpaceError: The chosen objective has other parameters.
    """
    require_same_space(draft)
    missing = [name for name in draft.declared.names if name not in space]
    kept = SearchSpace(tuple(p for p in draft.declared if p.name not in missing))
    return carried_over(kept, space)


def require_same_space(draft: Draft) -> None:
    """Raise SpaceError where the chosen objective has other parameters than the shown study."""
    if not draft.is_refined and draft.objective is not None:
        raise SpaceError(
            f"The objective {draft.objective!r} has other parameters than the shown study, "
            "so its ranges cannot be taken; choose another objective or study."
        )


def edited_range(parameter: Parameter, edited: Mapping[str, Any]) -> Parameter:
    """Return the parameter with the bounds a person typed; those not touched stay as exact.

    Raises:
        SpaceError: They make no range; the message names the parameter and the field.
    """
    low, high = (
        _bound(parameter, end, edited[end]) if end in edited else None for end in ("low", "high")
    )
    return narrowed(parameter, low=low, high=high)


def _bound(parameter: Parameter, end: str, text: Any) -> float:
    known = parameter.low if end == "low" else parameter.high
    if known is not None and text == bound_text(known):
        return known  # typed back: as exact as it was
    try:
        value = float(str(text).strip().replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpaceError(f"{parameter.name}, {end}: {str(text)!r} is not a number.")
    if parameter.kind is ParameterKind.INT and not value.is_integer():
        raise SpaceError(f"{parameter.name}, {end}: {text} must be a whole number.")
    return value


def _chosen(declared: Parameter, given: Parameter, codes: Any) -> Parameter:
    known = range(len(declared.choices))
    ticked = {code for code in codes if code in known} if isinstance(codes, list) else set()
    if not ticked:
        raise SpaceError(f"{declared.name}: tick at least one choice.")
    return narrowed(given, choices=tuple(declared.choices[code] for code in sorted(ticked)))


def _setting(setting: Setting, text: Any) -> Any:
    if setting.kind == "bool":
        return text in (True, "true", "yes", "1")
    return number(setting.name, text)


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
