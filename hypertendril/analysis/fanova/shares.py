"""Shares of variance, over one regime or several.

With one regime these are the ANOVA's own parts. With several, regime r of weight w_r with mean
mu_r, variance T_r and parts V_r adds up to

    total = sum w_r T_r + variance of the mu_r over regimes

The variance between regimes belongs to the parents whose branches they are. A parameter that is
always there has the variance of its marginal mixed over regimes; what its marginals differ by from
branch to branch is its interaction with the parent. A conditional parameter has what it explains
where it is active, weighted by how much of the space that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hypertendril.analysis.fanova.axes import Floats
from hypertendril.analysis.fanova.regimes import Conditions
from hypertendril.analysis.fanova.surrogates import Anova
from hypertendril.analysis.fanova.tree_anova import mixed_variance
from hypertendril.analysis.progress import Tell, unheard

Pair = tuple[int, int]

# Models that vary less than this beside the others would turn rounding into shares.
_STILL = 1e-12


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of the surrogate, means over its models or of the leading one.

    Attributes:
        singles: (d,) of each parameter alone.
        band: (d,) their standard deviation over models.
        pairs: Pure interaction of each pair computed.
        pair_band: Their standard deviation over models.
        higher_order: What singles and pairs leave, including pairs that were not computed.
        n_pairs: How many pairs there are.
    """

    singles: Floats
    band: Floats
    pairs: dict[Pair, float]
    pair_band: dict[Pair, float]
    higher_order: float
    n_pairs: int


def shares_of(
    conditions: Conditions,
    parts: Sequence[Anova],
    totals: Sequence[Floats],
    pairs: Sequence[Pair],
    leader: int | None = None,
    tell: Tell = unheard,
) -> Shares:
    """Return the shares of every parameter and of `pairs`.

    Args:
        conditions: The regimes.
        parts: The ANOVA of each regime.
        totals: Per regime, (m,) the variance of each model.
        pairs: Which pairs to compute, lower position first.
        leader: The model whose shares count, None for the mean over all.
        tell: Hears how far it is.
    """
    d = parts[0].main.shape[1]
    weights = np.array([regime.weight for regime in conditions.regimes])
    between = _Between(conditions, parts, weights)
    singles = sum(w * part.main for w, part in zip(weights, parts, strict=True))
    crossed = {}
    for k, pair in enumerate(pairs):
        crossed[pair] = _mixed_interaction(parts, weights, pair)
        tell((k + 1) / len(pairs))
    if len(parts) > 1:
        for i in range(d):
            between.share_out(i, singles, crossed)
    known = singles.sum(axis=1) + sum(crossed.values())
    within = sum(w * total for w, total in zip(weights, totals, strict=True))
    total = np.maximum(within + between.variance(frozenset(conditions.parents)), known)
    moves = total > _STILL * max(float(total.max()), 1e-300)
    n_pairs = d * (d - 1) // 2
    if not moves.any():
        still = dict.fromkeys(pairs, 0.0)
        return Shares(np.zeros(d), np.zeros(d), still, still, 0.0, n_pairs)
    place = None if leader is None or not moves[leader] else int(moves[:leader].sum())
    scale = total[moves]
    relative = singles[moves] / scale[:, None]
    mixed = {pair: part[moves] / scale for pair, part in crossed.items()}
    return Shares(
        singles=centre(relative, place),
        band=spread(relative, place),
        pairs={pair: float(centre(part, place)) for pair, part in mixed.items()},
        pair_band={pair: float(spread(part, place)) for pair, part in mixed.items()},
        higher_order=float(centre(1.0 - known[moves] / scale, place)),
        n_pairs=n_pairs,
    )


def centre(of_models: Floats, leader: int | None) -> Floats:
    """Return the leading row of (m, ...) values, the mean over all without a leader."""
    found: Floats = of_models.mean(axis=0) if leader is None else of_models[leader]
    return found


def spread(of_models: Floats, leader: int | None) -> Floats:
    """Return the standard deviation over the models that are not the leader."""
    rows = np.arange(len(of_models)) != (-1 if leader is None else leader)
    found: Floats = of_models[rows].std(axis=0) if rows.any() else np.zeros(of_models.shape[1:])
    return found


def _mixed_interaction(parts: Sequence[Anova], weights: Floats, pair: Pair) -> Floats:
    mixed: Floats = sum(
        w * part.interaction(*pair)[1] for w, part in zip(weights, parts, strict=True)
    )
    return mixed


class _Between:
    """Differences between regimes, and to which parent they belong."""

    def __init__(self, conditions: Conditions, parts: Sequence[Anova], weights: Floats) -> None:
        self._conditions = conditions
        self._parts = parts
        self._weights = weights
        self._means = np.array([part.mean for part in parts])

    def variance(self, parents: frozenset[int]) -> Floats:
        """Return (m,) the variance of the mean given the branches of `parents`."""
        groups = self._groups(parents)
        mass = np.array([self._weights[rows].sum() for rows in groups])
        means = np.array(
            [self._weights[rows] @ self._means[rows] / self._weights[rows].sum() for rows in groups]
        )
        overall = mass @ means
        variance: Floats = mass @ (means - overall) ** 2
        return variance

    def share_out(self, i: int, singles: Floats, pairs: dict[Pair, Floats]) -> None:
        """Put right, in place, what summing over regimes said about axis `i`."""
        conditions = self._conditions
        if i in conditions.parents:
            singles[:, i] += self._gain(self.variance, i)
        elif i not in conditions.conditional:
            singles[:, i] = self._marginal_variance(i, frozenset())
            for parent in conditions.parents:
                pair = (min(i, parent), max(i, parent))
                if pair in pairs:
                    gain = self._gain(lambda known: self._marginal_variance(i, known), parent)
                    pairs[pair] = pairs[pair] + gain

    def _gain(self, variance: Callable[[frozenset[int]], Floats], parent: int) -> Floats:
        """Return what knowing the branch of `parent` adds to knowing those of its own parents."""
        known = self._conditions.ancestors[parent]
        return np.maximum(variance(known | {parent}) - variance(known), 0.0)

    def _marginal_variance(self, i: int, parents: frozenset[int]) -> Floats:
        """Return (m,) the variance of the marginal of axis `i`, mixed within branches of `parents`."""
        total = np.zeros(self._means.shape[1])
        for rows in self._groups(parents):
            mass = self._weights[rows].sum()
            mixed = [self._parts[row] for row in rows]
            total += mass * mixed_variance(mixed, self._weights[rows] / mass, i)
        return total

    def _groups(self, parents: frozenset[int]) -> list[list[int]]:
        """Return the regimes, those together that share the branches of `parents`."""
        places = [k for k, p in enumerate(self._conditions.parents) if p in parents]
        found: dict[tuple[int, ...], list[int]] = {}
        for row, regime in enumerate(self._conditions.regimes):
            found.setdefault(tuple(regime.branch[k] for k in places), []).append(row)
        return list(found.values())
