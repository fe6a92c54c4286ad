"""Functional ANOVA of Gaussian processes: the same parts as of trees, by a rule per axis.

The prediction is a sum of products of one factor per axis, so an average over an axis is an average
of its factor: a Gauss-Legendre rule on ranges, the values themselves on steps and choices. With n
trials and g places an axis costs O(n g), a pair O(n g^2), the variance O(n^2 (g + d)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hypertendril.analysis.fanova.axes import (
    Axis,
    ChoiceAxis,
    Floats,
    Inactive,
    Restriction,
    StepAxis,
)
from hypertendril.analysis.fanova.boxes import Ints
from hypertendril.analysis.fanova.gaussian import Gaussian, columns_of, scaled_column

# Places of a rule that is exact to some 1e-4 of the variance, by the length scale: few for a long one.
_LEAST_PLACES, _MOST_PLACES, _PLACES_PER_BEND = 6, 40, 3.0
# More steps than these are sampled.
_MAX_VALUES = 48
_TINY = 1e-12
# A factor that changes less than this along its axis may be averaged before it is squared.
_FLAT = 0.01


class GaussianAnova:
    """The ANOVA of several processes over the same axes.

    Args:
        axes: One per parameter.
        models: Fitted processes.
        restrictions: Position of an axis to the part of it that counts.

    Attributes:
        mean: (m,) mean prediction of each model over the restricted space.
        total: (m,) variance.
        main: (m, d) variance of each parameter's marginal.
        left: (m,) all ones: nothing is ever cut off.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        models: Sequence[Gaussian],
        restrictions: Mapping[int, Restriction] | None = None,
    ) -> None:
        self.axes = tuple(axes)
        self._models = models
        self._columns = columns_of(axes)
        restrictions = restrictions or {}
        shortest = np.min([model.length for model in models], axis=0)
        counts = np.ceil(_LEAST_PLACES + _PLACES_PER_BEND / shortest).clip(max=_MOST_PLACES)
        self._places = [
            places(axis, restrictions.get(i), int(counts[i])) for i, axis in enumerate(axes)
        ]
        self._parts = [_Part(self, model) for model in models]
        self.mean = np.array([part.mean for part in self._parts])
        self.total = np.array([part.total for part in self._parts])
        self.main = np.array([part.main for part in self._parts])
        self.left = np.ones(len(models))

    def within(
        self,
        restrictions: Mapping[int, Restriction],
        cutoff: tuple[float, float] | None = None,  # noqa: ARG002 - no process can be cut
    ) -> GaussianAnova:
        """Return the ANOVA of the same models over a part of all the space."""
        return GaussianAnova(self.axes, self._models, restrictions)

    def interaction(self, i: int, j: int) -> tuple[Floats, Floats]:
        """Return (m,) the variance of the pair marginal, and the part that is pure interaction."""
        joint = np.array([part.joint(i, j) for part in self._parts])
        return joint, np.maximum(joint - self.main[:, i] - self.main[:, j], 0.0)

    def pair_cells(self, i: int, j: int) -> int:
        """Return how many cells the pair tables of all models have."""
        return len(self._parts) * len(self._places[i][1]) * len(self._places[j][1])

    def levels(self, i: int) -> list[tuple[Ints, Floats, Floats]]:
        """Return, for each place on axis `i` of all models, its model, mass and marginal."""
        weight = self._places[i][1]
        model = np.repeat(np.arange(len(self._parts)), len(weight))
        level = np.concatenate([part.levels[i] for part in self._parts])
        return [(model, np.tile(weight, len(self._parts)), level)]

    def curve(self, i: int, encoded: Floats) -> Floats:
        """Return (m, g) the marginal of axis `i` at encoded values (codes for choices)."""
        at = self._at(i, encoded)
        return np.array([part.factor(i, at) @ part.without(i) for part in self._parts])

    def surface(self, i: int, j: int, at_i: Floats, at_j: Floats) -> Floats:
        """Return (g, h) the pair marginal at encoded values, of the model of all trials."""
        part = self._parts[-1]
        rows, columns = (part.factor(k, self._at(k, z)) for k, z in ((i, at_i), (j, at_j)))
        surface: Floats = (rows * part.without(i, j)) @ columns.T
        return surface

    def scaled_places(self, i: int) -> tuple[Floats, Floats]:
        """Return (g, columns) scaled places on axis `i` and (g,) their masses."""
        return self._places[i]

    def columns(self, i: int) -> slice:
        """Return the encoded columns of axis `i`."""
        return self._columns[i]

    def _at(self, i: int, encoded: Floats) -> Floats:
        axis = self.axes[i]
        if isinstance(axis, ChoiceAxis):
            return np.eye(axis.n_columns)[encoded.astype(np.int64)]
        return scaled_column(axis, encoded)[:, None]


class _Part:
    """One model: its factors at the places of every axis, and their averages."""

    def __init__(self, anova: GaussianAnova, model: Gaussian) -> None:
        self._anova, self._model = anova, model
        d = len(anova.axes)
        self._weights = [anova.scaled_places(i)[1] for i in range(d)]
        self._factors = [self.factor(i, anova.scaled_places(i)[0]) for i in range(d)]
        averages = [w @ f for w, f in zip(self._weights, self._factors, strict=True)]
        self._averages = np.maximum(np.array(averages), 1e-200)
        self._product = model.weight * self._averages.prod(axis=0)
        self.mean = float(self._product.sum())
        self.levels = [self._factors[i] @ self.without(i) for i in range(d)]
        self.main = np.array(
            [
                w @ (level - self.mean) ** 2
                for w, level in zip(self._weights, self.levels, strict=True)
            ]
        )
        self.total = self._variance()

    def factor(self, i: int, at: Floats) -> Floats:
        """Return (g, n) the factor of axis `i` at scaled places."""
        return self._model.factor(i, at, self._anova.columns(i))

    def without(self, *axes: int) -> Floats:
        """Return (n,) the trials' weights with all axes averaged but these."""
        others = np.ones(len(self._averages), dtype=bool)
        others[list(axes)] = False
        product: Floats = self._model.weight * self._averages[others].prod(axis=0)
        return product

    def joint(self, i: int, j: int) -> float:
        """Return the variance of the pair marginal."""
        surface = (self._factors[i] * self.without(i, j)) @ self._factors[j].T - self.mean
        return float(self._weights[i] @ surface**2 @ self._weights[j])

    def _variance(self) -> float:
        moves = [
            float(np.ptp(f, axis=0).max(initial=0.0)) > _FLAT * float(f.max(initial=1.0))
            for f in self._factors
        ]
        still = self._averages[~np.array(moves, dtype=bool)].prod(axis=0) * self._model.weight
        both = np.outer(still, still)
        for weight, factor, is_moving in zip(self._weights, self._factors, moves, strict=True):
            if is_moving:
                both *= factor.T @ (weight[:, None] * factor)
        return max(float(both.sum()) - self.mean**2, 0.0)


def places(axis: Axis, restriction: Restriction | None, n: int) -> tuple[Floats, Floats]:
    """Return (g, columns) scaled places that stand for an axis, and (g,) their masses, sum 1.

    Args:
        axis: Any axis.
        restriction: What part of it counts.
        n: So many places on a range.
    """
    if isinstance(axis, ChoiceAxis):
        mass = axis.restricted_mass(restriction)
        kept = np.flatnonzero(mass > 0)
        return np.eye(axis.n_columns)[kept], mass[kept]
    if isinstance(axis, StepAxis) and len(axis.encoded) <= _MAX_VALUES:
        encoded = axis.encoded
        if axis.inactive:
            encoded = np.append(axis.quantile(np.zeros(1), Inactive.ONLY)[:, 0], encoded)
        mass = np.diff(axis.mass_below(encoded, restriction), prepend=0.0)
        kept = np.flatnonzero(mass > _TINY)
        # A restriction between two steps leaves none: then the nearest above it counts.
        if len(kept):
            return scaled_column(axis, encoded[kept])[:, None], mass[kept] / mass[kept].sum()
    atom = 0.0 if isinstance(restriction, tuple) else axis.inactive
    u, weight = np.polynomial.legendre.leggauss(n)
    part, weight = (u + 1) / 2, weight / 2 * (1.0 - atom)
    if restriction is Inactive.ONLY:
        part, weight = np.zeros(1), np.ones(1)
    elif atom:
        part, weight = np.append(part * (1 - atom) + atom, 0.0), np.append(weight, atom)
    return scaled_column(axis, axis.quantile(part, restriction)[:, 0])[:, None], weight
