"""What a person has selected: brushes joined by AND, as data that travels and as a mask over trials.

The browser evaluates the same rules over the same float64 columns (`assets/selection.js`);
a browser test holds the two against each other, trial for trial.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.errors import SelectionError
from hypertendril.model.study import Study

VERSION = 1
MAX_BRUSHES = 64
MAX_PARTS = 512


@dataclass(frozen=True, slots=True)
class Brush:
    """One restriction.

    Attributes:
        view: Where it was drawn: `overview`, `space`, `exploration` ... For the words of its chip only.
        kind: `ranges`, `box` or `trials`.
        dims: Column keys (`param:lr`, `objective:accuracy`, `metric:size`, `number`, `state`):
            one for `ranges`, two for `box`, none for `trials`.
        ranges: For `ranges`: closed intervals [low, high] joined by OR. For `box`: one interval
            per dim, joined by AND. Bounds are column values (codes for choices); -inf and inf allowed.
        missing: For `ranges`: trials without a value are selected too (the None lane was brushed).
        trials: For `trials`: rows of the study.
    """

    view: str
    kind: str
    dims: tuple[str, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    missing: bool = False
    trials: tuple[int, ...] = ()

    def mask(self, study: Study) -> NDArray[np.bool_]:
        """Return (n,) the trials of `study` this brush leaves.

        Raises:
            SelectionError: The study lacks a column it names.
        """
        n = len(study)
        if self.kind == "trials":
            found = np.zeros(n, dtype=bool)
            rows = np.array([row for row in self.trials if row < n], dtype=np.int64)
            found[rows] = True
            return found
        if self.kind == "box":
            found = np.ones(n, dtype=bool)
            for dim, (low, high) in zip(self.dims, self.ranges, strict=True):
                found &= _between(_column(study, dim), low, high)
            return found
        values = _column(study, self.dims[0])
        found = np.isnan(values) if self.missing else np.zeros(n, dtype=bool)
        for low, high in self.ranges:
            found |= _between(values, low, high)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; infinite bounds are null."""
        data: dict[str, Any] = {"view": self.view, "kind": self.kind}
        if self.kind == "trials":
            return data | {"trials": list(self.trials)}
        ranges = [[b if math.isfinite(b) else None for b in pair] for pair in self.ranges]
        return data | {"dims": list(self.dims), "ranges": ranges, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Selection:
    """Brushes on one study, joined by AND. No brush selects every trial; a brush may leave none."""

    study: str = ""
    brushes: tuple[Brush, ...] = ()

    def mask(self, study: Study) -> NDArray[np.bool_]:
        """Return (n,) the trials of `study` all brushes leave.

        Raises:
            SelectionError: A brush names a column the study lacks.
        """
        found = np.ones(len(study), dtype=bool)
        for brush in self.brushes:
            found &= brush.mask(study)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that pages, links and saved views hold."""
        return {
            "v": VERSION,
            "study": self.study,
            "brushes": [brush.to_json() for brush in self.brushes],
        }

    @classmethod
    def from_json(cls, data: Any) -> Selection:
        """Return the selection a page sent; None stands for the empty one.

        Raises:
            SelectionError: Not a selection of a version this program knows.
        """
        if data is None:
            return cls()
        if not isinstance(data, Mapping) or data.get("v") != VERSION:
            raise SelectionError(f'A selection must be an object with "v": {VERSION}.')
        study, brushes = data.get("study"), data.get("brushes")
        if (
            not isinstance(study, str)
            or not isinstance(brushes, list)
            or len(brushes) > MAX_BRUSHES
        ):
            raise SelectionError(f"A selection names a study and at most {MAX_BRUSHES} brushes.")
        return cls(study, tuple(_parse_brush(item) for item in brushes))


def _between(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    return (values >= low) & (values <= high)


def _column(study: Study, key: str) -> NDArray[np.float64]:
    if key == "state":
        return study.trials.state.astype(np.float64)
    try:
        return study.column(key)
    except KeyError:
        raise SelectionError(f"The study {study.name!r} has no column {key!r}.") from None


def _parse_brush(item: Any) -> Brush:
    if not isinstance(item, Mapping):
        raise SelectionError("Each brush must be an object.")
    view, kind = item.get("view"), item.get("kind")
    if not isinstance(view, str) or kind not in ("ranges", "box", "trials"):
        raise SelectionError("A brush needs a view and the kind ranges, box or trials.")
    if kind == "trials":
        trials = item.get("trials")
        if not isinstance(trials, list) or not all(
            isinstance(row, int) and not isinstance(row, bool) and row >= 0 for row in trials
        ):
            raise SelectionError("The trials of a brush must be a list of row numbers.")
        return Brush(view, kind, trials=tuple(trials))
    dims = item.get("dims")
    if not isinstance(dims, list) or not all(isinstance(dim, str) for dim in dims):
        raise SelectionError("The dims of a brush must be a list of column names.")
    ranges = _parse_ranges(item.get("ranges"))
    if len(dims) != (1 if kind == "ranges" else 2) or (kind == "box" and len(ranges) != 2):
        raise SelectionError("A ranges brush has one dim, a box brush two dims and two ranges.")
    return Brush(view, kind, tuple(dims), ranges, missing=bool(item.get("missing")))


def _parse_ranges(data: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(data, list) or len(data) > MAX_PARTS:
        raise SelectionError(f"The ranges of a brush must be a list of at most {MAX_PARTS} pairs.")
    pairs = []
    for pair in data:
        if not isinstance(pair, list) or len(pair) != 2:
            raise SelectionError("Each range of a brush must be a pair [low, high].")
        pairs.append((_bound(pair[0], -math.inf), _bound(pair[1], math.inf)))
    return tuple(pairs)


def _bound(value: Any, unbounded: float) -> float:
    if value is None:
        return unbounded
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - NaN; math.isnan fails on long integers
        raise SelectionError(f"The bound {json.dumps(str(value))} of a range is not a number.")
    try:
        return float(value)
    except OverflowError:
        raise SelectionError("A bound of a range is too large for a number.") from None
