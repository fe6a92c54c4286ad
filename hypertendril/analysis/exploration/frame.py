"""The frame of the Exploration overview: strips above one another, bands and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis, measured_axis, parameter_axis
from hypertendril.analysis.exploration.axes import METHOD
from hypertendril.analysis.exploration.crowding import lane_values
from hypertendril.analysis.exploration.picture import Band, Exploration
from hypertendril.analysis.ticks import Ticks, round_step, value_ticks
from hypertendril.model import Direction, Study

# Heights in strips: monitoring gets more, and neighbours stand apart.
MONITOR_HEIGHT = 1.7
GAP = 0.32
EDGE = 0.12
MAX_STRIPS = 12
MAX_ORDINALS = 12
# More could not be told apart, and each is a shape of its own for the browser.
MAX_BANDS = 120
# The fewer the strips, the more marks have room in each.
STRIP_TICKS, MOST_STRIP_TICKS, ALL_TICKS = 3, 8, 24
MONITOR_TICKS = 4
# Part of a strip below its scale for trials that have no value (inactive there), and where in it
# they stand.
NONE_LANE, NONE_LEVEL = 0.3, 0.08
# The crowd around the first and last lane keeps this part of the strip, so that it never stands
# closer to the neighbouring strip's lanes than to its own.
MOST_LANE_PAD = 0.16
MAX_X_TICKS = 9
# A text fills a part only of the room it has: the first and the next round one stand nearer.
SLACK = 0.8
USUAL_CHARS = 4
ORDERS = ("importance", "name", "space")


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """What the reader chose.

    Attributes:
        x: One of `axes.AXES`.
        order: Of the strips, one of `ORDERS`.
        is_zoomed: Strips whose values converged show only where.
        metrics: Metrics that get a strip too, by name.
        moved: Names of strips that were dragged to the top, in that order.
    """

    x: str = METHOD
    order: str = "importance"
    is_zoomed: bool = False
    metrics: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


DEFAULT_OPTIONS = FrameOptions()


@dataclass(frozen=True)
class Strip:
    """One horizontal strip.

    Attributes:
        axis: What its height means.
        bottom, top: Its ends on the frame's vertical axis.
        is_monitor: It shows the leading objective, not a parameter.
        none: Height of the lane for trials without a value, None where all have one.
        lanes: Values that are lanes: points there must make room for each other.
        is_zoomed: Its axis shows a part of the declared range.
    """

    axis: ColumnAxis
    bottom: float
    top: float
    is_monitor: bool = False
    none: float | None = None
    lanes: tuple[float, ...] = ()
    is_zoomed: bool = False

    def tick_heights(self) -> list[float]:
        """Return where the marks of its axis stand on the frame's vertical axis."""
        units = self.axis.unit(np.asarray(self.axis.ticks, dtype=np.float64))
        return [self.bottom + float(u) * (self.top - self.bottom) for u in units]


@dataclass(frozen=True, slots=True)
class BandText:
    """Text above the strips at layout position `x`."""

    x: float
    text: str


@dataclass(frozen=True)
class ExplorationFrame:
    """All the frame needs.

    Attributes:
        strips: From top to bottom; the first is the monitoring of the leading objective.
        height: Of the vertical axis; it starts at 0.
        x: The axis asked for, one of `axes.AXES`.
        order: The order of the strips asked for, one of `ORDERS`.
        x_ticks: Marks of the horizontal axis and their texts, where there are no bands.
        band_word: What a text above a band counts: generation, bracket, rung; empty without.
        has_value: Some evaluation has a value of the leading objective.
        hidden: Parameters that have no strip for want of room, least important ones.
    """

    study: str
    version: int
    kind: str
    n_evaluations: int
    strips: tuple[Strip, ...]
    height: float
    x_range: tuple[float, float]
    x: str
    order: str
    x_title: str
    x_ticks: Ticks
    bands: tuple[Band, ...]
    texts: tuple[BandText, ...]
    band_word: str
    maximize: bool
    has_value: bool
    hidden: tuple[str, ...]


def prepare_exploration_frame(
    study: Study,
    layout: Exploration,
    shares: Mapping[str, float] | None = None,
    options: FrameOptions = DEFAULT_OPTIONS,
) -> ExplorationFrame:
    """Return the frame of the Exploration overview.

    Args:
        study: Gives parameters and the leading objective.
        layout: Positions and bands of its evaluations.
        shares: Single effects by parameter name: the most important strip stands on top.
            Without them strips keep the order of the space.
        options: What the reader chose.
    """
    names = ordered_names(study.space.names, shares or {}, options)
    metrics = [name for name in options.metrics if name in study.header.metric_names]
    strips, height = _stacked(study, names[:MAX_STRIPS], metrics, is_zoomed=options.is_zoomed)
    return ExplorationFrame(
        study=study.id,
        version=study.version,
        kind=layout.kind,
        n_evaluations=len(layout.trial),
        strips=strips,
        height=height,
        x_range=(layout.x_low, layout.x_high),
        x=options.x,
        order=options.order,
        x_title=layout.x_title,
        x_ticks=_x_ticks(layout),
        bands=drawn_bands(layout.bands),
        texts=band_texts(layout),
        band_word=_named_bands(layout)[1],
        maximize=study.objectives[0].direction is Direction.MAXIMIZE,
        has_value=bool(np.isfinite(layout.value).any()),
        hidden=tuple(names[MAX_STRIPS:]),
    )


def ordered_names(
    names: Iterable[str], shares: Mapping[str, float], options: FrameOptions
) -> list[str]:
    """Return parameter names from the top strip down: those dragged there, then the rest in order."""
    known = list(names)
    if options.order == "name":
        known.sort(key=str.casefold)
    elif options.order == "importance":
        known.sort(key=lambda name: -shares.get(name, 0.0))
    moved = [name for name in options.moved if name in known]
    return [*moved, *(name for name in known if name not in moved)]


def _stacked(
    study: Study, names: list[str], metrics: list[str], *, is_zoomed: bool
) -> tuple[tuple[Strip, ...], float]:
    leading = study.objectives[0].name
    monitor = measured_axis(study, f"objective:{leading}", MONITOR_TICKS)
    axes = [(monitor, MONITOR_HEIGHT)]
    most = strip_ticks(len(names) + len(metrics))
    axes += [(parameter_axis(study, name, most, is_zoomed=is_zoomed), 1.0) for name in names]
    axes += [(measured_axis(study, f"metric:{name}", most), 1.0) for name in metrics]
    height = 2 * EDGE + sum(tall for _, tall in axes) + GAP * (len(axes) - 1)
    strips: list[Strip] = []
    top = height - EDGE
    for axis, tall in axes:
        strips.append(_strip(study, axis, top - tall, top, is_monitor=axis is monitor))
        top -= tall + GAP
    return tuple(strips), height


def strip_ticks(n_strips: int) -> int:
    """Return how many marks each of so many strips may have."""
    return min(MOST_STRIP_TICKS, max(STRIP_TICKS, ALL_TICKS // max(1, n_strips)))


def _strip(study: Study, axis: ColumnAxis, bottom: float, top: float, *, is_monitor: bool) -> Strip:
    if is_monitor:
        return Strip(axis, bottom, top, is_monitor=True)
    group, _, name = axis.key.partition(":")
    if group != "param":
        return Strip(axis, bottom, top)
    parameter = study.space[name]
    lanes = tuple(lane_values(parameter, study.column(axis.key)).tolist())
    is_zoomed = not axis.choices and (axis.low, axis.high) != (parameter.low, parameter.high)
    return replace(placed_strip(axis, bottom, top, lanes), is_zoomed=is_zoomed)


def placed_strip(axis: ColumnAxis, bottom: float, top: float, lanes: tuple[float, ...]) -> Strip:
    """Return the strip of a parameter between `bottom` and `top`: its lanes stand inside."""
    none = bottom + NONE_LEVEL * (top - bottom) if axis.has_missing else None
    floor = bottom if none is None else bottom + NONE_LANE * (top - bottom)
    pad = min(MOST_LANE_PAD, 0.5 / len(lanes)) * (top - floor) if lanes else 0.0
    return Strip(axis, floor + pad, top - pad, none=none, lanes=lanes)


def _x_ticks(layout: Exploration) -> Ticks:
    """Return marks of a horizontal axis without bands; trials are counted in whole numbers."""
    low = max(0.0, layout.x_low)
    is_count = layout.kind == "sequence"
    high = np.floor(layout.x_high) if is_count else layout.x_high
    return value_ticks(low, max(low, float(high)), MAX_X_TICKS, is_int=is_count)


def drawn_bands(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Return at most about `MAX_BANDS` bands: rungs go first, then neighbours share one grey."""
    kept = [band for band in bands if band.x1 > band.x0]
    if len(kept) > MAX_BANDS:
        kept = [band for band in kept if band.kind != "rung"]
    stride = -(-len(kept) // MAX_BANDS) or 1
    groups = (kept[k : k + stride] for k in range(0, len(kept), stride))
    return tuple(replace(group[0], x1=group[-1].x1, label="") for group in groups)


def band_texts(layout: Exploration, most: int = MAX_ORDINALS) -> tuple[BandText, ...]:
    """Return the ordinals above the bands, about `most`: none that would touch the one before."""
    bands = _named_bands(layout)[0]
    longest = max((len(band.label) for band in bands), default=0)
    most = max(1, most * USUAL_CHARS // max(USUAL_CHARS, longest))
    room = SLACK * (layout.x_high - layout.x_low) / most
    stride = _round_stride(len(bands), most)
    texts: list[BandText] = []
    for number, band in enumerate(bands, 1):
        middle = (band.x0 + band.x1) / 2
        is_round = number == 1 or number % stride == 0
        if is_round and (not texts or middle - texts[-1].x >= room):
            texts.append(BandText(middle, band.label))
    return tuple(texts)


def _round_stride(count: int, most: int) -> int:
    """Return how far to count on from one text to the next: 5th, 10th ... not 4th, 8th."""
    if count <= most:
        return 1
    step = round_step(count / most)
    return int(step) if step.is_integer() else int(2 * step)


def _named_bands(layout: Exploration) -> tuple[list[Band], str]:
    """Return the bands that are counted above the strips, and what one is called.

    Where there is a single bracket its rungs are counted: "1st" alone would say nothing.
    """
    rungs = [band for band in layout.bands if band.kind == "rung"]
    others = [band for band in layout.bands if band.kind != "rung"]
    named = rungs if len(others) == 1 and len(rungs) > 1 else others
    return named, named[0].kind if named else ""
