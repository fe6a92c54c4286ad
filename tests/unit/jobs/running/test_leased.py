from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.queue.job_queue import JobQueue, Lease, Progress
from hypertendril.jobs.running.leased import LeaseKeeper
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry

REGISTRY = load_registry(Path(__file__).parents[3] / "data" / "jobs" / "objectives.toml")
SPEC = JobSpec.from_json(
    {"name": "a job", "objective": "sphere", "method": "random", "budget": {"trials": 4}}, REGISTRY
)
LEASE = 30.0


class Desk:
    """A claimed job, its keeper and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.own = Order.GO_ON
        self.queue = JobQueue(folder, lambda: self.now)
        self.owner = self.queue.new_owner()
        self.queue.submit(SPEC)
        lease = self.queue.claim(self.owner.name, LEASE)
        assert lease
        self.lease: Lease = lease
        self.ask = LeaseKeeper(self.queue, lease, lambda: self.own, lambda: self.now)

    @property
    def stored(self) -> Progress:
        return self.queue.job(self.lease.job.id).progress


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path / "queue")
    yield found
    found.owner.close()
    found.queue.close()


def test_the_first_finished_trial_is_noted_at_once_and_the_next_with_the_next_write(
    desk: Desk,
) -> None:
    desk.ask(Progress(done=1))
    assert desk.stored.done == 1
    desk.ask(Progress(done=2))
    assert desk.stored.done == 1
    desk.now += 0.6
    desk.ask(Progress(done=2))
    assert desk.stored.done == 2


def test_the_lease_is_kept_through_a_long_trial(desk: Desk) -> None:
    for _ in range(200):
        desk.now += 1.0
        assert desk.ask(Progress(running=1)) is Order.GO_ON
    other = desk.queue.new_owner()
    assert desk.queue.claim(other.name, LEASE) is None
    other.close()


def test_a_cancelled_job_is_told_before_the_next_renewal(desk: Desk) -> None:
    desk.queue.cancel(desk.lease.job.id)
    assert desk.ask(Progress()) is Order.CANCEL


def test_a_lost_job_is_abandoned_whatever_this_process_wants(desk: Desk) -> None:
    desk.own = Order.RELEASE
    assert desk.ask(Progress()) is Order.RELEASE
    desk.now += LEASE + 1
    other = desk.queue.new_owner()
    assert desk.queue.claim(other.name, LEASE)
    assert desk.ask(Progress()) is Order.ABANDON
    other.close()


def test_a_queue_out_of_reach_is_waited_for_as_long_as_the_lease_lasts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise JobError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(desk.queue, "heartbeat", refuse)
        desk.now += LEASE - 1
        assert desk.ask(Progress(done=1)) is Order.GO_ON
        desk.now += 1
        assert desk.ask(Progress(done=1)) is Order.ABANDON
