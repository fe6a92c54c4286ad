"""Hyperparameters as axes of the unit cube, for the exact functional ANOVA.

Each axis maps its values by the cumulative distribution of a reference measure onto [0, 1]:
uniform in the declared scale, every choice and every step of a linear scale equally likely.
A log scale, a step, an atom for "inactive" and a restricted range are then only other
distributions, and every leaf of a tree is a box.

Trees see *encoded* values: the natural log of a log parameter, one-hot columns for choices, and
a number below all others for "inactive".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Parameter, ParameterKind, SearchSpace

Floats = NDArray[np.float64]


class Inactive(Enum):
    """The restriction of an axis to trials in which the parameter is not active."""

    ONLY = "only"


# Column values [low, high], codes of choices, or the inactive state alone.
Restriction = tuple[float, float] | frozenset[int] | Inactive

# More steps than these are as good as a continuous range.
_MAX_STEPS = 1 << 16
# Least mass that counts as some: a brush between two steps is a point, not nothing.
_TINY = 1e-300
# A restriction may name a step up to rounding: so much of the axis belongs to its ends.
_END_SLACK = 1e-6
# Between these single precision has all its digits, sums and squares too.
_LEAST_SINGLE, _MOST_SINGLE = 1e-15, 1e15


@dataclass(frozen=True)
class RangeAxis:
    """A continuous range.

    Attributes:
        low, high: Ends in the encoded scale.
        log: Encoded values are natural logs.
        inactive: Mass of the inactive state.
        unit: Column value of the encoded value 1 on a linear scale.
    """

    low: float
    high: float
    log: bool = False
    inactive: float = 0.0
    unit: float = 1.0
    n_columns: int = 1

    @classmethod
    def over(cls, low: float, high: float, *, log: bool, inactive: float) -> RangeAxis:
        """Return the axis of a range of column values."""
        if log:
            return cls(math.log(low), math.log(high), log, inactive)
        most = max(abs(low), abs(high))
        # Trees see single precision, which holds no 1e300 and takes 1e-50 for nothing.
        unit = most if most and not _LEAST_SINGLE < most < _MOST_SINGLE else 1.0
        return cls(low / unit, high / unit, log, inactive, unit)

    def encode(self, values: Floats) -> Floats:
        """Return (n, 1) encoded values; those outside the bounds are moved to the nearer one."""
        return _encoded(values / self.unit, self.low, self.high, log=self.log)

    def decode(self, encoded: Floats) -> Floats:
        """Return (n,) column values of (n, 1) encoded ones, NaN where inactive."""
        values = np.exp(encoded[:, 0]) if self.log else encoded[:, 0] * self.unit
        return np.where(encoded[:, 0] >= self.low, values, np.nan)

    def mass_below(self, encoded: Floats, restriction: Restriction | None) -> Floats:
        """Return the mass of all values up to each of `encoded`, in [0, 1]."""
        ends = _scaled_ends(restriction, log=self.log, unit=self.unit)
        return _restricted(self._active_mass, self.inactive, encoded, restriction, ends)

    def quantile(self, mass: Floats, restriction: Restriction | None) -> Floats:
        """Return (n, 1) the encoded values below which the measure holds `mass` (n,)."""
        if restriction is Inactive.ONLY:
            return np.full((len(mass), 1), _inactive_code(self.low, self.high))
        ends = _scaled_ends(restriction, log=self.log, unit=self.unit)
        low, high = ends or (self.low, self.high)
        low, high = max(low, self.low), min(high, self.high)
        atom = 0.0 if restriction else self.inactive
        part = np.clip((mass - atom) / max(1.0 - atom, _TINY), 0.0, 1.0)
        code = _inactive_code(self.low, self.high)
        return np.where(mass < atom, code, low + part * (high - low))[:, None]

    def grid(self, n_points: int) -> tuple[Floats, Floats]:
        """Return evenly spaced values of the declared scale and their codes."""
        if self.high <= self.low:
            n_points = 1
        encoded = np.linspace(self.low, self.high, n_points)
        return np.exp(encoded) if self.log else encoded * self.unit, encoded

    @property
    def low_end(self) -> float:
        """The encoded value of the lowest active value."""
        return self.low

    def snapped(self, encoded: Floats, n_cells: int) -> Floats:
        """Return (n,) active values moved to the middle of one of so many equal cells."""
        width = self.high - self.low
        if width <= 0:
            return encoded
        cell = np.minimum(np.floor((encoded - self.low) / width * n_cells), n_cells - 1)
        return np.where(cell < 0, encoded, self.low + (cell + 0.5) / n_cells * width)

    def _active_mass(self, encoded: Floats) -> Floats:
        width = max(self.high - self.low, _TINY)
        return np.clip((encoded - self.low) / width, 0.0, 1.0)


@dataclass(frozen=True)
class StepAxis:
    """Ascending values with gaps: steps, integers, ordered choices.

    Attributes:
        values: (k,) column values.
        encoded: (k,) what trees see, rounded to float32 as scikit-learn compares: a threshold may
            fall exactly on a value that was never observed.
        cumulative: (k + 1,) mass below each value, from 0 to 1.
        log: Encoded values are natural logs.
        inactive: Mass of the inactive state.
    """

    values: Floats
    encoded: Floats
    cumulative: Floats
    log: bool = False
    inactive: float = 0.0
    n_columns: int = 1

    @classmethod
    def over(
        cls, values: Floats, step: float, *, log: bool = False, inactive: float = 0.0
    ) -> StepAxis:
        """Return the axis of `values` a `step` apart.

        Linear: equal masses. Log: the mass of v is log((v + step/2) / (v - step/2)), so that
        neighbours together weigh what the range they cover weighs.
        """
        below = np.where(values > step / 2, values - step / 2, values / 2)
        mass = np.log((values + step / 2) / below) if log else np.ones(len(values))
        cumulative = np.append(0.0, np.cumsum(mass / mass.sum()))
        encoded = np.log(values) if log else values
        return cls(values, _as_float32(encoded), cumulative, log, inactive)

    def encode(self, values: Floats) -> Floats:
        """Return (n, 1) encoded values; those outside the bounds are moved to the nearer one."""
        return _encoded(values, self.encoded[0], self.encoded[-1], log=self.log)

    def decode(self, encoded: Floats) -> Floats:
        """Return (n,) column values of (n, 1) encoded ones, NaN where inactive."""
        rows = np.searchsorted(self.encoded, encoded[:, 0], side="right") - 1
        return np.where(rows >= 0, self.values[np.maximum(rows, 0)], np.nan)

    def mass_below(self, encoded: Floats, restriction: Restriction | None) -> Floats:
        """Return the mass of all values up to each of `encoded`, in [0, 1]."""
        ends = _scaled_ends(restriction, log=self.log)
        if ends is not None:
            slack = _END_SLACK * (self.encoded[-1] - self.encoded[0])
            ends = (ends[0] - slack, ends[1] + slack)
        return _restricted(self._active_mass, self.inactive, encoded, restriction, ends)

    @property
    def low_end(self) -> float:
        """The encoded value of the lowest active value."""
        return float(self.encoded[0])

    def quantile(self, mass: Floats, restriction: Restriction | None) -> Floats:
        """Return (n, 1) the encoded values below which the measure holds `mass` (n,)."""
        code = _inactive_code(self.encoded[0], self.encoded[-1])
        levels = np.append(code, self.encoded)
        steps = self.mass_below(levels, restriction)
        index = np.searchsorted(steps, mass, side="right")
        return levels[np.minimum(index, len(levels) - 1)][:, None]

    def grid(self, n_points: int) -> tuple[Floats, Floats]:
        """Return values evenly spaced in the declared scale, all of them where they are few."""
        if len(self.values) <= n_points:
            return self.values, self.encoded
        wanted = np.linspace(self.encoded[0], self.encoded[-1], n_points)
        after = np.clip(np.searchsorted(self.encoded, wanted), 1, len(self.encoded) - 1)
        is_left = wanted - self.encoded[after - 1] <= self.encoded[after] - wanted
        rows = np.unique(np.where(is_left, after - 1, after))
        return self.values[rows], self.encoded[rows]

    def _active_mass(self, encoded: Floats) -> Floats:
        return self.cumulative[np.searchsorted(self.encoded, encoded, side="right")]


@dataclass(frozen=True)
class ChoiceAxis:
    """Unordered choices; the inactive state is one more choice, the last.

    Attributes:
        mass: (k,) mass of each choice; sums to 1.
        inactive: Mass of the inactive state; above 0 the last choice is that state.
    """

    mass: Floats
    inactive: float = 0.0

    @classmethod
    def over(cls, n_choices: int, inactive: float = 0.0) -> ChoiceAxis:
        """Return the axis of equally likely choices."""
        mass = np.full(n_choices, (1.0 - inactive) / n_choices)
        return cls(np.append(mass, inactive) if inactive else mass, inactive)

    @property
    def n_columns(self) -> int:
        """One column per choice."""
        return len(self.mass)

    def encode(self, values: Floats) -> Floats:
        """Return (n, k) one-hot rows; a missing value is the last choice where that is the inactive one."""
        codes = np.where(np.isnan(values), self.n_columns - 1, values)
        return np.eye(self.n_columns)[np.clip(codes, 0, self.n_columns - 1).astype(np.int64)]

    def decode(self, encoded: Floats) -> Floats:
        """Return (n,) codes of (n, k) one-hot rows, NaN where inactive."""
        codes = encoded.argmax(axis=1).astype(np.float64)
        return np.where(codes < self.n_columns - (self.inactive > 0), codes, np.nan)

    def restricted_mass(self, restriction: Restriction | None) -> Floats:
        """Return (k,) the masses of the choices left, which sum to 1."""
        if restriction is None:
            return self.mass
        last = self.n_columns - 1
        codes = frozenset({last}) if restriction is Inactive.ONLY else _codes(restriction, last)
        mass = self.mass * [code in codes for code in range(self.n_columns)]
        return mass / mass.sum() if mass.sum() > 0 else self.mass

    def quantile(self, mass: Floats, restriction: Restriction | None) -> Floats:
        """Return (n, k) one-hot rows of the choices in whose share of the mass each of `mass` falls."""
        ends = np.cumsum(self.restricted_mass(restriction))
        codes = np.searchsorted(ends / ends[-1], mass, side="right")
        return np.eye(self.n_columns)[np.minimum(codes, self.n_columns - 1)]

    def grid(self, n_points: int) -> tuple[Floats, Floats]:  # noqa: ARG002 - choices are never thinned
        """Return the codes of all choices but the inactive one, twice."""
        codes = np.arange(self.n_columns - (self.inactive > 0), dtype=np.float64)
        return codes, codes


# Encode, decode, quantile and grid are common to all; ranges and steps also have `mass_below`.
Axis = RangeAxis | StepAxis | ChoiceAxis


def axes_of(space: SearchSpace, values: Floats) -> tuple[Axis, ...]:
    """Return one axis per parameter.

    Args:
        space: Declared bounds, scales and conditions.
        values: (n, d) column values; NaN where inactive. A parameter without a declared condition
            that is missing in some trials gets their share as the mass of "inactive".
    """
    missing = np.isnan(values).mean(axis=0) if len(values) else np.zeros(len(space))
    shares = [
        _inactive_share(space, p, float(missing[i])) if missing[i] else 0.0
        for i, p in enumerate(space)
    ]
    return tuple(_axis_of(p, share) for p, share in zip(space, shares, strict=True))


def encode(axes: Sequence[Axis], values: Floats) -> NDArray[np.float32]:
    """Return (n, columns) what trees see of (n, d) column values."""
    parts = [axis.encode(values[:, i]) for i, axis in enumerate(axes)]
    return np.hstack(parts).astype(np.float32)


def snap(axes: Sequence[Axis], encoded: NDArray[np.float32], n_cells: int) -> NDArray[np.float32]:
    """Return `encoded` (n, columns) with every continuous range cut into equal cells.

    It bounds how many splits an axis can have, which is what pairs cost.
    """
    snapped = encoded.copy()
    for column, i in enumerate(column_axis(axes)):
        axis = axes[i]
        if isinstance(axis, RangeAxis):
            snapped[:, column] = axis.snapped(encoded[:, column].astype(np.float64), n_cells)
    return snapped


def column_axis(axes: Sequence[Axis]) -> NDArray[np.int64]:
    """Return (columns,) the axis each encoded column belongs to."""
    return np.repeat(np.arange(len(axes)), [axis.n_columns for axis in axes])


def _axis_of(parameter: Parameter, inactive: float) -> Axis:
    if parameter.kind is ParameterKind.CATEGORICAL:
        return ChoiceAxis.over(len(parameter.choices), inactive)
    if parameter.kind is ParameterKind.ORDINAL:
        codes = np.arange(len(parameter.choices), dtype=np.float64)
        return StepAxis.over(codes, 1.0, inactive=inactive)
    step = parameter.step or (1.0 if parameter.kind is ParameterKind.INT else None)
    assert parameter.low is not None and parameter.high is not None
    low, high = parameter.low, parameter.high
    if step is not None:
        count = math.floor((high - low) / step + 1e-9) + 1
        if count <= _MAX_STEPS:
            values = low + step * np.arange(count, dtype=np.float64)
            return StepAxis.over(values, step, log=parameter.log, inactive=inactive)
    return RangeAxis.over(low, high, log=parameter.log, inactive=inactive)


def _inactive_share(space: SearchSpace, parameter: Parameter, observed: float) -> float:
    """Return the mass of "inactive": by the declared conditions where the parents are choices.

    A sampler that prefers one branch must not make the other one less a part of the space.
    """
    active = 1.0
    for _ in space.parameters:  # no chain of conditions is longer
        condition = parameter.condition
        if condition is None or condition.parent not in space:
            break
        parent = space[condition.parent]
        if not parent.is_discrete_choice:
            return observed
        active *= sum(not math.isnan(parent.encode(v)) for v in condition.values) / len(
            parent.choices
        )
        parameter = parent
    return 1.0 - active if 0.0 < active < 1.0 else min(observed, 1.0 - 1e-9)


def _encoded(values: Floats, low: float, high: float, *, log: bool) -> Floats:
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log(values), np.where(np.isnan(values), np.nan, low))
    inside = np.clip(values, low, high)
    return np.where(np.isnan(inside), _inactive_code(low, high), inside)[:, None]


def _inactive_code(low: float, high: float) -> float:
    return low - max(high - low, 1.0)


def _scaled_ends(
    restriction: Restriction | None, *, log: bool, unit: float = 1.0
) -> tuple[float, float] | None:
    if not isinstance(restriction, tuple):
        return None
    low, high = restriction
    if not log:
        return low / unit, high / unit
    return math.log(low) if low > 0 else -math.inf, math.log(high) if high > 0 else -math.inf


def _restricted(
    active_mass: Callable[[Floats], Floats],
    inactive: float,
    encoded: Floats,
    restriction: Restriction | None,
    ends: tuple[float, float] | None,
) -> Floats:
    if restriction is Inactive.ONLY:  # the atom lies below every threshold
        return np.ones_like(encoded)
    mass = active_mass(encoded)
    if ends is None:
        whole: Floats = inactive + (1.0 - inactive) * mass
        return whole
    first, last = active_mass(np.array(ends))
    part: Floats = np.clip((mass - first) / max(last - first, _TINY), 0.0, 1.0)
    return part


def _codes(restriction: Restriction, last: int) -> frozenset[int]:
    if isinstance(restriction, tuple):
        return frozenset(c for c in range(last + 1) if restriction[0] <= c <= restriction[1])
    return restriction if isinstance(restriction, frozenset) else frozenset()


def _as_float32(values: Floats) -> Floats:
    rounded: Floats = values.astype(np.float32).astype(np.float64)
    return rounded
