"""Runs segments in processes of this machine that are kept warm from trial to trial."""

from __future__ import annotations

import selectors
import time
from contextlib import suppress
from typing import Any

from hypertendril.errors import JobError
from hypertendril.jobs.executors.local_process import TrialProcess
from hypertendril.jobs.processes import Guard
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.objectives import RegisteredObjective

START_SECONDS = 300.0  # to import the objective: large libraries on a slow disk take minutes
MAX_FAILED_STARTS = 3


class LocalExecutor:
    """Up to `size` trial processes, started when first needed.

    An exception fails its trial alone. So does a crash, a kill or a hang beyond the time
    limit, after which the process is replaced. Processes end with the thread that
    started them (Linux), so use it from one that lasts.

    Args:
        objective: What the processes run.
        size: How many segments may run at the same time.
        timeout_seconds: Time limit of a segment; None for none.
    """

    def __init__(
        self, objective: RegisteredObjective, size: int, timeout_seconds: float | None = None
    ) -> None:
        self._objective = objective
        self._size = size
        self._timeout_seconds = timeout_seconds
        self._processes: list[TrialProcess] = []
        self._deadlines: dict[TrialProcess, float] = {}
        self._selector = selectors.DefaultSelector()
        self._stopped: dict[TrialProcess, str] = {}
        self._guard = Guard()
        self._failed_starts = 0
        self._is_closed = False

    @property
    def free(self) -> int:
        """How many more segments can be started now."""
        busy = sum(process.segment is not None for process in self._processes)
        return max(0, self._size - busy)

    def resize(self, size: int) -> None:
        """Run up to `size` segments from now on; those that are too many come to their end."""
        self._size = size
        idle = [process for process in self._processes if process.segment is None]
        for process in idle[: max(0, len(self._processes) - size)]:
            self._end_process(process)

    def stop(self, number: int, reason: str) -> None:
        """End the segment of trial `number`, if it is under way: it has failed for `reason`."""
        for process in self._processes:
            if process.segment is not None and process.segment.number == number:
                self._stopped.setdefault(process, reason)
                process.kill()

    def start(self, segment: Segment) -> None:
        """Begin a segment; there must be room for it."""
        for process in self._processes:
            if process.segment is None:
                break
        else:
            process = self._start_process()
        process.run(segment)
        if process.is_ready:
            self._limit(process)

    def wait(self, timeout_seconds: float) -> list[Event]:
        """Return what happened, as soon as anything did, empty after the time given.

        Raises:
            JobError: The objective cannot be loaded.
        """
        events: list[Event] = []
        for key, _ in self._selector.select(self._patience(timeout_seconds)):
            process: TrialProcess = key.data
            if key.fd == process.output:
                if not process.read_output():
                    self._selector.unregister(process.output)
            else:
                events += self._listen(process)
        for process in list(self._processes):
            events += self._check(process)
        return events

    def close(self, grace_seconds: float = 0.0) -> None:
        """Stop whatever runs: asked to, then killed with all it started; once is enough."""
        if self._is_closed:
            return
        self._is_closed = True
        deadline = time.monotonic() + grace_seconds
        for process in self._processes:
            if process.segment is not None:
                process.ask_to_stop()
        with suppress(JobError):  # one that cannot even be loaded needs no time to stop
            while self._is_busy and time.monotonic() < deadline:
                self.wait(deadline - time.monotonic())
        for process in list(self._processes):
            self._end_process(process)
        self._guard.close()
        self._selector.close()

    @property
    def _is_busy(self) -> bool:
        return any(process.segment is not None for process in self._processes)

    def _start_process(self) -> TrialProcess:
        process = TrialProcess(self._objective)
        self._guard.watch(process.group, process.mark)
        self._processes.append(process)
        for pipe in (process.reports, process.output):
            self._selector.register(pipe, selectors.EVENT_READ, process)
        self._deadlines[process] = time.monotonic() + START_SECONDS
        return process

    def _end_process(self, process: TrialProcess) -> None:
        for pipe in (process.reports, process.output):
            with suppress(KeyError):  # the output of one that closed it
                self._selector.unregister(pipe)
        self._processes.remove(process)
        self._deadlines.pop(process, None)
        self._stopped.pop(process, None)
        process.close()
        self._guard.forget(process.group)

    def _limit(self, process: TrialProcess) -> None:
        """Start the clock of the segment a process has just begun; there is none for an idle one."""
        self._deadlines.pop(process, None)
        if process.segment is not None and self._timeout_seconds is not None:
            self._deadlines[process] = time.monotonic() + self._timeout_seconds

    def _patience(self, timeout_seconds: float) -> float:
        """Return how long to listen before a deadline has to be looked at."""
        if not self._deadlines:
            return max(0.0, timeout_seconds)
        left = min(self._deadlines.values()) - time.monotonic()
        return max(0.0, min(timeout_seconds, left))

    def _listen(self, process: TrialProcess) -> list[Event]:
        events: list[Event] = []
        for message in process.read_messages():
            event = self._understand(process, message)
            if event is not None:
                events.append(event)
        return events

    def _understand(self, process: TrialProcess, message: dict[str, Any]) -> Event | None:
        if "broken" in message:
            raise JobError(
                f"The objective {self._objective.name!r} ({self._objective.code}) cannot be "
                f"loaded: {message['broken']}"
            )
        if "ready" in message:
            process.is_ready = True
            self._failed_starts = 0
            self._limit(process)
            return None
        if process.segment is None:
            return None
        number = process.segment.number
        if "metrics" in message:
            return Reported(number, message["step"], message["metrics"])
        process.segment = None
        self._limit(process)
        metrics = message.get("done") or message.get("pruned") or {}
        return Ended(number, metrics, message.get("failed"), is_pruned="pruned" in message)

    def _check(self, process: TrialProcess) -> list[Event]:
        """Return the end of the segment of a process that died or takes too long."""
        death = process.death()
        if process in self._stopped:
            return self._halt(process)
        if death is not None:
            return self._bury(process, death)
        if time.monotonic() < self._deadlines.get(process, float("inf")):
            return []
        process.kill()
        if not process.is_ready:
            return self._bury(process, f"it took more than {START_SECONDS:g} s to load")
        return self._bury(process, f"it took more than its limit of {self._timeout_seconds:g} s")

    def _halt(self, process: TrialProcess) -> list[Event]:
        """Return the end of a segment that a person stopped, whatever it says itself."""
        reason, segment = self._stopped[process], process.segment
        events = [e for e in self._listen(process) if isinstance(e, Reported)]
        self._end_process(process)
        return [*events, Ended(segment.number, {}, reason)] if segment else list(events)

    def _bury(self, process: TrialProcess, reason: str) -> list[Event]:
        events = self._listen(process)  # what it said before it died counts
        segment = process.segment
        self._end_process(process)
        if process.is_ready:
            return [*events, Ended(segment.number, {}, reason)] if segment else events
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            raise JobError(
                f"The objective {self._objective.name!r} ({self._objective.code}) cannot be "
                f"loaded: {reason}"
            )
        if segment is not None:
            self._start_process().run(segment)
        return events
