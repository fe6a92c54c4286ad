"""Importance: what it costs and how true it is, beside Optuna's fANOVA and PED-ANOVA. CPU seconds.

Targets: fit, singles, all pairs and marginals of 200 x 5 in 0.25 s, 1,000 x 8 in 0.3 s, 10,000 x 16
in 1.0 s; after a brush 0.03 s; mean absolute error of single effects at most 0.02 at n = 1,000.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from scipy.stats import qmc

from benchmarks.bench_analysis import scored_study, timed
from benchmarks.harness import print_cells
from hypertendril.analysis.importance import Importance, importance_of
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

SIZES = {(200, 5): 0.25, (1_000, 8): 0.3, (10_000, 16): 1.0}
NOISE = 0.05
N_TRUTH, N_DRAWS = 1_000, 3
SOBOL_POWER = 13
# Optuna's forest of more trials takes minutes.
MOST_FOR_OPTUNA = 200
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Case:
    """A function of unit coordinates, and the parameters they stand for."""

    name: str
    space: tuple[Parameter, ...]
    score: Callable[[Floats], Floats]


def _float(name: str, *, log: bool = False) -> Parameter:
    low, high = (1e-5, 1e-1) if log else (0.0, 1.0)
    return Parameter(name, ParameterKind.FLOAT, low, high, log=log)


def _g_function(u: Floats) -> Floats:
    a = np.array([0, 1, 4.5, 9, 99])
    found: Floats = np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)
    return found


def _network(u: Floats) -> Floats:
    """Loss of a network: rate (log) against batch (int), a depth, a choice of three."""
    rate: Floats = np.minimum(0.08 * (6 * u[:, 0] - 3 - 1.5 * (u[:, 1] - 0.5)) ** 2, 0.4)
    rate += 0.15 * (u[:, 2] - 0.4) ** 2 + 0.06 * (np.floor(3 * u[:, 3]) == 2)
    return rate


def _ishigami(u: Floats) -> Floats:
    x = (2 * u - 1) * np.pi
    found: Floats = (1 + 0.1 * x[:, 2] ** 4) * np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2
    return found


def _steps(u: Floats) -> Floats:
    """A choice of four that decides what a whole number does."""
    kind, layers = np.floor(4 * u[:, 0]), np.floor(6 * u[:, 1])
    level: Floats = np.array([0, 0.3, 1.0, 0.6])[kind.astype(int)]
    return level + 0.1 * layers * (kind > 1) + u[:, 2] / 2


CASES = (
    Case("g-function", tuple(_float(f"p{i}", log=i == 0) for i in range(5)), _g_function),
    Case(
        "network",
        (
            _float("rate", log=True),
            Parameter("batch", ParameterKind.INT, 1, 512),
            _float("depth"),
            Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c")),
        ),
        _network,
    ),
    Case("Ishigami", tuple(_float(f"x{i}") for i in range(3)), _ishigami),
    Case(
        "steps",
        (
            Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c", "d")),
            Parameter("layers", ParameterKind.INT, 1, 6),
            _float("rate", log=True),
            _float("nothing"),
        ),
        _steps,
    ),
)


def truth(case: Case) -> Floats:
    """Return (d,) first-order Sobol indices by pick-freeze on a quasi-random sequence."""
    d = len(case.space)
    points = qmc.Sobol(2 * d, seed=0).random_base2(SOBOL_POWER)
    one, two = points[:, :d], points[:, d:]
    of_one, of_two = case.score(one), case.score(two)
    indices = np.zeros(d)
    for i in range(d):
        mixed = two.copy()
        mixed[:, i] = one[:, i]
        indices[i] = np.mean(of_one * (case.score(mixed) - of_two))
    shares: Floats = indices / np.var(np.concatenate([of_one, of_two]))
    return shares


def drawn(case: Case, n: int, seed: int) -> Study:
    """Return `n` random trials of a case with a twentieth of noise."""
    rng = np.random.default_rng(seed)
    u = rng.random((n, len(case.space)))
    score = case.score(u)
    trials = Trials.empty(n, len(case.space), 1, 0)
    for i, parameter in enumerate(case.space):
        trials.values[:, i] = _column(parameter, u[:, i])
    trials.objectives[:, 0] = score + NOISE * score.std() * rng.standard_normal(n)
    trials.state[:] = TrialState.COMPLETE
    header = StudyHeader("case", SearchSpace(case.space), (Objective("y", Direction.MINIMIZE),))
    return Study("case", header, trials, Evaluations.empty(), CurvePoints.empty())


def _column(parameter: Parameter, u: Floats) -> Floats:
    """Return column values of unit coordinates; equal shares of the unit for each whole value."""
    if parameter.kind is ParameterKind.CATEGORICAL:
        return np.floor(u * len(parameter.choices))
    if parameter.kind is ParameterKind.INT:
        assert parameter.low is not None and parameter.high is not None
        return np.floor(parameter.low + u * (parameter.high - parameter.low + 1))
    return parameter.from_unit(u)


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


def all_of(study: Study) -> Importance:
    """Return the importance after asking for every marginal too."""
    found = importance_of(study)
    for name in found.singles:
        found.marginal(name)
    return found


def cost_row(n: int, d: int) -> list[str]:
    """Return what one size costs, here and with Optuna."""
    study = scored_study(n, d, NOISE)
    cost, found = timed(lambda: all_of(study))
    brush = timed(lambda: found.within({"p0": (0.2, 0.5)}), 5)[0]
    theirs = to_optuna(study)
    ped = timed(lambda: PedAnovaImportanceEvaluator().evaluate(theirs), 1)[0]
    fanova = "-"
    if n <= MOST_FOR_OPTUNA:
        fanova = timed(lambda: FanovaImportanceEvaluator(seed=0).evaluate(theirs), 1)[0]
    return [
        f"{n:,} x {d}",
        cost,
        f"{SIZES[n, d]:g}",
        brush,
        "0.03",
        found.surrogate,
        f"{found.r2:.2f}",
        str(len(found.pairs)),
        fanova,
        ped,
    ]


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


def main() -> None:
    """Print the tables."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    heads = ["trials x parameters", "all", "target", "brush", "target", "surrogate", "R2", "pairs"]
    print_cells(
        "Fit, singles, all pairs, marginals; then a brush; CPU seconds",
        [*heads, "Optuna fANOVA (singles)", "PED-ANOVA (singles)"],
        [cost_row(n, d) for n, d in SIZES],
    )
    print_cells(
        f"Mean absolute error of single effects; Optuna's fANOVA from {MOST_FOR_OPTUNA} trials",
        ["function, trials", "here", "target", "surrogate", "Optuna fANOVA", "PED-ANOVA"],
        [truth_row(case, n) for case, n in itertools.product(CASES, (200, N_TRUTH))],
    )


if __name__ == "__main__":
    main()
