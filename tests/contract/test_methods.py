"""What every search method that trains each trial in one go keeps to (all: test_schedulers.py)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pytest

from hypertendril.errors import JobError, SpaceError
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
from hypertendril.search import METHODS, Result, SearchMethod, Setup, make_method

SPACE = SearchSpace(
    (
        # The child stands before its parents: the order of columns is not that of conditions.
        Parameter(
            "nesterov",
            ParameterKind.CATEGORICAL,
            choices=(True, False),
            condition=Condition("momentum_used", (1,)),
        ),
        Parameter(
            "momentum_used",
            ParameterKind.INT,
            0,
            1,
            condition=Condition("optimizer", ("sgd",)),
        ),
        Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "__proto__")),
        Parameter("lr", ParameterKind.FLOAT, 1e-5, 1e-1, log=True),
        Parameter("dropout", ParameterKind.FLOAT, 0.1, 0.8, step=0.2),
        Parameter("width", ParameterKind.INT, 8, 128, log=True),
        Parameter("depth", ParameterKind.INT, 1, 9, step=2),
        Parameter("batch", ParameterKind.ORDINAL, choices=(16, 32, 64)),
        Parameter("odd", ParameterKind.CATEGORICAL, choices=(1, True, "1", None)),
        Parameter("fixed", ParameterKind.FLOAT, 0.5, 0.5),
    )
)
OBJECTIVES = (Objective("score", Direction.MAXIMIZE),)
# A Gaussian process takes a tenth of a second a trial; the rest see generations this way.
SETTINGS = {
    "gp": {"n_startup_trials": 20, "n_candidates": 20},
    "nsga2": {"population": 7},
    "cmaes": {"population": 7},
}
CHOOSERS = [name for name, info in METHODS.items() if info.make is not None]
ALL = pytest.mark.parametrize("name", CHOOSERS)


def method(name: str, seed: int = 1, space: SearchSpace = SPACE) -> SearchMethod:
    return make_method(name, Setup(SETTINGS.get(name, {}), space, OBJECTIVES, seed))


def score(values: Mapping[str, Choice]) -> float:
    rate = values["lr"]
    assert isinstance(rate, float)
    return -((math.log10(rate) + 3.0) ** 2)


def play(searcher: SearchMethod, first: int, last: int) -> list[dict[str, Choice]]:
    """Ask for trials one by one and tell how good each was."""
    asked = []
    for number in range(first, last):
        values = searcher.ask(number)
        searcher.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
        asked.append(values)
    return asked


@ALL
def test_values_lie_in_the_space(name: str) -> None:
    for values in play(method(name), 0, 40):
        for parameter in SPACE:
            if parameter.name in values:
                code = parameter.encode(values[parameter.name])
                assert not math.isnan(code), parameter.name
                assert parameter.contains(code), parameter.name


@ALL
def test_an_inactive_parameter_is_absent_and_an_active_one_present(name: str) -> None:
    seen = set()
    for seed in range(4):
        for values in play(method(name, seed), 0, 22):
            assert ("momentum_used" in values) == (values["optimizer"] == "sgd")
            assert ("nesterov" in values) == (values.get("momentum_used") == 1)
            seen.add(frozenset(values))
    assert len(seen) == 3


@ALL
def test_numbers_keep_to_their_steps_and_types(name: str) -> None:
    for values in play(method(name), 0, 40):
        assert isinstance(values["width"], int)
        assert values["depth"] in (1, 3, 5, 7, 9)
        assert min(abs(values["dropout"] - at) for at in (0.1, 0.3, 0.5, 0.7)) < 1e-12  # type: ignore[operator]
        assert values["fixed"] == 0.5


@ALL
def test_values_survive_json(name: str) -> None:
    for values in play(method(name), 0, 15):
        assert json.loads(json.dumps(values)) == values


@ALL
def test_the_same_seed_asks_the_same(name: str) -> None:
    assert play(method(name), 0, 25) == play(method(name), 0, 25)


@ALL
def test_another_seed_asks_something_else(name: str) -> None:
    assert play(method(name, seed=1), 0, 3) != play(method(name, seed=2), 0, 3)


@ALL
def test_a_resumed_method_asks_for_the_same_next_trial(name: str) -> None:
    whole = method(name)
    history = play(whole, 0, 25)
    resumed = method(name)
    for number, values in enumerate(history):
        resumed.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    assert resumed.ask(25) == whole.ask(25)


@ALL
def test_the_order_of_telling_does_not_matter(name: str) -> None:
    forward, backward = method(name), method(name)
    history = play(method(name), 0, 20)
    for number, values in enumerate(history):
        forward.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    for number, values in reversed(list(enumerate(history))):
        backward.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    assert forward.ask(20) == backward.ask(20)


@ALL
def test_an_interrupted_trial_counts_as_running_after_a_restart(name: str) -> None:
    live, resumed = method(name), method(name)
    history = play(live, 0, 20)
    under_way = live.ask(20)
    for number, values in enumerate(history):
        resumed.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    resumed.tell(20, under_way, Result(TrialState.RUNNING))
    assert resumed.ask(21) == live.ask(21)


@ALL
def test_failed_nan_and_infinite_trials_stop_nothing(name: str) -> None:
    searcher = method(name)
    for number in range(40):
        values = searcher.ask(number)
        result = [None, [math.nan], [math.inf], [-math.inf], [score(values)]][number % 5]
        state = TrialState.FAILED if result is None else TrialState.COMPLETE
        searcher.tell(number, values, Result(state, result))
    assert searcher.ask(40)


@ALL
def test_a_search_goes_on_though_every_trial_fails(name: str) -> None:
    searcher = method(name)
    for number in range(40):
        searcher.tell(number, searcher.ask(number), Result(TrialState.FAILED))
    assert searcher.ask(40)


@pytest.mark.parametrize("name", ["tpe", "gp", "cmaes", "nsga2"])
def test_what_is_infeasible_is_sought_less_however_good_it_looks(name: str) -> None:
    """The score grows with the rate, which may not go beyond 1e-3."""
    space = SearchSpace((Parameter("lr", ParameterKind.FLOAT, 1e-5, 1e-1, log=True),))

    def feasible_share(*, is_told: bool) -> float:
        searcher = method(name, 2, space)
        asked = []
        for number in range(40):
            values = searcher.ask(number)
            rate = math.log10(float(values["lr"]))  # type: ignore[arg-type]
            violation = rate + 3.0 if is_told else 0.0
            searcher.tell(number, values, Result(TrialState.COMPLETE, [rate], violation))
            asked.append(rate <= -3.0)
        return sum(asked[20:]) / 20

    assert feasible_share(is_told=True) >= feasible_share(is_told=False) + 0.3


@ALL
def test_several_trials_may_be_under_way(name: str) -> None:
    searcher = method(name)
    play(searcher, 0, 15)
    waves = [searcher.ask(number) for number in range(15, 19)]
    assert len({json.dumps(values) for values in waves}) == 4
    for number, values in reversed(list(enumerate(waves, start=15))):
        searcher.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    assert searcher.ask(19)


@ALL
def test_a_result_told_again_with_other_values_replaces_the_first(name: str) -> None:
    once, twice = method(name), method(name)
    history = play(method(name), 0, 15)
    other = history[0] | {"lr": 0.05}
    twice.tell(0, history[0], Result(TrialState.COMPLETE, [score(history[0])]))
    twice.ask(1)
    for searcher in (once, twice):
        searcher.tell(0, other, Result(TrialState.COMPLETE, [score(other)]))
        for number, values in enumerate(history[1:], start=1):
            searcher.tell(number, values, Result(TrialState.COMPLETE, [score(values)]))
    assert once.ask(15) == twice.ask(15)


@ALL
def test_two_objectives_are_understood(name: str) -> None:
    objectives = (*OBJECTIVES, Objective("loss", Direction.MINIMIZE))
    searcher = make_method(name, Setup(SETTINGS.get(name, {}), SPACE, objectives, 3))
    for number in range(14):
        values = searcher.ask(number)
        searcher.tell(number, values, Result(TrialState.COMPLETE, [score(values), float(number)]))
    assert searcher.ask(14)


@ALL
def test_settings_have_defaults_and_words(name: str) -> None:
    info = METHODS[name]
    assert info.name == name
    assert info.title and info.text
    assert info.checked_settings({}) == {s.name: s.default for s in info.settings}
    assert all(
        setting.text and setting.checked(setting.default) is not None for setting in info.settings
    )


@ALL
def test_an_unknown_setting_is_named(name: str) -> None:
    with pytest.raises(JobError, match=r"settings\.nonsense"):
        make_method(name, Setup({"nonsense": 1}, SPACE, OBJECTIVES, 1))


@ALL
def test_a_condition_that_cannot_be_met_is_refused(name: str) -> None:
    orphan = Parameter("a", ParameterKind.INT, 0, 1, condition=Condition("b", (1,)))
    with pytest.raises(SpaceError, match="'b', which the space lacks"):
        method(name, space=SearchSpace((orphan,)))


def test_a_learning_method_beats_random() -> None:
    best = {
        name: max(score(values) for values in play(method(name, seed=4), 0, 60)[30:])
        for name in ("random", "tpe")
    }
    assert best["tpe"] > best["random"]


def test_an_unknown_method_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(JobError, match=r"'magic' is not one of random, tpe"):
        make_method("magic", Setup({}, SPACE, OBJECTIVES, 1))
