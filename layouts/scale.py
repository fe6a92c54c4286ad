"""The performance scale in a panel's head: worst and best value, and which way is better."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.colour_range import colour_range, is_log_coloured
from hypertendril.analysis.ticks import number_text
from hypertendril.model import Direction, Study

LOG_WORD = "log"


def scale_bar(study: Study, ends: tuple[float, float] | None = None) -> list[Component]:
    """Return the legend of the colours of all views, from worse to better; `ends` set by hand."""
    if ends is None and not study.scored(0).any():
        return []  # no colour means anything yet
    low, high = ends or colour_range(study)
    if ends is None and study.objectives[0].direction is Direction.MINIMIZE:
        low, high = high, low
    return [
        html.Span(number_text(low, 3)),
        html.Div(className="ht-scale-bar"),
        *([html.Span(LOG_WORD, className="ht-scale-log")] if is_log_coloured(study) else []),
        html.B(number_text(high, 3)),
        html.Span("better", className="ht-scale-word"),
    ]
