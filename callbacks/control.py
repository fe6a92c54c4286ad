"""Wiring of the Control panel: studies, queue, the draft of the next study, running it."""

from __future__ import annotations

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from hypertendril.callbacks import starting
from hypertendril.callbacks.control_actions import (
    CHANGES,
    beginning,
    cancelled,
    changed,
    edits_of,
    exported,
    form_of,
    other_objective,
    ranges_update,
    submitted,
)
from hypertendril.callbacks.next_study import METHOD_CHOICES, Draft
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.callbacks.study_lines import JobView, job_lines, lists_json, study_lines
from hypertendril.errors import HyperTendrilError
from hypertendril.layouts import ids
from hypertendril.layouts.control import MethodChoice, message, setting_inputs
from hypertendril.layouts.control_space import space_rows

# What the inputs of the form hold, as `form_of` takes it.
_FORM = {
    "objective": State(ids.CONTROL_OBJECTIVE, "value"),
    "method": State(ids.CONTROL_METHOD, "value"),
    "name": State(ids.CONTROL_NAME, "value"),
    "trials": State(ids.CONTROL_TRIALS, "value"),
    "parallel": State(ids.CONTROL_PARALLEL, "value"),
    "seed": State(ids.CONTROL_SEED, "value"),
    "limits": State(ids.budget_limit(ALL), "value"),
    "limits_ids": State(ids.budget_limit(ALL), "id"),
    "settings": State(ids.method_setting(ALL), "value"),
    "settings_ids": State(ids.method_setting(ALL), "id"),
    "edits": State(ids.CONTROL_EDITS, "data"),
    "start": State(ids.CONTROL_START, "data"),
}
_TAKERS = {
    "brushes": Input(ids.CONTROL_TAKE_BRUSHES, "n_clicks"),
    "suggestion": Input(ids.CONTROL_TAKE_SUGGESTION, "n_clicks"),
    "diagnosis": Input(ids.DIAGNOSIS_TAKE, "n_clicks"),
    "undo": Input(ids.CONTROL_UNDO, "n_clicks"),
    "reset": Input(ids.CONTROL_RESET, "n_clicks"),
}


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""
    _register_lists(app, services)
    _register_draft(app, services)
    _register_rows(app)
    starting.register(app, services)
    _register_running(app, services)


def _register_lists(app: Dash, services: Services) -> None:
    view = JobView(services.queue)

    @app.callback(
        Output(ids.CONTROL_LISTS, "data"), Input(ids.PULSE, "data"), prevent_initial_call=True
    )
    def tell_lists(_pulse: Any) -> Any:
        hidden = services.opened.hidden
        # A closed study keeps its job from being listed as one that is about to start.
        known = services.store.studies()
        studies = [study for study in known if study.id not in hidden]
        jobs = view.jobs()
        return lists_json(
            study_lines(studies, jobs), job_lines(jobs, known, hidden), len(known) - len(studies)
        )

    app.clientside_callback(
        ClientsideFunction("htControl", "lists"),
        Input(ids.CONTROL_LISTS, "data"),
        Input(ids.SHOWN, "data"),
        Input(ids.IMPORTANCE_TOGETHER, "data"),
    )

    @app.callback(
        Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        Input(ids.CONTROL_CANCEL, "data"),
        prevent_initial_call=True,
    )
    def cancel_job(request: Any) -> Any:
        job = request.get("job") if isinstance(request, dict) else None
        return cancelled(services, job) if isinstance(job, str) else no_update


def _register_draft(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.CONTROL_DRAFT, "data"),
        Output(ids.CONTROL_OBJECTIVE, "options"),
        Output(ids.CONTROL_OBJECTIVE, "value"),
        Output(ids.CONTROL_NAME, "value"),
        Input(ids.SHOWN, "data"),
        State(ids.CONTROL_DRAFT, "data"),
    )
    def begin(shown: Any, draft: Any) -> Any:
        study = shown_study(services, shown)
        shown_id = study.id if study else None
        if isinstance(draft, dict) and draft.get("study") == shown_id:
            return (no_update,) * 4
        return beginning(services, study)

    @app.callback(
        Output(ids.CONTROL_DRAFT, "data", allow_duplicate=True),
        Output(ids.CONTROL_NAME, "value", allow_duplicate=True),
        Input(ids.CONTROL_OBJECTIVE, "value"),
        State(ids.SHOWN, "data"),
        State(ids.CONTROL_DRAFT, "data"),
        State(ids.CONTROL_NAME, "value"),
        prevent_initial_call=True,
    )
    def choose_objective(objective: Any, shown: Any, draft: Any, name: Any) -> Any:
        before, study = Draft.from_json(draft), shown_study(services, shown)
        if objective == before.objective:
            return no_update, no_update
        return other_objective(services, study, before, objective, name)

    @app.callback(
        output=(
            Output(ids.CONTROL_DRAFT, "data", allow_duplicate=True),
            Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        ),
        inputs={"clicks": _TAKERS},
        state={
            "shown": State(ids.SHOWN, "data"),
            "selection": State(ids.SELECTION, "data"),
            "draft": State(ids.CONTROL_DRAFT, "data"),
            "form": _FORM,
        },
        prevent_initial_call=True,
    )
    def change_space(clicks: Any, shown: Any, selection: Any, draft: Any, form: Any) -> Any:
        del clicks
        change = CHANGES[str(ctx.triggered_id)]
        study = shown_study(services, shown)
        try:
            return changed(change, study, selection, Draft.from_json(draft), form_of(form))
        except HyperTendrilError as error:
            return no_update, message(str(error), is_error=True)


def _register_rows(app: Dash) -> None:
    @app.callback(
        Output(ids.CONTROL_ROWS, "data"),
        Output(ids.CONTROL_EDITS, "data"),
        Output(ids.CONTROL_UNDO, "disabled"),
        Output(ids.CONTROL_RUN, "children"),
        Input(ids.CONTROL_DRAFT, "data"),
    )
    def show_space(data: Any) -> Any:
        draft = Draft.from_json(data)
        words = "Run refined study" if draft.is_refined else "Run study"
        return space_rows(draft.declared, draft.space), {}, draft.before is None, words

    @app.callback(
        Output(ids.CONTROL_BARS, "data"),
        Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        Input(ids.CONTROL_EDITS, "data"),
        State(ids.CONTROL_DRAFT, "data"),
        State(ids.CONTROL_MESSAGE, "children"),
        prevent_initial_call=True,
    )
    def check_ranges(edits: Any, draft: Any, said: Any) -> Any:
        return ranges_update(edits_of(edits), Draft.from_json(draft), said)

    app.clientside_callback(
        ClientsideFunction("htNextForm", "outline"),
        Output(ids.CONTROL_OUTLINE, "children"),
        Input(ids.CONTROL_OBJECTIVE, "value"),
        Input(ids.CONTROL_METHOD, "value"),
        Input(ids.CONTROL_TRIALS, "value"),
        State(ids.CONTROL_METHOD, "options"),
    )
    for function, store in (("rows", ids.CONTROL_ROWS), ("bars", ids.CONTROL_BARS)):
        app.clientside_callback(ClientsideFunction("htNextSpace", function), Input(store, "data"))

    @app.callback(
        Output(ids.CONTROL_SETTINGS, "children"),
        Input(ids.CONTROL_METHOD, "value"),
        prevent_initial_call=True,
    )
    def show_settings(method: Any) -> Any:
        return setting_inputs(METHOD_CHOICES.get(method, MethodChoice("")))


def _register_running(app: Dash, services: Services) -> None:
    @app.callback(
        output=(
            Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
            Output(ids.CONTROL_AWAITED, "data", allow_duplicate=True),
        ),
        inputs={"clicks": Input(ids.CONTROL_RUN, "n_clicks")},
        state={
            "draft": State(ids.CONTROL_DRAFT, "data"),
            "key": State(ids.CONTROL_KEY, "data"),
            "form": _FORM,
        },
        prevent_initial_call=True,
    )
    def run(clicks: Any, draft: Any, key: Any, form: Any) -> Any:
        del clicks
        try:
            text, job_id = submitted(services, Draft.from_json(draft), form_of(form), key)
        except HyperTendrilError as error:
            return message(str(error), is_error=True), no_update
        return message(text), job_id

    @app.callback(
        output=(
            Output(ids.CONTROL_DOWNLOAD, "data"),
            Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        ),
        inputs={"clicks": Input(ids.CONTROL_EXPORT, "n_clicks")},
        state={"draft": State(ids.CONTROL_DRAFT, "data"), "form": _FORM},
        prevent_initial_call=True,
    )
    def export(clicks: Any, draft: Any, form: Any) -> Any:
        del clicks
        try:
            return exported(services, Draft.from_json(draft), form_of(form))
        except HyperTendrilError as error:
            return no_update, message(str(error), is_error=True)
