from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hypertendril.jobs.queue.owner import FileLock


def test_two_that_ask_at_once_do_not_take_each_other_for_the_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    lock_file: Callable[..., Any] = fcntl.flock
    answers: list[bool] = []

    def ask_in_between(file: int, kind: int) -> None:
        lock_file(file, kind)
        monkeypatch.setattr(fcntl, "flock", lock_file)
        answers.append(FileLock(path).is_taken())

    monkeypatch.setattr(fcntl, "flock", ask_in_between)
    answers.append(FileLock(path).is_taken())
    assert answers == [False, False]


def test_a_lock_is_taken_until_its_holder_lets_go(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with closing(lock):
        assert lock.acquire()
        assert FileLock(tmp_path / "lock").is_taken()
        assert not FileLock(tmp_path / "lock").acquire()
    assert not FileLock(tmp_path / "lock").is_taken()
