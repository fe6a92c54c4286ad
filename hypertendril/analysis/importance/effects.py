"""What Hyperparameter importance shows: ranked effects, the marginal in focus, the pair in focus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.colour_range import is_log_coloured
from hypertendril.analysis.column_axis import ColumnAxis, parameter_axis
from hypertendril.analysis.importance.estimate import Importance
from hypertendril.analysis.importance.promising_view import (
    PromisingView,
    prepare_promising,
    stretches,
)
from hypertendril.analysis.importance.scope import thirds
from hypertendril.model import Objective, Study

# Parts of an axis from 0 to 1.
Stretches = tuple[tuple[float, float], ...]
MAX_EFFECTS = 12
# A pair that explains less of the variance is noise in the list.
LEAST_PAIR_SHARE = 0.001
# Side by side on a small page, four marks of a log axis would run into each other.
MARGINAL_TICKS = 3
# Tenths of fewer trials are the trials themselves.
MIN_DECILE_TRIALS = 20
SURFACE_X_TICKS, SURFACE_Y_TICKS = 4, 5


@dataclass(frozen=True)
class Effect:
    """One line of the ranking.

    Attributes:
        names: One parameter, or two for an interaction.
        share: Of the variance, 0 to 1.
        sd: Uncertainty of the share, NaN where unknown.
    """

    names: tuple[str, ...]
    share: float
    sd: float


@dataclass(frozen=True)
class MarginalCurve:
    """Estimated objective along one parameter, all others averaged out.

    Attributes:
        axis: Of the parameter, in its declared scale.
        position: (g,) ascending, 0 to 1 along the axis.
        mean, sd: (g,) in the unit of the objective.
        promising: Kind to the stretches of the axis that are promising.
        deciles: Positions below which 10, 20 ... 90 % of the trials lie; none of choices.
    """

    axis: ColumnAxis
    position: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    promising: Mapping[str, Stretches] = field(default_factory=dict)
    deciles: tuple[float, ...] = ()


@dataclass(frozen=True)
class Surface:
    """Estimated objective over two parameters.

    Attributes:
        x_axis, y_axis: Of the parameters.
        x, y: (g,), (h,) positions 0 to 1 along the axes.
        mean: (h, g) in the unit of the objective.
        incumbent: Positions of the best trial; None where there is none with both values.
        promising: Kind to the promising stretches of either axis.
    """

    x_axis: ColumnAxis
    y_axis: ColumnAxis
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    mean: NDArray[np.float64]
    incumbent: tuple[float, float] | None = None
    promising: Mapping[str, tuple[Stretches, Stretches]] = field(default_factory=dict)


@dataclass(frozen=True)
class EffectsData:
    """Everything Hyperparameter importance needs.

    Attributes:
        study: Its id.
        objective: Whose variance is explained.
        effects: Greatest first.
        has_ranks: Their order says more than chance.
        explained: Sum of the single and pair effects.
        surrogate: What predicts the objective: `random forest` ..., or `none`.
        r2: How well it predicts trials it has not seen; NaN where unknown.
        n_trials: How many trials it was made from.
        warnings: Sentences a reader must know.
        focus: The parameters of the marginal and the surface, none to two.
        marginal: None where no parameter is in focus; NaN where nothing can be estimated.
        surface: None where fewer than two parameters are; NaN likewise.
        shadow: Share of a parameter that no trial used: what "no effect" looks like.
        scope: What part of the space the shares are of, in words; empty for all.
        thirds: The surface in the low, middle and high third of one more parameter; empty without.
        third_labels: What each of them is of.
        promising: Where it promises to go on, by each way to tell; none where that is not asked.
        least: Where values are told by their logarithms, as the study's colours are, the least that
            trials have reached: what is estimated below it is drawn there. None on a linear scale.
    """

    study: str
    objective: Objective
    effects: tuple[Effect, ...]
    has_ranks: bool
    explained: float
    surrogate: str
    r2: float
    n_trials: int
    warnings: tuple[str, ...]
    focus: tuple[str, ...]
    marginal: MarginalCurve | None
    surface: Surface | None
    shadow: float = 0.0
    scope: str = ""
    thirds: tuple[Surface, ...] = ()
    third_labels: tuple[str, ...] = ()
    promising: tuple[PromisingView, ...] = ()
    least: float | None = None


@dataclass(frozen=True)
class EffectsView:
    """What a page asks for beside the focus.

    Attributes:
        objective: What the importance is of; None for the leading objective.
        scope: What part of the space it is of, in words; empty for all.
        third: Split the surface by this parameter; empty for none.
        has_promising: Show where the best trials lie.
    """

    objective: Objective | None = None
    scope: str = ""
    third: str = ""
    has_promising: bool = True


def prepare_effects(
    study: Study,
    importance: Importance,
    focus: Sequence[str] = (),
    asked: EffectsView | None = None,
) -> EffectsData:
    """Return ranked effects and, for the parameters in focus, marginal and surface.

    Args:
        study: Gives the axes; may be newer than what `importance` was made from.
        importance: Of any metric.
        focus: Parameters asked for; unknown ones are left out. The first has the marginal;
            without any the most important one has, and without a second its strongest
            partner stands beside it.
        asked: What else is shown; None for the leading objective over all the space.
    """
    asked = asked or EffectsView()
    chosen = focused(importance, focus)
    objective = asked.objective or study.objectives[0]
    has_third = len(chosen) > 1 and asked.third in importance.singles and asked.third not in chosen
    labels, parts = thirds(study, asked.third) if has_third else ((), ())
    views = prepare_promising(study, importance, objective) if asked.has_promising else ()
    return EffectsData(
        study=study.id,
        objective=objective,
        effects=ranked_effects(importance),
        has_ranks=importance.has_ranks,
        explained=importance.explained,
        surrogate=importance.surrogate,
        r2=importance.r2,
        n_trials=importance.n_trials,
        warnings=tuple(importance.warnings),
        focus=chosen,
        marginal=_marginal(study, importance, chosen[0], views) if chosen else None,
        surface=_surface(study, importance, chosen, views) if len(chosen) > 1 else None,
        shadow=importance.shadow,
        scope=asked.scope,
        thirds=tuple(
            _surface(study, importance.within({asked.third: part}), chosen) for part in parts
        ),
        third_labels=labels,
        promising=views,
        least=_least(study, objective),
    )


def _least(study: Study, objective: Objective) -> float | None:
    if objective not in study.objectives:
        return None
    place = study.objectives.index(objective)
    if not is_log_coloured(study, place):
        return None
    return float(study.trials.objectives[study.scored(place), place].min())


def ranked_effects(importance: Importance, limit: int = MAX_EFFECTS) -> tuple[Effect, ...]:
    """Return single and pair effects, the greatest first; singles are never dropped for a pair.

    Where ranks say nothing, the singles alone in the order of the space.
    """
    singles = [
        Effect((name,), share, importance.band.get(name, np.nan))
        for name, share in importance.singles.items()
    ]
    if not importance.has_ranks:
        return tuple(singles)
    pairs = [
        Effect(names, share, importance.pair_band.get(names, np.nan))
        for names, share in importance.pairs.items()
        if share >= LEAST_PAIR_SHARE
    ]
    pairs.sort(key=_by_share)
    kept = [*singles, *pairs[: max(0, limit - len(singles))]]
    return tuple(sorted(kept, key=_by_share))


def _by_share(effect: Effect) -> float:
    return -effect.share


def focused(importance: Importance, focus: Sequence[str]) -> tuple[str, ...]:
    """Return the one or two parameters to look at: those asked for, else the most telling."""
    known = tuple(dict.fromkeys(name for name in focus if name in importance.singles))[:2]
    if not known and importance.singles:
        known = (max(importance.singles, key=lambda name: importance.singles[name]),)
    if len(known) != 1:
        return known
    partner = strongest_partner(importance, known[0])
    return known if partner is None else (known[0], partner)


def strongest_partner(importance: Importance, name: str) -> str | None:
    """Return the parameter with the greatest interaction with `name`, else the most important other."""
    others = [other for other in importance.singles if other != name]
    if not others:
        return None

    def strength(other: str) -> tuple[float, float]:
        pairs = importance.pairs
        pair = pairs.get((name, other), pairs.get((other, name), 0.0))
        return pair, importance.singles[other]

    return max(others, key=strength)


def _marginal(
    study: Study, importance: Importance, name: str, views: Sequence[PromisingView]
) -> MarginalCurve:
    axis = parameter_axis(study, name, MARGINAL_TICKS)
    found = importance.marginal(name)
    return MarginalCurve(
        axis,
        axis.unit(found.values),
        found.mean,
        found.sd,
        promising={
            view.kind: stretches(study.space, view.ranges.space, axis, name) for view in views
        },
        deciles=_deciles(study, axis, name),
    )


def _deciles(study: Study, axis: ColumnAxis, name: str) -> tuple[float, ...]:
    values = study.column(f"param:{name}")
    values = values[np.isfinite(values)]
    if axis.choices or len(values) < MIN_DECILE_TRIALS:
        return ()
    units = np.clip(axis.unit(values), 0.0, 1.0)
    return tuple(np.quantile(units, np.arange(1, 10) / 10).tolist())


def _surface(
    study: Study,
    importance: Importance,
    names: tuple[str, ...],
    views: Sequence[PromisingView] = (),
) -> Surface:
    x, y = names[:2]
    x_axis = parameter_axis(study, x, SURFACE_X_TICKS)
    y_axis = parameter_axis(study, y, SURFACE_Y_TICKS)
    found = importance.surface(x, y)
    best = study.best()
    incumbent = None
    if best is not None:
        place = np.array(
            [axis.unit(study.column(axis.key)[[best]])[0] for axis in (x_axis, y_axis)]
        )
        incumbent = (float(place[0]), float(place[1])) if np.isfinite(place).all() else None
    places = x_axis.unit(found.x), y_axis.unit(found.y)
    promising = {
        view.kind: (
            stretches(study.space, view.ranges.space, x_axis, x),
            stretches(study.space, view.ranges.space, y_axis, y),
        )
        for view in views
    }
    return Surface(x_axis, y_axis, *places, found.mean, incumbent, promising)
