"""What a rule of the diagnosis found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Any

from hypertendril.model import Parameter


class Verdict(StrEnum):
    """What to make of a finding, the most urgent first."""

    ACT = "act"
    WATCH = "watch"
    OK = "ok"
    UNKNOWN = "not enough data"


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement of a search, with the number it rests on.

    Attributes:
        rule: Its name in docs/diagnosis.md: `D1`, `D4` ...
        title: What was looked at.
        verdict: Whether something should be done.
        said: What was found, in a sentence or two with their numbers.
        advice: What to do next; empty where nothing is to be done.
        parameter: The hyperparameter it is about, None for the whole search.
        statistic: The number that was judged, None without enough data.
        interval: Where the statistic may lie, at 90 % (D1b, D3) or 95 %; None where none is known.
        threshold: What the statistic is held against.
        changes: Parameters as the next study should have them.
        rows: Trials it rests on; empty where they are all of them.
    """

    rule: str
    title: str
    verdict: Verdict
    said: str
    _: KW_ONLY
    advice: str = ""
    parameter: str | None = None
    statistic: float | None = None
    interval: tuple[float, float] | None = None
    threshold: float | None = None
    changes: tuple[Parameter, ...] = ()
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the finding as `hypertendril diagnose --json` writes it."""
        return {
            "rule": self.rule,
            "title": self.title,
            "state": self.verdict.value,
            "parameter": self.parameter,
            "statistic": self.statistic,
            "interval": None if self.interval is None else list(self.interval),
            "threshold": self.threshold,
            "found": self.said,
            "advice": self.advice,
            "changes": [parameter.to_json() for parameter in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name in docs/diagnosis.md, and what it looks at."""

    name: str
    title: str

    def finds(
        self,
        verdict: Verdict,
        said: str,
        *,
        advice: str = "",
        rows: Iterable[Any] = (),
        **more: Any,
    ) -> Finding:
        """Return a finding; where all is well nothing is advised. `more` are its other fields."""
        told = "" if verdict is Verdict.OK else advice
        held = tuple(int(row) for row in rows)
        return Finding(self.name, self.title, verdict, said, advice=told, rows=held, **more)

    def lacks(self, why: str) -> Finding:
        """Return that the rule applies, but has too little to go by."""
        return Finding(self.name, self.title, Verdict.UNKNOWN, why)


def graded(value: float, watch: float, act: float) -> Verdict:
    """Return the verdict on a value that is worse the higher it is."""
    return Verdict.ACT if value > act else Verdict.WATCH if value > watch else Verdict.OK
