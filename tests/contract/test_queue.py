"""What the job queue promises: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.queue import job_records
from hypertendril.jobs.queue.job_queue import JobQueue, JobState, Progress, Standing
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry

ROOT = Path(__file__).parents[2]
REGISTRY = load_registry(ROOT / "tests" / "data" / "jobs" / "objectives.toml")
SPEC = JobSpec.from_json(
    {"name": "a job", "objective": "sphere", "method": "random", "budget": {"trials": 4}}, REGISTRY
)
LEASE = 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[JobQueue]:
    found = JobQueue(tmp_path / "queue", clock)
    yield found
    found.close()


@pytest.fixture
def owner(queue: JobQueue) -> Iterator[str]:
    found = queue.new_owner()
    yield found.name
    found.close()


@pytest.fixture
def other(queue: JobQueue) -> Iterator[str]:
    found = queue.new_owner()
    yield found.name
    found.close()


def test_a_submitted_job_is_there_for_another_process(queue: JobQueue, tmp_path: Path) -> None:
    job_id = queue.submit(SPEC)
    again = JobQueue(tmp_path / "queue")
    job = again.job(job_id)
    again.close()
    assert (job.state, job.spec, job.attempts) == (JobState.QUEUED, SPEC, 0)


def test_the_same_key_submits_once(queue: JobQueue) -> None:
    first = queue.submit(SPEC, key="button-1")
    assert queue.submit(replace(SPEC, name="again"), key="button-1") == first
    assert queue.submit(SPEC, key="button-2") != first
    assert len(queue.jobs()) == 2


def test_jobs_are_claimed_in_the_order_they_came(queue: JobQueue, owner: str) -> None:
    ids = [queue.submit(SPEC) for _ in range(3)]
    leases = [queue.claim(owner, LEASE) for _ in range(4)]
    assert [lease.job.id for lease in leases if lease] == ids
    assert leases[3] is None


def test_a_claimed_job_is_nobody_elses(queue: JobQueue, owner: str, other: str) -> None:
    queue.submit(SPEC)
    assert queue.claim(owner, LEASE)
    assert queue.claim(other, LEASE) is None


def test_a_job_ends_once_and_for_ever(queue: JobQueue, owner: str) -> None:
    queue.submit(SPEC)
    lease = queue.claim(owner, LEASE)
    assert lease
    assert queue.finish(lease, JobState.DONE)
    assert not queue.finish(lease, JobState.FAILED, "late")
    job = queue.job(lease.job.id)
    assert (job.state, job.message) == (JobState.DONE, "")
    assert queue.claim(owner, LEASE) is None
    with pytest.raises(JobError, match="has ended already"):
        queue.cancel(job.id)


def test_a_lease_that_ran_out_goes_to_another_and_the_old_owner_writes_nothing(
    queue: JobQueue, owner: str, other: str, clock: Clock
) -> None:
    queue.submit(SPEC)
    old = queue.claim(owner, LEASE)
    clock.now += LEASE + 0.1
    new = queue.claim(other, LEASE)
    assert old and new and new.job.id == old.job.id
    assert queue.heartbeat(old, Progress(done=3)) is Standing.LOST
    assert queue.standing(old) is Standing.LOST
    assert not queue.release(old)
    assert not queue.finish(old, JobState.DONE)
    assert queue.job(old.job.id).progress.done == 0
    assert queue.finish(new, JobState.DONE)


def test_the_same_owner_name_does_not_help_an_old_lease(
    queue: JobQueue, owner: str, clock: Clock
) -> None:
    queue.submit(SPEC)
    old = queue.claim(owner, LEASE)
    clock.now += LEASE + 0.1
    assert queue.claim(owner, LEASE)
    assert old and not queue.finish(old, JobState.DONE)


def test_a_heartbeat_keeps_the_lease(queue: JobQueue, owner: str, other: str, clock: Clock) -> None:
    queue.submit(SPEC)
    lease = queue.claim(owner, LEASE)
    assert lease
    for _ in range(5):
        clock.now += LEASE * 0.9
        assert queue.heartbeat(lease) is Standing.HELD
        assert queue.claim(other, LEASE) is None


def test_the_job_of_a_dead_owner_is_free_at_once(queue: JobQueue, other: str) -> None:
    queue.submit(SPEC)
    dead = queue.new_owner()
    assert queue.claim(dead.name, LEASE)
    assert queue.claim(other, LEASE) is None
    dead.close()
    assert queue.claim(other, LEASE)


def test_a_lease_from_before_the_machine_restarted_has_run_out(
    queue: JobQueue, owner: str, other: str, clock: Clock
) -> None:
    queue.submit(SPEC)
    assert queue.claim(owner, LEASE)
    clock.now = 5.0  # counted from the start of the machine
    assert queue.claim(other, LEASE)


def test_a_released_job_is_claimed_again_without_counting(queue: JobQueue, owner: str) -> None:
    queue.submit(SPEC)
    for _ in range(5):
        lease = queue.claim(owner, LEASE)
        assert lease and lease.closing is None
        assert queue.release(lease)
        assert queue.job(lease.job.id).attempts == 0


def test_a_job_that_kills_its_owners_is_quarantined_after_three(
    queue: JobQueue, owner: str, clock: Clock
) -> None:
    queue.submit(SPEC)
    for _ in range(3):
        lease = queue.claim(owner, LEASE)
        assert lease and lease.closing is None
        clock.now += LEASE + 1
    last = queue.claim(owner, LEASE)
    assert last and last.closing is JobState.QUARANTINED
    assert queue.finish(last, last.closing, "It died three times.")
    assert queue.job(last.job.id).state is JobState.QUARANTINED
    assert queue.claim(owner, LEASE) is None


def test_a_job_that_moves_on_is_not_quarantined(queue: JobQueue, owner: str, clock: Clock) -> None:
    queue.submit(SPEC)
    for done in range(1, 7):
        lease = queue.claim(owner, LEASE)
        assert lease and lease.closing is None
        queue.heartbeat(lease, Progress(done=done))
        clock.now += LEASE + 1


def test_a_waiting_job_is_cancelled_at_once(queue: JobQueue, owner: str) -> None:
    job_id = queue.submit(SPEC)
    assert queue.cancel(job_id) is JobState.CANCELLED
    assert queue.claim(owner, LEASE) is None


def test_a_running_job_hears_that_it_is_cancelled(queue: JobQueue, owner: str) -> None:
    job_id = queue.submit(SPEC)
    lease = queue.claim(owner, LEASE)
    assert lease
    assert queue.standing(lease) is Standing.HELD
    assert queue.cancel(job_id) is JobState.RUNNING
    assert queue.job(job_id).is_cancelling
    assert queue.standing(lease) is Standing.CANCEL
    assert queue.heartbeat(lease) is Standing.CANCEL
    assert queue.finish(lease, JobState.CANCELLED)
    assert not queue.job(job_id).is_cancelling


@pytest.mark.parametrize("how", ["died", "released before", "released after"])
def test_a_cancelled_job_without_an_owner_is_handed_out_to_be_closed(
    queue: JobQueue, owner: str, other: str, clock: Clock, how: str
) -> None:
    job_id = queue.submit(SPEC)
    lease = queue.claim(owner, LEASE)
    assert lease
    if how == "released before":
        queue.release(lease)
    queue.cancel(job_id)
    if how == "released after":
        queue.release(lease)
    if how == "died":
        clock.now += LEASE + 1
    closing = queue.claim(other, LEASE)
    assert closing and closing.closing is JobState.CANCELLED


def test_only_abandoned_jobs_are_for_one_who_stands_by(
    queue: JobQueue, owner: str, other: str, clock: Clock
) -> None:
    queue.submit(SPEC)
    assert queue.claim(other, LEASE, only_abandoned=True) is None
    assert queue.claim(owner, LEASE)
    assert queue.claim(other, LEASE, only_abandoned=True) is None
    clock.now += LEASE + 1
    assert queue.claim(other, LEASE, only_abandoned=True)


def test_a_job_run_in_the_terminal_is_never_waiting(
    queue: JobQueue, owner: str, other: str
) -> None:
    lease = queue.submit_claimed(SPEC, owner, LEASE)
    assert lease.job.state is JobState.RUNNING
    assert queue.claim(other, LEASE) is None


def test_changes_worth_showing_are_counted_and_heartbeats_are_not(
    queue: JobQueue, owner: str
) -> None:
    counts = [queue.change_count()]
    job_id = queue.submit(SPEC)
    counts.append(queue.change_count())
    lease = queue.claim(owner, LEASE)
    assert lease
    counts.append(queue.change_count())
    queue.heartbeat(lease, Progress(1, 1, 0.5))
    counts.append(queue.change_count())
    queue.heartbeat(lease, Progress(1, 1, 0.5))
    assert queue.change_count() == counts[-1]
    queue.cancel(job_id)
    counts.append(queue.change_count())
    queue.finish(lease, JobState.CANCELLED)
    counts.append(queue.change_count())
    assert counts == sorted(set(counts))


def test_progress_can_be_read_by_anyone(queue: JobQueue, owner: str, tmp_path: Path) -> None:
    queue.submit(SPEC)
    lease = queue.claim(owner, LEASE)
    assert lease
    queue.heartbeat(lease, Progress(done=2, running=1, best=0.25))
    again = JobQueue(tmp_path / "queue")
    assert again.jobs()[0].progress == Progress(2, 1, 0.25)
    again.close()


def test_a_full_queue_says_so(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_records, "MAX_OPEN_JOBS", 2)
    first = queue.submit(SPEC, key="a")
    queue.submit(SPEC)
    with pytest.raises(JobError, match="queue is full"):
        queue.submit(SPEC)
    assert queue.submit(SPEC, key="a") == first
    queue.cancel(first)
    queue.submit(SPEC)


def test_a_job_of_a_newer_version_is_left_to_it(
    queue: JobQueue, owner: str, tmp_path: Path
) -> None:
    newer = queue.submit(SPEC)
    known = queue.submit(SPEC)
    record = queue._records[newer]
    record["spec"]["method"] = "not invented yet"
    queue._records._cache[f"job:{newer}"] = record
    again = JobQueue(tmp_path / "queue")
    assert [job.id for job in again.jobs()] == [known]
    lease = again.claim(owner, LEASE)
    assert lease and lease.job.id == known
    with pytest.raises(JobError, match="newer version"):
        again.job(newer)
    again.close()


def test_an_unknown_job_is_named(queue: JobQueue) -> None:
    with pytest.raises(JobError, match="no job 'nonsense'"):
        queue.cancel("nonsense")


def test_many_threads_claim_each_job_once(queue: JobQueue) -> None:
    ids = [queue.submit(SPEC) for _ in range(40)]
    taken: Counter[str] = Counter()

    def drain() -> None:
        owner = queue.new_owner()
        while (lease := queue.claim(owner.name, LEASE)) is not None:
            taken[lease.job.id] += 1
            assert queue.finish(lease, JobState.DONE)
        owner.close()
        queue.close()

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == Counter(ids)


DRAIN = """
import os, signal, sys, random, time
from pathlib import Path
from hypertendril.jobs.queue.job_queue import JobQueue, JobState
queue = JobQueue(Path(sys.argv[1]))
owner = queue.new_owner()
print("ready", flush=True)
while (lease := queue.claim(owner.name, 30.0)) is not None:
    queue.heartbeat(lease)
    with open(sys.argv[2], "a") as log:
        log.write(lease.job.id + "\\n")
    queue.finish(lease, JobState.DONE)
"""


def test_killed_drainers_lose_no_job_and_finish_none_twice(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path / "queue")
    ids = [queue.submit(SPEC) for _ in range(120)]
    command = [sys.executable, "-c", DRAIN, str(tmp_path / "queue"), str(tmp_path / "log")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    kills = 0
    while any(job.state.is_open for job in queue.jobs()):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, env=environment, text=True
        ) as process:
            assert process.stdout and process.stdout.readline() == "ready\n"
            if kills < 4:
                # After a few jobs more, at whatever point that meets it.
                target = queue.change_count() + 25
                while queue.change_count() < target and process.poll() is None:
                    pass
                process.send_signal(signal.SIGKILL)
                kills += 1
    jobs = queue.jobs()
    queue.close()
    assert [job.id for job in jobs] == ids
    assert {job.state for job in jobs} == {JobState.DONE}
    assert kills == 4
