"""Control panel: what the next study begins with."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids


def start_row() -> Component:
    """Return the row of the form: go on from the shown study's trials, and run some of them first."""
    return html.Div(
        [
            html.Button(id=ids.CONTROL_GO_ON, className="pill", disabled=True),
            html.Button(id=ids.CONTROL_ENQUEUE, className="pill", disabled=True),
            dcc.Store(id=ids.CONTROL_START, data={}),
        ],
        className="control-start control-tools",
    )
