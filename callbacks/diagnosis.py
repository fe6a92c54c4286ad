"""Diagnosis: the button of the bar, and its cards."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx

from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.layouts import ids
from hypertendril.layouts.diagnosis import button_words, diagnosis_cards
from hypertendril.model import Study


def register(app: Dash, services: Services) -> None:
    """Connect the button and the cards."""

    @app.callback(
        Output(ids.DIAGNOSIS_BUTTON, "children"),
        Output(ids.DIAGNOSIS_BUTTON, "className"),
        Output(ids.DIAGNOSIS_CARDS, "children"),
        Output(ids.DIAGNOSIS_FOOT, "hidden"),
        Input(ids.SHOWN, "data"),
        Input(ids.DERIVED, "data"),
    )
    def show_findings(shown: Any, _derived: Any) -> Any:
        return findings_update(services, shown_study(services, shown))

    @app.callback(
        Output(ids.DIAGNOSIS_BOX, "is_open"),
        Input(ids.DIAGNOSIS_BUTTON, "n_clicks"),
        Input(ids.DIAGNOSIS_TAKE, "n_clicks"),
        State(ids.DIAGNOSIS_BOX, "is_open"),
        prevent_initial_call=True,
    )
    def toggle(_clicks: Any, _taken: Any, is_open: Any) -> bool:
        # The ranges that were taken stand behind the cards.
        return ctx.triggered_id == ids.DIAGNOSIS_BUTTON and not is_open


def findings_update(services: Services, study: Study | None) -> tuple[Any, Any, Any, bool]:
    """Return words and class of the button, the cards, and whether there is nothing to take."""
    found = None if study is None else services.diagnoses.latest(study)
    if found is None:
        return "", "diagnosis-button", [], True
    text, class_name = button_words(found)
    has_changes = any(finding.changes for finding in found)
    return text, class_name, diagnosis_cards(found), not has_changes
