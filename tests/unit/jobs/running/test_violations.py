"""Trials that break constraints, as a study is run: what they return, and what a job declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.jobs.running.orders import Ending
from hypertendril.jobs.segments import Ended, Event, Segment
from hypertendril.model import Constraint, TrialState
from hypertendril.store.experiment_store import ExperimentStore
from tests.unit.jobs.runner_bench import Bench, fenced, spec


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with ExperimentStore.open(None) as store:
        yield Bench(store, monkeypatch)


def test_a_returned_violation_is_recorded_and_the_best_trial_is_a_feasible_one(
    bench: Bench,
) -> None:
    assert bench.run(spec(20), fenced) is Ending.DONE
    trials = bench.study.trials
    np.testing.assert_array_equal(trials.violation, trials.values[:, 0])
    assert "violation" not in bench.study.header.metric_names
    best = bench.study.best()
    assert best is not None
    assert bench.progress[-1].best == trials.objectives[best, 0] <= 0


BOUNDED = (Constraint("size", at_most=4.0), Constraint("score", at_least=-2.0))


def sized(size: float, **more: float) -> Callable[[Segment], list[Event]]:
    def train(segment: Segment) -> list[Event]:
        return [Ended(segment.number, {"score": -3.0, "size": size} | more)]

    return train


@pytest.mark.parametrize(
    ("train", "violation"),
    [
        (sized(4.0), 0.5),  # the score is half of 2 below -2
        (sized(5.0), 0.25 + 0.5),
        (sized(5.0, violation=2.0), 0.25 + 0.5 + 2.0),
        (sized(5.0, violation=-2.0), 0.25 + 0.5),
        (sized(math.inf), math.inf),
    ],
)
def test_declared_constraints_add_up_to_a_violation(
    bench: Bench, train: Callable[[Segment], list[Event]], violation: float
) -> None:
    assert bench.run(replace(spec(1), constraints=BOUNDED), train) is Ending.DONE
    assert bench.study.trials.violation.tolist() == [violation]
    assert bench.study.best() is None
    assert bench.progress[-1].best is None


def test_trials_that_keep_to_the_declared_constraints_are_feasible(bench: Bench) -> None:
    bench.run(replace(spec(1), constraints=(Constraint("size", at_most=5.0),)), sized(5.0))
    assert bench.study.trials.violation.tolist() == [0.0]
    assert bench.study.best() == 0


@pytest.mark.parametrize(
    ("metrics", "note"),
    [
        (
            {"score": 1.0},
            "It neither returned nor reported 'size', which has a constraint. It gave 'score'.",
        ),
        ({"score": 1.0, "size": math.nan}, "Its 'size' is not a number (NaN)."),
    ],
)
def test_a_trial_without_a_value_for_a_constraint_fails(
    bench: Bench, metrics: dict[str, float], note: str
) -> None:
    bench.run(
        replace(spec(1), constraints=BOUNDED), lambda segment: [Ended(segment.number, metrics)]
    )
    assert bench.study.trials.state[0] == TrialState.FAILED
    assert bench.study.trials.notes[0] == note


def test_the_search_leaves_what_constraints_forbid(bench: Bench) -> None:
    """The best scores need a large x; half of the space is forbidden."""

    def train(segment: Segment) -> list[Event]:
        x = float(segment.params["x"])  # type: ignore[arg-type]
        return [Ended(segment.number, {"score": x, "size": x})]

    fence = (Constraint("size", at_most=0.0),)
    bench.run(replace(spec(40, "tpe"), constraints=fence), train)
    x = bench.study.trials.values[:, 0]
    assert np.mean(x[20:] <= 0.0) > 0.6
    assert bench.progress[-1].best == x[x <= 0.0].max()


def test_a_violation_that_is_not_a_number_fails_its_trial(bench: Bench) -> None:
    def train(segment: Segment) -> list[Event]:
        return [Ended(segment.number, {"score": 1.0, "size": 5.0, "violation": math.nan})]

    bench.run(spec(1), train)
    assert bench.study.trials.state[0] == TrialState.FAILED
    assert bench.study.trials.notes[0] == "Its 'violation' is not a number (NaN)."
