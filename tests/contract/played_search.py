"""A search played on paper, as the runner sees it: segments, looks, kills."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

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
    Assignment,
    Limits,
    Recorded,
    Result,
    Scheduler,
    Setup,
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
Scoring = Callable[[Assignment], float | None]
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
    return make_scheduler(name, Setup(SETTINGS.get(name, {}), space, OBJECTIVES, seed, limits))


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
    result: Scoring = score
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
        looks = self.scheduler.tell(task.number, Result(state, objectives, violation))
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
