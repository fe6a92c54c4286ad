"""Whatever parameter there is: its scale, its codes and its JSON form go there and back."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hypertendril.errors import SpaceError
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace

names = st.text(min_size=1, max_size=20)
choices = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
units = st.lists(st.floats(0, 1), min_size=1, max_size=20)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["parent", "values", "name"]) | st.text(max_size=4), inner, max_size=4
        )
    ),
    max_leaves=10,
)


def typed(values):
    """Values such that True and 1, or 0.0 and -0.0, are told apart."""
    return [(type(value), repr(value)) for value in values]


@st.composite
def numeric(draw):
    kind = draw(st.sampled_from([ParameterKind.FLOAT, ParameterKind.INT]))
    log = draw(st.booleans())
    smallest = 1e-12 if log else -1e12
    bounds = (
        st.floats(smallest, 1e12)
        if kind is ParameterKind.FLOAT
        else st.integers(1 if log else -(10**9), 10**9)
    )
    low, high = sorted((draw(bounds), draw(bounds)))
    return Parameter(draw(names), kind, low, high, log=log)


@st.composite
def discrete(draw):
    kind = draw(st.sampled_from([ParameterKind.ORDINAL, ParameterKind.CATEGORICAL]))
    found = draw(
        st.lists(choices, min_size=1, max_size=8, unique_by=lambda c: (isinstance(c, bool), c))
    )
    condition = draw(
        st.none() | st.builds(Condition, names, st.lists(choices, max_size=3).map(tuple))
    )
    return Parameter(draw(names), kind, choices=tuple(found), condition=condition)


parameters = numeric() | discrete()


@given(numeric(), units)
def test_a_value_in_the_range_goes_to_its_unit_and_back(parameter, places):
    values = parameter.from_unit(places)
    assert parameter.contains(values).all()
    again = parameter.from_unit(parameter.to_unit(values))
    spread = max(abs(parameter.low), abs(parameter.high))
    np.testing.assert_allclose(again, values, rtol=1e-9, atol=1e-9 * spread)


@given(parameters, units)
def test_order_is_kept_by_both_mappings(parameter, places):
    values = parameter.from_unit(np.sort(places))
    assert (np.diff(values) >= 0).all()
    assert (np.diff(parameter.to_unit(values)) >= 0).all()


@given(parameters, units)
def test_units_of_values_in_the_range_lie_between_zero_and_one(parameter, places):
    found = parameter.to_unit(parameter.from_unit(places))
    assert ((found >= -1e-9) & (found <= 1 + 1e-9)).all()


@given(numeric(), units)
def test_integers_stay_integers(parameter, places):
    if parameter.kind is ParameterKind.INT:
        values = parameter.from_unit(places)
        np.testing.assert_array_equal(values, np.rint(values))
        assert all(isinstance(parameter.decode(float(value)), int) for value in values)


@given(discrete())
def test_every_choice_is_decoded_to_itself_type_included(parameter):
    codes = [parameter.encode(choice) for choice in parameter.choices]
    assert codes == [*range(len(codes))]
    assert typed(parameter.decode(code) for code in codes) == typed(parameter.choices)


@given(parameters)
def test_a_missing_value_stays_missing_everywhere(parameter):
    assert parameter.decode(math.nan) is None
    assert np.isnan(parameter.to_unit([math.nan])).all()
    assert parameter.contains([math.nan]).all()


@given(st.lists(parameters, max_size=5, unique_by=lambda parameter: parameter.name))
def test_a_space_comes_back_equal_from_json(found):
    space = SearchSpace(tuple(found))
    back = SearchSpace.from_json(json.loads(json.dumps(space.to_json())))
    assert back == space
    for one, other in zip(back, space, strict=True):
        assert typed(one.choices) == typed(other.choices)


@given(
    st.fixed_dictionaries(
        {"name": names | anything, "kind": st.sampled_from([*ParameterKind]) | anything},
        optional={
            key: anything | st.floats() | st.lists(choices)
            for key in ("low", "high", "log", "step", "choices", "condition")
        },
    )
)
def test_any_description_gives_a_parameter_or_one_clear_error(data):
    try:
        parameter = Parameter.from_json(data)
    except SpaceError:
        return
    again = Parameter.from_json(json.loads(json.dumps(parameter.to_json())))
    assert repr(again) == repr(parameter)  # a choice may be NaN, which equals nothing
