"""Runs the job of a lease: keeps the lease alive, obeys what it hears, finishes or gives it back."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypertendril.errors import ClusterError, HyperTendrilError, JobError, StoreError
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import JobQueue, JobState, Lease, Progress, Standing
from hypertendril.jobs.running.checkpoints import tidy_ended
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.recorder import close_trials
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.jobs.spec.steering import Steering
from hypertendril.model import Study, TrialState
from hypertendril.store.experiment_store import ExperimentStore

PROGRESS_SECONDS = 0.5  # how often the progress of a job is worth a write
_log = logging.getLogger(__name__)
_ORDERS = {
    Standing.HELD: Order.GO_ON,
    Standing.CANCEL: Order.CANCEL,
    Standing.LOST: Order.ABANDON,
}
_FINAL_STATES = {
    Ending.DONE: JobState.DONE,
    Ending.OUT_OF_STEPS: JobState.DONE,
    Ending.OUT_OF_TIME: JobState.DONE,
    Ending.CANCELLED: JobState.CANCELLED,
    Ending.FAILED: JobState.FAILED,
}
_LIMITS = {
    Ending.OUT_OF_STEPS: "Ended: what comes next would go beyond budget.total_steps.",
    Ending.OUT_OF_TIME: "Ended: the time of budget.wall_seconds was over.",
}
_CLOSING_MESSAGES = {
    JobState.CANCELLED: "Cancelled; what ran it had died before.",
    JobState.QUARANTINED: "What ran it died three times without any progress; it is not tried again.",
}


class LeaseKeeper:
    """Answers a running study on behalf of the queue.

    Each answer looks into the queue, so a job that was taken over is never written to
    again, however long this process was stopped. A process that cannot reach the queue
    for as long as its lease lasts gives up by itself.
    """

    def __init__(
        self,
        queue: JobQueue,
        lease: Lease,
        own_order: Callable[[], Order],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._lease = lease
        self._own_order = own_order
        self._clock = clock
        self._renewed = self._begun = clock()
        self._noted = self.progress = lease.job.progress
        self._steered = Steering(lease.job.spec.budget)
        self._is_cut_off = False

    def __call__(self, progress: Progress) -> Order | Steering:
        """Return what the study has to do now, or how it is to go on where that was changed."""
        own = self._own_order()
        now = self._clock()
        seconds = self._lease.job.progress.seconds + now - self._begun
        self.progress = progress = replace(progress, seconds=seconds)
        wait = self._lease.seconds / 6 if progress == self._noted else PROGRESS_SECONDS
        begun = self._lease.job.progress
        if progress.is_beyond(self._noted) and not self._noted.is_beyond(begun):
            wait = 0.0  # at once: from here on the job is not what kills its workers
        try:
            if now - self._renewed < min(wait, self._lease.seconds / 6):
                order = _ORDERS[self._queue.standing(self._lease)]
            else:
                order = _ORDERS[self._queue.heartbeat(self._lease, progress)]
                self._renewed, self._noted = now, progress
                self._is_cut_off = False
        except JobError as error:
            if not self._is_cut_off:
                _log.warning("Job %s: %s", self._lease.job.id, error)
            self._is_cut_off = True
            order = Order.GO_ON if now - self._renewed < self._lease.seconds else Order.ABANDON
        order = own if order is Order.GO_ON else order
        if order is not Order.GO_ON:
            return order
        steering = self._steering()
        limit = self._steered.budget.wall_seconds
        if limit is not None and seconds >= limit:
            return Order.TIME_IS_UP
        return steering or Order.GO_ON

    def _steering(self) -> Steering | None:
        """Return how the study is to go on; None where it does already."""
        try:
            steering = self._queue.steering(self._lease)
        except JobError:  # the next look may reach the queue again
            return None
        is_known = steering == self._steered
        self._steered = steering
        # Said again and again as long as it asks for more than a budget: a trial may start later.
        return None if is_known and not (steering.is_paused or steering.stopped) else steering


def run_leased(
    queue: JobQueue,
    store: ExperimentStore,
    lease: Lease,
    place: Place,
    own_order: Callable[[], Order],
    watch: Callable[[Progress], None] | None = None,
) -> JobState:
    """Run the job of `lease` until it ends, and say so in the queue.

    Args:
        place: Where its trials run.
        own_order: What this process itself wants: go on, cancel, or release.
        watch: Called with the progress a few times a second.

    Returns:
        The state the job is in now; `running` if it belongs to somebody else.

    Raises:
        ClusterError: The cluster was lost; the job is given back, and loses no attempt by it.
    """
    finish = partial(_finish, queue, store, lease, place)
    if lease.closing is not None:
        return finish(lease.closing, _CLOSING_MESSAGES[lease.closing])
    keeper = LeaseKeeper(queue, lease, own_order)

    def ask_owner(progress: Progress) -> Order | Steering:
        if watch is not None:
            watch(progress)
        return keeper(progress)

    try:
        ending, message = _attempt(store, lease, place, ask_owner)
    except ClusterError:
        queue.release(lease, refund=True)
        raise
    if ending is Ending.ABANDONED or queue.heartbeat(lease, keeper.progress) is Standing.LOST:
        return JobState.RUNNING
    if ending in _FINAL_STATES:
        return finish(_FINAL_STATES[ending], message)
    # The next attempt may find a disk with room again; the third one ends in quarantine.
    is_released = queue.release(lease, refund=ending is Ending.RELEASED)
    return JobState.QUEUED if is_released else JobState.RUNNING


def _attempt(
    store: ExperimentStore,
    lease: Lease,
    place: Place,
    ask_owner: Callable[[Progress], Order | Steering],
) -> tuple[Ending, str]:
    """Return how the run ended and what there is to say about it."""
    spec, job_id = lease.job.spec, lease.job.id
    try:
        objective = load_registry(place.registry)[spec.objective]
        ending = run_study(spec, objective, store, job_id, ask_owner, place)
    except ClusterError:
        raise
    except StoreError as error:
        _log.error("Job %s is given back: %s", job_id, error)
        return Ending.REFUSED, str(error)
    except HyperTendrilError as error:
        return Ending.FAILED, str(error)
    except Exception:  # noqa: BLE001 - the door of the worker: one job must not stop the others
        code = secrets.token_hex(4)
        _log.exception("Job %s failed for a reason of ours (%s)", job_id, code)
        return Ending.FAILED, f"Internal error {code}; the worker's log says more."
    return ending, _last_words(ending, store.snapshot(job_id))


def _last_words(ending: Ending, study: Study) -> str:
    """Return what to tell about a study that has come to its end; nothing if all went well."""
    if ending is Ending.CANCELLED:
        return "Cancelled while it ran."
    if ending not in _FINAL_STATES:
        return ""
    limit = _LIMITS.get(ending, "")
    if study.counts()[TrialState.COMPLETE]:
        return limit
    notes = study.trials.notes
    reason = notes[min(notes)].partition("\n")[0] if notes else ""
    first = f" The first one says: {reason}" if reason else ""
    return f"{limit} No trial was completed.{first}".strip()


def _finish(
    queue: JobQueue,
    store: ExperimentStore,
    lease: Lease,
    place: Place,
    state: JobState,
    message: str,
) -> JobState:
    """End the job, after the trials that nobody will go on with."""
    if queue.standing(lease) is Standing.LOST:
        return JobState.RUNNING
    store.refresh()
    is_there = lease.job.id in store.versions()
    if is_there:
        state_of_open = TrialState.PRUNED if state is JobState.DONE else TrialState.FAILED
        close_trials(store, lease.job.id, state_of_open, message)
    if not queue.finish(lease, state, message):
        return JobState.RUNNING
    if is_there:
        keep = lease.job.spec.budget.keep_checkpoints
        tidy_ended(place.checkpoints / lease.job.id, store.snapshot(lease.job.id), keep)
    return state
