"""The fitted surrogate as a response surface: shares of variance, marginals, pair surfaces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.axes import Axis, Floats, Restriction, column_axis
from hypertendril.analysis.fanova import Fanova
from hypertendril.analysis.surrogates import Surrogate

Pair = tuple[int, int]

# The variance is then within half a percent of that of a million points.
_SAMPLES = 4096
# Pair tables of more cells than this are not all computed: about half a second.
_MAX_CELLS = 2.5e7
# Models that vary less than this beside the others would turn rounding into shares.
_STILL = 1e-12


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of the surrogate, means over its models.

    Attributes:
        singles: (d,) of each parameter alone.
        band: (d,) their standard deviation.
        pairs: Pure interaction of each pair computed.
        higher_order: What singles and pairs leave, including pairs that were not computed.
        n_pairs: How many pairs there are.
    """

    singles: Floats
    band: Floats
    pairs: dict[Pair, float]
    higher_order: float
    n_pairs: int


class Response:
    """A surrogate over the space, or over a part of it.

    Args:
        axes: One per parameter.
        surrogate: Fitted to targets of mean 0 and variance 1.
        centre, scale: From the surrogate's predictions to the unit of the metric.
        restrictions: Position of a parameter to the part of it that counts.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        surrogate: Surrogate,
        centre: float,
        scale: float,
        restrictions: Mapping[int, Restriction] | None = None,
    ) -> None:
        self.axes = tuple(axes)
        self.surrogate = surrogate
        self._centre = centre
        self._scale = scale
        self._restrictions = dict(restrictions or {})
        self._fanova = Fanova(axes, surrogate.trees, surrogate.model, self._restrictions)

    def within(self, restrictions: Mapping[int, Restriction]) -> Response:
        """Return the same surrogate over a part of the space, without fitting again."""
        return Response(self.axes, self.surrogate, self._centre, self._scale, restrictions)

    def shares(self) -> Shares:
        """Return what share of the variance each parameter and each pair explains."""
        pairs = self._worthwhile_pairs()
        parts = [self._fanova.interaction(*pair)[1] for pair in pairs]
        known = self._fanova.main.sum(axis=1) + sum(parts)
        total = np.maximum(self._total(), known)
        moves = total > _STILL * max(float(total.max()), 1e-300)
        if not moves.any():
            nothing = np.zeros(len(self.axes))
            return Shares(nothing, nothing, dict.fromkeys(pairs, 0.0), 0.0, self._n_pairs)
        main = self._fanova.main[moves] / total[moves, None]
        return Shares(
            singles=main.mean(axis=0),
            band=main.std(axis=0) * self.surrogate.band_factor,
            pairs={
                pair: float((part[moves] / total[moves]).mean())
                for pair, part in zip(pairs, parts, strict=True)
            },
            higher_order=float((1.0 - known[moves] / total[moves]).mean()),
            n_pairs=self._n_pairs,
        )

    def marginal(self, i: int, n_points: int) -> tuple[Floats, Floats, Floats]:
        """Return (column values, mean, standard deviation) along parameter `i`."""
        values, encoded = self.axes[i].grid(n_points)
        curves = self._fanova.curve(i, encoded) + self.surrogate.offset[:, None]
        sd = curves.std(axis=0) * self.surrogate.band_factor
        return values, self._centre + self._scale * curves.mean(axis=0), self._scale * sd

    def surface(self, i: int, j: int, n_points: int) -> tuple[Floats, Floats, Floats]:
        """Return (column values of i, of j, mean (values of j, values of i))."""
        (x, at_x), (y, at_y) = self.axes[i].grid(n_points), self.axes[j].grid(n_points)
        mean = self._fanova.surface(j, i, at_y, at_x) + self.surrogate.offset.mean()
        return x, y, self._centre + self._scale * mean

    @property
    def _n_pairs(self) -> int:
        return len(self.axes) * (len(self.axes) - 1) // 2

    def _total(self) -> Floats:
        """Return (m,) the variance of each model, sampled where a model is a sum of trees."""
        if not self.surrogate.predict:
            return self._fanova.total
        u = _even_points(_SAMPLES, len(self.axes))
        columns = [
            axis.quantile(u[:, i], self._restrictions.get(i)) for i, axis in enumerate(self.axes)
        ]
        x = np.hstack(columns).astype(np.float32)
        return np.array([predict(x).var() for predict in self.surrogate.predict])

    def _worthwhile_pairs(self) -> list[Pair]:
        """Return the pairs to compute: all, or where that is too much those the trees use most."""
        pairs = list(itertools.combinations(range(len(self.axes)), 2))
        cells = np.array([self._fanova.pair_cells(*pair) for pair in pairs])
        if cells.sum() <= _MAX_CELLS:
            return pairs
        gain = np.bincount(column_axis(self.axes), self.surrogate.gain, len(self.axes))
        order = np.argsort([-min(gain[i], gain[j]) for i, j in pairs], kind="stable")
        n_kept = max(1, int(np.searchsorted(np.cumsum(cells[order]), _MAX_CELLS)))
        return [pairs[k] for k in np.sort(order[:n_kept]).tolist()]


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
