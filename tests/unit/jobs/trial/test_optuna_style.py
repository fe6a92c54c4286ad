"""Objectives written for Optuna run as they are, with and without Optuna."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from hypertendril.errors import JobError, SpaceError
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.segments import Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import RegisteredObjective, load_registry
from hypertendril.jobs.training import TrialContext, TrialPruned
from hypertendril.jobs.trial.optuna_style import OptunaStyle, OptunaTrial
from hypertendril.model import Outcome, Study, TrialState
from hypertendril.store.experiment_store import ExperimentStore
from tests.data.jobs import toy_optuna

REGISTRY = load_registry(Path(__file__).parents[3] / "data" / "jobs" / "objectives.toml")
EXAMPLES = Path(__file__).parents[4] / "examples"
SPACE: list[dict[str, Any]] = [
    {"name": "lr", "kind": "float", "low": 0.01, "high": 0.1, "log": True},
    {"name": "n", "kind": "int", "low": 2, "high": 8},
    {"name": "kind", "kind": "ordinal", "choices": [16, True, "a"]},
    {
        "name": "m",
        "kind": "float",
        "low": 0,
        "high": 1,
        "condition": {"parent": "kind", "values": ["a"]},
    },
]


def entry(function: str = "m:f", **more: Any) -> RegisteredObjective:
    item = {"kind": "optuna", "function": function, "directions": {"score": "maximize"}}
    return RegisteredObjective.from_json("net", item | {"space": SPACE} | more, EXAMPLES)


class Asked:
    """A trial with values, as Optuna-style code sees it."""

    def __init__(self, to_step: int | None = None, **params: Any) -> None:
        self.reports: list[tuple[float, dict[str, float]]] = []
        self.is_stopping = False
        self.context = TrialContext(
            Segment(3, params, 1, Path("unused"), to_step=to_step),
            lambda step, metrics: self.reports.append((step, metrics)),
            lambda: self.is_stopping,
        )
        self.trial = OptunaTrial(self.context, entry().space, "score")

    def run(self, function: Callable[[OptunaTrial], Any], **more: Any) -> dict[str, float]:
        return OptunaStyle(function, entry(**more))(self.context)


def test_the_values_of_the_trial_are_handed_out_when_they_are_asked_for() -> None:
    asked = Asked(lr=0.05, n=4, kind=True)
    assert asked.trial.params == {}
    assert asked.trial.suggest_float("lr", 0.001, 1.0, log=True) == 0.05
    assert asked.trial.suggest_int("n", 0, 8, step=2) == 4
    assert asked.trial.suggest_categorical("kind", [1, 16, "a", True]) is True
    assert asked.trial.params == {"lr": 0.05, "n": 4, "kind": True}
    assert asked.trial.number == 3


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda t: t.suggest_float("speed", 0, 1), "declares no 'speed', only lr, n, kind, m"),
        (
            lambda t: t.suggest_int("lr", 0, 1),
            "suggest_int.'lr'.*the registry declares it as float",
        ),
        (lambda t: t.suggest_float("n", 0, 9), "declares it as int"),
        (lambda t: t.suggest_categorical("n", [1]), "declares it as int"),
        (lambda t: t.suggest_float("lr", 0.001, 1.0), "log=False here, log=True there"),
        (lambda t: t.suggest_float("lr", 0.06, 1.0, log=True), "0.06 to 1 here, but the value is"),
        (lambda t: t.suggest_int("n", 0, 9, step=3), "in steps of 3 here, but the value is 4"),
        (lambda t: t.suggest_categorical("kind", ["a", 1]), r"value is True, which is not among"),
        (lambda t: t.suggest_float("m", 0, 1), "only there where 'kind' is 'a'"),
    ],
)
def test_code_that_does_not_agree_with_the_declared_space_is_told_where(
    ask: Callable[[OptunaTrial], Any], message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        ask(Asked(lr=0.05, n=4, kind=True).trial)


def test_a_parameter_the_job_leaves_out_is_named() -> None:
    with pytest.raises(SpaceError, match="the space of this study leaves it out"):
        Asked(lr=0.05).trial.suggest_int("n", 0, 9)


def test_numbers_among_the_user_attributes_become_metrics() -> None:
    def function(trial: OptunaTrial) -> float:
        trial.set_user_attr("size", np.int64(7))
        trial.set_user_attr("who", "me")
        assert trial.user_attrs["who"] == "me"
        return 0.5

    assert Asked().run(function) == {"size": 7.0, "score": 0.5}


def test_several_objectives_come_in_the_order_of_the_registry() -> None:
    directions = {"score": "maximize", "cost": "minimize"}
    assert Asked().run(lambda _: (1, 2), directions=directions) == {"score": 1.0, "cost": 2.0}
    with pytest.raises(TypeError, match="wants a number for each of score, cost"):
        Asked().run(lambda _: 1.0, directions=directions)


def until_pruned(trial: OptunaTrial) -> float:
    for step in range(100):
        trial.report(step / 10, step)
        if trial.should_prune():
            raise TrialPruned
    return 9.0


def test_a_trial_is_told_to_stop_where_the_method_wants_to_look_at_it() -> None:
    asked = Asked(to_step=4)
    assert asked.run(until_pruned) == {}
    assert [step for step, _ in asked.reports] == [0, 1, 2, 3, 4]
    assert asked.reports[-1] == (4.0, {"score": 0.4})


def test_code_that_gives_up_by_itself_is_pruned_and_what_it_knew_is_kept() -> None:
    def function(trial: OptunaTrial) -> float:
        trial.set_user_attr("size", 7)
        trial.report(0.5, 1)
        raise TrialPruned

    with pytest.raises(TrialPruned) as pruned:
        Asked(to_step=4).run(function)
    assert pruned.value.metrics == {"size": 7.0}


def test_somebody_who_asks_it_to_stop_is_heard() -> None:
    asked = Asked()
    assert not asked.trial.should_prune()
    asked.is_stopping = True
    assert asked.trial.should_prune()


class Bench:
    def __init__(self, store: ExperimentStore, folder: Path) -> None:
        self.store = store
        self.folder = folder

    def run(self, objective: str, method: str = "random", **budget: Any) -> Study:
        """Run a study in real processes."""
        data = {"name": "s", "objective": objective, "method": method, "seed": 5}
        spec = JobSpec.from_json(data | {"budget": {"trials": 6, "parallel": 2} | budget}, REGISTRY)
        entry = REGISTRY[objective]
        run_study(spec, entry, self.store, "s", lambda _: Order.GO_ON, Place(self.folder))
        return self.store.snapshot("s")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExperimentStore.open(None) as store:
        yield Bench(store, tmp_path)


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_an_objective_of_optuna_runs_unchanged(bench: Bench, method: str) -> None:
    study = bench.run("optuna_net", method)
    assert study.counts()[TrialState.COMPLETE] == 6, study.trials.notes
    for row in range(6):
        params = study.params(row)
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
        wanted = 10 * (params["lr"] + params.get("momentum", 0.5) + params["depth"])
        assert study.trials.objectives[row, 0] == pytest.approx(wanted)
    assert study.header.metric_names == ("size",)
    np.testing.assert_array_equal(study.column("metric:size"), 10 * study.column("param:depth"))
    assert len(study.curves.of(0, 0)[0]) == 10


def test_the_same_objective_runs_with_optuna_alone() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(1))
    study.optimize(toy_optuna.net, n_trials=3)
    assert len(study.trials) == 3


def test_several_objectives_are_stored_each_in_its_place(bench: Bench) -> None:
    study = bench.run("optuna_two")
    x = study.column("param:x")
    np.testing.assert_allclose(study.trials.objectives, np.stack([x, 1 - x], axis=1))


def test_a_method_with_rungs_trains_each_survivor_anew_and_further(bench: Bench) -> None:
    study = bench.run("optuna_net", "successive_halving", steps=9, trials=9)
    assert study.counts()[TrialState.FAILED] == 0, study.trials.notes
    assert study.counts()[TrialState.COMPLETE] == 1
    final = int(study.evaluations.trial[study.evaluations.outcome == Outcome.FINAL][0])
    steps, values = study.curves.of(final, 0)
    assert steps.tolist() == list(range(1, 10))
    assert study.trials.objectives[final, 0] == values[-1]


def test_trials_their_own_code_gives_up_are_pruned_with_what_they_reported(bench: Bench) -> None:
    study = bench.run("optuna_gives_up", trials=3)
    pruned, complete = int(TrialState.PRUNED), int(TrialState.COMPLETE)
    assert study.trials.state.tolist() == [complete, pruned, pruned]
    np.testing.assert_array_equal(study.trials.objectives[:, 0], study.column("param:x"))


def test_a_method_that_copies_models_is_refused() -> None:
    data = {"name": "s", "objective": "optuna_net", "method": "pbt"}
    with pytest.raises(JobError, match=r"Field 'method'.*copies trained models.*Optuna"):
        JobSpec.from_json(data, REGISTRY)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"kind": "optna", "function": "m:f"}, "kind.*'optna' must be function or optuna"),
        ({"kind": "optuna", "command": ["a"]}, "kind.*must be command here"),
        ({"function": "m:f", "command": ["a"]}, "either a function or a command"),
        ({}, "either a function or a command"),
    ],
)
def test_a_wrong_kind_is_named(item: dict[str, Any], message: str) -> None:
    more = {"directions": {"score": "maximize"}, "space": SPACE}
    with pytest.raises(JobError, match=message):
        RegisteredObjective.from_json("net", item | more, EXAMPLES)


@pytest.mark.parametrize("name", REGISTRY.objectives)
def test_an_entry_comes_back_from_its_json(name: str) -> None:
    found = REGISTRY[name]
    assert RegisteredObjective.from_json(name, found.to_json(), found.folder) == found
