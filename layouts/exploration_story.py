"""One trial's story: why it was stopped, and the schedule its model was trained with."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
import plotly.graph_objects as go
from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.exploration.schedule import ScheduleView
from hypertendril.analysis.exploration.story import Story
from hypertendril.layouts import ids
from hypertendril.layouts.frame import axis_style, frame_figure, graph
from hypertendril.layouts.labels import plain, plotly_text
from hypertendril.layouts.theme import LABEL_PX, Theme

MARGIN = {"l": 130, "r": 20, "t": 20, "b": 38}
GAP = 0.22
# Room above and below the scale of a row: its marks must not touch those of the next.
ROW_RANGE = (-0.3, 1.3)


def story_box() -> dbc.Modal:
    """Return the dialog, closed."""
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(id=ids.EXPLORATION_STORY_TITLE)),
            dbc.ModalBody(
                [
                    html.Div(id=ids.EXPLORATION_STORY_WORDS, className="exploration-story"),
                    html.Div(graph(ids.EXPLORATION_STORY_GRAPH), className="exploration-schedule"),
                    _jobs(),
                ]
            ),
        ],
        id=ids.EXPLORATION_STORY_BOX,
        size="lg",
        is_open=False,
        class_name="exploration-dialog",
    )


def _jobs() -> html.Div:
    """Return the buttons that run something of the trial, with room for what went wrong."""
    return html.Div(
        [
            html.Div(id=ids.EXPLORATION_STORY_SAID, className="control-message", role="status"),
            _job("Replay this schedule", ids.EXPLORATION_REPLAY),
            _job("Run it to the end", ids.EXPLORATION_FINISH),
        ],
        className="exploration-jobs",
    )


def _job(words: str, component_id: str) -> html.Button:
    return html.Button(words, id=component_id, className="ht-button", disabled=True)


def story_words(story: Story) -> list[Component]:
    """Return what happened to a trial, as lines and a small table."""
    lines: list[Component] = [
        html.P(words) for words in (plain(story.why, 300), plain(story.promise, 300)) if words
    ]
    if story.changes:
        lines.append(html.P(["Copied from trial ", html.B(str(story.parent)), " with"]))
        lines.append(
            html.Ul(
                [
                    html.Li(
                        [
                            html.B(plain(change.label)),
                            f" {plain(change.before)} → {plain(change.after)} {change.factor}",
                        ]
                    )
                    for change in story.changes
                ]
            )
        )
    return [*lines, _looks(story)]


def _looks(story: Story) -> html.Table:
    head = html.Tr([html.Th(words) for words in ("look", "value", "rank", "decision")])
    rows = [
        html.Tr([html.Td(str(k)), html.Td(s.value), html.Td(s.rank), html.Td(s.decision)])
        for k, s in enumerate(story.standings, 1)
    ]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="exploration-looks")


def draw_schedule(data: ScheduleView, theme: Theme) -> go.Figure:
    """Return the value of each parameter over the training, along the trial's ancestry."""
    figure = frame_figure(theme, {"view": "schedule"}, MARGIN)
    n = max(1, len(data.axes))
    height = 1.0 / (n + (n - 1) * GAP)
    for k, axis in enumerate(data.axes):
        top = 1.0 - k * height * (1 + GAP)
        name = "" if k == 0 else str(k + 1)
        units = axis.unit(data.values[k])
        # Where the scale starts and ends does not matter here: what was tried does.
        figure.update_layout(
            {
                f"yaxis{name}": {
                    "domain": [max(0.0, top - height), top],
                    "range": list(ROW_RANGE),
                    "tickvals": axis.unit(axis.ticks).tolist(),
                    "ticktext": [plotly_text(text, 10) for text in axis.tick_labels],
                    **axis_style(theme, grid=True),
                }
            }
        )
        figure.add_scatter(
            **_line(data, units.tolist(), theme, is_varying=k < len(data.schedule.varying)),
            yaxis=f"y{name}",
        )
        figure.add_annotation(**_name(axis.label, top - height / 2, theme))
        if np.isnan(units).all():
            figure.add_annotation(**_not_set(top - height / 2, theme))
    figure.update_xaxes(
        title={"text": data.x_title, "standoff": 4, "font": {"size": LABEL_PX}},
        range=[0, data.schedule.stretches[-1].end * 1.02 or 1],
        anchor="free",
        position=0,
        **axis_style(theme),
    )
    figure.update_layout(shapes=_forks(data, theme))
    return figure


def _line(
    data: ScheduleView, units: list[float], theme: Theme, *, is_varying: bool
) -> dict[str, Any]:
    xs: list[float] = []
    ys: list[float] = []
    for stretch, unit in zip(data.schedule.stretches, units, strict=True):
        xs += [stretch.start, stretch.end]
        ys += [unit, unit]
    colour = theme.hot if is_varying else theme.muted
    return {
        "x": xs,
        "y": ys,
        "mode": "lines",
        "line": {"color": colour, "width": 2 if is_varying else 1.2},
        "connectgaps": False,
    }


def _name(label: str, middle: float, theme: Theme) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": middle,
        "xanchor": "right",
        "xshift": -52,
        "text": f"<b>{plotly_text(label, 15)}</b>",
        "showarrow": False,
        "font": {"size": LABEL_PX, "color": theme.ink},
    }


def _not_set(middle: float, theme: Theme) -> dict[str, Any]:
    """Return what stands in the row of a parameter that was inactive all the time."""
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": middle,
        "text": "<i>not set</i>",
        "showarrow": False,
        "font": {"size": LABEL_PX, "color": theme.muted},
    }


def _forks(data: ScheduleView, theme: Theme) -> list[dict[str, Any]]:
    """Return a line wherever the model was copied."""
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": stretch.start,
            "x1": stretch.start,
            "y0": 0,
            "y1": 1,
            "line": {"width": 1, "dash": "dot", "color": theme.soft},
        }
        for stretch in data.schedule.stretches[1:]
    ]
