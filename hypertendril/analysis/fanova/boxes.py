"""Leaves of trees as boxes in the unit cube.

All splits of an axis, of all models together, cut it into *segments*; a box is, per axis, a run
of segments (or a subset of choices). Model m uses the stretch [2m, 2m + 1] of one long line, so
that one sort and one cumulative sum serve all models. A part of the space only gives the same
segments other masses, some of them none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.fanova.axes import (
    Axis,
    ChoiceAxis,
    Floats,
    RangeAxis,
    Restriction,
    StepAxis,
    column_axis,
)
from hypertendril.analysis.fanova.trees import FlatTree

Ints = NDArray[np.int64]
# Enough to tell two places on the long line apart, and less than any leaf is wide.
_ABOVE = 1e-9

# Leaf rows, first segment, end segment (exclusive).
Runs = tuple[Ints, Ints, Ints]


@dataclass(frozen=True)
class Nodes:
    """The nodes of several trees, one after the other.

    Attributes:
        left, right, feature, threshold, value: As in `FlatTree`, children counted over all trees.
        roots: (t,) row of each tree's root.
        model: (k,) model each node belongs to, from 0; the trees of a model are summed.
    """

    left: Ints
    right: Ints
    feature: Ints
    threshold: Floats
    value: Floats
    roots: Ints
    model: Ints


@dataclass(frozen=True)
class Cuts:
    """A range or step axis, cut into segments.

    Attributes:
        axis: The axis.
        restriction: What part of it counts.
        threshold: (q,) encoded lower end of each segment; infinite where a model starts or ends.
        edges: (q,) ascending lower ends of the segments on the long line.
        width: (q,) mass of each segment; the gap between two models has none.
        first, last: (m,) segment at each model's start, and at its end (a gap without mass).
        code: (k,) per node that splits this axis, the segment right of its threshold.
        place: Column among the range and step axes.
    """

    axis: RangeAxis | StepAxis
    restriction: Restriction | None
    threshold: Floats
    edges: Floats
    width: Floats
    first: Ints
    last: Ints
    code: Ints
    place: int

    def within(self, restriction: Restriction) -> Cuts:
        """Return the same segments with the masses they have in a part of the axis."""
        starts = 2.0 * np.arange(len(self.first))
        edges = np.repeat(starts, self.last - self.first + 1)
        edges += self.axis.mass_below(self.threshold, restriction)
        edges[self.first], edges[self.last] = starts, starts + 1
        width = np.diff(edges, append=edges[-1])
        width[self.last] = 0.0
        return replace(self, restriction=restriction, edges=edges, width=width)

    def mass_in(self, leaves: Leaves) -> Floats:
        """Return (l,) the mass of each leaf's run."""
        mass: Floats = (
            self.edges[leaves.high[:, self.place]] - self.edges[leaves.low[:, self.place]]
        )
        return mass

    def runs(self, leaves: Leaves) -> Runs:
        """Return the run of each leaf."""
        low, high = leaves.low[:, self.place], leaves.high[:, self.place]
        return np.arange(len(low)), low.astype(np.int64), high.astype(np.int64)

    def locate(self, encoded: Floats) -> Ints:
        """Return (m, g) the segment of each encoded value in each model, counted from its first."""
        mass = self.axis.mass_below(encoded, self.restriction)
        if self.restriction is None and self.axis.inactive:
            # The low end of the active values has no more mass below it than the inactive state.
            is_active = encoded >= self.axis.low_end
            mass = np.where(is_active, np.maximum(mass, self.axis.inactive + _ABOVE), mass)
        starts = 2.0 * np.arange(len(self.first))[:, None]
        # Above 0: what lies before the part that counts has the value of its low end.
        found = np.searchsorted(self.edges, starts + np.clip(mass, _ABOVE, 1), side="left") - 1
        first = self.first[:, None]
        place: Ints = np.clip(found, first, self.last[:, None] - 1) - first
        return place


@dataclass(frozen=True)
class Choices:
    """A choice axis; each choice is a segment, and each model ends with one without mass.

    Attributes:
        axis: The axis.
        mass: (c,) mass of each choice.
        first: (m,) segment at each model's start.
        width: (q,) mass of each segment.
        columns: Columns among all choices of all choice axes.
    """

    axis: ChoiceAxis
    mass: Floats
    first: Ints
    width: Floats
    columns: slice

    @classmethod
    def over(cls, axis: ChoiceAxis, n_models: int, columns: slice) -> Choices:
        """Return the segments of the choices of `axis` for so many models."""
        first = np.arange(n_models) * (axis.n_columns + 1)
        width = np.tile(np.append(axis.mass, 0.0), n_models)
        return cls(axis, axis.mass, first, width, columns)

    def within(self, restriction: Restriction) -> Choices:
        """Return the same segments with the masses they have in a part of the axis."""
        mass = self.axis.restricted_mass(restriction)
        width = np.tile(np.append(mass, 0.0), len(self.first))
        return replace(self, mass=mass, width=width)

    def mass_in(self, leaves: Leaves) -> Floats:
        """Return (l,) the mass of each leaf's choices."""
        mass: Floats = leaves.choices[:, self.columns] @ self.mass
        return mass

    def runs(self, leaves: Leaves) -> Runs:
        """Return one run of one segment per leaf and choice."""
        rows, choice = np.nonzero(leaves.choices[:, self.columns])
        start = self.first[leaves.model[rows]] + choice
        return rows, start, start + 1

    def locate(self, encoded: Floats) -> Ints:
        """Return (m, g) the codes themselves."""
        return np.tile(encoded.astype(np.int64), (len(self.first), 1))


Segments = Cuts | Choices


@dataclass(frozen=True)
class Leaves:
    """Boxes.

    Attributes:
        node: (l,) row of the leaf.
        model: (l,) model it belongs to.
        low, high: (l, ranges) run of segments per range or step axis.
        choices: (l, all choices) the choices of each choice axis it holds.
    """

    node: Ints
    model: Ints
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    choices: NDArray[np.bool_]

    def take(self, rows: Ints) -> Leaves:
        """Return the leaves of `rows`."""
        return Leaves(
            self.node[rows], self.model[rows], self.low[rows], self.high[rows], self.choices[rows]
        )


@dataclass(frozen=True)
class Boxes:
    """The leaves of some models, for whatever part of the space counts.

    Attributes:
        segments: Per axis, with the masses they have in all the space.
        leaves: Sorted by model.
        value: (l,) of each leaf.
        mass_in: (l, d) mass of each leaf along each axis.
        trees_per_model: (m,).
    """

    segments: list[Segments]
    leaves: Leaves
    value: Floats
    mass_in: Floats
    trees_per_model: Ints

    @classmethod
    def of(cls, axes: Sequence[Axis], trees: Sequence[FlatTree], model: Ints) -> Boxes:
        """Return the boxes of `trees`; `model` (t,) says, ascending from 0, whose each tree is."""
        nodes = _joined(trees, model)
        segments = _cut(axes, nodes)
        leaves = _walked(axes, nodes, segments)
        leaves = leaves.take(np.argsort(leaves.model, kind="stable"))
        mass_in = np.column_stack([one.mass_in(leaves) for one in segments])
        return cls(segments, leaves, nodes.value[leaves.node], mass_in, np.bincount(model))

    def within(self, restrictions: Mapping[int, Restriction]) -> Boxes:
        """Return the same boxes with the masses they have in a part of the space."""
        segments, mass_in = list(self.segments), self.mass_in.copy()
        for i, part in restrictions.items():
            segments[i] = segments[i].within(part)
            mass_in[:, i] = segments[i].mass_in(self.leaves)
        return replace(self, segments=segments, mass_in=mass_in)


def _joined(trees: Sequence[FlatTree], model: Ints) -> Nodes:
    sizes = np.array([len(tree.left) for tree in trees])
    roots = np.cumsum(sizes) - sizes
    return Nodes(
        left=np.concatenate([tree.left + root for tree, root in zip(trees, roots, strict=True)]),
        right=np.concatenate([tree.right + root for tree, root in zip(trees, roots, strict=True)]),
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        value=np.concatenate([tree.value for tree in trees]),
        roots=roots,
        model=np.repeat(model, sizes),
    )


def _cut(axes: Sequence[Axis], nodes: Nodes) -> list[Segments]:
    n_models = int(nodes.model.max()) + 1
    first_column = np.searchsorted(column_axis(axes), np.arange(len(axes)))
    segments: list[Segments] = []
    n_ranges = n_choices = 0
    for i, axis in enumerate(axes):
        if isinstance(axis, ChoiceAxis):
            columns = slice(n_choices, n_choices + axis.n_columns)
            segments.append(Choices.over(axis, n_models, columns))
            n_choices += axis.n_columns
        else:
            rows = np.flatnonzero(nodes.feature == first_column[i])
            segments.append(_cuts(axis, nodes, rows, n_ranges))
            n_ranges += 1
    return segments


def _cuts(axis: RangeAxis | StepAxis, nodes: Nodes, rows: Ints, place: int) -> Cuts:
    """Return the segments between the thresholds of the nodes `rows`, which split the axis."""
    starts = 2.0 * np.arange(int(nodes.model.max()) + 1)
    below = axis.mass_below(nodes.threshold[rows], None)
    marks = np.concatenate([starts, starts + 1, 2.0 * nodes.model[rows] + below])
    edges, index = np.unique(marks, return_inverse=True)
    first, last, of_row = np.split(index, [len(starts), 2 * len(starts)])
    code = np.zeros(len(nodes.feature), dtype=np.int64)
    code[rows] = of_row
    threshold = np.empty(len(edges))
    threshold[of_row] = nodes.threshold[rows]
    threshold[first], threshold[last] = -np.inf, np.inf
    width = np.diff(edges, append=edges[-1])
    width[last] = 0.0
    return Cuts(axis, None, threshold, edges, width, first, last, code, place)


def _walked(axes: Sequence[Axis], nodes: Nodes, segments: Sequence[Segments]) -> Leaves:
    """Return the leaves of all trees, all trees walked together level by level."""
    of_column = column_axis(axes)
    first_column = np.searchsorted(of_column, np.arange(len(axes)))
    frontier, found = _roots(nodes, segments), []
    while len(frontier.node):
        is_leaf = nodes.feature[frontier.node] < 0
        found.append(frontier.take(np.flatnonzero(is_leaf)))
        parents = frontier.take(np.flatnonzero(~is_leaf))
        frontier = _children(parents, nodes)
        feature = nodes.feature[parents.node]
        split_axis = of_column[feature]
        for i in np.unique(split_axis):
            rows = np.flatnonzero(split_axis == i)
            column = feature[rows] - first_column[i]
            _narrow(frontier, segments[i], rows, parents.node[rows], column)
    parts = zip(*((f.node, f.model, f.low, f.high, f.choices) for f in found), strict=True)
    return Leaves(*(np.concatenate(part) for part in parts))


def _roots(nodes: Nodes, segments: Sequence[Segments]) -> Leaves:
    model = nodes.model[nodes.roots]
    cuts = [s for s in segments if isinstance(s, Cuts)]
    shape = len(cuts), len(model)
    low = np.array([s.first[model] for s in cuts], dtype=np.int32).reshape(shape).T
    high = np.array([s.last[model] for s in cuts], dtype=np.int32).reshape(shape).T
    n_choices = sum(len(s.mass) for s in segments if isinstance(s, Choices))
    return Leaves(nodes.roots, model, low, high, np.ones((len(model), n_choices), dtype=bool))


def _children(parents: Leaves, nodes: Nodes) -> Leaves:
    """Return the left children of all parents, then the right ones, with their parents' boxes."""
    return Leaves(
        np.concatenate([nodes.left[parents.node], nodes.right[parents.node]]),
        np.tile(parents.model, 2),
        np.tile(parents.low, (2, 1)),
        np.tile(parents.high, (2, 1)),
        np.tile(parents.choices, (2, 1)),
    )


def _narrow(children: Leaves, segments: Segments, rows: Ints, nodes: Ints, column: Ints) -> None:
    """Cut the boxes of the children of `rows` at the thresholds of `nodes`, in place."""
    right = rows + len(children.node) // 2
    if isinstance(segments, Cuts):
        children.high[rows, segments.place] = segments.code[nodes]
        children.low[right, segments.place] = segments.code[nodes]
        return
    choice = segments.columns.start + column
    children.choices[rows, choice] = False  # left: without the choice; right: nothing but it
    still = children.choices[right, choice]
    children.choices[right, segments.columns] = False
    children.choices[right, choice] = still
