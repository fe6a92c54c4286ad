"""Runs the command of an objective for one segment and follows the file it reports into."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypertendril.errors import JobError
from hypertendril.jobs.interpreter import without_package_path
from hypertendril.jobs.processes import how_it_ended
from hypertendril.jobs.spec.command import Command
from hypertendril.jobs.training import TrialContext, as_numbers

LOOK_SECONDS = 0.05  # how far what is shown lags behind what was written
END_SECONDS = 2.0  # for a program that was asked to end
MAX_LINE_BYTES = 2**20
_KEPT_OUTPUT_BYTES = 1500
_PORTION = 2**16


class CommandRun:
    """A command as an objective: called with a trial it runs once, and returns the last metrics.

    Args:
        command: What is run.
        folder: Where it is run: a program beside the registry is written `./program`.

    Raises:
        JobError: There is no such program.
    """

    def __init__(self, command: Command, folder: Path) -> None:
        self._command = command
        self._folder = folder
        is_path = "/" in command.program
        if shutil.which(str(folder / command.program) if is_path else command.program) is None:
            where = f"in {folder}" if is_path else "on the PATH"
            raise JobError(f"there is no program {command.program!r} {where} that can be run.")

    def __call__(self, trial: TrialContext) -> dict[str, float]:
        """Run the command for one segment.

        Raises:
            JobError: It did not end with status 0, or it reported what nobody understands.
        """
        report = _Report(trial)
        values = trial.params | self._places(trial, report.path)
        program = _Program(self._command.filled(values), self._folder)
        try:
            while program.is_running():
                report.read()
                if trial.should_stop:
                    program.ask_to_end()
            report.read()
            program.check()
            return report.ended()
        finally:
            program.end()
            report.path.unlink(missing_ok=True)

    def _places(self, trial: TrialContext, report: Path) -> dict[str, Any]:
        found = {"report": str(report), "seed": trial.seed, "from": trial.from_step}
        if trial.to_step is not None:
            found["to"] = trial.to_step
        if trial.checkpoint is not None:
            found["checkpoint"] = str(trial.checkpoint)
        if "checkpoint_dir" in self._command.places:
            found["checkpoint_dir"] = str(trial.checkpoint_dir)
        return found


class _Program:
    """The process of a command, in the group of this one, so that it ends with it."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self._name = arguments[0]
        self._printed = b""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - named by the registry, no shell
                arguments,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=without_package_path(dict(os.environ)),
            )
        except OSError as error:
            raise JobError(f"{self._name} cannot be started ({error.strerror}).") from None
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self._has_output = True

    def is_running(self) -> bool:
        """Wait a moment, or until it prints something; return whether it runs."""
        if self._has_output and select.select([self._output], [], [], LOOK_SECONDS)[0]:
            self._listen()
        elif not self._has_output:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_SECONDS)
        return self._process.poll() is None

    def ask_to_end(self) -> None:
        """Let it end in order."""
        self._process.terminate()

    def check(self) -> None:
        """Raise the reason if it did not end well."""
        while self._has_output and select.select([self._output], [], [], 0)[0]:
            self._listen()
        if self._process.returncode:
            said = self._printed.decode(errors="replace").strip()
            how = how_it_ended(self._process.returncode)
            raise JobError(f"{self._name} {how}\n{said}".strip())

    def end(self) -> None:
        """End it, if it still runs, and close what connects to it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()

    def _listen(self) -> None:
        data = os.read(self._output.fileno(), _PORTION)
        self._has_output = bool(data)
        self._printed = (self._printed + data)[-_KEPT_OUTPUT_BYTES:]


class _Report:
    """The file a command reports into, one JSON object a line, read while it grows.

    An object with a `step` is a point on the curves of its other numbers; one without tells
    metrics of the whole trial. null is a missing number.
    """

    def __init__(self, trial: TrialContext) -> None:
        self.path = trial.report_file
        self._trial = trial
        self._position = self._line = 0
        self._rest = b""
        self._metrics: dict[str, float] = {}
        # What an interrupted run of the same segment left is told again by this one.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)

    def read(self) -> None:
        """Pass on the lines that were added.

        Raises:
            JobError: A line is not what it should be.
        """
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self._position)
            while data := file.read(_PORTION):
                self._position += len(data)
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._take(line)
                if len(self._rest) > MAX_LINE_BYTES:
                    raise self._wrong("is endless")

    def ended(self) -> dict[str, float]:
        """Return the metrics of the whole trial, once nothing more is written."""
        self._take(self._rest)  # a last line without an end of line
        return self._metrics

    def _take(self, line: bytes) -> None:
        self._line += 1
        if not line.strip():
            return
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            raise self._wrong(f"is not JSON: {line[:80].decode(errors='replace')}") from None
        if not isinstance(data, dict):
            raise self._wrong('is not an object such as {"step": 1, "loss": 0.5}')
        numbers = {key: float("nan") if value is None else value for key, value in data.items()}
        try:
            if "step" in numbers:
                self._trial.report(numbers.pop("step"), **numbers)
            else:
                self._metrics |= as_numbers(numbers)
        except (TypeError, ValueError) as error:
            raise self._wrong(f"is wrong: {error}") from None

    def _wrong(self, what: str) -> JobError:
        return JobError(f"Line {self._line} of the report {what}")
