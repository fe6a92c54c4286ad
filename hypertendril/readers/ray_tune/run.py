"""A Ray Tune experiment as a whole: its objective, its rungs, and how each trial ended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hypertendril.model import Direction, Objective, TrialState
from hypertendril.readers.drafts.directions import direction_of, rank_of
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.drafts.rungs import levels_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.pbt import Exploit
from hypertendril.readers.ray_tune.state import ExperimentState, StoredTrial
from hypertendril.readers.ray_tune.trials import TrialLog

HALVING = ("asha", "hyperband", "bohb")
POPULATION = ("pbt", "pb2")


@dataclass
class RayTrial:
    """A Ray trial: what the state says of it, and its results, either of which may be missing."""

    index: int
    trial_id: str
    state: StoredTrial | None
    log: TrialLog | None

    @property
    def rows(self) -> int:
        """Number of its results."""
        return len(self.log) if self.log else 0

    @property
    def last_step(self) -> float:
        """Iteration of its last result, 0 for none."""
        return self.log.steps[-1] if self.log and len(self.log) else 0.0

    def config(self) -> dict[str, Any]:
        """Return its first configuration: from the results, else the state, else `params.json`."""
        if self.log and self.log.stretches and self.log.stretches[0].config:
            return self.log.stretches[0].config
        first = self.log.first_config() if self.log is not None else {}
        return {**first, **(self.state.config if self.state else {})}


@dataclass
class Run:
    """All of an experiment."""

    folder: Path
    state: ExperimentState
    exploits: Sequence[Exploit]
    losses: Losses
    trials: list[RayTrial] = field(default_factory=list)
    _told: dict[str, RayTrial] = field(default_factory=dict)  # those the state tells of, by id

    def add(
        self, index: int, state: StoredTrial | None, log: TrialLog | None, trial_id: str = ""
    ) -> None:
        """Add a trial; a negative index stands for an unknown one."""
        known = self._told.get(state.trial_id) if state else None
        if known is not None:
            known.log = known.log or log
            return
        trial = RayTrial(index, state.trial_id if state else trial_id, state, log)
        self.trials.append(trial)
        if state:
            self._told[state.trial_id] = trial

    @property
    def is_over(self) -> bool:
        """Whether no trial is running or waiting, so that paused ones stay as they are."""
        statuses = {t.state.status for t in self.trials if t.state}
        return not statuses & {"RUNNING", "PENDING"}


def number_trials(trials: list[RayTrial]) -> None:
    """Sort the trials, and give each one without an index of its own the next free one."""
    trials.sort(key=lambda t: (t.index < 0, t.index, t.trial_id))
    taken: set[int] = set()
    highest = -1
    for trial in trials:
        if trial.index < 0 or trial.index in taken:
            trial.index = highest + 1
        taken.add(trial.index)
        highest = max(highest, trial.index)


def objectives_of(run: Run, levels: Sequence[float] | None) -> tuple[list[Objective], str]:
    """Return the objectives, the leading one first, and a sentence where something was guessed."""
    names = Counter(name for t in run.trials if t.log for name in t.log.metrics)
    name, guesses = run.state.metric, []
    if name is None:
        ranked = sorted(names, key=lambda n: (rank_of(n), -names[n]))
        name = ranked[0] if ranked else "value"
        if len(ranked) > 1:
            guesses.append(f"the objective is not recorded; {name!r} is assumed")
    direction = run.state.direction
    if direction is None:
        direction = _from_exploits(run, name) or _from_survivors(run, name, levels or ())
    if direction is None:
        direction, _ = direction_of(name)
        guesses.append(f"the direction of {name!r} is not recorded; {direction} is assumed")
    found = [Objective(name, direction)]
    for other, told in run.state.further:
        found.append(Objective(other, told or direction_of(other)[0]))
        if told is None:
            guesses.append(
                f"the direction of {other!r} is not recorded; {found[-1].direction} is assumed"
            )
    return found, "; ".join(guesses)


def _from_exploits(run: Run, name: str) -> Direction | None:
    """Return the direction in which members were better than those that copied them."""
    by_index = {trial.index: trial for trial in run.trials}
    votes = 0
    for exploit in run.exploits:
        pair = by_index.get(exploit.parent), by_index.get(exploit.child)
        if pair[0] is not None and pair[1] is not None:
            copied, copying = (
                _value_at(trial, name, exploit.parent_step) for trial in pair if trial
            )
            votes += (copied > copying) - (copied < copying)
    if not votes:
        return None
    return Direction.MAXIMIZE if votes > 0 else Direction.MINIMIZE


def _from_survivors(run: Run, name: str, levels: Sequence[float]) -> Direction | None:
    """Return the direction that explains who went on at the first rung; None if none does."""
    if not levels:
        return None
    kept: list[float] = []
    dropped: list[float] = []
    for trial in run.trials:
        value = _value_at(trial, name, levels[0])
        if trial.last_step >= levels[0] and math.isfinite(value):
            (kept if trial.last_step > levels[0] else dropped).append(value)
    if len(kept) < 2 or len(dropped) < 2:
        return None
    higher = float(np.median(kept)) > float(np.median(dropped))
    return Direction.MAXIMIZE if higher else Direction.MINIMIZE


def _value_at(trial: RayTrial, name: str, step: float) -> float:
    """Return a metric as seen at an iteration, or at the last one before it."""
    log = trial.log
    if log is None or name not in log.metrics:
        return NAN
    rows = [row for row, s in enumerate(log.steps) if s <= step]
    return log.metrics[name][rows[-1]] if rows else NAN


def is_population(run: Run) -> bool:
    """Return whether trials changed their configuration as population-based training does."""
    logs = [t.log for t in run.trials if t.log]
    changed = [log for log in logs if len(log.stretches) > 1]
    if run.exploits and logs and not any(s.config for log in logs for s in log.stretches):
        run.losses.add("the rows of results don't hold configurations: slots could not be cut")
        return False
    if run.exploits or (changed and run.state.scheduler in POPULATION):
        return True
    run.losses.count("a trial whose configuration changed, shown with its first one", len(changed))
    return False


def levels_in(run: Run) -> tuple[float, ...]:
    """Return the rungs of a halving scheduler, empty for other schedulers."""
    is_told = bool(run.state.scheduler) or (run.folder / "tuner.pkl").is_file()
    if is_told and run.state.scheduler not in HALVING:
        return ()
    failed = ("ERROR", "RUNNING", "PENDING")
    ended = [t for t in run.trials if t.rows and (t.state is None or t.state.status not in failed)]
    stops = [t.state.stop for t in ended if t.state and math.isfinite(t.state.stop)]
    return levels_of([t.last_step for t in ended], max(stops, default=None))


def ended_as(run: Run, trial: RayTrial, levels: Sequence[float]) -> TrialState:
    """Return how a trial ended, or where it stands; stopped by the scheduler counts as pruned."""
    status = trial.state.status if trial.state else ""
    if status == "ERROR" or (not status and trial.log is not None and trial.log.error):
        return TrialState.FAILED
    if status == "PENDING" or (not trial.rows and status != "TERMINATED"):
        return TrialState.RUNNING if status == "RUNNING" else TrialState.WAITING
    if status == "RUNNING" or (status == "PAUSED" and not run.is_over):
        return TrialState.RUNNING
    if levels and trial.rows:
        return TrialState.COMPLETE if trial.last_step >= levels[-1] else TrialState.PRUNED
    is_short = trial.state is not None and trial.last_step < trial.state.stop
    stopped = status == "PAUSED" or (is_short and run.state.scheduler == "median stopping")
    return TrialState.PRUNED if stopped else TrialState.COMPLETE
