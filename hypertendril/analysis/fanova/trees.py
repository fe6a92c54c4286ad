"""Tree ensembles of scikit-learn as plain arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class FlatTree(NamedTuple):
    """One regression tree, a row per node; the root is row 0.

    Attributes:
        left, right: (k,) int64 rows of the children; `x <= threshold` goes left.
        feature: (k,) int64 encoded column compared, negative at a leaf.
        threshold: (k,) float64.
        value: (k,) float64 prediction, of use at leaves.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    value: NDArray[np.float64]


def trees_of_forest(model: Any) -> list[FlatTree]:
    """Return the trees of a fitted `RandomForestRegressor` or `ExtraTreesRegressor`."""
    return [
        FlatTree(t.children_left, t.children_right, t.feature, t.threshold, t.value[:, 0, 0])
        for t in (estimator.tree_ for estimator in model.estimators_)
    ]


def trees_of_boosting(model: Any) -> list[FlatTree]:
    """Return the trees of a fitted `HistGradientBoostingRegressor` with one output.

    Their sum and `baseline_of` is the prediction.
    """
    # scikit-learn offers no public way to these nodes; the tests compare with its predictions.
    return [_boosted_tree(predictor.nodes) for (predictor,) in model._predictors]  # noqa: SLF001


def tree_values(tree: FlatTree, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (n,) what a tree predicts of (n, columns) encoded values."""
    node = np.zeros(len(x), dtype=np.int64)
    rows = np.flatnonzero(tree.feature[node] >= 0)
    while len(rows):
        at = node[rows]
        goes_left = x[rows, tree.feature[at]] <= tree.threshold[at]
        node[rows] = np.where(goes_left, tree.left[at], tree.right[at])
        rows = rows[tree.feature[node[rows]] >= 0]
    return tree.value[node]


def gain_of_boosting(model: Any, n_columns: int) -> NDArray[np.float64]:
    """Return (columns,) how much the splits on each column reduced the squared error."""
    gain = np.zeros(n_columns)
    for (predictor,) in model._predictors:  # noqa: SLF001 - as above
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        np.add.at(gain, inner["feature_idx"], inner["gain"])
    return gain


def baseline_of(model: Any) -> float:
    """Return what a boosted model predicts before its first tree."""
    return float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001 - as above


def _boosted_tree(nodes: Any) -> FlatTree:
    return FlatTree(
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        np.where(nodes["is_leaf"], -1, nodes["feature_idx"]),
        nodes["num_threshold"].astype(np.float64),
        nodes["value"].astype(np.float64),
    )
