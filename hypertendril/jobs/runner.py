"""Runs one study from wherever it stands to the end of its budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import numpy as np

from hypertendril.errors import JobError, StoreError
from hypertendril.jobs.executor import LocalExecutor
from hypertendril.jobs.objectives import RegisteredObjective
from hypertendril.jobs.queue import Progress
from hypertendril.jobs.recorder import Recorder
from hypertendril.jobs.segments import Ended, Executor, Segment
from hypertendril.jobs.spec import JobSpec
from hypertendril.model import Choice, Study, TrialState
from hypertendril.search import make_method
from hypertendril.store.experiment_store import ExperimentStore

FLUSH_SECONDS = 0.2  # how far the store may lag behind what trials report
GRACE_SECONDS = 0.5  # for code that wants to end in order
DISK_PATIENCE_SECONDS = 60.0  # how long a disk may refuse before the job is given back
_log = logging.getLogger(__name__)


class Order(StrEnum):
    """What the owner of a running study tells it."""

    GO_ON = "go on"
    CANCEL = "cancel"  # stop for good
    RELEASE = "release"  # stop; somebody will go on from here
    ABANDON = "abandon"  # stop and write nothing: the study is somebody else's now


class Ending(StrEnum):
    """How a run of a study came to its end."""

    DONE = "done"
    CANCELLED = "cancelled"
    RELEASED = "released"
    ABANDONED = "abandoned"
    REFUSED = "refused"  # by the store
    FAILED = "failed"


_ENDINGS = {
    Order.CANCEL: Ending.CANCELLED,
    Order.RELEASE: Ending.RELEASED,
    Order.ABANDON: Ending.ABANDONED,
}


def ensure_study(spec: JobSpec, store: ExperimentStore, study_id: str) -> None:
    """Make the study of a job unless an earlier run of the job has made it."""
    store.refresh()
    if study_id not in store.versions():
        store.create(spec.header(), study_id=study_id)


def run_study(
    spec: JobSpec,
    objective: RegisteredObjective,
    store: ExperimentStore,
    study_id: str,
    ask_owner: Callable[[Progress], Order],
    checkpoints: Path,
) -> Ending:
    """Run what is left of a study; with an interrupted one, go on as if nothing had been.

    Finished trials are told to the method and not run again. Interrupted ones are run
    again in their own row with their own values. Trials are numbered from 0 without gaps,
    so the budget is met exactly however often this was started. Trials that were stopped
    on the way stand as running in the store, for whoever called to go on with or to close.

    Args:
        spec: The job.
        objective: What its `objective` is registered as.
        store: Where the study is kept.
        study_id: Its id; made if it is not there.
        ask_owner: Told the progress a few times a second and before each write, answers
            whether to go on.
        checkpoints: Folder for the checkpoints of this study.

    Raises:
        JobError: The objective cannot be loaded.
        StoreError: The store refused for too long.
    """
    ensure_study(spec, store, study_id)
    executor = LocalExecutor(objective, spec.budget.parallel, spec.budget.timeout_seconds)
    try:
        run = _Run(spec, store, study_id, ask_owner, checkpoints)
        return run.to_the_end(executor)
    finally:
        executor.close()


class _Run:
    """A study under way."""

    def __init__(
        self,
        spec: JobSpec,
        store: ExperimentStore,
        study_id: str,
        ask_owner: Callable[[Progress], Order],
        checkpoints: Path,
    ) -> None:
        self._spec = spec
        self._store = store
        self._id = study_id
        self._ask_owner = ask_owner
        self._checkpoints = checkpoints
        self._method = make_method(
            spec.method, spec.settings, spec.space, spec.objectives, spec.seed
        )
        self._recorder = Recorder(store, study_id)
        self._running: dict[int, dict[str, Choice]] = {}
        self._again: list[tuple[int, dict[str, Choice]]] = []
        self._next_number = 0
        self._done = 0
        self._best: float | None = None
        self._flushed = time.monotonic()
        self._refused_since: float | None = None
        self._recall(store.snapshot(study_id))

    def to_the_end(self, executor: Executor) -> Ending:
        """Start and record trials until the budget is spent or the owner says otherwise."""
        while True:
            if self._refused_since is None:
                self._start_trials(executor)
            for event in executor.wait(FLUSH_SECONDS) if self._running else ():
                if isinstance(event, Ended):
                    self._end_trial(event)
                else:
                    self._recorder.report(event)
            is_over = not self._running and not self._has_more
            if is_over or time.monotonic() >= self._flushed + FLUSH_SECONDS:
                order = self._ask_owner(self._progress())
                if order is not Order.GO_ON:
                    return self._leave(order, executor)
                self._flush()
                if is_over and not self._recorder.has_news:
                    return Ending.DONE

    @property
    def _has_more(self) -> bool:
        return bool(self._again) or self._next_number < self._spec.budget.trials

    def _recall(self, study: Study) -> None:
        """Tell the method what an earlier run left behind."""
        if not np.array_equal(study.trials.number, np.arange(len(study))):
            raise JobError(f"The study {self._id} was not made by this job; its trials do not fit.")
        self._next_number = len(study)
        for number in range(len(study)):
            state = TrialState(study.trials.state[number])
            values = study.params(number)
            if state in (TrialState.RUNNING, TrialState.WAITING):
                self._again.append((number, values))
                self._method.tell(number, values, None, TrialState.RUNNING)
            else:
                self._done += 1
                objectives = [float(value) for value in study.trials.objectives[number]]
                self._method.tell(number, values, objectives, state)
        best = study.best()
        if best is not None:
            self._best = float(study.trials.objectives[best, 0])

    def _start_trials(self, executor: Executor) -> None:
        while executor.free and self._has_more:
            if self._again:
                number, values = self._again.pop(0)
            else:
                number, values = self._next_number, self._method.ask(self._next_number)
                self._next_number += 1
            self._running[number] = values
            self._recorder.start(number, values)
            executor.start(self._segment(number, values))

    def _segment(self, number: int, values: dict[str, Choice]) -> Segment:
        # The second key keeps it apart from the numbers the method draws for this trial.
        source = np.random.SeedSequence(entropy=self._spec.seed, spawn_key=(number, 1))
        return Segment(
            number=number,
            params=values,
            seed=int(source.generate_state(1)[0]),
            checkpoint_dir=self._checkpoints / str(number),
            to_step=self._spec.budget.steps,
        )

    def _end_trial(self, end: Ended) -> None:
        values = self._running.pop(end.number)
        state, objectives = self._recorder.end(end.number, end.metrics, end.error)
        self._method.tell(end.number, values, objectives, state)
        self._done += 1
        if state is TrialState.COMPLETE and np.isfinite(objectives[0]):
            sign = self._spec.objectives[0].direction.sign
            if self._best is None or sign * objectives[0] > sign * self._best:
                self._best = objectives[0]

    def _progress(self) -> Progress:
        return Progress(self._done, len(self._running), self._best)

    def _flush(self) -> None:
        """Write what there is; a refusing disk stops new trials, and the run if it lasts."""
        self._flushed = time.monotonic()
        try:
            self._recorder.flush()
        except StoreError as error:
            if self._refused_since is None:
                self._refused_since = self._flushed
                _log.warning("Study %s waits: %s", self._id, error)
            if self._flushed - self._refused_since > DISK_PATIENCE_SECONDS:
                raise
            time.sleep(FLUSH_SECONDS)
        else:
            self._refused_since = None

    def _leave(self, order: Order, executor: Executor) -> Ending:
        if order is Order.ABANDON:
            return Ending.ABANDONED
        executor.close(GRACE_SECONDS)
        self._recorder.flush()
        return _ENDINGS[order]
