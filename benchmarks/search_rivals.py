"""Our methods and those of others, each searching in this process, one segment after the other.

All of them pay for the steps they train and stop where the budget ends, in the middle of a trial
if need be. What is continued from a checkpoint costs only the steps that are new. A method's
result is the least loss of a trial that was trained in full.
"""

from __future__ import annotations

import importlib
import logging
import math
import random
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna

from benchmarks.search_tasks import State, Task, Values
from hypertendril.model import (
    Choice,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import Limits, Result, Scheduler, Setup, make_scheduler
from hypertendril.search.sampling import activation_order, is_active

ETA = 3
GENERATIONS = 9
FACTOR = 1.2
OBJECTIVES = (Objective("loss", Direction.MINIMIZE),)


class BudgetSpent(Exception):  # noqa: N818 - the normal end of a search
    """There is nothing left to train with."""


@dataclass
class Trainer:
    """Trains trials of one task and counts what it costs.

    Attributes:
        left: Steps that may still be trained.
        best: The least loss of a full training so far.
        full: Full trainings so far.
    """

    task: Task
    left: int
    best: float = math.inf
    full: int = 0
    _states: dict[Any, dict[int, State]] = field(default_factory=dict)

    def segment(
        self, trial: Any, values: Values, done: int, wanted: int, parent: Any = None
    ) -> float:
        """Train `trial` from `done` to `wanted` steps; return its loss then.

        Args:
            parent: The trial whose state at `done` it begins with; itself if None.

        Raises:
            BudgetSpent: There are not that many steps left.
        """
        if wanted - done > self.left:
            raise BudgetSpent
        self.left -= wanted - done
        source = self._states.get(trial if parent is None else parent, {})
        state = source[done] if done else State(self.task.start)
        state = self.task.train(values, state, done, wanted)
        # Whoever copies a trial wants the state before its latest segment at most.
        kept = self._states.get(trial, {}) if done else {}
        self._states[trial] = {k: kept[k] for k in (done,) if k in kept} | {wanted: state}
        if wanted == self.task.steps:
            self.best = min(self.best, state.loss)
            self.full += 1
        return state.loss

    @property
    def begun(self) -> int:
        """Trials so far."""
        return len(self._states)


Search = Callable[[Trainer, int], None]


@dataclass(frozen=True)
class Rival:
    """A method somebody made.

    Attributes:
        family: Which of our methods it is to be compared with.
        search: Takes a trainer and a seed, and searches until the budget is spent.
        needs: The package it comes from.
    """

    name: str
    family: str
    search: Search
    needs: str = "hypertendril"

    @property
    def is_installed(self) -> bool:
        """Whether it can be run here."""
        return find_spec(self.needs) is not None


def run(rival: Rival, task: Task, seed: int) -> float:
    """Return the least loss that one search finds."""
    trainer = Trainer(task, task.full_trainings * task.steps)
    # Some packages draw from the global generators, and say much on the way.
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(), suppress(BudgetSpent):
        warnings.simplefilter("ignore")
        rival.search(trainer, seed)
    logging.disable(logging.NOTSET)
    return trainer.best


def _ours(method: str) -> Search:
    settings: dict[str, Any] = {}
    if method in ("hyperband", "bohb"):
        settings = {"eta": ETA}

    def search(trainer: Trainer, seed: int) -> None:
        task, own = trainer.task, dict(settings)
        if method == "pbt":
            interval = task.steps // GENERATIONS
            own = {"interval": interval, "generations": GENERATIONS}
            own["population"] = task.full_trainings
        limits = Limits(10**6, task.steps, task.structural)
        drive(trainer, make_scheduler(method, Setup(own, task.space, OBJECTIVES, seed, limits)))

    return search


def drive(trainer: Trainer, scheduler: Scheduler) -> None:
    """Train what one of our schedulers asks for, until the budget is spent."""
    while (asked := scheduler.ask()) is not None:
        wanted = trainer.task.steps if asked.to_step is None else asked.to_step
        loss = trainer.segment(asked.number, asked.values, asked.from_step, wanted, asked.parent)
        scheduler.tell(asked.number, Result(TrialState.COMPLETE, [loss]))


def _optunas(sampler: Callable[[int], optuna.samplers.BaseSampler], *, prunes: bool) -> Search:
    def search(trainer: Trainer, seed: int) -> None:
        task, pruner = trainer.task, optuna.pruners.NopPruner()
        if prunes:
            pruner = optuna.pruners.HyperbandPruner(1, task.steps, ETA)  # type: ignore[assignment]
        study = optuna.create_study(sampler=sampler(seed), pruner=pruner)
        while True:
            trial = study.ask()
            values = suggested(trial, task.space)
            done = 0
            while done < task.steps:
                wanted = done + 1 if prunes else task.steps
                loss = trainer.segment(trial.number, values, done, wanted)
                done = wanted
                trial.report(loss, done)
                if done < task.steps and trial.should_prune():
                    break
            if done == task.steps:
                study.tell(trial, loss)
            else:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)

    return search


def suggested(trial: optuna.Trial, space: SearchSpace) -> dict[str, Choice]:
    """Return what Optuna suggests, the space declared as its own examples would."""
    values: dict[str, Choice] = {}
    for p in activation_order(space):
        if not is_active(p, values):
            continue
        if p.is_discrete_choice:
            values[p.name] = trial.suggest_categorical(p.name, p.choices)
            continue
        assert p.low is not None and p.high is not None
        if p.kind is ParameterKind.INT:
            values[p.name] = trial.suggest_int(p.name, int(p.low), int(p.high), log=p.log)
        else:
            values[p.name] = trial.suggest_float(p.name, p.low, p.high, log=p.log)
    return values


def _hpbandsters(trainer: Trainer, seed: int) -> None:
    """HpBandSter's own proposals and its own rungs, without its servers."""
    generators = importlib.import_module("hpbandster.optimizers.config_generators.bohb")
    iterations = importlib.import_module("hpbandster.optimizers.iterations")
    dispatcher = importlib.import_module("hpbandster.core.dispatcher")
    task = trainer.task
    generator = generators.BOHB(configspace=_config_space(task.space, seed))
    rungs = round(math.log(task.steps, ETA)) + 1
    budgets = [task.steps / ETA**k for k in reversed(range(rungs))]
    for index in range(10**6):
        s = rungs - 1 - index % rungs
        count = rungs // (s + 1) * ETA**s
        counts = [max(count // ETA**k, 1) for k in range(s + 1)]
        iteration = iterations.SuccessiveHalving(
            HPB_iter=index,
            num_configs=counts,
            budgets=budgets[-s - 1 :],
            config_sampler=generator.get_config,
        )
        steps_of: dict[Any, int] = {}
        while (asked := iteration.get_next_run()) is not None:
            trial, config, budget = asked
            done, wanted = steps_of.get(trial, 0), round(budget)
            values = {p.name: _choice(p, config[p.name]) for p in task.space if p.name in config}
            loss = trainer.segment(trial, values, done, wanted)
            steps_of[trial] = wanted
            job = dispatcher.Job(trial, config=config, budget=budget)
            job.result = {"loss": loss, "info": {}}
            iteration.register_result(job)
            generator.new_result(job)


def _config_space(space: SearchSpace, seed: int) -> Any:
    config_space = importlib.import_module("ConfigSpace")
    found = config_space.ConfigurationSpace(seed=seed)
    # Names of older versions, which HpBandSter was written for.
    type(found).get_hyperparameters = lambda self: list(self.values())
    type(found).get_hyperparameter = lambda self, name: self[name]
    type(found).get_hyperparameter_by_idx = lambda self, k: self.at[k]
    config_space.Configuration.get_dictionary = lambda self: {**self}
    for p in space:
        if p.kind is ParameterKind.CATEGORICAL:
            own = config_space.CategoricalHyperparameter(p.name, list(p.choices))
        elif p.kind is ParameterKind.ORDINAL:  # it takes none: its advice is a whole number
            own = config_space.UniformIntegerHyperparameter(p.name, 0, len(p.choices) - 1)
        elif p.kind is ParameterKind.INT:
            own = config_space.UniformIntegerHyperparameter(p.name, p.low, p.high, log=p.log)
        else:
            own = config_space.UniformFloatHyperparameter(p.name, p.low, p.high, log=p.log)
        found.add(own)
    for p in space:
        if p.condition is not None:
            parent, wanted = found[p.condition.parent], list(p.condition.values)
            found.add(config_space.InCondition(found[p.name], parent, wanted))
    return found


def _choice(parameter: Parameter, value: Any) -> Choice:
    if parameter.kind is ParameterKind.CATEGORICAL:
        return str(value)
    if parameter.kind is ParameterKind.FLOAT:
        return float(value)
    return parameter.choices[int(value)] if parameter.choices else int(value)


class _Member:
    """A trial of Ray Tune as its scheduler sees one that waits, with a number for a checkpoint."""

    status = "PAUSED"
    experiment_tag = ""

    def __init__(self, number: int) -> None:
        self.trial_id = str(number)
        self.config: dict[str, Any] = {}
        self.evaluated_params: dict[str, Any] = {}
        self.checkpoint = number
        self.last_result: dict[str, Any] = {}
        self.temporary_state = SimpleNamespace(saving_to=None)
        manager = SimpleNamespace(
            checkpoint_config=SimpleNamespace(num_to_keep=None), _latest_checkpoint_result=None
        )
        self.run_metadata = SimpleNamespace(checkpoint_manager=manager)

    def is_finished(self) -> bool:
        return False

    def set_experiment_tag(self, tag: str) -> None:
        self.experiment_tag = tag

    def set_config(self, config: dict[str, Any]) -> None:
        self.config = config


def _rays_pbt(trainer: Trainer, seed: int) -> None:
    """Ray Tune's own scheduler in its synchronous mode, without its cluster."""
    del seed  # it draws from the global generators
    schedulers = importlib.import_module("ray.tune.schedulers")
    task = trainer.task
    domains = {p.name: _ray_domain(p) for p in task.space}
    interval = task.steps // GENERATIONS

    def inside(config: dict[str, Any]) -> dict[str, Any]:
        # Left alone, its steps leave the space; its guide says to mend that here.
        numbers = [p for p in task.space if p.low is not None and p.high is not None]
        return config | {p.name: min(max(config[p.name], p.low), p.high) for p in numbers}

    scheduler = schedulers.PopulationBasedTraining(
        time_attr="step",
        metric="loss",
        mode="min",
        perturbation_interval=interval,
        hyperparam_mutations={n: d for n, d in domains.items() if n not in task.structural},
        perturbation_factors=(FACTOR, 0.8),
        custom_explore_fn=inside,
        log_config=False,
        synch=True,
    )
    members = [_Member(k) for k in range(task.full_trainings)]
    controller: Any = SimpleNamespace(
        search_alg=None, get_trials=lambda: list(members), get_live_trials=lambda: list(members)
    )
    for member in members:
        member.config = {
            name: random.choice(domain) if isinstance(domain, list) else domain.sample(None)
            for name, domain in domains.items()
        }
        scheduler.on_trial_add(controller, member)
    parents: Mapping[_Member, Any] = dict.fromkeys(members)
    for done in range(0, task.steps, interval):
        wanted = done + interval
        for k, member in enumerate(members):
            loss = trainer.segment(k, member.config, done, wanted, parents[member])
            member.last_result = {"step": wanted, "loss": loss, "training_iteration": wanted}
        for member in members:
            scheduler.on_trial_result(controller, member, member.last_result)
        parents = {member: _copied(member) for member in members}


def _copied(member: _Member) -> Any:
    """Return the number of the member whose checkpoint this one goes on from; None for its own."""
    manager = member.run_metadata.checkpoint_manager
    given, manager._latest_checkpoint_result = manager._latest_checkpoint_result, None  # noqa: SLF001
    return None if given is None else given.checkpoint


def _ray_domain(parameter: Parameter) -> Any:
    tune = importlib.import_module("ray.tune")
    if parameter.is_discrete_choice:
        return list(parameter.choices)
    low, high = parameter.low, parameter.high
    assert low is not None and high is not None
    if parameter.kind is ParameterKind.INT:
        make = tune.lograndint if parameter.log else tune.randint
        return make(int(low), int(high) + 1)
    return (tune.loguniform if parameter.log else tune.uniform)(low, high)


def _random(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed)


RIVALS = (
    Rival("random", "random", _ours("random")),
    Rival("Optuna random", "random", _optunas(_random, prunes=False), "optuna"),
    Rival("tpe", "tpe", _ours("tpe")),
    Rival("Optuna TPE", "tpe", _optunas(_tpe, prunes=False), "optuna"),
    Rival("hyperband", "hyperband", _ours("hyperband")),
    Rival("Optuna HyperbandPruner", "hyperband", _optunas(_random, prunes=True), "optuna"),
    Rival("bohb", "bohb", _ours("bohb")),
    Rival("HpBandSter BOHB", "bohb", _hpbandsters, "hpbandster"),
    Rival("Optuna TPE, HyperbandPruner", "bohb", _optunas(_tpe, prunes=True), "optuna"),
    Rival("pbt", "pbt", _ours("pbt")),
    Rival("Ray Tune PBT", "pbt", _rays_pbt, "ray"),
)
