"""Numbers that a person typed into a field of a form."""

from __future__ import annotations

from typing import Any

from hypertendril.errors import JobError


def number(field: str, text: Any) -> float:
    """Return the number in a field.

    Raises:
        JobError: There is none; the message names the field.
    """
    try:
        return float(str(text).strip())
    except ValueError:
        raise JobError(f"{field}: {str(text)!r} is not a number.") from None


def whole(field: str, text: Any) -> int:
    """Return the whole number in a field.

    Raises:
        JobError: There is none; the message names the field.
    """
    try:
        return int(str(text).strip())
    except ValueError:
        raise JobError(f"{field}: {str(text or '')!r} is not a whole number.") from None
