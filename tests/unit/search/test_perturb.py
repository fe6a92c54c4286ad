from __future__ import annotations

import math

import numpy as np
import pytest

from hypertendril.model import Choice, Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.search.perturb import moved, perturbed

RATE = Parameter("rate", ParameterKind.FLOAT, 1e-6, 1.0, log=True)
SHARE = Parameter("share", ParameterKind.FLOAT, 0.0, 1.0)
FACTOR = 1.2


def walk(parameter: Parameter, start: float, steps: int, seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    values = {parameter.name: start}
    path = [start]
    for _ in range(steps):
        values = perturbed(SearchSpace((parameter,)), values, FACTOR, 0.0, (), random)  # type: ignore[assignment]
        path.append(values[parameter.name])
    return path


def test_a_step_up_and_a_step_down_of_a_log_value_cancel() -> None:
    up = moved(RATE, 1e-3, FACTOR, upwards=True)
    assert up == pytest.approx(1.2e-3)
    assert moved(RATE, up, FACTOR, upwards=False) == pytest.approx(1e-3)


def test_steps_on_a_linear_scale_are_as_large_at_high_values_as_at_low_ones() -> None:
    """Steps in proportion to the value drift to the low end: Fig. 9 of the paper."""
    low = moved(SHARE, 0.2, FACTOR, upwards=True) - 0.2
    high = moved(SHARE, 0.8, FACTOR, upwards=True) - 0.8
    assert low == pytest.approx(high)
    assert low == pytest.approx(0.1)


@pytest.mark.parametrize("parameter", [RATE, SHARE], ids=["log", "linear"])
def test_a_neutral_walk_drifts_neither_up_nor_down(parameter: Parameter) -> None:
    """20 steps of x1.2 or x0.8 leave a median of 0.67 of the start; ours must leave it alone."""
    start = float(parameter.from_unit(0.5))
    ends = [walk(parameter, start, 20, seed)[-1] for seed in range(400)]
    drift = float(np.mean(parameter.to_unit(ends))) - 0.5
    spread = float(np.std(parameter.to_unit(ends)))
    assert abs(drift) < 3 * spread / math.sqrt(len(ends))


def test_steps_do_not_depend_on_the_value_in_the_declared_scale() -> None:
    for parameter in (RATE, SHARE):
        units = np.array([0.2, 0.4, 0.6, 0.8])
        starts = parameter.from_unit(units)
        ends = [moved(parameter, float(value), FACTOR, upwards=True) for value in starts]
        steps = parameter.to_unit(ends) - units
        assert np.ptp(steps) < 1e-9


def test_values_stay_inside_the_bounds() -> None:
    for parameter in (RATE, SHARE):
        assert parameter.contains(walk(parameter, 0.9, 200, 1)).all()
    assert moved(SHARE, 0.99, FACTOR, upwards=True) == 1.0
    assert moved(RATE, 1.1e-6, FACTOR, upwards=False) == 1e-6


@pytest.mark.parametrize("log", [False, True])
def test_whole_numbers_move_by_at_least_one(*, log: bool) -> None:
    small = Parameter("n", ParameterKind.INT, 1, 8, log=log)
    for value in (2.0, 3.0, 7.0):
        assert moved(small, value, 1.01, upwards=True) == value + 1
        assert moved(small, value, 1.01, upwards=False) == value - 1
    assert moved(small, 8.0, 1.01, upwards=True) == 8.0


def test_stepped_and_ordinal_values_move_by_places() -> None:
    stepped = Parameter("s", ParameterKind.FLOAT, 0.1, 0.8, step=0.2)
    assert moved(stepped, 0.3, 1.01, upwards=True) == pytest.approx(0.5)
    assert moved(stepped, 0.7, 1.01, upwards=True) == pytest.approx(0.7)
    ordinal = Parameter("o", ParameterKind.ORDINAL, choices=(16, 32, 64))
    assert moved(ordinal, 0.0, 1.2, upwards=True) == 1.0
    assert moved(ordinal, 0.0, 1.2, upwards=False) == 0.0


def test_categories_change_only_when_drawn_anew_and_kept_ones_never() -> None:
    space = SearchSpace(
        (Parameter("c", ParameterKind.CATEGORICAL, choices=tuple("abcdefgh")), RATE)
    )
    old: dict[str, Choice] = {"c": "a", "rate": 0.01}
    random = np.random.default_rng(0)
    moves = [perturbed(space, old, FACTOR, 0.0, (), random) for _ in range(50)]
    assert {values["c"] for values in moves} == {"a"}
    drawn = [perturbed(space, old, FACTOR, 1.0, (), random) for _ in range(50)]
    assert len({values["c"] for values in drawn}) > 4
    kept = [perturbed(space, old, FACTOR, 1.0, ("c", "rate"), random) for _ in range(5)]
    assert all(values == old for values in kept)


def test_conditions_hold_after_a_change() -> None:
    space = SearchSpace(
        (
            Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam")),
            Parameter("m", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd",))),
        )
    )
    random = np.random.default_rng(0)
    for _ in range(30):
        values = perturbed(space, {"opt": "adam"}, FACTOR, 0.5, (), random)
        assert ("m" in values) == (values["opt"] == "sgd")
