"""Jobs that begin at one trial: its schedule replayed, or its training brought to the end."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.exploration import prepare_exploration
from hypertendril.callbacks.control_actions import queued_once
from hypertendril.callbacks.next_study import MAX_NAME_CHARS, carried_constraints, fitting_objective
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import HyperTendrilError
from hypertendril.guidance.training_plan import Plan, finish_plan, replay_plan
from hypertendril.jobs.objectives import Registry
from hypertendril.jobs.spec import JobSpec
from hypertendril.layouts import ids
from hypertendril.layouts.control import message
from hypertendril.layouts.labels import plain
from hypertendril.model import Study

_WORDS = {ids.EXPLORATION_REPLAY: "replayed", ids.EXPLORATION_FINISH: "to its end"}
_TITLES = {
    ids.EXPLORATION_REPLAY: "Train one model with exactly these values over its steps, as a job",
    ids.EXPLORATION_FINISH: "Train this configuration as far as the best were, as a job",
}
BUTTONS = tuple(_WORDS)


def register(app: Dash, services: Services) -> None:
    """Connect the two buttons of the story."""

    @app.callback(
        *(Output(button, prop) for button in BUTTONS for prop in ("disabled", "title")),
        Input(ids.EXPLORATION_STORY, "data"),
        State(ids.SHOWN, "data"),
        prevent_initial_call=True,
    )
    def offer(asked: Any, shown: Any) -> Any:
        study = shown_study(services, shown)
        row = asked_row(study, asked)
        if study is None or row is None:
            return (no_update,) * (2 * len(BUTTONS))
        plans = [plan_of(button, study, row, services.registry) for button in BUTTONS]
        return tuple(
            part
            for button, plan in zip(BUTTONS, plans, strict=True)
            for part in (bool(plan.why_not), plan.why_not or _TITLES[button])
        )

    @app.callback(
        Output(ids.EXPLORATION_STORY_BOX, "is_open", allow_duplicate=True),
        Output(ids.EXPLORATION_STORY_SAID, "children"),
        Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        Output(ids.CONTROL_AWAITED, "data", allow_duplicate=True),
        *(Input(button, "n_clicks") for button in BUTTONS),
        State(ids.EXPLORATION_STORY, "data"),
        State(ids.SHOWN, "data"),
        State(ids.CONTROL_KEY, "data"),
        prevent_initial_call=True,
    )
    def run(_replay: Any, _finish: Any, asked: Any, shown: Any, key: Any) -> Any:
        study = shown_study(services, shown)
        row = asked_row(study, asked)
        if study is None or row is None or not ctx.triggered_id:
            return (no_update,) * 4
        try:
            words, job_id = queued(services, str(ctx.triggered_id), study, row, key)
        except HyperTendrilError as error:
            return no_update, message(str(error), is_error=True), no_update, no_update
        return False, None, message(words), job_id


def asked_row(study: Study | None, asked: Any) -> int | None:
    """Return the row of the trial whose story is told, None for none."""
    row = asked.get("row") if isinstance(asked, dict) else None
    is_known = study is not None and type(row) is int and 0 <= row < len(study)
    return row if is_known else None


def plan_of(button: str, study: Study, row: int, registry: Registry) -> Plan:
    """Return what a button would train, or why it cannot."""
    objective = fitting_objective(study.header, registry)
    if objective is None:
        return Plan(why_not="No registered objective fits this study.")
    if button == ids.EXPLORATION_REPLAY:
        if not registry[objective].can_resume:
            return Plan(
                why_not="The objective keeps no checkpoints, so values can't change midway."
            )
        return replay_plan(study, prepare_exploration(study), row)
    return finish_plan(study, row, registry[objective].steps)


def job_of(button: str, study: Study, row: int, registry: Registry) -> JobSpec:
    """Return the job behind a button.

    Raises:
        HyperTendrilError: There can be none, or its values lie outside of the space.
    """
    plan = plan_of(button, study, row, registry)
    if plan.why_not:
        raise HyperTendrilError(plan.why_not)
    objective = fitting_objective(study.header, registry)
    assert objective is not None  # or there would be no plan
    number = study.trials.number[row]
    data = {
        "name": f"{plain(study.name, MAX_NAME_CHARS)}, trial {number} {_WORDS[button]}",
        "objective": objective,
        "method": "replay",
        "space": study.space.to_json(),
        **carried_constraints(study, registry[objective]),
        "refined_from": study.id,
        "start": {"schedule": [{"steps": n, "params": values} for n, values in plan.stretches]},
    }
    return JobSpec.from_json(data, registry)


def queued(
    services: Services, button: str, study: Study, row: int, page_key: Any
) -> tuple[str, str]:
    """Put the job of a button into the queue; return what to say and the job's id.

    Raises:
        HyperTendrilError: There can be no such job, or the queue refuses.
    """
    spec = job_of(button, study, row, services.registry)
    job_id = queued_once(services, spec, page_key)
    return f"Queued {plain(spec.name)!r}. It is shown as soon as it starts.", job_id
