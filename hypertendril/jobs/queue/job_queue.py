"""The queue of jobs: who may run what, for how long, and what became of it.

A claim gives a lease. Its owner renews it while it works and is the only one whose
`finish` counts. A lease that ran out, or whose owner died, is claimed again. Every change
is one durable transaction; a job is never taken out of the queue in order to run it, so
there is no moment at which a crash could lose it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypertendril.errors import JobError
from hypertendril.jobs.queue.job import Job, JobId, JobState, Lease, Progress, Standing
from hypertendril.jobs.queue.job_records import JobRecords, Record, progress_json
from hypertendril.jobs.queue.owner import Owner, is_alive
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.steering import Steering, steering_of, with_budget, with_stopped
from hypertendril.settings import private_folder

__all__ = ["Job", "JobId", "JobQueue", "JobState", "Lease", "Progress", "Standing", "Steering"]

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
MAX_MESSAGE_LENGTH = 2000


class JobQueue:
    """Jobs kept in a folder that several processes share.

    Args:
        folder: Made if absent, private to the user.
        clock: Seconds since the machine started, the same for all processes and never set
            back; leases are measured by it, so that a changed wall clock frees none.

    Raises:
        HyperTendrilError: The folder belongs to, or can be written by, somebody else.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = JobRecords(folder)
        self._owners = private_folder(folder / "owners")
        self._clock = clock

    def close(self) -> None:
        """Close the database connection of this thread."""
        self._records.close()

    def new_owner(self) -> Owner:
        """Return this process as an owner of leases; close it when done."""
        return Owner(self._owners)

    def submit(self, spec: JobSpec, key: str | None = None) -> JobId:
        """Put a job at the end of the queue; it is durable on return.

        Args:
            key: Two submissions with one key are one job: the second returns the id of the first.

        Raises:
            JobError: The queue is full.
        """
        with self._records.transaction():
            return self._records.add(spec, key)

    def submit_claimed(self, spec: JobSpec, owner: str, lease_seconds: float) -> Lease:
        """Put a job into the queue and claim it in the same breath, so that no worker takes it.

        Raises:
            JobError: The queue is full.
        """
        with self._records.transaction():
            return self._grant(self._records.add(spec, None), owner, lease_seconds, None)

    def claim(
        self, owner: str, lease_seconds: float = LEASE_SECONDS, *, only_abandoned: bool = False
    ) -> Lease | None:
        """Return a lease on the first job that waits or was abandoned; None if there is none.

        Args:
            only_abandoned: Leave jobs that nobody has started to others.
        """
        if not self._records.open_ids:
            return None
        with self._records.transaction():
            for job_id in self._records.open_ids:
                record = self._records[job_id]
                if self._records.spec(job_id, record) is None:
                    continue
                if record["state"] == JobState.QUEUED:
                    if not only_abandoned and not record.get("paused"):
                        return self._grant(job_id, owner, lease_seconds, None)
                elif self._is_abandoned(record):
                    closing = None
                    if record["cancel"]:
                        closing = JobState.CANCELLED
                    elif record["attempts"] >= MAX_ATTEMPTS:
                        closing = JobState.QUARANTINED
                    elif record.get("paused"):
                        self._rest(job_id, record)  # its owner died before it came to rest
                        continue
                    return self._grant(job_id, owner, lease_seconds, closing)
        return None

    def heartbeat(self, lease: Lease, progress: Progress | None = None) -> Standing:
        """Renew the lease and note the progress; say whether to go on.

        LOST means that the job belongs to somebody else now: stop, and write nothing more.
        """
        with self._records.transaction():
            record = self._owned(lease)
            if record is None:
                return Standing.LOST
            record["expires"] = self._clock() + lease.seconds
            before = Progress(**record["progress"])
            if progress is not None:
                if progress.is_beyond(before):
                    record["attempts"] = 1  # it moves on, so it is not what kills its workers
                record["progress"] = progress_json(progress)
            is_news = progress is not None and progress != before
            self._records.keep(lease.job.id, record, is_news=is_news)
            return Standing.CANCEL if record["cancel"] else Standing.HELD

    def standing(self, lease: Lease) -> Standing:
        """Return what a heartbeat would answer, without renewing the lease (no write, microseconds)."""
        record = self._owned(lease)
        if record is None:
            return Standing.LOST
        return Standing.CANCEL if record["cancel"] else Standing.HELD

    def finish(self, lease: Lease, state: JobState, message: str = "") -> bool:
        """End the job in `state` for ever; False (and no change) if the lease is lost."""
        if state.is_open:
            raise JobError(f"A job cannot end as {state}.")
        with self._records.transaction():
            record = self._owned(lease)
            if record is None:
                return False
            self._end(lease.job.id, record, state, message)
            return True

    def release(self, lease: Lease, *, refund: bool = True) -> bool:
        """Give the job back unfinished, to be claimed by whoever comes next; False if the lease is lost.

        Args:
            refund: The attempt does not count: the job is not the reason.
        """
        with self._records.transaction():
            record = self._owned(lease)
            if record is None:
                return False
            record["attempts"] -= refund
            if record["cancel"]:
                record["expires"] = self._clock()  # stays running: the next owner closes it
            else:
                record["state"] = JobState.QUEUED
            record["owner"] = None
            self._records.keep(lease.job.id, record)
            return True

    def cancel(self, job_id: str) -> JobState:
        """Stop a job: one that waits at once, one that runs as soon as its owner looks.

        Returns:
            The state after this call. `running` means: asked to stop.

        Raises:
            JobError: There is no such job, or it has ended already.
        """
        with self._records.transaction():
            record = self._records[job_id]
            state = JobState(record["state"])
            if not state.is_open:
                raise JobError(f"The job {job_id} has ended already ({state}).")
            if state is JobState.QUEUED and record["token"] == 0:
                self._end(job_id, record, JobState.CANCELLED, "Cancelled before it started.")
                return JobState.CANCELLED
            # One that ran before has trials to put in order, so its next owner ends it.
            record["cancel"] = True
            if state is JobState.QUEUED:
                record |= {"state": JobState.RUNNING, "expires": self._clock(), "owner": None}
            self._records.keep(job_id, record)
            return JobState.RUNNING

    def pause(self, job_id: str) -> JobState:
        """Let a job rest until it is resumed; of a running one, the trials under way end first.

        Raises:
            JobError: There is no such job, or it has ended or is being cancelled.
        """
        with self._change(job_id) as record:
            record["paused"] = True
            return self._records.job(job_id, record).state

    def resume(self, job_id: str) -> JobState:
        """Let a job that was paused go on, in its old place in the queue.

        Raises:
            JobError: There is no such job, or it has ended or is being cancelled.
        """
        with self._change(job_id) as record:
            record["paused"] = False
            return self._records.job(job_id, record).state

    def change(self, job_id: str, **budget: float | None) -> JobState:
        """Give a job another budget; a part that is None stays.

        Args:
            job_id: The job.
            budget: Any of `steering.CHANGEABLE`.

        Raises:
            JobError: No such job, it has ended, or a part makes no sense.
        """
        with self._change(job_id) as record:
            spec = self._records.known_spec(job_id, record)
            record.update(with_budget(record, spec, budget))
            return self._records.job(job_id, record).state

    def stop_trial(self, job_id: str, number: int) -> None:
        """Stop one trial of a job; it fails with a note, the others go on.

        Raises:
            JobError: No such job, or it has ended.
        """
        with self._change(job_id) as record:
            record.update(with_stopped(record, number))

    def steering(self, lease: Lease) -> Steering:
        """Return how the job of a lease is to go on; one read."""
        return steering_of(self._records[lease.job.id])

    def job(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            JobError: There is no such job.
        """
        return self._records.job(job_id, self._records[job_id])

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs in the order they were submitted.

        One that only a newer version of this program understands is left to that version.
        """
        return self._records.jobs()

    def change_count(self) -> int:
        """Return a number that grows with every change worth showing; one indexed read."""
        return self._records.change_count

    @contextmanager
    def _change(self, job_id: str) -> Iterator[Record]:
        """Give the record of an open job, and keep what the block made of it."""
        with self._records.transaction():
            record = self._records[job_id]
            if not JobState(record["state"]).is_open:
                raise JobError(f"The job {job_id} has ended already ({record['state']}).")
            if record["cancel"]:
                raise JobError(f"The job {job_id} is being cancelled.")
            yield record
            self._records.keep(job_id, record)

    def _rest(self, job_id: str, record: Record) -> None:
        record |= {"state": JobState.QUEUED, "owner": None}
        record["progress"]["running"] = 0
        self._records.keep(job_id, record)

    def _grant(self, job_id: str, owner: str, seconds: float, closing: JobState | None) -> Lease:
        record = self._records[job_id]
        record |= {
            "state": JobState.RUNNING,
            "owner": owner,
            "token": record["token"] + 1,
            "attempts": record["attempts"] + (closing is None),
            "expires": self._clock() + seconds,
            "lease_seconds": seconds,
            "started": record["started"] or time.time(),
        }
        self._records.keep(job_id, record)
        return Lease(self._records.job(job_id, record), owner, record["token"], seconds, closing)

    def _end(self, job_id: str, record: Record, state: JobState, message: str) -> None:
        record |= {
            "state": state,
            "ended": time.time(),
            "owner": None,
            "message": message[:MAX_MESSAGE_LENGTH],
        }
        record["progress"]["running"] = 0
        self._records.end(job_id, record)

    def _owned(self, lease: Lease) -> Record | None:
        record = self._records[lease.job.id]
        is_ours = record["owner"] == lease.owner and record["token"] == lease.token
        return record if is_ours and record["state"] == JobState.RUNNING else None

    def _is_abandoned(self, record: Record) -> bool:
        left = record["expires"] - self._clock()
        # A lease with more time left than it was given is one from before the machine restarted.
        if not 0 < left <= record["lease_seconds"]:
            return True
        return not is_alive(self._owners, record["owner"] or "")
