"""Models that predict the objective from the parameters, and the choice between them.

The Gaussian process is the best one of few trials of a smooth objective, boosting the best and the
cheapest of many; the forest is the paper's model and the one for all that is not smooth. Which one
predicts unseen trials best decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from hypertendril.analysis.axes import Axis, Floats, Restriction, snap
from hypertendril.analysis.fanova import Fanova
from hypertendril.analysis.gaussian import Gaussian, fit_gaussians
from hypertendril.analysis.gaussian_anova import GaussianAnova
from hypertendril.analysis.trees import (
    FlatTree,
    baseline_of,
    gain_of_boosting,
    trees_of_boosting,
    trees_of_forest,
)

Encoded = NDArray[np.float32]

N_TREES = 64
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
# Boosting must leave clearly less unexplained: between equals the forest has the better shares.
_CLEARLY_LESS = 0.85
# A process of more trials costs more than it gains; of fewer, a fold is a handful.
_MIN_GAUSSIAN, _MAX_GAUSSIAN = 12, 300
# Far from all trials a process says "as the mean". Where it explains no more than this, such islands
# would pass for interactions; a forest extends what it saw.
_SURE_R2 = 0.6
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
        predict: Per model, (n, columns) encoded values to (n,) predictions; empty where each tree
            is a model.
        band_factor: From the standard deviation over models to that of their mean share.
        gain: (columns,) how much each column is used, for telling important ones apart.
        gaussians: Models that are no trees, the one of all trials last.
    """

    name: str
    r2: float
    trees: Sequence[FlatTree]
    model: NDArray[np.int64]
    offset: Floats
    predict: Sequence[Callable[[Encoded], Floats]]
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

    def anova(
        self,
        axes: Sequence[Axis],
        restrictions: Mapping[int, Restriction],
        cutoff: tuple[float, float] | None = None,
    ) -> Anova:
        """Return the ANOVA over a part of the space, without fitting again.

        Args:
            axes: What it was fitted over.
            restrictions: Position of an axis to the part of it that counts.
            cutoff: Of predictions; only where `can_cut`.
        """
        if self.gaussians:
            return GaussianAnova(axes, self.gaussians, restrictions)
        return Fanova(axes, self.trees, self.model, restrictions, cutoff)


def no_surrogate(n_columns: int) -> Surrogate:
    """Return the model that predicts 0 everywhere."""
    nothing = np.full(1, -1, dtype=np.int64)
    leaf = FlatTree(nothing, nothing, nothing, np.zeros(1), np.zeros(1))
    one = np.zeros(1, dtype=np.int64)
    return Surrogate("none", np.nan, [leaf], one, np.zeros(1), (), 1.0, np.zeros(n_columns))


def fit_surrogate(
    axes: Sequence[Axis], x: Encoded, y: Floats, seed: int, *, only_forest: bool = False
) -> Surrogate:
    """Return the model that predicts unseen trials best.

    Args:
        axes: One per parameter.
        x: (n, columns) encoded values.
        y: (n,) targets of mean 0 and variance 1.
        seed: Equal arguments give equal models.
        only_forest: Ask for no other: what a cut-off needs.
    """
    if only_forest:
        return _forest(axes, x, y, seed)
    others: list[Surrogate] = []
    if _MIN_GAUSSIAN <= len(y) <= _MAX_GAUSSIAN:
        others.append(_gaussian(axes, x, y, seed))
    if len(y) > _MAX_GAUSSIAN:
        others.append(_boosting(x, y, seed))
    if others and others[0].r2 >= (_GOOD_R2 if others[0].trees else _SMOOTH_R2):
        return others[0]
    forest = _forest(axes, x, y, seed)
    best_r2 = max(forest.r2, *(other.r2 for other in others), -1.0)
    if _BOOSTING_FROM <= len(y) <= _MAX_GAUSSIAN and best_r2 > _HOPELESS_R2:
        others.append(_boosting(x, y, seed))
    others = [other for other in others if other.trees or other.r2 >= _SURE_R2]
    best = max(others, key=lambda surrogate: surrogate.r2, default=forest)
    is_better = 1.0 - best.r2 < _CLEARLY_LESS * (1.0 - forest.r2)
    return best if is_better else forest


def _gaussian(axes: Sequence[Axis], x: Encoded, y: Floats, seed: int) -> Surrogate:
    with single_thread():
        models, r2 = fit_gaussians(axes, x, y, seed)
    nothing = no_surrogate(x.shape[1])
    return Surrogate(
        name=GAUSSIAN,
        r2=r2,
        trees=(),
        model=nothing.model,
        offset=np.zeros(len(models)),
        predict=(),
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


def _forest(axes: Sequence[Axis], x: Encoded, y: Floats, seed: int) -> Surrogate:
    # Importing scikit-learn takes a second: the first page is drawn without it.
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    rows = _some_rows(len(y), _MAX_FOREST_TRIALS, seed)
    x, y = x[rows], y[rows]
    is_coarse = len(y) >= _COARSE_FROM
    # All columns are candidates at every split: leaving some out hurts the shares badly.
    model = RandomForestRegressor(
        N_TREES,
        min_samples_leaf=_COARSE_LEAF if is_coarse else 1,
        oob_score=True,
        random_state=seed,
        n_jobs=1,
    ).fit(snap(axes, x, _CELLS) if is_coarse else x, y)
    return Surrogate(
        name=FOREST,
        r2=float(model.oob_score_),
        trees=trees_of_forest(model),
        model=np.arange(N_TREES),
        offset=np.zeros(N_TREES),
        predict=(),
        band_factor=1.0,
        gain=model.feature_importances_,
    )


def _boosting(x: Encoded, y: Floats, seed: int) -> Surrogate:
    """Return a model per fold, each fitted on the other folds; their mean is the surrogate."""
    n_folds = 3 if len(y) <= _MANY_TRIALS else 2
    fold = np.random.default_rng(seed).permutation(len(y)) % n_folds
    boosters = [_booster(int((fold != k).sum()), seed) for k in range(n_folds)]
    unseen = np.zeros(len(y))
    with single_thread():
        for k, booster in enumerate(boosters):
            booster.fit(x[fold != k], y[fold != k])
            unseen[fold == k] = booster.predict(x[fold == k])
    trees = [trees_of_boosting(booster) for booster in boosters]
    return Surrogate(
        name=BOOSTING,
        r2=float(1.0 - ((unseen - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()),
        trees=[tree for of_model in trees for tree in of_model],
        model=np.repeat(np.arange(n_folds), [len(of_model) for of_model in trees]),
        offset=np.array([baseline_of(booster) for booster in boosters]),
        predict=[_single_threaded(booster) for booster in boosters],
        # The delete-one-group jackknife: models that share most of their trials differ too little.
        band_factor=float(np.sqrt(n_folds - 1)),
        gain=np.sum([gain_of_boosting(booster, x.shape[1]) for booster in boosters], axis=0),
    )


def _booster(n_trials: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - as above

    is_large = n_trials > _MANY_TRIALS // 2
    return HistGradientBoostingRegressor(
        max_iter=100,
        max_leaf_nodes=16 if is_large else 8,
        min_samples_leaf=max(3, n_trials // 100),
        early_stopping=False,
        random_state=seed,
    )


def _single_threaded(model: Any) -> Callable[[Encoded], Floats]:
    def predict(x: Encoded) -> Floats:
        with single_thread():
            predicted: Floats = model.predict(x)
        return predicted

    return predict


def _some_rows(n: int, limit: int, seed: int) -> NDArray[np.int64]:
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, limit, replace=False))
