from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from hypertendril.analysis.fanova.axes import Axis, ChoiceAxis, RangeAxis, StepAxis, encode
from hypertendril.analysis.fanova.tree_anova import Fanova, boxed
from hypertendril.analysis.fanova.trees import trees_of_forest
from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.model import (
    Condition,
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

Floats = NDArray[np.float64]
SPACE = (
    Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True),
    Parameter("depth", ParameterKind.INT, 1, 8),
    Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd", "rms")),
    Parameter("drop", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd", "rms"))),
)
# Each example fits a forest.
FEW = settings(max_examples=12, deadline=None)


def study_of(space: Sequence[Parameter], values: Floats, scores: Floats) -> Study:
    trials = Trials.empty(len(scores), len(space), 1, 0)
    trials.values[:], trials.objectives[:, 0] = values, scores
    trials.state[:] = TrialState.COMPLETE
    header = StudyHeader("s", SearchSpace(tuple(space)), (Objective("y", Direction.MAXIMIZE),))
    return Study("s", header, trials, Evaluations.empty(), CurvePoints.empty())


def random_study(seed: int, n: int = 40) -> Study:
    rng = np.random.default_rng(seed)
    unit = rng.random((n, len(SPACE)))
    values = np.column_stack([p.from_unit(unit[:, i]) for i, p in enumerate(SPACE)])
    weights = rng.normal(size=len(SPACE))
    scores = unit @ weights + unit[:, 0] * unit[:, 3] + 0.1 * rng.standard_normal(n)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[values[:, 2] == 0, 3] = np.nan
    return study_of(SPACE, values, scores)


def assert_same_shares(one: Importance, two: Importance) -> None:
    assert one.r2 == two.r2
    assert one.singles == two.singles
    assert one.band == two.band
    pairs = {frozenset(names): share for names, share in two.pairs.items()}
    assert {frozenset(names): share for names, share in one.pairs.items()} == pairs


@FEW
@given(seed=st.integers(0, 10_000))
def test_shares_are_parts_of_one(seed: int) -> None:
    found = importance_of(random_study(seed))
    parts = [*found.singles.values(), *found.pairs.values(), found.higher_order]
    assert all(-1e-12 <= part <= 1 + 1e-12 for part in parts)
    assert sum(parts) == pytest.approx(1.0)


@FEW
@given(seed=st.integers(0, 10_000), n=st.sampled_from([40, 130]))
def test_the_order_of_trials_changes_nothing(seed: int, n: int) -> None:
    study = random_study(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    shuffled = study_of(SPACE, study.trials.values[order], study.trials.objectives[order, 0])
    assert_same_shares(importance_of(study), importance_of(shuffled))


@FEW
@given(order=st.permutations(range(len(SPACE))), seed=st.integers(0, 10_000))
def test_the_order_of_parameters_changes_nothing(order: list[int], seed: int) -> None:
    study = random_study(seed)
    space = [SPACE[i] for i in order]
    turned = study_of(space, study.trials.values[:, order], study.trials.objectives[:, 0])
    found = importance_of(turned)
    assert list(found.singles) == [p.name for p in space]
    assert_same_shares(importance_of(study), found)


@FEW
@given(seed=st.integers(0, 10_000))
def test_a_log_axis_is_the_linear_axis_of_its_logarithm(seed: int) -> None:
    study = random_study(seed)
    linear = Parameter("lr", ParameterKind.FLOAT, -4.0, 0.0)
    values = study.trials.values.copy()
    values[:, 0] = np.log10(values[:, 0])
    found = importance_of(study_of((linear, *SPACE[1:]), values, study.trials.objectives[:, 0]))
    assert found.singles == pytest.approx(importance_of(study).singles, abs=1e-4)


@FEW
@given(
    seed=st.integers(0, 10_000),
    factor=st.sampled_from([-1e6, -3.0, 1e-6, 7.0]),
    shift=st.sampled_from([-1e3, 0.0, 50.0]),
)
def test_the_unit_of_the_objective_changes_nothing(seed: int, factor: float, shift: float) -> None:
    study = random_study(seed)
    objectives = factor * (study.trials.objectives + shift)
    scaled = replace(study, trials=replace(study.trials, objectives=objectives))
    expected = importance_of(study)
    found = importance_of(scaled)
    # Rounding may turn a tie between two splits; rare, and then still near.
    assert found.singles == pytest.approx(expected.singles, abs=0.02)


@FEW
@given(
    scores=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=0, max_size=30),
    seed=st.integers(0, 100),
)
def test_any_objective_values_give_an_answer(scores: list[float], seed: int) -> None:
    values = random_study(seed, max(1, len(scores))).trials.values[: len(scores)]
    found = importance_of(study_of(SPACE, values, np.array(scores, dtype=float)))
    total = found.explained + found.higher_order
    assert total == pytest.approx(1.0) or total == 0.0
    assert set(found.singles) == {p.name for p in SPACE}
    assert len(found.marginal("opt").mean) == 3


def axes() -> st.SearchStrategy[list[Axis]]:
    inactive = st.sampled_from([0.0, 0.3])
    ranges = st.builds(RangeAxis, st.just(0.0), st.just(1.0), st.just(False), inactive)
    steps = st.builds(
        lambda k, p: StepAxis.over(np.arange(k, dtype=float), 1.0, inactive=p),
        st.integers(1, 6),
        inactive,
    )
    choices = st.builds(ChoiceAxis.over, st.integers(1, 4), inactive)
    return st.lists(ranges | steps | choices, min_size=2, max_size=4)


@FEW
@given(axes=axes(), seed=st.integers(0, 1000))
def test_the_anova_adds_up_on_any_axes(axes: list[Axis], seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Draw from the measure itself: quantiles are what trees see.
    x = np.hstack([axis.quantile(rng.random(50), None) for axis in axes]).astype(np.float32)
    forest = RandomForestRegressor(4, random_state=seed).fit(x, rng.standard_normal(50))
    found = Fanova(axes, boxed(axes, trees_of_forest(forest)))
    interactions = [
        found.interaction(i, j)[1] for i in range(len(axes)) for j in range(i + 1, len(axes))
    ]
    explained = found.main.sum(axis=1) + sum(interactions)
    assert (found.main >= -1e-12).all()
    assert (explained <= found.total + 1e-9).all()
    if len(axes) == 2:
        assert explained == pytest.approx(found.total, abs=1e-9)


@FEW
@given(axes=axes(), seed=st.integers(0, 1000))
def test_the_mean_is_what_many_draws_average_to(axes: list[Axis], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.hstack([axis.quantile(rng.random(40), None) for axis in axes]).astype(np.float32)
    forest = RandomForestRegressor(3, random_state=seed).fit(x, rng.standard_normal(40))
    found = Fanova(axes, boxed(axes, trees_of_forest(forest)))
    draws = np.hstack([axis.quantile(rng.random(20_000), None) for axis in axes])
    predicted = forest.predict(draws.astype(np.float32))
    error = 5 * predicted.std() / np.sqrt(len(predicted)) + 1e-9
    assert found.mean.mean() == pytest.approx(predicted.mean(), abs=error)


def test_encoding_keeps_the_number_of_columns() -> None:
    mixed: list[Axis] = [RangeAxis(0.0, 1.0), ChoiceAxis.over(3)]
    assert encode(mixed, np.array([[0.5, 2.0]])).shape == (1, 4)
