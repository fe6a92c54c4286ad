"""How a trial stood each time the method looked at it, and what its curve promised when it was stopped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.exploration.picture import Exploration
from hypertendril.model import Outcome, Study

# A power law has three numbers to find; fewer points promise nothing.
MIN_POINTS = 5
# Exponents tried; learning curves of networks have been found between these.
EXPONENTS = np.linspace(0.2, 2.4, 23)
# Fits whose error is at most so much above the least are thought possible too.
PLAUSIBLE = 1.5

_KEPT = (Outcome.PROMOTED, Outcome.SURVIVED)


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation among those it was compared with.

    Attributes:
        mark: Of the exploration layout.
        resource, value: Spent and seen then; NaN where unknown.
        rank: 1 for the best of its column; 0 without a finite value.
        peers: How many of the column have a finite value.
        kept: How many of the column went on.
        threshold: The worst value that went on, NaN where none did.
        outcome: What was decided.
    """

    mark: int
    resource: float
    value: float
    rank: int
    peers: int
    kept: int
    threshold: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Promise:
    """What a curve would have come to.

    Attributes:
        step: Where the longest curve of the study ends.
        value: Expected there.
        low, high: Over all fits that explain the curve about as well as the best.
    """

    step: float
    value: float
    low: float
    high: float


def looks_at(study: Study, layout: Exploration, row: int) -> tuple[Look, ...]:
    """Return how trial `row` stood at each of its evaluations, from left to right; O(e) each.

    In rungs and generations it is compared with its column; in a sequence, where each trial has
    a column of its own, with the last look at every trial that came before.
    """
    marks = np.flatnonzero(layout.trial == row)
    return tuple(_look(study, layout, int(mark)) for mark in marks[np.argsort(layout.x[marks])])


def _look(study: Study, layout: Exploration, mark: int) -> Look:
    sign = study.objectives[0].direction.sign
    peers = _peers(layout, mark)
    values = sign * layout.value[peers]
    own = sign * float(layout.value[mark])
    is_seen = np.isfinite(values)
    went_on = peers[is_seen & _went_on(layout)[peers]]
    return Look(
        mark=mark,
        resource=float(layout.resource[mark]),
        value=float(layout.value[mark]),
        rank=1 + int((values[is_seen] > own).sum()) if np.isfinite(own) else 0,
        peers=int(is_seen.sum()),
        kept=len(went_on),
        threshold=sign * float((sign * layout.value[went_on]).min()) if len(went_on) else np.nan,
        outcome=Outcome(int(layout.outcome[mark])),
    )


def _peers(layout: Exploration, mark: int) -> NDArray[np.int64]:
    if layout.kind in ("rungs", "generations"):
        return np.flatnonzero(layout.column == layout.column[mark])
    is_before = layout.is_last & (layout.when <= layout.when[mark])
    is_before[mark] = True
    return np.flatnonzero(is_before)


def _went_on(layout: Exploration) -> NDArray[np.bool_]:
    """Return (e,) whether the trial was kept: it was said so, or it was looked at again."""
    kept = np.isin(layout.outcome, _KEPT)
    kept[layout.previous[layout.previous >= 0]] = True
    return kept


def promise_of(study: Study, row: int) -> Promise | None:
    """Return what the curve of the leading objective promised; None with too few points.

    A power law `a - b t^-c` is fitted by least squares for each exponent c of a grid.

    Source: the family of curves in Domhan, Springenberg and Hutter, IJCAI 2015.
    """
    names = study.header.curve_names
    name = study.objectives[0].name
    if not names or not len(study.curves):
        return None
    metric = names.index(name) if name in names else 0
    step, value = study.curves.of(row, metric)
    is_usable = np.isfinite(value) & (step > 0)
    step, value = step[is_usable], value[is_usable]
    if len(step) < MIN_POINTS:
        return None
    end = float(study.curves.step[study.curves.metric == metric].max())
    ends, errors = _fits(step, value, end)
    likely = ends[errors <= PLAUSIBLE * errors.min() + 1e-12]
    best = float(ends[np.argmin(errors)])
    return Promise(end, best, float(likely.min()), float(likely.max()))


def _fits(
    step: NDArray[np.float64], value: NDArray[np.float64], end: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each exponent the value at `end` and the mean squared error of its fit."""
    ends, errors = np.empty(len(EXPONENTS)), np.empty(len(EXPONENTS))
    for k, exponent in enumerate(EXPONENTS.tolist()):
        terms = np.column_stack([np.ones(len(step)), step**-exponent])
        found, *_ = np.linalg.lstsq(terms, value, rcond=None)
        ends[k] = found[0] + found[1] * end**-exponent
        errors[k] = float(np.mean((terms @ found - value) ** 2))
    return ends, errors
