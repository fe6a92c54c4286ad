"""PB2: what its model says by hand-worked numbers, and that its populations find good values."""

from __future__ import annotations

import numpy as np
import pytest

from hypertendril.model import (
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import Limits, Result, Setup, make_scheduler
from hypertendril.search.pb2 import GainModel

SPACE = SearchSpace(
    (
        Parameter("rate", ParameterKind.FLOAT, 1e-5, 1e-1, log=True),
        Parameter("width", ParameterKind.INT, 8, 64),
        Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b")),
    )
)


def test_likeness_falls_with_distance_and_is_forgotten_with_time() -> None:
    inputs = np.array([[0.0, 0.0, 1.0], [0.3, 0.4, 1.0], [0.0, 0.0, 3.0]])
    model = GainModel(inputs, np.zeros(3), length=0.5, forgetting=0.19, noise=0.1)
    likeness = model.kernel(inputs[:1], inputs)[0]
    np.testing.assert_allclose(likeness, [1.0, np.exp(-0.5), 0.81])


def test_the_bound_is_the_gain_where_it_is_known_and_wide_where_it_is_not() -> None:
    inputs = np.array([[0.0, 0.0], [1.0, 0.0]])
    model = GainModel(inputs, np.array([1.0, -1.0]), length=0.1, forgetting=0.0, noise=1e-4)
    nobody = np.empty((0, 2))
    near, far = model.bound(np.array([[0.0, 0.0], [0.5, 0.0]]), nobody)
    assert near == pytest.approx(1.0, abs=0.01)
    assert far == pytest.approx(np.sqrt(0.2), abs=0.01)  # log(0.4 * 2) is below 0
    (told,) = model.bound(np.array([[0.5, 0.0]]), np.array([[0.5, 0.0]]))
    assert told == pytest.approx(0.0, abs=0.01)


def test_the_evidence_is_that_of_scikit_learn() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    random = np.random.default_rng(1)
    x, y = random.random((12, 2)), random.standard_normal(12)
    model = GainModel(np.column_stack([x, np.zeros(12)]), y, 0.4, 0.2, 0.3)
    kernel = RBF(0.4) + WhiteKernel(0.3**2 + 1e-8)
    theirs = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(x, y)
    constant = -6.0 * np.log(2.0 * np.pi)
    assert model.evidence() + constant == pytest.approx(theirs.log_marginal_likelihood())


def mean_distance(method: str, seed: int) -> float:
    """Return how far from the best rate the last generation trains; quality adds up over time."""
    settings = {"population": 6, "generations": 8, "interval": 1}
    objectives = (Objective("score", Direction.MAXIMIZE),)
    population = make_scheduler(method, Setup(settings, SPACE, objectives, seed, Limits(1000)))
    reached: dict[int, float] = {}
    distances: list[float] = []
    while task := population.ask():
        assert isinstance(task.values["rate"], float)
        distance = abs(np.log10(task.values["rate"]) + 3.5)
        before = reached.get(task.number, reached[task.parent] if task.parent is not None else 0.0)
        reached[task.number] = before + 1.0 - distance / 2.0
        distances.append(float(distance))
        population.tell(task.number, Result(TrialState.COMPLETE, [reached[task.number]]))
    return float(np.mean(distances[-6:]))


def test_a_small_population_comes_closer_to_good_values_than_with_random_steps() -> None:
    distances = {
        name: np.mean([mean_distance(name, seed) for seed in range(6)]) for name in ("pb2", "pbt")
    }
    assert distances["pb2"] < distances["pbt"]
