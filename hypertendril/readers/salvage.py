"""JSON files that end in the middle: whatever is whole in them."""

from __future__ import annotations

import json
import re
from typing import Any

# Strings, brackets and separators; everything between them is part of a number or a word.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]')
DEEPEST = 200


def salvaged(text: bytes) -> Any:
    """Return the value of a JSON text that was cut short, as far as it goes; None for nothing.

    Everything up to the last whole element is kept, and the open brackets are closed behind it.
    Cost O(n).
    """
    decoded = text.decode("utf-8", "replace")
    stack: list[str] = []
    cut, cut_stack = 0, ""
    for match in _TOKEN.finditer(decoded):
        mark = match[0]
        if mark in "[{":
            stack.append("]" if mark == "[" else "}")
            if len(stack) > DEEPEST:
                return None
            cut, cut_stack = match.end(), "".join(reversed(stack))
        elif mark in "]}":
            if not stack or stack.pop() != mark:
                break
            cut, cut_stack = match.end(), "".join(reversed(stack))
            if not stack:
                break
        elif mark == ",":
            cut, cut_stack = match.start(), "".join(reversed(stack))
    try:
        return json.loads(decoded[:cut] + cut_stack)
    except (ValueError, RecursionError):
        return None
