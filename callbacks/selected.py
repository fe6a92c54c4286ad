"""Wiring of Selected experiments: rows of the table, downloads, details of a trial."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.csv_text import csv_text
from hypertendril.analysis.part import part_of
from hypertendril.analysis.selected import best_first
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import selected_mask, shown_study
from hypertendril.errors import JobError
from hypertendril.jobs.queue.job_queue import Job, JobState
from hypertendril.layouts import ids
from hypertendril.layouts.selected import (
    MAX_ROWS,
    StopButton,
    column_definitions,
    detail_body,
    detail_title,
    note_text,
    row_records,
    title_text,
)
from hypertendril.layouts.theme import MODEL_COLOURS
from hypertendril.model import Study, TrialState
from hypertendril.readers import to_generic


def register(app: Dash, services: Services) -> None:
    """Connect the panel's components."""

    @app.callback(
        Output(ids.SELECTED_TABLE, "columnDefs"),
        Output(ids.SELECTED_COLUMNS, "data"),
        Input(ids.SHOWN, "data"),
        State(ids.SELECTED_COLUMNS, "data"),
    )
    def show_columns(shown: Any, known: Any) -> Any:
        return columns_update(shown_study(services, shown), known)

    @app.callback(
        Output(ids.SELECTED_TABLE, "rowData"),
        Output(ids.SELECTED_TITLE, "children"),
        Output(ids.SELECTED_NOTE, "children"),
        Output(ids.HIGHLIGHTED, "data"),
        Input(ids.SELECTION, "data"),
        Input(ids.SHOWN, "data"),
    )
    def show_rows(selection: Any, shown: Any) -> Any:
        return table_update(shown_study(services, shown), selection)

    @app.callback(
        Output(ids.SELECTED_DOWNLOAD, "data"),
        Input(ids.SELECTED_CSV, "n_clicks"),
        Input(ids.SELECTED_JSON, "n_clicks"),
        State(ids.SELECTION, "data"),
        State(ids.SHOWN, "data"),
        prevent_initial_call=True,
    )
    def download(_csv: Any, _json: Any, selection: Any, shown: Any) -> Any:
        study = shown_study(services, shown)
        if study is None:
            return no_update
        return file_of(study, selection, as_csv=ctx.triggered_id == ids.SELECTED_CSV)

    @app.callback(
        Output(ids.SELECTED_DETAIL, "is_open"),
        Output(ids.SELECTED_DETAIL, "title"),
        Output(ids.SELECTED_DETAIL_BODY, "children"),
        Input(ids.SELECTED_OPEN, "data"),
        State(ids.SHOWN, "data"),
        prevent_initial_call=True,
    )
    def show_details(asked: Any, shown: Any) -> Any:
        return details_of(services, shown, asked)

    # A trial under way changes while somebody looks at it. Not in the callback above: what opens
    # the details would be dropped by a pulse that comes before its answer.
    @app.callback(
        Output(ids.SELECTED_DETAIL, "is_open", allow_duplicate=True),
        Output(ids.SELECTED_DETAIL, "title", allow_duplicate=True),
        Output(ids.SELECTED_DETAIL_BODY, "children", allow_duplicate=True),
        Input(ids.PULSE, "data"),
        State(ids.SELECTED_OPEN, "data"),
        State(ids.SHOWN, "data"),
        State(ids.SELECTED_DETAIL, "is_open"),
        prevent_initial_call=True,
    )
    def refresh_details(_pulse: Any, asked: Any, shown: Any, is_open: Any) -> Any:
        return refreshed(details_of(services, shown, asked)) if is_open else (no_update,) * 3


def details_of(services: Services, shown: Any, asked: Any) -> tuple[Any, Any, Any]:
    """Return whether the details are open, their heading and content."""
    study = shown_study(services, shown)
    return details_update(study, asked, None if study is None else job_of(services, study))


def columns_update(study: Study | None, known: Any) -> tuple[Any, Any]:
    """Return the table's columns and what they were made from; no update if nothing changed."""
    if study is None:
        return [], None
    columns = column_definitions(study)
    digest = hashlib.sha256(json.dumps([study.id, columns]).encode()).hexdigest()
    return (no_update, no_update) if digest == known else (columns, digest)


def table_update(
    study: Study | None, selection: Any
) -> tuple[list[dict[str, Any]], str, str, dict[str, list[int]]]:
    """Return the table's rows, the words above and below it, and the trials with a model colour."""
    if study is None:
        return [], "", "", {"rows": []}
    mask = selected_mask(study, selection)
    rows = best_first(study, mask, MAX_ROWS)
    n_selected = int(mask.sum())
    return (
        row_records(study, rows),
        title_text(n_selected, len(study)),
        note_text(n_selected, len(rows)),
        {"rows": rows[: len(MODEL_COLOURS)].tolist()},
    )


def file_of(study: Study, selection: Any, *, as_csv: bool) -> dict[str, Any]:
    """Return all selected trials, best first, as a file for the browser to save."""
    part = part_of(study, best_first(study, selected_mask(study, selection)))
    if as_csv:
        return {"content": csv_text(part), "filename": "trials.csv", "type": "text/csv"}
    content = json.dumps(to_generic(part), indent=1, ensure_ascii=False)
    return {"content": content, "filename": "trials.json", "type": "application/json"}


def refreshed(details: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Return details that were open, as they are now; who closed them meanwhile sees them open no more."""
    is_there, heading, content = details
    return no_update if is_there else False, heading, content


def details_update(study: Study | None, asked: Any, job: Job | None = None) -> tuple[Any, Any, Any]:
    """Return whether the details are open, their heading and content.

    Args:
        study: The one the page shows.
        asked: Which trial of which study a person wants to see.
        job: What runs the study, None where nothing does.
    """
    row = asked.get("row") if isinstance(asked, dict) else None
    if study is None or not isinstance(row, int) or not 0 <= row < len(study):
        return False, no_update, no_update
    if asked.get("study") not in (None, study.id):
        return False, no_update, no_update
    return True, detail_title(study, row), detail_body(study, row, stop_button(study, row, job))


def stop_button(study: Study, row: int, job: Job | None) -> StopButton | None:
    """Return what stops a trial; None where it is not under way here."""
    is_running = study.trials.state[row] == TrialState.RUNNING
    if job is None or job.state is not JobState.RUNNING or not is_running:
        return None
    number = int(study.trials.number[row])
    return StopButton(str(job.id), number, is_stopping=number in job.stopped or job.is_cancelling)


def job_of(services: Services, study: Study) -> Job | None:
    """Return the job that made a study, None for one that was read from elsewhere."""
    try:
        return services.queue.job(study.id)
    except JobError:
        return None
