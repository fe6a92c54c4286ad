"""Bayesian optimisation: a Gaussian process of the objective, expected improvement."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice, TrialState
from hypertendril.search.learner import Learner
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.scheduler import Result
from hypertendril.search.told import Rows

# The fit takes time in proportion to the cube of this: the best and the latest are kept.
_MAX_POINTS = 300
_MAX_STEPS = 15
_LOCAL_SPREAD = (0.1, 0.02)  # about the best trials, in the unit cube
_MODEL_KEY = 3  # keeps these draws apart from others for the same trial


class GaussianProcess(Learner):
    """Runs the candidate with the highest expected improvement.

    Trials under way count as if they had come out as the model expects (kriging believer),
    so that parallel ones stand apart. Several objectives are added up, each with a weight
    drawn anew for each trial.

    Source: Jones, Schonlau, Welch (1998); Knowles, ParEGO (2006) for several objectives.
    """

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`, and count it as running from now on."""
        values = self._proposal(number)
        self.tell(number, values, Result(TrialState.RUNNING))
        return values

    def _proposal(self, number: int) -> dict[str, Choice]:
        points, qualities, violations = self._told.scored(number)
        at_random = self._at_random.ask(number)
        if len(points) < max(2, self._settings["n_startup_trials"]) or not self._size:
            return at_random
        key = (number, _MODEL_KEY)
        random = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))
        target = _one_target(_feasible_first(qualities, violations), random)
        keep = _kept(target)
        points, target = points[keep], target[keep]
        pending = [r.point for _, r in self._told.before(number) if r.is_running]
        candidates = self._candidates(points, target, random)
        gain = _expected_improvement(points, target, pending, candidates)
        return self._told.space.values(candidates[int(np.argmax(gain))])

    def _candidates(self, points: Rows, target: Rows, random: np.random.Generator) -> Rows:
        """Return points all over the cube and about the best ones, where values can really be."""
        n = self._settings["n_candidates"]
        best = points[np.argsort(-target, kind="stable")[:5]]
        near = [
            best[random.integers(len(best), size=n // 4 + 1)]
            + spread * random.standard_normal((n // 4 + 1, self._size))
            for spread in _LOCAL_SPREAD
        ]
        raw = np.clip(np.vstack([random.random((n // 2 + 1, self._size)), *near]), 0.0, 1.0)
        space = self._told.space
        return np.array([space.point(space.values(point)) for point in raw])


def _feasible_first(qualities: Rows, violations: NDArray[np.float64]) -> Rows:
    """Return (n, m) qualities, those of infeasible trials as bad as the worst of all.

    Where nothing is feasible yet, (n, 1): less violation is better.
    """
    is_bad = violations > 0
    if is_bad.all():
        return -violations[:, None]
    return np.where(is_bad[:, None], qualities.min(axis=0), qualities)


def _one_target(qualities: Rows, random: np.random.Generator) -> NDArray[np.float64]:
    """Return (n,) numbers to be maximised, of mean 0 and sd 1, outliers pulled in.

    Infinite qualities count as the best or worst finite one.
    """
    columns = []
    for column in qualities.T:
        finite = column[np.isfinite(column)]
        low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
        middle = np.median(finite) if len(finite) else 0.0
        # A few diverged trials must not press all others into one spot.
        low = max(low, middle - 5.0 * (high - middle)) if high > middle else low
        clipped = np.clip(column, low, high)
        spread = clipped.std()
        columns.append((clipped - clipped.mean()) / (spread if spread > 0 else 1.0))
    weights = random.dirichlet(np.ones(len(columns))) if len(columns) > 1 else np.ones(1)
    target: NDArray[np.float64] = weights @ np.array(columns)
    return target


def _kept(target: Rows) -> NDArray[np.int64]:
    n = len(target)
    if n <= _MAX_POINTS:
        return np.arange(n)
    best = np.argsort(-target, kind="stable")[: _MAX_POINTS // 2]
    return np.unique(np.concatenate([best, np.arange(n - _MAX_POINTS // 2, n)]))


def _expected_improvement(
    points: Rows, target: Rows, pending: Sequence[Rows], candidates: Rows
) -> NDArray[np.float64]:
    from scipy.stats import norm  # noqa: PLC0415 - seconds of CPU for who uses it
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: PLC0415
    from sklearn.gaussian_process.kernels import (  # noqa: PLC0415
        ConstantKernel,
        Matern,
        WhiteKernel,
    )

    d = points.shape[1]
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(
        np.full(d, 0.5), (0.05, 20.0), nu=2.5
    ) + WhiteKernel(1e-2, (1e-6, 1.0))
    model = GaussianProcessRegressor(kernel, alpha=1e-8, optimizer=_fitted)
    with warnings.catch_warnings():
        # A length that ends at its bound (a parameter without effect) is no reason to worry.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, target)
        if pending:
            believed = model.predict(np.array(pending))
            model = GaussianProcessRegressor(model.kernel_, alpha=1e-8, optimizer=None)
            model.fit(np.vstack([points, *pending]), np.append(target, believed))
        mean, sd = model.predict(candidates, return_std=True)
    sd = np.maximum(sd, 1e-9)
    z = (mean - target.max()) / sd
    gain: NDArray[np.float64] = sd * (z * norm.cdf(z) + norm.pdf(z))
    # Far from any improvement the formula is 0 everywhere; the higher z is still the better.
    return gain if gain.max() > 0 else z


def _fitted(
    loss: Callable[[Rows], tuple[float, Rows]], start: Rows, bounds: Rows
) -> tuple[Rows, float]:
    """Return lengths that explain the results; a few steps do, the last digits don't matter."""
    from scipy import optimize  # noqa: PLC0415 - as above

    limits = [(float(low), float(high)) for low, high in bounds]
    options = {"maxiter": _MAX_STEPS}
    minimize: Any = optimize.minimize  # its annotations know no loss with a gradient of ours
    found = minimize(loss, start, method="L-BFGS-B", jac=True, bounds=limits, options=options)
    return found.x, float(found.fun)


METHOD = MethodInfo(
    name="gp",
    title="Gaussian process (EI)",
    text="Models the objective over the space and runs the most promising point; for few, "
    "dear trials.",
    settings=(
        Setting(
            "n_startup_trials",
            "int",
            10,
            "Trials drawn at random before the model is used.",
            low=2,
            high=100_000,
        ),
        Setting(
            "n_candidates",
            "int",
            1000,
            "Points the model looks at for each trial.",
            low=10,
            high=100_000,
        ),
    ),
    make=GaussianProcess,
    learns=True,
)
