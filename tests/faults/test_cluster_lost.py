"""Workers and clusters that die in mid-study: the study goes on from its last evaluations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.model import TrialState
from tests.contract.clusters import DaskCluster, environment_of
from tests.faults.worker_bench import REGISTRY_FILE, WorkerBench
from tests.waiting import PATIENCE_SECONDS, is_running, wait_until

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[WorkerBench]:
    with closing(WorkerBench(tmp_path)) as found:
        yield found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    with closing(DaskCluster(tmp_path, environment_of(tmp_path / "gate"))) as found:
        yield found


@pytest.fixture
def start(bench: WorkerBench, cluster: DaskCluster) -> Iterator[Start]:
    """Start a worker whose trials run on the cluster."""
    started = []

    def start() -> subprocess.Popen[str]:
        options = {
            "--data": str(bench.settings.data),
            "--objectives": str(REGISTRY_FILE),
            "--executor": "dask",
            "--address": cluster.address,
            "--checkpoints": str(bench.folder / "shared"),
        }
        words = [word for option in options.items() for word in option]
        worker = subprocess.Popen(
            [sys.executable, "-m", "hypertendril", "worker", *words],
            stderr=subprocess.PIPE,
            text=True,
            env=environment_of(bench.gate),
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


def test_a_second_worker_finishes_what_a_killed_one_began_on_a_cluster(
    bench: WorkerBench, start: Start
) -> None:
    job_id = bench.submit("gated", 6)
    first = start()
    before = bench.wait_for_trials(job_id, 5)  # three done, two held at the gate
    pids = wait_until(lambda: len(bench.trial_pids()) == 5 and bench.trial_pids())
    assert any(is_running(pid) for pid in pids)
    first.kill()
    first.wait()
    wait_until(lambda: not any(is_running(pid) for pid in pids))  # nobody wants them any more
    start()
    wait_until(lambda: len(bench.trial_pids()) == 7)  # those two, begun anew
    bench.gate.touch()
    study = bench.wait_for_state(job_id, JobState.DONE)
    assert study.trials.number.tolist() == list(range(6))
    assert study.counts()[TrialState.COMPLETE] == 6
    np.testing.assert_array_equal(study.trials.values[:5], before.trials.values[:5])
    np.testing.assert_array_equal(study.trials.ended[:3], before.trials.ended[:3])
    assert len(study.evaluations) == 6


def test_a_worker_whose_cluster_is_lost_gives_its_job_back_and_ends_with_one_line(
    bench: WorkerBench, start: Start, cluster: DaskCluster
) -> None:
    job_id = bench.submit("gated", 6)
    worker = start()
    bench.wait_for_trials(job_id, 5)
    cluster.close()
    _, said = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 2
    assert said.splitlines()[-1].startswith("hypertendril: The connection to the Dask scheduler at")
    assert "Traceback" not in said
    job = bench.job(job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    bench.gate.touch()
    bench.start_worker()  # on this machine
    study = bench.wait_for_state(job_id, JobState.DONE)
    assert study.counts()[TrialState.COMPLETE] == 6
