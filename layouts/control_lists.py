"""Control panel: the tree of studies and the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from hypertendril.layouts.labels import plain
from hypertendril.layouts.panel import aria, data

INDENT_PX = 12
MAX_INDENTS = 4
# More lines than anyone scans; the rest is named.
MAX_STUDIES = 200


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study as the tree shows it.

    Attributes:
        depth: How many studies it was refined from, one after another.
        state: `running`, `queued`, `done`, `failed` or `empty`; decides the dot.
        method: Its title.
        best: Best value as text, empty for none.
        progress: Share of the budget that is done, 0 to 1; None where nothing runs.
        detail: A second line, empty for none.
        job: Id of the job that can be stopped, None for none.
        actions: Verbs of its menu.
        title: Shown on hover.
    """

    id: str
    name: str
    depth: int
    state: str
    method: str
    n_trials: int
    best: str
    progress: float | None = None
    detail: str = ""
    job: str | None = None
    title: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as the queue shows it: one that waits, or one that ended badly, with its message."""

    id: str
    name: str
    state: str
    detail: str
    message: str
    can_cancel: bool
    can_resume: bool = False


def study_list(lines: Sequence[StudyLine], shown: str | None, n_closed: int = 0) -> list[Component]:
    """Return the tree; `shown` is the study the page is about, `n_closed` are left out of it."""
    return _studies(lines, shown) + ([_closed(n_closed)] if n_closed else [])


def _closed(n_closed: int) -> Component:
    words = "1 study is closed" if n_closed == 1 else f"{n_closed} studies are closed"
    show = html.Button("show", className="pill", **data(do="show-closed"))
    return html.Div([words, " ", show], className="control-more")


def _studies(lines: Sequence[StudyLine], shown: str | None) -> list[Component]:
    if not lines:
        return [_welcome()]
    parts = [_study(line, is_shown=line.id == shown) for line in lines[:MAX_STUDIES]]
    if len(lines) > MAX_STUDIES:
        rest = f"and {len(lines) - MAX_STUDIES:,} older studies"
        parts.append(html.Div(rest, className="control-more"))
    return parts


def job_list(lines: Sequence[JobLine]) -> list[Component]:
    """Return the queue, nothing for an empty one."""
    if not lines:
        return []
    return [html.H3("Queue", className="control-heading"), *(_job(line) for line in lines)]


def _welcome() -> Component:
    return html.Div(
        [
            html.P("No study yet."),
            html.P("Drop results here, open them by their path,"),
            html.P("or run a registered objective below."),
        ],
        className="control-welcome",
    )


def _study(line: StudyLine, *, is_shown: bool) -> Component:
    content: list[Component] = [
        html.Span(className=f"dot is-{line.state}"),
        html.B(plain(line.name, 80)),
        html.Span(_meta(line), className="study-meta"),
        html.Span(line.best, className="study-best"),
    ]
    if line.detail:
        content.append(html.Span(line.detail, className="study-detail"))
    if line.progress is not None:
        width = f"{100 * min(max(line.progress, 0.0), 1.0):.1f}%"
        content.append(html.Span(html.Span(style={"width": width}), className="study-bar"))
    indent = INDENT_PX * min(line.depth, MAX_INDENTS)
    row: list[Component] = [
        html.Button(
            content,
            className="study-button",
            title=line.title,
            **aria(current=str(is_shown).lower()),
            **data(study=line.id),
        )
    ]
    if line.job is not None:
        row.append(_cancel(line.job, "stop", f"Stop {plain(line.name)}"))
    if line.state == "paused":
        row.append(_resume(line.id, line.name))
    if line.actions:
        row.append(_menu(line))
    return html.Div(
        row,
        className="study is-shown" if is_shown else "study",
        style={"paddingLeft": f"{indent}px"},
    )


def _meta(line: StudyLine) -> str:
    return f"{plain(line.method, 14)} · {line.n_trials:,}"


def _job(line: JobLine) -> Component:
    parts: list[Component] = [
        html.Span(className=f"dot is-{line.state}"),
        html.B(plain(line.name, 80)),
        html.Span(line.detail, className="study-meta"),
    ]
    if line.can_cancel:
        parts.append(_cancel(line.id, "cancel", f"Cancel {plain(line.name)}"))
    if line.can_resume:
        parts.append(_resume(line.id, line.name))
    if line.message:
        words = plain(line.message, 400)
        parts.append(html.Span(words, className="job-message", title=plain(line.message, 2000)))
    return html.Div(parts, className="job")


def _menu(line: StudyLine) -> Component:
    """Return the button whose menu the script opens, outside of the list that is drawn anew."""
    return html.Button(
        "⋯",
        className="study-menu",
        **aria(label=f"More of {plain(line.name)}", haspopup="menu"),
        **data(menu=line.id, actions=" ".join(line.actions)),
    )


def _resume(job: str, name: str) -> Component:
    label = f"Resume {plain(name)}"
    return html.Button(
        "resume", className="pill", title=label, **aria(label=label), **data(do="resume", job=job)
    )


def _cancel(job: str, words: str, label: str) -> Component:
    return html.Button(
        words, className="pill", title=label, **aria(label=label), **data(cancel=job)
    )
