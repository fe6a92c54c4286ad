from __future__ import annotations

import numpy as np
import pytest

from hypertendril.analysis.fanova.axes import Axis, ChoiceAxis, Inactive, RangeAxis, StepAxis
from hypertendril.analysis.fanova.gaussian import Gaussian, columns_of, fit_gaussians, scaled
from hypertendril.analysis.fanova.gaussian_anova import GaussianAnova

AXES: tuple[Axis, ...] = (
    RangeAxis(-3.0, 2.0),
    StepAxis.over(np.arange(1.0, 7.0), 1.0),
    ChoiceAxis.over(3),
    RangeAxis(0.0, 1.0, inactive=0.25),
)


@pytest.fixture
def model() -> Gaussian:
    rng = np.random.default_rng(0)
    z = scaled(AXES, drawn(rng, 25))
    length = np.array([0.3, 0.6, 0.9, 0.4])
    return Gaussian(z, rng.standard_normal(25), length, np.zeros(6))


def drawn(rng: np.random.Generator, n: int, parts: dict[int, object] | None = None) -> np.ndarray:
    """Encoded values by the measure of each axis, `parts` restricting some."""
    columns = [
        axis.quantile(rng.random(n), (parts or {}).get(i))  # type: ignore[arg-type]
        for i, axis in enumerate(AXES)
    ]
    return np.hstack(columns)


def predicted(model: Gaussian, encoded: np.ndarray) -> np.ndarray:
    z = scaled(AXES, encoded)
    kernel = np.ones((len(z), len(model.z)))
    for i, part in enumerate(columns_of(AXES)):
        kernel *= model.factor(i, z[:, part], part)
    return kernel @ model.weight


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {0: (-1.0, 0.5), 2: frozenset({0, 2})},
        {1: (2.0, 4.0), 3: Inactive.ONLY},
        {3: (0.2, 0.7)},
    ],
    ids=["all", "range and choices", "steps and inactive", "active part"],
)
def test_its_anova_agrees_with_sampling(model: Gaussian, parts: dict[int, object]) -> None:
    anova = GaussianAnova(AXES, [model], parts)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    n = 100_000
    one, two = drawn(rng, n, parts), drawn(rng, n, parts)
    f = predicted(model, one)
    assert anova.mean[0] == pytest.approx(f.mean(), abs=5 * f.std() / n**0.5)
    assert anova.total[0] == pytest.approx(f.var(), rel=0.03)
    joint = [{i} for i in range(4)] + [{0, 1}, {2, 3}]
    for kept in joint:
        mixed = two.copy()  # pick-freeze: the covariance is the variance of the joint marginal
        for i in kept:
            mixed[:, columns_of(AXES)[i]] = one[:, columns_of(AXES)[i]]
        sampled = np.mean((f - f.mean()) * predicted(model, mixed))
        found = anova.main[0, min(kept)] if len(kept) == 1 else anova.interaction(*sorted(kept))[0]
        assert found == pytest.approx(sampled, abs=0.02 * f.var())


def test_its_curves_and_surfaces_are_averages_over_the_other_axes(model: Gaussian) -> None:
    anova = GaussianAnova(AXES, [model])
    rest = drawn(np.random.default_rng(2), 40_000)
    at = np.array([-2.0, 0.0, 1.5])
    for value, level in zip(at, anova.curve(0, at)[0], strict=True):
        rest[:, 0] = value
        assert level == pytest.approx(predicted(model, rest).mean(), abs=0.03)
    cells = anova.surface(0, 2, at, np.array([0.0, 2.0]))
    rest[:, 0], rest[:, 2:5] = 1.5, [0, 0, 1]
    assert cells.shape == (3, 2)
    assert cells[2, 1] == pytest.approx(predicted(model, rest).mean(), abs=0.03)


def test_noise_is_seen_as_noise() -> None:
    rng = np.random.default_rng(3)
    axes: tuple[Axis, ...] = (RangeAxis(0.0, 1.0),) * 5
    r2 = [
        fit_gaussians(axes, rng.random((60, 5)).astype(np.float32), rng.standard_normal(60), 0)[1]
        for _ in range(5)
    ]
    assert max(r2) < 0.1
    assert np.mean(r2) < 0.0


def test_a_parameter_without_effect_is_switched_off() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((80, 2)).astype(np.float32)
    y = np.sin(5 * x[:, 0]).astype(np.float64)
    models, r2 = fit_gaussians((RangeAxis(0.0, 1.0),) * 2, x, (y - y.mean()) / y.std(), 0)
    anova = GaussianAnova((RangeAxis(0.0, 1.0),) * 2, models)
    assert r2 > 0.99
    assert anova.main[-1, 1] < 0.001 * anova.total[-1]
    assert models[-1].length[1] > 10 * models[-1].length[0]


def test_equal_trials_break_nothing() -> None:
    x = np.repeat(np.random.default_rng(5).random((10, 1)), 4, axis=0).astype(np.float32)
    y = np.sin(6 * x[:, 0]).astype(np.float64)
    models, r2 = fit_gaussians((RangeAxis(0.0, 1.0),), x, (y - y.mean()) / y.std(), 0)
    assert np.isfinite(models[-1].weight).all()
    assert r2 > 0.9
