from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from hypertendril.analysis.fanova.axes import Axis, Inactive, axes_of, encode
from hypertendril.analysis.fanova.regimes import ALL_ACTIVE, conditions_of
from hypertendril.analysis.fanova.response import Fit, Response
from hypertendril.analysis.fanova.surrogates import Surrogate
from hypertendril.analysis.fanova.trees import trees_of_forest
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace

CATEGORICAL, ORDINAL, FLOAT = ParameterKind.CATEGORICAL, ParameterKind.ORDINAL, ParameterKind.FLOAT
ROOT = Parameter("root", CATEGORICAL, choices=("a", "b", "c"))
INNER = Parameter("inner", CATEGORICAL, choices=("u", "v"), condition=Condition("root", ("a",)))
LEAF = Parameter("leaf", ORDINAL, choices=(0, 1, 2), condition=Condition("inner", ("v",)))
FREE = Parameter("free", ORDINAL, choices=(0, 1, 2, 3))
NESTED = SearchSpace((ROOT, INNER, LEAF, FREE))


def every_trial() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All legal value combinations and their shares of the space."""
    rows, mass = [], []
    for free in range(4):
        rows += [[1, np.nan, np.nan, free], [2, np.nan, np.nan, free], [0, 0, np.nan, free]]
        mass += [1 / 3, 1 / 3, 1 / 6]
        rows += [[0, 1, leaf, free] for leaf in range(3)]
        mass += [1 / 18] * 3
    return np.array(rows, dtype=float), np.array(mass) / 4


def score(values: NDArray[np.float64]) -> NDArray[np.float64]:
    root, inner, leaf, free = np.nan_to_num(values, nan=0.0).T
    has_inner, has_leaf = ~np.isnan(values[:, 1]), ~np.isnan(values[:, 2])
    return (
        np.array([2.0, 0.0, 1.0])[root.astype(int)]
        + has_inner * np.array([0.0, 1.5])[inner.astype(int)]
        + has_leaf * 0.7 * leaf
        + 0.5 * free
        + 0.4 * free * (root == 1)
    )


@pytest.fixture
def axes() -> tuple[Axis, ...]:
    return axes_of(NESTED, every_trial()[0])


@pytest.fixture
def response(axes: tuple[Axis, ...]) -> Response:
    values, _ = every_trial()
    # Grown on every legal trial, without drawing: the model is the function.
    model = RandomForestRegressor(3, bootstrap=False, random_state=0)
    model.fit(encode(axes, values), score(values))
    surrogate = Surrogate(
        name="exact",
        r2=1.0,
        trees=trees_of_forest(model),
        model=np.arange(3),
        offset=np.zeros(3),
        boosters=(),
        band_factor=1.0,
        gain=np.ones(10),
    )
    return Response(Fit(NESTED, axes, surrogate, (0.0, 1.0)))


def given(columns: list[int]) -> NDArray[np.float64]:
    """Expectation of the score given the values of some columns, per legal trial."""
    values, mass = every_trial()
    keys = np.nan_to_num(values[:, columns], nan=-1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    return (np.bincount(group, mass * score(values)) / np.bincount(group, mass))[group]


def variance(level: NDArray[np.float64]) -> float:
    mass = every_trial()[1]
    return float(mass @ (level - mass @ level) ** 2)


def test_nested_conditions_make_one_regime_per_branch(axes: tuple[Axis, ...]) -> None:
    found = conditions_of(NESTED, axes, {})
    assert found.parents == (0, 1)
    assert found.conditional == {1, 2}
    weights = {regime.branch: regime.weight for regime in found.regimes}
    assert sorted(weights.values()) == pytest.approx([1 / 6, 1 / 6, 2 / 3])
    for regime in found.regimes:
        if regime.restrictions[0] == frozenset({1, 2}):
            assert regime.restrictions[1] is regime.restrictions[2] is Inactive.ONLY
        else:
            assert regime.restrictions[0] == frozenset({0})
            is_deep = regime.restrictions[1] == frozenset({1})
            assert regime.restrictions[2] == (ALL_ACTIVE if is_deep else Inactive.ONLY)


def test_shares_of_a_nested_space_are_the_variances_they_stand_for(response: Response) -> None:
    found = response.shares()
    total = variance(score(every_trial()[0]))
    assert found.singles[3] == pytest.approx(variance(given([3])) / total, abs=1e-6)
    assert found.singles[0] == pytest.approx(variance(given([0])) / total, abs=1e-6)
    inner = variance(given([0, 1])) - variance(given([0]))
    assert found.singles[1] == pytest.approx(inner / total, abs=1e-6)
    leaf = variance(given([0, 1, 2])) - variance(given([0, 1]))
    assert found.singles[2] == pytest.approx(leaf / total, abs=1e-6)
    crossed = variance(given([0, 3])) - variance(given([0])) - variance(given([3]))
    assert found.pairs[0, 3] == pytest.approx(crossed / total, abs=1e-6)
    assert found.singles.sum() + sum(found.pairs.values()) == pytest.approx(1.0)
    assert found.higher_order == pytest.approx(0.0, abs=1e-6)


def test_marginals_average_over_legal_trials_only(response: Response) -> None:
    values, mass = every_trial()
    for i in range(4):
        codes, mean, _ = response.marginal(i, 10)
        for code, level in zip(codes, mean, strict=True):
            rows = values[:, i] == code
            assert level == pytest.approx(
                mass[rows] @ score(values)[rows] / mass[rows].sum(), abs=1e-6
            )


def test_a_surface_is_empty_where_two_values_exclude_each_other(response: Response) -> None:
    roots, leaves, mean = response.surface(0, 2, 10)
    assert (len(leaves), len(roots)) == mean.shape
    assert np.isfinite(mean[:, 0]).all()
    assert np.isnan(mean[:, 1:]).all()


def test_a_restricted_child_leaves_only_regimes_in_which_it_is_active(response: Response) -> None:
    part = response.within({2: (0.0, 1.0)})
    assert [regime.weight for regime in part.conditions.regimes] == [1.0]
    found = part.shares()
    assert found.singles[0] == found.singles[1] == 0
    assert found.singles[2] > 0


def test_a_restricted_parent_changes_the_weights(axes: tuple[Axis, ...]) -> None:
    found = conditions_of(NESTED, axes, {0: frozenset({0, 1})})
    assert sorted(regime.weight for regime in found.regimes) == pytest.approx([0.25, 0.25, 0.5])


def test_a_space_without_conditions_is_one_regime() -> None:
    space = SearchSpace((ROOT, FREE))
    values = np.array([[0.0, np.nan], [1.0, 2.0]])
    found = conditions_of(space, axes_of(space, values), {1: (0.0, 1.0)})
    assert found.parents == ()
    assert [r.weight for r in found.regimes] == [1.0]
    assert found.regimes[0].restrictions == {1: (0.0, 1.0)}


def test_a_condition_on_a_number_is_no_regime() -> None:
    depth = Parameter("depth", ParameterKind.INT, 1, 3)
    child = Parameter("child", FLOAT, 0.0, 1.0, condition=Condition("depth", (3,)))
    space = SearchSpace((depth, child))
    axes = axes_of(space, np.array([[1.0, np.nan], [3.0, 0.5]]))
    assert len(conditions_of(space, axes, {}).regimes) == 1
    assert axes[1].inactive == 0.5


def test_very_many_branches_are_not_enumerated() -> None:
    parents = [Parameter(f"p{i}", CATEGORICAL, choices=(0, 1)) for i in range(5)]
    children = [
        Parameter(f"c{i}", FLOAT, 0.0, 1.0, condition=Condition(f"p{i}", (1,))) for i in range(5)
    ]
    space = SearchSpace((*parents, *children))
    axes = axes_of(space, np.full((2, 10), math.nan))
    assert len(conditions_of(space, axes, {}).regimes) == 1


def test_a_circle_of_conditions_is_no_regime() -> None:
    one = replace(INNER, name="one", condition=Condition("two", ("u",)))
    two = replace(INNER, name="two", condition=Condition("one", ("u",)))
    space = SearchSpace((one, two))
    axes = axes_of(space, np.full((2, 2), math.nan))
    assert len(conditions_of(space, axes, {}).regimes) == 1
