"""Dialogs of the Exploration overview: the story of one trial, and studies side by side."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, ctx, no_update

from hypertendril.analysis.exploration.comparison import MOST, alike, prepare_comparison
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.exploration.schedule import prepare_schedule
from hypertendril.analysis.exploration.story import story_of
from hypertendril.callbacks import exploration_jobs
from hypertendril.callbacks.services import Services
from hypertendril.callbacks.shown import shown_study
from hypertendril.errors import StoreError
from hypertendril.layouts import ids
from hypertendril.layouts.exploration_compare import draw_comparison
from hypertendril.layouts.exploration_story import draw_schedule, story_words
from hypertendril.layouts.frame import message_figure
from hypertendril.layouts.labels import plain
from hypertendril.layouts.theme import Theme, theme_named
from hypertendril.model import Study

MAX_OFFERED = 200


def register(app: Dash, services: Services) -> None:
    """Wire both dialogs."""
    exploration_jobs.register(app, services)

    @app.callback(
        Output(ids.EXPLORATION_STORY_BOX, "is_open"),
        Output(ids.EXPLORATION_STORY_TITLE, "children"),
        Output(ids.EXPLORATION_STORY_WORDS, "children"),
        Output(ids.EXPLORATION_STORY_GRAPH, "figure"),
        Input(ids.EXPLORATION_STORY, "data"),
        State(ids.SHOWN, "data"),
        State(ids.THEME, "data"),
        prevent_initial_call=True,
    )
    def tell(asked: Any, shown: Any, theme: str) -> Any:
        return story_update(shown_study(services, shown), asked, theme_named(theme))

    @app.callback(
        Output(ids.EXPLORATION_COMPARE_BOX, "is_open"),
        Output(ids.EXPLORATION_COMPARE_STUDIES, "options"),
        Output(ids.EXPLORATION_COMPARE_STUDIES, "value"),
        Input(ids.EXPLORATION_COMPARE, "n_clicks"),
        Input(ids.EXPLORATION_COMPARE_ALL, "n_clicks"),
        Input(ids.EXPLORATION_COMPARE_SAME, "n_clicks"),
        Input(ids.EXPLORATION_COMPARED, "data"),
        State(ids.SHOWN, "data"),
        prevent_initial_call=True,
    )
    def open_comparison(_open: Any, _all: Any, _same: Any, linked: Any, shown: Any) -> Any:
        if ctx.triggered_id == ids.EXPLORATION_COMPARED:
            return linked_comparison(services, linked)
        study = shown_study(services, shown)
        if study is None or not ctx.triggered_id:
            return no_update, no_update, no_update
        is_same = ctx.triggered_id == ids.EXPLORATION_COMPARE_SAME
        chosen = alike(study, known_studies(services), is_same_method=is_same)
        return True, offered_studies(services), chosen

    @app.callback(
        Output(ids.EXPLORATION_COMPARE_FRAME, "figure"),
        Output(ids.EXPLORATION_COMPARE_NOTE, "children"),
        Input(ids.EXPLORATION_COMPARE_STUDIES, "value"),
        Input(ids.THEME, "data"),
        Input(ids.SHOWN, "data"),
        State(ids.EXPLORATION_COMPARE_BOX, "is_open"),
        prevent_initial_call=True,
    )
    def compare(chosen: Any, theme: str, _shown: Any, is_open: Any) -> Any:
        if not is_open and ctx.triggered_id != ids.EXPLORATION_COMPARE_STUDIES:
            return no_update, no_update
        return comparison_update(services, chosen, theme_named(theme))


def story_update(study: Study | None, asked: Any, theme: Theme) -> tuple[Any, Any, Any, Any]:
    """Return whether the dialog is open, its heading, its words and the schedule."""
    row = asked.get("row") if isinstance(asked, dict) else None
    if study is None or not isinstance(row, int) or not 0 <= row < len(study):
        return False, no_update, no_update, no_update
    layout = prepare_exploration(study)
    story = story_of(study, layout, row)
    schedule = prepare_schedule(study, layout, row)
    line = " → ".join(str(number) for number in schedule.numbers)
    title = f"Trial {story.number}"
    title += f": what its model was trained with (trials {line})" if len(line) > 1 else ""
    return True, plain(title, 160), story_words(story), draw_schedule(schedule, theme)


def linked_comparison(services: Services, linked: Any) -> tuple[Any, Any, Any]:
    """Return whether the comparison a link names is open, the choices, and those of it still here."""
    named = linked.get("studies") if isinstance(linked, dict) else None
    offered = offered_studies(services)
    known = [option["value"] for option in offered]
    chosen = [name for name in named if name in known] if isinstance(named, list) else []
    return (True, offered, chosen[:MOST]) if chosen else (no_update, no_update, no_update)


def known_studies(services: Services) -> list[Study]:
    """Return all studies of the store that have a trial."""
    found = []
    for summary in services.store.studies()[:MAX_OFFERED]:
        try:
            study = services.store.snapshot(summary.id)
        except StoreError:
            continue  # removed while we looked
        if len(study):
            found.append(study)
    return found


def offered_studies(services: Services) -> list[dict[str, str]]:
    """Return the choices of the comparison."""
    return [
        {"label": f"{plain(study.name)} ({plain(study.header.method.name, 20)})", "value": study.id}
        for study in known_studies(services)
    ]


def comparison_update(services: Services, chosen: Any, theme: Theme) -> tuple[go.Figure, str]:
    """Return the frame of the studies chosen, and what is not shown."""
    wanted = chosen if isinstance(chosen, list) else []
    found = [shown_study(services, {"study": study_id}) for study_id in wanted[:MOST]]
    studies = [study for study in found if study is not None and len(study)]
    if not studies:
        return message_figure(theme, "Choose two to six studies."), ""
    data = prepare_comparison(studies, [prepare_exploration(study) for study in studies])
    note = " ".join(data.left_out)
    if len(wanted) > MOST:
        note = f"Only the first {MOST} are shown. {note}"
    return draw_comparison(data, theme), plain(note, 240)
