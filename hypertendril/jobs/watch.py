"""Whether jobs wait for a worker that is not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.queue.job_queue import JobQueue, JobState
from hypertendril.jobs.worker import is_worker_alive
from hypertendril.settings import Settings

PATIENCE_SECONDS = 3.0  # a worker that was just started needs a moment
LOOK_SECONDS = 1.0


class WorkerWatch:
    """Looks for a worker, but only while a job waits, and at most once a second."""

    def __init__(
        self, queue: JobQueue, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._guard = threading.Lock()
        self._looked = -LOOK_SECONDS
        self._missing_since: float | None = None

    def is_missed(self) -> bool:
        """Return whether a job waits and no worker has been active for some seconds."""
        with self._guard:
            now = self._clock()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                if not self._is_needed():
                    self._missing_since = None
                elif self._missing_since is None:
                    self._missing_since = now
            since = self._missing_since
        return since is not None and now - since >= PATIENCE_SECONDS

    def _is_needed(self) -> bool:
        try:
            is_waiting = any(job.state is JobState.QUEUED for job in self._queue.jobs())
            return is_waiting and not is_worker_alive(self._settings)
        except HyperTendrilError:  # whoever uses the queue next hears of it
            return False
