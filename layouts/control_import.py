"""The import dialog: what the columns of a table are, told beside its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain

# Columns that are no value of a trial but say something of the trial itself.
ITSELF = ("number", "state", "started", "ended", "id", "step", "resource")
OF_NUMBERS = ("objective", "metric", "curve", "number", "step", "resource")
ROLES = ("parameter", "objective", "metric", "curve", *ITSELF, "ignore")
_ROLE_WORDS = {
    "parameter": "parameter",
    "objective": "objective",
    "metric": "metric",
    "curve": "curve point",
    "number": "trial number",
    "state": "state",
    "started": "when it began",
    "ended": "when it ended",
    "id": "trial of the row",
    "step": "curve step",
    "resource": "budget",
    "ignore": "leave out",
}
# How a column is meant: the scale of a parameter, the direction of an objective.
WAYS = ("linear", "log", "minimize", "maximize")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column of the table with what it is taken for.

    Attributes:
        role: One of `ROLES`.
        way: One of `WAYS`; empty where it does not matter.
        cells: Its first cells.
    """

    name: str
    role: str
    way: str
    cells: tuple[str, ...]
    is_number: bool


def import_box() -> dbc.Modal:
    """Return the dialog, closed."""
    return dbc.Modal(
        [
            dbc.ModalHeader(
                html.Span(id=ids.IMPORT_TITLE), close_button=True, class_name="box-head"
            ),
            dbc.ModalBody(html.Div(id=ids.IMPORT_COLUMNS, className="import-columns")),
            dbc.ModalFooter(
                [
                    html.Div(id=ids.IMPORT_MESSAGE, className="box-message", role="status"),
                    html.Button("Open", id=ids.IMPORT_OPEN, className="ht-button primary"),
                ]
            ),
            dcc.Store(id=ids.IMPORT_SOURCE),
            dcc.Store(id=ids.IMPORT_NEXT),
        ],
        id=ids.IMPORT_BOX,
        is_open=False,
        size="lg",
        scrollable=True,
        class_name="ht-box",
    )


def import_rows(columns: Sequence[ColumnChoice]) -> list[Component]:
    """Return the dialog's table: a row a column, its first cells at the right."""
    words = ("Column", "What it is", "How", "First rows")
    head = html.Thead(html.Tr([html.Th(word) for word in words]))
    body = html.Tbody([_row(i, column) for i, column in enumerate(columns)])
    return [html.Table([head, body], className="import-table")]


def _row(key: int, column: ColumnChoice) -> Component:
    roles = [
        {"label": _ROLE_WORDS[role], "value": role}
        for role in ROLES
        if column.is_number or role not in OF_NUMBERS
    ]
    name = plain(column.name, 60) or "(no name)"
    cells = " · ".join(plain(cell, 24) or "–" for cell in column.cells)
    return html.Tr(
        [
            html.Th(name, title=plain(column.name, 300), scope="row"),
            html.Td(_select(key, "role", roles, column.role, f"What {name} is")),
            html.Td(
                _select(
                    key,
                    "way",
                    way_options(column.role, is_number=column.is_number),
                    column.way,
                    f"How {name} is",
                )
            ),
            html.Td(plain(cells, 120), className="import-cells"),
        ],
        className="is-ignored" if column.role == "ignore" else "",
    )


def way_options(role: str, *, is_number: bool) -> list[dict[str, str]]:
    """Return how a column of this role can be meant; nothing to choose for most."""
    if role == "parameter" and is_number:
        return [{"label": "linear", "value": "linear"}, {"label": "log scale", "value": "log"}]
    if role == "objective":
        return [{"label": f"{way}", "value": way} for way in ("minimize", "maximize")]
    return []


def _select(
    key: int, part: str, options: Sequence[dict[str, str]], value: str, label: str
) -> Component:
    select: Component = dbc.Select(
        id=ids.import_field(key, part),
        options=list(options),
        value=value,
        class_name="ht-select",
        disabled=not options,
    )
    return html.Label([html.Span(label, className="visually-hidden"), select])
