"""CMA-ES and NSGA-II."""

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
from hypertendril.search import Result, Setup, make_method
from hypertendril.search.cmaes import Distribution
from hypertendril.search.nsga2 import best_first, fronts


def test_fronts_are_peeled_one_after_the_other() -> None:
    qualities = np.array([[3.0, 0.0], [0.0, 3.0], [2.0, 2.0], [1.0, 1.0], [0.5, 0.5], [2.0, 2.0]])
    assert fronts(qualities).tolist() == [0, 0, 0, 1, 2, 0]


def test_the_ends_of_a_front_come_first_then_the_loneliest() -> None:
    qualities = np.array([[0.0, 4.0], [1.9, 2.1], [2.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
    order = best_first(qualities, np.zeros(5)).tolist()
    assert set(order[:2]) == {0, 4}
    assert order[-1] == 2


def test_whatever_its_values_an_infeasible_trial_comes_after_all_feasible_ones() -> None:
    qualities = np.array([[9.0, 9.0], [1.0, 1.0], [8.0, 8.0], [2.0, 2.0]])
    assert best_first(qualities, np.array([0.5, 0.0, 0.2, 0.0])).tolist() == [3, 1, 2, 0]


def test_nsga2_covers_a_front_better_than_random_search() -> None:
    space = SearchSpace(tuple(Parameter(f"x{i}", ParameterKind.FLOAT, 0.0, 1.0) for i in range(6)))
    objectives = (Objective("f", Direction.MINIMIZE), Objective("g", Direction.MINIMIZE))

    def distance(name: str) -> float:
        """Mean height above the front g = 1 - sqrt(f) of the last trials (ZDT1)."""
        searcher = make_method(name, Setup({}, space, objectives, 1))
        heights = []
        for number in range(400):
            values = searcher.ask(number)
            x = [float(values[f"x{i}"]) for i in range(6)]  # type: ignore[arg-type]
            rest = 1.0 + 9.0 * sum(x[1:]) / 5.0
            g = rest * (1.0 - np.sqrt(x[0] / rest))
            searcher.tell(number, values, Result(TrialState.COMPLETE, [x[0], g]))
            heights.append(g - (1.0 - np.sqrt(x[0])))
        return float(np.mean(heights[-100:]))

    assert 3 * distance("nsga2") < distance("random")


@pytest.mark.parametrize("turned", [False, True], ids=["round", "turned"])
def test_cmaes_descends_to_the_bottom_of_a_bowl(*, turned: bool) -> None:
    """Also of one a hundred times as long as wide, across the axes."""
    random = np.random.default_rng(1)
    at = Distribution.at_first(4, 0.2)
    turn = np.linalg.qr(random.standard_normal((4, 4)))[0] if turned else np.eye(4)
    scale = np.array([100.0, 10.0, 3.0, 1.0]) if turned else np.ones(4)
    for _ in range(120):
        points = np.array([at.draw(random) for _ in range(8)])
        height = ((scale * ((points - 0.6) @ turn)) ** 2).sum(axis=1)
        at = at.updated(points[np.argsort(height)])
    assert np.abs(at.mean - 0.6).max() < 1e-3
