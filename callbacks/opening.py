"""Wiring of what opens and closes results: paths, dropped files, the import dialog, notices."""

from __future__ import annotations

from typing import Any

from dash import ALL, MATCH, Dash, Input, Output, State, no_update

from hypertendril.callbacks.opening_actions import (
    COMMANDS,
    Outcome,
    close_command,
    dialog_of,
    notices,
    open_all,
    told,
)
from hypertendril.callbacks.services import Services
from hypertendril.errors import HyperTendrilError
from hypertendril.layouts import ids
from hypertendril.layouts.control import lasting_error, message
from hypertendril.layouts.control_import import way_options
from hypertendril.layouts.control_open import notice_list

# What each callback here may change: the message line, the study to show, the dialog.
_OUTCOME = {
    "message": Output(ids.CONTROL_MESSAGE, "children", allow_duplicate=True),
    "awaited": Output(ids.CONTROL_AWAITED, "data", allow_duplicate=True),
    "is_open": Output(ids.IMPORT_BOX, "is_open", allow_duplicate=True),
    "title": Output(ids.IMPORT_TITLE, "children", allow_duplicate=True),
    "columns": Output(ids.IMPORT_COLUMNS, "children", allow_duplicate=True),
    "source": Output(ids.IMPORT_SOURCE, "data", allow_duplicate=True),
    "next": Output(ids.IMPORT_NEXT, "data", allow_duplicate=True),
    "complaint": Output(ids.IMPORT_MESSAGE, "children", allow_duplicate=True),
}


def register(app: Dash, services: Services) -> None:
    """Connect the components that open and close results."""
    _register_opening(app, services)
    _register_dialog(app, services)

    @app.callback(
        Output(ids.CONTROL_NOTICES, "children"),
        Input(ids.PULSE, "data"),
        prevent_initial_call=True,
    )
    def show_notices(_pulse: Any) -> Any:
        return notice_list(notices(services))


def _register_opening(app: Dash, services: Services) -> None:
    @app.callback(
        output=(_OUTCOME, Output(ids.CONTROL_PATH, "value")),
        inputs={
            "clicks": Input(ids.CONTROL_PATH_OPEN, "n_clicks"),
            "submits": Input(ids.CONTROL_PATH, "n_submit"),
        },
        state={"text": State(ids.CONTROL_PATH, "value")},
        prevent_initial_call=True,
    )
    def open_path(clicks: Any, submits: Any, text: Any) -> Any:
        del clicks, submits
        outcome = open_all(services, [text if isinstance(text, str) else ""])
        return updates(services, outcome), no_update if outcome.is_error else ""

    @app.callback(
        output=_OUTCOME,
        inputs={"dropped": Input(ids.CONTROL_DROPPED, "data")},
        prevent_initial_call=True,
    )
    def open_dropped(dropped: Any) -> Any:
        batch = dropped.get("batch") if isinstance(dropped, dict) else None
        try:
            sources = services.opened.open_upload(str(batch))
        except HyperTendrilError as error:
            return updates(services, Outcome(str(error), is_error=True))
        return updates(services, open_all(services, sources))

    @app.callback(
        output=_OUTCOME,
        inputs={"command": Input(ids.CONTROL_COMMAND, "data")},
        prevent_initial_call=True,
    )
    def obey(command: Any) -> Any:
        verb = command.get("do") if isinstance(command, dict) else None
        if verb not in COMMANDS:
            return dict.fromkeys(_OUTCOME, no_update)
        return updates(services, close_command(services, command))


def _register_dialog(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.import_field(MATCH, "way"), "options"),
        Output(ids.import_field(MATCH, "way"), "value"),
        Output(ids.import_field(MATCH, "way"), "disabled"),
        Input(ids.import_field(MATCH, "role"), "value"),
        State(ids.import_field(MATCH, "way"), "value"),
        State(ids.import_field(MATCH, "role"), "options"),
        prevent_initial_call=True,
    )
    def offer_ways(role: Any, way: Any, roles: Any) -> Any:
        # A column of texts is offered fewer roles.
        is_number = any(option.get("value") == "metric" for option in roles or [])
        options = way_options(str(role), is_number=is_number)
        known = [option["value"] for option in options]
        return options, way if way in known else next(iter(known), ""), not options

    @app.callback(
        output=_OUTCOME,
        inputs={"clicks": Input(ids.IMPORT_OPEN, "n_clicks")},
        state={
            "roles": State(ids.import_field(ALL, "role"), "value"),
            "ways": State(ids.import_field(ALL, "way"), "value"),
            "source": State(ids.IMPORT_SOURCE, "data"),
            "rest": State(ids.IMPORT_NEXT, "data"),
        },
        prevent_initial_call=True,
    )
    def open_told(clicks: Any, roles: Any, ways: Any, source: Any, rest: Any) -> Any:
        del clicks
        try:
            found = told(services, str(source), roles, ways)
        except HyperTendrilError as error:
            complaint = message(str(error), is_error=True)
            return dict.fromkeys(_OUTCOME, no_update) | {"complaint": complaint}
        texts = [str(text) for text in rest] if isinstance(rest, list) else []
        return updates(services, open_all(services, texts, found))


def updates(services: Services, outcome: Outcome) -> dict[str, Any]:
    """Return what the outputs of `_OUTCOME` become."""
    say = lasting_error if outcome.is_error else message
    said = outcome.said or (say(outcome.text) if outcome.text else None)
    awaited = outcome.awaited or no_update
    dialog = dialog_of(services, outcome.asks) if outcome.asks else {"is_open": False}
    return dict.fromkeys(_OUTCOME, no_update) | {"message": said, "awaited": awaited} | dialog
