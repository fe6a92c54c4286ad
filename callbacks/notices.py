"""What the page tells of by itself: a new best, a study that is over; and how to go on from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, State, no_update

from hypertendril.callbacks.next_study import fitting_objective
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.callbacks.study_lines import JobView
from hypertendril.jobs.queue.job_queue import Job, JobState
from hypertendril.layouts import ids
from hypertendril.layouts.aligned import aligned_text
from hypertendril.layouts.labels import plain
from hypertendril.model import Study
from hypertendril.settings import REGISTRY_NAME
from hypertendril.store import StudySummary

MAX_TOLD = 3
MAX_REASON = 200
MAX_OBJECTIVE = 30
_ENDED = {
    JobState.DONE: "is finished",
    JobState.FAILED: "has failed",
    JobState.CANCELLED: "was stopped",
    JobState.QUARANTINED: "was given up",
}


def register(app: Dash, services: Services) -> None:
    """Connect the page's notice, and the hint of the form."""
    view = JobView(services.queue)

    @app.callback(
        Output(ids.NOTED, "data"),
        Output(ids.NOTICE, "is_open"),
        Output(ids.NOTICE, "children"),
        Input(ids.PULSE, "data"),
        State(ids.SHOWN, "data"),
        State(ids.NOTED, "data"),
        prevent_initial_call=True,
    )
    def tell(_pulse: Any, shown: Any, noted: Any) -> Any:
        shown_id = shown.get("study") if isinstance(shown, dict) else None
        now, words = news(services.store.studies(), view.jobs(), shown_id, noted)
        if now == noted:
            return (no_update,) * 3
        return (now, True, words) if words else (now, no_update, no_update)

    @app.callback(
        Output(ids.CONTROL_HINT, "children"),
        Output(ids.CONTROL_HINT, "title"),
        Input(ids.SHOWN, "data"),
    )
    def hint(shown: Any) -> Any:
        return objective_hint(services, shown_study(services, shown))


def news(
    studies: Sequence[StudySummary], jobs: Sequence[Job], shown: Any, noted: Any
) -> tuple[dict[str, Any], str]:
    """Return what the page knows from now on, and what to say of the difference.

    A page that knows nothing yet is told nothing: it has just been opened.

    Args:
        studies: All there are.
        jobs: Likewise.
        shown: Id of the study the page shows: only its new best is told.
        noted: What the page knew, as this function returned it.
    """
    now: dict[str, Any] = {
        "jobs": {str(job.id): job.state.value for job in jobs if job.state is not JobState.QUEUED},
        "study": shown,
        "best": next((study.best for study in studies if study.id == shown), None),
    }
    if not isinstance(noted, Mapping) or not isinstance(noted.get("jobs"), Mapping):
        return now, ""
    known = noted["jobs"]
    over = [job for job in jobs if job.state in _ENDED and known.get(str(job.id)) not in _ENDED]
    words = [_over(job) for job in over[:MAX_TOLD]]
    is_running = any(str(job.id) == shown and job.state is JobState.RUNNING for job in jobs)
    if is_running and noted.get("study") == shown and _is_new(noted.get("best"), now["best"]):
        name = next(study.header.name for study in studies if study.id == shown)
        words.append(f"New best of {plain(name)}: {aligned_text(now['best'])}")
    return now, " · ".join(words)


def _is_new(before: Any, now: float | None) -> bool:
    return isinstance(before, (int, float)) and now is not None and now != before


def _over(job: Job) -> str:
    over = f"{plain(job.spec.name)} {_ENDED[job.state]}"
    done = f"{job.progress.done:,} of {job.spec.budget.trials:,} trials"
    if job.progress.best is not None:
        return f"{over}: {done}, best {aligned_text(job.progress.best)}"
    reason = job.message.partition("\n")[0]
    return f"{over}: {done}. {plain(reason, MAX_REASON)}".strip()


def objective_hint(services: Services, study: Study | None) -> tuple[str, str]:
    """Return how to make the shown study one that can be gone on with, and the file that takes it.

    Empty where it is one.
    """
    if study is None or fitting_objective(study.header, services.registry) is not None:
        return "", ""
    file = services.registry.path
    place = file.name if file is not None else f"{REGISTRY_NAME} (start with --objectives)"
    name = plain(study.objectives[0].name, MAX_OBJECTIVE)
    words = f"No objective takes its parameters and reports {name}: register one in {place}."
    return words, plain(file or REGISTRY_NAME, 200)
