"""The values a model was really trained with: those of its ancestors, then its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.column_axis import ColumnAxis, parameter_axis
from hypertendril.analysis.exploration.picture import Exploration
from hypertendril.analysis.lineage import ancestry
from hypertendril.analysis.ticks import value_ticks
from hypertendril.model import Study

MAX_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the training under one set of values.

    Attributes:
        row: The trial that trained it.
        start, end: In the study's resource (epochs, say), or in columns of the layout where no
            resource was recorded; start <= end.
    """

    row: int
    start: float
    end: float


@dataclass(frozen=True)
class Schedule:
    """What a trial's model went through.

    Attributes:
        stretches: From the founder to the trial itself.
        has_resource: Starts and ends are resources, not columns.
        varying: Names of parameters that changed on the way, in the order of the space.
    """

    stretches: tuple[Stretch, ...]
    has_resource: bool
    varying: tuple[str, ...]


def schedule_of(study: Study, layout: Exploration, row: int) -> Schedule:
    """Return the schedule behind trial `row`.

    A stretch ends where the next trial of the line was copied from it: at the parent's mark
    that the layout's edge starts from.

    Source: population-based training (Jaderberg et al. 2017) yields schedules, not values.
    """
    line = ancestry(study, row)
    last = {r: _last_mark(layout, r) for r in line}
    fork = {int(layout.trial[child]): int(parent) for child, parent in layout.edges.tolist()}
    ends = [fork.get(child, last[parent]) for parent, child in pairwise(line)] + [last[row]]
    has_resource = bool(np.isfinite(layout.resource[ends]).all())
    scale = layout.resource if has_resource else layout.x.astype(np.float64) + 0.5
    stops = np.maximum.accumulate(np.maximum(scale[ends], 0.0))
    starts = np.append(0.0, stops[:-1])
    stretches = tuple(
        Stretch(r, float(a), float(b)) for r, a, b in zip(line, starts, stops, strict=True)
    )
    values = study.trials.values[list(line)]
    changed = [len(np.unique(values[:, k])) > 1 for k in range(values.shape[1])]
    varying = tuple(name for name, is_so in zip(study.space.names, changed, strict=True) if is_so)
    return Schedule(stretches, has_resource, varying)


def _last_mark(layout: Exploration, row: int) -> int:
    marks = np.flatnonzero(layout.trial == row)
    return int(marks[np.argmax(layout.x[marks])])


@dataclass(frozen=True)
class ScheduleView:
    """A schedule ready to be drawn.

    Attributes:
        number: The trial's own number.
        numbers: (s,) own numbers of the trials of the line.
        schedule: The stretches.
        axes: One for each parameter shown, those that changed first.
        values: (k, s) column values, a row for each axis.
        x_title: What the stretches are measured in.
    """

    number: int
    numbers: tuple[int, ...]
    schedule: Schedule
    axes: tuple[ColumnAxis, ...]
    values: NDArray[np.float64]
    x_title: str


def prepare_schedule(
    study: Study, layout: Exploration, row: int, limit: int = MAX_SHOWN
) -> ScheduleView:
    """Return the schedule of trial `row` with the axes of at most `limit` parameters."""
    schedule = schedule_of(study, layout, row)
    line = [stretch.row for stretch in schedule.stretches]
    others = [name for name in study.space.names if name not in schedule.varying]
    names = [*schedule.varying, *others][:limit]
    columns = [study.column(f"param:{name}")[line] for name in names]
    return ScheduleView(
        number=int(study.trials.number[row]),
        numbers=tuple(int(number) for number in study.trials.number[line]),
        schedule=schedule,
        axes=tuple(
            _fitted(parameter_axis(study, name, 3), column)
            for name, column in zip(names, columns, strict=True)
        ),
        values=np.array(columns).reshape(len(names), len(line)),
        x_title="resource (epochs, steps)" if schedule.has_resource else "generation",
    )


def _fitted(axis: ColumnAxis, values: NDArray[np.float64]) -> ColumnAxis:
    """Return the axis over the values of one line alone: steps of a few per cent must be seen."""
    known = values[np.isfinite(values)]
    if axis.choices or len(np.unique(known)) < 2 or (axis.log and known.min() <= 0):
        return axis
    low, high = float(known.min()), float(known.max())
    ticks, labels = value_ticks(low, high, 3, log=axis.log)
    return replace(axis, low=low, high=high, ticks=ticks, tick_labels=labels)
