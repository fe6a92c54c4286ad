"""A job as the queue knows it: where it stands, how far it is, and who may run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hypertendril.jobs.spec.job_spec import JobSpec

JobId = NewType("JobId", str)


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


class Standing(StrEnum):
    """What a heartbeat is answered."""

    HELD = "held"
    CANCEL = "cancel"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        done: Trials that ended, whatever way.
        running: Trials under way.
        best: Best value of the leading objective so far, None for none.
        segments: Segments that ended: what shows that a job of long races moves on.
        seconds: How long the job has run, rests not counted. Time alone is no progress, so two
            that differ in nothing else are equal.
    """

    done: int = 0
    running: int = 0
    best: float | None = None
    segments: int = 0
    seconds: float = field(default=0.0, compare=False)

    def is_beyond(self, other: Progress) -> bool:
        """Return whether more has ended than at `other`."""
        return self.done > other.done or self.segments > other.segments


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a list shows it. Its study in the store has the same id.

    Attributes:
        submitted, started, ended: POSIX seconds UTC, None where it has not happened.
        attempts: Times it was started since it last made progress.
        is_cancelling: Somebody asked a running job to stop.
        is_pausing: Somebody asked a running job to pause; what is under way comes to its end.
        stopped: Numbers of trials somebody asked to stop.
        message: Why it ended as it did; empty for nothing to say.
    """

    id: JobId
    spec: JobSpec
    state: JobState
    submitted: float
    started: float | None = None
    ended: float | None = None
    attempts: int = 0
    is_cancelling: bool = False
    message: str = ""
    progress: Progress = Progress()
    is_pausing: bool = False
    stopped: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job until it expires.

    Attributes:
        token: Grows with each claim of the job; an older lease is worth nothing.
        closing: The job is not to be run any more, only its study to be put in order and
            the job finished in this state (its owner died after it was cancelled, or thrice).
    """

    job: Job
    owner: str
    token: int
    seconds: float
    closing: JobState | None = None
