"""Runs one study from wherever it stands to the end of its budget."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hypertendril.errors import JobError, StoreError
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import Progress
from hypertendril.jobs.running.checkpoints import Checkpoints, stopped_merit, stopped_merits
from hypertendril.jobs.running.history import has_unseen_end, recorded_trials
from hypertendril.jobs.running.orders import ENDING_OF, Ending, Order
from hypertendril.jobs.running.recorder import Recorder
from hypertendril.jobs.running.spending import Spending
from hypertendril.jobs.segments import Ended, Executor, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import RegisteredObjective
from hypertendril.jobs.spec.steering import Steering
from hypertendril.model import Outcome, Study, TrialState
from hypertendril.search import Assignment, Limits, Look, Result, Setup, make_scheduler
from hypertendril.search.scheduler import quality_of
from hypertendril.store.experiment_store import ExperimentStore

FLUSH_SECONDS = 0.2  # how far the store may lag behind what trials report
GRACE_SECONDS = 0.5  # for code that wants to end in order
DISK_PATIENCE_SECONDS = 60.0  # how long a disk may refuse before the job is given back
_ENDS = (Outcome.DISCARDED, Outcome.FINAL)
_OPEN_STATES = (TrialState.RUNNING, TrialState.WAITING)
STOPPED_NOTE = "It was stopped by hand."
_log = logging.getLogger(__name__)


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
    ask_owner: Callable[[Progress], Order | Steering],
    place: Place,
) -> Ending:
    """Run what is left of a study; with an interrupted one, go on as if nothing had been.

    What was finished is told to the method and not run again. Interrupted segments are run
    again, in the row of their trial, with its values and from the checkpoint before. Trials
    are numbered from 0 without gaps, so the budget is met exactly however often this was
    started. Trials that were stopped on the way stand as running (or waiting for the method
    to decide) in the store, for whoever called to go on with or to close.

    Args:
        spec: The job.
        objective: What its `objective` is registered as.
        store: Where the study is kept.
        study_id: Its id; made if it is not there.
        ask_owner: Told the progress a few times a second and before each write, answers
            whether to go on, or how.
        place: Where its trials run.

    Raises:
        JobError: The objective cannot be loaded.
        ClusterError: The cluster it ran on was lost.
        StoreError: The store refused for too long.
    """
    ensure_study(spec, store, study_id)
    executor = place.make_executor(objective, spec.budget.parallel, spec.budget.timeout_seconds)
    try:
        origin = _origin_folder(spec, store, place)
        keep = spec.budget.keep_checkpoints
        checkpoints = Checkpoints(place.checkpoints / study_id, keep, origin)
        run = _Run(spec, objective, store, study_id, ask_owner, checkpoints)
        return run.to_the_end(executor)
    finally:
        executor.close()


def _origin_folder(spec: JobSpec, store: ExperimentStore, place: Place) -> Path | None:
    """Return where the checkpoints lie that the first trial goes on from; None for a fresh start.

    Raises:
        JobError: The study they are of is not known, or trained something else.
    """
    origin = spec.start.origin
    if origin is None:
        return None
    if origin.study not in store.versions():
        raise JobError(f"Field 'start.origin.study': there is no study {origin.study!r} here.")
    trained = store.snapshot(origin.study).header.attributes.get("objective")
    if trained != spec.objective:
        raise JobError(
            f"Field 'start.origin.study': {origin.study!r} trained {trained!r}, whose "
            f"checkpoints are not for {spec.objective!r}."
        )
    return place.checkpoints / origin.study / str(origin.trial)


class _Run:
    """A study under way."""

    def __init__(
        self,
        spec: JobSpec,
        objective: RegisteredObjective,
        store: ExperimentStore,
        study_id: str,
        ask_owner: Callable[[Progress], Order | Steering],
        checkpoints: Checkpoints,
    ) -> None:
        self._spec = spec
        self._sign = spec.objectives[0].direction.sign
        self._store = store
        self._id = study_id
        self._ask_owner = ask_owner
        self._checkpoints = checkpoints
        limits = Limits(
            spec.budget.trials, spec.budget.steps, frozenset(objective.structural), spec.start
        )
        self._scheduler = make_scheduler(
            spec.method, Setup(spec.settings, spec.space, spec.objectives, spec.seed, limits)
        )
        self._recorder = Recorder(store, study_id)
        study = store.snapshot(study_id)
        origin = spec.start.origin
        self._spending = Spending(spec.budget, study, 0 if origin is None else origin.steps)
        self._running: dict[int, Assignment] = {}
        self._looks: list[Look] = []
        self._next: Assignment | None = None
        self._again: list[Assignment] = []
        self._failures: Counter[int] = Counter()
        self._is_paused = False
        self._done = self._segments = 0
        self._best: float | None = None
        self._flushed = time.monotonic()
        self._refused_since: float | None = None
        self._recall(study)

    def to_the_end(self, executor: Executor) -> Ending:
        """Start and record trials until the budget is spent or the owner says otherwise."""
        # First of all: a run that was killed while it ended, its time over, begins no new trial.
        ending = self._obey(executor)
        while ending is None:
            if self._refused_since is None:
                self._start_trials(executor)
            for event in executor.wait(FLUSH_SECONDS) if self._running else ():
                if isinstance(event, Ended):
                    self._end_segment(event)
                else:
                    self._recorder.report(event)
                    self._spending.report(event.number, event.step)
            is_idle = not self._running and (self._is_paused or self._is_at_the_end())
            if is_idle or time.monotonic() >= self._flushed + FLUSH_SECONDS:
                ending = self._obey(executor) or self._write(is_idle=is_idle)
        return ending

    def _obey(self, executor: Executor) -> Ending | None:
        """Ask the owner how to go on; return how the run has ended if that is what it wants."""
        order = self._ask_owner(self._progress())
        if isinstance(order, Steering):
            self._steer(order, executor)
        elif order is not Order.GO_ON:
            return self._leave(order, executor)
        return None

    def _write(self, *, is_idle: bool) -> Ending | None:
        """Write what there is; return how the run has ended where nothing is left to do or to write."""
        self._flush()
        if not is_idle or self._recorder.has_news:
            return None
        if self._is_at_the_end():
            return Ending.DONE if self._next is None else Ending.OUT_OF_STEPS
        return Ending.RELEASED if self._is_paused else None

    def _steer(self, steering: Steering, executor: Executor) -> None:
        """Go on as somebody wants it now."""
        self._is_paused = steering.is_paused
        executor.resize(steering.budget.parallel)
        self._spending.limit = steering.budget.total_steps
        limit = getattr(self._scheduler, "limit", None)  # of methods that don't plan ahead
        if limit is not None:
            limit(steering.budget.trials)
        for number in steering.stopped & self._running.keys():
            executor.stop(number, STOPPED_NOTE)

    def _recall(self, study: Study) -> None:
        """Tell the method what an earlier run left behind."""
        if not np.array_equal(study.trials.number, np.arange(len(study))):
            raise JobError(f"The study {self._id} was not made by this job; its trials do not fit.")
        history = recorded_trials(study)
        for trial in history:
            self._segments += len(trial.looks) + has_unseen_end(trial)
            if trial.state not in _OPEN_STATES:
                self._done += 1
                if trial.state is TrialState.COMPLETE:
                    quality = quality_of(trial.objectives[0], self._sign, trial.violation)
                    self._checkpoints.complete(trial.number, quality)
            elif trial.looks or trial.state is TrialState.WAITING:
                self._recorder.restore(study, trial.number)
        for number, merit in stopped_merits(study).items():
            self._checkpoints.stop(number, merit)
        self._scheduler.recall(history)
        best = study.best()
        if best is not None:
            self._best = float(study.trials.objectives[best, 0])

    def _start_trials(self, executor: Executor) -> None:
        while executor.free and not self._is_paused:
            task = self._take_task()
            if task is None:
                return
            self._running[task.number] = task
            segment = self._segment(task)
            self._spending.start(task, segment.from_step)
            self._recorder.start(task)
            executor.start(segment)

    def _take_task(self) -> Assignment | None:
        """Return what to run now; None where nothing is to be run, or there is no room for it."""
        if self._again:
            return self._again.pop(0)
        if self._is_at_the_end():
            return None
        task, self._next = self._next, None
        return task

    def _is_at_the_end(self) -> bool:
        """Return whether, with nothing running, there is nothing more to run."""
        if self._again:
            return False
        if self._next is None:
            self._next = self._scheduler.ask()
        return self._next is None or not self._spending.has_room(self._next)

    def _segment(self, task: Assignment) -> Segment:
        # The second key keeps it apart from the numbers the method draws for this trial.
        draws = np.random.SeedSequence(entropy=self._spec.seed, spawn_key=(task.number, 1))
        checkpoint = self._checkpoints.before(task)
        origin = self._spec.start.origin
        source = task.parent if origin is None or task.number else origin.trial
        if checkpoint is None and source is not None:
            _log.warning(
                "Study %s: trial %d begins anew; trial %d left no checkpoint at step %d to copy.",
                self._id,
                task.number,
                source,
                task.from_step,
            )
        return Segment(
            number=task.number,
            params=dict(task.values),
            seed=int(draws.generate_state(1)[0]),
            checkpoint_dir=self._checkpoints.after(task),
            # Code that keeps no checkpoints begins anew each time, and gets as far.
            from_step=0 if checkpoint is None else task.from_step,
            to_step=self._spec.budget.steps if task.to_step is None else task.to_step,
            checkpoint=checkpoint,
        )

    def _end_segment(self, end: Ended) -> None:
        task = self._running.pop(end.number)
        self._spending.end(task, is_complete=end.error is None)
        if end.error is not None and self._may_try_again(end):
            self._again.append(task)
        else:
            self._end_trial(end)

    def _may_try_again(self, end: Ended) -> bool:
        """Return whether a failed segment is to be run again; counts the failure."""
        if end.error == STOPPED_NOTE:
            return False
        self._failures[end.number] += 1
        return self._failures[end.number] <= self._spec.budget.retries

    def _end_trial(self, end: Ended) -> None:
        self._segments += 1
        state, objectives = self._recorder.end(end)
        is_good = state is TrialState.COMPLETE
        looks = self._scheduler.tell(
            end.number,
            Result(state, objectives if is_good else None, self._recorder.violation(end.number)),
        )
        self._done += not is_good
        for look in looks:
            self._recorder.look(look)
            self._done += look.outcome in _ENDS
            violation, value = (
                self._recorder.violation(look.number),
                self._recorder.value(look.number),
            )
            quality = quality_of(value, self._sign, violation)
            if look.outcome is Outcome.DISCARDED:
                self._checkpoints.stop(look.number, stopped_merit(look.resource, quality))
            if look.outcome is Outcome.FINAL:
                self._checkpoints.complete(look.number, quality)
                if violation <= 0:
                    self._note_best(value)
        self._looks += looks

    def _note_best(self, value: float) -> None:
        if np.isfinite(value) and (
            self._best is None or self._sign * value > self._sign * self._best
        ):
            self._best = value

    def _progress(self) -> Progress:
        return Progress(self._done, len(self._running), self._best, self._segments)

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
            self._checkpoints.tidy(self._looks)
            self._looks.clear()

    def _leave(self, order: Order, executor: Executor) -> Ending:
        if order is Order.ABANDON:
            return Ending.ABANDONED
        executor.close(GRACE_SECONDS)
        self._recorder.flush()
        return ENDING_OF[order]
