"""The fitted surrogate as a response surface: shares of variance, marginals, pair surfaces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hypertendril.analysis.fanova.axes import Axis, ChoiceAxis, Floats, Restriction, column_axis
from hypertendril.analysis.fanova.regimes import Conditions, Regime, conditions_of
from hypertendril.analysis.fanova.shares import Pair, Shares, centre, shares_of, spread
from hypertendril.analysis.fanova.surrogates import Anova, Surrogate, single_thread
from hypertendril.analysis.progress import Tell, unheard
from hypertendril.model import SearchSpace

# Only what single effects leave of the variance is sampled; it is then within a few percent.
_SAMPLES, _LEAST_SAMPLES = 512, 256
# Points all over the space that a box of the best is taken from.
_BOX_POINTS = 1024
# Name of a parameter that no trial used, fitted with the others: what it seems to explain is chance.
# No user can have typed it.
SHADOW = "\0shadow"
# Pairs that a brush is answered with.
_PART_PAIRS = 28
# Pair tables of more cells than this are not all computed: about half a second.
_MAX_CELLS = 2.5e7
# Each pair costs a millisecond or two besides its cells.
_MAX_PAIRS = 500


@dataclass(frozen=True)
class Fit:
    """A fitted surrogate and what it was fitted over.

    Attributes:
        space: Parameters in the order of `axes`; the last one may be the shadow.
        axes: One per parameter.
        surrogate: Fitted to targets of mean 0 and variance 1.
        unit: Centre and scale, from the surrogate's predictions to the unit of the metric.
    """

    space: SearchSpace
    axes: tuple[Axis, ...]
    surrogate: Surrogate
    unit: tuple[float, float]

    @cached_property
    def anova(self) -> Anova:
        """Over all the space; parts of it are made from this."""
        with single_thread():
            return self.surrogate.anova(self.axes)


class Response:
    """A surrogate over the space, or over a part of it.

    Args:
        fit: The surrogate.
        restrictions: Position of a parameter to the part of it that counts.
        cutoff: Predictions, in the unit of the metric, outside of which nothing counts; only
            where the surrogate can be cut.
    """

    def __init__(
        self,
        fit: Fit,
        restrictions: Mapping[int, Restriction] | None = None,
        cutoff: tuple[float, float] | None = None,
    ) -> None:
        self.axes, self.surrogate = fit.axes, fit.surrogate
        self._fit = fit
        self._n_real = sum(name != SHADOW for name in fit.space.names)
        self._is_part = bool(restrictions) or cutoff is not None
        conditions = conditions_of(fit.space, fit.axes, restrictions or {})
        scaled = None if cutoff is None else _standardised(cutoff, fit.unit)
        with single_thread():
            parts = [
                fit.anova.within(r.restrictions, scaled) if r.restrictions or scaled else fit.anova
                for r in conditions.regimes
            ]
        left = [
            r.weight * part.left.mean() for r, part in zip(conditions.regimes, parts, strict=True)
        ]
        #: Share of the part of the space in which the model expects values inside the cut-off.
        self.left = float(sum(left)) if cutoff else 1.0
        self.conditions, self._parts = (
            _weighed(conditions, parts, left) if cutoff else (conditions, parts)
        )

    def within(
        self, restrictions: Mapping[int, Restriction], cutoff: tuple[float, float] | None = None
    ) -> Response:
        """Return the same surrogate over a part of the space, without fitting again."""
        return Response(self._fit, restrictions, cutoff)

    def shares(self, tell: Tell = unheard) -> Shares:
        """Return what share of the variance each parameter and each pair explains.

        The shadow is the last of the singles and in no pair; what it explains with others is of
        higher order. `tell` hears how far it is.
        """
        totals = [self._total(part, r) for part, r in self._regimes()]
        pairs, leader = self._worthwhile_pairs(), self.surrogate.leader
        with single_thread():
            found = shares_of(self.conditions, self._parts, totals, pairs, leader, tell)
        factor, n = self.surrogate.band_factor, self._n_real
        return replace(
            found,
            band=found.band * factor,
            pair_band={pair: sd * factor for pair, sd in found.pair_band.items()},
            higher_order=found.higher_order + float(found.singles[n:].sum()),
            n_pairs=n * (n - 1) // 2,
        )

    def mean(self) -> Floats:
        """Return (m,) the mean over the space of each model, in the unit of the metric."""
        weights = np.array([regime.weight for regime in self.conditions.regimes])
        means = weights @ np.array([part.mean for part in self._parts])
        return self._in_unit(means + self.surrogate.offset)

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
        leader = self.surrogate.leader
        sd = spread(curves, leader) * self.surrogate.band_factor
        return values, self._in_unit(centre(curves, leader)), self._fit.unit[1] * sd

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

    def sampled(self) -> tuple[Floats, Floats, Floats]:
        """Return (g, d) column values of points all over the space, their mean and deviation (g,).

        Each regime has its share of the points.
        """
        leader = self.surrogate.leader
        values, predicted = [], []
        for _, regime in self._regimes():
            n = round(_BOX_POINTS * regime.weight)
            u = _even_points(n, len(self.axes)) if n else np.zeros((0, len(self.axes)))
            columns = [
                axis.quantile(u[:, i], regime.restrictions.get(i))
                for i, axis in enumerate(self.axes)
            ]
            pairs = zip(self.axes, columns, strict=True)
            values.append(np.column_stack([axis.decode(column) for axis, column in pairs]))
            predicted.append(self.surrogate.predictions(self.axes, np.hstack(columns)))
        of_models = np.hstack(predicted) + self.surrogate.offset[:, None]
        sd = spread(of_models, leader) * self.surrogate.band_factor
        mean = self._in_unit(centre(of_models, leader))
        return np.vstack(values), mean, self._fit.unit[1] * sd

    def _regimes(self) -> list[tuple[Anova, Regime]]:
        return list(zip(self._parts, self.conditions.regimes, strict=True))

    def _in_unit(self, predicted: Floats) -> Floats:
        return self._fit.unit[0] + self._fit.unit[1] * predicted

    def _is_possible(self, regime: Regime, i: int, values: Floats) -> Floats:
        """Return (g,) 1 where parameter `i` can have the value in a regime, else 0."""
        if i not in self.conditions.conditional and i not in self.conditions.parents:
            return np.ones(len(values))
        part = regime.restrictions[i]
        if isinstance(part, frozenset):
            return np.isin(values, list(part)).astype(np.float64)
        return np.full(len(values), float(isinstance(part, tuple)))

    def _total(self, part: Anova, regime: Regime) -> Floats:
        """Return the variance of each model; where a model is a sum of trees, partly sampled.

        Marginals are known exactly, so they are subtracted first: the fewer points are needed.
        """
        if not self.surrogate.is_sum:
            return part.total
        u = _even_points(max(_LEAST_SAMPLES, _SAMPLES // len(self._parts)), len(self.axes))
        singles, columns = np.zeros((len(part.mean), len(u))), []
        for i, axis in enumerate(self.axes):
            column = axis.quantile(u[:, i], regime.restrictions.get(i))
            is_choice = isinstance(axis, ChoiceAxis)
            singles += part.curve(i, column.argmax(axis=1) if is_choice else column[:, 0])
            columns.append(column)
        rest = self.surrogate.predictions(self.axes, np.hstack(columns)) - singles
        total: Floats = part.main.sum(axis=1) + rest.var(axis=1)
        return total

    def _worthwhile_pairs(self) -> list[Pair]:
        """Return the pairs to compute: all, or where that is too much those the trees use most."""
        most = _PART_PAIRS if self._is_part else _MAX_PAIRS
        pairs = list(itertools.combinations(range(self._n_real), 2))
        cells = len(self._parts) * np.array(
            [self._parts[0].pair_cells(*pair) for pair in pairs], dtype=np.int64
        )
        if cells.sum() <= _MAX_CELLS and len(pairs) <= most:
            return pairs
        gain = np.bincount(column_axis(self.axes), self.surrogate.gain, len(self.axes))
        order = np.argsort([-min(gain[i], gain[j]) for i, j in pairs], kind="stable")
        n_kept = int(np.searchsorted(np.cumsum(cells[order]), _MAX_CELLS))
        n_kept = min(max(1, n_kept), most)
        return [pairs[k] for k in np.sort(order[:n_kept]).tolist()]


def _standardised(cutoff: tuple[float, float], unit: tuple[float, float]) -> tuple[float, float]:
    scale = unit[1] or 1.0
    return (cutoff[0] - unit[0]) / scale, (cutoff[1] - unit[0]) / scale


def _weighed(
    conditions: Conditions, parts: Sequence[Anova], mass: Sequence[float]
) -> tuple[Conditions, list[Anova]]:
    """Return the regimes of which a cut-off left some `mass`, weighed by it."""
    rows = [k for k, weight in enumerate(mass) if weight > 0]
    if not rows:  # nothing is left: any regime says so
        regimes: tuple[Regime, ...] = (replace(conditions.regimes[0], weight=1.0),)
        return replace(conditions, regimes=regimes), [parts[0]]
    total = sum(mass[k] for k in rows)
    regimes = tuple(replace(conditions.regimes[k], weight=mass[k] / total) for k in rows)
    return replace(conditions, regimes=regimes), [parts[k] for k in rows]


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
