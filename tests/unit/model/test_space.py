"""Parameters: their scale, their codes, and what makes no sense."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypertendril.errors import SpaceError
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace
from hypertendril.model.space import narrowed

LOG = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-2, log=True)
LINEAR = Parameter("dropout", ParameterKind.FLOAT, -1.0, 3.0)
STEPPED = Parameter("step", ParameterKind.FLOAT, 0.0, 1.0, step=0.3)
INTEGER = Parameter("layers", ParameterKind.INT, 1, 8)
LOG_INTEGER = Parameter("width", ParameterKind.INT, 1, 1024, log=True)
MIXED = Parameter(
    "mixed", ParameterKind.CATEGORICAL, choices=("a", True, 1, None, 2.5, "1", False, 0)
)
NAN, INF = math.nan, math.inf


def test_a_log_scale_has_its_middle_at_the_geometric_mean():
    np.testing.assert_allclose(LOG.to_unit([1e-4, 1e-3, 1e-2]), [0, 0.5, 1])
    np.testing.assert_allclose(LOG.from_unit([0, 0.5, 1]), [1e-4, 1e-3, 1e-2])


def test_a_linear_scale_is_linear():
    np.testing.assert_allclose(LINEAR.to_unit([-1, 0, 3]), [0, 0.25, 1])
    np.testing.assert_allclose(LINEAR.from_unit([0, 0.25, 1]), [-1, 0, 3])


def test_values_outside_the_bounds_lie_outside_the_unit_and_missing_ones_stay_missing():
    np.testing.assert_allclose(LINEAR.to_unit([-5, 7, NAN]), [-1, 2, NAN])
    np.testing.assert_allclose(LOG.to_unit([0, -1, NAN, INF]), [-INF, -INF, NAN, INF])


def test_units_outside_zero_and_one_land_on_the_bounds():
    np.testing.assert_allclose(LINEAR.from_unit([-0.1, 1.1]), [-1, 3])


def test_integers_and_steps_are_met_exactly():
    assert INTEGER.from_unit(np.linspace(0, 1, 8)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert LOG_INTEGER.from_unit([0, 0.5, 1]).tolist() == [1, 32, 1024]
    np.testing.assert_allclose(STEPPED.from_unit([0, 0.5, 0.95, 1]), [0, 0.6, 0.9, 0.9])


def test_choices_are_spread_evenly_over_the_unit():
    three = Parameter("c", ParameterKind.ORDINAL, choices=("s", "m", "l"))
    np.testing.assert_allclose(three.to_unit([0, 1, 2, NAN]), [0, 0.5, 1, NAN])
    assert three.from_unit([0, 0.2, 0.3, 1]).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("one", ParameterKind.CATEGORICAL, choices=("only",)),
        Parameter("one", ParameterKind.FLOAT, 2.0, 2.0),
        Parameter("one", ParameterKind.FLOAT, 2.0, 2.0, log=True),
    ],
)
def test_a_parameter_with_one_value_stands_in_the_middle(parameter):
    value = 0.0 if parameter.is_discrete_choice else 2.0
    np.testing.assert_allclose(parameter.to_unit([value, NAN]), [0.5, NAN])
    assert parameter.from_unit([0.0, 1.0]).tolist() == [value, value]


def test_choices_that_python_calls_equal_have_codes_of_their_own():
    codes = [MIXED.encode(choice) for choice in MIXED.choices]
    assert codes == [0, 1, 2, 3, 4, 5, 6, 7]
    decoded = [MIXED.decode(code) for code in codes]
    assert [(type(value), value) for value in decoded] == [
        (type(choice), choice) for choice in MIXED.choices
    ]


def test_an_unknown_choice_is_missing():
    assert math.isnan(MIXED.encode("b"))
    assert math.isnan(Parameter("c", ParameterKind.CATEGORICAL, choices=("a",)).encode(None))
    assert math.isnan(Parameter("c", ParameterKind.CATEGORICAL, choices=(0, 1)).encode(True))


def test_numbers_are_encoded_as_themselves_and_texts_are_missing():
    assert LINEAR.encode(2) == 2.0
    assert INTEGER.encode(3.0) == 3.0
    assert math.isnan(LINEAR.encode(None))
    assert math.isnan(LINEAR.encode("2"))


def test_decoded_integers_are_integers_and_missing_values_are_none():
    assert INTEGER.decode(3.0) == 3
    assert isinstance(INTEGER.decode(3.0), int)
    assert isinstance(LINEAR.decode(3.0), float)
    assert INTEGER.decode(INF) == INF
    assert INTEGER.decode(NAN) is None
    assert MIXED.decode(NAN) is None


def test_inside_the_bounds_includes_them_and_missing_values():
    assert LINEAR.contains([-1, 3, NAN, -1.1, 3.1, INF]).tolist() == [True] * 3 + [False] * 3
    assert MIXED.contains([0, 7, NAN, 8, -1]).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"kind": ParameterKind.FLOAT}, "needs low and high"),
        ({"kind": ParameterKind.FLOAT, "low": 0.0}, "needs low and high"),
        ({"kind": ParameterKind.INT, "low": 2, "high": 1}, "low must not exceed high"),
        ({"kind": ParameterKind.FLOAT, "low": 0.0, "high": INF}, "must be finite"),
        ({"kind": ParameterKind.FLOAT, "low": NAN, "high": 1.0}, "must be finite"),
        ({"kind": ParameterKind.FLOAT, "low": 0.0, "high": 1.0, "log": True}, "above 0"),
        ({"kind": ParameterKind.FLOAT, "low": 0.0, "high": 1.0, "step": 0.0}, "must be > 0"),
        ({"kind": ParameterKind.FLOAT, "low": 0.0, "high": 1.0, "step": NAN}, "must be > 0"),
        ({"kind": ParameterKind.CATEGORICAL}, "no choices"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_by_name(arguments, match):
    with pytest.raises(SpaceError, match=match) as refused:
        Parameter("odd one", **arguments)
    assert "'odd one'" in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": ""},
        {"name": 3},
        {"name": "x", "kind": "double"},
        {"name": "x", "kind": "float", "low": "0", "high": 1},
        {"name": "x", "kind": "float", "low": True, "high": 2},
        {"name": "x", "kind": "float", "low": 10**400, "high": 1},
        {"name": "x", "kind": "categorical", "choices": []},
        {"name": "x", "kind": "categorical", "choices": "ab"},
        {"name": "x", "kind": "categorical", "choices": [["a"]]},
        {"name": "x", "kind": "categorical", "choices": ["a"], "condition": "y"},
        {"name": "x", "kind": "categorical", "choices": ["a"], "condition": {"values": [1]}},
        {"name": "x", "kind": "categorical", "choices": ["a"], "condition": {"parent": "y"}},
    ],
)
def test_a_malformed_description_is_refused(data):
    with pytest.raises(SpaceError):
        Parameter.from_json(data)


@pytest.mark.parametrize("data", [None, {}, "x", [1], [[]]])
def test_a_space_that_is_no_list_of_parameters_is_refused(data):
    with pytest.raises(SpaceError, match="list of parameters"):
        SearchSpace.from_json(data)


def test_a_conditional_parameter_comes_back_with_its_condition():
    space = SearchSpace(
        (
            MIXED,
            Parameter(
                "momentum", ParameterKind.FLOAT, 0, 1, condition=Condition("mixed", ("a", 1))
            ),
        )
    )
    assert SearchSpace.from_json(space.to_json()) == space


def test_names_may_not_stand_twice():
    with pytest.raises(SpaceError, match="twice: dropout"):
        SearchSpace((LINEAR, LOG, LINEAR))


def test_a_space_is_looked_up_by_name_in_column_order():
    space = SearchSpace((LOG, LINEAR))
    assert (len(space), space.names, [*space]) == (2, ("lr", "dropout"), [LOG, LINEAR])
    assert (space["dropout"], space.index("dropout")) == (LINEAR, 1)
    assert "lr" in space
    assert "other" not in space
    with pytest.raises(KeyError):
        space.index("other")


def test_a_parameter_is_replaced_in_place_or_added_at_the_end():
    space = SearchSpace((LOG, LINEAR))
    wider = Parameter("lr", ParameterKind.FLOAT, 1e-5, 1, log=True)
    assert space.with_parameter(wider).parameters == (wider, LINEAR)
    assert space.with_parameter(INTEGER).parameters == (LOG, LINEAR, INTEGER)


def test_narrowing_keeps_what_is_not_given():
    assert narrowed(LINEAR, low=0.0) == Parameter("dropout", ParameterKind.FLOAT, 0.0, 3.0)
    assert narrowed(MIXED, choices=("a", 1)).choices == ("a", 1)
    assert narrowed(MIXED, low=1.0) == MIXED
    with pytest.raises(SpaceError):
        narrowed(LINEAR, low=4.0)
