from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.column_axis import fenced_range
from hypertendril.analysis.importance.estimate import Marginal, importance_of
from hypertendril.analysis.space import prepare_space
from hypertendril.analysis.space_numbers import bars_of, space_numbers
from hypertendril.model import Parameter, ParameterKind, Study, TrialState

LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True)
DEPTH = Parameter("depth", ParameterKind.INT, 1, 4)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c"))
FIXED = Parameter("fixed", ParameterKind.FLOAT, -1.0, 1.0)

StudyOf = Callable[..., Study]


def searched(study_of: StudyOf, n: int = 120) -> Study:
    """Trials whose objective is the position of lr on its scale, and one constant parameter."""
    random = np.random.default_rng(1)
    unit = random.random(n)
    values = np.column_stack(
        [LR.from_unit(unit), random.integers(1, 5, n), random.integers(0, 3, n), np.zeros(n)]
    )
    return study_of(unit, space=(LR, DEPTH, KIND, FIXED), values=values)


def test_every_column_has_an_axis_and_constant_ones_are_named(study_of: StudyOf) -> None:
    axes = prepare_space(searched(study_of))
    assert [axis.label for axis in axes.axes[:-1]] == ["lr", "depth", "kind", "fixed"]
    assert axes.axes[-1].key.startswith("objective:")
    assert axes.constant == ("fixed",)
    assert [data["isConstant"] for data in axes.to_json()] == [False, False, False, True, False]


def test_whole_numbers_with_few_values_are_marked(study_of: StudyOf) -> None:
    assert prepare_space(searched(study_of)).few_valued == {"param:depth"}


def test_an_objective_tells_whether_more_of_it_is_better(study_of: StudyOf) -> None:
    for is_maximised in (True, False):
        axes = prepare_space(study_of([0.1, 0.9], maximize=is_maximised))
        assert [axis["isMaximised"] for axis in axes.to_json()] == [False, is_maximised]


def test_a_positive_axis_has_marks_in_its_other_scale(study_of: StudyOf) -> None:
    other = prepare_space(searched(study_of)).other_ticks
    linear, labels = other["param:lr"]
    assert np.allclose(np.diff(linear), linear[1] - linear[0])
    assert len(labels) == len(linear)
    assert "param:kind" not in other
    assert "param:fixed" not in other  # it begins below zero: there is no logarithm


def test_failed_trials_and_those_without_a_value_have_lanes_of_their_own(
    study_of: StudyOf,
) -> None:
    state = [TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING]
    objective, values = [0.5, np.nan, np.nan], [[0.1], [0.2], [np.nan]]
    axes = prepare_space(study_of(objective, values=values, state=state))
    key = axes.axes[-1].key
    assert axes.failed == {key}
    assert axes.missing == {key, "param:x"}


def test_bars_cut_the_declared_scale_into_bins_of_equal_width() -> None:
    unit = np.linspace(0, 1, 81)
    bars = bars_of(LR, Marginal(LR.from_unit(unit), unit, np.full(81, 0.1)))
    assert len(bars.mean) == 20
    assert np.allclose(np.diff(bars.edges, axis=1), 0.05)
    assert np.allclose(bars.mean, 0.025 + 0.05 * np.arange(20))
    assert np.allclose(bars.sd, 0.1)


def test_whole_numbers_with_few_values_have_a_bar_each() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    bars = bars_of(DEPTH, Marginal(values, values, np.zeros(4)))
    assert bars.mean.tolist() == [1, 2, 3, 4]
    assert bars.edges[0, 0] == 0
    assert bars.edges[-1, 1] == 1
    assert np.array_equal(bars.edges[1:, 0], bars.edges[:-1, 1])


def test_choices_have_a_bar_each_at_their_codes_and_none_where_they_cannot_be() -> None:
    mean = np.array([0.1, np.nan, 0.3])
    bars = bars_of(KIND, Marginal(np.arange(3.0), mean, np.zeros(3)))
    assert bars.edges[:, 0].tolist() == [0, 2]
    assert bars.mean.tolist() == [0.1, 0.3]


def test_the_promising_range_of_the_parameter_that_matters_promises_a_gain(
    study_of: StudyOf,
) -> None:
    study = searched(study_of)
    numbers = space_numbers(study, importance_of(study))
    kinds = [one.view.kind for one in numbers.promising]
    assert kinds[0] == "quantiles"
    assert "marginal" in kinds
    found = numbers.promising[0].ranges["lr"]
    best = np.sort(study.column("param:lr"))[-24:]
    assert found.low <= np.quantile(best, 0.06)
    assert found.high >= np.quantile(best, 0.94)
    assert found.kept < 0.3
    assert found.gain == pytest.approx(0.4, abs=0.08)
    assert numbers.singles["lr"] > 0.9


def test_without_importance_there_are_ranges_and_nothing_else(study_of: StudyOf) -> None:
    numbers = space_numbers(searched(study_of), None)
    data = numbers.to_json()
    assert (data["singles"], data["pairs"], data["bars"]) == ({}, [], {})
    (only,) = numbers.promising
    assert only.view.kind == "quantiles"
    assert np.isnan(only.view.gain)
    assert only.to_json()["lr"]["gain"] is None


def test_too_few_trials_promise_nothing(study_of: StudyOf) -> None:
    assert space_numbers(searched(study_of, 5), None).promising == ()


def test_the_length_of_an_axis_is_finite_whatever_the_values_are() -> None:
    low, high = fenced_range(np.array([-1.7e308, 1.7e308]))
    assert np.isfinite(high - low) and low < high
