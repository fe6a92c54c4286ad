"""The one place where a text that came from a user becomes something Plotly or Dash may show."""

from __future__ import annotations

import unicodedata
from itertools import accumulate

MAX_LABEL_CHARS = 40
# Keys of every JavaScript object: as a category or option value they make plots lose data.
RESERVED_KEYS = frozenset({"__proto__", "constructor", "prototype", "toString", "valueOf"})
ELLIPSIS = "…"
SEPARATORS = " _-.:/"
NARROW, BROAD = "fijlrtI.,:;|!'()[] ", "mwMW@%"
WORD_JOINER = "\u2060"


def plain(text: object, limit: int = MAX_LABEL_CHARS) -> str:
    """Return `text` on one line, without control characters, shortened to `limit` characters.

    For React children, which escape markup themselves.
    """
    words = "".join(
        " " if unicodedata.category(char).startswith("C") or char.isspace() else char
        for char in str(text)
    )
    words = " ".join(words.split())
    if len(words) > limit:
        words = words[: limit - 1] + ELLIPSIS
    return f"{words}{WORD_JOINER}" if words in RESERVED_KEYS else words


def plotly_text(text: object, limit: int = MAX_LABEL_CHARS) -> str:
    """Return `plain` text in which Plotly finds no markup: `<b>x</b>` is shown as written."""
    return (
        plain(text, limit)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("$", "&#36;")
    )


def plotly_lines(text: object, width: int) -> str:
    """Return `plotly_text` on at most two lines, `width` usual letters wide, broken after a separator.

    What is too long loses its middle: of names that begin alike the ends tell them apart.
    """
    words = plain(text, limit=10_000)
    fit = _fitting(words, width)
    if fit == len(words):
        return plotly_text(words)
    breaks = [k + 1 for k, char in enumerate(words[:fit]) if char in SEPARATORS]
    at = breaks[-1] if breaks else fit
    rest = words[at:]
    if _fitting(rest, width) < len(rest):
        rest = ELLIPSIS + rest[len(rest) - _fitting(rest[::-1], width - 1) :]
    return f"{plotly_text(words[:at])}<br>{plotly_text(rest)}"


def _fitting(words: str, width: float) -> int:
    """Return how many of the first characters take no more room than `width` usual letters."""
    taken = accumulate(_share(char) for char in words)
    return sum(1 for reach in taken if reach <= width)


def _share(char: str) -> float:
    """Return the room a character takes, of that of a usual letter."""
    if unicodedata.east_asian_width(char) in "WF":
        return 2.0
    return 0.5 if char in NARROW else 1.5 if char in BROAD else 1.0
