"""The frame of a panel: letter, title, a line of what is shown, tools, body; and a tool: a chooser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from hypertendril.layouts import ids

# What stands in place of a panel's body while no study is open, by letter; A has a use then.
WITHOUT_STUDY = {
    "B1": "How good the trials are, and what was traded for it.",
    "B2": "The trials you select, one a row.",
    "C": "Each trial a line through its hyperparameters: brush an axis to select.",
    "D": "How each trial learned, step by step.",
    "E1": "Where the search went, trial by trial, and what it found there.",
    "E2": "Which hyperparameters matter, and which of their values are good.",
}


def aria(**attributes: str) -> dict[str, Any]:
    """Return `aria-...` attributes for a component; they are no names Python could spell."""
    return {f"aria-{name}": value for name, value in attributes.items()}


def data(**attributes: str) -> dict[str, Any]:
    """Return `data-...` attributes, by which scripts know what was clicked.

    A list that is drawn anew every second must not take its clicks through Dash, which drops
    one that comes while the list is under way.
    """
    return {f"data-{name}": value for name, value in attributes.items()}


def named_select(component_id: str, words: str, class_name: str) -> list[Component]:
    """Return a chooser, still without options, after the name that screen readers say of it."""
    return [
        html.Label(words, htmlFor=component_id, className="visually-hidden"),
        dbc.Select(id=component_id, options=[], size="sm", className=f"ht-select {class_name}"),
    ]


def panel(
    letter: str,
    title: str,
    subtitle_id: str | None,
    tools: Sequence[Component],
    body: Component | Sequence[Component],
    class_name: str = "",
) -> html.Section:
    """Return one panel of the page.

    Args:
        letter: Of the view: A, B1 ... E2.
        title: The view's name.
        subtitle_id: Id of the span behind the title that says what is shown, None for no span.
        tools: Buttons and selects at the right end of the head.
        body: What the panel holds below its head.
        class_name: More classes of the section; the body reaches its style through them.
    """
    title_id = ids.panel_title(letter)
    head = [
        html.Span(letter, className="ht-panel-letter"),
        html.H2(title, className="ht-panel-title", id=title_id),
    ]
    if subtitle_id is not None:
        head.append(html.Span(id=subtitle_id, className="ht-panel-subtitle"))
    head.append(html.Div(list(tools), className="ht-panel-tools"))
    return html.Section(
        [
            html.Header(head, className="ht-panel-head"),
            html.Div(body, className="ht-panel-body"),
            html.P(WITHOUT_STUDY.get(letter), className="ht-panel-empty"),
        ],
        className=f"ht-panel ht-panel-{letter.lower()} {class_name}".strip(),
        **aria(labelledby=title_id),
    )
