"""Hyperparameters and the space they span, in the scale their owner declared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypertendril.errors import SpaceError

Choice = str | int | float | bool | None


class ParameterKind(StrEnum):
    """What the values of a parameter are."""

    FLOAT = "float"
    INT = "int"
    ORDINAL = "ordinal"
    CATEGORICAL = "categorical"


@dataclass(frozen=True, slots=True)
class Condition:
    """The parameter is active only where `parent` has one of `values`."""

    parent: str
    values: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One hyperparameter.

    Columns hold a float or int as itself, an ordinal or categorical as the code
    (position in `choices`), and NaN where the parameter is inactive or unknown.

    Raises:
        SpaceError: Bounds missing, reversed or not finite; a log scale that reaches
            zero; no choices.
    """

    name: str
    kind: ParameterKind
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    condition: Condition | None = None

    def __post_init__(self) -> None:
        if self.is_discrete_choice:
            if not self.choices:
                raise SpaceError(f"Parameter {self.name!r} is {self.kind} but has no choices.")
            return
        if self.low is None or self.high is None:
            raise SpaceError(f"Parameter {self.name!r} is {self.kind} and needs low and high.")
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low > self.high:
            raise SpaceError(
                f"Parameter {self.name!r} has the bounds {self.low} to {self.high}; "
                "both must be finite and low must not exceed high."
            )
        if self.log and self.low <= 0:
            raise SpaceError(
                f"Parameter {self.name!r} has a log scale, so low must be above 0, not {self.low}."
            )
        if self.step is not None and not self.step > 0:
            raise SpaceError(f"Parameter {self.name!r} has the step {self.step}; it must be > 0.")

    @property
    def is_discrete_choice(self) -> bool:
        """Whether columns hold codes into `choices`."""
        return self.kind in (ParameterKind.ORDINAL, ParameterKind.CATEGORICAL)

    def encode(self, value: Any) -> float:
        """Return the column value of `value`: itself, its code, or NaN for an absent or unknown one."""
        if self.is_discrete_choice:
            for code, choice in enumerate(self.choices):
                if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                    return float(code)
            return math.nan
        if value is None or isinstance(value, str):
            return math.nan
        return float(value)

    def decode(self, value: float) -> Choice:
        """Return what the user wrote for the column value `value`; None where it is NaN."""
        if math.isnan(value):
            return None
        if self.is_discrete_choice:
            return self.choices[int(value)]
        return int(value) if self.kind is ParameterKind.INT and math.isfinite(value) else value

    def to_unit(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return `values` mapped to [0, 1] in the declared scale.

        Args:
            values: Column values, any shape. NaN stays NaN; a value outside the bounds
                lands outside [0, 1], so that it can be seen; a value a log scale cannot
                place (zero or less) becomes -inf.
        """
        x = np.asarray(values, dtype=np.float64)
        if self.is_discrete_choice:
            last = len(self.choices) - 1
            return x / last if last else np.where(np.isnan(x), np.nan, 0.5)
        low, high = self._scaled_bounds()
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                x = np.where(x > 0, np.log(x), np.where(np.isnan(x), np.nan, -np.inf))
        return (x - low) / (high - low) if high > low else np.where(np.isnan(x), np.nan, 0.5)

    def from_unit(self, units: ArrayLike) -> NDArray[np.float64]:
        """Return the column values at `units` in [0, 1]: rounded to the step, integer or code, inside the bounds."""
        u = np.clip(np.asarray(units, dtype=np.float64), 0.0, 1.0)
        if self.is_discrete_choice:
            return np.rint(u * (len(self.choices) - 1))
        low, high = self._scaled_bounds()
        x = low + u * (high - low)
        if self.log:
            x = np.exp(x)
        assert self.low is not None and self.high is not None
        step = (
            self.step
            if self.step is not None
            else (1.0 if self.kind is ParameterKind.INT else None)
        )
        if step is not None:
            x = self.low + np.rint((x - self.low) / step) * step
            top = self.low + math.floor((self.high - self.low) / step + 1e-9) * step
            return np.clip(x, self.low, top)
        return np.clip(x, self.low, self.high)

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return where `values` (column values) lie inside the declared bounds; NaN counts as inside."""
        x = np.asarray(values, dtype=np.float64)
        if self.is_discrete_choice:
            return np.isnan(x) | ((x >= 0) & (x <= len(self.choices) - 1))
        assert self.low is not None and self.high is not None
        return np.isnan(x) | ((x >= self.low) & (x <= self.high))

    def to_json(self) -> dict[str, Any]:
        """Return the generic form of this parameter (see docs/formats.md)."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "low": self.low,
            "high": self.high,
            "log": self.log,
            "step": self.step,
            "choices": list(self.choices) or None,
            "condition": (
                {"parent": self.condition.parent, "values": list(self.condition.values)}
                if self.condition
                else None
            ),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Parameter:
        """Return the parameter described by the generic form.

        Raises:
            SpaceError: A key is missing, of the wrong type or impossible.
        """
        name = data.get("name")
        if not isinstance(name, str) or not name:
            raise SpaceError("A parameter needs a name (a text that is not empty).")
        kinds = [kind.value for kind in ParameterKind]
        if data.get("kind") not in kinds:
            raise SpaceError(
                f"Parameter {name!r} has the kind {data.get('kind')!r}; use one of {', '.join(kinds)}."
            )
        return cls(
            name=name,
            kind=ParameterKind(data["kind"]),
            low=_number(data, "low", name),
            high=_number(data, "high", name),
            log=bool(data.get("log") or False),
            step=_number(data, "step", name),
            choices=_choices(data.get("choices") or [], name),
            condition=_condition(data.get("condition"), name),
        )

    def _scaled_bounds(self) -> tuple[float, float]:
        assert self.low is not None and self.high is not None
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)


def _number(data: Mapping[str, Any], key: str, name: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpaceError(f"Parameter {name!r}: {key} is {value!r}; it must be a number.")
    try:
        return float(value)
    except OverflowError:
        raise SpaceError(f"Parameter {name!r}: {key} is too large for a number.") from None


def _choices(values: Any, name: str) -> tuple[Choice, ...]:
    if not isinstance(values, list) or not all(
        value is None or isinstance(value, (str, int, float, bool)) for value in values
    ):
        raise SpaceError(
            f"Parameter {name!r}: malformed choices; they must be a list: use texts or numbers, "
            "true, false or null."
        )
    return tuple(values)


def _condition(data: Any, name: str) -> Condition | None:
    if not data:
        return None
    if not isinstance(data, Mapping) or not isinstance(data.get("parent"), str):
        raise SpaceError(f"Parameter {name!r}: malformed condition; it names a parent and values.")
    return Condition(data["parent"], _choices(data.get("values"), name))


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The parameters of a study, in column order.

    Raises:
        SpaceError: Two parameters share a name.
    """

    parameters: tuple[Parameter, ...] = ()
    _index: dict[str, int] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        index = {parameter.name: i for i, parameter in enumerate(self.parameters)}
        if len(index) < len(self.parameters):
            names = [parameter.name for parameter in self.parameters]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise SpaceError(f"The search space names these parameters twice: {', '.join(twice)}.")
        object.__setattr__(self, "_index", index)

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[self._index[name]]

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in column order."""
        return tuple(self._index)

    def index(self, name: str) -> int:
        """Return the column of parameter `name`; KeyError where there is none."""
        return self._index[name]

    def with_parameter(self, parameter: Parameter) -> SearchSpace:
        """Return the space with the parameter of the same name replaced, or with a new one added at the end."""
        if parameter.name not in self:
            return SearchSpace((*self.parameters, parameter))
        return SearchSpace(
            tuple(parameter if p.name == parameter.name else p for p in self.parameters)
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Return the generic form: a list of parameters."""
        return [parameter.to_json() for parameter in self.parameters]

    @classmethod
    def from_json(cls, data: Any) -> SearchSpace:
        """Return the space described by the generic form.

        Raises:
            SpaceError: Not a list of parameters, or a parameter is invalid.
        """
        if not isinstance(data, list) or not all(isinstance(item, Mapping) for item in data):
            raise SpaceError("The search space must be a list of parameters.")
        return cls(tuple(Parameter.from_json(item) for item in data))


def narrowed(
    parameter: Parameter,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Choice, ...] | None = None,
) -> Parameter:
    """Return `parameter` restricted to a range (column values) or to some of its choices."""
    if parameter.is_discrete_choice:
        return parameter if choices is None else replace(parameter, choices=choices)
    return replace(
        parameter,
        low=parameter.low if low is None else low,
        high=parameter.high if high is None else high,
    )
