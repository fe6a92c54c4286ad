"""What a person may change about a job that waits or runs: pause, parts of its budget, stop one trial.

It stands in the job's record in the queue beside what was submitted, which never changes, so that
whoever runs the job, now or after a crash, finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypertendril.errors import JobError
from hypertendril.jobs.spec import fields
from hypertendril.jobs.spec.budget import MAX_TRIALS, Budget, amount
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.search import METHODS, method_info

MAX_STOPS = 10_000
_LIFTABLE = ("total_steps", "wall_seconds")
CHANGEABLE = ("trials", "parallel", *_LIFTABLE)


@dataclass(frozen=True, slots=True)
class Steering:
    """How a study is to go on.

    Attributes:
        budget: What it may spend from now on.
        is_paused: Start nothing new; what is under way comes to its end.
        stopped: Numbers of trials to be stopped; each fails alone.
    """

    budget: Budget
    is_paused: bool = False
    stopped: frozenset[int] = frozenset()


def steering_of(record: Mapping[str, Any]) -> Steering:
    """Return how the job of a record in the queue is to go on."""
    return Steering(
        budget=Budget(**{**record["spec"]["budget"], **record.get("budget", {})}),
        is_paused=bool(record.get("paused")),
        stopped=frozenset(record.get("stopped", ())),
    )


def steered(spec: JobSpec, record: Mapping[str, Any]) -> JobSpec:
    """Return the job as it was submitted, with the budget it has now."""
    changed = record.get("budget")
    return replace(spec, budget=replace(spec.budget, **changed)) if changed else spec


def with_budget(
    record: Mapping[str, Any], spec: JobSpec, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record with parts of its budget changed; None leaves one, 0 lifts a limit.

    Raises:
        JobError: A part makes no sense, cannot be changed any more, or the method alone says how
            many trials there are.
    """
    fields.known_only(changes, CHANGEABLE, "budget.")
    budget = dict(record.get("budget", {}))
    for key, value in changes.items():
        if value is not None:
            budget[key] = None if key in _LIFTABLE and value == 0 else amount(key, value)
    if budget.get("trials", spec.budget.trials) != spec.budget.trials:
        _check_trials(spec, budget["trials"])
    return {**record, "budget": budget}


def _check_trials(spec: JobSpec, trials: int) -> None:
    info = method_info(spec.method)
    if not can_change_trials(spec.method):
        raise JobError(
            f"Field 'budget.trials': {info.title} plans its trials ahead, so their number cannot "
            f"be changed once it is submitted; it stays {spec.budget.trials}."
        )
    most = None if info.trials is None else info.trials(spec.settings, spec.space, spec.start)
    if most is not None and trials > most:
        raise JobError(
            f"Field 'budget.trials': {info.title} makes {most} trials with these settings, "
            f"so there cannot be {trials}."
        )


def can_change_trials(method: str) -> bool:
    """Return whether a method goes on for as long as it is asked to."""
    info = METHODS.get(method)
    return info is not None and getattr(info, "schedule", None) is None


def with_stopped(record: Mapping[str, Any], number: Any) -> dict[str, Any]:
    """Return the record with a trial to be stopped.

    Raises:
        JobError: The number makes no sense, or there are too many.
    """
    known = list(record.get("stopped", ()))
    trial = fields.whole(number, "trial", low=0, high=MAX_TRIALS)
    if len(known) >= MAX_STOPS:
        raise JobError(f"More than {MAX_STOPS} trials were stopped by hand; stop the study.")
    return {**record, "stopped": [*known, *([] if trial in known else [trial])]}
