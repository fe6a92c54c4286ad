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
from hypertendril.search.density import Axes, Density, filled

SPACE = SearchSpace(
    (
        Parameter("x", ParameterKind.FLOAT, -5.0, 5.0),
        Parameter("rate", ParameterKind.FLOAT, 1e-5, 1.0, log=True),
        Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c")),
    )
)
OBJECTIVES = (Objective("loss", Direction.MINIMIZE),)


def losses(method: str, seed: int) -> list[float]:
    """Return the losses of the second half of 120 trials, each at its last rung."""
    found = {}
    searcher = make_scheduler(
        method, Setup({"max_resource": 9}, SPACE, OBJECTIVES, seed, Limits(120))
    )
    while task := searcher.ask():
        x, rate = task.values["x"], task.values["rate"]
        loss = (x - 2.0) ** 2 + (np.log10(rate) + 2.0) ** 2 + 3.0 * (task.values["kind"] != "b")  # type: ignore[operator, arg-type]
        found[task.number] = float(loss)
        searcher.tell(task.number, Result(TrialState.COMPLETE, [loss + 1.0 / (task.to_step or 9)]))
    return [found[number] for number in range(60, 120)]


def test_bohb_draws_better_trials_than_hyperband() -> None:
    medians = [
        [float(np.median(losses(method, seed))) for method in ("bohb", "hyperband")]
        for seed in range(5)
    ]
    assert all(2 * learnt < drawn for learnt, drawn in medians), medians


def test_a_density_sums_to_one_over_its_categories_and_its_interval() -> None:
    axes = Axes(np.array([0, 3]))
    rows = np.array([[0.4, 0.0], [0.5, 0.0], [0.6, 2.0]])
    density = Density(rows, axes, 1e-3)
    grid = np.linspace(-3.0, 4.0, 7001)
    total = sum(
        density.at(np.column_stack([grid, np.full(len(grid), k)])).sum() * (grid[1] - grid[0])
        for k in range(3)
    )
    assert total == pytest.approx(1.0, abs=1e-3)


def test_bandwidths_follow_the_normal_reference_rule() -> None:
    rows = np.array([[0.0], [1.0]])
    density = Density(rows, Axes(np.array([0])), 1e-3)
    assert density.widths[0] == pytest.approx(1.06 * 0.5 * 2 ** (-1 / 5))


def test_draws_stay_in_the_unit_interval_and_among_the_categories() -> None:
    axes = Axes(np.array([0, 4]))
    random = np.random.default_rng(0)
    rows = np.column_stack([[0.01, 0.99, 0.5], [0.0, 3.0, 1.0]])
    points = Density(rows, axes, 1e-3).draw(500, 3.0, random)
    assert ((points[:, 0] >= 0) & (points[:, 0] <= 1)).all()
    assert set(points[:, 1]) <= {0.0, 1.0, 2.0, 3.0}


def test_inactive_values_are_filled_from_known_ones() -> None:
    rows = np.array([[0.25, np.nan], [np.nan, np.nan], [0.75, np.nan]])
    full = filled(rows, Axes(np.array([0, 2])), np.random.default_rng(0))
    assert full[1, 0] in (0.25, 0.75)
    assert not np.isnan(full).any()
    assert set(full[:, 1]) <= {0.0, 1.0}
