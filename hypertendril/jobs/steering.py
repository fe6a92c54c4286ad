"""What a person may change about a job that waits or runs: pause, workers, trials, stop one trial.

It stands in the job's record in the queue beside what was submitted, which never changes, so that
whoever runs the job, now or after a crash, finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypertendril.errors import JobError
from hypertendril.jobs import fields
from hypertendril.jobs.spec import MAX_PARALLEL, MAX_TRIALS, JobSpec
from hypertendril.search import METHODS

MAX_STOPS = 10_000


@dataclass(frozen=True, slots=True)
class Steering:
    """How a study is to go on.

    Attributes:
        parallel: Trials that may run at the same time.
        trials: Trials the study shall have in all.
        is_paused: Start nothing new; what is under way comes to its end.
        stopped: Numbers of trials to be stopped; each fails alone.
    """

    parallel: int
    trials: int
    is_paused: bool = False
    stopped: frozenset[int] = frozenset()


def steering_of(record: Mapping[str, Any]) -> Steering:
    """Return how the job of a record in the queue is to go on."""
    budget = {**record["spec"]["budget"], **record.get("budget", {})}
    return Steering(
        parallel=budget.get("parallel") or 1,
        trials=budget["trials"],
        is_paused=bool(record.get("paused")),
        stopped=frozenset(record.get("stopped", ())),
    )


def steered(spec: JobSpec, record: Mapping[str, Any]) -> JobSpec:
    """Return the job as it was submitted, with the budget it has now."""
    changed = record.get("budget")
    return replace(spec, budget=replace(spec.budget, **changed)) if changed else spec


def with_budget(
    record: Mapping[str, Any], spec: JobSpec, parallel: Any, trials: Any
) -> dict[str, Any]:
    """Return the record with another number of workers, of trials, or both; None leaves one.

    Raises:
        JobError: A number makes no sense, or the method alone says how many trials there are.
    """
    budget = dict(record.get("budget", {}))
    if parallel is not None:
        budget["parallel"] = fields.whole(parallel, "parallel", low=1, high=MAX_PARALLEL)
    if trials is not None:
        budget["trials"] = fields.whole(trials, "trials", low=1, high=MAX_TRIALS)
        if budget["trials"] != spec.budget.trials and not can_change_trials(spec.method):
            raise JobError(
                f"trials: {METHODS[spec.method].title} plans its trials ahead, so their number "
                "cannot be changed while it runs."
            )
    return {**record, "budget": budget}


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
