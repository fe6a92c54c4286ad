"""The frame of the Exploration overview: strips above one another, bands and their texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.column_axis import ColumnAxis, measured_axis, parameter_axis
from hypertendril.analysis.exploration import Band, Exploration
from hypertendril.model import Direction, Study

# Heights in strips: monitoring gets more, and neighbours stand apart.
MONITOR_HEIGHT = 1.7
GAP = 0.32
EDGE = 0.12
MAX_STRIPS = 12
MAX_ORDINALS = 10
STRIP_TICKS = 3
MONITOR_TICKS = 4


@dataclass(frozen=True)
class Strip:
    """One horizontal strip.

    Attributes:
        axis: What its height means.
        bottom, top: Its ends on the frame's vertical axis.
        is_monitor: It shows the leading objective, not a parameter.
    """

    axis: ColumnAxis
    bottom: float
    top: float
    is_monitor: bool = False

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
        hidden: Parameters that have no strip for want of room, least important ones.
    """

    study: str
    version: int
    kind: str
    n_evaluations: int
    strips: tuple[Strip, ...]
    height: float
    x_range: tuple[float, float]
    x_title: str
    bands: tuple[Band, ...]
    texts: tuple[BandText, ...]
    maximize: bool
    hidden: tuple[str, ...]


def prepare_exploration_frame(
    study: Study, layout: Exploration, shares: Mapping[str, float] | None = None
) -> ExplorationFrame:
    """Return the frame of the Exploration overview.

    Args:
        study: Gives parameters and the leading objective.
        layout: Positions and bands of its evaluations.
        shares: Single effects by parameter name: the most important strip stands on top.
            Without them strips keep the order of the space.
    """
    shares = shares or {}
    names = sorted(study.space.names, key=lambda name: -shares.get(name, 0.0))
    strips, height = _stacked(study, names[:MAX_STRIPS])
    return ExplorationFrame(
        study=study.id,
        version=study.version,
        kind=layout.kind,
        n_evaluations=len(layout.trial),
        strips=strips,
        height=height,
        x_range=(layout.x_low, layout.x_high),
        x_title="trial",
        bands=tuple(band for band in layout.bands if band.x1 > band.x0),
        texts=_texts(layout.bands),
        maximize=study.objectives[0].direction is Direction.MAXIMIZE,
        hidden=tuple(names[MAX_STRIPS:]),
    )


def _stacked(study: Study, names: list[str]) -> tuple[tuple[Strip, ...], float]:
    leading = study.objectives[0].name
    monitor = measured_axis(study, f"objective:{leading}", MONITOR_TICKS)
    axes = [(monitor, MONITOR_HEIGHT)]
    axes += [(parameter_axis(study, name, STRIP_TICKS), 1.0) for name in names]
    height = 2 * EDGE + sum(tall for _, tall in axes) + GAP * (len(axes) - 1)
    strips: list[Strip] = []
    top = height - EDGE
    for axis, tall in axes:
        strips.append(Strip(axis, top - tall, top, is_monitor=axis is monitor))
        top -= tall + GAP
    return tuple(strips), height


def _texts(bands: tuple[Band, ...]) -> tuple[BandText, ...]:
    """Return the ordinals above the bands, every k-th where they would collide."""
    named = [band for band in bands if band.label]
    stride = max(1, -(-len(named) // MAX_ORDINALS))
    return tuple(BandText((b.x0 + b.x1) / 2, b.label) for b in named[::stride])
