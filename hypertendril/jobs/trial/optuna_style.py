"""Objectives written for Optuna, `objective(trial)` with `trial.suggest_...`, run as they are.

The method has chosen the values before the code asks for them; asking hands them out. What
the code says about a parameter must agree with what the registry declares, or the trial fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, SupportsFloat

from hypertendril.errors import SpaceError
from hypertendril.jobs.spec.objectives import RegisteredObjective
from hypertendril.jobs.training import TrialContext, TrialPruned, as_numbers
from hypertendril.model import Choice, Parameter, ParameterKind, SearchSpace

_KINDS = {
    "suggest_float": (ParameterKind.FLOAT,),
    "suggest_int": (ParameterKind.INT,),
    "suggest_categorical": (ParameterKind.CATEGORICAL, ParameterKind.ORDINAL),
}


class OptunaStyle:
    """An Optuna-style function as an objective.

    What it returns (a number, or one for each objective in the order of the registry) becomes
    metrics; so do numbers among its user attributes.
    """

    def __init__(
        self, function: Callable[[OptunaTrial], Any], objective: RegisteredObjective
    ) -> None:
        self._function = function
        self._space = objective.space
        self._names = [item.name for item in objective.objectives]

    def __call__(self, trial: TrialContext) -> dict[str, float]:
        """Run one trial from its beginning.

        Raises:
            TrialPruned: The code gave up by itself.
        """
        view = OptunaTrial(trial, self._space, self._names[0])
        try:
            values = self._function(view)
        except Exception as error:
            if not _is_pruned(error):
                raise
            if view.is_far_enough:
                return view.metrics  # as far as the method wanted it to go
            raise TrialPruned(view.metrics) from None
        return view.metrics | self._objectives(values)

    def _objectives(self, values: Any) -> dict[str, float]:
        given = list(values) if isinstance(values, Sequence) else [values]
        if len(given) != len(self._names):
            raise TypeError(
                f"The objective returned {values!r}; the registry wants a number for each of "
                f"{', '.join(self._names)}."
            )
        return as_numbers(dict(zip(self._names, given, strict=True)))


class OptunaTrial:
    """A trial as Optuna-style code sees it.

    Args:
        trial: The trial.
        space: What the registry declares.
        objective: Name of the curve that reported values belong to.
    """

    def __init__(self, trial: TrialContext, space: SearchSpace, objective: str) -> None:
        self._trial = trial
        self._space = space
        self._objective = objective
        self._step = -math.inf
        self.params: dict[str, Any] = {}
        self.user_attrs: dict[str, Any] = {}

    @property
    def number(self) -> int:
        """Number of the trial in its study, from 0."""
        return self._trial.number

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the value of a float; Raises SpaceError where it is not one of these."""
        return float(self._number("suggest_float", name, (low, high), step, log=log))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the value of an int; Raises SpaceError where it is not one of these."""
        return int(self._number("suggest_int", name, (low, high), step, log=log))

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Any:
        """Return the choice of a categorical or ordinal; Raises SpaceError for an unknown one."""
        value = self._value("suggest_categorical", name)
        for choice in choices:
            if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                self.params[name] = choice
                return choice
        raise SpaceError(
            f"suggest_categorical({name!r}): the value is {value!r}, which is not among the "
            f"choices of the code, {list(choices)!r}. Make the registry's space agree with them."
        )

    def report(self, value: SupportsFloat, step: int) -> None:
        """Add a point to the curve of the leading objective."""
        self._step = max(self._step, float(step))
        self._trial.report(step, **{self._objective: value})

    def should_prune(self) -> bool:
        """Return whether to raise TrialPruned: far enough for now, or asked to stop."""
        return self.is_far_enough or self._trial.should_stop

    @property
    def is_far_enough(self) -> bool:
        """Whether the code has reported the last step the method wants of it for now."""
        to_step = self._trial.to_step
        return to_step is not None and self._step >= to_step

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a value; numbers become metrics of the trial."""
        self.user_attrs[key] = value

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers among the user attributes."""
        numbers = {key: value for key, value in self.user_attrs.items() if isinstance(value, Real)}
        return as_numbers(numbers)

    def _number(
        self, call: str, name: str, bounds: tuple[float, float], step: float | None, *, log: bool
    ) -> float:
        value = self._value(call, name)
        assert isinstance(value, (int, float))
        if self._space[name].log != log:
            scales = ("log=False", "log=True")
            raise self._disagree(call, name, f"{scales[log]} here, {scales[not log]} there")
        low, high = bounds
        is_inside = low <= value <= high
        steps = (value - low) / step if step and not log else 0.0
        if not is_inside or abs(steps - round(steps)) > 1e-6:
            stepped = f" in steps of {step:g}" if step and not log else ""
            raise self._disagree(
                call, name, f"{low:g} to {high:g}{stepped} here, but the value is {value:g}"
            )
        self.params[name] = value
        return value

    def _value(self, call: str, name: str) -> Choice:
        """Return what the method chose for a parameter."""
        if name not in self._space:
            raise SpaceError(
                f"{call}({name!r}): the registry declares no {name!r}, only "
                f"{', '.join(self._space.names)}."
            )
        declared = self._space[name]
        if declared.kind not in _KINDS[call]:
            raise self._disagree(call, name, f"the registry declares it as {declared.kind}")
        params = self._trial.params
        if name not in params:
            raise SpaceError(f"{call}({name!r}): {_why_absent(declared)}")
        found: Choice = params[name]
        return found

    def _disagree(self, call: str, name: str, how: str) -> SpaceError:
        return SpaceError(f"{call}({name!r}) does not agree with the space of the study: {how}.")


def _why_absent(parameter: Parameter) -> str:
    if parameter.condition is None:
        return "the space of this study leaves it out."
    values = " or ".join(map(repr, parameter.condition.values))
    return f"it is only there where {parameter.condition.parent!r} is {values}."


def _is_pruned(error: Exception) -> bool:
    """Return whether an error is Optuna's TrialPruned, which is not imported for this."""
    return any(kind.__name__ == "TrialPruned" for kind in type(error).__mro__)
