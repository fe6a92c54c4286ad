"""Large JSON documents, parsed a piece at a time: with progress, and other threads run between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from hypertendril.readers.files.json_text import DEEPEST, BadJsonError, parse
from hypertendril.readers.progress import Counter, counted

PIECE_BYTES = 1 << 20  # parsed in some ten milliseconds, in which no other thread runs
_CLOSING = {b"[": b"]", b"{": b"}"}
_MEMBER = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_QUOTE, _COMMA, _OPEN, _CLOSE = range(1, 5)
_MARKS = np.zeros(256, np.int8)
for _bytes, _mark in ((b'"', _QUOTE), (b",", _COMMA), (b"[{", _OPEN), (b"]}", _CLOSE)):
    _MARKS[list(_bytes)] = _mark
_DESCENT = np.array([0, 0, 0, 1, -1], np.int64)  # levels each mark leads down

Span = tuple[int, int]


def parse_in_pieces(text: bytes) -> Any:
    """Return the JSON value of a document, as `parse` does, and tell how far it is.

    A container larger than a piece is taken apart into its elements, of which many are parsed at
    once; a large one is taken apart in its turn. What is cut between elements can't change the
    meaning: texts of whole elements with commas between them are a list of whole elements.
    Cost O(levels of large containers x n).

    Raises:
        BadJsonError: As of `parse`.
        ReadingCancelledError: The reading was called off.
    """
    if len(text) <= PIECE_BYTES:
        return parse(text)
    with counted(len(text), "bytes") as counter:
        return _Document(text, counter).value((0, len(text)))


class _Document:
    def __init__(self, text: bytes, counter: Counter) -> None:
        self._text = text
        self._counter = counter
        self._done = 0

    def value(self, span: Span, depth: int = 0) -> Any:
        """Return the value in a part of the text."""
        start, end = self._stripped(span)
        closing = _CLOSING.get(self._text[start : start + 1])
        if end - start <= PIECE_BYTES or closing is None or depth >= DEEPEST:
            return self._parsed((start, end))
        if self._text[end - 1 : end] != closing:
            raise self._error("not valid JSON (it is cut short)", end)
        inside = self._stripped((start + 1, end - 1))
        if inside[0] == inside[1]:
            return self._parsed((start, end))
        return self._list(inside, depth) if closing == b"]" else self._object(inside, depth)

    def _stripped(self, span: Span) -> Span:
        start, end = span
        while start < end and self._text[start : start + 1].isspace():
            start += 1
        while start < end and self._text[end - 1 : end].isspace():
            end -= 1
        return start, end

    def _list(self, inside: Span, depth: int) -> list[Any]:
        found: list[Any] = []
        for start, end in self._runs(inside):
            if end - start > PIECE_BYTES:
                found.append(self.value((start, end), depth + 1))
            else:
                found += self._parsed((start, end), b"[", b"]")
        return found

    def _object(self, inside: Span, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start, end in self._runs(inside):
            member = _MEMBER.match(self._text, start, end) if end - start > PIECE_BYTES else None
            if member is not None:
                found[parse(member[1])] = self.value((member.end(), end), depth + 1)
            else:
                found |= self._parsed((start, end), b"{", b"}")
        return found

    def _runs(self, inside: Span) -> Iterator[Span]:
        """Yield where the elements of a container stand: several of them, or a large one alone."""
        start, end = inside
        for cut in self._cuts(inside):
            yield start, cut
            start = cut + 1
        yield start, end

    def _cuts(self, inside: Span) -> Iterator[int]:
        """Yield the first and the last comma in each piece that stands between two elements."""
        at, end = inside
        depth, quotes = 0, 0
        while at < end:
            self._counter.reached(self._done)
            piece = self._piece(at, end)
            marks = _MARKS[np.frombuffer(piece, np.uint8)]
            places = np.flatnonzero(marks)
            marks = marks[places]
            count = np.cumsum(marks == _QUOTE) + quotes
            is_outside = (count % 2 == 0) & (marks != _QUOTE)
            depths = depth + np.cumsum(_DESCENT[marks] * is_outside)
            commas = places[is_outside & (marks == _COMMA) & (depths == 0)]
            yield from (at + commas[[0, -1][: len(commas)]]).tolist()
            if len(places):
                depth, quotes = int(depths[-1]), int(count[-1])
            at += len(piece)

    def _piece(self, at: int, end: int) -> bytes:
        """Return the next piece of the text with blanks for what is escaped."""
        piece = self._text[at : min(at + PIECE_BYTES, end)]
        if b"\\" not in piece:
            return piece
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
            piece += self._text[at + len(piece) : at + len(piece) + 1]
        return _ESCAPED.sub(b"  ", piece)

    def _parsed(self, span: Span, opening: bytes = b"", closing: bytes = b"") -> Any:
        start, end = span
        text = self._text[start:end]
        if not text.strip():
            raise self._error("not valid JSON (nothing between two commas)", start)
        try:
            found = parse(opening + text + closing)
        except BadJsonError as error:
            raise self._error(error.reason, start, error.line) from None
        self._done = end
        self._counter.reached(end)
        return found

    def _error(self, reason: str, at: int, line: int | None = 1) -> BadJsonError:
        """Return the error of the `line`th line behind the place `at`."""
        before = self._text.count(b"\n", 0, at)
        return BadJsonError(reason, None if line is None else before + line)
