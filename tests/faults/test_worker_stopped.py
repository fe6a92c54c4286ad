"""Workers and jobs that are stopped on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hypertendril.jobs import keeper as keeper_module
from hypertendril.jobs.keeper import WorkerKeeper
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.jobs.worker import is_worker_alive, start_worker, worker_lock
from hypertendril.model import TrialState
from tests.faults.worker_bench import REGISTRY_FILE, ROOT, WorkerBench
from tests.waiting import PATIENCE_SECONDS, is_running, wait_until

# A server that starts a worker and is gone at once.
SERVE = """
import sys
from pathlib import Path
from hypertendril.jobs.worker import start_worker
from hypertendril.settings import Settings
worker = start_worker(Settings(Path(sys.argv[1]), Path(sys.argv[2])))
print(worker.pid)
worker.returncode = 0  # it is not waited for
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[WorkerBench]:
    found = WorkerBench(tmp_path)
    yield found
    found.close()


def test_a_running_job_is_cancelled_before_its_trials_or_its_lease_end(
    bench: WorkerBench,
) -> None:
    job_id = bench.submit("gated", 50)  # from number 3 on they are held at a gate that stays shut
    bench.start_worker(lease_seconds=10 * PATIENCE_SECONDS)
    bench.wait_for_trials(job_id, 5)
    assert bench.queue.cancel(job_id) is JobState.RUNNING
    study = bench.wait_for_state(job_id, JobState.CANCELLED)
    assert study.counts()[TrialState.COMPLETE] == 3
    assert study.trials.notes == dict.fromkeys((3, 4), "Cancelled while it ran.")
    assert study.trials.state[3:].tolist() == [TrialState.FAILED] * 2
    wait_until(lambda: not any(is_running(pid) for pid in bench.trial_pids()))


def test_a_job_whose_worker_died_can_be_cancelled(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 50)
    worker = bench.start_worker()
    bench.wait_for_trials(job_id, 5)
    worker.kill()
    worker.wait()
    bench.queue.cancel(job_id)
    bench.start_worker()
    study = bench.wait_for_state(job_id, JobState.CANCELLED)
    assert study.counts()[TrialState.RUNNING] == 0
    assert study.counts()[TrialState.FAILED] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_end_gives_its_job_back(
    bench: WorkerBench, number: signal.Signals
) -> None:
    job_id = bench.submit("gated", 6)
    worker = bench.start_worker()
    bench.wait_for_trials(job_id, 5)
    os.kill(worker.pid, number)
    assert worker.wait(PATIENCE_SECONDS) == 0
    job = bench.job(job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    wait_until(lambda: not any(is_running(pid) for pid in bench.trial_pids()))
    bench.gate.touch()
    bench.start_worker()
    study = bench.wait_for_state(job_id, JobState.DONE)
    assert study.counts()[TrialState.COMPLETE] == 6


def test_a_worker_whose_server_is_gone_ends_with_the_last_job(bench: WorkerBench) -> None:
    jobs = [bench.submit("sphere", 2) for _ in range(2)]
    command = [sys.executable, "-c", SERVE, str(bench.settings.data), str(REGISTRY_FILE)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    served = subprocess.run(command, capture_output=True, check=True, env=environment)
    wait_until(lambda: not is_running(int(served.stdout)))
    assert [bench.job(job).state for job in jobs] == [JobState.DONE] * 2
    assert "no job is left" in (bench.settings.data / "worker.log").read_text()


def test_a_job_that_cannot_be_loaded_fails_with_the_reason(bench: WorkerBench) -> None:
    job_id = bench.submit("cannot_load", 3)
    bench.start_worker()
    bench.wait_for_state(job_id, JobState.FAILED)
    assert "library of this objective is missing" in bench.job(job_id).message


def test_a_study_streams_while_it_runs(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 4)
    bench.start_worker()
    bench.wait_for_trials(job_id, 4)
    wait_until(lambda: bench.job(job_id).progress.done == 3)

    def has_point_of_a_running_trial() -> bool:
        study = bench.study(job_id)
        return study is not None and len(study.curves.of(3, 0)[0]) == 1

    wait_until(has_point_of_a_running_trial)
    assert bench.job(job_id).progress.running == 1


def test_only_one_worker_is_started_for_a_folder(bench: WorkerBench) -> None:
    first = start_worker(bench.settings)
    try:
        wait_until(lambda: is_worker_alive(bench.settings))
        second = start_worker(bench.settings)
        assert second.wait(PATIENCE_SECONDS) == 0
        assert first.poll() is None
        assert os.getsid(first.pid) == first.pid
        assert (bench.settings.data / "worker.log").stat().st_mode & 0o777 == 0o600
    finally:
        first.terminate()
        assert first.wait(PATIENCE_SECONDS) == 0


def test_a_keeper_replaces_a_worker_that_dies_and_leaves_it_at_the_end(
    bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "CHECK_SECONDS", 0.05)
    started: list[subprocess.Popen[bytes]] = []

    def start(settings: object) -> subprocess.Popen[bytes]:
        assert settings == bench.settings
        started.append(start_worker(bench.settings))
        return started[-1]

    monkeypatch.setattr(keeper_module, "start_worker", start)
    keeper = WorkerKeeper(bench.settings)
    keeper.start()
    try:
        wait_until(lambda: is_worker_alive(bench.settings))
        started[0].kill()
        wait_until(lambda: len(started) == 2)
        wait_until(lambda: is_worker_alive(bench.settings))
        keeper.stop()
        assert is_running(started[1].pid)
    finally:
        keeper.stop()
        for worker in started:
            if is_running(worker.pid):
                os.kill(worker.pid, signal.SIGTERM)
    wait_until(lambda: not is_worker_alive(bench.settings))


def test_a_keeper_leaves_a_folder_with_a_worker_alone(
    bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "CHECK_SECONDS", 0.01)
    lock = worker_lock(bench.settings)
    assert lock.acquire()
    looks: list[bool] = []

    def alive(settings: object) -> bool:
        del settings
        looks.append(True)
        return is_worker_alive(bench.settings)

    monkeypatch.setattr(keeper_module, "is_worker_alive", alive)
    keeper = WorkerKeeper(bench.settings)
    keeper.start()
    wait_until(lambda: len(looks) > 3)
    keeper.stop()
    lock.close()
    assert not (bench.settings.data / "worker.log").exists()
