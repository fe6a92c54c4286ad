"""Wiring of what steers jobs: pause, resume, other budgets, single trials stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.ticks import number_text
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.typed_numbers import number, whole
from hypertendril.errors import HyperTendrilError, JobError, StoreError
from hypertendril.jobs.queue.job_queue import Job, JobState
from hypertendril.layouts import ids
from hypertendril.layouts.control import message
from hypertendril.layouts.control_steer import RunningTrial, running_trials
from hypertendril.layouts.labels import plain
from hypertendril.layouts.selected import duration_text
from hypertendril.model import Study, TrialState

COMMANDS = ("pause", "resume", "stop-trial")
MAX_LISTED = 64


def register(app: Dash, services: Services) -> None:
    """Connect the components that steer jobs."""

    @app.callback(
        Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        Input(ids.CONTROL_COMMAND, "data"),
        prevent_initial_call=True,
    )
    def obey(command: Any) -> Any:
        verb = command.get("do") if isinstance(command, dict) else None
        return steered(services, command) if verb in COMMANDS else no_update

    @app.callback(
        Output(ids.STEER_BOX, "is_open"),
        Output(ids.STEER_TITLE, "children"),
        Output(ids.STEER_JOB, "data"),
        Output(ids.STEER_PARALLEL, "value"),
        Output(ids.STEER_TRIALS, "value"),
        Output(ids.STEER_TOTAL_STEPS, "value"),
        Output(ids.STEER_WALL_SECONDS, "value"),
        Output(ids.STEER_MESSAGE, "children"),
        Input(ids.CONTROL_COMMAND, "data"),
        prevent_initial_call=True,
    )
    def open_box(command: Any) -> Any:
        if not isinstance(command, dict) or command.get("do") != "steer":
            return (no_update,) * 8
        try:
            job = services.queue.job(str(command.get("job")))
        except JobError as error:
            said = message(str(error), is_error=True)
            return True, "This job is gone", None, "", "", "", "", said
        budget = job.spec.budget
        values = (budget.parallel, budget.trials, budget.total_steps, budget.wall_seconds)
        texts = ("" if value is None else f"{value:.15g}" for value in values)
        return True, f"Steer {plain(job.spec.name)}", str(job.id), *texts, None

    @app.callback(
        Output(ids.STEER_MESSAGE, "children", allow_duplicate=True),
        Input(ids.STEER_APPLY, "n_clicks"),
        State(ids.STEER_JOB, "data"),
        State(ids.STEER_PARALLEL, "value"),
        State(ids.STEER_TRIALS, "value"),
        State(ids.STEER_TOTAL_STEPS, "value"),
        State(ids.STEER_WALL_SECONDS, "value"),
        prevent_initial_call=True,
    )
    def apply(clicks: Any, job: Any, parallel: Any, trials: Any, steps: Any, seconds: Any) -> Any:
        del clicks
        return changed(services, str(job), parallel, trials, (steps, seconds))

    @app.callback(
        Output(ids.STEER_RUNNING, "children"),
        Input(ids.PULSE, "data"),
        Input(ids.STEER_JOB, "data"),
        State(ids.STEER_BOX, "is_open"),
        prevent_initial_call=True,
    )
    def list_running(_pulse: Any, job: Any, is_open: Any) -> Any:
        if not isinstance(job, str) or not (is_open or ctx.triggered_id == ids.STEER_JOB):
            return no_update
        return running_trials(job, trials_under_way(services, job))


def steered(services: Services, command: Mapping[str, Any]) -> Any:
    """Do what a button asks of a job; return what to say."""
    job_id = str(command.get("job"))
    try:
        if command["do"] == "pause":
            state = services.queue.pause(job_id)
            is_running = state is JobState.RUNNING
            return message(
                "Trials under way end first, then it rests." if is_running else "Paused."
            )
        if command["do"] == "resume":
            services.queue.resume(job_id)
            return message("It goes on.")
        trial = whole("Trial", command.get("trial"))
        services.queue.stop_trial(job_id, trial)
        return message(f"Asked to stop trial {trial}; the others go on.")
    except JobError as error:
        return message(str(error), is_error=True)


def changed(
    services: Services,
    job_id: str,
    parallel: Any,
    trials: Any,
    limits: tuple[Any, Any] = ("", ""),
) -> Any:
    """Give a job another budget; return what to say.

    Args:
        limits: Texts of the steps and of the seconds in all; empty ones are no limit.
    """
    try:
        workers, count = whole("Workers", parallel), whole("Trials", trials)
        steps, seconds = (_limit(text) for text in limits)
        services.queue.change(
            job_id, parallel=workers, trials=count, total_steps=steps, wall_seconds=seconds
        )
    except HyperTendrilError as error:
        return message(str(error), is_error=True)
    ends = [f"{steps:g} steps"] * bool(steps) + [f"{seconds:g} s"] * bool(seconds)
    until = f", until {' or '.join(ends)} are over" if ends else ""
    return message(f"From now on {count} trials in all, {workers} at the same time{until}.")


def trials_under_way(services: Services, job_id: str) -> list[RunningTrial]:
    """Return the running trials of a job's study."""
    try:
        study, job = services.store.snapshot(job_id), services.queue.job(job_id)
    except (StoreError, JobError):
        return []
    if not job.state.is_open:
        return []
    rows = np.flatnonzero(study.trials.state == TrialState.RUNNING)
    return [_running(study, int(row), job) for row in rows[:MAX_LISTED]]


def _running(study: Study, row: int, job: Job) -> RunningTrial:
    trials = study.trials
    seconds = time.time() - float(trials.started[row])
    points = np.flatnonzero((study.curves.trial == row) & (study.curves.metric == 0))
    parts = [duration_text(seconds)] if np.isfinite(seconds) else []
    if len(points):
        name, last = study.header.curve_names[0], points[-1]
        value = number_text(float(study.curves.value[last]), 3)
        parts.append(f"step {study.curves.step[last]:g}: {plain(name, 20)} {value}")
    words = ", ".join(f"{name} {_short(value)}" for name, value in study.params(row).items())
    numbered = int(trials.number[row])
    return RunningTrial(numbered, " · ".join(parts), words, numbered in job.stopped)


def _short(value: Any) -> str:
    return number_text(value, 3) if isinstance(value, float) else plain(value, 20)


def _limit(text: Any) -> float:
    words = str(text or "").strip()
    return number("In all", words) if words else 0.0
