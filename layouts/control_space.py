"""Control panel: one row a parameter of the next study, as the script in assets/ draws them."""

from __future__ import annotations

from typing import Any

from hypertendril.analysis.ticks import choice_texts
from hypertendril.layouts.labels import plain, shortened, telling_ends
from hypertendril.model import Parameter, ParameterKind, SearchSpace

# A range of one value must still be seen.
LEAST_BAR_PERCENT = 3.0
MAX_WHOLE = 1e7
LEAST_PLAIN = 1e-3
NAME_CHARS = 12  # stand before the bar of a range


def space_rows(declared: SearchSpace, space: SearchSpace) -> list[dict[str, Any]]:
    """Return the rows of all declared parameters; those `space` lacks can be active no more."""
    given = {parameter.name: parameter for parameter in space}
    ends = telling_ends(declared.names)
    return [
        {
            "key": str(i),
            "name": shortened(parameter.name, NAME_CHARS, ends),
            "title": plain(parameter.name, 200),
            **_content(parameter, given.get(parameter.name)),
        }
        for i, parameter in enumerate(declared)
    ]


def _content(declared: Parameter, given: Parameter | None) -> dict[str, Any]:
    if given is None:
        return {"kind": "inactive"}
    if declared.is_discrete_choice:
        kept = {str(choice) + type(choice).__name__ for choice in given.choices}
        return {
            "kind": "choices",
            "choices": [plain(text, 24) for text in choice_texts(declared)],
            "kept": [
                code
                for code, choice in enumerate(declared.choices)
                if str(choice) + type(choice).__name__ in kept
            ],
        }
    return {
        "kind": "range",
        "isLog": declared.log,
        "isInt": declared.kind is ParameterKind.INT,
        "declared": (declared.low, declared.high),
        "low": bound_text(given.low),
        "high": bound_text(given.high),
        "bar": bar_of(declared, given.low, given.high),
    }


def bar_of(
    declared: Parameter, low: float | None, high: float | None
) -> tuple[float, float] | None:
    """Return (left, width) of the orange bar over the grey one, in percent of the declared scale.

    The whole declared range is no choice a person made: it shows no orange, hence None.
    """
    if low is None or high is None or (low, high) == (declared.low, declared.high):
        return None
    a, b = (min(max(float(u), 0.0), 1.0) * 100 for u in declared.to_unit([low, high]))
    width = max(b - a, LEAST_BAR_PERCENT)
    return round(min(a, 100 - width), 2), round(width, 2)


def bound_text(value: float | None) -> str:
    """Return a bound short enough for its input; what was not edited is taken unrounded."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < MAX_WHOLE:
        return str(int(value))
    if abs(value) >= LEAST_PLAIN and abs(value) < MAX_WHOLE:
        return f"{value:.{_digits(value)}g}" if abs(value) < 1000 else f"{value:.1f}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _digits(value: float) -> int:
    """Return how many digits a value needs, three or more: 0.9999 is another momentum than 1."""
    enough = (k for k in range(3, 17) if not float(f"{value:.{k}g}").is_integer())
    return next(enough, 17)
