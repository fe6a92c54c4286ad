"""What every search method keeps to, seen as the runner sees it: segments, looks, kills."""

from __future__ import annotations

import math

import pytest

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Condition,
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
    Setup,
    StartingSet,
    make_scheduler,
)
from tests.contract.played_search import (
    LIMITS,
    SETTINGS,
    SPACE,
    Journal,
    Scoring,
    often_bad,
    scheduler,
    score,
)

ALL = pytest.mark.parametrize("name", METHODS)


@ALL
def test_a_study_comes_to_its_end_with_every_trial_at_rest(name: str) -> None:
    for parallel in (1, 3, 8):
        journal = Journal(scheduler(name), parallel=parallel).run()
        states = {trial.state for trial in journal.trials}
        assert states <= {TrialState.COMPLETE, TrialState.PRUNED}
        assert TrialState.COMPLETE in states
        most = METHODS[name].trials
        settings = METHODS[name].checked_settings(SETTINGS.get(name, {}))
        wanted = (
            LIMITS.trials
            if most is None
            else min(LIMITS.trials, most(settings, SPACE, StartingSet()))
        )
        assert len(journal.trials) == wanted


@ALL
def test_values_lie_in_the_space_and_conditions_hold(name: str) -> None:
    for trial in Journal(scheduler(name)).run().trials:
        assert ("momentum" in trial.values) == (trial.values["optimizer"] == "sgd")
        for parameter in SPACE:
            if parameter.name in trial.values:
                code = parameter.encode(trial.values[parameter.name])
                assert not math.isnan(code), parameter.name
                assert parameter.contains(code), parameter.name


@ALL
def test_numbers_keep_to_their_steps_and_types(name: str) -> None:
    for trial in Journal(scheduler(name)).run().trials:
        values = trial.values
        assert isinstance(values["width"], int)
        assert values["depth"] in (1, 3, 5, 7, 9)
        assert min(abs(values["dropout"] - at) for at in (0.1, 0.3, 0.5, 0.7)) < 1e-12  # type: ignore[operator]
        assert values["fixed"] == 0.5


@ALL
def test_a_log_parameter_is_drawn_evenly_over_its_decades(name: str) -> None:
    rates = [
        math.log10(trial.values["lr"])  # type: ignore[arg-type]
        for seed in range(15)
        for trial in Journal(scheduler(name, seed), lambda _: 0.0).run(8).trials[:8]
    ]
    low, high = sum(rate < -3.01 for rate in rates), sum(rate > -2.99 for rate in rates)
    assert 0.5 < low / high < 2.0


@ALL
def test_the_same_seed_runs_the_same_study(name: str) -> None:
    assert Journal(scheduler(name)).run().asked == Journal(scheduler(name)).run().asked
    other = Journal(scheduler(name, seed=2)).run(3).asked
    assert Journal(scheduler(name)).run(3).asked != other


@ALL
@pytest.mark.parametrize("result", [score, often_bad])
def test_a_study_killed_anywhere_goes_on_as_if_nothing_had_been(name: str, result: Scoring) -> None:
    whole = Journal(scheduler(name), result).run()
    for results in range(0, len(whole.asked), 5):
        before = Journal(scheduler(name), result).run(results)
        after = before.killed(scheduler(name)).run()
        assert before.asked + after.asked == whole.asked, results
        assert after.trials == whole.trials, results


@ALL
def test_what_was_under_way_is_asked_for_again_before_anything_new(name: str) -> None:
    before = Journal(scheduler(name), parallel=4).run(17)
    under_way = sorted((task.number, task.to_step) for task in before.running)
    after = before.killed(scheduler(name))
    after.run(1)
    again = [(task.number, task.to_step) for task in after.asked[: len(under_way)]]
    assert sorted(again) == under_way


@ALL
def test_a_study_killed_again_and_again_has_all_its_trials_once(name: str) -> None:
    journal = Journal(scheduler(name), often_bad, parallel=3)
    for _ in range(12):
        journal = journal.run(7).killed(scheduler(name))
    journal.run()
    assert all(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
        for trial in journal.trials
    )
    assert [trial.number for trial in journal.trials] == list(range(len(journal.trials)))


@ALL
def test_a_study_ends_though_every_trial_fails(name: str) -> None:
    journal = Journal(scheduler(name), lambda _: None, parallel=3).run()
    assert {trial.state for trial in journal.trials} == {TrialState.FAILED}
    assert len(journal.trials) >= min(LIMITS.trials, 20)


@ALL
def test_trials_that_are_not_a_number_are_never_preferred(name: str) -> None:
    journal = Journal(scheduler(name), lambda t: None if t.number % 2 else score(t)).run()
    for trial in journal.trials:
        assert (trial.state is TrialState.FAILED) == (trial.number % 2 == 1)


@ALL
def test_a_value_that_is_not_a_number_is_as_bad_as_a_failure(name: str) -> None:
    """The runner makes failures of them; a method is on its guard all the same."""
    journal = Journal(scheduler(name), lambda t: math.nan if t.number % 2 else score(t)).run()
    went_on = {
        trial.number % 2
        for trial in journal.trials
        for _, outcome in trial.looks
        if outcome in (Outcome.PROMOTED, Outcome.SURVIVED)
    }
    assert went_on <= {0}


@ALL
def test_a_trial_trains_on_from_where_it_stood(name: str) -> None:
    reached: dict[int, int] = {}
    for task in Journal(scheduler(name)).run().asked:
        start = reached.get(task.number, reached.get(task.parent, 0) if task.parent else None)
        if task.parent is None:
            start = reached.get(task.number, 0)
        assert task.from_step == start or task.parent is not None
        reached[task.number] = task.to_step or 9


@ALL
def test_less_is_better_where_the_objective_says_so(name: str) -> None:
    def negative(task: Assignment) -> float:
        return -score(task)

    up = Journal(scheduler(name)).run()
    down = make_scheduler(
        name,
        Setup(SETTINGS.get(name, {}), SPACE, (Objective("loss", Direction.MINIMIZE),), 1, LIMITS),
    )
    assert Journal(down, negative).run().asked == up.asked


@ALL
def test_one_trial_is_enough(name: str) -> None:
    limits = Limits(1, steps=1)
    assert len(Journal(scheduler(name, limits=limits)).run().trials) == 1


@ALL
def test_a_space_without_parameters_can_be_searched(name: str) -> None:
    journal = Journal(scheduler(name, space=SearchSpace(())), lambda task: float(task.number)).run()
    assert all(trial.values == {} for trial in journal.trials)


@ALL
def test_a_condition_that_cannot_be_met_is_refused(name: str) -> None:
    orphan = Parameter("a", ParameterKind.INT, 0, 1, condition=Condition("b", (1,)))
    with pytest.raises(SpaceError, match="'b', which the space lacks"):
        scheduler(name, space=SearchSpace((orphan,)))
