"""Control panel: what the next study begins with."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids


def start_buttons() -> list[Component]:
    """Return what the form begins with: go on from the shown study's trials, run some of them first."""
    return [
        html.Button(id=ids.CONTROL_GO_ON, className="pill", disabled=True),
        html.Button(id=ids.CONTROL_ENQUEUE, className="pill", disabled=True),
        dcc.Store(id=ids.CONTROL_START, data={}),
    ]
