"""Dask distributed as an engine: a segment is a task, what it says are events of a topic."""

from __future__ import annotations

import logging
import queue
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, get_worker

from hypertendril.errors import ClusterError, JobError
from hypertendril.jobs.executors.cluster import GivenUp, Heard
from hypertendril.jobs.executors.node import follow

CONNECT_SECONDS = 15.0
_FILE = ".json"
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[\w.:\[\]-]+:\d+", re.ASCII)
_Said = tuple[str, str | None]  # a run, and its text; None when its task is over


class DaskEngine:
    """A connection to a Dask scheduler.

    Args:
        address: Its address, or a file it wrote (`scheduler.json`); None takes Dask's own setting.

    Raises:
        ClusterError: It cannot be reached.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = _known_address(address)
        self._said: queue.SimpleQueue[_Said] = queue.SimpleQueue()
        self._futures: dict[str, Future[None]] = {}
        self._topic = f"hypertendril-{secrets.token_hex(8)}"
        # What goes wrong comes as an exception too.
        for part in ("client", "batched"):
            logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
        kind = "scheduler_file" if self._address.endswith(_FILE) else "address"
        try:
            self._client = Client(
                **{kind: self._address}, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise ClusterError(
                f"The Dask scheduler at {self._address} cannot be reached: {error}"
            ) from None

    def submit(self, run: str, order: str, resources: Mapping[str, float]) -> None:
        """Have an order run on a worker that has these of its declared resources free."""
        if self._client.status != "running":
            raise self._lost()
        # Each time: a scheduler that was started anew meanwhile knows nobody who listens.
        self._client.subscribe_topic(self._topic, lambda event: self._said.put(event[1]))
        future = self._client.submit(
            run_order, order, self._topic, key=run, pure=False, resources=dict(resources) or None
        )
        future.add_done_callback(lambda _: self._said.put((run, None)))
        self._futures[run] = future

    def cancel(self, run: str) -> None:
        """Have a run ended; its worker sees within a moment that nobody wants it any more."""
        future = self._futures.pop(run, None)
        if future is not None:
            future.cancel()

    def forget(self, run: str) -> None:
        """Hear no more of a run that has come to its end."""
        self._futures.pop(run, None)

    def wait(self, timeout_seconds: float) -> list[Heard | GivenUp]:
        """Return what was heard, as soon as anything was, empty after the time given."""
        found = [
            self._given_up(run) if text is None else Heard(run, text)
            for run, text in self._take(timeout_seconds)
            if run in self._futures
        ]
        if self._client.status != "running":
            raise self._lost()
        return found

    def offer(self) -> str:
        """Return in words what workers there are."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        own = {f"{k}={v:g}" for worker in workers for k, v in worker["resources"].items()}
        return f"{len(workers)} workers, with {', '.join(sorted(own)) or 'no resources declared'}"

    def close(self) -> None:
        """End the connection; the scheduler drops what it still runs."""
        self._client.close()

    def _take(self, timeout_seconds: float) -> Iterator[_Said]:
        with suppress(queue.Empty):
            yield self._said.get(timeout=timeout_seconds)
            while True:
                yield self._said.get_nowait()

    def _given_up(self, run: str) -> GivenUp:
        """Return why a task is over that did not say how it ended."""
        future = self._futures[run]
        if future.status in ("cancelled", "lost"):
            raise self._lost()
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return GivenUp(run, f"the workers it ran on were lost, one after the other: {error}")
        if error is not None:
            raise JobError(f"The Dask workers cannot run segments: {type(error).__name__}: {error}")
        return GivenUp(run, "its worker was closed before it came to its end")

    def _lost(self) -> ClusterError:
        return ClusterError(f"The connection to the Dask scheduler at {self._address} was lost.")


def _known_address(given: str | None) -> str:
    """Return the address or file of a scheduler.

    Raises:
        ClusterError: There is none, or nothing could be at such an address.
    """
    found: str | None = given or dask.config.get("scheduler-address", None)
    if found is None:
        raise ClusterError(
            "Where is the Dask scheduler? Say --address tcp://HOST:8786, or the file that "
            "`dask scheduler --scheduler-file` writes."
        )
    if found.endswith(_FILE):
        if not Path(found).is_file():  # Dask would wait for it, for ever
            raise ClusterError(f"{found}: no Dask scheduler has written this file.")
    elif not _ADDRESS.fullmatch(found):
        raise ClusterError(
            f"The address {found!r} of the Dask scheduler must be tcp://HOST:PORT, or a file whose "
            f"name ends in {_FILE}."
        )
    return found


def run_order(order: str, topic: str) -> None:
    """Run an order on the worker this is called on, telling a topic of the scheduler."""
    worker: Any = get_worker()
    run = worker.get_current_task()
    for text in follow(order, _is_wanted(worker, run)):
        worker.log_event(topic, (run, text))


def _is_wanted(worker: Any, run: str) -> Callable[[], bool]:
    """Return what says whether a task is not cancelled, which it is too when its client is gone."""

    def is_wanted() -> bool:
        task = worker.state.tasks.get(run)
        return task is not None and task.state == "executing"

    return is_wanted
