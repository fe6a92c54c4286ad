from __future__ import annotations

import numpy as np

from hypertendril.model import (
    Choice,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import Result, Setup, make_method
from hypertendril.search.gaussian_process import _one_target

SPACE = SearchSpace(
    (
        Parameter("x", ParameterKind.FLOAT, -5.0, 5.0),
        Parameter("rate", ParameterKind.FLOAT, 1e-5, 1.0, log=True),
    )
)


def loss(values: dict[str, Choice]) -> float:
    x, rate = values["x"], values["rate"]
    assert isinstance(x, float)
    assert isinstance(rate, float)
    return float((x - 2.0) ** 2 + (np.log10(rate) + 2.0) ** 2)


def best_of(name: str, seed: int, n: int) -> float:
    searcher = make_method(name, Setup({}, SPACE, (Objective("loss", Direction.MINIMIZE),), seed))
    found = []
    for number in range(n):
        values = searcher.ask(number)
        found.append(loss(values))
        searcher.tell(number, values, Result(TrialState.COMPLETE, [found[-1]]))
    return min(found)


def test_a_few_trials_find_the_bottom_of_a_bowl() -> None:
    assert best_of("gp", 0, 20) < 0.05 < best_of("random", 0, 20)


def test_trials_under_way_push_others_aside() -> None:
    searcher = make_method("gp", Setup({}, SPACE, (Objective("loss", Direction.MINIMIZE),), 1))
    for number in range(12):
        values = searcher.ask(number)
        searcher.tell(number, values, Result(TrialState.COMPLETE, [loss(values)]))
    together = [searcher.ask(number) for number in range(12, 15)]
    assert len({values["x"] for values in together}) == 3


def test_infinite_and_enormous_values_do_not_flatten_the_rest() -> None:
    random = np.random.default_rng(0)
    target = _one_target(np.array([[1.0], [2.0], [3.0], [-1e9], [-np.inf], [np.inf]]), random)
    assert np.isfinite(target).all()
    assert target[2] - target[0] > 0.3
    assert target[5] == target.max()
    assert target[4] == target.min()
    assert (_one_target(np.array([[np.inf], [np.inf]]), random) == 0).all()
