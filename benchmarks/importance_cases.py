"""Functions of mixed parameters whose single effects are known: what importance is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

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

NOISE = 0.05
SOBOL_POWER = 13
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
