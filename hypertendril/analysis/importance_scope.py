"""Which part of the space an importance is of: all, the brushed region, the best trials, a time.

None of them fits a model again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hypertendril.analysis.axes import Inactive, Restriction
from hypertendril.analysis.importance import Importance
from hypertendril.analysis.ticks import number_text
from hypertendril.model import Direction, Parameter, Selection, Study

ALL, BRUSHED, BEST, PHASE = "all", "brushed", "best:", "phase:"
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
    """

    words: str = ""
    restrictions: Mapping[str, Restriction] = field(default_factory=dict)
    best_share: float | None = None

    def of(self, importance: Importance, direction: Direction) -> Importance:
        """Return the importance over this part, from the same model."""
        if not self.restrictions and self.best_share is None:
            return importance
        cutoff = None
        if self.best_share is not None:
            cutoff = importance.best_part(self.best_share, direction)
        return importance.within(self.restrictions, cutoff)


def scope_named(study: Study, name: object, selection: Selection, time: str = "") -> Scope:
    """Return the scope a page asks for; all of the space for anything unknown.

    Args:
        study: What the importance is of.
        name: `all`, `brushed`, `best:SHARE` or `phase:0` to `phase:2`.
        selection: The page's brushes.
        time: Name of the training time among the parameters, empty for none.
    """
    if name == BRUSHED:
        found = restrictions_of(study, selection)
        words = f"brushed: {', '.join(found)}" if found else "nothing brushed on a parameter: all"
        return Scope(words, found)
    for share in BEST_SHARES:
        if name == f"{BEST}{share}":
            return Scope(f"best {100 * share:.0f} %", best_share=share)
    for k, word in enumerate(PHASES):
        if name == f"{PHASE}{k}" and time in study.space:
            return Scope(f"{word} in training", {time: thirds(study, time)[1][k]})
    return Scope()


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
