"""Numbers with a comma for the point, as spreadsheets write them where people do."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Between thousands beside the comma, in Germany, in Switzerland, in France.
_MARKS = ".'\u2019\u00a0\u202f"
_BEFORE, _BEHIND = r"\s*[€$£¥]?\s*[+\u2212-]?", r"(?:[eE][+-]?\d+)?\s*[%€$£¥]?\s*"
_COMMA = re.compile(rf"{_BEFORE}(?:\d*|[1-9]\d{{0,2}}(?:[{_MARKS}]\d{{3}})+),\d+{_BEHIND}")
_GROUPED = re.compile(rf"{_BEFORE}[1-9]\d{{0,2}}(?:\.\d{{3}})+{_BEHIND}")
_POINT = re.compile(rf"{_BEFORE}\d*\.\d+{_BEHIND}")


def has_decimal_comma(cells: Iterable[str]) -> bool | None:
    """Return whether a comma stands for the point in the numbers; None where no cell tells.

    Points between thousands are no contradiction: `1.234,5` is one number, and `1.024` beside it too.
    """
    told = None
    for cell in cells:
        if _COMMA.fullmatch(cell):
            told = True
        elif _POINT.fullmatch(cell) and not _GROUPED.fullmatch(cell):
            return False
    return told


def with_point(cell: str) -> str:
    """Return a cell with the point in its number, where a comma stood for it."""
    if _COMMA.fullmatch(cell):
        before, _, behind = cell.rpartition(",")
        return f"{before.translate(dict.fromkeys(map(ord, _MARKS)))}.{behind}"
    return cell.replace(".", "") if _GROUPED.fullmatch(cell) else cell
