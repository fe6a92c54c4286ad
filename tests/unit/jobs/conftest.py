"""What several tests of jobs stand on: a queue, its owner, and a bench for studies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hypertendril.jobs.queue.job_queue import JobQueue
from hypertendril.store.experiment_store import ExperimentStore
from tests.unit.jobs.segment_bench import Bench


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    found = JobQueue(tmp_path / "queue")
    yield found
    found.close()


@pytest.fixture
def owner(queue: JobQueue) -> Iterator[str]:
    found = queue.new_owner()
    yield found.name
    found.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with ExperimentStore.open(None) as store:
        yield Bench(tmp_path, store, monkeypatch)
