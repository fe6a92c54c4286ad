from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hypertendril.jobs import processes
from hypertendril.jobs.processes import MARK, end_group
from tests.waiting import PATIENCE_SECONDS

NOBODY = 1 << 30  # above every process id and group there is


class FakeProc:
    """A /proc with one process, whose environment may be written late."""

    def __init__(self, folder: Path, age_seconds: float) -> None:
        self.folder = folder / "4711"
        self.folder.mkdir()
        (self.folder / "exe").symlink_to(sys.executable)
        born = time.clock_gettime(time.CLOCK_BOOTTIME) - age_seconds
        fields = ["S", *["0"] * 18, str(int(born * os.sysconf("SC_CLK_TCK"))), "0"]
        (self.folder / "stat").write_text(f"4711 (a program) {' '.join(fields)}")
        self.set_environment("")

    def set_environment(self, text: str) -> None:
        (self.folder / "environ").write_text(text)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids that were sent SIGKILL; nothing is really killed."""
    found: list[int] = []

    def kill(pid: int, number: int) -> None:
        assert number == signal.SIGKILL
        found.append(pid)

    monkeypatch.setattr(os, "kill", kill)
    return found


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], FakeProc]:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    return lambda age_seconds: FakeProc(tmp_path, age_seconds)


def test_a_process_that_was_just_started_is_waited_for(
    proc: Callable[[float], FakeProc], killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = proc(0.0)
    monkeypatch.setattr(time, "sleep", lambda _: fake.set_environment(f"A=1\0{MARK}=m\0"))

    end_group(NOBODY, "m")

    assert set(killed) == {4711}


def test_a_process_that_never_has_an_environment_is_not_waited_for(
    proc: Callable[[float], FakeProc], killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    proc(3600.0)
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))

    end_group(NOBODY, "m")

    assert killed == []


def test_a_process_that_left_its_group_ends_with_it() -> None:
    mark = f"test-{os.getpid()}"
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env=os.environ | {MARK: mark},
        start_new_session=True,
    ) as process:
        end_group(NOBODY, mark)

        assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
