"""Jobs that begin at one trial: its schedule replayed, or its training brought to the end."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.callbacks.control_actions import queued_once
from hypertendril.callbacks.next_study import MAX_NAME_CHARS, carried_constraints, fitting_objective
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import HyperTendrilError
from hypertendril.guidance.training_plan import Plan, finish_plan, replay_plan
from hypertendril.jobs.running.checkpoints import kept_step
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import Registry
from hypertendril.layouts import ids
from hypertendril.layouts.control import message
from hypertendril.layouts.labels import plain
from hypertendril.model import Study

_WORDS = {ids.EXPLORATION_REPLAY: "replayed", ids.EXPLORATION_FINISH: "to its end"}
_TITLES = {
    ids.EXPLORATION_REPLAY: "Train one model with exactly these values over its steps, as a job",
    ids.EXPLORATION_FINISH: "Train this configuration as far as the best were, as a job;",
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
        plans = [plan_of(button, study, row, services) for button in BUTTONS]
        return tuple(
            part
            for button, plan in zip(BUTTONS, plans, strict=True)
            for part in (bool(plan.why_not), plan.why_not or offered(button, plan))
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


def offered(button: str, plan: Plan) -> str:
    """Return what a button does, and where its training begins if that is not sure."""
    return " ".join([_TITLES[button], *_beginning(button, plan)])


def _beginning(button: str, plan: Plan) -> list[str]:
    if button == ids.EXPLORATION_REPLAY:
        return []
    if plan.from_step:
        return [f"it goes on from what the trial saved at step {plan.from_step}."]
    return ["from the beginning, as nothing that the trial saved is left."]


def plan_of(button: str, study: Study, row: int, services: Services) -> Plan:
    """Return what a button would train, or why it cannot."""
    registry = services.registry
    objective = fitting_objective(study.header, registry)
    if objective is None:
        return Plan(why_not="No registered objective fits this study.")
    if button == ids.EXPLORATION_REPLAY:
        if not registry[objective].can_resume:
            return Plan(
                why_not="The objective keeps no checkpoints, so values can't change midway."
            )
        return replay_plan(study, prepare_exploration(study), row)
    # Only those who trained a checkpoint can read it.
    is_own = study.header.attributes.get("objective") == objective
    folder = services.settings.checkpoints / study.id if study.id and is_own else None
    kept = None if folder is None else kept_step(folder, study, row)
    return finish_plan(study, row, registry[objective].steps, kept)


def job_of(plan: Plan, button: str, study: Study, row: int, registry: Registry) -> JobSpec:
    """Return the job behind a button.

    Raises:
        HyperTendrilError: There can be none, or its values lie outside of the space.
    """
    if plan.why_not:
        raise HyperTendrilError(plan.why_not)
    objective = fitting_objective(study.header, registry)
    assert objective is not None  # or there would be no plan
    number = int(study.trials.number[row])
    start: dict[str, Any] = {
        "schedule": [{"steps": n, "params": values} for n, values in plan.stretches]
    }
    if plan.from_step:
        start["origin"] = {"study": study.id, "trial": number, "steps": plan.from_step}
    data = {
        "name": f"{plain(study.name, MAX_NAME_CHARS)}, trial {number} {_WORDS[button]}",
        "objective": objective,
        "method": "replay",
        "space": study.space.to_json(),
        **carried_constraints(study, registry[objective]),
        "refined_from": study.id,
        "start": start,
    }
    return JobSpec.from_json(data, registry)


def queued(
    services: Services, button: str, study: Study, row: int, page_key: Any
) -> tuple[str, str]:
    """Put the job of a button into the queue; return what to say and the job's id.

    Raises:
        HyperTendrilError: There can be no such job, or the queue refuses.
    """
    plan = plan_of(button, study, row, services)
    spec = job_of(plan, button, study, row, services.registry)
    job_id = queued_once(services, spec, page_key)
    parts = [f"Queued {plain(spec.name)!r}", *_beginning(button, plan)]
    return f"{'; '.join(parts).rstrip('.')}. It is shown as soon as it starts.", job_id
