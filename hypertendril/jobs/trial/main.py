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

from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.segments import Segment
from hypertendril.jobs.spec.objectives import ObjectiveKind, RegisteredObjective
from hypertendril.jobs.training import TrialContext, TrialPruned, as_numbers
from hypertendril.jobs.trial.command_run import CommandRun
from hypertendril.jobs.trial.optuna_style import OptunaStyle

MAX_ERROR_LENGTH = 2000
_NOT_THEIRS = (str(Path(__file__).parents[2]), str(Path(importlib.__file__).parent), "<frozen ")
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

    def objective(self) -> RegisteredObjective | None:
        """Wait to be told what to run; None when nobody will."""
        command = self._next_command()
        if command is None:
            return None
        entry = command["load"]
        return RegisteredObjective.from_json(entry["name"], entry["item"], Path(entry["folder"]))

    def next_segment(self) -> Segment | None:
        """Wait for the next segment; None when there will be none."""
        while (command := self._next_command()) is not None:
            if "segment" in command:
                self._is_stop_wanted = False
                return Segment.from_json(command["segment"])
        return None

    def _next_command(self) -> dict[str, Any] | None:
        while b"\n" not in self._buffer:
            if not self._read():
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        command: dict[str, Any] = json.loads(line)
        return command

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


def run_segment(segment: Segment, objective: Objective, line: Line) -> None:
    """Train one segment and send what it reports and how it ended."""

    def report(step: float, metrics: dict[str, float]) -> None:
        line.send({"number": segment.number, "step": step, "metrics": metrics})

    try:
        result = objective(TrialContext(segment, report, line.is_stop_wanted))
        metrics = _result(result)
    except TrialPruned as pruned:
        line.send({"number": segment.number, "pruned": pruned.metrics})
        return
    except HyperTendrilError as error:  # says what to do; the way to it is ours, not theirs
        line.send({"number": segment.number, "failed": str(error)[:MAX_ERROR_LENGTH]})
        return
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
    """Return one line that says what went wrong, then the last lines of the way there through their code."""
    lines = traceback.format_exception_only(error)
    lines.sort(key=lambda line: line.startswith(" "))  # of a syntax error the place comes first
    summary = "".join(lines).strip()
    frames = [f for f in traceback.extract_tb(trace) if not f.filename.startswith(_NOT_THEIRS)]
    way = "".join(traceback.format_list(frames[-6:]))
    head = summary[: MAX_ERROR_LENGTH // 2]
    return f"{head}\n{way[-(MAX_ERROR_LENGTH - len(head) - 1) :]}".strip()


def load(entry: RegisteredObjective) -> Objective:
    """Return what a registered objective runs, the module of a function looked for in its folder.

    Raises:
        TypeError: What has that name cannot be called.
        JobError: There is no such program.
    """
    if entry.command is not None:
        return CommandRun(entry.command, entry.folder)
    module, _, name = entry.function.partition(":")
    sys.path.insert(0, str(entry.folder))
    found = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise TypeError(f"{entry.function} is not a function.")
    objective: Objective = found
    return OptunaStyle(found, entry) if entry.kind is ObjectiveKind.OPTUNA else objective


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent is gone (Linux; elsewhere the guard does)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The worker is gone.")


def main(arguments: list[str]) -> None:
    """Serve segments until the executor closes its end."""
    commands, reports, parent = arguments
    die_with(int(parent))
    for pipe in (int(commands), int(reports)):
        os.set_inheritable(pipe, False)
    line = Line(int(commands), int(reports))
    entry = line.objective()
    if entry is None:
        return
    try:
        objective = load(entry)
    except HyperTendrilError as error:
        line.send({"broken": str(error)})
        return
    except BaseException as error:  # noqa: BLE001 - as above
        line.send({"broken": _told(error, error.__traceback__)})
        return
    line.send({"ready": True})
    while (segment := line.next_segment()) is not None:
        run_segment(segment, objective, line)


if __name__ == "__main__":
    main(sys.argv[1:])
