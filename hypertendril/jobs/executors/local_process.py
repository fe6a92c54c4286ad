"""One trial process as the executor sees it: started, fed, listened to, ended."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hypertendril.jobs.interpreter import module_command, with_package_path
from hypertendril.jobs.processes import MARK, end_group, how_it_ended
from hypertendril.jobs.segments import Segment
from hypertendril.jobs.spec.objectives import RegisteredObjective

# Each trial has a process of its own; more threads than it was promised only fight over the cores.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|CREDENTIAL|PRIVATE|(^|_)(API|ACCESS)_?KEY|_KEY$", re.IGNORECASE
)
_KEPT_OUTPUT_BYTES = 2000
_MAX_LINE_BYTES = 4 * 2**20


class TrialProcess:
    """A process that runs the segments of one objective, one after the other."""

    def __init__(self, objective: RegisteredObjective) -> None:
        self._mark = secrets.token_hex(16)
        commands, self._commands = os.pipe()
        self.reports, reports = os.pipe()
        self.output, output = os.pipe()
        self._buffer = b""
        self._printed = b""
        self.is_ready = False
        self.segment: Segment | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                module_command(
                    "hypertendril.jobs.trial.main",
                    str(commands),
                    str(reports),
                    str(os.getpid()),
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(commands, reports),
                env=trial_environment(os.environ, objective, self._mark),
                start_new_session=True,
            )
        finally:
            for theirs in (commands, reports, output):
                os.close(theirs)
        for ours in (self.reports, self.output):
            os.set_blocking(ours, False)
        # Through the pipe: a large space would be too long for an argument.
        entry = {"name": objective.name, "item": objective.to_json()}
        self._send({"load": entry | {"folder": str(objective.folder)}})

    @property
    def group(self) -> int:
        """Process group, which it leads."""
        return self._process.pid

    @property
    def mark(self) -> str:
        """What everything it starts carries in its environment."""
        return self._mark

    def run(self, segment: Segment) -> None:
        """Send a segment; it begins as soon as the objective is loaded."""
        self.segment = segment
        self._send({"segment": segment.to_json()})

    def ask_to_stop(self) -> None:
        """Let the code know that its trial should end."""
        self._send({"stop": True})

    def read_messages(self) -> list[dict[str, Any]]:
        """Return what it has sent by now about the segment under way, or while it started.

        One that closed its end or sends what nobody understands is ended: it can never
        say that its trial is over.
        """
        data = _available(self.reports)
        *lines, self._buffer = (self._buffer + (data or b"")).split(b"\n")
        if data == b"" or len(self._buffer) > _MAX_LINE_BYTES:
            self.kill()
        messages = []
        for line in lines:
            try:
                messages.append(dict(json.loads(line)))
            except (ValueError, TypeError, RecursionError):
                self.kill()  # what it said before that counts
                break
        # A thread that outlives its trial may report in its name; that trial is closed.
        number = self.segment.number if self.segment else None
        return [message for message in messages if message.get("number", number) == number]

    def read_output(self) -> bool:
        """Take what its code printed, and return whether there can be more.

        Only the end of it is kept, for the day it crashes.
        """
        data = _available(self.output)
        self._printed = (self._printed + (data or b""))[-_KEPT_OUTPUT_BYTES:]
        return data != b""

    def death(self) -> str | None:
        """Return how the process ended, in words; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        self.read_output()
        printed = self._printed.decode(errors="replace").strip()
        return f"the process {how_it_ended(code)}\n{printed}".strip()

    def kill(self) -> None:
        """End it and all it started."""
        end_group(self.group, self._mark)

    def close(self) -> None:
        """End it and all it started, and close what connects to it."""
        self.kill()
        self._process.wait()
        for pipe in (self._commands, self.reports, self.output):
            os.close(pipe)

    def _send(self, message: dict[str, Any]) -> None:
        # One that died meanwhile is found by `death`, with the reason.
        with suppress(BrokenPipeError):
            rest = memoryview(json.dumps(message).encode() + b"\n")
            while rest:
                rest = rest[os.write(self._commands, rest) :]


def trial_environment(
    environment: Mapping[str, str], objective: RegisteredObjective, mark: str
) -> dict[str, str]:
    """Return the environment of a trial process.

    Variables whose names look secret stay here unless the registry lists them: training
    code, and whoever can make it print, has no business with the server's passwords.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if not _SECRET.search(name) or name in objective.environment
    }
    kept |= dict.fromkeys(_THREADS, str(max(1, int(objective.resources.get("CPU", 1)))))
    return with_package_path(kept) | {
        MARK: mark,
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }


def _available(pipe: int) -> bytes | None:
    """Return what a pipe holds now, up to a portion; None for nothing, empty for the end."""
    with suppress(BlockingIOError):
        return os.read(pipe, 2**18)
    return None
