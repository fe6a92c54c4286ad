"""What the job queue keeps and reads: JSON of its own, in a folder of its own."""

from __future__ import annotations

import io
import json
import os
import pickle  # noqa: TID251 - planted here, to see that nothing loads it
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hypertendril.errors import HyperTendrilError, JobError
from hypertendril.jobs.queue.job_queue import JobQueue, Progress
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry

REGISTRY = load_registry(Path(__file__).parents[1] / "data" / "jobs" / "objectives.toml")
SPEC = JobSpec.from_json(
    {"name": "a job", "objective": "sphere", "method": "random", "budget": {"trials": 4}}, REGISTRY
)
LEASE = 10.0


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    found = JobQueue(tmp_path / "queue")
    yield found
    found.close()


class Planted:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def plant(folder: Path, row: dict[str, object]) -> None:
    """Write a row into the queue's database as an attacker with access to it would."""
    database = sqlite3.connect(folder / "cache.db")
    with database:
        database.execute("DELETE FROM Cache WHERE key = ?", (row["key"],))
        database.execute(
            "INSERT INTO Cache (key, raw, store_time, access_time, mode, filename, value) "
            "VALUES (:key, :raw, 0, 0, :mode, :filename, :value)",
            {"filename": None, "value": None, "raw": 1} | row,
        )
    database.close()


@pytest.mark.parametrize("key", ["all", "open", "changes", "key:button"])
@pytest.mark.parametrize("form", ["pickle", "pickle in a file", "text file", "bytes", "not JSON"])
def test_a_planted_row_is_refused_and_not_executed(
    queue: JobQueue, tmp_path: Path, key: str, form: str
) -> None:
    trap = tmp_path / "executed"
    evil = pickle.dumps(Planted(trap))
    (tmp_path / "queue" / "evil.val").write_bytes(evil)
    rows: dict[str, dict[str, object]] = {
        "pickle": {"mode": 4, "value": evil},
        "pickle in a file": {"mode": 4, "filename": "evil.val"},
        "text file": {"mode": 3, "filename": "../../../../../../etc/hostname"},
        "bytes": {"mode": 1, "value": b"[]"},
        "not JSON": {"mode": 1, "value": "["},
    }
    queue.submit(SPEC)
    plant(tmp_path / "queue", {"key": key} | rows[form])
    reads = {"all": queue.jobs, "changes": queue.change_count}
    read = reads.get(key, lambda: queue.submit(SPEC, key="button"))
    with pytest.raises(JobError, match="this program did not write"):
        read()
    assert not trap.exists()


def test_a_planted_job_is_refused(queue: JobQueue, tmp_path: Path) -> None:
    trap = tmp_path / "executed"
    job_id = queue.submit(SPEC)
    evil = pickle.dumps(Planted(trap))
    plant(tmp_path / "queue", {"key": f"job:{job_id}", "mode": 4, "value": evil})
    with pytest.raises(JobError, match="this program did not write"):
        queue.claim("anyone", LEASE)
    assert not trap.exists()


def test_a_planted_pickle_key_is_refused_wherever_keys_are_read(
    queue: JobQueue, tmp_path: Path
) -> None:
    trap = tmp_path / "executed"
    evil = pickle.dumps(Planted(trap))
    plant(tmp_path / "queue", {"key": evil, "raw": 0, "mode": 1, "value": "1"})
    cache = queue._records._cache
    for read in (lambda: list(cache), lambda: list(cache.iterkeys()), cache.peekitem):
        with pytest.raises(JobError, match="this program did not write"):
            read()
    assert queue.jobs() == ()
    assert not trap.exists()


def test_nothing_but_json_under_text_keys_can_be_kept(queue: JobQueue) -> None:
    for key, value in ((("a",), 1), (b"a", 1), ("a", {1, 2}), ("a", b"bytes"), ("a", object())):
        with pytest.raises(JobError):
            queue._records._cache[key] = value
    with pytest.raises(JobError):
        queue._records._cache.set("a", io.BytesIO(b"x"), read=True)


def test_no_row_of_a_busy_queue_is_a_pickle_or_a_file(queue: JobQueue, tmp_path: Path) -> None:
    queue.submit(SPEC, key="k")
    lease = queue.claim("somebody", LEASE)
    assert lease
    queue.heartbeat(lease, Progress(1, 1, 0.5))
    database = sqlite3.connect(tmp_path / "queue" / "cache.db")
    rows = database.execute("SELECT raw, mode, filename, value FROM Cache").fetchall()
    database.close()
    assert len(rows) == 6  # the job, its start, all, the open ones, the key, the count of changes
    for raw, mode, filename, value in rows:
        assert (raw, mode, filename) == (1, 1, None)
        json.loads(value)


def test_the_folder_is_private(queue: JobQueue, tmp_path: Path) -> None:
    del queue
    assert (tmp_path / "queue").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(HyperTendrilError, match="other users can write"):
        JobQueue(tmp_path / "open")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(HyperTendrilError, match="belongs to another user"):
        JobQueue(tmp_path / "theirs")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HyperTendrilError, match="file/queue: the folder cannot be used"):
        JobQueue(tmp_path / "file" / "queue")
