"""The process that trains: loads the objective once, then runs the segments it is sent.

Speaks JSON lines over two pipes. What the code prints goes to neither of them.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from hypertendril.jobs.segments import Segment
from hypertendril.jobs.training import TrialContext, as_numbers

MAX_ERROR_LENGTH = 2000
_PR_SET_PDEATHSIG = 1
Objective = Callable[[TrialContext], Any]


class Line:
    """The two pipes to the executor."""

    def __init__(self, commands: int, reports: int) -> None:
        self._commands = commands
        self._reports = reports
        self._buffer = b""
        self._is_stop_wanted = False
        self._sending = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message; threads of the objective may report too."""
        rest = memoryview(json.dumps(message).encode() + b"\n")
        with self._sending:
            while rest:
                rest = rest[os.write(self._reports, rest) :]

    def next_segment(self) -> Segment | None:
        """Wait for the next segment; None when there will be none."""
        while True:
            while b"\n" not in self._buffer:
                if not self._read():
                    return None
            line, _, self._buffer = self._buffer.partition(b"\n")
            command = json.loads(line)
            if "segment" in command:
                self._is_stop_wanted = False
                return _segment(command["segment"])

    def is_stop_wanted(self) -> bool:
        """Return whether the segment under way was asked to end; looks, does not wait."""
        while not self._is_stop_wanted and select.select([self._commands], [], [], 0)[0]:
            # Nothing but a stop is sent to a busy process; a broken pipe means the same.
            self._is_stop_wanted = not self._read() or b'"stop"' in self._buffer
        return self._is_stop_wanted

    def _read(self) -> bool:
        data = os.read(self._commands, 65536)
        self._buffer += data
        return bool(data)


def _segment(data: dict[str, Any]) -> Segment:
    checkpoint = data["checkpoint"]
    return Segment(
        **data
        | {
            "checkpoint": None if checkpoint is None else Path(checkpoint),
            "checkpoint_dir": Path(data["checkpoint_dir"]),
        }
    )


def run_segment(segment: Segment, objective: Objective, line: Line) -> None:
    """Train one segment and send what it reports and how it ended."""

    def report(step: float, metrics: dict[str, float]) -> None:
        line.send({"number": segment.number, "step": step, "metrics": metrics})

    try:
        result = objective(TrialContext(segment, report, line.is_stop_wanted))
        metrics = _result(result)
    except BaseException as error:  # noqa: BLE001 - whatever ends the code, the trial has ended
        first = error.__traceback__
        error_text = _told(error, first.tb_next if first else None)
        line.send({"number": segment.number, "failed": error_text})
        return
    line.send({"number": segment.number, "done": metrics})


def _result(result: Any) -> dict[str, float]:
    if result is None:
        return {}
    if isinstance(result, Mapping):
        return as_numbers(result)
    return {"": as_numbers({"the result": result})["the result"]}


def _told(error: BaseException, trace: TracebackType | None) -> str:
    """Return one line that says what went wrong, then the last lines of the way there."""
    summary = "".join(traceback.format_exception_only(error)).strip()
    way = "".join(traceback.format_tb(trace, limit=-6))
    head = summary[: MAX_ERROR_LENGTH // 2]
    return f"{head}\n{way[-(MAX_ERROR_LENGTH - len(head) - 1) :]}".strip()


def load(function: str, folder: str) -> Objective:
    """Return the objective `module:function`, its module looked for in `folder` first.

    Raises:
        TypeError: What has that name cannot be called.
    """
    module, _, name = function.partition(":")
    sys.path.insert(0, folder)
    found = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise TypeError(f"{function} is not a function.")
    objective: Objective = found
    return objective


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent is gone (Linux; elsewhere the guard does)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The worker is gone.")


def main(arguments: list[str]) -> None:
    """Serve segments until the executor closes its end."""
    commands, reports, parent, function, folder = arguments
    die_with(int(parent))
    for pipe in (int(commands), int(reports)):
        os.set_inheritable(pipe, False)
    line = Line(int(commands), int(reports))
    try:
        objective = load(function, folder)
    except BaseException as error:  # noqa: BLE001 - as above
        line.send({"broken": _told(error, error.__traceback__)})
        return
    line.send({"ready": True})
    while (segment := line.next_segment()) is not None:
        run_segment(segment, objective, line)


if __name__ == "__main__":
    main(sys.argv[1:])
