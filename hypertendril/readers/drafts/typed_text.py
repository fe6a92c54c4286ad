"""Values that were written down as texts."""

from __future__ import annotations

from typing import Any

from hypertendril.model import Parameter, ParameterKind
from hypertendril.readers.files.json_text import as_number


def typed(text: str, parameter: Parameter | None = None) -> Any:
    """Return a text as the value it stands for; None where it is empty.

    Args:
        text: A cell of a table, or a value of a program that keeps all as texts.
        parameter: Whose value it is, where that is known: its choices and its kind count.
    """
    if not text:
        return None
    if parameter is not None and parameter.is_discrete_choice:
        for choice in parameter.choices:
            if str(choice) == text:
                return choice
    # `1_0` is a number to Python, but a name to everybody else.
    for kind in () if "_" in text else (float,) if "." in text else (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        is_int = parameter is not None and parameter.kind is ParameterKind.INT
        is_whole = isinstance(number, float) and number.is_integer()
        return int(number) if is_int and is_whole else number
    return {"True": True, "False": False}.get(text, text)


def number_in(value: Any) -> float | None:
    """Return a number, also one that was written as a text; None if it is neither."""
    return as_number(typed(value) if isinstance(value, str) else value)
