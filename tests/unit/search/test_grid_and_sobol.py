from __future__ import annotations

import json

import numpy as np
import pytest

from hypertendril.errors import JobError
from hypertendril.model import (
    Condition,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
)
from hypertendril.search import METHODS, Setup, StartingSet, make_method

OBJECTIVES = (Objective("loss", Direction.MINIMIZE),)
SPACE = SearchSpace(
    (
        Parameter("rate", ParameterKind.FLOAT, 1e-4, 1.0, log=True),
        Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam")),
        Parameter("m", ParameterKind.INT, 0, 1, condition=Condition("opt", ("sgd",))),
    )
)


def test_a_grid_has_every_combination_once_and_none_for_what_is_inactive() -> None:
    trials = METHODS["grid"].trials
    assert trials is not None
    settings = {"points": 5}
    assert trials(settings, SPACE, StartingSet()) == 5 * (2 + 1)
    grid = make_method("grid", Setup(settings, SPACE, OBJECTIVES, 1))
    asked = [json.dumps(grid.ask(number), sort_keys=True) for number in range(15)]
    assert len(set(asked)) == 15
    assert grid.ask(15) == grid.ask(0)


def test_a_grid_is_even_in_the_declared_scale() -> None:
    grid = make_method("grid", Setup({"points": 5}, SPACE, OBJECTIVES, 1))
    rates = sorted({grid.ask(number)["rate"] for number in range(15)})  # type: ignore[type-var]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_a_grid_that_would_never_end_is_refused() -> None:
    wide = SearchSpace(tuple(Parameter(f"x{i}", ParameterKind.FLOAT, 0, 1) for i in range(12)))
    with pytest.raises(JobError, match=r"settings\.points"):
        make_method("grid", Setup({"points": 10}, wide, OBJECTIVES, 1))


def test_sobol_fills_a_square_more_evenly_than_chance() -> None:
    square = SearchSpace(tuple(Parameter(f"x{i}", ParameterKind.FLOAT, 0.0, 1.0) for i in range(2)))

    def empty_cells(name: str) -> int:
        searcher = make_method(name, Setup({}, square, OBJECTIVES, 1))
        points = [list(searcher.ask(number).values()) for number in range(64)]
        cells = np.floor(8 * np.array(points, dtype=float)).astype(int)
        return 64 - len({tuple(cell) for cell in cells.tolist()})

    assert empty_cells("sobol") < 8 < empty_cells("random")


def test_sobol_gives_any_trial_without_those_before_it() -> None:
    whole = make_method("sobol", Setup({}, SPACE, OBJECTIVES, 4))
    asked = [whole.ask(number) for number in range(12)]
    fresh = make_method("sobol", Setup({}, SPACE, OBJECTIVES, 4))
    assert [fresh.ask(number) for number in (7, 11, 3)] == [asked[7], asked[11], asked[3]]
