"""JSON files that are cut short or damaged: whatever is whole in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypertendril.readers.files.json_pieces import parse_in_pieces
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.progress import Counter, counted

# Strings, brackets and separators; everything between them is part of a number or a word.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]')
_CLOSING = {"[": "]", "{": "}"}


@dataclass
class Salvage:
    """What could be read of a damaged file.

    Attributes:
        value: Its lists and objects without the parts that can't be read; None for nothing.
        lost: How many parts were left out.
    """

    value: Any = None
    lost: int = 0


class _Search:
    """What was lost so far, and how much of the text has been looked at."""

    def __init__(self, counter: Counter) -> None:
        self.lost = 0
        self._counter = counter
        self._done = 0

    def pass_by(self, text: str) -> None:
        """Count a text that was kept or lost as a whole."""
        self._done += len(text)
        self._counter.reached(self._done)


def salvaged(text: bytes, depth: int = 2) -> Salvage:
    """Return what is whole in a JSON text that is damaged or was cut short.

    Args:
        text: UTF-8, perhaps.
        depth: Containers this deep are opened to look for whole elements; what lies deeper is a
            record, kept only as a whole. The outermost container has depth 0. Cost O(depth n).
    """
    whole = text.decode("utf-8", "replace").strip()
    with counted(len(whole), "bytes") as counter:
        search = _Search(counter)
        value = _value(whole, depth, search)
    return Salvage(value, search.lost)


def _value(text: str, depth: int, found: _Search) -> Any:
    try:
        value = parse_in_pieces(text.encode())
    except BadJsonError:
        value = None
        if depth >= 0 and text[:1] in _CLOSING:
            return _container(text, depth, found)
        found.lost += 1
    found.pass_by(text)
    return value


def _container(text: str, depth: int, found: _Search) -> Any:
    if text[0] == "[":
        items = [_value(part, depth - 1, found) for part, _ in _parts(text)]
        return [item for item in items if item is not None]
    return dict(_members(text, depth, found))


def _members(text: str, depth: int, found: _Search) -> Iterator[tuple[str, Any]]:
    for part, colon in _parts(text):
        try:
            key = parse(part[:colon]) if colon else None
        except BadJsonError:
            key = None
        if not isinstance(key, str):
            found.lost += 1
            continue
        value = _value(part[colon + 1 :].strip(), depth - 1, found)
        if value is not None:
            yield key, value


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Yield the elements of a container, each with the place of its first colon (0 for none).

    A bracket too many is passed over: it ends one element, not the whole container.
    """
    stack: list[str] = []
    start, colon = 1, 0
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in _CLOSING:
            stack.append(_CLOSING[mark])
        elif mark in "]}":
            if mark == "]" and mark in stack:
                del stack[len(stack) - stack[::-1].index(mark) :]
            if stack and stack[-1] == mark:
                stack.pop()
            if not stack:
                yield from _part(text[start : match.start()], colon - start)
                return
        elif len(stack) == 1 and mark == ",":
            yield from _part(text[start : match.start()], colon - start)
            start, colon = match.end(), 0
        elif len(stack) == 1 and mark == ":" and not colon:
            colon = match.start()
    yield from _part(text[start:], colon - start)


def _part(text: str, colon: int) -> Iterator[tuple[str, int]]:
    lead = len(text) - len(text.lstrip())
    if text.strip():
        yield text.strip(), max(0, colon - lead)
