"""The fitted surrogate as a response surface: shares of variance, marginals, pair surfaces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hypertendril.analysis.axes import Axis, Floats, Restriction, column_axis
from hypertendril.analysis.fanova import Fanova
from hypertendril.analysis.regimes import Regime, conditions_of
from hypertendril.analysis.shares import Pair, Shares, shares_of
from hypertendril.analysis.surrogates import Surrogate
from hypertendril.model import SearchSpace

# The variance is then within half a percent of that of a million points.
_SAMPLES = 4096
# Pair tables of more cells than this are not all computed: about half a second.
_MAX_CELLS = 2.5e7
# Each pair costs a millisecond or two besides its cells.
_MAX_PAIRS = 500


class Response:
    """A surrogate over the space, or over a part of it.

    Args:
        space: Parameters in the order of `axes`.
        axes: One per parameter.
        surrogate: Fitted to targets of mean 0 and variance 1.
        unit: Centre and scale, from the surrogate's predictions to the unit of the metric.
        restrictions: Position of a parameter to the part of it that counts.
    """

    def __init__(
        self,
        space: SearchSpace,
        axes: Sequence[Axis],
        surrogate: Surrogate,
        unit: tuple[float, float],
        restrictions: Mapping[int, Restriction] | None = None,
    ) -> None:
        self.axes = tuple(axes)
        self.surrogate = surrogate
        self._space = space
        self._unit = unit
        self.conditions = conditions_of(space, axes, restrictions or {})
        self._parts = [
            Fanova(axes, surrogate.trees, surrogate.model, regime.restrictions)
            for regime in self.conditions.regimes
        ]

    def within(self, restrictions: Mapping[int, Restriction]) -> Response:
        """Return the same surrogate over a part of the space, without fitting again."""
        return Response(self._space, self.axes, self.surrogate, self._unit, restrictions)

    def shares(self) -> Shares:
        """Return what share of the variance each parameter and each pair explains."""
        totals = [self._total(part, r) for part, r in self._regimes()]
        shares = shares_of(self.conditions, self._parts, totals, self._worthwhile_pairs())
        return replace(shares, band=shares.band * self.surrogate.band_factor)

    def marginal(self, i: int, n_points: int) -> tuple[Floats, Floats, Floats]:
        """Return (column values, mean, standard deviation) along parameter `i`.

        A conditional parameter's is of the regimes it is active in.
        """
        values, encoded = self.axes[i].grid(n_points)
        mixed = np.zeros((len(self.surrogate.offset), len(values)))
        mass = np.zeros(len(values))
        for part, regime in self._regimes():
            weight = regime.weight * self._is_possible(regime, i, values)
            mixed += weight * part.curve(i, encoded)
            mass += weight
        curves = _ratio(mixed, mass) + self.surrogate.offset[:, None]
        sd = curves.std(axis=0) * self.surrogate.band_factor
        return values, self._in_unit(curves.mean(axis=0)), self._unit[1] * sd

    def surface(self, i: int, j: int, n_points: int) -> tuple[Floats, Floats, Floats]:
        """Return (column values of i, of j, mean (values of j, values of i)).

        NaN where the two values cannot occur together.
        """
        (x, at_x), (y, at_y) = self.axes[i].grid(n_points), self.axes[j].grid(n_points)
        mixed, mass = np.zeros((len(y), len(x))), np.zeros((len(y), len(x)))
        for part, regime in self._regimes():
            possible = np.outer(self._is_possible(regime, j, y), self._is_possible(regime, i, x))
            if possible.any():
                mixed += regime.weight * possible * part.surface(j, i, at_y, at_x)
                mass += regime.weight * possible
        return x, y, self._in_unit(_ratio(mixed, mass) + self.surrogate.offset.mean())

    def _regimes(self) -> list[tuple[Fanova, Regime]]:
        return list(zip(self._parts, self.conditions.regimes, strict=True))

    def _in_unit(self, predicted: Floats) -> Floats:
        return self._unit[0] + self._unit[1] * predicted

    def _is_possible(self, regime: Regime, i: int, values: Floats) -> Floats:
        """Return (g,) 1 where parameter `i` can have the value in a regime, else 0."""
        if i not in self.conditions.conditional and i not in self.conditions.parents:
            return np.ones(len(values))
        part = regime.restrictions[i]
        if isinstance(part, frozenset):
            return np.isin(values, list(part)).astype(np.float64)
        return np.full(len(values), float(isinstance(part, tuple)))

    def _total(self, part: Fanova, regime: Regime) -> Floats:
        """Return (m,) the variance of each model, sampled where a model is a sum of trees."""
        if not self.surrogate.predict:
            return part.total
        u = _even_points(max(1024, _SAMPLES // len(self._parts)), len(self.axes))
        columns = [
            axis.quantile(u[:, i], regime.restrictions.get(i)) for i, axis in enumerate(self.axes)
        ]
        x = np.hstack(columns).astype(np.float32)
        return np.array([predict(x).var() for predict in self.surrogate.predict])

    def _worthwhile_pairs(self) -> list[Pair]:
        """Return the pairs to compute: all, or where that is too much those the trees use most."""
        pairs = list(itertools.combinations(range(len(self.axes)), 2))
        cells = len(self._parts) * np.array([self._parts[0].pair_cells(*pair) for pair in pairs])
        if cells.sum() <= _MAX_CELLS and len(pairs) <= _MAX_PAIRS:
            return pairs
        gain = np.bincount(column_axis(self.axes), self.surrogate.gain, len(self.axes))
        order = np.argsort([-min(gain[i], gain[j]) for i, j in pairs], kind="stable")
        n_kept = int(np.searchsorted(np.cumsum(cells[order]), _MAX_CELLS))
        n_kept = min(max(1, n_kept), _MAX_PAIRS)
        return [pairs[k] for k in np.sort(order[:n_kept]).tolist()]


def _ratio(mixed: Floats, mass: Floats) -> Floats:
    return np.where(mass > 0, mixed / np.where(mass > 0, mass, 1.0), np.nan)


def _even_points(n: int, d: int) -> Floats:
    """Return (n, d) points that fill the unit cube evenly, always the same.

    Source: the additive recurrence of the generalised golden ratio, Roberts (2018), "The
    unreasonable effectiveness of quasirandom sequences".
    """
    root = 2.0
    for _ in range(60):  # the root of x^(d+1) = x + 1
        root = (1.0 + root) ** (1.0 / (d + 1))
    steps = root ** -np.arange(1.0, d + 1)
    return (0.5 + np.arange(1, n + 1)[:, None] * steps) % 1.0
