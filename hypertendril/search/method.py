"""What a search method is: it asks for values and is told results, and knows no clock, file or thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hypertendril.errors import JobError, did_you_mean
from hypertendril.model import Choice, SearchSpace
from hypertendril.search.scheduler import Result, Scheduler
from hypertendril.search.setup import Limits, Settings, Setup
from hypertendril.search.starting import StartingSet


class SearchMethod(Protocol):
    """Proposes the values of trial after trial.

    The values asked for trial k depend only on the seed, on k, and on what was told about
    other trials before: a study that was interrupted asks for the same next trial.
    """

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`, and count it as running from now on."""
        ...

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands.

        Args:
            number: Number of the trial, whether asked for here or in an earlier life; below 0
                for one of an earlier study.
            values: Its active parameters as the user writes them.
            result: RUNNING for a trial under way that this method did not ask for itself.
        """
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """One number a person may turn on a method.

    Attributes:
        kind: `int`, `float` or `bool`.
        low, high: Inclusive bounds of a number, None for none.
        text: What it does, in one sentence.
    """

    name: str
    kind: str
    default: int | float | bool
    text: str
    low: float | None = None
    high: float | None = None

    def checked(self, value: Any) -> int | float | bool:
        """Return `value` in the type of the setting.

        Raises:
            JobError: Of another type, not finite, or out of bounds.
        """
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise JobError(f"Field 'settings.{self.name}': {value!r} must be true or false.")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise JobError(f"Field 'settings.{self.name}': {value!r} must be a number.")
        number = float(value)
        if not math.isfinite(number) or (self.kind == "int" and not number.is_integer()):
            raise JobError(f"Field 'settings.{self.name}': {value!r} must be {self._wanted()}.")
        if (self.low is not None and number < self.low) or (
            self.high is not None and number > self.high
        ):
            raise JobError(f"Field 'settings.{self.name}': {value!r} must be {self._wanted()}.")
        return int(number) if self.kind == "int" else number

    def _wanted(self) -> str:
        words = "a whole number" if self.kind == "int" else "a finite number"
        if self.low is not None:
            words += f" from {self.low:g}"
        return words if self.high is None else f"{words} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """A method as the registry lists it.

    Attributes:
        name: What job files and stored studies call it.
        title: What the screen calls it.
        text: One sentence for the person who chooses.
        settings: What can be turned, in the order to show it.
        make: Builds one from a setup with checked settings: a method that trains each trial in
            one go and chooses nothing but values.
        schedule: Builds one that chooses segments, likewise; each method has one of the two.
        trials: How many trials it makes in all, given its settings, the space and the starting
            set, where that is not for the job to say.
        learns: Whether its model is told the trials of earlier studies.
        repeats: How many of their best configurations it runs first, given its settings and the
            limits of the job; None for a method that does no such thing.
        follows: Whether it does nothing but what a schedule says.
        founders: How many configurations it can begin with, None for any number.
        copies: Whether trials begin with the checkpoints of others.
    """

    name: str
    title: str
    text: str
    settings: tuple[Setting, ...]
    make: Callable[[Setup], SearchMethod] | None = None
    schedule: Callable[[Setup], Scheduler] | None = None
    trials: Callable[[Settings, SearchSpace, StartingSet], int] | None = None
    learns: bool = False
    repeats: Callable[[Settings, Limits], int] | None = None
    follows: bool = False
    founders: Callable[[Settings], int] | None = None
    copies: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether the trials of earlier studies make any difference to it."""
        return self.learns or self.repeats is not None

    def checked(self, setup: Setup) -> Setup:
        """Return `setup` with all settings, checked.

        Raises:
            JobError: A setting is unknown or invalid.
        """
        return replace(setup, settings=self.checked_settings(setup.settings))

    def checked_settings(self, given: Settings) -> dict[str, int | float | bool]:
        """Return all settings, `given` ones checked and the others at their defaults.

        Raises:
            JobError: A setting is unknown or invalid.
        """
        known = {setting.name: setting for setting in self.settings}
        for name in given:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise JobError(
                    f"Field 'settings.{name}': the method {self.name!r} has no such setting; {has}."
                    + did_you_mean(name, known)
                )
        return {
            name: setting.checked(given[name]) if name in given else setting.default
            for name, setting in known.items()
        }
