"""One model along a schedule: stretches in order, each from the checkpoint of the one before."""

from __future__ import annotations

import math

from hypertendril.model import (
    Direction,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import (
    Limits,
    Recorded,
    Result,
    Scheduler,
    Setup,
    StartingSet,
    Stretch,
    make_scheduler,
)

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
        Parameter("depth", ParameterKind.INT, 1, 9),
    )
)
SCHEDULE = (
    Stretch({"lr": 1e-2, "depth": 3}, 4),
    Stretch({"lr": 5e-3, "depth": 3}, 8),
    Stretch({"lr": 1e-3, "depth": 3}, 20),
)


def replay() -> Scheduler:
    limits = Limits(3, start=StartingSet(schedule=SCHEDULE))
    objectives = (Objective("score", Direction.MAXIMIZE),)
    return make_scheduler("replay", Setup({}, SPACE, objectives, 0, limits))


def test_the_stretches_follow_one_another() -> None:
    method = replay()
    told = []
    for k, stretch in enumerate(SCHEDULE):
        task = method.ask()
        assert task is not None
        assert method.ask() is None
        told.append((task.from_step, task.to_step, task.parent, dict(task.values)))
        (look,) = method.tell(k, Result(TrialState.COMPLETE, [0.5]))
        assert (look.outcome, look.resource) == (Outcome.FINAL, stretch.steps)
    assert told == [
        (0, 4, None, SCHEDULE[0].values),
        (4, 8, 0, SCHEDULE[1].values),
        (8, 20, 1, SCHEDULE[2].values),
    ]
    assert method.ask() is None


def test_after_a_failure_there_is_nothing_to_go_on_from() -> None:
    method = replay()
    method.ask()
    assert method.tell(0, Result(TrialState.FAILED)) == []
    assert method.ask() is None


def test_an_interrupted_stretch_is_trained_again() -> None:
    first = Recorded(0, SCHEDULE[0].values, TrialState.COMPLETE, (0.5,))
    second = Recorded(1, SCHEDULE[1].values, TrialState.RUNNING, (math.nan,))
    for history, number in (([], 0), ([first], 1), ([first, second], 1)):
        method = replay()
        method.recall(history)
        task = method.ask()
        assert task is not None
        assert task.number == number
    failed = Recorded(1, SCHEDULE[1].values, TrialState.FAILED, (math.nan,))
    method = replay()
    method.recall([first, failed])
    assert method.ask() is None
