"""Why BOHB is behind Optuna's TPE with its `HyperbandPruner`: whose rungs, or whose model.

Between the two stands BOHB's brackets filled by Optuna's sampler, which learns from the results
of all trials and not from those at the largest budget alone. All train as many steps as in
`bench_quality`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial
from scipy.stats import rankdata

from benchmarks.bench_quality import mean_and_margin
from benchmarks.harness import print_cells
from benchmarks.search_rivals import ETA, OBJECTIVES, RIVALS, BudgetSpent, Trainer, drive, suggested
from benchmarks.search_tasks import NAMES, make_task
from hypertendril.model import Choice, SearchSpace
from hypertendril.search import METHODS, Limits
from hypertendril.search.ladder import brackets
from hypertendril.search.races import Races
from hypertendril.search.scheduler import Quality
from hypertendril.search.setup import Setup

SEEDS = 5
TASKS = tuple(name for name in NAMES if name != "digits")
BOHB, BOTH, OPTUNA = "bohb", "bohb's brackets, Optuna's TPE", "Optuna TPE, HyperbandPruner"


class AllResults:
    """Optuna's TPE over the results of all trials at all rungs, each trial a pruned one."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._sampler = optuna.samplers.TPESampler(seed=seed)
        self._asked: dict[int, optuna.Trial] = {}
        self._losses: dict[int, dict[int, float]] = {}

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`."""
        study = optuna.create_study(sampler=self._sampler)
        study.add_trials([self._pruned(known) for known in self._losses])
        self._asked[number] = study.ask()
        return suggested(self._asked[number], self._space)

    def remarks(self, number: int) -> Mapping[str, float]:
        """Return nothing: the model is always used."""
        del number
        return {}

    def learn(
        self, number: int, values: Mapping[str, Choice], resource: int, quality: Quality | None
    ) -> None:
        """Keep a loss; none of these tasks fails."""
        del values
        assert quality is not None
        self._losses.setdefault(number, {})[resource] = -quality[1]

    def _pruned(self, number: int) -> optuna.trial.FrozenTrial:
        asked = self._asked[number]
        return create_trial(
            state=TrialState.PRUNED,
            params=asked.params,
            distributions=asked.distributions,
            intermediate_values=self._losses[number],
        )


def _in_our_brackets(trainer: Trainer, seed: int) -> None:
    task = trainer.task
    limits = Limits(10**6, task.steps, task.structural)
    given = Setup({"eta": ETA}, task.space, OBJECTIVES, seed, limits)
    setup = METHODS["bohb"].checked(given)
    plans = brackets(setup.settings, limits)
    drive(trainer, Races(setup, plans, AllResults(task.space, seed), setup.opening()))


_RIVALS = {rival.name: rival.search for rival in RIVALS}
SEARCHES = {BOHB: _RIVALS[BOHB], BOTH: _in_our_brackets, OPTUNA: _RIVALS[OPTUNA]}


@dataclass(frozen=True)
class Spent:
    """What one search found, and what it spent its steps on."""

    loss: float
    begun: int
    full: int


def measure(name: str, task_name: str, seed: int) -> Spent:
    """Run one search."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    task = make_task(task_name, Path())
    trainer = Trainer(task, task.full_trainings * task.steps)
    with suppress(BudgetSpent):
        SEARCHES[name](trainer, seed)
    return Spent(trainer.best, trainer.begun, trainer.full)


def main() -> None:
    """Print a line a search."""
    cases = list(product(SEARCHES, TASKS, range(SEEDS)))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        found = list(pool.map(measure, *zip(*cases, strict=True)))
    n = len(TASKS) * SEEDS
    spent = {name: found[k * n : (k + 1) * n] for k, name in enumerate(SEARCHES)}
    losses = {name: np.array([one.loss for one in searches]) for name, searches in spent.items()}
    rows = []
    for name, searches in spent.items():
        rank, margin = mean_and_margin(rankdata([losses[name], losses[OPTUNA]], axis=0)[0])
        begun, full = (np.mean([getattr(s, key) for s in searches]) for key in ("begun", "full"))
        beside = "" if name == OPTUNA else f"{rank:.2f} ± {margin:.2f}"
        rows.append([name, f"{begun:.0f}", f"{full:.0f}", beside])
    title = f"What equal steps are spent on; {len(TASKS)} tasks, {SEEDS} seeds"
    print_cells(title, ["", "trials", "trained in full", "rank of two beside Optuna's"], rows)


if __name__ == "__main__":
    main()
