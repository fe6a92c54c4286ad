"""One model trained along a schedule that is known: values that change at given steps."""

from __future__ import annotations

from collections.abc import Sequence

from hypertendril.model import Outcome, SearchSpace, TrialState
from hypertendril.search.method import MethodInfo
from hypertendril.search.sampling import SeededDraws
from hypertendril.search.scheduler import Assignment, Look, Recorded, Result
from hypertendril.search.setup import Settings, Setup
from hypertendril.search.starting import StartingSet


class Replay:
    """Trains stretch after stretch of the schedule, each as a trial that goes on from the one before.

    So the model lives through what a member of a population, with its ancestors, lived through.
    The first one begins with the checkpoint of the origin, where the study has one.
    Where a stretch fails, the rest cannot be trained and the study is over.
    """

    def __init__(self, setup: Setup) -> None:
        draws = SeededDraws(setup.space, setup.seed)
        schedule = setup.limits.start.schedule
        origin = setup.limits.start.origin
        ends = [0 if origin is None else origin.steps, *(stretch.steps for stretch in schedule)]
        self._plan = [
            Assignment(
                k,
                draws.completed(k, stretch.values),
                from_step=ends[k],
                to_step=stretch.steps,
                parent=k - 1 if k else None,
                bracket=k,
            )
            for k, stretch in enumerate(schedule)
        ]
        self._next = 0
        self._is_running = False

    def ask(self) -> Assignment | None:
        """Return the next stretch, None while one is trained and after the last."""
        if self._is_running or self._next >= len(self._plan):
            return None
        self._is_running = True
        return self._plan[self._next]

    def tell(self, number: int, result: Result) -> list[Look]:
        """Go on with the next stretch, or not after a failure."""
        self._is_running = False
        if result.state is not TrialState.COMPLETE:
            self._next = len(self._plan)
            return []
        self._next = number + 1
        return [Look(number, Outcome.FINAL, float(self._plan[number].to_step or 0), number)]

    def recall(self, history: Sequence[Recorded]) -> None:
        """Go on with the stretch that was interrupted, or with the one after the last."""
        for trial in history:
            if trial.state is TrialState.COMPLETE:
                self._next = trial.number + 1
            elif trial.state is TrialState.FAILED:
                self._next = len(self._plan)


def _trials(settings: Settings, space: SearchSpace, start: StartingSet) -> int:
    del settings, space
    return len(start.schedule)


METHOD = MethodInfo(
    name="replay",
    title="Replay",
    text="Trains one model along the schedule of the job, 'start.schedule'.",
    settings=(),
    schedule=Replay,
    trials=_trials,
    follows=True,
)
