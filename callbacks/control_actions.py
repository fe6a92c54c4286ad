"""What the buttons of the Control panel do, as functions of what the page sent."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dash import no_update

from hypertendril.callbacks.next_study import (
    Draft,
    Form,
    draft_of,
    edited_range,
    next_name,
    proposed,
    require_same_space,
    space_before,
)
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import JobError, SpaceError
from hypertendril.guidance.next_study import from_best, from_brushes, widened, wider_ranges
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.layouts import ids
from hypertendril.layouts.control import message
from hypertendril.layouts.control_space import bar_of
from hypertendril.layouts.labels import plain
from hypertendril.model import SearchSpace, Selection, Study
from hypertendril.search import METHODS

# Room for the digest and the ids of earlier runs of the same configuration.
MAX_KEY_CHARS = 200
MAX_SAID_CHARS = 300


def form_of(states: dict[str, Any]) -> Form:
    """Return the form from the values of its inputs, and the ids of those that are listed."""

    def listed(part: str) -> dict[str, Any]:
        keys = (item["key"] for item in states[f"{part}_ids"])
        return dict(zip(keys, states[part], strict=True))

    return Form(
        objective=states["objective"],
        method=states["method"],
        name=states["name"],
        trials=states["trials"],
        parallel=states["parallel"],
        seed=states["seed"],
        limits=listed("limits"),
        settings=listed("settings"),
        edits=edits_of(states["edits"]),
        start=states["start"],
    )


def edits_of(data: Any) -> dict[str, Mapping[str, Any]]:
    """Return what was edited in each row, read as data from outside."""
    rows = data.items() if isinstance(data, Mapping) else ()
    return {str(key): edited for key, edited in rows if isinstance(edited, Mapping)}


def beginning(services: Services, study: Study | None) -> tuple[Any, Any, Any, str]:
    """Return draft, objectives to choose from, the chosen one and a name for the next study."""
    draft = draft_of(study, services.registry)
    options = [{"label": plain(name), "value": name} for name in services.registry.objectives]
    return draft.to_json(), options, draft.objective, default_name(services, study, draft)


def default_name(services: Services, study: Study | None, draft: Draft) -> str:
    """Return what the next study is called until somebody gives it a name."""
    taken = {summary.header.name for summary in services.store.studies()}
    return next_name(study.name if study is not None else None, draft, taken)


def other_objective(
    services: Services, study: Study | None, before: Draft, objective: Any, name: Any
) -> tuple[Any, Any]:
    """Return the draft of another objective, and the name of the next study; a typed one stays."""
    draft = draft_of(study, services.registry, objective)
    is_default = name == default_name(services, study, before)
    return draft.to_json(), default_name(services, study, draft) if is_default else no_update


def from_brushes_change(
    study: Study, selection: Any, draft: Draft, before: SearchSpace
) -> tuple[Draft, str]:
    """Return the draft with the ranges a person has brushed, and what to say."""
    found = from_brushes(study, Selection.from_json(selection))
    return draft.replaced(proposed(draft, found.space), before), found.reason


def suggestion_change(
    study: Study, selection: Any, draft: Draft, before: SearchSpace
) -> tuple[Draft, str]:
    """Return the draft with the ranges of the best trials, and what to say."""
    del selection
    found = from_best(study)
    return draft.replaced(proposed(draft, found.space), before), found.reason


def diagnosis_change(
    study: Study, selection: Any, draft: Draft, before: SearchSpace
) -> tuple[Draft, str]:
    """Return the draft with more room where the best trials crowd at a bound, and what to say."""
    del selection
    require_same_space(draft)
    wider = wider_ranges(study)
    # What counts as whole grows too: the bars of the ranges stand in it.
    after = replace(draft, declared=widened(draft.declared, wider))
    names = ", ".join(dict.fromkeys(parameter.name for parameter in wider))
    words = f"Wider ranges of {names}: the best trials crowd at a bound."
    return after.replaced(widened(draft.space, wider), before), words


def undo_change(
    study: Study | None, selection: Any, draft: Draft, before: SearchSpace
) -> tuple[Draft, str]:
    """Return the draft as it was before its ranges were replaced."""
    del study, selection
    if draft.before is None:
        raise SpaceError("There is nothing to undo.")
    return draft.replaced(
        draft.before, before
    ), "Ranges as they were before; undo again to go back."


def reset_change(
    study: Study | None, selection: Any, draft: Draft, before: SearchSpace
) -> tuple[Draft, str]:
    """Return the draft with the declared ranges."""
    del study, selection
    return draft.replaced(draft.declared, before), "The declared ranges again."


CHANGES: dict[str, Callable[..., tuple[Draft, str]]] = {
    ids.CONTROL_TAKE_BRUSHES: from_brushes_change,
    ids.CONTROL_TAKE_SUGGESTION: suggestion_change,
    ids.DIAGNOSIS_TAKE: diagnosis_change,
    ids.CONTROL_UNDO: undo_change,
    ids.CONTROL_RESET: reset_change,
}
_NEED_STUDY = (from_brushes_change, suggestion_change, diagnosis_change)


def changed(
    change: Callable[..., tuple[Draft, str]],
    study: Study | None,
    selection: Any,
    draft: Draft,
    form: Form,
) -> tuple[Any, Any]:
    """Return the draft after `change` and the words for the message line.

    Raises:
        HyperTendrilError: The change makes no sense; the draft stays.
    """
    if study is None and change in _NEED_STUDY:
        raise SpaceError("No study is shown, so there are no ranges to take.")
    after, words = change(study, selection, draft, space_before(form, draft))
    return after.to_json(), message(words)


def ranges_update(
    edits: Mapping[str, Mapping[str, Any]], draft: Draft, said: Any
) -> tuple[dict[str, Any], Any]:
    """Return where the bars of the edited rows lie, and what is wrong with the edits.

    What was said of something else stays; an earlier complaint goes.

    Args:
        edits: Row to what was typed in its inputs.
        draft: Gives the parameters, one a row.
        said: What the message says now.
    """
    bars: dict[str, Any] = {}
    complaints: list[str] = []
    for i, declared in enumerate(draft.declared):
        if str(i) not in edits or declared.name not in draft.space or declared.is_discrete_choice:
            continue
        try:
            edited = edited_range(draft.space[declared.name], edits[str(i)])
            bars[str(i)] = bar_of(declared, edited.low, edited.high)
        except SpaceError as error:
            bars[str(i)] = None
            complaints.append(str(error))
    if complaints:
        return bars, message(complaints[0], is_error=True)
    is_of_form = "is-error" in str(said) and "is-kept" not in str(said)
    return bars, None if is_of_form else no_update


def submitted(services: Services, draft: Draft, form: Form, page_key: Any) -> tuple[str, str]:
    """Put the job of the form into the queue; return what to say and the job's id.

    Raises:
        HyperTendrilError: The form is invalid or the queue refuses.
    """
    spec = form.job(draft, services.registry, shown_study(services, {"study": draft.study}))
    job_id = queued_once(services, spec, page_key)
    title, count = METHODS[spec.method].title, f"{spec.budget.trials} trials"
    if str(spec.budget.trials) != str(form.trials).strip():
        count += " (more its settings do not make)"
    parts = [count, title, *map(str, spec.constraints)]
    words = f"Queued {plain(spec.name)!r}: {plain(', '.join(parts), MAX_SAID_CHARS)}."
    return f"{words} It is shown as soon as it starts.", job_id


def queued_once(services: Services, spec: JobSpec, page_key: Any) -> str:
    """Put a job into the queue; return its id.

    Pressed twice it is one job: as long as a job of this page with the very same
    configuration is waiting or running, that one is meant. Once it ended it may be run again.

    Raises:
        HyperTendrilError: The queue refuses.
    """
    content = json.dumps([str(page_key), spec.to_json()], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()
    job_id = services.queue.submit(spec, key=key)
    while not services.queue.job(job_id).state.is_open:
        key = f"{key}:{job_id}"[-MAX_KEY_CHARS:]
        job_id = services.queue.submit(spec, key=key)
    return str(job_id)


def exported(services: Services, draft: Draft, form: Form) -> tuple[Any, Any]:
    """Return the job file the command line runs, and what to say.

    Raises:
        HyperTendrilError: The form is invalid.
    """
    spec = form.job(draft, services.registry, shown_study(services, {"study": draft.study}))
    name = f"{re.sub(r'[^A-Za-z0-9]+', '-', spec.name).strip('-')[:60] or 'study'}.toml"
    file = {"content": spec.to_toml(), "filename": name, "type": "application/toml"}
    return file, message(f"Saved {name}: run it with hypertendril run {name}")


def cancelled(services: Services, job_id: Any) -> Any:
    """Cancel a job; return what to say."""
    try:
        state = services.queue.cancel(str(job_id))
    except JobError as error:
        return message(str(error), is_error=True)
    is_asked = state is JobState.RUNNING
    return message("Asked the worker to stop it; what is done stays." if is_asked else "Cancelled.")
