"""Runs segments on the machines of a cluster, through an engine that reaches them."""

from __future__ import annotations

import logging
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hypertendril.errors import JobError
from hypertendril.jobs.executors.node import Order, Word, attempt_folder
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.objectives import RegisteredObjective

MAX_LOST = 3  # times a segment is begun anew because its machine was lost
PATIENCE_SECONDS = 30.0  # until the log says that no machine takes what waits
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """A text that a run gave, in the order it gave them."""

    run: str
    text: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The cluster will not bring a run to its end."""

    run: str
    reason: str


class Engine(Protocol):
    """A connection to a cluster. What it is given to run is `node.follow`."""

    def submit(self, run: str, order: str, resources: Mapping[str, float]) -> None:
        """Have an order run, once, on a machine with these resources to spare.

        It is begun anew elsewhere, at most `MAX_LOST` times, when its machine is lost.
        """
        ...

    def cancel(self, run: str) -> None:
        """Have a run ended if it is under way; no more is heard of it."""
        ...

    def forget(self, run: str) -> None:
        """Hear no more of a run that has come to its end."""
        ...

    def wait(self, timeout_seconds: float) -> list[Heard | GivenUp]:
        """Return what was heard, as soon as anything was, empty after the time given.

        Raises:
            ClusterError: The connection is lost.
            JobError: The machines lack what it takes to run anything.
        """
        ...

    def offer(self) -> str:
        """Return in words what machines there are."""
        ...

    def close(self) -> None:
        """End the connection, and with it whatever it still runs."""
        ...


@dataclass(slots=True)
class _Run:
    segment: Segment
    attempt: str = ""


class ClusterExecutor:
    """Up to `size` segments handed to a cluster at the same time, each in a process of its own.

    Args:
        engine: Reaches the cluster; it is used by one executor at a time.
        registry: Where the objective is registered, here and on every machine.
        objective: What the segments run.
        size: How many segments may be handed over at the same time.
        timeout_seconds: Time limit of a segment, from when a machine began it; None for none.
    """

    def __init__(
        self,
        engine: Engine,
        registry: Path,
        objective: RegisteredObjective,
        size: int,
        timeout_seconds: float | None = None,
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._objective = objective
        self._size = size
        self._timeout_seconds = timeout_seconds
        self._runs: dict[str, _Run] = {}
        self._stopped: list[Event] = []
        self._complain_at = time.monotonic() + PATIENCE_SECONDS

    @property
    def free(self) -> int:
        """How many more segments can be handed over now."""
        return max(0, self._size - len(self._runs))

    def resize(self, size: int) -> None:
        """Hand over up to `size` segments from now on; those that are too many come to their end."""
        self._size = size

    def start(self, segment: Segment) -> None:
        """Hand a segment over; there must be room for it."""
        name = f"trial-{segment.number}-{secrets.token_hex(6)}"
        order = Order(self._registry, self._objective.name, segment, self._timeout_seconds)
        self._runs[name] = _Run(segment)
        self._engine.submit(name, order.to_text(), self._objective.resources)

    def stop(self, number: int, reason: str) -> None:
        """End the segment of trial `number`, if it is under way: it has failed for `reason`."""
        for name, run in list(self._runs.items()):
            if run.segment.number == number:
                self._engine.cancel(name)
                self._stopped += self._end(name, Ended(number, {}, reason))

    def wait(self, timeout_seconds: float) -> list[Event]:
        """Return what happened, as soon as anything did, empty after the time given.

        Raises:
            ClusterError: The connection to the cluster is lost.
            JobError: The objective cannot be loaded there, or the folder for checkpoints is
                not shared.
        """
        events, self._stopped = self._stopped, []
        for heard in self._engine.wait(0.0 if events else timeout_seconds):
            if heard.run not in self._runs:
                continue
            if isinstance(heard, Heard):
                events += self._understand(heard.run, Word.from_text(heard.text))
            else:
                number = self._runs[heard.run].segment.number
                events += self._end(heard.run, Ended(number, {}, heard.reason))
        self._complain()
        return events

    def close(self, grace_seconds: float = 0.0) -> None:
        """Stop whatever runs; the machines ask it to, then kill it with all it started."""
        del grace_seconds  # each machine gives its own
        for name in list(self._runs):
            self._engine.cancel(name)
        self._runs.clear()

    def _understand(self, name: str, word: Word) -> list[Event]:
        run = self._runs[name]
        if word.is_first:
            run.attempt = word.attempt
        if word.attempt != run.attempt:
            return []  # of a machine that was given up for lost and is not
        if word.broken is not None:
            self._engine.forget(name)
            raise JobError(word.broken)
        number = run.segment.number
        events: list[Event] = [Reported(number, step, metrics) for step, metrics in word.reports]
        if word.end is None:
            return events
        if word.is_saved:
            _keep(attempt_folder(run.segment.checkpoint_dir, run.attempt), run.segment)
        return events + self._end(name, word.end)

    def _end(self, name: str, end: Ended) -> list[Event]:
        """Forget a run, and what attempts of it that were lost have left."""
        folder = self._runs.pop(name).segment.checkpoint_dir
        self._engine.forget(name)
        for left in folder.parent.glob(f"{folder.name}.*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:  # what a command reported into
                left.unlink(missing_ok=True)
        return [end]

    def _complain(self) -> None:
        """Say in the log, once in a while, that everything waits for a machine."""
        now = time.monotonic()
        if not self._runs or any(run.attempt for run in self._runs.values()):
            self._complain_at = now + PATIENCE_SECONDS
        elif now >= self._complain_at:
            self._complain_at = now + 20 * PATIENCE_SECONDS
            wanted = ", ".join(f"{k}={v:g}" for k, v in self._objective.resources.items())
            _log.warning(
                "%d segments wait for a machine%s; the cluster has: %s.",
                len(self._runs),
                f" with {wanted}" if wanted else "",
                self._engine.offer(),
            )


def _keep(saved: Path, segment: Segment) -> None:
    """Put the checkpoint of an attempt in the place of the segment's."""
    if not saved.is_dir():
        raise JobError(
            f"{saved}: trial {segment.number} saved a checkpoint there that cannot be seen from "
            "here; checkpoints must lie in a folder that all machines share (--checkpoints)."
        )
    shutil.rmtree(segment.checkpoint_dir, ignore_errors=True)
    saved.replace(segment.checkpoint_dir)
