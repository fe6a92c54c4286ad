"""Waiting for what other threads, processes and pages do: until it is so, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from hypertendril.jobs.segments import Event, Executor

Found = TypeVar("Found")
PATIENCE_SECONDS = 240.0  # for a machine that is busy; a passing test never waits for it


def wait_until(
    condition: Callable[[], Found | Literal[False] | None],
    what: str = "what the test is about",
    seconds: float = PATIENCE_SECONDS,
) -> Found:
    """Return what `condition()` gives once it is true; raise TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.02)
    return found


def events_until(executor: Executor, is_enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Return the events of an executor, once they are enough."""
    events: list[Event] = []

    def look() -> bool:
        events.extend(executor.wait(0.2))
        return bool(events) and is_enough(events)

    wait_until(look, "events of the executor")
    return events


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
