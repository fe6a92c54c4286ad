"""Workers that die at a bad moment: no trial is lost, none doubled, no process left behind."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bench_kills import ATTACKS
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.model import TrialState
from hypertendril.search import METHODS
from tests.faults.killed_studies import OBJECTIVE, Damage, damage_to, kill_workers
from tests.faults.worker_bench import WorkerBench
from tests.waiting import is_running, wait_until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[WorkerBench]:
    found = WorkerBench(tmp_path)
    yield found
    found.close()


def test_the_benchmark_has_an_attack_on_every_method() -> None:
    assert set(ATTACKS) == set(METHODS)


def test_a_second_worker_finishes_what_a_killed_one_began(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 8)
    first = bench.start_worker()
    before = bench.wait_for_trials(job_id, 5)  # three done, two held at the gate
    first.kill()
    first.wait()
    bench.gate.touch()
    bench.start_worker()
    study = bench.wait_for_state(job_id, JobState.DONE)
    assert study.trials.number.tolist() == list(range(8))
    assert study.counts()[TrialState.COMPLETE] == 8
    np.testing.assert_array_equal(study.trials.values[:5], before.trials.values[:5])
    np.testing.assert_array_equal(study.trials.ended[:3], before.trials.ended[:3])
    assert study.evaluations.trial.tolist().count(4) == 1


@pytest.mark.parametrize(
    ("method", "parallel", "settings"),
    [
        ("tpe", 1, {}),
        ("hyperband", 2, {"eta": 3}),
        ("pbt", 2, {"population": 10, "interval": 1, "generations": 5}),
    ],
)
def test_a_search_ends_as_if_none_of_its_workers_had_been_killed(
    bench: WorkerBench, method: str, parallel: int, settings: dict[str, Any]
) -> None:
    job_id = bench.submit(OBJECTIVE, 30, method=method, parallel=parallel, settings=settings)
    assert kill_workers(bench, job_id, 2, random.Random(7)) > 0
    assert damage_to(bench, job_id) == Damage(0, 0, 0, 0, 0)


def test_the_time_a_study_may_run_holds_through_a_kill(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 8)
    first = bench.start_worker()
    bench.wait_for_trials(job_id, 5)  # two are held at a gate that never opens
    wait_until(lambda: bench.job(job_id).progress.seconds > 0, "the time it has run")
    first.kill()
    first.wait()
    used = bench.job(job_id).progress.seconds
    bench.queue.change(job_id, wall_seconds=used + 0.5)
    bench.start_worker()
    study = bench.wait_for_state(job_id, JobState.DONE)
    job = bench.job(job_id)
    assert job.progress.seconds >= used + 0.5
    assert "budget.wall_seconds" in job.message
    good, pruned = int(TrialState.COMPLETE), int(TrialState.PRUNED)
    assert study.trials.state.tolist() == [good] * 3 + [pruned] * 2


def test_the_trial_processes_of_a_killed_worker_end(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 8)
    worker = bench.start_worker()
    bench.wait_for_trials(job_id, 5)
    pids = bench.trial_pids()
    assert any(is_running(pid) for pid in pids)
    worker.kill()
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_what_a_trial_started_in_a_group_of_its_own_ends_with_a_killed_worker(
    bench: WorkerBench,
) -> None:
    job_id = bench.submit("forks", 1)
    worker = bench.start_worker()

    def pid() -> int | None:
        study = bench.study(job_id)
        if study is None or not len(study.curves):
            return None
        return int(study.curves.value[0])

    child = wait_until(pid)
    assert is_running(child)
    worker.kill()
    wait_until(lambda: not is_running(child))


def test_a_killed_trial_process_costs_its_trial_alone(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 6, parallel=1)
    bench.start_worker()
    bench.wait_for_trials(job_id, 4)
    os.kill(bench.trial_pids()[-1], signal.SIGKILL)
    bench.gate.touch()
    study = bench.wait_for_state(job_id, JobState.DONE)
    states = study.trials.state.tolist()
    assert states.count(TrialState.FAILED) == 1
    assert states.count(TrialState.COMPLETE) == 5
    assert "SIGKILL" in study.trials.notes[states.index(TrialState.FAILED)]


def test_a_standby_worker_takes_over_at_once(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 6)
    first = bench.start_worker()
    bench.wait_for_trials(job_id, 5)
    bench.start_worker()
    bench.gate.touch()
    first.kill()
    study = bench.wait_for_state(job_id, JobState.DONE)
    assert study.counts()[TrialState.COMPLETE] == 6
    assert bench.job(job_id).state is JobState.DONE


def test_a_job_that_kills_its_workers_is_quarantined_and_the_others_run(
    bench: WorkerBench,
) -> None:
    poison = bench.submit("kills_worker", 3)
    healthy = bench.submit("sphere", 3)
    for _ in range(3):
        bench.start_worker().wait()
        assert bench.job(healthy).state is JobState.QUEUED
    bench.start_worker()
    bench.wait_for_state(healthy, JobState.DONE)
    job = bench.job(poison)
    assert (job.state, job.attempts) == (JobState.QUARANTINED, 3)
    assert "three times" in job.message
    study = bench.study(poison)
    assert study is not None
    assert study.counts()[TrialState.RUNNING] == 0


def test_a_worker_that_wakes_after_its_lease_ran_out_writes_nothing(bench: WorkerBench) -> None:
    job_id = bench.submit("gated", 6)
    lease_seconds = 5.0  # a worker on a busy machine keeps it
    sleeper = bench.start_worker(lease_seconds)
    bench.wait_for_trials(job_id, 5)
    os.kill(sleeper.pid, signal.SIGSTOP)
    bench.start_worker(lease_seconds)
    log = bench.folder / "worker.log"
    # Not the job's count of attempts: it falls again as soon as a trial of the second one ends.
    wait_until(lambda: f"Job {job_id} (job): started, attempt 2." in log.read_text())
    bench.gate.touch()
    study = bench.wait_for_state(job_id, JobState.DONE)
    os.kill(sleeper.pid, signal.SIGCONT)
    wait_until(lambda: f"Job {job_id} (job): running." in log.read_text())
    after = bench.study(job_id)
    assert after is not None
    assert after.version == study.version
    assert study.trials.number.tolist() == list(range(6))
    assert study.counts()[TrialState.COMPLETE] == 6
