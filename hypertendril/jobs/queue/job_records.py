"""What the queue remembers of each job: records in a database that several processes share.

This module and json_disk alone know diskcache, and a standard-library database would do as
well. Its own queue (`pull`) loses jobs of killed workers.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import diskcache

from hypertendril.errors import JobError
from hypertendril.jobs.queue.job import Job, JobId, JobState, Progress
from hypertendril.jobs.queue.json_disk import DATABASE_ERRORS, JsonDisk
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.steering import steered, steering_of
from hypertendril.settings import private_folder

MAX_OPEN_JOBS = 1000
Record = dict[str, Any]  # a job: its spec without the starting set, its state, its lease
_log = logging.getLogger(__name__)


class JobRecords:
    """The records of all jobs in a folder.

    Args:
        folder: Made if absent, private to the user.

    Raises:
        HyperTendrilError: The folder belongs to, or can be written by, somebody else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._specs: dict[str, JobSpec | None] = {}  # what a job is to do never changes
        self._ended: dict[str, Job] = {}  # nor does a job that is over
        with _as_job_errors(folder):
            self._cache = diskcache.Cache(
                str(folder),
                disk=JsonDisk,
                eviction_policy="none",
                cull_limit=0,  # a job is never dropped to save space
                sqlite_synchronous=2,  # FULL: what was acknowledged survives a power cut
            )

    def close(self) -> None:
        """Close the database connection of this thread."""
        self._cache.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the block one durable change: all of it or nothing.

        Raises:
            JobError: The database cannot be used.
        """
        with _as_job_errors(self._folder), self._cache.transact(retry=True):
            yield

    @property
    def open_ids(self) -> list[str]:
        """Jobs that something is still to happen to, in the order they were submitted."""
        found: list[str] = self._read("open", [])
        return found

    @property
    def change_count(self) -> int:
        """A number that grows with every change worth showing; one indexed read."""
        return int(self._read("changes", 0))

    def __getitem__(self, job_id: str) -> Record:
        """Return the record of a job.

        Raises:
            JobError: There is no such job.
        """
        record: Record | None = self._read(_key(job_id), None)
        if record is None:
            raise JobError(f"There is no job {job_id!r}.")
        return record

    def keep(self, job_id: str, record: Record, *, is_news: bool = True) -> None:
        """Write the record of a job; within a transaction.

        Args:
            job_id: The job.
            record: As it is from now on.
            is_news: The change is worth showing.
        """
        self._cache[_key(job_id)] = record
        if is_news:
            self._cache["changes"] = self.change_count + 1

    def add(self, spec: JobSpec, key: str | None) -> JobId:
        """Write a new job, at the end; within a transaction.

        Args:
            spec: What it is to do.
            key: The job that was added with this key, if there is one, is meant; None for none.

        Raises:
            JobError: There are too many.
        """
        known = self._read(f"key:{key}", None) if key else None
        if known is not None:
            return JobId(known)
        open_ids = self.open_ids
        if len(open_ids) >= MAX_OPEN_JOBS:
            raise JobError(f"The queue is full ({MAX_OPEN_JOBS} jobs); cancel some first.")
        job_id = secrets.token_hex(5)
        described = spec.to_json()
        # May hold a thousand trials: apart, so that a heartbeat need not write them again.
        self._cache[f"start:{job_id}"] = described.pop("start")
        self._cache["all"] = [*self._read("all", []), job_id]
        self._cache["open"] = [*open_ids, job_id]
        if key:
            self._cache[f"key:{key}"] = job_id
        self.keep(job_id, _new_record(described))
        return JobId(job_id)

    def end(self, job_id: str, record: Record) -> None:
        """Write the last record of a job, which is open no longer; within a transaction."""
        self._cache["open"] = [item for item in self.open_ids if item != job_id]
        self.keep(job_id, record)

    def spec(self, job_id: str, record: Record) -> JobSpec | None:
        """Return what a job is to do; None where only a newer version understands it."""
        if job_id not in self._specs:
            try:
                start = self._read(f"start:{job_id}", None)
                self._specs[job_id] = JobSpec.from_json({**record["spec"], "start": start})
            except JobError as error:
                _log.warning("Job %s cannot be read by this version: %s", job_id, error)
                self._specs[job_id] = None
        return self._specs[job_id]

    def known_spec(self, job_id: str, record: Record) -> JobSpec:
        """Return what a job is to do.

        Raises:
            JobError: Only a newer version understands it.
        """
        spec = self.spec(job_id, record)
        if spec is None:
            raise JobError(f"The job {job_id} was submitted by a newer version of this program.")
        return spec

    def job(self, job_id: str, record: Record) -> Job:
        """Return a job as a list shows it.

        Raises:
            JobError: Only a newer version understands it.
        """
        spec = self.known_spec(job_id, record)
        state, steering = JobState(record["state"]), steering_of(record)
        if state is JobState.QUEUED and steering.is_paused:
            state = JobState.PAUSED
        return Job(
            id=JobId(job_id),
            spec=steered(spec, record),
            state=state,
            submitted=record["submitted"],
            started=record["started"],
            ended=record["ended"],
            attempts=record["attempts"],
            is_cancelling=record["cancel"] and state.is_open,
            message=record["message"],
            progress=Progress(**record["progress"]),
            is_pausing=steering.is_paused and state is JobState.RUNNING,
            stopped=steering.stopped,
        )

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs this version understands, in the order they were submitted."""
        found = (self._listed(job_id) for job_id in self._read("all", []))
        return tuple(job for job in found if job is not None)

    def _listed(self, job_id: str) -> Job | None:
        if job_id in self._ended:
            return self._ended[job_id]
        record = self[job_id]
        if self.spec(job_id, record) is None:
            return None
        job = self.job(job_id, record)
        if not job.state.is_open:
            self._ended[job_id] = job
        return job

    def _read(self, key: str, default: Any) -> Any:
        with _as_job_errors(self._folder):
            return self._cache.get(key, default)


def progress_json(progress: Progress) -> dict[str, Any]:
    """Return how a record tells the progress of its job."""
    return asdict(progress)


def _new_record(described: dict[str, Any]) -> Record:
    return {
        "spec": described,
        "state": JobState.QUEUED,
        "submitted": time.time(),
        "started": None,
        "ended": None,
        "attempts": 0,
        "token": 0,
        "owner": None,
        "expires": 0.0,
        "lease_seconds": 0.0,
        "cancel": False,
        "message": "",
        "progress": progress_json(Progress()),
    }


@contextmanager
def _as_job_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise JobError(
            f"{folder}: the job queue cannot be used now ({error}); is the disk full, or may the "
            "folder not be written to?"
        ) from error


def _key(job_id: str) -> str:
    return f"job:{job_id}"
