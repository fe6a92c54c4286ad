"""Starting sets: what earlier trials mean in another space, and what the first trials are."""

from __future__ import annotations

import numpy as np
import pytest

from hypertendril.model import (
    Choice,
    Condition,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import (
    EarlierStudy,
    EarlierTrial,
    Limits,
    Result,
    Setup,
    StartingSet,
    make_scheduler,
)
from hypertendril.search.cmaes import Distribution
from hypertendril.search.starting import first_configurations, lies_inside, told_before

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
        Parameter("depth", ParameterKind.INT, 1, 9, step=2),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam")),
        Parameter(
            "momentum", ParameterKind.FLOAT, 0.0, 0.99, condition=Condition("optimizer", ("sgd",))
        ),
    )
)
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)
WHOLE: dict[str, Choice] = {"lr": 1e-3, "depth": 3, "optimizer": "sgd", "momentum": 0.9}


def told(*trials: EarlierTrial, seed: int = 0) -> list[tuple[int, dict[str, Choice]]]:
    start = StartingSet(studies=(EarlierStudy("before", trials),))
    return [(t.number, dict(t.values)) for t in told_before(start, SPACE, OBJECTIVES, seed)]


def trial(number: int = 0, **changes: Choice) -> EarlierTrial:
    return EarlierTrial(number, WHOLE | changes, {"score": 0.5})


def test_a_trial_that_fits_is_told_as_it_is_with_a_number_below_zero() -> None:
    assert told(trial()) == [(-1, WHOLE)]


@pytest.mark.parametrize(
    "outside", [{"lr": 0.5}, {"depth": 2}, {"optimizer": "lion"}, {"momentum": 1.5}, {"lr": True}]
)
def test_a_trial_with_a_value_outside_the_space_is_left_out(outside: dict[str, Choice]) -> None:
    assert told(trial(0, **outside), trial(1)) == [(-1, WHOLE)]


def test_a_value_that_is_not_active_does_no_harm() -> None:
    found = told(trial(0, optimizer="adam", momentum=7.0))
    assert found == [(-1, {"lr": 1e-3, "depth": 3, "optimizer": "adam"})]


def test_a_parameter_the_earlier_study_lacked_is_drawn_anew_for_each_trial() -> None:
    values: dict[str, Choice] = {"depth": 3, "optimizer": "adam", "gone": 5}
    trials = [EarlierTrial(k, values, {"score": 0.5}) for k in range(30)]
    rates = [found["lr"] for _, found in told(*trials)]
    assert len(set(rates)) == 30
    assert rates == [found["lr"] for _, found in told(*trials)]
    assert all(found.keys() == {"lr", "depth", "optimizer"} for _, found in told(*trials))


def test_a_trial_without_a_value_of_each_objective_is_left_out() -> None:
    other = EarlierTrial(0, WHOLE, {"loss": 0.1})
    unfinished = EarlierTrial(1, WHOLE)
    assert told(other, unfinished) == []


def test_a_number_on_the_grid_lies_inside_whatever_its_type() -> None:
    step = Parameter("x", ParameterKind.FLOAT, 0.1, 0.7, step=0.1)
    assert [lies_inside(step, value) for value in (0.3, 0.30000001, 0.35, 0.8, "0.3")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    whole = Parameter("n", ParameterKind.INT, 1, 5)
    assert [lies_inside(whole, value) for value in (3, 3.0, 3.5, None)] == [
        True,
        True,
        False,
        False,
    ]


def rates(*trials: EarlierTrial, repeats: int = 9) -> list[Choice]:
    start = StartingSet(({"depth": 9},), (EarlierStudy("before", trials),))
    first = first_configurations(start, SPACE, OBJECTIVES, 0, repeats)
    assert first[0] == {"depth": 9}
    return [values["lr"] for values in first[1:]]


def scored(number: int, rate: float, score: float, violation: float = 0.0) -> EarlierTrial:
    return EarlierTrial(number, WHOLE | {"lr": rate}, {"score": score}, violation)


def test_the_best_earlier_configurations_come_after_the_enqueued_ones() -> None:
    trials = [scored(0, 1e-3, 0.5), scored(1, 2e-3, 0.9), scored(2, 3e-3, 0.7)]
    assert rates(*trials) == [2e-3, 3e-3, 1e-3]
    assert rates(*trials, repeats=1) == [2e-3]
    assert rates(*trials, repeats=0) == []


def test_a_configuration_that_was_run_twice_is_run_first_once() -> None:
    assert rates(scored(0, 1e-3, 0.5), scored(1, 1e-3, 0.9), scored(2, 3e-3, 0.7)) == [1e-3, 3e-3]


def test_of_earlier_trials_the_feasible_come_first_then_those_trained_further() -> None:
    def stopped(number: int, rate: float, steps: float, score: float) -> EarlierTrial:
        return EarlierTrial(number, WHOLE | {"lr": rate}, looks=((1.0, 0.9), (steps, score)))

    trials = [
        scored(0, 1e-3, 0.9, violation=0.5),
        stopped(1, 2e-3, 3.0, 0.8),
        stopped(2, 3e-3, 9.0, 0.1),
        scored(3, 4e-3, 0.2),
    ]
    assert rates(*trials) == [4e-3, 3e-3, 2e-3, 1e-3]


@pytest.mark.parametrize(
    ("method", "settings", "repeated"),
    [
        ("successive_halving", {"max_resource": 9}, 3),
        ("hyperband", {"max_resource": 27}, 9),
        ("asha", {"max_resource": 27}, 9),
        ("pbt", {"population": 10, "survivors": 0.4}, 4),
        ("pb2", {"population": 3, "survivors": 1.0}, 2),
    ],
)
def test_the_best_earlier_configurations_take_the_places_that_go_on(
    method: str, settings: dict[str, float], repeated: int
) -> None:
    """One more configuration is enqueued: a population has no more room than members."""
    earlier = [1e-2 + 1e-4 * k for k in range(20)]
    trials = tuple(scored(k, rate, -k) for k, rate in enumerate(earlier))
    start = StartingSet(({},), (EarlierStudy("before", trials),))
    limits = Limits(40, start=start)
    searcher = make_scheduler(method, Setup(settings, SPACE, OBJECTIVES, 1, limits))
    asked = [task.values["lr"] for _ in range(13) if (task := searcher.ask())]
    assert asked[1 : 1 + repeated] == earlier[:repeated]
    assert not {*asked[1 + repeated :]} & {*earlier}


def test_bohb_takes_looks_at_the_rung_they_had_reached() -> None:
    """With forty looks at 4 of 9 steps, the model of rung 3 is used from the first trial on."""
    good = [(10.0 ** (-3.1 + 0.005 * k), 1.0) for k in range(20)]
    bad = [(10.0 ** (-2.0 + 0.04 * k), 0.0) for k in range(20)]
    trials = tuple(
        EarlierTrial(k, WHOLE | {"lr": rate}, looks=((4.0, value),))
        for k, (rate, value) in enumerate(good + bad)
    )

    def distance(start: StartingSet) -> float:
        settings = {"max_resource": 9, "random_fraction": 0.0}
        limits = Limits(9, start=start)
        method = make_scheduler("bohb", Setup(settings, SPACE, OBJECTIVES, 1, limits))
        asked = [float(task.values["lr"]) for _ in range(9) if (task := method.ask())]  # type: ignore[arg-type]
        return float(np.mean(np.abs(np.log10(asked) + 3.05)))

    begun = distance(StartingSet(studies=(EarlierStudy("before", trials),)))
    assert begun < 0.3 < distance(StartingSet())


def test_cmaes_begins_where_the_best_earlier_trials_lie() -> None:
    found = Distribution.about(np.array([[0.2, 0.5], [0.4, 0.5]]))
    np.testing.assert_allclose(found.mean, [0.3, 0.5])
    covariance = found.spread**2 * found.shape
    np.testing.assert_allclose(covariance, [[0.01 + 0.01, 0.0], [0.0, 0.01]], atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(found.shape), 1.0)


def test_a_grid_has_the_enqueued_configurations_and_each_combination_once() -> None:
    start = StartingSet(enqueued=({"lr": 0.05, "depth": 9}, {"lr": 0.01}))
    grid = make_scheduler(
        "grid", Setup({"points": 2}, SPACE, OBJECTIVES, 1, Limits(14, start=start))
    )
    asked = []
    while (task := grid.ask()) is not None:
        asked.append(task.values)
        grid.tell(task.number, Result(TrialState.COMPLETE, [0.0]))
    alone = make_scheduler("grid", Setup({"points": 2}, SPACE, OBJECTIVES, 1, Limits(12)))
    combinations = [task.values for _ in range(12) if (task := alone.ask())]
    assert (asked[0]["lr"], asked[0]["depth"], asked[1]["lr"]) == (0.05, 9, 0.01)
    assert sorted(map(repr, asked[2:])) == sorted(map(repr, combinations))
