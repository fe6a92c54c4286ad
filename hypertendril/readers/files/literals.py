"""Objects written down as text: JSON, or what Python prints of a dict."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from hypertendril.readers.files.json_text import BadJsonError, parse

MOST_TEXT = 100_000
# What numpy prints around a number since version 2.
_NUMPY = re.compile(r"\bnp\.[a-z_]+\d*\(([^()]*)\)")
_NO_NUMBER = re.compile(r"(?<=[ :\[(])(-?)(nan|inf)(?=[,}\])])")


def object_of(text: str) -> dict[str, Any] | None:
    """Return the object a text stands for, None for a text that is none."""
    try:
        found = parse(text)
    except BadJsonError:
        found = _python(text)
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else None


def _python(text: str) -> Any:
    text = _NUMPY.sub(r"\1", text[:MOST_TEXT].strip())
    text = _NO_NUMBER.sub(lambda m: f"{m[1]}1e999" if m[2] == "inf" else "None", text)
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
