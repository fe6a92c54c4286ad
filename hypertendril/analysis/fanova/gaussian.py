"""Gaussian process regression of few trials: a product of one squared-exponential factor per axis.

    k(x, x') = a * prod_i exp(-|x_i - x'_i|^2 / (2 l_i^2))  + s [x is x']

Each parameter has its own length scale l_i, so one that does not matter is switched off. Choices
are one-hot: all of them equally far apart. Amplitude, noise and length scales have the greatest
marginal likelihood.

Source: Rasmussen, Williams (2006), *Gaussian Processes for Machine Learning*, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.analysis.fanova.axes import Axis, ChoiceAxis, Floats, column_axis
from hypertendril.analysis.progress import Tell, unheard

# Beyond these a factor is a spike at every trial, or flat.
_LENGTHS = (0.05, 30.0)
_AMPLITUDES = (0.02, 50.0)
_NOISES = (1e-5, 2.0)
# The likelihood is flat long before it is greatest.
_STEPS = 30
_FINISHING_STEPS = 6
_FOLDS = 3


@dataclass(frozen=True)
class Gaussian:
    """A fitted process.

    Attributes:
        z: (n, columns) scaled trials.
        weight: (n,) the prediction is the sum of `weight * kernel`, amplitude included.
        length: (d,) length scale of each axis.
        logs: (d + 2,) logs of length scales, amplitude and noise: where a next fit may start.
    """

    z: Floats
    weight: Floats
    length: Floats
    logs: Floats

    def factor(self, i: int, at: Floats, columns: slice) -> Floats:
        """Return (g, n) the factor of axis `i` between scaled places (g, its columns) and trials."""
        factor: Floats = np.exp(-0.5 * _squares(at, self.z[:, columns]) / self.length[i] ** 2)
        return factor

    def predict(self, axes: Sequence[Axis], z: Floats) -> Floats:
        """Return (g,) predictions at (g, columns) scaled places."""
        squares = np.zeros((len(z), len(self.z)))
        for i, part in enumerate(columns_of(axes)):
            squares += _squares(z[:, part], self.z[:, part]) / self.length[i] ** 2
        predicted: Floats = np.exp(-0.5 * squares) @ self.weight
        return predicted


def scaled(axes: Sequence[Axis], encoded: NDArray[np.float32] | Floats) -> Floats:
    """Return (n, columns) encoded values with every range from 0 to 1, "inactive" below."""
    z = np.asarray(encoded, dtype=np.float64).copy()
    for column, i in enumerate(column_axis(axes)):
        z[:, column] = scaled_column(axes[i], z[:, column])
    return z


def scaled_column(axis: Axis, encoded: Floats) -> Floats:
    """Return encoded values of one column in units of the axis' range."""
    if isinstance(axis, ChoiceAxis):
        return encoded
    high = axis.high if hasattr(axis, "high") else float(axis.encoded[-1])
    width = high - axis.low_end
    # "Inactive" may lie a whole unit below a narrow range: one range below is far enough.
    unit = (encoded - axis.low_end) / width if width > 0 else np.minimum(encoded - high, 0.0)
    return np.maximum(unit, -1.0)


def columns_of(axes: Sequence[Axis]) -> list[slice]:
    """Return the encoded columns of each axis."""
    ends = np.cumsum([axis.n_columns for axis in axes])
    return [
        slice(int(end) - axis.n_columns, int(end)) for axis, end in zip(axes, ends, strict=True)
    ]


def fit_gaussians(
    axes: Sequence[Axis],
    x: NDArray[np.float32],
    y: Floats,
    seed: int,
    *,
    least_r2: float = -np.inf,
    tell: Tell = unheard,
) -> tuple[list[Gaussian], float]:
    """Return a model per fold, fitted on the other folds, and last the one of all trials; and R2.

    Nothing of the trials it predicts has reached a fold's model, its length scales included.
    O(n^3) for each of some 30 steps.

    Args:
        axes: One per parameter.
        x: (n, columns) encoded values.
        y: (n,) targets of mean 0 and variance 1.
        seed: Equal arguments give equal models.
        least_r2: Give up, without models, where less of the first fold is explained.
        tell: Hears how far it is.
    """
    z, columns = scaled(axes, x), columns_of(axes)
    squares = np.stack([_squares(z[:, part], z[:, part]) for part in columns])
    fold = np.random.default_rng(seed).permutation(len(y)) % _FOLDS
    unseen = np.zeros(len(y))
    start = np.log(np.append(np.full(len(axes), 0.7), [1.0, 0.1]))
    models = []
    for k in range(_FOLDS):
        rows, others = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        part = squares[:, rows[:, None], rows]
        centre = y[rows].mean()
        model = _fitted(z[rows], part, y[rows] - centre, start, _STEPS)
        models.append(model)
        across = squares[:, others[:, None], rows] / model.length[:, None, None] ** 2
        unseen[others] = centre + np.exp(-0.5 * across.sum(axis=0)) @ model.weight
        first_r2 = r2_of(y[others], unseen[others]) if k == 0 else np.inf
        if first_r2 < least_r2:
            return [], first_r2
        tell((k + 1) / (_FOLDS + 1))
    start = np.median([model.logs for model in models], axis=0)
    models.append(_fitted(z, squares, y, start, _FINISHING_STEPS))
    return models, r2_of(y, unseen)


def r2_of(y: Floats, predicted: Floats) -> float:
    """Return the share of the variance of `y` that a prediction of it explains."""
    return float(1.0 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def _fitted(z: Floats, squares: Floats, y: Floats, start: Floats, n_steps: int) -> Gaussian:
    # Importing scipy's optimisers takes a moment the first page must not wait for.
    from scipy.optimize import minimize  # noqa: PLC0415

    d = len(squares)
    flat = squares.reshape(d, -1)
    bounds = np.log([*[_LENGTHS] * d, _AMPLITUDES, _NOISES])
    likelihood: Any = partial(_likelihood, flat=flat, y=y)
    found = minimize(
        likelihood,
        np.clip(start, *bounds.T),
        jac=True,
        method="L-BFGS-B",
        bounds=[(low, high) for low, high in bounds.tolist()],
        options={"maxiter": n_steps, "maxcor": 8},
    )
    _, inverse = _inverse(found.x, flat, len(y))
    length, amplitude = np.exp(found.x[:d]), np.exp(found.x[d])
    return Gaussian(z, amplitude * (inverse @ y), length, found.x)


def _inverse(logs: Floats, flat: Floats, n: int) -> tuple[Floats, Floats]:
    """Return (n, n) the kernel without noise, and the inverse with it."""
    from scipy.linalg import lapack  # noqa: PLC0415 - as above

    lengths, amplitude, noise = np.exp(logs[:-2]), np.exp(logs[-2]), np.exp(logs[-1])
    signal = (amplitude * np.exp(-0.5 * (lengths**-2 @ flat))).reshape(n, n)
    kernel = signal.copy()
    kernel[np.diag_indices(n)] += noise + 1e-8 * amplitude
    root, failed = lapack.dpotrf(kernel, lower=1)
    inverse, _ = lapack.dpotri(root, lower=1)
    if failed:
        return signal, np.full((n, n), np.nan)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    return signal, inverse


def _likelihood(logs: Floats, flat: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the negative log marginal likelihood and its gradient, constants left out."""
    n, d = len(y), len(flat)
    signal, inverse = _inverse(logs, flat, n)
    sign, log_determinant = np.linalg.slogdet(inverse)
    if not sign > 0:
        return 1e12, np.zeros(d + 2)
    weight = inverse @ y
    slope = inverse - np.outer(weight, weight)
    pull = slope * signal
    gradient = np.empty(d + 2)
    gradient[:d] = 0.5 * (flat @ pull.ravel()) * np.exp(-2 * logs[:d])
    gradient[d] = 0.5 * pull.sum()
    gradient[d + 1] = 0.5 * np.trace(slope) * np.exp(logs[d + 1])
    return float(0.5 * y @ weight - 0.5 * log_determinant), gradient


def _squares(a: Floats, b: Floats) -> Floats:
    """Return (g, n) squared distances between rows of (g, c) and (n, c)."""
    found: Floats = np.zeros((len(a), len(b)))
    for k in range(a.shape[1]):
        found += (a[:, k, None] - b[None, :, k]) ** 2
    return found
