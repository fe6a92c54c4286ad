"""The dialog that steers a job: workers, trials, and each trial that runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain
from hypertendril.layouts.panel import aria, data


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """A trial under way, as the dialog lists it.

    Attributes:
        is_stopping: Somebody has stopped it already.
    """

    number: int
    detail: str
    params: str
    is_stopping: bool = False


def steer_box() -> dbc.Modal:
    """Return the dialog, closed."""
    counts = html.Div(
        [
            _count("Workers", ids.STEER_PARALLEL, "Trials that run at the same time"),
            _count("Trials in all", ids.STEER_TRIALS, "Of the whole study, those done included"),
            _count(
                "Steps in all", ids.STEER_TOTAL_STEPS, "Of all trials together; empty for no limit"
            ),
            _count(
                "Time in all, s", ids.STEER_WALL_SECONDS, "Seconds it may run; empty for no limit"
            ),
            html.Button("Apply", id=ids.STEER_APPLY, className="ht-button primary"),
        ],
        className="steer-counts",
    )
    return dbc.Modal(
        [
            dbc.ModalHeader(html.Span(id=ids.STEER_TITLE), class_name="box-head"),
            dbc.ModalBody(
                [
                    counts,
                    html.Div(id=ids.STEER_MESSAGE, className="box-message", role="status"),
                    html.Div(id=ids.STEER_RUNNING, className="steer-running"),
                ]
            ),
            dcc.Store(id=ids.STEER_JOB),
        ],
        id=ids.STEER_BOX,
        is_open=False,
        class_name="ht-box",
    )


def running_trials(job: str, trials: Sequence[RunningTrial]) -> list[Component]:
    """Return the trials under way, each with a button that stops it."""
    if not trials:
        return [html.P("No trial is under way.", className="control-hint")]
    return [
        html.H3("Under way", className="control-heading"),
        *(_trial(job, trial) for trial in trials),
    ]


def _trial(job: str, trial: RunningTrial) -> Component:
    stop = html.Button(
        "stopping" if trial.is_stopping else "stop",
        className="pill",
        disabled=trial.is_stopping,
        **aria(label=f"Stop trial {trial.number}"),
        **data(do="stop-trial", job=job, trial=str(trial.number)),
    )
    return html.Div(
        [
            html.B(f"Trial {trial.number}"),
            html.Span(trial.detail, className="study-meta"),
            stop,
            html.Span(plain(trial.params, 200), className="steer-params"),
        ],
        className="steer-trial",
    )


def _count(words: str, component_id: str, title: str) -> Component:
    number: Component = dbc.Input(
        id=component_id,
        type="text",
        inputmode="numeric",
        autocomplete="off",
        class_name="ht-input is-number",
    )
    return html.Label([html.Span(words), number], className="steer-count", title=title)
