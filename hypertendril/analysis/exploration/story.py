"""One trial in words: what it changed, how it stood each time, why it was stopped."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hypertendril.analysis.exploration.picture import Exploration, ordinal
from hypertendril.analysis.exploration.stopped import Look, Promise, looks_at, promise_of
from hypertendril.analysis.ticks import number_text
from hypertendril.model import Outcome, Parameter, Study, TrialState

_DECISIONS = {
    Outcome.PENDING: "running",
    Outcome.PROMOTED: "promoted",
    Outcome.SURVIVED: "survived",
    Outcome.DISCARDED: "stopped",
    Outcome.FINAL: "ran to its end",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter in which a trial differs from its parent; `factor` is empty for choices."""

    label: str
    before: str
    after: str
    factor: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at the trial, in words; `mark` is its place in the exploration layout."""

    mark: int
    value: str
    rank: str
    decision: str


@dataclass(frozen=True)
class Story:
    """All that a card says of a trial beyond its values; texts are raw, the page escapes them."""

    row: int
    number: int
    parent: int | None
    changes: tuple[Change, ...]
    standings: tuple[Standing, ...]
    why: str
    promise: str

    def to_json(self) -> dict[str, Any]:
        """Return the story as the page's scripts take it."""
        return asdict(self)


def story_of(study: Study, layout: Exploration, row: int) -> Story:
    """Return the story of trial `row`; O(e) for each of its evaluations."""
    looks = looks_at(study, layout, row)
    is_stopped = bool(looks) and looks[-1].outcome is Outcome.DISCARDED
    promise = promise_of(study, row) if is_stopped else None
    above = _parent_of(study, row)
    return Story(
        row=row,
        number=int(study.trials.number[row]),
        parent=None if above is None else int(study.trials.number[above]),
        changes=() if above is None else changes_between(study, above, row),
        standings=tuple(_standing(look, layout.kind) for look in looks),
        why=_why(study, row, looks, layout.kind) if looks else "",
        promise=_promise_text(study, promise) if promise else "",
    )


def changes_between(study: Study, parent: int, row: int) -> tuple[Change, ...]:
    """Return what `row` has other than `parent`, in the order of the space."""
    before, after = study.trials.values[parent], study.trials.values[row]
    return tuple(
        _change(parameter, float(a), float(b))
        for parameter, a, b in zip(study.space, before, after, strict=True)
        if not (a == b or (np.isnan(a) and np.isnan(b)))
    )


def _parent_of(study: Study, row: int) -> int | None:
    above = int(study.trials.parent[row])
    return above if 0 <= above < len(study) and above != row else None


def _change(parameter: Parameter, before: float, after: float) -> Change:
    factor = ""
    if not parameter.is_discrete_choice and before > 0 and after > 0:
        factor = f"× {number_text(after / before, 3)}"
    return Change(parameter.name, _text(parameter, before), _text(parameter, after), factor)


def _text(parameter: Parameter, value: float) -> str:
    if math.isnan(value):
        return "none"
    return str(parameter.decode(value)) if parameter.is_discrete_choice else number_text(value)


def _standing(look: Look, kind: str) -> Standing:
    rank = f"{ordinal(look.rank)} of {look.peers}" if look.rank else "no value"
    if look.rank and kind not in ("rungs", "generations"):
        rank += " so far"
    return Standing(look.mark, number_text(look.value), rank, _DECISIONS[look.outcome])


def _why(study: Study, row: int, looks: tuple[Look, ...], kind: str) -> str:
    look = looks[-1]
    state = TrialState(int(study.trials.state[row]))
    if state is TrialState.FAILED:
        return f"Failed. {study.trials.notes.get(row, '')}".strip()
    if look.outcome is not Outcome.DISCARDED:
        return ""
    at = f" at {number_text(look.resource)}" if math.isfinite(look.resource) else ""
    if not look.rank:
        return f"Stopped{at} without a usable value."
    words = f"Stopped{at}: {ordinal(look.rank)} of {look.peers}"
    if kind not in ("rungs", "generations"):
        return f"{words} that had come to rest by then."
    if not look.kept:
        return f"{words}; none of them went on."
    return (
        f"{words}, of which {look.kept} went on. It had {number_text(look.value)}, "
        f"the last to go on {number_text(look.threshold)}."
    )


def _promise_text(study: Study, promise: Promise) -> str:
    values = study.trials.objectives[study.scored(), 0]
    best = study.objectives[0].direction.sign * values
    low, high = number_text(promise.low, 3), number_text(promise.high, 3)
    spread = "" if low == high else f" ({low} to {high})"
    words = f"Its curve promised {number_text(promise.value, 3)}{spread} at "
    words += f"{number_text(promise.step)}"
    if len(best):
        words += f"; the best came to {number_text(float(values[np.argmax(best)]), 3)}"
    return f"{words}."
