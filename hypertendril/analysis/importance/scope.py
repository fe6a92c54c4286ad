"""Which part of the space an importance is of: all, the brushed region, the best trials, a time.

None of them fits a model again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hypertendril.analysis.fanova.axes import Inactive, Restriction
from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.ticks import number_text
from hypertendril.model import Direction, Parameter, Selection, Study

ALL, BRUSHED, BEST, PHASE, THRESHOLD = "all", "brushed", "best:", "phase:", "threshold"
BEST_SHARES = (0.5, 0.2, 0.1)
PHASES = ("early", "middle", "late")


@dataclass(frozen=True)
class Scope:
    """A part of the space.

    Attributes:
        words: What it is, for the screen; empty for all of the space.
        restrictions: Parameter to the part of it that counts.
        best_share: Only where the model expects values as good as those of this share of the
            trials; None for no such cut.
        cutoff: Only where it expects values between these two; None for no such cut.
    """

    words: str = ""
    restrictions: Mapping[str, Restriction] = field(default_factory=dict)
    best_share: float | None = None
    cutoff: tuple[float, float] | None = None

    @property
    def needs_forest(self) -> bool:
        """Whether only a forest can answer: no other model can be cut off."""
        return self.best_share is not None or self.cutoff is not None

    def of(self, importance: Importance, direction: Direction) -> Importance:
        """Return the importance over this part, from the same model."""
        if not self.restrictions and not self.needs_forest:
            return importance
        cutoff = self.cutoff
        if self.best_share is not None:
            cutoff = importance.best_part(self.best_share, direction)
        return importance.within(self.restrictions, cutoff)


def beyond(value: float, direction: Direction) -> tuple[float, float]:
    """Return the cut-off at `value`: it and all that is better."""
    return (value, math.inf) if direction is Direction.MAXIMIZE else (-math.inf, value)


@dataclass(frozen=True)
class ScopeAsked:
    """What a page says of the part of the space it wants to see.

    Attributes:
        name: `all`, `brushed`, `best:SHARE`, `threshold` or `phase:0` to `phase:2`.
        selection: The page's brushes.
        threshold: Value at which `threshold` cuts; NaN for none.
        time: Name of the training time among the parameters, empty for none.
    """

    name: str = ALL
    selection: Selection = field(default_factory=Selection)
    threshold: float = math.nan
    time: str = ""


def scope_of(study: Study, asked: ScopeAsked, target: str, direction: Direction) -> Scope:
    """Return the scope a page asks for; all of the space for anything unknown.

    Args:
        study: What the importance is of.
        asked: What the page says.
        target: Key of what the importance is of: a brush on it is a cut-off.
        direction: Which values of it are better.
    """
    if asked.name == BRUSHED:
        return _brushed_scope(study, asked.selection, target)
    if asked.name == THRESHOLD and math.isfinite(asked.threshold):
        sign = "≥" if direction is Direction.MAXIMIZE else "≤"
        words = f"{target.partition(':')[2] or target} {sign} {number_text(asked.threshold, 4)}"
        return Scope(words, cutoff=beyond(asked.threshold, direction))
    for share in BEST_SHARES:
        if asked.name == f"{BEST}{share}":
            return Scope(f"best {100 * share:.0f} %", best_share=share)
    for k, word in enumerate(PHASES):
        if asked.name == f"{PHASE}{k}" and asked.time in study.space:
            return Scope(f"{word} in training", {asked.time: thirds(study, asked.time)[1][k]})
    return Scope()


def _brushed_scope(study: Study, selection: Selection, target: str) -> Scope:
    found, cutoff = restrictions_of(study, selection), _cutoff_of(selection, target)
    names = [*found, *([target.partition(":")[2]] if cutoff else [])]
    words = f"brushed: {', '.join(names)}" if names else "nothing brushed on a parameter: all"
    return Scope(words, found, cutoff=cutoff)


def _cutoff_of(selection: Selection, target: str) -> tuple[float, float] | None:
    """Return the brushed range of the target itself, several as one from first to last."""
    low, high = -math.inf, math.inf
    for brush in selection.brushes:
        for k, dim in enumerate(brush.dims):
            ranges = brush.ranges[k : k + 1] if brush.kind == "box" else brush.ranges
            if dim == target and ranges:
                low = max(low, min(a for a, _ in ranges))
                high = min(high, max(b for _, b in ranges))
    is_cut = low <= high and (math.isfinite(low) or math.isfinite(high))
    return (low, high) if is_cut else None


def restrictions_of(study: Study, selection: Selection) -> dict[str, Restriction]:
    """Return the part of each parameter that the brushes leave.

    Several ranges of a number count as one from the first to the last. Brushes on other columns,
    and picked trials, are no part of the space and are left out.
    """
    found: dict[str, Restriction] = {}
    for brush in selection.brushes:
        for k, dim in enumerate(brush.dims):
            name = dim.removeprefix("param:")
            if not dim.startswith("param:") or name not in study.space:
                continue
            ranges = brush.ranges[k : k + 1] if brush.kind == "box" else brush.ranges
            part = _part(study.space[name], ranges, is_missing=brush.missing)
            if part is not None:
                found[name] = _common(found.get(name), part)
    return found


def thirds(study: Study, name: str) -> tuple[tuple[str, ...], tuple[Restriction, ...]]:
    """Return labels and parts of the low, middle and high third of a parameter; of choices, each.

    At most three choices, those that the trials took most often.
    """
    parameter = study.space[name]
    if parameter.is_discrete_choice:
        codes = study.column(f"param:{name}")
        counts = np.bincount(
            codes[np.isfinite(codes)].astype(np.int64), minlength=len(parameter.choices)
        )
        kept = sorted(np.argsort(-counts, kind="stable")[:3].tolist())
        labels = tuple(str(parameter.choices[code]) for code in kept)
        return labels, tuple(frozenset({code}) for code in kept)
    ends = parameter.from_unit(np.array([0.0, 1 / 3, 2 / 3, 1.0])).tolist()
    low, high = number_text(ends[1], 2), number_text(ends[2], 2)
    labels = (f"≤ {low}", f"{low} – {high}", f"≥ {high}")
    return labels, tuple(itertools.pairwise(ends))


def _part(
    parameter: Parameter, ranges: tuple[tuple[float, float], ...], *, is_missing: bool
) -> Restriction | None:
    if not ranges:
        return Inactive.ONLY if is_missing else None
    if parameter.is_discrete_choice:
        codes = range(len(parameter.choices))
        return frozenset(c for c in codes if any(low <= c <= high for low, high in ranges))
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    assert parameter.low is not None and parameter.high is not None
    # A brush may reach beyond the axis; its measure does not.
    low, high = max(low, parameter.low), min(high, parameter.high)
    return (low, high) if math.isfinite(low + high) and low <= high else None


def _common(known: Restriction | None, part: Restriction) -> Restriction:
    """Return what two brushes on one parameter leave."""
    if isinstance(known, frozenset) and isinstance(part, frozenset):
        return known & part
    if isinstance(known, tuple) and isinstance(part, tuple):
        low = max(known[0], part[0])
        return low, max(low, min(known[1], part[1]))
    return part
