from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hypertendril.analysis.pareto import hypervolume, pareto_front
from hypertendril.model import Direction

MAX, MIN = Direction.MAXIMIZE, Direction.MINIMIZE


def brute(
    x: NDArray[np.float64], y: NDArray[np.float64], directions: tuple[Direction, Direction]
) -> list[int]:
    good = np.column_stack([directions[0].sign * x, directions[1].sign * y])
    kept = []
    for i, mine in enumerate(good):
        if not np.isfinite(mine).all():
            continue
        beaten = [
            np.isfinite(other).all() and (other >= mine).all() and (other > mine).any()
            for other in good
        ]
        if not any(beaten):
            kept.append(i)
    return kept


def test_the_front_of_five_trials() -> None:
    accuracy = np.array([0.9, 0.8, 0.7, 0.95, 0.6])
    size = np.array([10.0, 5.0, 6.0, 20.0, 1.0])
    assert pareto_front(accuracy, size, (MAX, MIN)).tolist() == [3, 0, 1, 4]


def test_equal_points_on_the_front_are_all_kept() -> None:
    x, y = np.array([1.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    assert pareto_front(x, y, (MAX, MAX)).tolist() == [0, 1]


def test_rows_without_a_finite_pair_are_left_out() -> None:
    x, y = np.array([np.nan, 1.0, np.inf, 0.5]), np.array([9.0, 1.0, 9.0, np.nan])
    assert pareto_front(x, y, (MAX, MAX)).tolist() == [1]


def test_only_eligible_rows_take_part() -> None:
    x, y = np.array([2.0, 1.0]), np.array([2.0, 1.0])
    assert pareto_front(x, y, (MAX, MAX), np.array([False, True])).tolist() == [1]


def test_no_rows_have_an_empty_front() -> None:
    assert pareto_front(np.zeros(0), np.zeros(0), (MIN, MIN)).tolist() == []
    assert hypervolume(np.zeros(0), np.zeros(0), (MIN, MIN), (1, 1)) == 0


@pytest.mark.parametrize("directions", [(MAX, MAX), (MAX, MIN), (MIN, MAX), (MIN, MIN)])
def test_the_front_is_what_comparing_all_pairs_gives(
    rng: np.random.Generator, directions: tuple[Direction, Direction]
) -> None:
    for _ in range(20):
        x, y = rng.integers(0, 12, (2, 60)).astype(float)
        x[rng.random(60) < 0.1] = np.nan
        assert sorted(pareto_front(x, y, directions).tolist()) == brute(x, y, directions)


def test_hypervolume_of_a_staircase() -> None:
    x, y = np.array([1.0, 2.0, 3.0, 0.5]), np.array([3.0, 2.0, 1.0, 0.5])
    assert hypervolume(x, y, (MAX, MAX), (0, 0)) == 6.0
    assert hypervolume(-x, y, (MIN, MAX), (0, 0)) == 6.0
    assert hypervolume(x, y, (MAX, MAX), (1.5, 0.0)) == pytest.approx(0.5 * 2 + 1.0 * 1)
