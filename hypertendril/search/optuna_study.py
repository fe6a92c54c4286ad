"""An in-memory Optuna study that mirrors what was told, for the methods whose sampler is Optuna's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypertendril.model import (
    Choice,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search.sampling import activation_order, grid_count, grid_step, is_active
from hypertendril.search.scheduler import Result

# Optuna is imported where it is used: half a second of CPU nobody pays for listing methods.


@dataclass(frozen=True, slots=True)
class _Axis:
    """A parameter beside the Optuna distribution that stands for it.

    Choices travel as codes, so that no name, type or duplicate of theirs matters there;
    stepped numbers as grid positions, so that no bound has to be a multiple of the step.
    """

    parameter: Parameter
    distribution: Any

    def suggest(self, trial: Any) -> Choice:
        """Return the value the sampler proposes within an Optuna trial."""
        name, distribution = self.parameter.name, self.distribution
        if hasattr(distribution, "choices"):
            code = trial.suggest_categorical(name, distribution.choices)
            return self.parameter.decode(float(code))
        whole = isinstance(distribution.low, int)
        suggest = trial.suggest_int if whole else trial.suggest_float
        found = suggest(name, distribution.low, distribution.high, log=distribution.log)
        return self.parameter.decode(self._from_optuna(float(found)))

    def to_optuna(self, value: Choice) -> int | float | None:
        """Return the value as Optuna's study holds it; None where it cannot hold it."""
        column = self.parameter.encode(value)
        if math.isnan(column):
            return None
        if self.parameter.is_discrete_choice:
            return int(column)
        step = _position_step(self.parameter)
        if step is not None:
            assert self.parameter.low is not None
            column = (column - self.parameter.low) / step
        column = min(max(column, self.distribution.low), self.distribution.high)
        return round(column) if isinstance(self.distribution.low, int) else float(column)

    def _from_optuna(self, found: float) -> float:
        if self.parameter.is_discrete_choice:
            return found
        step = _position_step(self.parameter)
        if step is not None:
            assert self.parameter.low is not None
            return self.parameter.low + found * step
        if self.parameter.step is not None:
            return float(self.parameter.from_unit(self.parameter.to_unit(found)))
        return found


def _position_step(parameter: Parameter) -> float | None:
    """Return the step of a number that Optuna sees as grid positions 0, 1, 2 ..."""
    return None if parameter.log else grid_step(parameter)


def _axis(parameter: Parameter) -> _Axis:
    from optuna import distributions as known  # noqa: PLC0415

    if parameter.kind is ParameterKind.CATEGORICAL:
        codes = tuple(range(len(parameter.choices)))
        return _Axis(parameter, known.CategoricalDistribution(codes))
    if parameter.kind is ParameterKind.ORDINAL:
        return _Axis(parameter, known.IntDistribution(0, len(parameter.choices) - 1))
    low, high = parameter.low, parameter.high
    assert low is not None and high is not None
    step = _position_step(parameter)
    if step is not None:
        return _Axis(parameter, known.IntDistribution(0, grid_count(parameter, step) - 1))
    if parameter.kind is ParameterKind.INT:
        return _Axis(parameter, known.IntDistribution(int(low), int(high), log=True))
    return _Axis(parameter, known.FloatDistribution(low, high, log=parameter.log))


class MirroredStudy:
    """What was told, as an Optuna study whose trials are in the order of the numbers.

    Numbers are asked for in ascending order. A number nobody told of is a failed trial
    without values in the mirror, which no sampler learns from.
    """

    def __init__(self, space: SearchSpace, objectives: Sequence[Objective]) -> None:
        self._axes = [_axis(parameter) for parameter in activation_order(space)]
        self._directions: list[Any] = [objective.direction.value for objective in objectives]
        self._told: dict[int, tuple[dict[str, Choice], Result]] = {}
        self._study: Any = None
        self._first = 0  # the number of the mirror's trial 0: below 0 with earlier studies
        self._next = 0

    def constraints(self, trial: Any) -> tuple[float]:
        """Return the constraint values of an Optuna trial of the mirror."""
        _, result = self._told[self._first + trial.number]
        return _constraints(result)

    def joint_distributions(self) -> dict[str, Any]:
        """Return the Optuna distributions of the parameters that every trial has and that vary."""
        return {
            axis.parameter.name: axis.distribution
            for axis in self._axes
            if axis.parameter.condition is None and not axis.distribution.single()
        }

    def ask(self, number: int, sampler: Any) -> dict[str, Choice]:
        """Return the active parameters `sampler` proposes for trial `number`, running from now on."""
        self._build_up_to(number)
        self._study.sampler = sampler
        trial = self._study.ask()
        self._next += 1
        values: dict[str, Choice] = {}
        for axis in self._axes:
            if is_active(axis.parameter, values):
                values[axis.parameter.name] = axis.suggest(trial)
        self._told[number] = values, Result(TrialState.RUNNING)
        return values

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands (as `SearchMethod.tell`)."""
        before, was = self._told.get(number, ({}, None))
        self._told[number] = dict(values), result
        if self._study is None:
            return
        has_ended = was is not None and was.state is TrialState.RUNNING != result.state
        if not has_ended or before != values:
            self._study = None  # history was rewritten: the mirror is built anew when asked
            return
        from optuna.trial import TrialState as State  # noqa: PLC0415

        if result.is_scored:
            self._study.tell(number - self._first, result.objectives)
        else:
            self._study.tell(number - self._first, state=State.FAIL)

    def _build_up_to(self, number: int) -> None:
        """Make `number` the next trial of the mirror."""
        if self._study is None or self._next > number:
            import optuna  # noqa: PLC0415

            # Optuna greets each study on stderr, which belongs to whoever runs the search.
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            self._study = optuna.create_study(directions=self._directions)
            self._first = self._next = min(0, min(self._told, default=0))
        for earlier in range(self._next, number):
            self._study.add_trial(self._frozen(earlier))
        self._next = number

    def _frozen(self, number: int) -> Any:
        from optuna.trial import TrialState as State  # noqa: PLC0415
        from optuna.trial import create_trial  # noqa: PLC0415

        if number not in self._told:
            return create_trial(state=State.FAIL)
        values, result = self._told[number]
        params, distributions = {}, {}
        for axis in self._axes:
            name = axis.parameter.name
            value = axis.to_optuna(values[name]) if name in values else None
            if value is not None:
                params[name], distributions[name] = value, axis.distribution
        state = State.RUNNING if result.state is TrialState.RUNNING else State.FAIL
        return create_trial(
            state=State.COMPLETE if result.is_scored else state,
            values=result.objectives if result.is_scored else None,
            params=params,
            distributions=distributions,
            system_attrs={"constraints": _constraints(result)} if result.is_scored else None,
        )


def _constraints(result: Result) -> tuple[float]:
    return (max(result.violation, 0.0),)
