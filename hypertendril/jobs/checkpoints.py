"""Where the checkpoints of a study lie, which one a segment begins with, and when they go.

A trial that is trained in several segments leaves one folder a segment, named by its last
step. So a segment that is run again after a crash finds what was there when it was begun,
and a child finds its parent as it was when it was copied, however far that has gone since.
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Sequence
from pathlib import Path

from hypertendril.model import Outcome, Study, TrialState
from hypertendril.search import Assignment, Look
from hypertendril.search.scheduler import Quality


class Checkpoints:
    """The checkpoints of one study.

    Args:
        folder: Made when the first trial saves something.
        keep: How many completed trials keep theirs, the best; None for all of them.
    """

    def __init__(self, folder: Path, keep: int | None = None) -> None:
        self._folder = folder
        self._keep = keep
        self._best: list[tuple[Quality, int]] = []  # a heap, the worst first, of equals the latest
        self._beaten: list[int] = []

    def before(self, task: Assignment) -> Path | None:
        """Return the folder a segment begins with; None for a fresh start, or if nothing was saved."""
        if not task.from_step:
            return None
        owner = task.number if task.parent is None else task.parent
        found = self._folder / str(owner) / str(task.from_step)
        return found if found.is_dir() and any(found.iterdir()) else None

    def after(self, task: Assignment) -> Path:
        """Return the folder a segment saves into, empty of what an interrupted one left."""
        own = self._folder / str(task.number)
        if task.to_step is None:
            return own
        shutil.rmtree(own / str(task.to_step), ignore_errors=True)
        return own / str(task.to_step)

    def complete(self, number: int, quality: Quality | None) -> None:
        """Note that a trial came to its end, and how good it is."""
        if self._keep is None or quality is None:
            return
        heapq.heappush(self._best, (quality, -number))
        if len(self._best) > self._keep:
            self._beaten.append(-heapq.heappop(self._best)[1])

    def tidy(self, looks: Sequence[Look]) -> None:
        """Remove what nobody will need after these looks.

        All of a discarded trial, or of a completed one that others have beaten, and what a trial
        saved before the latest look at it. Copies of what it was at one look are made, and
        trained, before the next.
        """
        while self._beaten:
            shutil.rmtree(self._folder / str(self._beaten.pop()), ignore_errors=True)
        for look in looks:
            own = self._folder / str(look.number)
            if look.outcome is Outcome.DISCARDED:
                shutil.rmtree(own, ignore_errors=True)
            else:
                for old in _older(own, look.resource):
                    shutil.rmtree(old, ignore_errors=True)


def tidy_ended(folder: Path, study: Study) -> None:
    """Leave nothing but checkpoints of completed trials in the folder of a study that is over."""
    if not folder.is_dir():
        return
    complete = {
        str(number)
        for number, state in zip(study.trials.number, study.trials.state, strict=True)
        if state == TrialState.COMPLETE
    }
    for found in folder.iterdir():
        if not found.is_dir():
            found.unlink(missing_ok=True)  # the report of a program that was killed
        elif found.name not in complete:
            shutil.rmtree(found, ignore_errors=True)


def _older(folder: Path, resource: float) -> list[Path]:
    """Return the checkpoints of steps before `resource`."""
    if not folder.is_dir():
        return []
    return [
        found
        for found in folder.iterdir()
        if found.name.isdecimal() and found.is_dir() and float(found.name) < resource
    ]
