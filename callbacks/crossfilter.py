"""The browser's side of the cross-filter, told what changed in the page's stores."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output

from hypertendril.layouts import ids


def register(app: Dash) -> None:
    """Wire the stores of the page to the scripts in `assets/`."""
    for function, store in (
        ("shownChanged", ids.SHOWN),
        ("focusChanged", ids.FOCUS),
        ("highlightedChanged", ids.HIGHLIGHTED),
        ("awaitedChanged", ids.CONTROL_AWAITED),
    ):
        app.clientside_callback(ClientsideFunction("ht", function), Input(store, "data"))
    app.clientside_callback(
        ClientsideFunction("ht", "themeSwitched"),
        Output(ids.THEME, "data"),
        Input(ids.THEME_BUTTON, "n_clicks"),
    )
