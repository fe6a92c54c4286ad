"""What a study begins with: configurations to run first, and what earlier studies found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hypertendril.model import Choice, Objective, Parameter, SearchSpace
from hypertendril.search.sampling import SeededDraws, grid_step

_STEP_TOLERANCE = 1e-6  # steps such as 0.1 that no binary fraction meets exactly


@dataclass(frozen=True, slots=True)
class EarlierTrial:
    """A trial of an earlier study, which had a space of its own.

    Attributes:
        number: Its number there.
        values: Its active parameters.
        objectives: What it came to, by name; empty where it was stopped on the way.
        violation: Sum of constraint violations; above 0 is infeasible.
        looks: Steps and leading objective each time its method looked at it.
    """

    number: int
    values: Mapping[str, Choice]
    objectives: Mapping[str, float] = field(default_factory=dict)
    violation: float = 0.0
    looks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierStudy:
    """Trials of a study that a method is told before it begins.

    Attributes:
        name: What its owner called it.
        id: Its id in the store, None where it was in none.
    """

    name: str
    trials: tuple[EarlierTrial, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a planned training: `values` until `steps` are done in all."""

    values: Mapping[str, Choice]
    steps: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a planned training goes on from.

    Attributes:
        study: Id in the store.
        trial: Number there.
        steps: Steps it had done when it saved what is gone on from.
    """

    study: str
    trial: int
    steps: int


@dataclass(frozen=True, slots=True)
class StartingSet:
    """What a study begins with.

    Attributes:
        enqueued: Configurations run first, in this order; the method chooses what they lack.
        studies: What is known already. Their trials are not counted as trials of the new study.
        schedule: What one model is trained with, for the method that does nothing else.
        origin: The trial whose checkpoint that model begins with; None for a fresh start.
    """

    enqueued: tuple[Mapping[str, Choice], ...] = ()
    studies: tuple[EarlierStudy, ...] = ()
    schedule: tuple[Stretch, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """An earlier trial as a trial of the new study's space.

    Attributes:
        number: Below 0, so that it comes before all trials of the study.
        values: Its active parameters there.
        objectives: In the order of the new study; None where it was stopped on the way.
        violation, looks: As in `EarlierTrial`.
    """

    number: int
    values: Mapping[str, Choice]
    objectives: tuple[float, ...] | None
    violation: float
    looks: tuple[tuple[float, float], ...]


def told_before(
    start: StartingSet, space: SearchSpace, objectives: Sequence[Objective], seed: int
) -> Iterator[ToldBefore]:
    """Give the earlier trials that say something about `space`, in their order.

    A trial with a value outside of it is left out, and so is one that lacks an objective. A
    parameter it did not have is drawn at random, so that nothing is learnt about it.
    """
    trials = [trial for study in start.studies for trial in study.trials]
    names = [objective.name for objective in objectives]
    draws = SeededDraws(space, seed)
    for number, trial in enumerate(trials, start=-len(trials)):
        # Their draws are those of numbers no study reaches.
        values = fitted(trial.values, space, draws, 2**32 + len(trials) + number)
        if values is not None and (trial.looks or trial.objectives):
            found = tuple(trial.objectives.get(name, math.nan) for name in names)
            if trial.objectives and any(map(math.isnan, found)):
                continue
            objectives_told = found if trial.objectives else None
            yield ToldBefore(number, values, objectives_told, trial.violation, trial.looks)


def first_configurations(
    start: StartingSet,
    space: SearchSpace,
    objectives: Sequence[Objective],
    seed: int,
    repeats: int,
) -> tuple[Mapping[str, Choice], ...]:
    """Return what is run first: the enqueued configurations, then the best earlier ones.

    Args:
        start: What the study begins with.
        space, objectives, seed: Of the study; the leading objective says which are the best.
        repeats: How many different earlier configurations there are at most.
    """
    sign = objectives[0].direction.sign
    found: list[Mapping[str, Choice]] = []
    for told in sorted(told_before(start, space, objectives, seed), key=_badness(sign)):
        if len(found) == repeats:
            break
        if told.values not in found:
            found.append(told.values)
    return (*start.enqueued, *found)


def _badness(sign: float) -> Callable[[ToldBefore], tuple[float, float, float, int]]:
    """Return what sorts earlier trials: feasible before others, then furthest, then best."""

    def key(told: ToldBefore) -> tuple[float, float, float, int]:
        if told.objectives is not None:
            steps, value = math.inf, told.objectives[0]
        else:
            steps, value = max(told.looks)
        return max(told.violation, 0.0), -steps, -sign * value, told.number

    return key


def fitted(
    values: Mapping[str, Choice], space: SearchSpace, draws: SeededDraws, number: int
) -> dict[str, Choice] | None:
    """Return `values` as a configuration of `space`, what is missing drawn for `number`.

    None where a value lies outside. Parameters the space lacks, or that are inactive in it,
    are dropped.
    """
    given = draws.completed(number, values)
    for name in given.keys() & values.keys():
        if not lies_inside(space[name], values[name]):
            return None
    return given


def lies_inside(parameter: Parameter, value: Choice) -> bool:
    """Return whether `value` is one the parameter can have: in its bounds, of its kind and step."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (parameter.is_discrete_choice or is_number):
        return False
    code = parameter.encode(value)
    if math.isnan(code) or not parameter.contains(code):
        return False
    step = None if parameter.is_discrete_choice else grid_step(parameter)
    if step is None or parameter.low is None:
        return True
    place = (code - parameter.low) / step
    return abs(place - round(place)) < _STEP_TOLERANCE


class Opening:
    """Lets the first trials be the configurations a study begins with.

    Args:
        space: Of the study.
        seed: Of the study.
        first: Valid in `space`; each may leave parameters open.
    """

    def __init__(
        self, space: SearchSpace, seed: int, first: Sequence[Mapping[str, Choice]]
    ) -> None:
        self._draws = SeededDraws(space, seed)
        self._first = first

    def values(self, number: int, proposed: Mapping[str, Choice]) -> dict[str, Choice]:
        """Return the values of trial `number`, for which the method `proposed` some.

        What such a configuration leaves open is as proposed; a parameter that is active
        only under its values is drawn at random.
        """
        if number >= len(self._first):
            return dict(proposed)
        return self._draws.completed(number, {**proposed, **self._first[number]})
