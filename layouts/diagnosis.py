"""Diagnosis: what the bar says of the search, and the cards behind it."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from hypertendril.guidance.diagnosis import Finding, Verdict
from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain
from hypertendril.layouts.panel import data

TITLE = "Whether the search behaved, and what to do next"
# More trials than these would not fit into the address, where brushes stand.
MOST_SHOWN = 500
_CLASSES = {
    Verdict.ACT: "is-act",
    Verdict.WATCH: "is-watch",
    Verdict.OK: "is-ok",
    Verdict.UNKNOWN: "is-unknown",
}


def diagnosis_button() -> html.Button:
    """Return the button of the bar; what it says is set for each study."""
    return html.Button(id=ids.DIAGNOSIS_BUTTON, className="diagnosis-button", title=TITLE)


def diagnosis_box() -> dbc.Offcanvas:
    """Return the cards' box, closed and empty; it covers the left column, so that the views stay in sight."""
    take = html.Button(
        "Take the wider ranges",
        id=ids.DIAGNOSIS_TAKE,
        className="ht-button",
        title="Widen these ranges in the next study; undo brings them back",
    )
    return dbc.Offcanvas(
        [html.Div(id=ids.DIAGNOSIS_CARDS), html.Div(take, id=ids.DIAGNOSIS_FOOT, hidden=True)],
        id=ids.DIAGNOSIS_BOX,
        title="Diagnosis",
        is_open=False,
        placement="start",
        scrollable=True,
        backdrop=False,
        class_name="detail diagnosis",
    )


def button_words(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return what the button says of the findings, and its class."""
    counts = {verdict: sum(f.verdict is verdict for f in findings) for verdict in Verdict}
    act, watch = counts[Verdict.ACT], counts[Verdict.WATCH]
    if act or watch:
        words = [f"{act} to act on"] * bool(act) + [f"{watch} to watch"] * bool(watch)
        text, worst = ", ".join(words), Verdict.ACT if act else Verdict.WATCH
    elif counts[Verdict.OK] > counts[Verdict.UNKNOWN]:
        text, worst = "search looks sound", Verdict.OK
    else:
        text, worst = "too little to judge", Verdict.UNKNOWN
    return text, f"diagnosis-button {_CLASSES[worst]}"


def diagnosis_cards(findings: Sequence[Finding]) -> list[Component]:
    """Return a card for each finding in their order; those without enough data are a line each."""
    judged: list[Component] = [
        _card(finding) for finding in findings if finding.verdict is not Verdict.UNKNOWN
    ]
    open_ = [finding for finding in findings if finding.verdict is Verdict.UNKNOWN]
    if not findings:
        return [html.P("No rule applies to this study: it has too few trials.")]
    if not open_:
        return judged
    lines = [html.Li([html.B(f"{f.title}: "), f.said]) for f in open_]
    return [*judged, html.H3("Not enough data"), html.Ul(lines, className="diagnosis-open")]


def _card(finding: Finding) -> html.Article:
    head: list[Component | str] = [
        html.Span(finding.verdict.value, className="diagnosis-verdict"),
        html.H3(finding.title),
    ]
    if finding.parameter is not None:
        head.append(html.Span(plain(finding.parameter, 24), className="diagnosis-parameter"))
    body: list[Component] = [html.Header(head), html.P(plain(finding.said, 600))]
    if finding.advice:
        body.append(html.P(plain(finding.advice, 600), className="diagnosis-advice"))
    shown = finding.rows[:MOST_SHOWN]
    if shown and finding.verdict in (Verdict.ACT, Verdict.WATCH):
        body.append(
            html.Button(
                f"Show {_trials(len(shown), len(finding.rows))}",
                className="pill",
                **data(**{"diagnosis-rows": ",".join(map(str, shown))}),
            )
        )
    return html.Article(body, className=f"diagnosis-card {_CLASSES[finding.verdict]}")


def _trials(n: int, total: int) -> str:
    if n < total:
        return f"{n} of {total:,} trials"
    return "1 trial" if n == 1 else f"{n} trials"
