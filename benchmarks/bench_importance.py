"""Importance: what it costs and how true it is, beside four other tools. CPU seconds, medians.

Targets: fit, singles, all pairs and marginals of 200 x 5 in 0.25 s, 1,000 x 8 in 0.3 s, 10,000 x 16
in 1.0 s, of clear data and of noise; after a brush 0.03 s; on the same trees 200 times as fast as
Optuna for singles and 10,000 times for pairs; mean absolute error of single effects at most 0.02.

Packages that need an environment of their own are looked for in the interpreters that
FANOVA_PYTHONS lists (separated as PATH is), and in this one:

    FANOVA_PYTHONS=/path/to/other/bin/python python -m benchmarks importance
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.importance._fanova._tree import _FanovaTree
from sklearn.ensemble import RandomForestRegressor

from benchmarks.bench_analysis import scored_study
from benchmarks.harness import print_cells
from benchmarks.importance_cases import CASES, Case, Floats, drawn, truth
from benchmarks.importance_peers import NOT_INSTALLED
from hypertendril.analysis.fanova.axes import RangeAxis
from hypertendril.analysis.fanova.tree_anova import Fanova, boxed
from hypertendril.analysis.fanova.trees import trees_of_forest
from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.model import Parameter, ParameterKind, Study

SIZES = {(200, 5): 0.25, (1_000, 8): 0.3, (10_000, 16): 1.0}
NOISES = {"clear": 0.05, "noise": 5.0}
BRUSH_TARGET = "0.03"
REPEATS, BRUSH_REPEATS = 5, 15
# Others are given up after so many seconds; Optuna's pairs are timed on a few of a forest's trees.
PEER_SECONDS = 60
SAME_TREES = ((200, 5), (400, 8))
SINGLE_TREES, PAIR_TREES = 8, 2
SINGLE_RATIO, PAIR_RATIO = 200, 10_000
N_TRUTH, N_DRAWS = 1_000, 3
# Optuna's forest of more trials takes minutes.
MOST_FOR_OPTUNA = 200
PEERS = Path(__file__).with_name("importance_peers.py")
PYTHONS = "FANOVA_PYTHONS"
T = TypeVar("T")


def cpu_seconds(action: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Return the median CPU seconds of some runs, and what the last one returned."""
    costs = []
    for _ in range(repeats):
        begun = time.process_time()
        found = action()
        costs.append(time.process_time() - begun)
    return statistics.median(costs), found


def all_of(study: Study) -> Importance:
    """Return the importance after asking for every marginal too."""
    found = importance_of(study)
    for name in found.singles:
        found.marginal(name)
    return found


def cost_row(n: int, d: int, kind: str) -> list[str]:
    """Return what one size costs here."""
    study = scored_study(n, d, NOISES[kind])
    cost, found = cpu_seconds(lambda: all_of(study), REPEATS)
    brush, part = cpu_seconds(lambda: found.within({"p0": (0.2, 0.5)}), BRUSH_REPEATS)
    counts = f"{len(found.pairs)}, {len(part.pairs)}"
    texts = f"{cost:.3f}", f"{SIZES[n, d]:g}", f"{brush:.3f}", BRUSH_TARGET, found.surrogate
    return [f"{n:,} x {d} {kind}", *texts, f"{found.r2:.2f}", counts]


def peers_row(n: int, d: int) -> list[str]:
    """Return what the same trials cost elsewhere, single effects and where there are, pairs."""
    study = scored_study(n, d, NOISES["clear"])
    theirs = to_optuna(study)
    ped = cpu_seconds(lambda: PedAnovaImportanceEvaluator().evaluate(theirs), 1)[0]
    fanova = f"over {PEER_SECONDS}"
    if n <= MOST_FOR_OPTUNA:
        evaluator = FanovaImportanceEvaluator(seed=0)
        fanova = f"{cpu_seconds(lambda: evaluator.evaluate(theirs), 1)[0]:.2f}"
    others = [("optuna_fast_fanova", False), ("fanova", False), ("fanova", True)]
    elsewhere = [peer_text(name, study, is_pairs=is_pairs) for name, is_pairs in others]
    return [f"{n:,} x {d}", f"{ped:.2f}", fanova, *elsewhere]


def peer_text(name: str, study: Study, *, is_pairs: bool) -> str:
    """Return the CPU seconds of another package, in the first interpreter that has it."""
    told = {"x": study.trials.values.tolist(), "y": study.trials.objectives[:, 0].tolist()}
    listed = [python for python in os.environ.get(PYTHONS, "").split(os.pathsep) if python]
    for python in [*listed, sys.executable]:
        command = [python, str(PEERS), name]
        text = json.dumps(told | {"is_pairs": is_pairs})
        try:
            done = subprocess.run(
                command,
                input=text,
                capture_output=True,
                text=True,
                timeout=PEER_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"over {PEER_SECONDS}"
        if done.returncode:
            return "failed"
        if done.stdout.strip() != NOT_INSTALLED:
            return done.stdout.strip()
    return NOT_INSTALLED


def same_trees_row(n: int, d: int) -> list[str]:
    """Return how marginalising alone compares with Optuna's, on the trees of one forest."""
    study = scored_study(n, d, NOISES["clear"])
    x, y = study.trials.values, study.trials.objectives[:, 0]
    forest = RandomForestRegressor(64, random_state=0).fit(x, y)
    axes = (RangeAxis(0.0, 1.0),) * d
    trees = trees_of_forest(forest)
    singles, anova = cpu_seconds(lambda: Fanova(axes, boxed(axes, trees)), BRUSH_REPEATS)
    pairs = list(itertools.combinations(range(d), 2))
    ours_pairs = cpu_seconds(lambda: [anova.interaction(*pair) for pair in pairs], BRUSH_REPEATS)[0]
    their_singles, mains = _optuna_seconds(forest, [(i,) for i in range(d)], SINGLE_TREES)
    their_pairs, _ = _optuna_seconds(forest, pairs[:1], PAIR_TREES)
    their_pairs *= len(pairs)
    difference = float(np.abs(mains - anova.main[:SINGLE_TREES]).max())
    return [
        f"{n:,} x {d}",
        f"{singles:.4f}",
        f"{their_singles:.1f}",
        f"{their_singles / singles:,.0f}",
        f"{SINGLE_RATIO:,}",
        f"{ours_pairs:.4f}",
        f"{their_pairs:,.0f}",
        f"{their_pairs / ours_pairs:,.0f}",
        f"{PAIR_RATIO:,}",
        f"{difference:.0e}",
    ]


def _optuna_seconds(
    forest: Any, subsets: Sequence[tuple[int, ...]], n_trees: int
) -> tuple[float, Floats]:
    """Return seconds for all of a forest's trees, from a few of them, and their variances."""
    ranges = np.array([[0.0, 1.0]] * forest.n_features_in_)
    begun = time.process_time()
    found = []
    for estimator in forest.estimators_[:n_trees]:
        tree = _FanovaTree(estimator.tree_, ranges)
        found.append([tree.get_marginal_variance(np.array(subset)) for subset in subsets])
    return (time.process_time() - begun) / n_trees * len(forest.estimators_), np.array(found)


def truth_row(case: Case, n: int) -> list[str]:
    """Return the mean absolute error of single effects, here and with Optuna's evaluators."""
    known = truth(case)
    names = [parameter.name for parameter in case.space]
    errors: dict[str, list[float]] = {"ours": [], "ped": []}
    models = set()
    for seed in range(N_DRAWS):
        study = drawn(case, n, seed)
        found = importance_of(study)
        models.add(found.surrogate)
        errors["ours"].append(_error(known, [found.singles[name] for name in names]))
        ped = PedAnovaImportanceEvaluator().evaluate(to_optuna(study))
        share = sum(ped.values()) or 1.0
        errors["ped"].append(_error(known, [ped[name] / share for name in names]))
    theirs = to_optuna(drawn(case, MOST_FOR_OPTUNA, 0))
    fanova = FanovaImportanceEvaluator(n_trees=16, seed=0).evaluate(theirs)
    return [
        f"{case.name}, {n:,}",
        f"{np.mean(errors['ours']):.3f}",
        "0.02" if n >= N_TRUTH else "",
        ", ".join(sorted(models)),
        f"{_error(known, [fanova[name] for name in names]):.3f}",
        f"{np.mean(errors['ped']):.3f}",
    ]


def _error(known: Floats, found: list[float]) -> float:
    return float(np.abs(known - np.array(found)).mean())


def to_optuna(study: Study) -> optuna.Study:
    """Return the same trials as Optuna takes them."""
    made = optuna.create_study()
    names = study.space.names
    distributions = {p.name: _distribution(p) for p in study.space}
    rows = zip(study.trials.values.tolist(), study.trials.objectives[:, 0].tolist(), strict=True)
    trials = [
        optuna.trial.create_trial(
            params={
                name: study.space[name].decode(value)
                for name, value in zip(names, row, strict=True)
            },
            distributions=distributions,
            value=score,
        )
        for row, score in rows
    ]
    made.add_trials(trials)
    return made


def _distribution(parameter: Parameter) -> Any:
    if parameter.kind is ParameterKind.CATEGORICAL:
        return CategoricalDistribution([str(choice) for choice in parameter.choices])
    assert parameter.low is not None and parameter.high is not None
    if parameter.kind is ParameterKind.INT:
        return IntDistribution(int(parameter.low), int(parameter.high))
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def main() -> None:
    """Print the tables."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    heads = ["trials x parameters", "all", "target", "brush", "target", "surrogate", "R2", "pairs"]
    print_cells(
        "Here: fit, singles, all pairs, marginals; then a brush; CPU seconds",
        heads,
        [cost_row(n, d, kind) for (n, d), kind in itertools.product(SIZES, NOISES)],
    )
    print_cells(
        f"Elsewhere, fit included; CPU seconds, given up after {PEER_SECONDS}",
        [
            "trials x parameters",
            "PED-ANOVA",
            "Optuna fANOVA",
            "optuna-fast-fanova",
            "fanova",
            "fanova with pairs",
        ],
        [peers_row(n, d) for n, d in SIZES],
    )
    heads = ["here", "Optuna", "times", "target"]
    print_cells(
        "The same 64 trees, marginalising alone; CPU seconds; Optuna's from some trees and one pair",
        ["", *(f"singles {h}" for h in heads), *(f"pairs {h}" for h in heads), "differ by"],
        [same_trees_row(n, d) for n, d in SAME_TREES],
    )
    print_cells(
        f"Mean absolute error of single effects; Optuna's fANOVA from {MOST_FOR_OPTUNA} trials",
        ["function, trials", "here", "target", "surrogate", "Optuna fANOVA", "PED-ANOVA"],
        [truth_row(case, n) for case, n in itertools.product(CASES, (200, N_TRUTH))],
    )


if __name__ == "__main__":
    main()
