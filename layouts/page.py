"""The whole page: bar, three columns of panels, what the page holds, and its notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids
from hypertendril.layouts.diagnosis import diagnosis_box, diagnosis_button
from hypertendril.layouts.panel import aria, data

# From top to bottom in each column; the letters are the keys of `page`'s argument.
COLUMNS = {"left": ("A", "B1", "B2"), "middle": ("C", "D"), "right": ("E1", "E2")}
NOTICE_MILLISECONDS = 8000


def page(
    panels: Mapping[str, Component], shown: Mapping[str, Any] | None = None, derived: int = 0
) -> html.Div:
    """Return the page.

    Args:
        panels: A component for each letter of `COLUMNS`.
        shown: What the page shows first, as its store holds it; None for no study.
        derived: Counter of finished background work, of which the page is told no more.
    """
    columns = [
        html.Div([panels[letter] for letter in letters], className=f"ht-column ht-column-{side}")
        for side, letters in COLUMNS.items()
    ]
    return html.Div(
        [
            _bar(),
            html.Main(columns, className="ht-columns"),
            html.Div(_notice(), className="ht-toasts"),
            diagnosis_box(),
            *stores(shown),
        ],
        id=ids.ROOT,
        className="ht-root",
        **data(derived=str(derived)),
    )


def stores(shown: Mapping[str, Any] | None = None) -> list[dcc.Store]:
    """Return everything the page holds, empty but for the study it shows first."""
    empty: dict[str, Any] = {
        ids.SHOWN: shown,
        ids.SELECTION: None,
        ids.FOCUS: {"names": []},
        ids.THEME: "light",
        ids.PULSE: None,
        ids.DERIVED: 0,
        ids.HIGHLIGHTED: {"rows": []},
        ids.COLOUR: None,
    }
    return [dcc.Store(id=store, data=held) for store, held in empty.items()]


def kpis(figures: Sequence[tuple[str, str]]) -> list[html.Div]:
    """Return the figures of the bar from (value, words) pairs."""
    return [
        html.Div([html.B(value), html.Span(words)], className="ht-kpi") for value, words in figures
    ]


def _bar() -> html.Header:
    return html.Header(
        [
            html.H1(["Hyper", html.Em("Tendril")], className="ht-brand"),
            html.Span(id=ids.CRUMB, className="ht-crumb"),
            html.Div(id=ids.CHIPS, className="ht-chips"),
            html.Span(id=ids.COUNT, className="ht-count", role="status"),
            diagnosis_button(),
            html.Div(id=ids.KPIS, className="ht-kpis"),
            html.Button(
                id=ids.THEME_BUTTON,
                className="ht-theme-button",
                title="Light or dark",
                **aria(label="Switch between light and dark"),
            ),
        ],
        className="ht-bar",
    )


def _notice() -> dbc.Toast:
    return dbc.Toast(
        id=ids.NOTICE,
        header="HyperTendril",
        is_open=False,
        dismissable=True,
        duration=NOTICE_MILLISECONDS,
    )
