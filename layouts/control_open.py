"""Control panel: opening results, and the notices about those that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain
from hypertendril.layouts.panel import data

MAX_NOTICES = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that stands in the panel until it is mended.

    Attributes:
        kind: `problem`, `guess`, `reading` or `worker`; decides the colour and the buttons.
        source: The source it is about, None for none.
        can_be_told: Whether somebody may say what the columns of the source are.
        share: How much of it is done, None where that is not known.
    """

    kind: str
    text: str
    source: str | None = None
    can_be_told: bool = False
    share: float | None = None


def open_section() -> html.Details:
    """Return the part of the panel that opens results; files may be dropped anywhere on the panel."""
    path: Component = dbc.Input(
        id=ids.CONTROL_PATH,
        type="text",
        placeholder="path on the server, or database URL",
        autocomplete="off",
        n_submit=0,
        class_name="ht-input",
    )
    label = html.Span("Path or URL of results", className="visually-hidden")
    return html.Details(
        [
            html.Summary(
                [
                    html.Span("Open results", className="control-heading"),
                    html.Span("or drop them here", className="control-hint"),
                ]
            ),
            html.Div(
                [
                    html.Label([label, path]),
                    html.Button("Open", id=ids.CONTROL_PATH_OPEN, className="ht-button"),
                ],
                className="open-path",
            ),
            html.Div(
                [
                    html.Button("Choose files", id=ids.CONTROL_FILES, className="pill"),
                    html.Button("Choose a folder", id=ids.CONTROL_FOLDER, className="pill"),
                ],
                className="control-tools",
            ),
        ],
        id=ids.CONTROL_OPEN,
        className="control-section",
    )


def open_stores() -> list[Component]:
    """Return what scripts and callbacks tell each other about opening."""
    return [
        html.Div(id=ids.CONTROL_UPLOAD, className="control-upload", role="status"),
        dcc.Store(id=ids.CONTROL_COMMAND),
        dcc.Store(id=ids.CONTROL_DROPPED),
        dcc.Store(id=ids.NOTED),
        html.Div(
            "The server can't be reached. What is shown may be old; trying again.",
            className="ht-offline",
            role="alert",
        ),
    ]


def notice_list(notices: Sequence[Notice]) -> list[Component]:
    """Return the notices, the first ones where there are many."""
    parts: list[Component] = [_notice(notice) for notice in notices[:MAX_NOTICES]]
    if len(notices) > MAX_NOTICES:
        parts.append(html.Div(f"and {len(notices) - MAX_NOTICES} more", className="control-more"))
    return parts


def _notice(notice: Notice) -> Component:
    buttons: list[Component] = []
    if notice.source is not None and notice.kind == "guess":
        buttons.append(_button("Keep it", "keep-guess", notice.source))
        buttons.append(_button("Change…", "columns", notice.source))
    elif notice.source is not None:
        if notice.can_be_told:
            buttons.append(_button("Columns…", "columns", notice.source))
        words = "Cancel" if notice.kind == "reading" else "Close"
        buttons.append(_button(words, "close-source", notice.source))
    said = html.Span(plain(notice.text, 600), className="notice-words")
    bar = [] if notice.share is None else [_bar(notice.share)]
    clicked = html.Span(buttons, className="notice-buttons")
    return html.Div([said, clicked, *bar], className=f"notice is-{notice.kind}")


def _bar(share: float) -> Component:
    return html.Progress(value=f"{share:.3f}", max="1", className="notice-bar")


def _button(words: str, command: str, source: str) -> Component:
    return html.Button(words, className="pill", **data(do=command, source=source))


def undo_message(text: str, token: str) -> Component:
    """Return what is said of something that can be undone."""
    undo = html.Button("Undo", className="pill", **data(do="undo", token=token))
    return html.Span([html.Span(text, className="is-said"), " ", undo])
