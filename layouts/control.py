"""Control panel: the studies, the queue, and the form of the next study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids
from hypertendril.layouts.control_import import import_box
from hypertendril.layouts.control_open import open_section, open_stores
from hypertendril.layouts.control_start import start_buttons
from hypertendril.layouts.control_steer import steer_box
from hypertendril.layouts.panel import panel

DEFAULT_METHOD = "tpe"
DEFAULT_TRIALS = 40
DEFAULT_PARALLEL = 2
# Field of the budget -> words, explanation. Left empty there is no such limit.
LIMITS = {
    "total_steps": ("steps in all", "Steps of all trials together; empty for no limit"),
    "wall_seconds": (
        "time in all, s",
        "How long the study may run, in seconds; empty for no limit",
    ),
    "timeout_seconds": ("time a trial, s", "A trial that takes longer fails; empty for no limit"),
    "keep_checkpoints": (
        "models kept",
        "How many of the best trials keep what they saved; empty for all",
    ),
    "retries": ("retries", "How often a trial that failed is run again; empty for never"),
}


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """A method as the form offers it; of each setting its name, default and explanation."""

    title: str
    settings: tuple[tuple[str, str, str], ...] = ()


def control_panel(page_key: str, methods: Mapping[str, MethodChoice]) -> html.Section:
    """Return the panel of view A.

    Args:
        page_key: What is submitted twice under the same key is one job.
        methods: What can be chosen, by name; `DEFAULT_METHOD` is among them.
    """
    body = [
        html.Div(
            [
                html.Div(id=ids.CONTROL_STUDIES, className="control-studies"),
                html.Div(id=ids.CONTROL_NOTICES, className="control-notices", role="status"),
                html.Div(id=ids.CONTROL_JOBS, className="control-jobs"),
                open_section(),
                _section(ids.CONTROL_FORM, "Next study", _form(methods), _outline()),
                _section(ids.CONTROL_RANGES, "Search space", _space(), _hint("next: orange")),
            ],
            className="control-scroll",
        ),
        html.Div(
            [
                html.Div(id=ids.CONTROL_MESSAGE, className="control-message", role="status"),
                html.Div([_run_button(), _export_button()], className="control-actions"),
            ],
            className="control-foot",
        ),
        dcc.Store(id=ids.CONTROL_LISTS),
        dcc.Store(id=ids.CONTROL_DRAFT),
        dcc.Store(id=ids.CONTROL_KEY, data=page_key),
        dcc.Store(id=ids.CONTROL_ROWS),
        dcc.Store(id=ids.CONTROL_EDITS, data={}),
        dcc.Store(id=ids.CONTROL_BARS),
        dcc.Store(id=ids.CONTROL_AWAITED),
        dcc.Store(id=ids.CONTROL_CANCEL),
        dcc.Download(id=ids.CONTROL_DOWNLOAD),
        *open_stores(),
        import_box(),
        steer_box(),
    ]
    return panel("A", "Control panel", None, [], body)


def message(text: str, *, is_error: bool = False) -> Component:
    """Return what the message line says of the last thing a person did."""
    return html.Span(text, className="is-error" if is_error else "is-said")


def lasting_error(text: str) -> Component:
    """Return a message that stays when the form changes, because it is not about the form."""
    return html.Span(text, className="is-error is-kept")


def setting_inputs(method: MethodChoice) -> list[Component]:
    """Return an input for each setting of a method."""
    return [
        _field(name, _text_input(ids.method_setting(name), default), words)
        for name, default, words in method.settings
    ]


def _section(
    section_id: str, title: str, children: Sequence[Component], hint: Component
) -> Component:
    heading = html.Summary([html.Span(title, className="control-heading"), hint])
    # Native: opens and closes without asking the server.
    return html.Details([heading, *children], id=section_id, open=True, className="control-section")


def _hint(words: str) -> Component:
    return html.Span(words, className="control-hint")


def _outline() -> Component:
    return html.Span(id=ids.CONTROL_OUTLINE, className="control-hint control-outline")


def _form(methods: Mapping[str, MethodChoice]) -> list[Component]:
    settings = html.Details(
        [
            html.Summary("settings"),
            html.Div(
                setting_inputs(methods[DEFAULT_METHOD]),
                id=ids.CONTROL_SETTINGS,
                className="control-fields is-wide",
            ),
        ],
        className="control-settings",
    )
    wide = [
        _field(
            "Objective",
            _objective_select(),
            "What is run: a registered objective",
        ),
        html.Div([_field("Method", _method_select(methods)), settings], className="control-method"),
    ]
    counts = [
        _field("Trials", _text_input(ids.CONTROL_TRIALS, str(DEFAULT_TRIALS))),
        _field(
            "Workers",
            _text_input(ids.CONTROL_PARALLEL, str(DEFAULT_PARALLEL)),
            "Trials that run at the same time",
        ),
        _field("Seed", _text_input(ids.CONTROL_SEED, "0"), "Same seed, same search"),
    ]
    name = _text_input(ids.CONTROL_NAME, "", is_number=False)
    words = html.Span("Name", className="visually-hidden")
    return [
        html.Label([words, name], className="control-name", title="Name of the next study"),
        html.Div(wide, className="control-fields"),
        html.Div(id=ids.CONTROL_HINT, className="control-hint"),
        html.Div(counts, className="control-counts"),
        html.Div([_limits(), *start_buttons()], className="control-tools"),
    ]


def _limits() -> Component:
    inputs = [
        _field(words, _text_input(ids.budget_limit(key), ""), title)
        for key, (words, title) in LIMITS.items()
    ]
    return html.Details(
        [html.Summary("limits"), html.Div(inputs, className="control-fields is-wide")],
        className="control-limits",
    )


def _space() -> list[Component]:
    corner = [_tool("undo", ids.CONTROL_UNDO), _tool("reset", ids.CONTROL_RESET)]
    tools = [
        _tool("Take ranges from brushes", ids.CONTROL_TAKE_BRUSHES),
        _tool("Take suggestion", ids.CONTROL_TAKE_SUGGESTION),
    ]
    return [
        html.Div(corner, className="control-corner"),
        html.Div(tools, className="control-tools"),
        html.Div(id=ids.CONTROL_SPACE, className="control-space"),
    ]


def _tool(words: str, component_id: str) -> Component:
    return html.Button(words, id=component_id, className="pill")


def _run_button() -> Component:
    return html.Button("Run refined study", id=ids.CONTROL_RUN, className="ht-button primary")


def _export_button() -> Component:
    return html.Button(
        "Export configuration",
        id=ids.CONTROL_EXPORT,
        className="ht-button",
        title="The file that `hypertendril run` takes",
    )


def _field(words: str, control: Component, title: str | None = None) -> Component:
    return html.Label([html.Span(words), control], className="control-field", title=title)


def _method_select(methods: Mapping[str, MethodChoice]) -> Component:
    select: Component = dbc.Select(
        id=ids.CONTROL_METHOD,
        options=[{"label": choice.title, "value": name} for name, choice in methods.items()],
        value=DEFAULT_METHOD,
        class_name="ht-select",
    )
    return select


def _objective_select() -> Component:
    select: Component = dbc.Select(
        id=ids.CONTROL_OBJECTIVE,
        options=[],
        placeholder="no objective fits",
        class_name="ht-select",
    )
    return select


def _text_input(component_id: Any, value: str, *, is_number: bool = True) -> Component:
    text_input: Component = dbc.Input(
        id=component_id,
        value=value,
        type="text",
        autocomplete="off",
        class_name="ht-input is-number" if is_number else "ht-input",
    )
    return text_input
