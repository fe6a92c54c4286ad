from __future__ import annotations

from hypertendril.model import (
    Direction,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import Limits, Scheduler, make_scheduler

SPACE = SearchSpace((Parameter("x", ParameterKind.FLOAT, 0.0, 1.0),))
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)


def asha(trials: int = 9) -> Scheduler:
    settings = {"max_resource": 9, "eta": 3}
    return make_scheduler("asha", settings, SPACE, OBJECTIVES, 1, Limits(trials))


def test_the_best_of_three_goes_on_before_its_rung_is_full() -> None:
    searcher = asha()
    tasks = [searcher.ask() for _ in range(3)]
    assert [task.to_step for task in tasks if task] == [1, 1, 1]
    assert searcher.tell(0, [0.1], TrialState.COMPLETE) == []
    assert searcher.tell(1, [0.9], TrialState.COMPLETE) == []
    looks = searcher.tell(2, [0.5], TrialState.COMPLETE)
    assert [(look.number, look.outcome, look.rung) for look in looks] == [(1, Outcome.PROMOTED, 0)]
    task = searcher.ask()
    assert task is not None
    assert (task.number, task.from_step, task.to_step) == (1, 1, 3)


def test_who_was_passed_over_may_be_promoted_later_and_is_discarded_only_in_the_end() -> None:
    searcher = asha(6)
    looks = []
    while task := searcher.ask():
        looks += searcher.tell(task.number, [1.0 / (1 + task.number)], TrialState.COMPLETE)
    promoted = [(look.number, look.rung) for look in looks if look.outcome is Outcome.PROMOTED]
    assert promoted == [(0, 0), (1, 0)]
    ends = {look.number: look.outcome for look in looks}
    assert set(ends) == set(range(6))
    assert set(ends.values()) == {Outcome.DISCARDED}
    last = looks.index(next(look for look in looks if look.outcome is Outcome.DISCARDED))
    assert all(look.outcome is Outcome.DISCARDED for look in looks[last:])


def test_failed_trials_count_as_seen_but_never_go_on() -> None:
    searcher = asha()
    for _ in range(3):
        searcher.ask()
    searcher.tell(0, None, TrialState.FAILED)
    searcher.tell(1, None, TrialState.FAILED)
    looks = searcher.tell(2, [0.0], TrialState.COMPLETE)
    assert [look.number for look in looks] == [2]
