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
from hypertendril.search import (
    EarlierStudy,
    EarlierTrial,
    Limits,
    Result,
    Scheduler,
    Setup,
    StartingSet,
    make_scheduler,
)

SPACE = SearchSpace((Parameter("x", ParameterKind.FLOAT, 0.0, 1.0),))
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)


def asha(trials: int = 9) -> Scheduler:
    settings = {"max_resource": 9, "eta": 3}
    return make_scheduler("asha", Setup(settings, SPACE, OBJECTIVES, 1, Limits(trials)))


def test_the_best_of_three_goes_on_before_its_rung_is_full() -> None:
    searcher = asha()
    tasks = [searcher.ask() for _ in range(3)]
    assert [task.to_step for task in tasks if task] == [1, 1, 1]
    assert searcher.tell(0, Result(TrialState.COMPLETE, [0.1])) == []
    assert searcher.tell(1, Result(TrialState.COMPLETE, [0.9])) == []
    looks = searcher.tell(2, Result(TrialState.COMPLETE, [0.5]))
    assert [(look.number, look.outcome, look.rung) for look in looks] == [(1, Outcome.PROMOTED, 0)]
    task = searcher.ask()
    assert task is not None
    assert (task.number, task.from_step, task.to_step) == (1, 1, 3)


def test_who_was_passed_over_may_be_promoted_later_and_is_discarded_only_in_the_end() -> None:
    searcher = asha(6)
    looks = []
    while task := searcher.ask():
        looks += searcher.tell(task.number, Result(TrialState.COMPLETE, [1.0 / (1 + task.number)]))
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
    searcher.tell(0, Result(TrialState.FAILED))
    searcher.tell(1, Result(TrialState.FAILED))
    looks = searcher.tell(2, Result(TrialState.COMPLETE, [0.0]))
    assert [look.number for look in looks] == [2]


def test_new_trials_have_to_be_among_the_best_of_earlier_ones_at_the_same_step() -> None:
    """The looks at 1 and 3 of the earlier trials are rungs here; 2 is none."""
    values = [0.9, 0.8, 0.2, 0.1, 0.05]
    trials = tuple(
        EarlierTrial(k, {"x": 5.0 if k == 4 else 0.1 * k}, looks=((1.0, v), (2.0, 9.0), (3.0, 0.5)))
        for k, v in enumerate(values)
    )
    start = StartingSet(studies=(EarlierStudy("before", trials),))
    searcher = make_scheduler(
        "asha", Setup({"max_resource": 9}, SPACE, OBJECTIVES, 1, Limits(9, start=start))
    )
    tasks = [task for _ in range(5) if (task := searcher.ask())]
    # Four stand there (one lies outside); with two more, the best two of six are promoted.
    assert [task.values["x"] for task in tasks[:3]] == [0.0, 0.1, 0.2]
    assert searcher.tell(3, Result(TrialState.COMPLETE, [0.7])) == []
    assert searcher.tell(4, Result(TrialState.COMPLETE, [0.75])) == []
    looks = searcher.tell(0, Result(TrialState.COMPLETE, [0.95]))
    assert [(look.number, look.outcome) for look in looks] == [(0, Outcome.PROMOTED)]
    task = searcher.ask()
    assert task is not None
    assert (task.number, task.from_step, task.to_step) == (0, 1, 3)
    # Five results at step 3: the best one goes on.
    assert [look.number for look in searcher.tell(0, Result(TrialState.COMPLETE, [0.6]))] == [0]
