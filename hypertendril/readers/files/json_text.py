"""JSON from untrusted files: every way it can go wrong becomes one error."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

DEEPEST = 32  # levels of nesting kept of what a user attached
_LONG = b"0" * 21  # digits; a fraction may have 20 of them, so may a number above 2**64
_DIGITS = bytes(ord("0") if 48 <= byte < 58 else byte for byte in range(256))
HUGE = 10**300  # integers beyond it can't be printed or turned into a float everywhere


class BadJsonError(ValueError):
    """A text is not usable JSON.

    Args:
        reason: What is wrong, in words.
        line: Line inside the text, counted from 1, where that is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def parse(text: str | bytes) -> Any:
    """Return the JSON value of `text`; `NaN` and `Infinity` are understood.

    Raises:
        BadJsonError: Not JSON, not UTF-8, nested too deeply, or a number of thousands of digits.
    """
    try:
        if not _has_long_number(text):
            return orjson.loads(text)
    except ValueError:
        pass  # perhaps only more than it takes: NaN, surrogates, a byte order mark
    return _parsed_slowly(text)


def _has_long_number(text: str | bytes) -> bool:
    """Return whether there may be a whole number of more than 64 bits, which would become a float."""
    data = text.encode() if isinstance(text, str) else text
    return len(data) >= len(_LONG) and _LONG in data.translate(_DIGITS)


def _parsed_slowly(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadJsonError(f"not valid JSON ({error.msg})", error.lineno) from None
    except UnicodeDecodeError:
        raise BadJsonError("not UTF-8 text") from None
    except RecursionError:
        raise BadJsonError("nested too deeply") from None
    except ValueError:
        raise BadJsonError("a number with thousands of digits") from None


def as_number(value: Any) -> float | None:
    """Return a JSON number as a float: huge integers as inf, NaN kept; None if it is no number."""
    if type(value) is float:
        return value  # nearly always
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def clean(text: str) -> str:
    """Return `text` without lone surrogates, which JSON lets in and UTF-8 refuses."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def as_choice(value: Any) -> str | int | float | bool | None:
    """Return a JSON value as a choice of a parameter; nested ones and NaN become their text."""
    if type(value) is float and math.isfinite(value):
        return value  # nearly always
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < HUGE):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return json.dumps(plain(value))


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as strict JSON: NaN and infinities as texts, texts cleaned, deep parts cut."""
    if isinstance(value, (dict, list, tuple)):
        if depth >= DEEPEST:
            return "..."
        if isinstance(value, dict):
            return {clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
        return [plain(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and abs(value) < HUGE:
        return value  # NaN and infinities fail the comparison
    return clean(str(value))


def brief(value: Any, length: int = 80) -> str:
    """Return any JSON value as a short text for a message."""
    return clean(str(plain(value)))[:length]


def last_line(text: str) -> str:
    """Return the line of a traceback that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return brief(lines[-1], 300) if lines else ""
