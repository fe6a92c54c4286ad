"""What every search method makes of a starting set and of constraints."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hypertendril.model import (
    Choice,
    Outcome,
    TrialState,
)
from hypertendril.search import (
    METHODS,
    Assignment,
    EarlierStudy,
    EarlierTrial,
    Limits,
    Scheduler,
    Setup,
    StartingSet,
    make_scheduler,
)
from tests.contract.played_search import (
    LIMITS,
    OBJECTIVES,
    SETTINGS,
    SPACE,
    Journal,
    Scoring,
    now_and_then,
    often_bad,
    scheduler,
    score,
)

ALL = pytest.mark.parametrize("name", METHODS)
LEARNERS = pytest.mark.parametrize("name", [n for n, info in METHODS.items() if info.goes_on])

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
    name: str, result: Scoring
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
            for trial in Journal(
                make_scheduler(name, Setup(settings, SPACE, OBJECTIVES, seed, limits))
            )
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
