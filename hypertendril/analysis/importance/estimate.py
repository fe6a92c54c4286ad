"""How important each hyperparameter is: shares of the variance of an objective, with their honesty.

Source: HyperTendril, section 5.3.2; Hutter, Hoos, Leyton-Brown (2014). docs/importance.md says
what is computed, from what, and when not to believe it.
"""

from __future__ import annotations

import itertools
import math
import warnings as python_warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.fanova.axes import Floats, Restriction, axes_of, encode
from hypertendril.analysis.fanova.response import SHADOW, Fit, Response
from hypertendril.analysis.fanova.shares import Shares, centre, spread
from hypertendril.analysis.fanova.surrogates import fit_surrogate, no_surrogate
from hypertendril.analysis.importance.honesty import HIDDEN_R2, lacks_data, sentences
from hypertendril.analysis.importance.targets import Target, target_of
from hypertendril.analysis.progress import Tell, part, unheard
from hypertendril.model import Direction, Parameter, ParameterKind, SearchSpace, Study

MARGINAL_POINTS = 64
SURFACE_POINTS = 32
_SHADOW = Parameter(SHADOW, ParameterKind.FLOAT, 0.0, 1.0)
# Of the standardised target: rounding in the unit of the metric must not decide between equal splits.
_DIGITS = 6
# Of all the work, about.
_FIT_SHARE = 0.8


@dataclass(frozen=True)
class Marginal:
    """The estimated metric along one parameter, all others averaged out.

    Attributes:
        values: (g,) ascending column values, evenly spaced in the declared scale; codes for choices.
        mean: (g,) in the unit of the metric.
        sd: (g,) standard deviation over the models of the surrogate.
    """

    values: Floats
    mean: Floats
    sd: Floats


@dataclass(frozen=True)
class PairSurface:
    """The estimated metric over two parameters, all others averaged out.

    Attributes:
        x: (g,) column values of the first parameter.
        y: (h,) column values of the second.
        mean: (h, g) in the unit of the metric; NaN where the two values exclude each other.
    """

    x: Floats
    y: Floats
    mean: Floats


class _NamedShares(TypedDict):
    singles: dict[str, float]
    band: dict[str, float]
    pairs: dict[tuple[str, str], float]
    pair_band: dict[tuple[str, str], float]
    higher_order: float
    shadow: float


@dataclass(frozen=True)
class Importance:
    """Shares of the variance of a metric over the search space; they are never renormalised.

    Singles, pairs and higher order together are 1, or all 0 where nothing varies.

    Attributes:
        study, version: What it was computed from.
        metric: Column key.
        n_trials: Trials the surrogate was fitted to.
        surrogate: `random forest`, `gradient boosting`, `Gaussian process` or `none`.
        r2: Share of the variance predicted for unseen trials; NaN for none.
        singles: Share of each parameter alone, in the order of the space.
        pairs: Share of each pair's interaction, beyond their singles; names in the order of the
            space. All pairs, or in large spaces those that matter most.
        higher_order: All the rest.
        band: Standard deviation of each single share.
        pair_band: Standard deviation of each pair's.
        shadow: Share of a parameter that no trial used: not above it means not told from chance.
        warnings: What a reader must know, a sentence each.
        left: Share of the space in which the model expects values inside a cut-off; 1 without one.
    """

    study: str
    version: int
    metric: str
    n_trials: int
    surrogate: str
    r2: float
    singles: dict[str, float]
    pairs: dict[tuple[str, str], float]
    higher_order: float
    band: dict[str, float]
    warnings: tuple[str, ...]
    pair_band: dict[tuple[str, str], float]
    shadow: float
    _names: tuple[str, ...] = field(repr=False)
    _response: Response | None = field(repr=False, compare=False)
    _values: Floats = field(repr=False, compare=False)
    left: float = 1.0
    _whole: Importance | None = field(default=None, repr=False, compare=False)

    @property
    def explained(self) -> float:
        """The share that single and pair effects explain together."""
        return sum(self.singles.values()) + sum(self.pairs.values())

    @property
    def has_ranks(self) -> bool:
        """Whether the order of the parameters says more than chance."""
        return self.r2 >= HIDDEN_R2

    def marginal(self, name: str, n_points: int = MARGINAL_POINTS) -> Marginal:
        """Return the estimate along parameter `name`; a flat line where there is no model.

        Args:
            name: A parameter; KeyError where there is none.
            n_points: At most so many values of a number; choices are never thinned.
        """
        assert self._response is not None
        return Marginal(*self._response.marginal(self._place(name), n_points))

    def surface(self, x: str, y: str, n_points: int = SURFACE_POINTS) -> PairSurface:
        """Return the estimate over two different parameters; KeyError where there is none.

        Args:
            x, y: Parameters of the columns and the rows of the surface.
            n_points: At most so many values of a number on each axis.
        """
        assert self._response is not None
        return PairSurface(*self._response.surface(self._place(x), self._place(y), n_points))

    @property
    def can_cut(self) -> bool:
        """Whether `within` can leave out what lies beyond a value: only a forest can."""
        return self._response is not None and self._response.surrogate.can_cut

    def best_part(self, share: float, direction: Direction) -> tuple[float, float]:
        """Return between which values of the metric the best `share` of the trials lie."""
        if not len(self._values):
            return -math.inf, math.inf
        is_high = direction is Direction.MAXIMIZE
        bound = float(np.quantile(self._values, 1.0 - share if is_high else share))
        return (bound, math.inf) if is_high else (-math.inf, bound)

    def within(
        self,
        restrictions: Mapping[str, Restriction],
        cutoff: tuple[float, float] | None = None,
    ) -> Importance:
        """Return the importance over a part of the space, from the same model.

        Args:
            restrictions: Parameter to (low, high) column values, to a set of codes, or to
                `Inactive.ONLY`.
            cutoff: Only where the model predicts values between these two (Hooker 2007). Without
                effect where the model cannot be cut.
        """
        if self._response is None:
            return self
        places = {self._place(name): part for name, part in restrictions.items()}
        response = self._response.within(places, cutoff if self.can_cut else None)
        order = {name: self._place(name) for name in self.singles}
        part = replace(self, **_named(response.shares(), order), _response=response)
        part = replace(part, left=response.left, _whole=self.whole())
        return part if part.left > 0 else _warned(part, [_nothing_left(cutoff)])

    def whole(self) -> Importance:
        """Return the importance over all of the space that this is of a part of."""
        return self._whole or self

    def expected_gain(self, restrictions: Mapping[str, Restriction]) -> tuple[float, float]:
        """Return how much more of the metric is expected in a part of the space, and its sd.

        Compared are a random trial of the part and one of all the space, whatever part this is the
        importance of. (NaN, NaN) without a model.
        """
        if self._response is None or self.surrogate == "none":
            return math.nan, math.nan
        places = {self._place(name): part for name, part in restrictions.items()}
        gains = self._response.within(places).mean() - self._response.within({}).mean()
        surrogate = self._response.surrogate
        sd = float(spread(gains, surrogate.leader)) * surrogate.band_factor
        return float(centre(gains, surrogate.leader)), sd

    def sampled(self) -> tuple[dict[str, Floats], Floats, Floats] | None:
        """Return points all over this part of the space, and what the model expects there.

        Returns:
            Parameter to (g,) column values, NaN where inactive; (g,) mean and (g,) standard
            deviation over the models, in the unit of the metric. None without a model.
        """
        if self._response is None or self.surrogate == "none":
            return None
        values, mean, sd = self._response.sampled()
        columns = {name: values[:, self._place(name)] for name in self.singles}
        return columns, mean, sd

    def _place(self, name: str) -> int:
        if name not in self.singles:
            raise KeyError(name)
        return self._names.index(name)


def importance_of(
    study: Study,
    metric: str | None = None,
    rows: NDArray[np.int64] | NDArray[np.bool_] | None = None,
    seed: int = 0,
    *,
    only_forest: bool = False,
    tell: Tell = unheard,
) -> Importance:
    """Return how important each parameter is for a metric.

    Bad data never raises: no trial, one trial, equal targets, NaN and infinities give zeros and a
    sentence. The order of trials and of parameters does not change the result.

    Args:
        study: Any study.
        metric: `objective:NAME`, `metric:NAME`, `failure` (the probability that a trial fails) or
            `at:RESOURCE` (the leading objective after so much); None for the leading objective.
        rows: Rows, or a mask (n,), to restrict to; None for all.
        seed: Equal arguments give equal results.
        only_forest: Ask for no other model: a forest can be cut off, whatever predicts best.
        tell: Hears how far it is, 0 to 1; what it raises ends the computation.

    Raises:
        KeyError: The study has no such column.

    Example:
        >>> found = importance_of(study, "objective:accuracy")  # doctest: +SKIP
        >>> found.singles["lr"], found.pairs["lr", "batch"], found.r2  # doctest: +SKIP
        (0.61, 0.12, 0.83)
    """
    metric = f"objective:{study.objectives[0].name}" if metric is None else metric
    target = target_of(study, metric, rows, seed)
    names = tuple(sorted(study.space.names))
    blank = Importance(
        study=study.id,
        version=study.version,
        metric=metric,
        n_trials=len(target.rows),
        surrogate="none",
        r2=float("nan"),
        singles={},
        pairs={},
        higher_order=0.0,
        band={},
        warnings=target.warnings,
        pair_band={},
        shadow=0.0,
        _names=names,
        _response=None,
        _values=target.values,
    )
    if not names:
        return _warned(blank, ["The study has no parameters."])
    of_fit = part(tell, 0.0, _FIT_SHARE)
    response = _fit(study, target, names, seed, only_forest=only_forest, tell=of_fit)
    shares = response.shares(part(tell, _FIT_SHARE, 1.0))
    order = {name: names.index(name) for name in study.space.names}
    found = replace(
        blank,
        surrogate=response.surrogate.name,
        r2=response.surrogate.r2,
        _response=response,
        **_named(shares, order),
    )
    return _warned(found, sentences(names, target, response, shares))


def _fit(
    study: Study,
    target: Target,
    names: tuple[str, ...],
    seed: int,
    *,
    only_forest: bool,
    tell: Tell,
) -> Response:
    """Return the response fitted to parameters by name and trials by value: input order is nothing."""
    columns = [study.space.index(name) for name in names]
    space = SearchSpace((*(study.space[name] for name in names), _SHADOW))
    values = np.column_stack(
        [study.trials.values[target.rows][:, columns], np.zeros(len(target.rows))]
    )
    axes = axes_of(space, values)
    x = encode(axes, values)
    if lacks_data(target):
        middle = float(target.values.mean()) if len(target.values) else math.nan
        return Response(Fit(space, axes, no_surrogate(x.shape[1]), (middle, 0.0)))
    order = np.lexsort((target.values, *x.T))
    x, y = x[order], target.values[order]
    x[:, -1] = np.random.default_rng(seed).random(len(y))
    # In two steps: the variance of values near the largest double would overflow.
    size = float(np.abs(y).max())
    middle, width = float((y / size).mean()), float((y / size).std())
    scaled = np.round((y / size - middle) / width, _DIGITS)
    with python_warnings.catch_warnings():
        # A handful of trials may leave one that every tree has seen; the R2 then says enough.
        python_warnings.simplefilter("ignore", UserWarning)
        surrogate = fit_surrogate(axes, x, scaled, seed, only_forest=only_forest, tell=tell)
    return Response(Fit(space, axes, surrogate, (middle * size, width * size)))


def _named(shares: Shares, order: Mapping[str, int]) -> _NamedShares:
    """Return the shares under names, in the order of `order` (name to position in the response)."""
    names = list(order)
    pairs, pair_band = {}, {}
    for first, second in itertools.combinations(names, 2):
        i, j = sorted((order[first], order[second]))
        if (i, j) in shares.pairs:
            pairs[first, second] = shares.pairs[i, j]
            pair_band[first, second] = shares.pair_band[i, j]
    return {
        "singles": {name: float(shares.singles[order[name]]) for name in names},
        "band": {name: float(shares.band[order[name]]) for name in names},
        "pairs": pairs,
        "pair_band": pair_band,
        "higher_order": shares.higher_order,
        "shadow": float(shares.singles[-1]),
    }


def _nothing_left(cutoff: tuple[float, float] | None) -> str:
    low, high = cutoff or (-math.inf, math.inf)
    words = f"above {low:.4g}" if math.isinf(high) else f"below {high:.4g}"
    if math.isfinite(low) and math.isfinite(high):
        words = f"from {low:.4g} to {high:.4g}"
    return f"The model expects no value {words} anywhere: nothing can be told of that part."


def _warned(importance: Importance, sentences: list[str]) -> Importance:
    return replace(importance, warnings=(*sentences, *importance.warnings))
