"""Exact functional ANOVA of tree ensembles, all models and all segments at once.

The marginal of one axis is a difference array over its segments (a leaf adds its value at its
lower edge and takes it back at its upper edge) and a cumulative sum: O(leaves + segments). A pair
is the same in two dimensions. Nothing is sampled; the one approximation is the surrogate itself.

Symbols: a leaf l has value v, mass w = product of its masses w_i over the axes; the marginal over
axis i in segment s is  a_i(s) = sum of v w / w_i  over the leaves that reach over s; its variance
is V_i = sum_s width(s) a_i(s)^2 with values centred; for pairs V_ij likewise, and the interaction
is max(0, V_ij - V_i - V_j).

Source: Hutter, Hoos, Leyton-Brown (2014), "An efficient approach for assessing hyperparameter
importance", ICML; the cut-off: Hooker (2007), doi:10.1198/106186007X237892.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hypertendril.analysis.fanova.axes import Axis, Floats, Restriction
from hypertendril.analysis.fanova.boxes import Boxes, Choices, Cuts, Ints, Leaves, Segments
from hypertendril.analysis.fanova.trees import FlatTree

_TINY = 1e-300
# Less mass than this is rounding: the cut-off removed all of it.
_NO_MASS = 1e-12
# Models are worked on in chunks of so many nodes, and pairs in blocks of so many cells: both fit
# the processor's cache.
_CHUNK_NODES = 60_000
_BLOCK_CELLS = 1 << 17
# From so many models on a row of a pair table is worth an addition of its own.
_MANY_MODELS = 8


@dataclass(frozen=True)
class Chunk:
    """Some models, with all that marginals need.

    Attributes:
        segments: Per axis.
        leaves: Sorted by model; without those of no mass.
        mass_in: (l, d) mass of each leaf along each axis.
        mass: (l,) product of these.
        weighted: (l,) value times mass, values centred per model.
        mean: (m,) mean of each model.
        total: (m,) variance of each model; of no use where a model is a sum of trees.
        model_mass: (m,) mass left by the cut-off, 1 without one.
        main: (m, d) variance of each marginal.
        marginals: Per axis, (segments,) centred marginal.
        counts: Per axis, (m,) how many segments each model has, its last one without mass.
        relative: Per axis, `_relative` of it.
    """

    segments: list[Segments]
    leaves: Leaves
    mass_in: Floats
    mass: Floats
    weighted: Floats
    mean: Floats
    total: Floats
    model_mass: Floats
    main: Floats
    marginals: list[Floats]
    counts: list[Ints]
    relative: list[tuple[Ints, Ints]]


def boxed(
    axes: Sequence[Axis], trees: Sequence[FlatTree], model: Ints | None = None
) -> list[Boxes]:
    """Return the leaves of `trees` as boxes, in chunks of models.

    Args:
        axes: One per parameter.
        trees: All trees.
        model: (t,) ascending model number of each tree, from 0; the trees of one model are summed.
            None: each tree is a model.
    """
    model = np.arange(len(trees)) if model is None else model
    sizes = np.bincount(model, [len(tree.left) for tree in trees])
    chunk_of = (np.cumsum(sizes) // _CHUNK_NODES)[model]
    found = []
    for number in np.unique(chunk_of):
        rows = np.flatnonzero(chunk_of == number)
        found.append(
            Boxes.of(axes, [trees[k] for k in rows.tolist()], model[rows] - model[rows[0]])
        )
    return found


class Fanova:
    """The ANOVA of every model of an ensemble.

    Args:
        axes: One per parameter.
        boxes: The leaves of all trees, as `boxed` returns them.
        restrictions: Position of an axis to the part of it that counts.
        cutoff: Leaves with a value outside [low, high] are left out and the rest weighs more. Only
            where each tree is a model.

    Attributes:
        mean: (m,) mean prediction of each model over the restricted space.
        total: (m,) variance; of no use where a model is a sum of trees.
        main: (m, d) variance of each parameter's marginal.
        left: (m,) mass left by the cut-off, 1 without one.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        boxes: Sequence[Boxes],
        restrictions: Mapping[int, Restriction] | None = None,
        cutoff: tuple[float, float] | None = None,
    ) -> None:
        self.axes = tuple(axes)
        self._boxes = boxes
        self._has_cutoff = cutoff is not None
        self._chunks = [_chunk(part.within(restrictions or {}), cutoff) for part in boxes]
        self.mean = np.concatenate([chunk.mean for chunk in self._chunks])
        self.total = np.concatenate([chunk.total for chunk in self._chunks])
        self.main = np.concatenate([chunk.main for chunk in self._chunks])
        self.left = np.concatenate([chunk.model_mass for chunk in self._chunks])

    def within(
        self, restrictions: Mapping[int, Restriction], cutoff: tuple[float, float] | None = None
    ) -> Fanova:
        """Return the ANOVA of the same models over a part of all the space."""
        return Fanova(self.axes, self._boxes, restrictions, cutoff)

    def interaction(self, i: int, j: int) -> tuple[Floats, Floats]:
        """Return (m,) the variance of the pair marginal, and the part that is pure interaction."""
        joint = np.concatenate([self._joint(chunk, i, j) for chunk in self._chunks])
        return joint, np.maximum(joint - self.main[:, i] - self.main[:, j], 0.0)

    def pair_cells(self, i: int, j: int) -> int:
        """Return how many cells the pair tables of all models have: what `interaction` costs."""
        return sum(int(chunk.counts[i] @ chunk.counts[j]) for chunk in self._chunks)

    def levels(self, i: int) -> list[tuple[Ints, Floats, Floats]]:
        """Return per chunk, for each segment of axis `i`, its model, mass and marginal."""
        found = []
        for chunk in self._chunks:
            model, width = _model_of_segment(chunk.segments[i])
            found.append((model, width, chunk.marginals[i] + chunk.mean[model]))
        return found

    def curve(self, i: int, encoded: Floats) -> Floats:
        """Return (m, g) the marginal of axis `i` at encoded values (codes for choices)."""
        rows = []
        for chunk in self._chunks:
            segments = chunk.segments[i]
            at = segments.locate(encoded) + segments.first[:, None]
            rows.append(chunk.marginals[i][at] + chunk.mean[:, None])
        return np.concatenate(rows)

    def surface(self, i: int, j: int, at_i: Floats, at_j: Floats) -> Floats:
        """Return (g, h) the pair marginal at encoded values, the mean over models."""
        total = np.zeros((len(at_i), len(at_j)))
        for chunk in self._chunks:
            rows, columns = (chunk.segments[k].locate(z) for k, z in ((i, at_i), (j, at_j)))
            for start, cells in _pair_blocks(chunk, i, j, chunk.weighted):
                for k in range(cells.shape[2]):
                    model = start + k
                    part = cells[:, :, k][np.ix_(rows[model], columns[model])]
                    total += part + chunk.mean[model]
        return total / len(self.mean)

    def _joint(self, chunk: Chunk, i: int, j: int) -> Floats:
        blocks = _pair_blocks(chunk, i, j, chunk.weighted)
        if not self._has_cutoff:
            return np.concatenate([_variance(chunk, i, j, *block) for block in blocks])
        masses = _pair_blocks(chunk, i, j, chunk.mass)
        return np.concatenate(
            [
                _cut_variance(chunk, (i, j), start, cells, mass)
                for (start, cells), (_, mass) in zip(blocks, masses, strict=True)
            ]
        )


class HasLevels(Protocol):
    """Any ANOVA that tells its marginals."""

    def levels(self, i: int) -> list[tuple[Ints, Floats, Floats]]:
        """Return per chunk, for each segment of axis `i`, its model, mass and marginal."""


def mixed_variance(parts: Sequence[HasLevels], weights: Floats, i: int) -> Floats:
    """Return (m,) the variance of the marginal of axis `i`, averaged over parts of the space.

    Args:
        parts: Of the same trees; axis `i` must count alike in all.
        weights: (parts,) share of each; their sum is 1.
        i: An axis.
    """
    variances = []
    for chunk in zip(*(part.levels(i) for part in parts), strict=True):
        model, width, _ = chunk[0]
        level = sum(w * part_level for w, (_, _, part_level) in zip(weights, chunk, strict=True))
        n = int(model[-1]) + 1
        mean = _sums(model, width * level, n)
        variances.append(_sums(model, width * (level - mean[model]) ** 2, n))
    return np.concatenate(variances)


def _model_of_segment(segments: Segments) -> tuple[Ints, Floats]:
    """Return (segments,) the model of each segment, and its mass."""
    places = np.arange(len(segments.width))
    return np.searchsorted(segments.first, places, side="right") - 1, segments.width


def _chunk(boxes: Boxes, cutoff: tuple[float, float] | None) -> Chunk:
    leaves, value, mass_in = boxes.leaves, boxes.value, boxes.mass_in
    mass = mass_in.prod(axis=1)
    kept = mass > 0
    if cutoff is not None:
        kept &= (value >= cutoff[0]) & (value <= cutoff[1])
    if not kept.all():
        rows = np.flatnonzero(kept)
        leaves, mass_in, mass, value = leaves.take(rows), mass_in[rows], mass[rows], value[rows]
    segments, trees_per_model = boxes.segments, boxes.trees_per_model
    n, of = len(trees_per_model), leaves.model
    model_mass = _sums(of, mass, n) / trees_per_model
    mean = _sums(of, value * mass, n) / np.maximum(model_mass, _TINY)
    value = value - (mean / trees_per_model)[of]  # centred: no cancellation in the variances
    total = _sums(of, value * value * mass, n) / np.maximum(model_mass, _TINY)
    chunk = Chunk(
        segments=segments,
        leaves=leaves,
        mass_in=mass_in,
        mass=mass,
        weighted=value * mass,
        mean=mean,
        total=total,
        model_mass=model_mass,
        main=np.zeros((n, len(segments))),
        marginals=[],
        counts=[np.diff(np.append(s.first, len(s.width))) for s in segments],
        relative=[_relative(s, leaves) for s in segments],
    )
    for i in range(len(segments)):
        marginal, chunk.main[:, i] = _marginal(chunk, i, has_cutoff=cutoff is not None)
        chunk.marginals.append(marginal)
    return chunk


def _marginal(chunk: Chunk, i: int, *, has_cutoff: bool) -> tuple[Floats, Floats]:
    """Return the centred marginal per segment of axis `i`, and its variance per model."""
    segments, n = chunk.segments[i], len(chunk.mean)
    runs, (model, width) = segments.runs(chunk.leaves), _model_of_segment(segments)
    marginal = _summed(runs, chunk.weighted / chunk.mass_in[:, i], len(width))
    if has_cutoff:
        left = _summed(runs, chunk.mass / chunk.mass_in[:, i], len(width))
        marginal = np.where(left > _NO_MASS, marginal / np.maximum(left, _NO_MASS), 0.0)
        width = width * np.maximum(left, 0.0) / np.maximum(chunk.model_mass[model], _TINY)
    mean = _sums(model, marginal * width, n)
    return marginal, _sums(model, width * (marginal - mean[model]) ** 2, n)


def _summed(runs: tuple[Ints, Ints, Ints], per_leaf: Floats, n_segments: int) -> Floats:
    """Return (segments,) the sum of `per_leaf` over the leaves whose run holds the segment."""
    rows, start, stop = runs
    x = per_leaf[rows]
    steps = _sums(start, x, n_segments + 1) - _sums(stop, x, n_segments + 1)
    return np.cumsum(steps)[:n_segments]


def _sums(place: Ints, weights: Floats, n: int) -> Floats:
    """Return (n,) the sum of `weights` at each place."""
    return np.bincount(place, weights, n).astype(np.float64, copy=False)


def _pair_blocks(chunk: Chunk, i: int, j: int, per_leaf: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield (first model, (segments i, segments j, models) sums of `per_leaf` over pair cells)."""
    rows, (low_i, high_i), (low_j, high_j) = _pair_runs(chunk, i, j)
    model, mass = chunk.leaves.model, chunk.mass_in[:, i] * chunk.mass_in[:, j]
    x = per_leaf / mass
    if rows is not None:
        model, x = model[rows], x[rows]
    sizes_i, sizes_j = chunk.counts[i], chunk.counts[j]
    for start, stop in _blocks(sizes_i, sizes_j):
        part = slice(*np.searchsorted(model, [start, stop]))
        shape = (int(sizes_i[start:stop].max()), int(sizes_j[start:stop].max()), stop - start)
        place = model[part] - start
        top, bottom = (k[part] * (shape[1] * shape[2]) + place for k in (low_i, high_i))
        left, right = (k[part] * shape[2] for k in (low_j, high_j))
        n, n_cells = len(place), shape[0] * shape[1] * shape[2]
        corners = np.empty(2 * n, dtype=np.int64)
        signed = np.concatenate([x[part], x[part]])
        np.add(top, left, out=corners[:n])
        np.add(bottom, right, out=corners[n:])
        cells = _sums(corners, signed, n_cells)
        np.add(top, right, out=corners[:n])
        np.add(bottom, left, out=corners[n:])
        cells -= _sums(corners, signed, n_cells)
        yield start, _cumulated(cells.reshape(shape))


def _cumulated(cells: Floats) -> Floats:
    if cells.shape[2] < _MANY_MODELS:
        np.cumsum(cells, axis=0, out=cells)
        return np.cumsum(cells, axis=1, out=cells)
    # Row by row: with many models np.cumsum along the outer axes is several times slower.
    for k in range(1, cells.shape[0]):
        cells[k] += cells[k - 1]
    for k in range(1, cells.shape[1]):
        cells[:, k] += cells[:, k - 1]
    return cells


def _pair_runs(
    chunk: Chunk, i: int, j: int
) -> tuple[Ints | None, tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Return leaf rows (None: each once) and their runs, from the first segment of the model on."""
    one, two = chunk.segments[i], chunk.segments[j]
    if isinstance(one, Cuts) and isinstance(two, Cuts):
        return None, chunk.relative[i], chunk.relative[j]
    (rows, low_i, high_i), (rows_j, low_j, high_j) = one.runs(chunk.leaves), two.runs(chunk.leaves)
    # Every choice of i with every one of j.
    count = np.bincount(rows_j, minlength=len(chunk.mass))
    repeat = count[rows]
    left = np.repeat(np.arange(len(rows)), repeat)
    within = np.arange(len(left)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    right = within + np.repeat((np.cumsum(count) - count)[rows], repeat)
    rows, low_i, high_i = rows[left], low_i[left], high_i[left]
    low_j, high_j = low_j[right], high_j[right]
    model = chunk.leaves.model[rows]
    first_i, first_j = one.first[model], two.first[model]
    return rows, (low_i - first_i, high_i - first_i), (low_j - first_j, high_j - first_j)


def _relative(segments: Segments, leaves: Leaves) -> tuple[Ints, Ints]:
    """Return the run of each leaf on a range, from the first segment of its model on."""
    if isinstance(segments, Choices):  # a leaf may hold several
        return leaves.model[:0], leaves.model[:0]
    _, low, high = segments.runs(leaves)
    first = segments.first[leaves.model]
    return low - first, high - first


def _blocks(sizes_i: Ints, sizes_j: Ints) -> Iterator[tuple[int, int]]:
    """Yield ranges of models whose padded pair tables together fit the cache."""
    start, most_i, most_j = 0, sizes_i.tolist(), sizes_j.tolist()
    while start < len(most_i):
        stop, rows, columns = start + 1, most_i[start], most_j[start]
        while stop < len(most_i):
            rows, columns = max(rows, most_i[stop]), max(columns, most_j[stop])
            if rows * columns * (stop + 1 - start) >= _BLOCK_CELLS:
                break
            stop += 1
        yield start, stop
        start = stop


def _padded_widths(chunk: Chunk, i: int, start: int, n_models: int, size: int) -> Floats:
    """Return (size, models) segment widths, 0 beyond a model's own segments."""
    width = chunk.segments[i].width
    models = slice(start, start + n_models)
    first, count = chunk.segments[i].first[models], chunk.counts[i][models]
    k = np.arange(size)[:, None]
    return np.where(k < count, width[np.minimum(first + k, len(width) - 1)], 0.0)


def _variance(chunk: Chunk, i: int, j: int, start: int, cells: Floats) -> Floats:
    rows = _padded_widths(chunk, i, start, cells.shape[2], cells.shape[0])
    columns = _padded_widths(chunk, j, start, cells.shape[2], cells.shape[1])
    # Leaves are centred, so the mean of the cells is 0.
    variance: Floats = (np.einsum("kjt,kjt,jt->kt", cells, cells, columns) * rows).sum(axis=0)
    return variance


def _cut_variance(
    chunk: Chunk, pair: tuple[int, int], start: int, cells: Floats, mass: Floats
) -> Floats:
    """Return the variance of the pair marginal where a cut-off left only `mass` of each cell."""
    n_models = cells.shape[2]
    rows = _padded_widths(chunk, pair[0], start, n_models, cells.shape[0])
    columns = _padded_widths(chunk, pair[1], start, n_models, cells.shape[1])
    whole = np.maximum(chunk.model_mass[start : start + n_models], _TINY)
    weight = np.maximum(mass, 0.0) * rows[:, None] * columns / whole
    level = np.where(mass > _NO_MASS, cells / np.maximum(mass, _NO_MASS), 0.0)
    variance: Floats = (weight * level**2).sum((0, 1)) - (weight * level).sum((0, 1)) ** 2
    return variance
