"""Wiring of the Control panel: the two buttons that say what the next study begins with."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.callbacks.next_start import MAX_SELECTED, Beginning
from hypertendril.callbacks.next_study import Draft
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import HyperTendrilError, JobError
from hypertendril.layouts import ids
from hypertendril.layouts.control import message
from hypertendril.model import Selection, Study
from hypertendril.search import METHODS


def register(app: Dash, services: Services) -> None:
    """Connect the two buttons."""

    @app.callback(
        Output(ids.CONTROL_START, "data"),
        Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
        Input(ids.CONTROL_GO_ON, "n_clicks"),
        Input(ids.CONTROL_ENQUEUE, "n_clicks"),
        State(ids.CONTROL_START, "data"),
        State(ids.SHOWN, "data"),
        State(ids.SELECTION, "data"),
        prevent_initial_call=True,
    )
    def choose(_go_on: Any, _enqueue: Any, data: Any, shown: Any, selection: Any) -> Any:
        study = shown_study(services, shown)
        if study is None:
            return no_update, no_update
        try:
            return chosen(str(ctx.triggered_id), data, study, selection)
        except HyperTendrilError as error:
            return no_update, message(str(error), is_error=True)

    @app.callback(
        *(
            Output(button, prop)
            for button in (ids.CONTROL_GO_ON, ids.CONTROL_ENQUEUE)
            for prop in ("children", "className", "aria-pressed", "disabled", "title")
        ),
        Input(ids.CONTROL_START, "data"),
        Input(ids.CONTROL_DRAFT, "data"),
        Input(ids.CONTROL_METHOD, "value"),
    )
    def show(data: Any, draft: Any, method: Any) -> Any:
        known = Draft.from_json(draft)
        begun = Beginning.from_json(data, known.study)
        return (*go_on_button(begun, known, method), *enqueue_button(begun, known))


def chosen(button: str, data: Any, study: Study, selection: Any) -> tuple[dict[str, Any], Any]:
    """Return the choice after a click, and what to say.

    Raises:
        HyperTendrilError: Nothing, or too much, is selected.
    """
    before = Beginning.from_json(data, study.id)
    if button == ids.CONTROL_GO_ON:
        words = "The next study begins anew."
        if not before.goes_on:
            words = (
                "The method begins with what the trials of this study found; outside the space "
                "they don't count."
            )
        return Beginning(study.id, not before.goes_on, before.rows).to_json(), message(words)
    if before.rows:
        return Beginning(study.id, before.goes_on).to_json(), message("No trial is run first.")
    rows = _selected(study, selection)
    words = "The selected configuration is" if len(rows) == 1 else f"{len(rows)} configurations are"
    after = Beginning(study.id, before.goes_on, rows)
    return after.to_json(), message(f"{words} run first, as trials of the next study.")


def _selected(study: Study, selection: Any) -> tuple[int, ...]:
    parsed = Selection.from_json(selection)
    if parsed.study != study.id or not parsed.brushes:
        raise JobError("Nothing is selected: brush some trials, or click them, first.")
    rows = np.flatnonzero(parsed.mask(study))
    if not 0 < len(rows) <= MAX_SELECTED:
        raise JobError(f"{len(rows):,} trials are selected; select 1 to {MAX_SELECTED}.")
    return tuple(rows.tolist())


def go_on_button(begun: Beginning, draft: Draft, method: Any) -> tuple[str, str, str, bool, str]:
    """Return words, class, state, whether it is off, and why, of "go on"."""
    why = ""
    if not draft.is_refined:
        why = "The chosen objective does not fit the shown study."
    elif method in METHODS and not METHODS[method].goes_on:
        able = ", ".join(info.title for info in METHODS.values() if info.goes_on)
        why = f"{METHODS[method].title} learns nothing from earlier trials; these do: {able}."
    title = why or "The method begins with what the shown study found; in a changed space too"
    is_off = bool(why) and not begun.goes_on
    return "Go on from its trials", *_pressed(is_on=begun.goes_on), is_off, title


def enqueue_button(begun: Beginning, draft: Draft) -> tuple[str, str, str, bool, str]:
    """Return words, class, state, whether it is off, and why, of "enqueue"."""
    words = f"{len(begun.rows)} run first ×" if begun.rows else "Run selected first"
    title = "The configurations of the selected trials become the first of the next study"
    if not draft.is_refined:
        title = "The chosen objective does not fit the shown study."
    return words, *_pressed(is_on=bool(begun.rows)), not draft.is_refined, title


def _pressed(*, is_on: bool) -> tuple[str, str]:
    return ("pill on", "true") if is_on else ("pill", "false")
