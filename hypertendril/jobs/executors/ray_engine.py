"""Ray as an engine: a segment is a task that yields what it says."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from hypertendril.errors import ClusterError, JobError
from hypertendril.jobs.executors.cluster import MAX_LOST, GivenUp, Heard
from hypertendril.jobs.executors.node import follow

CONNECT_SECONDS = 15.0
_LOST = (LocalRayletDiedError, NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError)


@dataclass(slots=True)
class _Task:
    order: str
    resources: Mapping[str, float]
    words: Any  # the generator of references Ray gives
    lost: int = 0


class RayEngine:
    """A connection to the Ray cluster this machine belongs to.

    Args:
        address: HOST:PORT of its head; None for `RAY_ADDRESS`, or the cluster found here.

    Raises:
        ClusterError: It cannot be reached.
    """

    def __init__(self, address: str | None = None) -> None:
        found = address or os.environ.get("RAY_ADDRESS") or "auto"
        if found.startswith("ray://"):
            raise ClusterError(
                f"{found}: Ray's client protocol cannot stream what trials report; run this on "
                "a machine of the cluster, with HOST:6379 or without an address."
            )
        self._tasks: dict[str, _Task] = {}
        try:
            if found.rpartition(":")[2].isdecimal():  # Ray would try for minutes
                _knock(found)
            # What goes wrong comes as an exception too.
            ray.init(found, logging_level=logging.CRITICAL, log_to_driver=False)
        except (OSError, ValueError, RuntimeError, RayError) as error:
            raise ClusterError(f"The Ray cluster at {found} cannot be reached: {error}") from None
        self._head = ray.get_runtime_context().gcs_address
        self._board = _Board.remote()

    def submit(self, run: str, order: str, resources: Mapping[str, float]) -> None:
        """Have an order run where these resources are free; one CPU unless they say otherwise."""
        self._tasks[run] = _Task(order, resources, self._begin(run, order, resources))

    def cancel(self, run: str) -> None:
        """Have a run ended: where it trains, it learns so within a second."""
        # Not by Ray: what interrupts may get lost, and in a task's last moments aborts us.
        self._board.give_up.remote(run)
        self._tasks.pop(run, None)

    def forget(self, run: str) -> None:
        """Hear no more of a run that has come to its end."""
        self._tasks.pop(run, None)

    def wait(self, timeout_seconds: float) -> list[Heard | GivenUp]:
        """Return what was heard, as soon as anything was, empty after the time given."""
        by_words = {task.words: run for run, task in self._tasks.items()}
        if not by_words:
            return []
        first, rest = ray.wait(list(by_words), timeout=timeout_seconds)
        more = ray.wait(rest, num_returns=len(rest), timeout=0)[0] if first and rest else []
        return [said for words in (*first, *more) for said in self._hear(by_words[words])]

    def offer(self) -> str:
        """Return in words what machines there are."""
        total = {k: v for k, v in ray.cluster_resources().items() if ":" not in k}
        machines = sum(node["Alive"] for node in ray.nodes())
        return f"{machines} machines, with " + ", ".join(f"{k}={total[k]:g}" for k in sorted(total))

    def close(self) -> None:
        """End the connection; Ray ends what it still runs."""
        ray.shutdown()

    def _hear(self, run: str) -> list[Heard | GivenUp]:
        task = self._tasks[run]
        try:
            text: str = ray.get(next(task.words))
        except StopIteration:
            return [GivenUp(run, "its process was closed before it came to its end")]
        except _LOST as error:
            return self._begin_anew(run, error)
        except RayTaskError as error:
            raise JobError(
                f"The machines of the Ray cluster cannot run segments: {error}"
            ) from None
        except RayError as error:
            raise _lost(error) from None
        return [Heard(run, text)]

    def _begin_anew(self, run: str, error: RayError) -> list[Heard | GivenUp]:
        """Run an order again whose process or machine was lost; not for ever.

        Ray would do so by itself, but gives what the second run says only from where the first
        one was interrupted.
        """
        try:
            _knock(self._head)
        except OSError:
            raise _lost(error) from None
        task = self._tasks[run]
        task.lost += 1
        if task.lost > MAX_LOST:
            return [GivenUp(run, f"the processes it ran in were lost {task.lost} times: {error}")]
        task.words = self._begin(run, task.order, task.resources)
        return []

    def _begin(self, run: str, order: str, resources: Mapping[str, float]) -> Any:
        rest = {name: amount for name, amount in resources.items() if name not in ("CPU", "GPU")}
        told = _run_order.options(
            name=run,
            num_cpus=resources.get("CPU", 1),
            num_gpus=resources.get("GPU", 0),
            resources=rest,
        )
        return told.remote(run, order, self._board)


def _knock(address: str) -> None:
    """See that something answers at HOST:PORT.

    Raises:
        OSError: Nothing does.
    """
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


def _lost(error: RayError) -> ClusterError:
    return ClusterError(f"The connection to the Ray cluster was lost: {error}")


class Board:
    """Where runs learn that nobody wants them any more."""

    def __init__(self) -> None:
        self._given_up = set[str]()

    def give_up(self, run: str) -> None:
        """Have a run ended."""
        self._given_up.add(run)

    def wants(self, run: str) -> bool:
        """Return whether a run shall go on."""
        return run not in self._given_up


def run_order(run: str, order: str, board: Any) -> Iterator[str]:
    """Run an order in this process, giving what there is to say about it."""
    yield from follow(order, _asking(board, run))


def _asking(board: Any, run: str) -> Callable[[], bool]:
    """Return what asks the board without waiting: a task that waits lends its CPU to another."""
    answer = board.wants.remote(run).future()

    def is_wanted() -> bool:
        nonlocal answer
        if not answer.done():
            return True
        told, answer = answer, board.wants.remote(run).future()
        # A board that is gone went with who gave the order; Ray then ends this too.
        return told.exception() is not None or bool(told.result())

    return is_wanted


_Board: Any = ray.remote(num_cpus=0, max_restarts=-1)(Board)
_run_order = ray.remote(max_retries=0, num_returns="streaming")(run_order)
