"""Learning curves made ready to draw: few points, nothing striking lost, smoothed beside the raw ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.selected import best_first
from hypertendril.model import CurvePoints, Study

MAX_POINTS = 400
MAX_BACKGROUND = 150
# A faint curve is 300 pixels wide; it needs no more to keep its shape.
BACKGROUND_POINTS = 32
MAX_RUNG_MARKS = 12
# Curves whose extreme lies further than so many interquartile ranges from the others' extremes
# do not stretch the axis: they leave the plot instead.
OUTLIER_REACH = 3.0
# But never those of so many best trials: they are what the view shows first.
SHOWN_TRIALS = 8
AXIS_MARGIN = 0.04
LONE_MARGIN = 0.5  # steps on either side of the only one

Floats = NDArray[np.float64]
ReadCurve = Callable[[int, str], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Curve:
    """One curve of one trial, thinned.

    Attributes:
        row: Row of the trial.
        metric: Name of the curve.
        step: (p,) float64 ascending.
        raw: (p,) float64 as reported; NaN and inf kept.
        smooth: (p,) float64 moving average of the full curve at the same steps; NaN where the
            whole window is not finite.
    """

    row: int
    metric: str
    step: Floats
    raw: Floats
    smooth: Floats


@dataclass(frozen=True)
class CurvePanel:
    """The axes of one metric, and faint curves that show what is usual.

    Attributes:
        metric: Name of the curve.
        low, high: Value range that all but wild curves stay in, low < high.
        background: At most `MAX_BACKGROUND` curves spread evenly over the trials.
        n_curves: How many trials have a curve of this metric.
        n_wild: How many of them leave [low, high].
    """

    metric: str
    low: float
    high: float
    background: tuple[Curve, ...]
    n_curves: int
    n_wild: int


@dataclass(frozen=True)
class CurvesData:
    """Everything the frame of Model analysis needs.

    Attributes:
        panels: One a metric, in the order asked for; metrics without a finite point are left out.
        first_step, last_step: Range of steps of those panels.
        is_whole: All steps are whole numbers, as those that count epochs.
        rungs: Steps at which the method compared trials, ascending; none where there are too
            many to mark.
    """

    panels: tuple[CurvePanel, ...]
    first_step: float
    last_step: float
    is_whole: bool
    rungs: tuple[float, ...]


def curve_order(study: Study) -> tuple[str, ...]:
    """Return the curve names worth looking at first: objectives, losses, then the others as recorded."""
    objectives = [objective.name for objective in study.objectives]
    names = study.header.curve_names

    def rank(name: str) -> tuple[int, int, int]:
        is_loss = "loss" in name.lower()
        is_validation = re.search(r"val|test|eval", name.lower()) is not None
        place = 0 if name in objectives else (1 if is_loss else 2)
        return place, 0 if is_validation else 1, names.index(name)

    return tuple(sorted(names, key=rank))


def moving_average(values: Floats, window: int) -> Floats:
    """Return the centred mean over `window` points; at the ends over what there is.

    Args:
        values: (p,) in order of steps. Values that are not finite are left out of every mean.
        window: Points, rounded up to an odd number; 1 or less returns the values themselves.

    Returns:
        (p,) float64, NaN where no value of the window is finite.
    """
    half = min(window // 2, len(values))
    if half < 1:
        return values.astype(np.float64)
    finite = np.isfinite(values)
    totals = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    n = counts[high] - counts[low]
    return np.where(n > 0, (totals[high] - totals[low]) / np.maximum(n, 1), np.nan)


def thin(values: Floats, limit: int = MAX_POINTS) -> NDArray[np.int64]:
    """Return at most `limit` positions that keep the look of a curve.

    The first and last point stay, and of each of (limit - 2) / 2 equal stretches its lowest
    and highest finite value, so a spike of one step is never lost.

    Args:
        values: (p,) in order of steps.
        limit: At least 4.

    Returns:
        Positions, ascending.
    """
    n = len(values)
    if n <= limit:
        return np.arange(n)
    bounds = np.linspace(0, n, (limit - 2) // 2 + 1).astype(np.int64)
    finite = np.isfinite(values)
    kept = [0, n - 1]
    for start, end in pairwise(bounds.tolist()):
        part, known = values[start:end], finite[start:end]
        kept.append(start + int(np.argmin(np.where(known, part, np.inf))))
        kept.append(start + int(np.argmax(np.where(known, part, -np.inf))))
    return np.unique(np.array(kept, dtype=np.int64))


def prepare_curves(
    read: ReadCurve, rows: Sequence[int], metrics: Sequence[str], window: int = 1
) -> tuple[Curve, ...]:
    """Return the curves of some trials, smoothed at full resolution and then thinned.

    Args:
        read: Returns steps and values of (row, metric); both empty where there is no curve.
        rows: Trials, in the order wanted.
        metrics: Names of curves, in the order wanted.
        window: Points of the moving average; 1 for none.

    Returns:
        One curve for each row and metric that has points, metric by metric.
    """
    found = []
    for metric in metrics:
        for row in rows:
            step, value = read(row, metric)
            if len(step):
                kept = thin(value)
                smooth = moving_average(value, window)
                found.append(Curve(row, metric, step[kept], value[kept], smooth[kept]))
    return tuple(found)


def prepare_curve_frame(study: Study, metrics: Sequence[str]) -> CurvesData:
    """Return axes and faint background curves of some metrics.

    Args:
        study: Its curves may be empty.
        metrics: Names out of `study.header.curve_names`; others are left out.

    Returns:
        Ranges come from all curves of the study, so they do not move while one selects.
    """
    names = study.header.curve_names
    known = [(metric, names.index(metric)) for metric in metrics if metric in names]
    panels = [_panel(study, metric, code) for metric, code in known]
    chosen = np.isin(study.curves.metric, [code for _, code in known])
    steps = study.curves.step[chosen & np.isfinite(study.curves.step)]
    first, last = (float(steps.min()), float(steps.max())) if len(steps) else (0.0, 1.0)
    margin = 0.0 if last > first else LONE_MARGIN
    return CurvesData(
        panels=tuple(panel for panel in panels if panel is not None),
        first_step=first - margin,
        last_step=last + margin,
        is_whole=bool((steps == np.rint(steps)).all()),
        rungs=_rungs(study, first, last),
    )


def _panel(study: Study, metric: str, code: int) -> CurvePanel | None:
    points = study.curves
    mine = (points.metric == code) & np.isfinite(points.value)
    trial, value = points.trial[mine], points.value[mine]
    if not len(value):
        return None
    rows, lowest, highest = _extremes(trial, value, len(study))
    low, high = _usual(lowest, -1.0), _usual(highest, 1.0)
    best = np.isin(rows, best_first(study, study.scored(), limit=SHOWN_TRIALS))
    low = min(low, lowest[best].min(initial=low))
    high = max(high, highest[best].max(initial=high))
    n_wild = int(((lowest < low) | (highest > high)).sum())
    margin = AXIS_MARGIN * (high - low) or abs(high) * AXIS_MARGIN or 1.0
    return CurvePanel(
        metric=metric,
        low=low - margin,
        high=high + margin,
        background=_background(study, metric, code, rows),
        n_curves=len(rows),
        n_wild=n_wild,
    )


def _extremes(
    trial: NDArray[np.int64], value: Floats, n: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return the trials that have points, and the lowest and highest value of each."""
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(lowest, trial, value)
    np.maximum.at(highest, trial, value)
    rows = np.flatnonzero(np.isfinite(lowest))
    return rows, lowest[rows], highest[rows]


def _usual(extremes: Floats, side: float) -> float:
    """Return the outermost of `extremes` (lowest for side -1) that is no outlier among them."""
    lower, upper = np.quantile(extremes, (0.25, 0.75))
    reach = OUTLIER_REACH * (upper - lower)
    if side > 0:
        return float(extremes[extremes <= upper + reach].max())
    return float(extremes[extremes >= lower - reach].min())


def _background(study: Study, metric: str, code: int, rows: NDArray[np.int64]) -> tuple[Curve, ...]:
    stride = -(-len(rows) // MAX_BACKGROUND)
    chosen = rows[::stride]
    few = curves_of_rows(study.curves, chosen, len(study))
    curves = []
    for row in chosen.tolist():
        step, value = few.of(row, code)
        kept = thin(value, BACKGROUND_POINTS)
        curves.append(Curve(row, metric, step[kept], value[kept], value[kept]))
    return tuple(curves)


def curves_of_rows(points: CurvePoints, rows: NDArray[np.int64], n: int) -> CurvePoints:
    """Return the points of some of `n` trials, in O(points): far cheaper to sort than all of them."""
    wanted = np.zeros(n, dtype=bool)
    wanted[rows] = True
    mine = wanted[points.trial]
    return CurvePoints(
        points.trial[mine], points.metric[mine], points.step[mine], points.value[mine]
    )


def _rungs(study: Study, first: float, last: float) -> tuple[float, ...]:
    """Return the resources at which a method with rungs or generations compared trials."""
    looked = study.evaluations
    compared = ((looked.rung >= 0) | (looked.iteration >= 0)) & np.isfinite(looked.resource)
    steps = np.unique(looked.resource[compared])
    steps = steps[(steps >= first) & (steps <= last)]
    return tuple(steps.tolist()) if len(steps) <= MAX_RUNG_MARKS else ()
