"""Kernel densities over the parameters of a space: where configurations lie, new ones from there.

Columns are parameters in the unit interval of their declared scale; categories stay codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import ParameterKind, SearchSpace

Rows = NDArray[np.float64]
_TRIES = 100  # draws outside the unit interval are drawn again so often, then cut off


@dataclass(frozen=True)
class Axes:
    """What the columns are.

    Attributes:
        choices: (d,) how many categories a column has, 0 for one that has an order.
    """

    choices: NDArray[np.int64]

    @classmethod
    def of(cls, space: SearchSpace) -> Axes:
        """Return the columns of `space`."""
        counts = [len(p.choices) if p.kind is ParameterKind.CATEGORICAL else 0 for p in space]
        return cls(np.array(counts, dtype=np.int64))

    def uniform(self, n: int, random: np.random.Generator) -> Rows:
        """Return (n, d) rows drawn evenly."""
        u = random.random((n, len(self.choices)))
        is_category = self.choices > 0
        return np.where(is_category, np.floor(u * self.choices), u)


class Density:
    """A product of kernels about each of `rows`: Gaussian, or Aitchison-Aitken for categories.

    Bandwidths follow the normal reference rule, 1.06 sd n^(-1/(4 + d)).

    Source: Falkner et al., BOHB (ICML 2018), after the estimators of statsmodels; Aitchison
    and Aitken (1976).

    Args:
        rows: (n, d) without NaN, n > 0.
        least: No bandwidth is smaller.
    """

    def __init__(self, rows: Rows, axes: Axes, least: float) -> None:
        n, d = rows.shape
        self._rows = rows
        self._axes = axes
        widths = 1.06 * rows.std(axis=0) * n ** (-1.0 / (4 + d))
        # A category's bandwidth is the chance to be another one; even odds are the most.
        most = np.where(axes.choices > 0, 1.0 - 1.0 / np.maximum(axes.choices, 2), np.inf)
        self.widths: Rows = np.minimum(np.maximum(widths, least), most)

    def at(self, points: Rows) -> Rows:
        """Return (m,) densities at (m, d) points."""
        total = np.zeros((len(points), len(self._rows)))
        for k, count in enumerate(self._axes.choices):
            gap = points[:, k, None] - self._rows[None, :, k]
            width = self.widths[k]
            if count:
                other = width / max(count - 1, 1)
                total += np.log(np.maximum(np.where(gap == 0, 1.0 - width, other), 1e-300))
            else:
                total += -0.5 * (gap / width) ** 2 - np.log(width * np.sqrt(2.0 * np.pi))
        density: Rows = np.exp(total).mean(axis=1)
        return density

    def draw(self, n: int, stretch: float, random: np.random.Generator) -> Rows:
        """Return (n, d) points about rows chosen at random, with `stretch` times the bandwidth."""
        centres = self._rows[random.integers(len(self._rows), size=n)]
        found = np.empty_like(centres)
        for k, count in enumerate(self._axes.choices):
            if count:
                is_other = random.random(n) < self.widths[k]
                found[:, k] = np.where(is_other, random.integers(count, size=n), centres[:, k])
            else:
                found[:, k] = _inside(centres[:, k], stretch * self.widths[k], random)
        return found


def _inside(centres: Rows, width: float, random: np.random.Generator) -> Rows:
    """Return normal draws about `centres`, kept in [0, 1]."""
    found = centres + width * random.standard_normal(len(centres))
    for _ in range(_TRIES):
        outside = (found < 0.0) | (found > 1.0)
        if not outside.any():
            return found
        found[outside] = centres[outside] + width * random.standard_normal(int(outside.sum()))
    return np.clip(found, 0.0, 1.0)


def filled(rows: Rows, axes: Axes, random: np.random.Generator) -> Rows:
    """Return `rows` with each NaN (an inactive parameter) drawn from the column's known values.

    A column without any is drawn evenly.
    """
    found = rows.copy()
    spare = axes.uniform(len(rows), random)
    for k in range(rows.shape[1]):
        missing = np.isnan(rows[:, k])
        known = rows[~missing, k]
        count = int(missing.sum())
        found[missing, k] = random.choice(known, count) if len(known) else spare[missing, k]
    return found
