"""Models that predict the objective from the parameters, and the choice between them.

The Gaussian process is the best one of few trials of a smooth objective, boosting the best and the
cheapest of many; the forest is the paper's model and the one for all that is not smooth. Which one
predicts unseen trials best decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from hypertendril.analysis.fanova.axes import Axis, Floats, snap
from hypertendril.analysis.fanova.gaussian import Gaussian, fit_gaussians, r2_of, scaled
from hypertendril.analysis.fanova.gaussian_anova import GaussianAnova
from hypertendril.analysis.fanova.tree_anova import Fanova, boxed
from hypertendril.analysis.fanova.trees import (
    FlatTree,
    baseline_of,
    gain_of_boosting,
    tree_values,
    trees_of_boosting,
    trees_of_forest,
)
from hypertendril.analysis.progress import Tell, part, unheard

Encoded = NDArray[np.float32]

N_TREES = 64
_TREES_A_STEP = 16
# From so many trials on, a forest of full depth would only be slower: measured, its shares are as
# near the truth with leaves of three trials and axes of 64 cells.
_COARSE_FROM = 400
_CELLS = 64
_COARSE_LEAF = 3
# A forest grown on more trials costs more than it gains.
_MAX_FOREST_TRIALS = 1500
# Boosting needs some trials per fold.
_BOOSTING_FROM = 100
_MANY_TRIALS = 1500
# With many trials and this much explained the forest need not be asked.
_GOOD_R2 = 0.9
# A process that explains less may have met steps, which a forest knows better.
_SMOOTH_R2 = 0.96
# Where two models predict no better than this, a third will not either.
_HOPELESS_R2 = 0.3
# Boosting that explains so little of one fold has met noise. A forest, which then stays,
# shows that as well from so many trials a tree.
_NOISE_R2, _NOISE_TRIALS = 0.05, 300
# Boosting must leave clearly less unexplained: between equals the forest has the better shares.
_CLEARLY_LESS = 0.85
# A process of more trials costs more than it gains; of fewer, a fold is a handful.
_MIN_GAUSSIAN, _MAX_GAUSSIAN = 12, 300
# Far from all trials a process says "as the mean". Where it explains no more than this, such islands
# would pass for interactions; a forest extends what it saw.
_SURE_R2 = 0.6
# One that explains so little of a first fold of some size will not come to that.
_UNSURE_R2, _UNSURE_FROM = 0.1, 60
# Names of the models, as they are shown.
FOREST, BOOSTING, GAUSSIAN = "random forest", "gradient boosting", "Gaussian process"

Anova = Fanova | GaussianAnova


@dataclass(frozen=True)
class Surrogate:
    """A fitted ensemble of models.

    Attributes:
        name: `random forest`, `gradient boosting`, `Gaussian process` or `none`.
        r2: Share of the variance it predicts for trials it has not seen (out-of-bag, or cross
            validated); NaN for none.
        trees: All trees; none of a Gaussian process.
        model: (t,) ascending model number of each tree.
        offset: (m,) added to the sum of a model's trees.
        boosters: Per model, the fitted booster; empty where each tree is a model.
        band_factor: From the standard deviation over models to that of their mean share.
        gain: (columns,) how much each column is used, for telling important ones apart.
        gaussians: Models that are no trees, the one of all trials last.
    """

    name: str
    r2: float
    trees: Sequence[FlatTree]
    model: NDArray[np.int64]
    offset: Floats
    boosters: Sequence[Any]
    band_factor: float
    gain: Floats
    gaussians: Sequence[Gaussian] = ()

    @property
    def can_cut(self) -> bool:
        """Whether the part of the space above a threshold can be cut out: each tree is a model."""
        return self.name == FOREST

    @property
    def leader(self) -> int | None:
        """The model whose shares count, the others only say how sure they are; None: their mean."""
        return len(self.gaussians) - 1 if self.gaussians else None

    @property
    def is_sum(self) -> bool:
        """Whether each model is a sum of trees."""
        return len(self.boosters) > 0

    def predictions(self, axes: Sequence[Axis], encoded: Floats) -> Floats:
        """Return (m, n) what each model predicts, without its offset, of (n, columns) encoded values."""
        if self.gaussians:
            z = scaled(axes, encoded)
            return np.array([model.predict(axes, z) for model in self.gaussians])
        x = encoded.astype(np.float32)
        if not self.is_sum:
            return np.array([tree_values(tree, x) for tree in self.trees])
        with single_thread():
            found = np.array([booster.predict(x) for booster in self.boosters])
        return found - self.offset[:, None]

    def anova(self, axes: Sequence[Axis]) -> Anova:
        """Return the ANOVA over all the space; `axes` are those it was fitted over."""
        if self.gaussians:
            return GaussianAnova(axes, self.gaussians)
        return Fanova(axes, boxed(axes, self.trees, self.model))


def no_surrogate(n_columns: int) -> Surrogate:
    """Return the model that predicts 0 everywhere."""
    nothing = np.full(1, -1, dtype=np.int64)
    leaf = FlatTree(nothing, nothing, nothing, np.zeros(1), np.zeros(1))
    one = np.zeros(1, dtype=np.int64)
    return Surrogate("none", np.nan, [leaf], one, np.zeros(1), (), 1.0, np.zeros(n_columns))


def fit_surrogate(
    axes: Sequence[Axis],
    x: Encoded,
    y: Floats,
    seed: int,
    *,
    only_forest: bool = False,
    tell: Tell = unheard,
) -> Surrogate:
    """Return the model that predicts unseen trials best.

    Args:
        axes: One per parameter.
        x: (n, columns) encoded values.
        y: (n,) targets of mean 0 and variance 1.
        seed: Equal arguments give equal models.
        only_forest: Ask for no other: what a cut-off needs.
        tell: Hears how far it is.
    """
    if only_forest:
        return _forest(axes, x, y, seed, tell)
    first: Surrogate | None = None
    is_many = len(y) > _MAX_GAUSSIAN
    if is_many:
        first = _boosting(x, y, seed, part(tell, 0.0, 0.5))
    elif len(y) >= _MIN_GAUSSIAN:
        first = _gaussian(axes, x, y, seed, part(tell, 0.0, 0.5))
    if first is not None and first.r2 >= (_GOOD_R2 if is_many else _SMOOTH_R2):
        return first
    is_noise = is_many and first is None
    forest = _forest(axes, x, y, seed, part(tell, 0.5, 1.0), is_noise=is_noise)
    others = [first] if first is not None else []
    best_r2 = max(forest.r2, *(other.r2 for other in others), -1.0)
    if not is_many and len(y) >= _BOOSTING_FROM and best_r2 > _HOPELESS_R2:
        second = _boosting(x, y, seed, unheard)
        others += [second] if second is not None else []
    others = [other for other in others if other.trees or other.r2 >= _SURE_R2]
    best = max(others, key=lambda surrogate: surrogate.r2, default=forest)
    is_better = 1.0 - best.r2 < _CLEARLY_LESS * (1.0 - forest.r2)
    return best if is_better else forest


def _gaussian(
    axes: Sequence[Axis], x: Encoded, y: Floats, seed: int, tell: Tell
) -> Surrogate | None:
    least_r2 = _UNSURE_R2 if len(y) >= _UNSURE_FROM else -np.inf
    with single_thread():
        models, r2 = fit_gaussians(axes, x, y, seed, least_r2=least_r2, tell=tell)
    if not models:
        return None
    nothing = no_surrogate(x.shape[1])
    return Surrogate(
        name=GAUSSIAN,
        r2=r2,
        trees=(),
        model=nothing.model,
        offset=np.zeros(len(models)),
        boosters=(),
        # The delete-one-group jackknife, as of boosting.
        band_factor=float(np.sqrt(len(models) - 2)),
        gain=np.repeat(1.0 / models[-1].length, [axis.n_columns for axis in axes]),
        gaussians=models,
    )


@cache
def _threads() -> Any:
    # Finding the libraries takes milliseconds; only those already loaded can be limited.
    import sklearn.ensemble  # noqa: F401, PLC0415

    return ThreadpoolController()


def single_thread() -> Any:
    """Return a context in which libraries use one thread: more cost more than they save here."""
    return _threads().limit(limits=1)


def _forest(
    axes: Sequence[Axis],
    x: Encoded,
    y: Floats,
    seed: int,
    tell: Tell,
    *,
    is_noise: bool = False,
) -> Surrogate:
    # Importing scikit-learn takes a second: the first page is drawn without it.
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    rows = _some_rows(len(y), _MAX_FOREST_TRIALS, seed)
    x, y = x[rows], y[rows]
    is_coarse = len(y) >= _COARSE_FROM
    x = snap(axes, x, _CELLS) if is_coarse else x
    # All columns are candidates at every split: leaving some out hurts the shares badly.
    model = RandomForestRegressor(
        min_samples_leaf=_COARSE_LEAF if is_coarse else 1,
        max_samples=min(_NOISE_TRIALS, len(y)) if is_noise else None,
        random_state=seed,
        n_jobs=1,
        warm_start=True,  # the trees are those that one fit would grow
    )
    for n_trees in range(_TREES_A_STEP, N_TREES + 1, _TREES_A_STEP):
        model.set_params(n_estimators=n_trees, oob_score=n_trees == N_TREES).fit(x, y)
        tell(n_trees / N_TREES)
    return Surrogate(
        name=FOREST,
        r2=float(model.oob_score_),
        trees=trees_of_forest(model),
        model=np.arange(N_TREES),
        offset=np.zeros(N_TREES),
        boosters=(),
        band_factor=1.0,
        gain=model.feature_importances_,
    )


def _boosting(x: Encoded, y: Floats, seed: int, tell: Tell) -> Surrogate | None:
    """Return a model per fold, each fitted on the other folds; their mean is the surrogate.

    None where the first one has learnt nothing.
    """
    n_folds = 3 if len(y) <= _MANY_TRIALS else 2
    fold = np.random.default_rng(seed).permutation(len(y)) % n_folds
    boosters = [_booster(int((fold != k).sum()), seed) for k in range(n_folds)]
    unseen = np.zeros(len(y))
    with single_thread():
        for k, booster in enumerate(boosters):
            booster.fit(x[fold != k], y[fold != k])
            unseen[fold == k] = booster.predict(x[fold == k])
            if k == 0 and r2_of(y[fold == k], unseen[fold == k]) < _NOISE_R2:
                return None
            tell((k + 1) / n_folds)
    trees = [trees_of_boosting(booster) for booster in boosters]
    return Surrogate(
        name=BOOSTING,
        r2=r2_of(y, unseen),
        trees=[tree for of_model in trees for tree in of_model],
        model=np.repeat(np.arange(n_folds), [len(of_model) for of_model in trees]),
        offset=np.array([baseline_of(booster) for booster in boosters]),
        boosters=boosters,
        # The delete-one-group jackknife: models that share most of their trials differ too little.
        band_factor=float(np.sqrt(n_folds - 1)),
        gain=np.sum([gain_of_boosting(booster, x.shape[1]) for booster in boosters], axis=0),
    )


def _booster(n_trials: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - as above

    is_large = n_trials > _MANY_TRIALS // 2
    return HistGradientBoostingRegressor(
        # A hundred slower steps cost more and came no nearer to known shares.
        max_iter=60,
        learning_rate=0.17,
        max_leaf_nodes=16 if is_large else 8,
        min_samples_leaf=max(3, n_trials // 100),
        early_stopping=False,
        random_state=seed,
    )


def _some_rows(n: int, limit: int, seed: int) -> NDArray[np.int64]:
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, limit, replace=False))
