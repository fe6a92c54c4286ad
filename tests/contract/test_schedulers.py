"""What every search method keeps to, seen as the runner sees it: segments, looks, kills."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
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
    EarlierStudy,
    EarlierTrial,
    Limits,
    Recorded,
    Scheduler,
    StartingSet,
    make_scheduler,
)

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-5, 1e-1, log=True),
        Parameter("dropout", ParameterKind.FLOAT, 0.1, 0.8, step=0.2),
        Parameter("width", ParameterKind.INT, 8, 128, log=True),
        Parameter("depth", ParameterKind.INT, 1, 9, step=2),
        Parameter("batch", ParameterKind.ORDINAL, choices=(16, 32, 64)),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "__proto__")),
        Parameter(
            "momentum",
            ParameterKind.FLOAT,
            0.0,
            0.99,
            condition=Condition("optimizer", ("sgd",)),
        ),
        Parameter("odd", ParameterKind.CATEGORICAL, choices=(1, True, "1", None)),
        Parameter("fixed", ParameterKind.FLOAT, 0.5, 0.5),
    )
)
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)
LIMITS = Limits(34, steps=9)
# Small enough to see several generations, and a model or two, within the trials above.
SETTINGS = {
    "pbt": {"population": 8, "interval": 3, "generations": 5},
    "pb2": {"population": 8, "interval": 3, "generations": 5, "candidates": 40},
    "nsga2": {"population": 8},
    "cmaes": {"population": 8},
    "gp": {"n_startup_trials": 28, "n_candidates": 20},
}
ALL = pytest.mark.parametrize("name", METHODS)
LEARNERS = pytest.mark.parametrize("name", [n for n, info in METHODS.items() if info.goes_on])
Result = Callable[[Assignment], float | None]
Violation = Callable[[Assignment], float]
_STATES = {
    Outcome.PROMOTED: TrialState.RUNNING,
    Outcome.SURVIVED: TrialState.RUNNING,
    Outcome.DISCARDED: TrialState.PRUNED,
    Outcome.FINAL: TrialState.COMPLETE,
}


def scheduler(
    name: str, seed: int = 1, space: SearchSpace = SPACE, limits: Limits = LIMITS
) -> Scheduler:
    return make_scheduler(name, SETTINGS.get(name, {}), space, OBJECTIVES, seed, limits)


def score(task: Assignment) -> float:
    """Best near lr 1e-3; longer training is better."""
    rate = task.values["lr"]
    assert isinstance(rate, float)
    return (task.to_step or 9) / 9.0 - (math.log10(rate) + 3.0) ** 2


def often_bad(task: Assignment) -> float | None:
    return [score(task), None, score(task), math.inf, -math.inf][task.number % 5]


def never(task: Assignment) -> float:
    del task
    return 0.0


def now_and_then(task: Assignment) -> float:
    """Some trials break a constraint, some of them only at first or only later."""
    steps = task.to_step or 9
    return [0.0, 0.5, steps - 4.0, 4.0 - steps, -1.0][task.number % 5]


@dataclass
class Journal:
    """Runs a scheduler as the runner does, `parallel` segments at a time, and keeps the record."""

    scheduler: Scheduler
    result: Result = score
    parallel: int = 1
    violation: Violation = never
    trials: list[Recorded] = field(default_factory=list)
    asked: list[Assignment] = field(default_factory=list)
    running: list[Assignment] = field(default_factory=list)
    order: random.Random = field(default_factory=lambda: random.Random(5))

    def run(self, results: int = 10_000) -> Journal:
        """Go on until so many results were told, or to the end."""
        for _ in range(results):
            while len(self.running) < self.parallel and (task := self.scheduler.ask()):
                self.start(task)
            if not self.running:
                return self
            self.end(self.running.pop(self.order.randrange(len(self.running))))
        return self

    def start(self, task: Assignment) -> None:
        self.asked.append(task)
        self.running.append(task)
        assert task.number <= len(self.trials), "numbers have gaps"
        if task.number == len(self.trials):
            blank = Recorded(task.number, task.values, TrialState.RUNNING, (math.nan,))
            self.trials.append(blank)
        assert self.trials[task.number].state is TrialState.RUNNING
        assert self.trials[task.number].values == task.values

    def end(self, task: Assignment) -> None:
        value = self.result(task)
        state = TrialState.FAILED if value is None else TrialState.COMPLETE
        violation = self.violation(task)
        objectives = None if value is None else [value]
        looks = self.scheduler.tell(task.number, objectives, state, violation)
        found = TrialState.FAILED if value is None else TrialState.WAITING
        self.trials[task.number] = replace(
            self.trials[task.number],
            state=found,
            objectives=(math.nan if value is None else value,),
            violation=violation,
        )
        for look in looks:
            trial = self.trials[look.number]
            assert trial.state is TrialState.WAITING, "a decision about a trial that has no value"
            self.trials[look.number] = replace(
                trial,
                state=_STATES[look.outcome],
                looks=(*trial.looks, (trial.objectives[0], look.outcome)),
            )

    def killed(self, fresh: Scheduler) -> Journal:
        """Return the journal as another process takes it up with a fresh scheduler."""
        fresh.recall(self.trials)
        return Journal(fresh, self.result, self.parallel, self.violation, list(self.trials))


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
def test_a_study_killed_anywhere_goes_on_as_if_nothing_had_been(name: str, result: Result) -> None:
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
        SETTINGS.get(name, {}),
        SPACE,
        (Objective("loss", Direction.MINIMIZE),),
        1,
        LIMITS,
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


ENQUEUED: tuple[dict[str, Choice], ...] = (
    {
        "lr": 1e-3,
        "dropout": 0.3,
        "width": 64,
        "depth": 5,
        "batch": 32,
        "optimizer": "sgd",
        "momentum": 0.9,
        "odd": None,
        "fixed": 0.5,
    },
    {"lr": 2e-4, "optimizer": "adam", "momentum": 0.5},
    {"optimizer": "sgd"},
    {},
)


def earlier_trial(number: int, rate: float) -> EarlierTrial:
    """A trial of a study without `dropout`, whose widths went further."""
    values = {
        "lr": rate,
        "width": 200 if number % 7 == 0 else 16 + number,
        "depth": 1 + 2 * (number % 5),
        "batch": (16, 32, 64)[number % 3],
        "optimizer": ("sgd", "adam")[number % 2],
        "odd": (1, True, "1", None)[number % 4],
        "momentum": 0.9,
        "gone": 3,
    }
    quality = -((math.log10(rate) + 3.0) ** 2)
    return EarlierTrial(number, values, {"score": quality}, violation=float(number % 3 == 1))


EARLIER = EarlierStudy(
    "before", tuple(earlier_trial(k, 10.0 ** (-5.0 + 4.0 * k / 27.0)) for k in range(28))
)


def begun(name: str) -> Limits:
    studies = (EARLIER,) if METHODS[name].goes_on else ()
    # The Gaussian process has its model after four trials more: each takes a third of a second.
    trials = 7 if name == "gp" else LIMITS.trials
    return replace(LIMITS, trials=trials, start=StartingSet(ENQUEUED, studies))


@ALL
def test_enqueued_configurations_are_run_first_and_in_order(name: str) -> None:
    trials = Journal(scheduler(name, limits=begun(name))).run().trials
    for trial, wanted in zip(trials, ENQUEUED, strict=False):
        assert wanted.items() - trial.values.items() <= {("momentum", 0.5)}
        assert ("momentum" in trial.values) == (trial.values["optimizer"] == "sgd")
        assert trial.values.keys() | {"momentum"} == set(SPACE.names)
    assert trials[0].values == ENQUEUED[0]


@ALL
@pytest.mark.parametrize("result", [score, often_bad])
def test_a_study_with_a_starting_set_and_constraints_survives_kills(
    name: str, result: Result
) -> None:
    def fresh() -> Scheduler:
        return scheduler(name, limits=begun(name))

    whole = Journal(fresh(), result, violation=now_and_then).run()
    for results in {1, min(17, len(whole.asked) - 2), len(whole.asked) - 2}:
        before = Journal(fresh(), result, violation=now_and_then).run(results)
        after = before.killed(fresh()).run()
        assert before.asked + after.asked == whole.asked, results
        assert after.trials == whole.trials, results


@ALL
def test_the_trials_of_earlier_studies_are_not_trials_of_the_new_one(name: str) -> None:
    trials = Journal(scheduler(name, limits=begun(name))).run().trials
    settings = METHODS[name].checked_settings(SETTINGS.get(name, {}))
    most = METHODS[name].trials
    plan = begun(name).trials
    assert len(trials) == (
        plan if most is None else min(plan, most(settings, SPACE, StartingSet()))
    )
    assert [trial.number for trial in trials] == list(range(len(trials)))


@LEARNERS
def test_a_method_keeps_what_earlier_trials_taught(name: str) -> None:
    """With these trials behind it, it looks near the best rate from the beginning."""
    settings = SETTINGS.get(name, {}) | ({"n_startup_trials": 10} if name == "gp" else {})

    def distance(limits: Limits) -> float:
        found = [
            abs(math.log10(trial.values["lr"]) + 3.0)  # type: ignore[arg-type]
            for seed in range(3)
            for trial in Journal(make_scheduler(name, settings, SPACE, OBJECTIVES, seed, limits))
            .run(5)
            .trials[:5]
        ]
        return sum(found) / len(found)

    assert distance(replace(LIMITS, start=StartingSet(studies=(EARLIER,)))) < distance(LIMITS)


@ALL
def test_infeasible_trials_are_preferred_to_none(name: str) -> None:
    """Whatever their values: of those looked at together, the feasible go on."""

    def violation(task: Assignment) -> float:
        return float(task.number % 2)

    def tempting(task: Assignment) -> float:
        return 1000.0 * (task.number % 2) + score(task)

    journal = Journal(scheduler(name), tempting, violation=violation).run()
    promoted = [
        trial.number % 2
        for trial in journal.trials
        for _, outcome in trial.looks
        if outcome in (Outcome.PROMOTED, Outcome.SURVIVED)
    ]
    assert sum(promoted) <= 0.2 * len(promoted)


@ALL
def test_a_study_ends_though_every_trial_is_infeasible(name: str) -> None:
    journal = Journal(scheduler(name), violation=lambda _: 1.0).run()
    assert {trial.state for trial in journal.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
