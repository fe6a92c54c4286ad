"""Sees to it that a data folder has a worker for as long as a server wants one."""

from __future__ import annotations

import logging
import subprocess
import threading
import time

from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.worker import is_worker_alive, start_worker
from hypertendril.settings import Settings

CHECK_SECONDS = 1.0
MAX_WAIT_SECONDS = 60.0
HEALTHY_SECONDS = 30.0  # a worker that lived longer did not die of its start
_log = logging.getLogger(__name__)


class WorkerKeeper:
    """Starts a worker where none is active, and again when it dies, with growing patience.

    Stopping the keeper leaves the worker alone: jobs outlive the server that submitted them. A
    worker without jobs ends when the server has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="worker-keeper", daemon=True)
        self._worker: subprocess.Popen[bytes] | None = None
        self._started = -HEALTHY_SECONDS
        self._wait_seconds = CHECK_SECONDS

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the worker goes on."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._worker is not None:
            # Python complains of children that are not waited for; this one shall outlive us.
            self._worker.returncode = self._worker.poll() or 0

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._look(time.monotonic())
            except (HyperTendrilError, OSError):
                _log.exception("No worker could be started")
            self._stop.wait(CHECK_SECONDS)

    def _look(self, now: float) -> None:
        is_ours_running = self._worker is not None and self._worker.poll() is None
        lived = now - self._started
        if is_ours_running or lived < self._wait_seconds or is_worker_alive(self._settings):
            return
        is_sound = lived > HEALTHY_SECONDS
        self._wait_seconds = (
            CHECK_SECONDS if is_sound else min(2 * self._wait_seconds, MAX_WAIT_SECONDS)
        )
        self._started = now
        self._worker = start_worker(self._settings)
