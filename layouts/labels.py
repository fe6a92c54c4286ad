"""The one place where a text that came from a user becomes something Plotly or Dash may show."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate

from hypertendril.analysis.column_axis import ColumnAxis

MAX_LABEL_CHARS = 40
# Keys of every JavaScript object: as a category or option value they make plots lose data.
RESERVED_KEYS = frozenset({"__proto__", "constructor", "prototype", "toString", "valueOf"})
ELLIPSIS = "…"
SEPARATORS = " _-.:/"
# What follows one of these is a name of its own: `optimizer:adam:lr`.
PART_ENDS = re.compile(r"(?<=[.:/ ])")
NARROW, BROAD = "fijlrtI.,:;|!'()[] ", "mwMW@%…"
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


def telling_ends(names: Iterable[str]) -> dict[str, str]:
    """Return of each name its shortest ending, of whole parts, that no other one of `names` has.

    Names that begin alike are told apart by it, and those of like parts of several things too:
    `adam:lr` and `sgd:lr` of `optimizer:adam:lr` and `optimizer:sgd:lr`.
    """
    endings = {name: _endings(name) for name in names}
    counts = Counter(ending for found in endings.values() for ending in found)
    return {
        name: next((ending for ending in found if counts[ending] == 1), name)
        for name, found in endings.items()
    }


def _endings(name: str) -> list[str]:
    """Return the endings of a name that begin with a part of it, the shortest first."""
    parts = PART_ENDS.split(name)
    return list(accumulate(reversed(parts), lambda ending, part: part + ending))


def shortened(name: str, limit: int, ends: Mapping[str, str]) -> str:
    """Return `plain` text of `limit` characters at most: of a longer name what tells it apart.

    Args:
        name: As the user wrote it.
        limit: Usual letters there is room for.
        ends: Of the names it stands among, as `telling_ends` returns them.
    """
    words = plain(name, limit=10_000)
    if _fits(words, limit):
        return words
    if (end := ends.get(name, name)) != name:
        words = ELLIPSIS + plain(end, limit=10_000)
    if _fits(words, limit):
        return words
    head = words[: _fitting(words, limit * 0.4)]
    return f"{head}{ELLIPSIS}{_end(words, limit * 0.6 - _share(ELLIPSIS))}"


def tick_texts(axis: ColumnAxis, limit: int) -> list[str]:
    """Return the texts of an axis's marks as `plotly_text`, long choices told apart."""
    ends = telling_ends(axis.choices)
    return [plotly_text(shortened(text, limit, ends), 2 * limit) for text in axis.tick_labels]


def plotly_lines(name: str, width: int, ends: Mapping[str, str]) -> str:
    """Return `plotly_text` on at most two lines, `width` usual letters wide, broken after a separator.

    What is too long loses what it shares with others (`telling_ends`), then its middle.
    """
    lines = _two_lines(plain(name, limit=10_000), width)
    if not _fits(lines[-1], width) and ends.get(name, name) != name:
        lines = _two_lines(ELLIPSIS + plain(ends[name], limit=10_000), width)
    if not _fits(lines[-1], width):
        lines[-1] = ELLIPSIS + _end(lines[-1], width - _share(ELLIPSIS))
    return "<br>".join(map(plotly_text, lines))


def _two_lines(words: str, width: int) -> list[str]:
    """Return the first line, and all the rest if there is any."""
    fit = _fitting(words, width)
    if fit == len(words):
        return [words]
    breaks = [k + 1 for k, char in enumerate(words[:fit]) if char in SEPARATORS]
    at = breaks[-1] if breaks else fit
    return [words[:at], words[at:]]


def _fits(words: str, width: float) -> bool:
    return _fitting(words, width) == len(words)


def _end(words: str, width: float) -> str:
    """Return the last characters that take no more room than `width` usual letters."""
    return words[len(words) - _fitting(words[::-1], width) :]


def _fitting(words: str, width: float) -> int:
    """Return how many of the first characters take no more room than `width` usual letters."""
    taken = accumulate(_share(char) for char in words)
    return sum(1 for reach in taken if reach <= width)


def _share(char: str) -> float:
    """Return the room a character takes, of that of a usual letter."""
    if unicodedata.east_asian_width(char) in "WF":
        return 2.0
    if char in NARROW:
        return 0.5
    return 1.5 if char in BROAD else 1.25 if char.isupper() else 1.0
