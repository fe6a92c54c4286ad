from __future__ import annotations

import numpy as np
import pytest

from hypertendril.analysis.fanova.axes import (
    ChoiceAxis,
    Inactive,
    RangeAxis,
    Restriction,
    StepAxis,
    axes_of,
    encode,
    snap,
)
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace

LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True)
DEPTH = Parameter("depth", ParameterKind.INT, 1, 4)
OPT = Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd"))
MOMENTUM = Parameter("mom", ParameterKind.FLOAT, 0, 1, condition=Condition("opt", ("sgd",)))


def test_each_kind_of_parameter_gets_its_axis() -> None:
    size = Parameter("size", ParameterKind.ORDINAL, choices=("s", "m", "l"))
    step = Parameter("step", ParameterKind.FLOAT, 0.0, 1.0, step=0.25)
    axes = axes_of(SearchSpace((LR, DEPTH, OPT, size, step)), np.zeros((1, 5)))
    assert isinstance(axes[0], RangeAxis)
    assert isinstance(axes[1], StepAxis)
    assert isinstance(axes[2], ChoiceAxis)
    assert isinstance(axes[3], StepAxis)
    assert isinstance(axes[4], StepAxis)
    assert axes[4].values.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_a_log_range_is_uniform_in_the_log() -> None:
    axis = RangeAxis(np.log(1e-4), 0.0, log=True)
    assert axis.mass_below(np.log([1e-4, 1e-2, 1e-1, 1.0]), None) == pytest.approx(
        [0, 0.5, 0.75, 1]
    )


def test_steps_of_a_log_scale_weigh_what_they_cover() -> None:
    axis = StepAxis.over(np.array([1.0, 2.0, 3.0]), 1.0, log=True)
    covered = np.log(np.array([1.5, 2.5, 3.5]) / np.array([0.5, 1.5, 2.5])) / np.log(7)
    assert np.diff(axis.cumulative) == pytest.approx(covered)


def test_the_inactive_state_lies_below_every_value() -> None:
    axis = RangeAxis(2.0, 4.0, inactive=0.3)
    code = axis.encode(np.array([np.nan]))[0, 0]
    assert code < 2.0
    assert axis.mass_below(np.array([code, 2.0, 3.0, 4.0]), None) == pytest.approx(
        [0.3, 0.3, 0.65, 1]
    )
    assert axis.mass_below(np.array([3.0]), (2.0, 4.0)) == pytest.approx([0.5])
    assert axis.mass_below(np.array([2.0]), Inactive.ONLY) == pytest.approx([1.0])


def test_a_conditional_parameter_has_the_mass_its_condition_leaves() -> None:
    # The sampler preferred adam; the space does not.
    values = np.array([[0, np.nan], [0, np.nan], [0, np.nan], [1, 0.5]])
    axes = axes_of(SearchSpace((OPT, MOMENTUM)), values)
    assert axes[1].inactive == 0.5
    free = Parameter("mom", ParameterKind.FLOAT, 0, 1)
    assert axes_of(SearchSpace((OPT, free)), values)[1].inactive == 0.75


def test_a_condition_of_a_condition_multiplies() -> None:
    grand = Parameter("g", ParameterKind.CATEGORICAL, choices=(1, 2, 3, 4))
    parent = Parameter(
        "p", ParameterKind.CATEGORICAL, choices=("a", "b"), condition=Condition("g", (1,))
    )
    child = Parameter("c", ParameterKind.FLOAT, 0, 1, condition=Condition("p", ("b",)))
    axes = axes_of(SearchSpace((grand, parent, child)), np.full((2, 3), np.nan))
    assert axes[1].inactive == pytest.approx(0.75)
    assert axes[2].inactive == pytest.approx(0.875)


def test_values_outside_the_bounds_are_moved_to_the_nearer_one() -> None:
    axes = axes_of(SearchSpace((LR, DEPTH)), np.array([[5.0, 9.0]]))
    seen = encode(axes, np.array([[5.0, 9.0], [-1.0, 0.0], [0.0, 2.0]]))
    assert seen[:, 0] == pytest.approx(np.log([1.0, 1e-4, 1e-4]), abs=1e-6)
    assert seen[:, 1].tolist() == [4, 1, 2]


def test_choices_become_columns_of_ones() -> None:
    axes = axes_of(SearchSpace((OPT,)), np.array([[0.0]]))
    assert encode(axes, np.array([[0.0], [1.0]])).tolist() == [[1, 0], [0, 1]]
    with_gap = axes_of(SearchSpace((OPT,)), np.array([[0.0], [np.nan]]))
    assert encode(with_gap, np.array([[1.0], [np.nan]])).tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("restriction", [None, (0.5, 0.75), Inactive.ONLY])
def test_quantiles_turn_the_mass_around(restriction: Restriction | None) -> None:
    axis = RangeAxis(0.0, 1.0, inactive=0.2)
    mass = np.array([0.3, 0.6, 0.9])
    points = axis.quantile(mass, restriction)[:, 0]
    if restriction is Inactive.ONLY:
        assert (points < 0).all()
    else:
        assert axis.mass_below(points, restriction) == pytest.approx(mass)


def test_quantiles_of_steps_and_choices_follow_their_masses() -> None:
    even = (np.arange(1000) + 0.5) / 1000
    steps = StepAxis.over(np.array([1.0, 2.0, 3.0]), 1.0, log=True)
    drawn = steps.quantile(even, None)[:, 0]
    shares = [float(np.isclose(drawn, z).mean()) for z in steps.encoded]
    assert shares == pytest.approx(np.diff(steps.cumulative), abs=0.002)
    choices = ChoiceAxis.over(4, inactive=0.2)
    assert choices.quantile(even, None).mean(axis=0) == pytest.approx(choices.mass, abs=0.002)
    assert choices.quantile(even, frozenset({1, 3})).mean(axis=0) == pytest.approx(
        [0, 0.5, 0, 0.5, 0]
    )


def test_a_grid_of_many_steps_holds_real_values_evenly_in_the_scale() -> None:
    values, encoded = StepAxis.over(np.arange(1.0, 1025.0), 1.0, log=True).grid(11)
    assert values.tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert encoded == pytest.approx(np.log(values), abs=1e-6)


def test_a_range_of_one_value_has_one_point_and_no_width() -> None:
    axis = axes_of(
        SearchSpace((Parameter("x", ParameterKind.FLOAT, 2.0, 2.0),)), np.full((1, 1), 2.0)
    )[0]
    assert axis.grid(5)[0].tolist() == [2.0]
    assert axis.encode(np.array([2.0])).tolist() == [[2.0]]


def test_very_many_steps_are_a_range() -> None:
    wide = Parameter("n", ParameterKind.INT, 1, 10**9)
    assert isinstance(axes_of(SearchSpace((wide,)), np.ones((1, 1)))[0], RangeAxis)


def test_snapping_moves_ranges_to_cell_middles_and_nothing_else() -> None:
    axes = (RangeAxis(0.0, 1.0, inactive=0.5), StepAxis.over(np.arange(3.0), 1.0))
    seen = encode(axes, np.array([[0.1, 0], [1.0, 1], [np.nan, 2]]))
    snapped = snap(axes, seen, 4)
    assert snapped[:2, 0].tolist() == [0.125, 0.875]
    assert snapped[2, 0] == seen[2, 0]
    assert snapped[:, 1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("most", [1e300, 1e-300])
def test_a_range_no_single_precision_holds_is_told_in_units_of_its_end(most: float) -> None:
    space = SearchSpace((Parameter("w", ParameterKind.FLOAT, -most, most),))
    values = np.array([[-most], [0.0], [most]])
    (axis,) = axes_of(space, values)
    assert isinstance(axis, RangeAxis)
    seen = encode([axis], values)
    assert seen[:, 0].tolist() == [-1, 0, 1]
    assert axis.decode(seen.astype(np.float64)) == pytest.approx(values[:, 0], abs=0)
    assert axis.mass_below(np.array([0.5]), (0.0, most)) == pytest.approx([0.5])
    assert axis.quantile(np.array([0.5]), (0.0, most))[:, 0] == pytest.approx([0.5])
    assert axis.grid(3)[0] == pytest.approx(values[:, 0], abs=0)
