"""Control panel: one row a parameter of the next study, the declared range grey, the next orange."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from hypertendril.analysis.ticks import choice_text
from hypertendril.layouts import ids
from hypertendril.layouts.labels import plain
from hypertendril.model import Parameter, SearchSpace

# A range of one value must still be seen.
LEAST_BAR_PERCENT = 3.0
# More choices than this scroll inside their row.
FEW_CHOICES = 8
MAX_WHOLE = 1e7
LEAST_PLAIN = 1e-3


def space_rows(declared: SearchSpace, space: SearchSpace) -> list[Component]:
    """Return the rows of all declared parameters; those `space` lacks can be active no more."""
    given = {parameter.name: parameter for parameter in space}
    return [
        _row(str(i), parameter, given.get(parameter.name)) for i, parameter in enumerate(declared)
    ]


def _row(key: str, declared: Parameter, given: Parameter | None) -> Component:
    name = html.Span(plain(declared.name), className="range-name", title=plain(declared.name, 200))
    if given is None:
        note = html.Span("never active", className="range-note")
        return html.Div([name, note], className="range-row is-inactive")
    if declared.is_discrete_choice:
        return html.Div([name, _choices(key, declared, given)], className="range-row is-choices")
    bar = html.Div(
        html.Span(id=ids.space_field(key, "bar"), style=bar_style(declared, given.low, given.high)),
        className="range-bar",
        title="logarithmic" if declared.log else None,
    )
    return html.Div(
        [name, bar, _bound(key, "low", given), _bound(key, "high", given)],
        className="range-row",
    )


def _bound(key: str, field: str, given: Parameter) -> Component:
    number = dbc.Input(
        id=ids.space_field(key, field),
        value=bound_text(given.low if field == "low" else given.high),
        type="text",
        inputmode="decimal",
        autocomplete="off",
        debounce=True,
        class_name="ht-input is-number",
    )
    words = html.Span(f"{plain(given.name)}: {field}", className="visually-hidden")
    return html.Label([words, number])


def _choices(key: str, declared: Parameter, given: Parameter) -> Component:
    kept = {str(choice) + type(choice).__name__ for choice in given.choices}
    boxes: Component = dbc.Checklist(
        id=ids.space_field(key, "choices"),
        options=[
            {"label": plain(choice_text(choice), 24), "value": code}
            for code, choice in enumerate(declared.choices)
        ],
        value=[
            code
            for code, choice in enumerate(declared.choices)
            if str(choice) + type(choice).__name__ in kept
        ],
        class_name="choices is-many" if len(declared.choices) > FEW_CHOICES else "choices",
        input_class_name="choice-input",
        label_class_name="choice",
    )
    return boxes


def bar_style(declared: Parameter, low: float | None, high: float | None) -> dict[str, str]:
    """Return where the orange bar lies over the grey one, in the declared scale.

    The whole declared range is no choice a person made: it shows no orange.
    """
    if low is None or high is None or (low, high) == (declared.low, declared.high):
        return {"display": "none"}
    a, b = (min(max(float(u), 0.0), 1.0) * 100 for u in declared.to_unit([low, high]))
    width = max(b - a, LEAST_BAR_PERCENT)
    return {"left": f"{min(a, 100 - width):.2f}%", "width": f"{width:.2f}%"}


def bound_text(value: float | None) -> str:
    """Return a bound short enough for its input; what was not edited is taken unrounded."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < MAX_WHOLE:
        return str(int(value))
    if abs(value) >= LEAST_PLAIN and abs(value) < MAX_WHOLE:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.1f}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
