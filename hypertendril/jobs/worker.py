"""The process that runs jobs. It belongs to no server and no browser: jobs outlive both."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any, Self

from hypertendril.errors import ClusterError, HyperTendrilError
from hypertendril.jobs.executors.place import Place, open_place
from hypertendril.jobs.interpreter import module_command, with_package_path
from hypertendril.jobs.queue.job_queue import LEASE_SECONDS, JobQueue, Lease
from hypertendril.jobs.queue.owner import FileLock
from hypertendril.jobs.running.leased import run_leased
from hypertendril.jobs.running.orders import Order
from hypertendril.settings import Settings, private_folder
from hypertendril.store.experiment_store import ExperimentStore

IDLE_SECONDS = 0.25  # a claim that finds nothing costs some microseconds
TROUBLE_SECONDS = 5.0  # until a disk is looked at again
MAX_LOG_BYTES = 2**20
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_log = logging.getLogger("hypertendril.worker")


class StopSignals:
    """Remembers that this process was asked to end, from when it is entered until it is left."""

    def __init__(self, signals: tuple[signal.Signals, ...] = _STOP_SIGNALS) -> None:
        self._signals = signals
        self._before: dict[signal.Signals, Any] = {}
        self.is_set = False

    def __enter__(self) -> Self:
        for number in self._signals:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_set = True


def worker_lock(settings: Settings) -> FileLock:
    """Return the lock, not taken yet, that the one active worker of a data folder holds."""
    return FileLock(private_folder(settings.data) / "worker.lock")


def is_worker_alive(settings: Settings) -> bool:
    """Return whether a worker is active in the data folder."""
    return worker_lock(settings).is_taken()


def work(
    settings: Settings,
    *,
    only_if_none: bool = False,
    server: int | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> None:
    """Run jobs until a signal asks this process to end; what runs is then given back.

    One worker is active in a data folder. A second one stands by: it takes over when the
    first one dies, and takes a job whose lease the first one let run out (it hangs, say).

    Args:
        settings: Where things are.
        only_if_none: Return at once where another worker is active.
        server: The process that started this one for its own jobs: when it is gone and no job
            is left, so are we, as the next server may want another registry or other code.
        lease_seconds: How long a job stays with a worker that no longer answers.

    Raises:
        ClusterError: The cluster of the settings cannot be reached, or was lost.
    """
    with closing(worker_lock(settings)) as lock:
        if not lock.acquire() and only_if_none:
            _log.info("Another worker is active in %s.", settings.data)
            return
        with open_place(settings) as place:
            _work_at(place, settings, lock, lease_seconds, server)


def _work_at(
    place: Place, settings: Settings, lock: FileLock, lease_seconds: float, server: int | None
) -> None:
    queue = JobQueue(settings.queue)
    store = ExperimentStore.open(settings.store)
    owner = queue.new_owner()
    try:
        with StopSignals() as stop:
            _log.info("Worker %s is ready in %s.", owner.name, settings.data)
            while not stop.is_set:
                is_active = lock.acquire()
                try:
                    lease = queue.claim(owner.name, lease_seconds, only_abandoned=not is_active)
                    if lease is not None:
                        _run(place, queue, store, lease, stop)
                    elif server not in (None, os.getppid()):
                        _log.info("The server is gone and no job is left.")
                        return
                    else:
                        time.sleep(IDLE_SECONDS)
                except ClusterError:
                    raise  # to connect anew is up to whoever starts workers
                except HyperTendrilError:
                    _log.exception("The queue or the store failed; trying again")
                    time.sleep(TROUBLE_SECONDS)
    finally:
        owner.close()
        store.close()
        queue.close()


def _run(
    place: Place, queue: JobQueue, store: ExperimentStore, lease: Lease, stop: StopSignals
) -> None:
    job = lease.job
    _log.info("Job %s (%s): started, attempt %d.", job.id, job.spec.name, job.attempts)
    state = run_leased(
        queue, store, lease, place, lambda: Order.RELEASE if stop.is_set else Order.GO_ON
    )
    _log.info("Job %s (%s): %s.", job.id, job.spec.name, state)


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, where none is active; its jobs outlive this process.

    It writes to `worker.log` in the data folder and ends at once where another is active.
    """
    folder = private_folder(settings.data)
    options = {
        "--server": os.getpid(),
        "--data": settings.data,
        "--objectives": settings.objectives,
        "--executor": settings.executor,
        "--address": settings.address,
        "--checkpoints": settings.shared,
    }
    told = (text for name, value in options.items() if value for text in (name, str(value)))
    command = module_command("hypertendril", "worker", "--only-if-none", *told)
    log = _open_log(folder / "worker.log")
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=True,
            start_new_session=True,
            env=with_package_path(dict(os.environ)),
        )
    finally:
        os.close(log)


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
