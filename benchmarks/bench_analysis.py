"""What the numbers of the views cost: importance at three sizes, the layout of a long search. CPU seconds.

Targets: importance of 10,000 trials x 8 in 0.8 s; the layout of 100,000 evaluations in 0.3 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import sklearn.ensemble  # noqa: F401  # its import is no part of what is measured

from benchmarks.harness import print_cells
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.histograms import histogram
from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.analysis.pareto import pareto_front
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

IMPORTANCE_SIZES = ((200, 5), (1_000, 8), (10_000, 8), (10_000, 16))
IMPORTANCE_TARGETS = {(10_000, 8): "0.8"}
# Standard deviation of the noise beside an objective of about 0.5: clear, and hopeless.
NOISES = {"smooth": 0.05, "noise": 2.0}
EVALUATIONS = 100_000
LAYOUT_TARGET = "0.3"
REPEATS = 3
T = TypeVar("T")


def timed(action: Callable[[], T], repeats: int = REPEATS) -> tuple[str, T]:
    """Return the least CPU seconds of some runs as text, and what the last one returned."""
    costs = []
    for _ in range(repeats):
        begun = time.process_time()
        found = action()
        costs.append(time.process_time() - begun)
    return f"{min(costs):.3f}", found


def study_of(trials: Trials, d: int, evaluations: Evaluations | None = None) -> Study:
    """Return a study of `d` unit parameters."""
    space = SearchSpace(tuple(Parameter(f"p{i}", ParameterKind.FLOAT, 0.0, 1.0) for i in range(d)))
    header = StudyHeader("synthetic", space, (Objective("score", Direction.MAXIMIZE),))
    seen = Evaluations.empty() if evaluations is None else evaluations
    return Study("synthetic", header, trials, seen, CurvePoints.empty())


def scored_study(n: int, d: int, noise: float) -> Study:
    """Return `n` random trials of a function of the first five of `d` parameters."""
    rng = np.random.default_rng(0)
    trials = Trials.empty(n, d, 1, 0)
    x = trials.values
    x[:] = rng.random((n, d))
    smooth = np.sin(3 * x[:, 0]) + 2 * (x[:, 1] - 0.4) ** 2 + x[:, 2] * x[:, 3] + 0.3 * x[:, 4]
    trials.objectives[:, 0] = smooth + noise * rng.standard_normal(n)
    trials.state[:] = TrialState.COMPLETE
    return study_of(trials, d)


def search(kind: str, n_evaluations: int) -> Study:
    """Return a search of `n_evaluations`: random, Hyperband of ten rungs, or ten generations."""
    rng = np.random.default_rng(0)
    looks = 1 if kind == "random" else 10
    n = n_evaluations // looks
    trials = Trials.empty(n, 8, 1, 0)
    trials.state[:] = TrialState.COMPLETE
    seen = Evaluations.empty(n_evaluations)
    seen.trial[:] = np.tile(np.arange(n), looks)
    seen.value[:] = rng.random(n_evaluations)
    step = np.repeat(np.arange(looks), n)
    if kind == "hyperband":
        seen.rung[:], seen.bracket[:] = step, seen.trial % 7
    if kind == "pbt":
        seen.iteration[:] = step
        trials.parent[:] = np.maximum(-1, np.arange(n) - 24)
    return study_of(trials, 8, seen)


def importance_row(n: int, d: int, name: str) -> list[str]:
    """Return the cells of one size: the whole importance, then what a click asks of it."""
    study = scored_study(n, d, NOISES[name])
    whole, found = timed(lambda: importance_of(study))
    return [
        f"{n:,} x {d} {name}",
        whole,
        IMPORTANCE_TARGETS.get((n, d), ""),
        *_clicks(found),
        found.surrogate,
        f"{found.r2:.2f}",
        str(len(found.pairs)),
    ]


def _clicks(found: Importance) -> list[str]:
    one, two = list(found.singles)[:2]
    return [
        timed(lambda: found.marginal(one))[0],
        timed(lambda: found.surface(one, two))[0],
        timed(lambda: found.within({one: (0.2, 0.5)}))[0],
    ]


def main() -> None:
    """Print the tables."""
    rows = [importance_row(n, d, name) for n, d in IMPORTANCE_SIZES for name in NOISES]
    heads = ["trials x parameters", "importance", "target", "marginal", "surface", "brushed"]
    print_cells(
        f"Importance; CPU seconds, least of {REPEATS}",
        [*heads, "surrogate", "R2", "pairs"],
        rows,
    )
    layouts = []
    for kind in ("random", "hyperband", "pbt"):
        study = search(kind, EVALUATIONS)
        cost, layout = timed(partial(prepare_exploration, study))
        layouts.append([kind, cost, LAYOUT_TARGET, str(len(layout.bands)), str(len(layout.edges))])
    print_cells(
        f"Layout of {EVALUATIONS:,} evaluations; CPU seconds, least of {REPEATS}",
        ["", "layout", "target", "bands", "edges"],
        layouts,
    )
    x, y = np.random.default_rng(0).random((2, EVALUATIONS))
    both = (Direction.MAXIMIZE, Direction.MINIMIZE)
    print_cells(
        f"{EVALUATIONS:,} values; CPU seconds, least of {REPEATS}",
        ["", "cost"],
        [
            ["histogram", timed(lambda: histogram(x))[0]],
            ["Pareto front", timed(lambda: pareto_front(x, y, both))[0]],
        ],
    )


if __name__ == "__main__":
    main()
