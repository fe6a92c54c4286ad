"""Where each evaluation of a search is drawn: one grammar for all methods.

The horizontal position comes from evaluations and lineage alone, never from the method's name:

- `rungs` (successive halving, Hyperband, BOHB): brackets side by side, a column per rung.
- `generations` (population-based, or several trials evaluated at the same iteration): a
  column per iteration.
- `sequence` (random, TPE): a column per trial, no bands.

Any search can also be laid over the order of its trials, the time, or the resource spent.

Source: HyperTendril, section 5.3.1 and figures 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.exploration.axes import METHOD, happening, layout_along
from hypertendril.analysis.exploration.columns import Layout, Marks, layout_of, marks_of
from hypertendril.model import Outcome, Study, TrialState

_OPEN_STATES = (TrialState.WAITING, TrialState.RUNNING)


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the horizontal axis.

    Attributes:
        x0, x1: Ends, in layout positions.
        label: Ordinal text such as `2nd`; of rungs, within their bracket.
        shade: 0 (first) to 1 (last): of the brackets, of the generations, or of the rungs within
            their bracket.
        kind: `bracket`, `generation` or `rung`. Rungs lie inside brackets.
    """

    x0: float
    x1: float
    label: str
    shade: float
    kind: str


@dataclass(frozen=True)
class Exploration:
    """The history of a search, ready to be drawn.

    The first marks are the study's evaluations in their order; after them comes one mark for
    each trial that has no evaluation (failed early, running), in row order.

    Attributes:
        kind: `sequence`, `generations` or `rungs`; `measured` along time or resource.
        x_title: What the horizontal axis means, with its unit.
        trial: (e,) int32 row of the trial.
        x: (e,) float32 layout position; the first column is at 0, columns are at most 1 wide.
        column: (e,) int32 column it stands in, from 0; of a sequence the trial's row.
        value: (e,) float64 leading objective as seen then; NaN and infinities kept.
        outcome: (e,) int8 an `Outcome`; of marks without an evaluation after the trial's state.
        is_last: (e,) the last mark of a trial that has ended: drawn big.
        is_record: (e,) the best of its column, and better than all columns before.
        previous: (e,) int32 mark of the same trial before this one, -1 for none.
        resource: (e,) float64 spent on the trial by then, NaN where unknown.
        when: (e,) int32 place in the order in which things happened, from 0.
        group: (e,) int32 position among the bands of kind `bracket` or `generation`, 0 without.
        bands: Left to right, a bracket before its rungs; empty for `sequence`.
        incumbent_x, incumbent_value: (r,) float64 corners of the best-so-far line: each record,
            then the end of the axis. A step goes up or down at its x. Empty without a value.
        edges: (k, 2) int32 first mark of a child, mark of its parent it was forked from.
        x_low, x_high: Ends of the axis, half a column outside the first and last column.
    """

    kind: str
    x_title: str
    trial: NDArray[np.int32]
    x: NDArray[np.float32]
    column: NDArray[np.int32]
    value: NDArray[np.float64]
    outcome: NDArray[np.int8]
    is_last: NDArray[np.bool_]
    is_record: NDArray[np.bool_]
    previous: NDArray[np.int32]
    resource: NDArray[np.float64]
    when: NDArray[np.int32]
    group: NDArray[np.int32]
    bands: tuple[Band, ...]
    incumbent_x: NDArray[np.float64]
    incumbent_value: NDArray[np.float64]
    edges: NDArray[np.int32]
    x_low: float
    x_high: float


def prepare_exploration(study: Study, x: str = METHOD) -> Exploration:
    """Return positions, bands, records and lineage of all evaluations, in O(e log e).

    Failed, pruned, running and waiting trials all keep a mark; a trial that is infeasible, or a
    value that is not finite, is never a record.

    Args:
        study: Any study, also one without trials or without evaluations.
        x: One of `axes.AXES`; what a study cannot be laid over (nobody noted the
            time, say) falls back to the method's own layout.
    """
    marks = marks_of(study)
    when = happening(study, marks)
    along = layout_along(study, marks, when, x)
    layout, title = along or (layout_of(study, marks), "trial")
    order = np.lexsort((np.arange(len(marks.trial)), layout.x, marks.trial))
    previous, is_final = _chain(marks.trial, order)
    records = _records(study, marks, layout.x)
    has_record = bool(len(records))
    x_low, x_high = _ends(layout)
    return Exploration(
        kind=layout.kind,
        x_title=title,
        trial=marks.trial.astype(np.int32),
        x=layout.x.astype(np.float32),
        column=layout.column.astype(np.int32),
        value=marks.value,
        outcome=marks.outcome,
        is_last=is_final & _has_ended(study, marks),
        is_record=np.isin(np.arange(len(marks.trial)), records),
        previous=previous,
        resource=marks.resource,
        when=when.astype(np.int32),
        group=layout.group.astype(np.int32),
        bands=_bands(layout),
        incumbent_x=np.append(layout.x[records], [x_high] * has_record),
        incumbent_value=np.append(marks.value[records], marks.value[records[-1:]]),
        edges=_edges(study, marks, layout.x, order),
        x_low=x_low,
        x_high=x_high,
    )


def _ends(layout: Layout) -> tuple[float, float]:
    """Return the ends of the axis: half a column outside, or a margin where there are none."""
    if not len(layout.x):
        return -0.5, 0.5
    if layout.kind == "measured":
        low, high = float(layout.x.min()), float(layout.x.max())
        margin = 0.015 * (high - low) or 0.5
        return low - margin, high + margin
    return -0.5, float(
        layout.column_edges[-1] if len(layout.column_edges) else layout.x.max() + 0.5
    )


def ordinal(number: int) -> str:
    """Return 1st for 1, 2nd for 2, 11th for 11."""
    teens = 10 <= number % 100 <= 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _chain(
    trial: NDArray[np.int64], order: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the mark before each mark of the same trial, and which marks are the trial's last."""
    is_same = trial[order][1:] == trial[order][:-1]
    previous = np.full(len(trial), -1, dtype=np.int32)
    previous[order[1:][is_same]] = order[:-1][is_same]
    is_final = np.zeros(len(trial), dtype=bool)
    is_final[order] = np.append(~is_same, True)[: len(order)]
    return previous, is_final


def _has_ended(study: Study, marks: Marks) -> NDArray[np.bool_]:
    is_open = np.isin(study.trials.state[marks.trial], _OPEN_STATES)
    closing = np.isin(marks.outcome, (Outcome.DISCARDED, Outcome.FINAL))
    return ~is_open | closing


def _records(study: Study, marks: Marks, x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the marks that set a new best, left to right; trials of one column are simultaneous."""
    is_feasible = ~(study.trials.violation[marks.trial] > 0)
    rows = np.flatnonzero(np.isfinite(marks.value) & is_feasible)
    quality = study.objectives[0].direction.sign * marks.value[rows]
    order = np.lexsort((rows, -quality, x[rows]))
    rows, quality = rows[order], quality[order]
    is_first = np.append(True, np.diff(x[rows]) > 0)[: len(rows)]
    rows, quality = rows[is_first], quality[is_first]
    before = np.append(-np.inf, np.maximum.accumulate(quality))[: len(rows)]
    records: NDArray[np.int64] = rows[quality > before]
    return records


def _edges(
    study: Study, marks: Marks, x: NDArray[np.float64], order: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return (child mark, parent mark): the parent's last mark left of the child's first one."""
    n = len(study)
    parent = study.trials.parent
    rows = np.flatnonzero((parent >= 0) & (parent < n) & (parent != np.arange(n)))
    starts = np.searchsorted(marks.trial[order], np.arange(n + 1))
    child = order[starts[rows]]
    first, last = starts[parent[rows]], starts[parent[rows] + 1] - 1
    # Marks are sorted by (trial, x): one key over both finds the place in all trials at once.
    width = float(x.max()) + 2.0 if len(x) else 1.0
    keys = marks.trial[order] * width + x[order]
    found = np.searchsorted(keys, parent[rows] * width + x[child], "left") - 1
    # A parent that was only looked at later still is the parent: its first mark stands in.
    return np.column_stack([child, order[np.clip(found, first, last)]]).astype(np.int32)


def _bands(layout: Layout) -> tuple[Band, ...]:
    if layout.kind == "generations":
        last = max(1, layout.n_groups - 1)
        return tuple(
            Band(g - 0.5, g + 0.5, ordinal(g + 1), g / last, "generation")
            for g in range(layout.n_groups)
        )
    return tuple(band for g in range(layout.n_groups) for band in _bracket_bands(layout, g))


def _bracket_bands(layout: Layout, group: int) -> list[Band]:
    columns = np.flatnonzero(layout.column_group == group).tolist()
    edges = layout.column_edges.tolist()
    last = max(1, len(columns) - 1)
    shade = group / max(1, layout.n_groups - 1)
    rungs = [
        Band(edges[c], edges[c + 1], ordinal(i + 1), i / last, "rung")
        for i, c in enumerate(columns)
    ]
    whole = Band(edges[columns[0]], edges[columns[-1] + 1], ordinal(group + 1), shade, "bracket")
    return [whole, *rungs]
