from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertendril.errors import SpaceError
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.search import Setup
from hypertendril.search.random import RandomSearch
from hypertendril.search.sampling import activation_order, draw, is_active

UNIFORMS = (np.arange(12_000) + 0.5) / 12_000


def shares(parameter: Parameter) -> dict[object, float]:
    """Share of each value over evenly spread uniform numbers."""
    counts = Counter(draw(parameter, float(u)) for u in UNIFORMS)
    return {value: round(count / len(UNIFORMS), 3) for value, count in counts.items()}


def test_whole_numbers_are_equally_likely_the_ends_too() -> None:
    assert shares(Parameter("n", ParameterKind.INT, 1, 3)) == {1: 0.333, 2: 0.333, 3: 0.333}


def test_steps_are_equally_likely_and_stay_below_a_bound_that_is_no_multiple() -> None:
    found = shares(Parameter("x", ParameterKind.FLOAT, 0.0, 1.1, step=0.5))
    assert found == {0.0: 0.333, 0.5: 0.333, 1.0: 0.333}


def test_choices_are_equally_likely() -> None:
    parameter = Parameter("c", ParameterKind.CATEGORICAL, choices=("a", "b", "c", "d"))
    assert shares(parameter) == {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}


def test_a_log_float_is_even_in_the_logarithm() -> None:
    parameter = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True)
    values = np.array([draw(parameter, float(u)) for u in UNIFORMS], dtype=float)
    counts, _ = np.histogram(np.log10(values), bins=3, range=(-4, -1))
    assert counts.tolist() == [4000, 4000, 4000]


def test_a_log_int_gives_each_value_its_share_of_the_log_scale() -> None:
    found = shares(Parameter("n", ParameterKind.INT, 1, 8, log=True))
    for n in range(1, 9):
        expected = (np.log(n + 0.5) - np.log(n - 0.5)) / (np.log(8.5) - np.log(0.5))
        assert found[n] == pytest.approx(expected, abs=2e-3)


@given(st.floats(1e-6, 1e6), st.floats(0, 1e6), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_a_draw_never_leaves_the_bounds(low: float, span: float, log: bool, u: float) -> None:  # noqa: FBT001
    parameter = Parameter("x", ParameterKind.FLOAT, low, low + span, log=log)
    value = draw(parameter, u)
    assert isinstance(value, float)
    assert low <= value <= low + span


def test_narrowing_one_range_leaves_the_other_draws_alone() -> None:
    first = Parameter("a", ParameterKind.FLOAT, 0, 1)
    second = Parameter("b", ParameterKind.FLOAT, 0, 1)
    wide = RandomSearch(Setup({}, SearchSpace((first, second)), (), 5)).ask(3)
    narrow_first = Parameter("a", ParameterKind.FLOAT, 0.4, 0.6)
    narrow = RandomSearch(Setup({}, SearchSpace((narrow_first, second)), (), 5)).ask(3)
    assert narrow["b"] == wide["b"]


def test_conditions_in_a_circle_are_named() -> None:
    a = Parameter("a", ParameterKind.INT, 0, 1, condition=Condition("b", (1,)))
    b = Parameter("b", ParameterKind.INT, 0, 1, condition=Condition("a", (1,)))
    with pytest.raises(SpaceError, match="'a' and 'b' form a circle"):
        activation_order(SearchSpace((a, b)))


def test_a_condition_on_one_is_not_met_by_true() -> None:
    child = Parameter("c", ParameterKind.INT, 0, 1, condition=Condition("p", (1,)))
    assert is_active(child, {"p": 1})
    assert not is_active(child, {"p": True})
    assert not is_active(child, {})
