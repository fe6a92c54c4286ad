"""Methods that train each trial in one go, as the runner sees them: one segment a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypertendril.model import Choice, Outcome, TrialState
from hypertendril.search.method import SearchMethod
from hypertendril.search.scheduler import Assignment, Look, Recorded, Result
from hypertendril.search.setup import Setup


class WholeTrials:
    """Asks `method` for trial after trial, until there are as many as the job wants.

    Args:
        method: Fresh; it is told first what earlier studies found.
        setup: What it was made with.
    """

    def __init__(self, method: SearchMethod, setup: Setup) -> None:
        self._method = method
        self._limits = setup.limits
        self._opening = setup.opening()
        for told in setup.told_before():
            if told.objectives is not None:
                result = Result(TrialState.COMPLETE, told.objectives, told.violation)
                method.tell(told.number, told.values, result)
        self._again: list[tuple[int, Mapping[str, Choice]]] = []
        self._under_way: dict[int, Mapping[str, Choice]] = {}
        self._next = 0

    def ask(self) -> Assignment | None:
        """Return an interrupted trial, else the next new one."""
        if self._again:
            number, values = self._again.pop(0)
        elif self._next < self._limits.trials:
            number, values = self._next, self._new(self._next)
            self._next += 1
        else:
            return None
        self._under_way[number] = values
        return Assignment(number, values)

    def _new(self, number: int) -> Mapping[str, Choice]:
        proposed = self._method.ask(number)
        values = self._opening.values(number, proposed)
        if values != proposed:
            self._method.tell(number, values, Result(TrialState.RUNNING))
        return values

    def limit(self, trials: int) -> None:
        """Make `trials` in all from now on."""
        self._limits = replace(self._limits, trials=trials)

    def tell(self, number: int, result: Result) -> list[Look]:
        """Pass the result on; whatever came to its end is final."""
        self._method.tell(number, self._under_way.pop(number), result)
        if result.state is not TrialState.COMPLETE:
            return []
        return [Look(number, Outcome.FINAL, iteration=number)]

    def recall(self, history: Sequence[Recorded]) -> None:
        """Tell the method what was found, and take up what was interrupted."""
        self._next = len(history)
        for trial in history:
            if trial.state in (TrialState.RUNNING, TrialState.WAITING):
                self._again.append((trial.number, trial.values))
                self._method.tell(trial.number, trial.values, Result(TrialState.RUNNING))
            else:
                result = Result(trial.state, trial.objectives, trial.violation)
                self._method.tell(trial.number, trial.values, result)
