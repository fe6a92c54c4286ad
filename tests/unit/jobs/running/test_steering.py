"""Pause, resume, other budgets and single trials stopped: in the queue, the executor and the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import Job, JobQueue, JobState, Progress
from hypertendril.jobs.running.leased import run_leased
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.running.runner import STOPPED_NOTE
from hypertendril.jobs.segments import Ended, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Study, TrialState
from hypertendril.store.experiment_store import ExperimentStore
from tests.waiting import events_until

OBJECTIVES = Path(__file__).parents[3] / "data" / "jobs" / "objectives.toml"
REGISTRY = load_registry(OBJECTIVES)
LEASE = 30.0


def spec(objective: str = "sphere", method: str = "random", **budget: Any) -> JobSpec:
    data = {"name": "s", "objective": objective, "method": method, "seed": 3}
    return JobSpec.from_json(data | {"budget": {"trials": 4} | budget}, REGISTRY)


def test_a_paused_job_is_claimed_by_nobody_until_it_is_resumed(queue: JobQueue, owner: str) -> None:
    first, second = queue.submit(spec()), queue.submit(spec())
    assert queue.pause(first) is JobState.PAUSED
    lease = queue.claim(owner, LEASE)
    assert lease is not None
    assert lease.job.id == second
    assert queue.claim(owner, LEASE) is None
    assert queue.resume(first) is JobState.QUEUED
    assert queue.claim(owner, LEASE) is not None


def test_a_pausing_job_whose_owner_died_rests(queue: JobQueue, owner: str) -> None:
    dead = queue.new_owner()
    job_id = queue.submit(spec())
    assert queue.claim(dead.name, LEASE)
    assert queue.pause(job_id) is JobState.RUNNING
    assert queue.job(job_id).is_pausing
    dead.close()
    assert queue.claim(owner, LEASE) is None
    assert queue.job(job_id).state is JobState.PAUSED


def test_a_paused_job_can_be_cancelled(queue: JobQueue) -> None:
    job_id = queue.submit(spec())
    queue.pause(job_id)
    assert queue.cancel(job_id) is JobState.CANCELLED
    with pytest.raises(JobError, match="has ended already"):
        queue.resume(job_id)


def test_a_changed_budget_is_the_one_the_next_owner_gets(queue: JobQueue, owner: str) -> None:
    job_id = queue.submit(spec())
    queue.change(job_id, parallel=3, trials=9)
    lease = queue.claim(owner, LEASE)
    assert lease is not None
    assert (lease.job.spec.budget.parallel, lease.job.spec.budget.trials) == (3, 9)
    assert queue.steering(lease).budget.trials == 9


@pytest.mark.parametrize(
    ("change", "field"), [({"parallel": 0}, "parallel"), ({"trials": 10**9}, "trials")]
)
def test_a_budget_that_makes_no_sense_names_the_field(
    queue: JobQueue, change: dict[str, int], field: str
) -> None:
    job_id = queue.submit(spec())
    with pytest.raises(JobError, match=field):
        queue.change(job_id, **change)
    assert queue.job(job_id).spec.budget.trials == 4


def test_a_method_that_plans_ahead_keeps_its_trials(queue: JobQueue) -> None:
    data = spec().to_json() | {"method": "hyperband", "settings": {}}
    data["budget"] |= {"steps": 27, "trials": 40}
    job_id = queue.submit(JobSpec.from_json(data, REGISTRY))
    with pytest.raises(JobError, match="plans its trials ahead"):
        queue.change(job_id, trials=2)
    assert queue.change(job_id, parallel=2) is JobState.QUEUED


class Bench:
    """A job that runs in this thread; `watch` steers it as it goes."""

    def __init__(self, folder: Path, queue: JobQueue, store: ExperimentStore) -> None:
        self.place = Place(folder / "checkpoints", OBJECTIVES)
        self.queue = queue
        self.store = store

    def run(self, owner: str, watch: Callable[[Progress], None] = lambda _: None) -> JobState:
        lease = self.queue.claim(owner, LEASE)
        assert lease is not None
        return run_leased(self.queue, self.store, lease, self.place, lambda: Order.GO_ON, watch)

    def job(self) -> Job:
        return self.queue.jobs()[0]

    def study(self) -> Study:
        return self.store.snapshot(self.job().id)


@pytest.fixture
def bench(tmp_path: Path, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("TOY_GATE", str(tmp_path / "gate"))
    with ExperimentStore.open(None) as store:
        yield Bench(tmp_path, queue, store)


def test_a_paused_study_ends_what_is_under_way_and_goes_on_where_it_was(
    bench: Bench, owner: str, tmp_path: Path
) -> None:
    job_id = bench.queue.submit(spec("gated", trials=6))

    def pause(_progress: Progress) -> None:
        # Trial 3, the fourth, waits for the gate: it is under way when the pause is asked for.
        if len(bench.study()) == 4 and not bench.job().is_pausing:
            bench.queue.pause(job_id)
            (tmp_path / "gate").touch()

    assert bench.run(owner, pause) is JobState.QUEUED
    assert bench.job().state is JobState.PAUSED
    assert bench.study().counts()[TrialState.COMPLETE] == len(bench.study()) == 4
    bench.queue.resume(job_id)
    assert bench.run(owner) is JobState.DONE
    assert bench.study().counts()[TrialState.COMPLETE] == 6


def test_a_running_study_takes_more_trials_and_more_workers(
    bench: Bench, owner: str, tmp_path: Path
) -> None:
    job_id = bench.queue.submit(spec("gated", trials=2))

    def grow(progress: Progress) -> None:
        if bench.job().spec.budget.trials == 2:
            bench.queue.change(job_id, trials=6, parallel=2)
        # Trials from number 3 on wait for the gate: it opens when two run side by side.
        if progress.running == 2:
            (tmp_path / "gate").touch()

    assert bench.run(owner, grow) is JobState.DONE
    assert bench.study().counts()[TrialState.COMPLETE] == 6


def test_one_trial_stopped_by_hand_fails_with_a_note_and_the_others_go_on(
    bench: Bench, owner: str
) -> None:
    # Number 3 would wait for its gate for ever.
    job_id = bench.queue.submit(spec("gated", trials=4))
    bench.queue.stop_trial(job_id, 3)
    assert bench.run(owner) is JobState.DONE
    study = bench.study()
    good, failed = int(TrialState.COMPLETE), int(TrialState.FAILED)
    assert study.trials.state.tolist() == [good, good, good, failed]
    assert study.trials.notes[3] == STOPPED_NOTE


def test_an_executor_stops_one_segment_and_shrinks(tmp_path: Path) -> None:
    executor = LocalExecutor(REGISTRY["odd"], 2)
    try:
        for number, how in enumerate(("hangs", "hangs")):
            executor.start(Segment(number, {"how": how}, 1, tmp_path))
        executor.resize(1)
        assert executor.free == 0
        executor.stop(0, "enough")
        events = events_until(executor, lambda events: isinstance(events[-1], Ended))
        assert events[-1] == Ended(0, {}, "enough")
        assert executor.free == 0
    finally:
        executor.close()
