"""Ends processes with all they started, even when the one who should have done it was killed.

Trial processes lead a group each, and everything they start inherits a mark in its
environment, also what leaves the group. Run as a script this is the guard: a small
process that is told of each group through a pipe and ends those left when the pipe
breaks, which it does when the worker dies in whatever way. (A death signal of the kernel
reaches the trial process alone, not what it started.)

Imports nothing but the standard library: the guard is started by path, without packages.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

MARK = "HYPERTENDRIL_TRIAL_PROCESS"
_PROC = Path("/proc")
_ROUNDS = 5  # a process that forks while it is looked for is found the next time
# A process that is just being started has no environment yet, on a busy machine for some time.
_YOUNG_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 2.0


def how_it_ended(code: int) -> str:
    """Return in words how a process ended, given its return code."""
    if code >= 0:
        return f"ended with status {code}"
    how = f"was ended by signal {-code}"
    with suppress(ValueError):
        how = f"was ended by {signal.Signals(-code).name}"
    return how + (" (out of memory, or killed by hand)" if -code == signal.SIGKILL else "")


def end_group(group: int, mark: str) -> None:
    """Kill the process group `group` and every process of ours that carries `mark`."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for _ in range(_ROUNDS):
        marked, starting = _marked(mark)
        while starting and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            more, starting = _marked(mark)
            marked += more
        if not marked:
            return
        for pid in marked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> tuple[list[int], bool]:
    """Return the processes with `mark` in their environment, and whether one may yet get it.

    None where there is no /proc.
    """
    wanted = f"{MARK}={mark}".encode()
    found, starting = [], False
    with suppress(OSError):
        for folder in _PROC.iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                # A process may end meanwhile; another user's cannot be read.
                with suppress(OSError):
                    environment = (folder / "environ").read_bytes()
                    if wanted in environment.split(b"\0"):
                        found.append(int(folder.name))
                    starting = starting or (not environment and _is_starting(folder))
    return found, starting


def _is_starting(folder: Path) -> bool:
    """Whether a process without an environment is a young one, and not a zombie.

    Raises:
        OSError: It has ended, or is a zombie, which has no program.
    """
    (folder / "exe").readlink()
    ticks = int((folder / "stat").read_text().rpartition(")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return age < _YOUNG_SECONDS


class Guard:
    """The guard process of this process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very file, no shell
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int, mark: str) -> None:
        """Have `group` ended when this process is gone."""
        self._tell(f"+{group} {mark}\n")

    def forget(self, group: int) -> None:
        """Take `group` off the list: it has ended."""
        self._tell(f"-{group} -\n")

    def close(self) -> None:
        """End the guard, and with it whatever is still on its list."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        # Without its guard a killed worker leaves orphans until they end; worse is not lost.
        with suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def keep_guard(lines: IO[str]) -> None:
    """Follow what is told line by line; at the end of it, end every group that is left."""
    groups: dict[int, str] = {}
    for line in lines:
        number, _, mark = line[1:].strip().partition(" ")
        if line.startswith("+"):
            groups[int(number)] = mark
        else:
            groups.pop(int(number), None)
    for group, mark in groups.items():
        end_group(group, mark)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep_guard(sys.stdin)
