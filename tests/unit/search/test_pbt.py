from __future__ import annotations

import pytest

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
    METHODS,
    Assignment,
    Limits,
    Look,
    Result,
    Setup,
    StartingSet,
    make_scheduler,
)
from hypertendril.search.pbt import survivor_count

SPACE = SearchSpace(
    (
        Parameter("rate", ParameterKind.FLOAT, 1e-5, 1.0, log=True),
        Parameter("depth", ParameterKind.INT, 1, 9),
    )
)
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)
SETTINGS = {"population": 6, "interval": 4, "generations": 3, "survivors": 0.5}


def played(
    limits: Limits, settings: dict[str, float] | None = None, failing: int | None = None
) -> tuple[list[Assignment], list[Look]]:
    """Run to the end; the higher the number of a trial, the better it is."""
    pbt = make_scheduler("pbt", Setup(settings or SETTINGS, SPACE, OBJECTIVES, 1, limits))
    tasks, looks = [], []
    while task := pbt.ask():
        tasks.append(task)
        if task.number == failing:
            looks += pbt.tell(task.number, Result(TrialState.FAILED))
        else:
            looks += pbt.tell(task.number, Result(TrialState.COMPLETE, [float(task.number)]))
    return tasks, looks


def test_the_worst_make_room_for_children_of_survivors_from_their_checkpoint() -> None:
    tasks, looks = played(Limits(100))
    first = [look for look in looks if look.iteration == 0]
    assert {look.number for look in first if look.outcome is Outcome.DISCARDED} == {0, 1, 2}
    assert {look.number for look in first if look.outcome is Outcome.SURVIVED} == {3, 4, 5}
    second = tasks[6:12]
    assert [task.number for task in second] == [3, 4, 5, 6, 7, 8]
    assert all((task.from_step, task.to_step) == (4, 8) for task in second)
    assert all(task.parent in (3, 4, 5) for task in second[3:])
    assert all(task.parent is None for task in second[:3])
    assert [task.bracket for task in second] == [0, 0, 0, 1, 1, 1]


def test_the_members_of_the_last_generation_are_final() -> None:
    tasks, looks = played(Limits(100))
    last = [look for look in looks if look.iteration == 2]
    assert len(last) == 6
    assert {look.outcome for look in last} == {Outcome.FINAL}
    assert {look.resource for look in last} == {12}
    assert len({task.number for task in tasks}) == 6 + 2 * 3


def test_what_shapes_a_model_is_inherited() -> None:
    tasks, _ = played(Limits(100, structural=frozenset({"depth"})))
    values = {task.number: task.values for task in tasks}
    children = [task for task in tasks if task.parent is not None]
    assert children
    assert all(task.values["depth"] == values[task.parent]["depth"] for task in children)  # type: ignore[index]
    assert any(task.values["rate"] != values[task.parent]["rate"] for task in children)  # type: ignore[index]


def test_a_failed_member_makes_room_too() -> None:
    tasks, looks = played(Limits(100), failing=5)
    assert all(look.number != 5 for look in looks)
    assert all(task.parent != 5 for task in tasks)
    assert len([task for task in tasks if task.to_step == 8]) == 6


def test_without_room_for_children_the_survivors_go_on_alone() -> None:
    tasks, looks = played(Limits(7))
    assert len({task.number for task in tasks}) == 7
    assert {look.outcome for look in looks if look.iteration == 2} == {Outcome.FINAL}


@pytest.mark.parametrize(
    ("share", "count"), [(0.0, 1), (0.25, 5), (0.5, 10), (0.75, 15), (1.0, 20)]
)
def test_the_survivor_rate_is_the_share_that_goes_on(share: float, count: int) -> None:
    assert survivor_count({"population": 20, "survivors": share}) == count


def test_the_number_of_trials_follows_from_the_settings() -> None:
    info = METHODS["pbt"]
    assert info.trials is not None
    for settings in (SETTINGS, SETTINGS | {"survivors": 0.75}, SETTINGS | {"generations": 1}):
        tasks, _ = played(Limits(1000), settings)
        expected = info.trials(info.checked_settings(settings), SPACE, StartingSet())
        assert len({task.number for task in tasks}) == expected
