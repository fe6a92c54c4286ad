"""The cells of a table, column by column: texts, and the numbers they are."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hypertendril.readers.files.json_text import brief

EXACT = 2**53  # floats hold all whole numbers up to this one
LONGEST = 300  # digits of a number that is not infinite
FEW, FEWEST = 10, 3  # one in so many cells is few; of so many cells at least
MOST_DIGITS = 18  # longer whole numbers are floats anyway
# What stands for nothing in a column of numbers; among texts it may be a choice.
MISSING = frozenset(("na", "n/a", "#n/a", "<na>", "null", "none", "-"))
_THOUSANDS = r"[+\u2212-]?\d{1,3}(?:[,'\u2019\u00a0\u202f]\d{3})+(?:\.\d+)?"
_PLAIN = r"[+\u2212-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_DRESSED = re.compile(
    rf"[€$£¥]?\s*(?P<number>{_THOUSANDS}|{_PLAIN})\s*[%€$£¥]?", re.ASCII | re.IGNORECASE
)

_UNDRESSED = str.maketrans("\u2212", "-", ",'\u2019\u00a0\u202f")

Cell = str | int | float | bool | None
Value = TypeVar("Value")


@dataclass
class Cells:
    """One column that grows.

    Attributes:
        texts: As they stand in the table, padded where a row was too short.
        is_numeric: All that are not empty are numbers.
        is_whole: All that are not empty are whole numbers.
        has_blanks: Some are empty, or NaN.
        percents: How many numbers have a `%`.
        grouped: The first number with commas between its thousands; empty for none.
    """

    texts: list[str] = field(default_factory=list)
    is_numeric: bool = True
    is_whole: bool = True
    has_blanks: bool = False
    percents: int = 0
    grouped: str = ""
    _numbers: array[float] = field(default_factory=lambda: array("d"))

    def extend(self, texts: Sequence[str]) -> None:
        """Append cells."""
        self.texts += texts
        if not self.is_numeric:
            return
        try:
            self._numbers.extend(_floats(texts))
        except ValueError:
            self._extend_slowly(texts)
        else:
            self._look_for_fractions(texts)

    def _look_for_fractions(self, texts: Sequence[str]) -> None:
        for text in texts if self.is_whole else ():
            if not _is_whole(text):
                is_nan = math.isnan(float(text))
                self.has_blanks = self.has_blanks or is_nan
                self.is_whole = is_nan
                if not is_nan:
                    return

    def _extend_slowly(self, texts: Sequence[str]) -> None:
        del self._numbers[
            len(self.texts) - len(texts) :
        ]  # what was taken before the one that failed
        for text in texts:
            cell = _none_if_missing(cell_of_text(text))
            if isinstance(cell, str):
                self.is_numeric = self.is_whole = False
                return
            number = math.nan if cell is None else float(cell)
            self.has_blanks = self.has_blanks or math.isnan(number)
            self.is_whole = self.is_whole and (math.isnan(number) or isinstance(cell, int))
            self.percents += "%" in text
            self.grouped = self.grouped or (text if "," in text else "")
            self._numbers.append(number)

    def copy(self) -> Cells:
        """Return the column as it stands; to be appended to without a trace in this one."""
        return replace(self, texts=self.texts[:], _numbers=self._numbers[:])

    def doubts(self) -> list[str]:
        """Return how its numbers were read where they might be meant otherwise."""
        found = []
        if self.is_numeric and 0 < self.percents < np.count_nonzero(np.nan_to_num(self.numbers())):
            found.append("some of its numbers have a % and others none; the sign is left out")
        if self.is_numeric and self.grouped:
            found.append(f"{self.grouped!r} is taken for {cell_of_text(self.grouped)}")
        return found + [f"{text!r} is kept with 16 digits" for text in self._rounded()]

    def _rounded(self) -> list[str]:
        """Return the first whole number that has more digits than a column keeps, if there is one."""
        if (
            not self.is_numeric
            or np.nan_to_num(np.abs(self.numbers()), posinf=0).max(initial=0) < EXACT
        ):
            return []
        whole = (
            text
            for text in self.texts
            if len(text) < LONGEST and text.strip().lstrip("+-").isdigit()
        )
        return list(islice((text for text in whole if int(float(text)) != int(text)), 1))

    def strays(self) -> str | None:
        """Return which few cells are texts where all others are numbers; None if it is not so."""
        if self.is_numeric or len(self.texts) < FEWEST:
            return None
        most = max(1, len(self.texts) // FEW)
        strays: list[str] = []
        for text, count in Counter(self.texts).items():
            if isinstance(_none_if_missing(cell_of_text(text)), str):
                strays.append(text)
                most -= count
            if most < 0:
                return None
        if not strays:
            return None
        shown = ", ".join(repr(brief(text, 40)) for text in strays[:3])
        return f"few of its cells are no numbers ({shown}), so all are taken for choices"

    def numbers(self) -> NDArray[np.float64]:
        """Return (n,) the numbers of a numeric column, NaN where it is empty."""
        return np.array(self._numbers, dtype=np.float64)

    def told(self, tell: Callable[[list[str]], Sequence[Value]]) -> list[Value]:
        """Return what `tell` makes of the cells; it is asked once of each text."""
        once = list(dict.fromkeys(self.texts))
        told = dict(zip(once, tell(once), strict=True))
        return [told[text] for text in self.texts]


def _floats(texts: Sequence[str]) -> Iterator[float]:
    """Return texts as numbers; `1_0` is one to Python, but a name to everybody else.

    Raises:
        ValueError: One of them is none; also while they are taken.
    """
    if "_" in "".join(texts):
        raise ValueError("a name")
    return map(float, texts)


def _is_whole(text: str) -> bool:
    text = text.strip()
    return len(text) <= MOST_DIGITS and text.lstrip("+-").isdigit()


def cell_of_text(text: str) -> Cell:
    """Return a cell as a number where it is one; None where it is empty.

    A sign of a currency, `%` and what stands between thousands are left out of a number.
    """
    text = text.strip()
    if not text:
        return None
    try:
        return int(text) if _is_whole(text) else next(_floats([text]))
    except ValueError:
        dressed = _DRESSED.fullmatch(text)
        return cell_of_text(dressed["number"].translate(_UNDRESSED)) if dressed else text


def _none_if_missing(cell: Cell) -> Cell:
    return None if isinstance(cell, str) and cell.lower() in MISSING else cell


def typed_cells(texts: Sequence[str]) -> list[Cell]:
    """Return the cells of a parameter as what all of them are: numbers, truth values or texts."""
    cells = [cell_of_text(text) for text in texts]
    seen = {
        text.strip().lower() for text, cell in zip(texts, cells, strict=True) if cell is not None
    }
    numbers = [_none_if_missing(cell) for cell in cells]
    if not any(isinstance(cell, str) for cell in numbers):
        return [None if isinstance(c, float) and math.isnan(c) else c for c in numbers]
    if seen <= {"true", "false"}:
        return [None if c is None else str(c).lower() == "true" for c in cells]
    return [None if cell is None else text for text, cell in zip(texts, cells, strict=True)]
