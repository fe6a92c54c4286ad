from __future__ import annotations

import numpy as np
import pytest

from hypertendril.analysis.fanova.axes import Axis, RangeAxis
from hypertendril.analysis.fanova.surrogates import Surrogate, fit_surrogate, no_surrogate
from hypertendril.analysis.fanova.trees import FlatTree


def predicted(surrogate: Surrogate, x: np.ndarray) -> np.ndarray:
    """Walk the flat trees, row by row; sum within each model, mean over models."""
    n_models = int(surrogate.model.max()) + 1
    sums = np.tile(surrogate.offset[:, None], len(x))
    for tree, model in zip(surrogate.trees, surrogate.model, strict=True):
        sums[model] += [leaf_value(tree, row) for row in x]
    assert len(sums) == n_models
    return sums.mean(axis=0)


def leaf_value(tree: FlatTree, row: np.ndarray) -> float:
    node = 0
    while tree.feature[node] >= 0:
        goes_left = row[tree.feature[node]] <= tree.threshold[node]
        node = (tree.left if goes_left else tree.right)[node]
    return float(tree.value[node])


def data(n: int, *, smooth: bool) -> tuple[tuple[Axis, ...], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.random((n, 4)).astype(np.float32)
    y = x.sum(axis=1) if smooth else rng.standard_normal(n)
    y = (y - y.mean()) / y.std()
    return (RangeAxis(0.0, 1.0),) * 4, x, y.astype(np.float64)


def test_few_trials_of_a_smooth_objective_get_a_gaussian_process() -> None:
    found = fit_surrogate(*data(60, smooth=True), seed=0)
    assert found.name == "Gaussian process"
    assert found.r2 > 0.95


def test_few_trials_of_an_objective_with_steps_get_a_forest() -> None:
    axes, x, _ = data(200, smooth=True)
    y = np.sign(x[:, 0] - 0.31) + 0.8 * np.sign(x[:, 1] - 0.62)
    found = fit_surrogate(axes, x, (y - y.mean()) / y.std(), seed=0)
    assert found.name == "random forest"
    assert len(found.trees) == 64
    assert found.r2 > 0.9
    assert found.leader is None


def test_a_handful_of_trials_gets_a_forest() -> None:
    assert fit_surrogate(*data(8, smooth=True), seed=0).name == "random forest"


def test_a_forest_is_given_where_one_is_asked_for() -> None:
    found = fit_surrogate(*data(60, smooth=True), seed=0, only_forest=True)
    assert found.name == "random forest"
    assert found.can_cut


def test_boosting_is_chosen_where_it_predicts_clearly_better() -> None:
    found = fit_surrogate(*data(600, smooth=True), seed=0)
    assert found.name == "gradient boosting"
    assert found.r2 > 0.95


def test_noise_has_no_r2_and_keeps_the_forest() -> None:
    found = fit_surrogate(*data(300, smooth=False), seed=0)
    assert found.name == "random forest"
    assert found.r2 < 0.05


@pytest.mark.parametrize("n", [60, 600])
def test_flat_trees_predict_what_the_data_say(n: int) -> None:
    axes, x, y = data(n, smooth=True)
    found = fit_surrogate(axes, x, y, seed=0, only_forest=n == 60)
    assert np.corrcoef(predicted(found, x[:40]), y[:40])[0, 1] > 0.97


def test_boosted_trees_sum_up_to_their_models_prediction() -> None:
    axes, x, y = data(600, smooth=True)
    found = fit_surrogate(axes, x, y, seed=0)
    expected = np.mean([booster.predict(x[:30]) for booster in found.boosters], axis=0)
    assert predicted(found, x[:30]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("n", "only_forest"), [(60, False), (60, True), (600, False)])
def test_predictions_are_those_of_the_models(n: int, only_forest: bool) -> None:  # noqa: FBT001
    axes, x, y = data(n, smooth=True)
    found = fit_surrogate(axes, x, y, seed=0, only_forest=only_forest)
    models = found.predictions(axes, x.astype(np.float64)) + found.offset[:, None]
    centre = models[-1] if found.leader is not None else models.mean(axis=0)
    assert np.corrcoef(centre, y)[0, 1] > 0.98
    if found.trees:
        assert centre[:20] == pytest.approx(predicted(found, x[:20]), abs=1e-6)


def test_equal_arguments_give_equal_models() -> None:
    one, two = (fit_surrogate(*data(150, smooth=True), seed=5) for _ in range(2))
    assert one.r2 == two.r2
    assert all(
        np.array_equal(a.weight, b.weight)
        for a, b in zip(one.gaussians, two.gaussians, strict=True)
    )


def test_no_model_predicts_zero() -> None:
    assert predicted(no_surrogate(4), np.zeros((2, 4))).tolist() == [0, 0]
