"""Models that predict the objective from the parameters, and the choice between them.

The forest is the paper's model and the better one of few trials; boosting is the better and the
cheaper one of many trials on smooth objectives. Which one predicts unseen trials better decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hypertendril.analysis.axes import Axis, Floats, snap
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
# Boosting must leave clearly less unexplained: between equals the forest has the better shares.
_CLEARLY_LESS = 0.85


@dataclass(frozen=True)
class Surrogate:
    """A fitted ensemble of models.

    Attributes:
        name: `random forest`, `gradient boosting` or `none`.
        r2: Share of the variance it predicts for trials it has not seen (out-of-bag, or cross
            validated); NaN for none.
        trees: All trees.
        model: (t,) ascending model number of each tree.
        offset: (m,) added to the sum of a model's trees.
        predict: Per model, (n, columns) encoded values to (n,) predictions; empty where each tree
            is a model.
        band_factor: From the standard deviation over models to that of their mean share.
        gain: (columns,) how much each column is used, for telling important ones apart.
    """

    name: str
    r2: float
    trees: Sequence[FlatTree]
    model: NDArray[np.int64]
    offset: Floats
    predict: Sequence[Callable[[Encoded], Floats]]
    band_factor: float
    gain: Floats


def no_surrogate(n_columns: int) -> Surrogate:
    """Return the model that predicts 0 everywhere."""
    nothing = np.full(1, -1, dtype=np.int64)
    leaf = FlatTree(nothing, nothing, nothing, np.zeros(1), np.zeros(1))
    one = np.zeros(1, dtype=np.int64)
    return Surrogate("none", np.nan, [leaf], one, np.zeros(1), (), 1.0, np.zeros(n_columns))


def fit_surrogate(axes: Sequence[Axis], x: Encoded, y: Floats, seed: int) -> Surrogate:
    """Return the model that predicts unseen trials best.

    Args:
        axes: One per parameter.
        x: (n, columns) encoded values.
        y: (n,) targets of mean 0 and variance 1.
        seed: Equal arguments give equal models.
    """
    if len(y) < _BOOSTING_FROM:
        return _forest(axes, x, y, seed)
    boosting = _boosting(x, y, seed)
    if len(y) > _MANY_TRIALS and boosting.r2 >= _GOOD_R2:
        return boosting
    forest = _forest(axes, x, y, seed)
    is_better = 1.0 - boosting.r2 < _CLEARLY_LESS * (1.0 - forest.r2)
    return boosting if is_better else forest


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
        name="random forest",
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
    # Only libraries already loaded can be limited, so the boosters are made before.
    with threadpool_limits(limits=1, user_api="openmp"):  # threads cost more than they save here
        for k, booster in enumerate(boosters):
            booster.fit(x[fold != k], y[fold != k])
            unseen[fold == k] = booster.predict(x[fold == k])
    trees = [trees_of_boosting(booster) for booster in boosters]
    return Surrogate(
        name="gradient boosting",
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
        with threadpool_limits(limits=1, user_api="openmp"):
            predicted: Floats = model.predict(x)
        return predicted

    return predict


def _some_rows(n: int, limit: int, seed: int) -> NDArray[np.int64]:
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, limit, replace=False))
