"""What Optimization overview shows: key figures, a histogram per metric, the trade-off of two."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.histograms import Histogram, histogram
from hypertendril.analysis.pareto import hypervolume, pareto_front
from hypertendril.analysis.summaries import KeyFigures, summarise
from hypertendril.model import Direction, Objective, Study, TrialState

MAX_HISTOGRAMS = 3
# Nobody declares a direction for a metric beside the objective. Costs are the rule; these are not.
_GAINS = re.compile(r"acc|auc|f1|score|precision|recall|reward|return|bleu|iou|dice|r2")
_SIZES = re.compile(r"size|param|weight|memory|flop|mb$|bytes")
_INFERENCE = re.compile(r"infer|latency")
_TIMES = re.compile(r"time|second|duration|_ms$|_s$")


@dataclass(frozen=True)
class Metric:
    """A number every trial may have.

    Attributes:
        key: Of its column, `objective:accuracy` say.
        name: As its owner wrote it.
        direction: Which way it is better.
        is_declared: The direction was declared; otherwise it was guessed from the name.
    """

    key: str
    name: str
    direction: Direction
    is_declared: bool


@dataclass(frozen=True)
class Hypervolume:
    """How much of what could be had in two objectives at once a search has.

    Attributes:
        share: Area the front dominates, of that between the worst and the best value of either
            objective; 0 to 1.
        half: Share of that area which the first half of the trials dominates.
        last_number: The framework's number of the last trial that added to the front.
    """

    share: float
    half: float
    last_number: int


@dataclass(frozen=True)
class TradeOff:
    """Two metrics against each other.

    Attributes:
        x, y: The metrics.
        x_histogram, y_histogram: Their edges are the ranges of the axes, proof against outliers.
        front: Rows no other complete, feasible trial beats in both, from best x to best y.
        front_x, front_y: Their values.
        n_missing: Trials that lack one of the two.
        volume: Of the front; None where a metric is no objective, or where nothing is between
            the worst and the best.
    """

    x: Metric
    y: Metric
    x_histogram: Histogram
    y_histogram: Histogram
    front: NDArray[np.int64]
    front_x: NDArray[np.float64]
    front_y: NDArray[np.float64]
    n_missing: int
    volume: Hypervolume | None = None


@dataclass(frozen=True)
class OverviewData:
    """Everything Optimization overview needs.

    Attributes:
        study: Its id.
        n: Trials.
        objectives: The leading one first.
        best_number: The framework's number of the best trial, None for none.
        metrics: All that can be chosen, objectives first.
        figures: Key figures of the whole study.
        histograms: The first metrics of `metrics` worth a histogram, with their counts.
        tradeoff: None where fewer than two metrics have values.
    """

    study: str
    n: int
    objectives: tuple[Objective, ...]
    best_number: int | None
    metrics: tuple[Metric, ...]
    figures: KeyFigures
    histograms: tuple[tuple[Metric, Histogram], ...]
    tradeoff: TradeOff | None

    @property
    def objective(self) -> Objective:
        """The leading one."""
        return self.objectives[0]


def likely_direction(name: str) -> Direction:
    """Return which way a metric without a declared direction is probably better, by its name."""
    return Direction.MAXIMIZE if _GAINS.search(name.lower()) else Direction.MINIMIZE


def metrics_of(study: Study) -> tuple[Metric, ...]:
    """Return the metrics with a finite value: objectives, then size, inference time, times, others."""
    objectives = [
        Metric(f"objective:{objective.name}", objective.name, objective.direction, True)
        for objective in study.objectives
    ]
    others = [
        Metric(f"metric:{name}", name, likely_direction(name), False)
        for name in study.header.metric_names
    ]
    known = [*objectives, *sorted(others, key=lambda metric: _interest(metric.name.lower()))]
    return tuple(m for m in known if np.isfinite(study.column(m.key)).any())


def _interest(name: str) -> int:
    patterns = (_SIZES, _INFERENCE, _TIMES)
    return next((i for i, pattern in enumerate(patterns) if pattern.search(name)), len(patterns))


def prepare_overview(study: Study, x: str | None = None, y: str | None = None) -> OverviewData:
    """Return key figures, histograms and trade-off of a study.

    Args:
        study: Any study.
        x, y: Column keys of the trade-off's axes; None, unknown or equal ones are replaced by
            the best remaining metric.
    """
    metrics = metrics_of(study)
    shown = metrics[:MAX_HISTOGRAMS]
    figures = summarise(study).whole
    best = figures.best_row
    return OverviewData(
        study=study.id,
        n=len(study),
        objectives=study.objectives,
        best_number=None if best is None else int(study.trials.number[best]),
        metrics=metrics,
        figures=figures,
        histograms=tuple((metric, histogram(study.column(metric.key))) for metric in shown),
        tradeoff=_tradeoff(study, metrics, x, y),
    )


def _tradeoff(
    study: Study, metrics: tuple[Metric, ...], x: str | None, y: str | None
) -> TradeOff | None:
    if len(metrics) < 2:
        return None
    by_key = {metric.key: metric for metric in metrics}
    y_metric = by_key.get(y or "", metrics[0])
    rest = [metric for metric in metrics if metric != y_metric]
    x_metric = by_key.get(x or "", rest[0])
    if x_metric == y_metric:
        x_metric = rest[0]
    x_values, y_values = study.column(x_metric.key), study.column(y_metric.key)
    eligible = (study.trials.state == TrialState.COMPLETE) & ~(study.trials.violation > 0)
    front = pareto_front(x_values, y_values, (x_metric.direction, y_metric.direction), eligible)
    return TradeOff(
        x=x_metric,
        y=y_metric,
        x_histogram=histogram(x_values),
        y_histogram=histogram(y_values),
        front=front,
        front_x=x_values[front],
        front_y=y_values[front],
        n_missing=int((~(np.isfinite(x_values) & np.isfinite(y_values))).sum()),
        volume=_volume(study, (x_metric, y_metric), eligible, front),
    )


def _volume(
    study: Study,
    metrics: tuple[Metric, Metric],
    eligible: NDArray[np.bool_],
    front: NDArray[np.int64],
) -> Hypervolume | None:
    if not all(metric.is_declared for metric in metrics):
        return None
    columns = [study.column(metric.key) for metric in metrics]
    rows = np.flatnonzero(eligible & np.isfinite(columns[0]) & np.isfinite(columns[1]))
    gains = [
        metric.direction.sign * column for metric, column in zip(metrics, columns, strict=True)
    ]
    spans = [float(np.ptp(gain[rows])) if len(rows) else 0.0 for gain in gains]
    if not all(0 < span < np.inf for span in spans):
        return None
    x, y = ((gain - gain[rows].min()) / span for gain, span in zip(gains, spans, strict=True))
    both = Direction.MAXIMIZE, Direction.MAXIMIZE
    share = hypervolume(x[rows], y[rows], both, (0.0, 0.0))
    first = rows[: (len(rows) + 1) // 2]
    half = hypervolume(x[first], y[first], both, (0.0, 0.0)) / share if share else 1.0
    return Hypervolume(share, half, int(study.trials.number[front.max()]))
