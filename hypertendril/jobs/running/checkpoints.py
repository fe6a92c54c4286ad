"""Where the checkpoints of a study lie, which one a segment begins with, and when they go.

A trial that is trained in several segments leaves one folder a segment, named by its last
step. So a segment that is run again after a crash finds what was there when it was begun,
and a child finds its parent as it was when it was copied, however far that has gone since.
"""

from __future__ import annotations

import heapq
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hypertendril.model import Study, TrialState
from hypertendril.search import Assignment, Look
from hypertendril.search.scheduler import Quality, quality_of

# Of trials that were stopped on their way so many keep theirs: whoever doubts that stopping was
# right asks about those that came far, where beginning anew is dear.
STOPPED_KEPT = 10
Merit = tuple[float, ...]  # greater for the trial whose checkpoint is worth more


class _Best:
    """The trials of most merit, of equals the earlier.

    Args:
        size: How many; None for all of them.
    """

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._heap: list[tuple[Merit, int]] = []  # the worst first

    def enter(self, number: int, merit: Merit) -> list[int]:
        """Let a trial in; return who is no longer among the best."""
        if self._size is None:
            return []
        heapq.heappush(self._heap, (merit, -number))
        return [-heapq.heappop(self._heap)[1]] if len(self._heap) > self._size else []


class Checkpoints:
    """The checkpoints of one study.

    Args:
        folder: Made when the first trial saves something.
        keep: How many completed trials keep theirs, the best; None for all of them.
        origin: Folder of a trial of another study, by whose checkpoints the first trial goes on;
            None for none.
    """

    def __init__(self, folder: Path, keep: int | None = None, origin: Path | None = None) -> None:
        self._folder = folder
        self._origin = origin
        self._complete = _Best(keep)
        self._stopped = _Best(_stopped_kept(keep))
        self._beaten: list[int] = []

    def before(self, task: Assignment) -> Path | None:
        """Return the folder a segment begins with; None for a fresh start, or if nothing was saved."""
        if not task.from_step:
            return None
        owner = self._folder / str(task.number if task.parent is None else task.parent)
        if self._origin is not None and task.number == 0:
            owner = self._origin
        return _saved(owner / str(task.from_step))

    def after(self, task: Assignment) -> Path:
        """Return the folder a segment saves into, empty of what an interrupted one left."""
        own = self._folder / str(task.number)
        if task.to_step is None:
            return own
        shutil.rmtree(own / str(task.to_step), ignore_errors=True)
        return own / str(task.to_step)

    def complete(self, number: int, quality: Quality | None) -> None:
        """Note that a trial came to its end, and how good it is."""
        if quality is not None:
            self._beaten += self._complete.enter(number, quality)

    def stop(self, number: int, merit: Merit | None) -> None:
        """Note that a trial was discarded, and what its checkpoint is worth; None for nothing."""
        self._beaten += [number] if merit is None else self._stopped.enter(number, merit)

    def tidy(self, looks: Sequence[Look]) -> None:
        """Remove what nobody will need after these looks.

        All of a completed or a discarded trial that others have beaten, and what a trial saved
        before the latest look at it. Copies of what it was at one look are made, and trained,
        before the next.
        """
        while self._beaten:
            shutil.rmtree(self._folder / str(self._beaten.pop()), ignore_errors=True)
        for look in looks:
            for old in _older(self._folder / str(look.number), look.resource):
                shutil.rmtree(old, ignore_errors=True)


def stopped_merit(steps: float, quality: Quality | None) -> Merit | None:
    """Return what the checkpoint of a stopped trial is worth: the further and the better, the more."""
    return None if quality is None or not math.isfinite(steps) else (steps, *quality)


def stopped_merits(study: Study) -> dict[int, Merit]:
    """Return what the checkpoints of stopped trials are worth, by number; the steps come first."""
    sign, trials, looks = study.objectives[0].direction.sign, study.trials, study.evaluations
    violation = np.nan_to_num(trials.violation, nan=0.0)
    found: dict[int, Merit] = {}
    for row, steps, value in zip(looks.trial, looks.resource, looks.value, strict=True):
        quality = quality_of(float(value), sign, float(violation[row]))
        merit = stopped_merit(float(steps), quality)
        if trials.state[row] == TrialState.PRUNED and merit is not None:
            found[int(trials.number[row])] = merit
    return found


def kept_step(folder: Path, study: Study, row: int) -> int | None:
    """Return the step whose checkpoint a stopped trial has kept; None where there is none.

    Args:
        folder: Of the checkpoints of the study.
        study: The trial's.
        row: Of the trial.
    """
    looks = np.flatnonzero(study.evaluations.trial == row)
    steps = float(study.evaluations.resource[looks[-1]]) if len(looks) else math.nan
    is_stopped = study.trials.state[row] == TrialState.PRUNED and math.isfinite(steps)
    own = folder / str(study.trials.number[row])
    return int(steps) if is_stopped and _saved(own / str(int(steps))) is not None else None


def tidy_ended(folder: Path, study: Study, keep: int | None = None) -> None:
    """Leave nothing but what completed and the best stopped trials of a study that is over saved.

    Args:
        folder: Of the checkpoints of the study.
        study: As it ended.
        keep: How many completed trials keep theirs; None for all of them.
    """
    if not folder.is_dir():
        return
    complete = study.trials.number[study.trials.state == TrialState.COMPLETE]
    kept = {str(number) for number in complete} | _keep_stopped(folder, study, keep)
    for found in folder.iterdir():
        if not found.is_dir():
            found.unlink(missing_ok=True)  # the report of a program that was killed
        elif found.name not in kept:
            shutil.rmtree(found, ignore_errors=True)


def _keep_stopped(folder: Path, study: Study, keep: int | None) -> set[str]:
    """Return the folders of the stopped trials that keep theirs, with nothing but the latest in them."""
    best, kept = _Best(_stopped_kept(keep)), dict[int, Path]()
    for number, merit in stopped_merits(study).items():
        saved = _saved(folder / str(number) / str(int(merit[0])))
        if saved is not None:
            kept[number] = saved
            for beaten in best.enter(number, merit):
                del kept[beaten]
    for saved in kept.values():
        for other in {*saved.parent.iterdir()} - {saved}:  # of a segment that was interrupted
            shutil.rmtree(other, ignore_errors=True)
    return {str(number) for number in kept}


def _stopped_kept(keep: int | None) -> int:
    return STOPPED_KEPT if keep is None else min(keep, STOPPED_KEPT)


def _saved(folder: Path) -> Path | None:
    """Return `folder` if something was saved into it."""
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _older(folder: Path, resource: float) -> list[Path]:
    """Return the checkpoints of steps before `resource`."""
    if not folder.is_dir():
        return []
    return [
        found
        for found in folder.iterdir()
        if found.name.isdecimal() and found.is_dir() and float(found.name) < resource
    ]
