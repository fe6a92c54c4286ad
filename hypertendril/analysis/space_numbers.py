"""What the Search space overview says of importance: shares, bars on the axes, promising ranges.

Source: HyperTendril, section 5.3.2 and figure 6; DESIGN of the bars: the declared scale is cut into
bins of equal width, so that a logarithmic parameter is not one bar and nineteen slivers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.importance.estimate import Importance, Marginal
from hypertendril.analysis.importance.promising import kept_volume
from hypertendril.analysis.importance.promising_view import PromisingView, prepare_promising
from hypertendril.model import Parameter, SearchSpace, Study

MAX_BARS = 20
# Points of the estimate that are averaged in each bin.
POINTS_PER_BAR = 4
# A pair that explains less of the variance could not be seen.
LEAST_PAIR_SHARE = 5e-4
DIGITS = 6


@dataclass(frozen=True)
class Bars:
    """The estimated objective in the bins of one axis, all other parameters averaged out.

    Attributes:
        edges: (b, 2) ends of each bin, 0 to 1 along the declared scale; codes for choices, twice.
        mean: (b,) in the unit of the objective; bins where the parameter cannot be are left out.
        sd: (b,) standard deviation over the models.
    """

    edges: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


@dataclass(frozen=True)
class Range:
    """What is promising on one axis.

    Attributes:
        low, high: Column values, for numbers and ordered choices (codes).
        codes: Codes of the choices kept; empty for numbers.
        kept: Share of the axis that is left, in its declared scale.
        gain: Estimated objective inside, less that over the whole axis; NaN where unknown.
        gain_sd: Its uncertainty.
    """

    low: float
    high: float
    codes: tuple[int, ...]
    kept: float
    gain: float
    gain_sd: float


@dataclass(frozen=True)
class SpaceRanges:
    """One opinion of what is promising, axis by axis.

    Attributes:
        view: All of it together.
        ranges: Parameter to its range; none where it is the whole axis.
    """

    view: PromisingView
    ranges: Mapping[str, Range]

    def to_json(self) -> dict[str, Any]:
        """Return the ranges as the page's scripts take them."""
        return {name: _range_json(found) for name, found in self.ranges.items()}


@dataclass(frozen=True)
class SpaceNumbers:
    """Importance as the Search space overview takes it; blank while it is unknown.

    Attributes:
        study, version: What it was computed from.
        gain: What the shares are of where that is the gain per interval: above is better, and the
            colours of the bars are their own. Empty for the leading objective.
        singles: Parameter to share of the variance.
        pairs: Two parameters to the share of their interaction.
        explained: Share that singles and pairs explain together.
        has_ranks: The order of the parameters says more than chance.
        bars: Parameter to bars.
        promising: The promising ranges, an entry an opinion; none where too little is known.
    """

    study: str
    version: int
    gain: str
    singles: Mapping[str, float]
    pairs: Mapping[tuple[str, str], float]
    explained: float
    has_ranks: bool
    bars: Mapping[str, Bars]
    promising: tuple[SpaceRanges, ...]

    def to_json(self) -> dict[str, Any]:
        """Return all but the promising ranges as the page's scripts take them."""
        return {
            "study": self.study,
            "version": self.version,
            "gainName": self.gain,
            "singles": {name: round(share, DIGITS) for name, share in self.singles.items()},
            "pairs": [[a, b, round(share, DIGITS)] for (a, b), share in self.pairs.items()],
            "explained": round(self.explained, DIGITS),
            "hasRanks": self.has_ranks,
            "bars": {name: _bars_json(bars) for name, bars in self.bars.items()},
        }


def space_numbers(study: Study, importance: Importance | None) -> SpaceNumbers:
    """Return what is known of the importance of the parameters of `study`.

    Args:
        study: May be newer than what `importance` was made from.
        importance: Of the leading objective or of gains, with training time as one more parameter;
            None where there is none, which leaves ranges alone.
    """
    objective = study.objectives[0]
    leading = f"objective:{objective.name}"
    known = importance if importance is not None and importance.singles else None
    names = [name for name in study.space.names if known is not None and name in known.singles]
    marginals = {name: _marginal(known, name) for name in names} if known is not None else {}
    # A model of gains has no opinion of where the best trials lie.
    judge = known if known is not None and known.metric == leading else None
    return SpaceNumbers(
        study=study.id,
        version=known.version if known is not None else study.version,
        gain="" if known is None or known.metric == leading else known.metric.partition(":")[2],
        singles={name: known.singles[name] for name in names} if known is not None else {},
        pairs=_worthwhile(known.pairs, names) if known is not None else {},
        explained=known.explained if known is not None else 0.0,
        has_ranks=known is not None and known.has_ranks,
        bars={name: bars_of(study.space[name], found) for name, found in marginals.items()},
        promising=tuple(
            SpaceRanges(view, _ranges(study, view, marginals))
            for view in prepare_promising(study, judge, objective)
        ),
    )


def bars_of(parameter: Parameter, marginal: Marginal) -> Bars:
    """Return the marginal in at most twenty bins of equal width on the scale of `parameter`.

    Choices and whole numbers with few values have a bar each.
    """
    if parameter.is_discrete_choice:
        edges = np.column_stack([marginal.values, marginal.values])
        return _finite(Bars(edges, marginal.mean, marginal.sd))
    units = np.clip(parameter.to_unit(marginal.values), 0.0, 1.0)
    if len(units) <= MAX_BARS:
        middles = (units[1:] + units[:-1]) / 2
        ends = np.concatenate([[0.0], middles, [1.0]])
        return _finite(Bars(np.column_stack([ends[:-1], ends[1:]]), marginal.mean, marginal.sd))
    ends = np.linspace(0.0, 1.0, MAX_BARS + 1)
    n_points = MAX_BARS * POINTS_PER_BAR
    inside = (np.arange(n_points) + 0.5) / n_points
    means, sds = (
        np.interp(inside, units, values).reshape(MAX_BARS, POINTS_PER_BAR).mean(axis=1)
        for values in (marginal.mean, marginal.sd)
    )
    return _finite(Bars(np.column_stack([ends[:-1], ends[1:]]), means, sds))


def _marginal(importance: Importance, name: str) -> Marginal:
    return importance.marginal(name, MAX_BARS * POINTS_PER_BAR + 1)


def _finite(bars: Bars) -> Bars:
    keep = np.isfinite(bars.mean)
    return Bars(bars.edges[keep], bars.mean[keep], bars.sd[keep])


def _ranges(
    study: Study, view: PromisingView, marginals: Mapping[str, Marginal]
) -> dict[str, Range]:
    space = view.ranges.space
    return {
        p.name: _range(p, space[p.name], marginals.get(p.name))
        for p in study.space
        if p.name in space and space[p.name] != p
    }


def _range(whole: Parameter, part: Parameter, marginal: Marginal | None) -> Range:
    kept = kept_volume(SearchSpace((whole,)), SearchSpace((part,)))
    codes: tuple[int, ...] = ()
    if whole.is_discrete_choice:
        codes = tuple(int(whole.encode(choice)) for choice in part.choices)
        low, high = float(min(codes)), float(max(codes))
    else:
        assert part.low is not None and part.high is not None
        low, high = part.low, part.high
    gain, sd = (np.nan, np.nan) if marginal is None else _gain(marginal, low, high, codes)
    return Range(low, high, codes, kept, gain, sd)


def _gain(
    marginal: Marginal, low: float, high: float, codes: tuple[int, ...]
) -> tuple[float, float]:
    values = marginal.values
    inside = np.isin(values, codes) if codes else (values >= low) & (values <= high)
    inside &= np.isfinite(marginal.mean)
    if not inside.any():
        return float("nan"), float("nan")
    gain = marginal.mean[inside].mean() - np.nanmean(marginal.mean)
    return float(gain), float(marginal.sd[inside].mean())


def _worthwhile(
    pairs: Mapping[tuple[str, str], float], names: Sequence[str]
) -> dict[tuple[str, str], float]:
    return {
        pair: share
        for pair, share in pairs.items()
        if share >= LEAST_PAIR_SHARE and set(pair) <= set(names)
    }


def _bars_json(bars: Bars) -> dict[str, Any]:
    return {
        "edges": np.round(bars.edges, DIGITS).tolist(),
        "mean": bars.mean.tolist(),
        "sd": bars.sd.tolist(),
    }


def _range_json(found: Range) -> dict[str, Any]:
    is_known = np.isfinite(found.gain)
    return {
        "low": found.low,
        "high": found.high,
        "codes": list(found.codes),
        "kept": found.kept,
        "gain": found.gain if is_known else None,
        "gainSd": found.gain_sd if is_known else None,
    }
