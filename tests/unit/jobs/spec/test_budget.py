"""Each limit of a budget ends a study, says so, and holds through an interruption."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import JobQueue, JobState, Progress
from hypertendril.jobs.running.leased import LeaseKeeper, run_leased
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.spending import Spending
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.model import TrialState
from tests.unit.jobs.segment_bench import OBJECTIVES, REGISTRY, Bench, Training

PBT = {"population": 4, "interval": 2, "generations": 3}
HYPERBAND = {"max_resource": 9}


def spec(method: str = "random", settings: dict[str, Any] | None = None, **budget: Any) -> JobSpec:
    data = {"name": "s", "objective": "sphere", "method": method, "settings": settings, "seed": 3}
    return JobSpec.from_json(data | {"budget": {"trials": 40} | budget}, REGISTRY)


class Flaky(Training):
    """Fails as often as a trial is told to; may report nothing."""

    def __init__(self, failing: dict[int, int] | None = None, *, is_silent: bool = False) -> None:
        super().__init__()
        self.failing = failing or {}
        self.is_silent = is_silent

    @property
    def steps(self) -> int:
        return sum((segment.to_step or 0) - segment.from_step for segment in self.segments)

    def train(self, segment: Segment) -> list[Event]:
        if self.failing.get(segment.number, 0):
            self.failing[segment.number] -= 1
            return [Ended(segment.number, {}, "flaky")]
        segment.checkpoint_dir.mkdir(parents=True)
        (segment.checkpoint_dir / "model").touch()
        steps = range(segment.from_step + 1, (segment.to_step or 0) + 1)
        score = {"score": float(segment.params["n"] or 0)}
        reports = [Reported(segment.number, float(step), score) for step in steps]
        return [*([] if self.is_silent else reports), Ended(segment.number, score)]


METHODS = pytest.mark.parametrize(
    ("method", "settings"), [("random", {}), ("hyperband", HYPERBAND), ("pbt", PBT)]
)


@METHODS
def test_no_study_trains_more_steps_than_it_may(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    training = Flaky()
    assert bench.run(spec(method, settings, total_steps=16), training) is Ending.OUT_OF_STEPS
    # A step more, for a whole training of random search, would not have fitted in.
    assert training.steps in (15, 16)


@METHODS
def test_an_interrupted_study_ends_where_it_would_have_ended(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    job = spec(method, settings, total_steps=16)
    bench.run(job, Flaky(), study_id="whole")
    for done in (2, 4, 6):
        stop = lambda progress, done=done: (  # noqa: E731
            Order.RELEASE if progress.segments >= done else Order.GO_ON
        )
        bench.run(job, Flaky(), stop)
    bench.run(job, Flaky())
    assert len(bench.study()) == len(bench.study("whole"))
    assert bench.study().counts() == bench.study("whole").counts()


@METHODS
def test_what_is_counted_again_from_the_store_is_what_was_counted(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    training = Flaky()
    job = spec(method, settings, total_steps=20)
    bench.run(job, training)
    assert Spending(job.budget, bench.study()).steps == training.steps


@METHODS
def test_code_that_never_reports_counts_as_far_as_it_was_told_to_go(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    training = Flaky(is_silent=True)
    bench.run(spec(method, settings, total_steps=16), training)
    assert training.steps in (15, 16)


def test_a_failed_trial_is_run_again_as_often_as_the_budget_says(bench: Bench) -> None:
    training = Flaky({0: 2, 1: 3})
    assert bench.run(spec(trials=3, retries=2), training) is Ending.DONE
    numbers = [segment.number for segment in training.segments]
    assert [numbers.count(number) for number in range(3)] == [3, 3, 1]
    states = bench.study().trials.state.tolist()
    assert states == [TrialState.COMPLETE, TrialState.FAILED, TrialState.COMPLETE]
    assert bench.study().trials.notes == {1: "flaky"}
    again = [segment for segment in training.segments if segment.number == 0]
    assert again[0] == again[1] == again[2]


def test_a_trial_that_waits_to_be_run_again_when_the_worker_stops_is_not_lost(
    bench: Bench,
) -> None:
    job = spec(trials=3, retries=9)
    bench.run(job, Flaky({0: 1}), lambda _: Order.RELEASE)
    assert bench.run(job, Flaky()) is Ending.DONE
    assert bench.study().counts()[TrialState.COMPLETE] == 3


class Desk:
    """The owner of a job with ten seconds, and its clock."""

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self.now = 0.0
        self.job_id = queue.submit(spec(wall_seconds=10.0))

    def keeper(self) -> LeaseKeeper:
        owner = self.queue.new_owner()
        lease = self.queue.claim(owner.name)
        assert lease is not None
        owner.close()
        return LeaseKeeper(self.queue, lease, lambda: Order.GO_ON, lambda: self.now)


def test_time_is_up_when_the_job_has_run_for_so_long(queue: JobQueue) -> None:
    desk = Desk(queue)
    keeper = desk.keeper()
    desk.now = 9.9
    assert keeper(Progress(done=1)) is Order.GO_ON
    desk.now = 10.0
    assert keeper(Progress(done=1)) is Order.TIME_IS_UP


def test_the_time_a_killed_worker_had_used_counts_and_the_time_nobody_worked_does_not(
    queue: JobQueue,
) -> None:
    desk = Desk(queue)
    first = desk.keeper()
    desk.now = 6.0
    assert first(Progress(done=1)) is Order.GO_ON
    desk.now = 1000.0
    second = desk.keeper()
    desk.now = 1003.0
    assert second(Progress(done=2)) is Order.GO_ON
    assert queue.job(desk.job_id).progress.seconds == 9.0
    desk.now = 1004.0
    assert second(Progress(done=2)) is Order.TIME_IS_UP


def test_more_time_can_be_given_while_it_runs(queue: JobQueue) -> None:
    desk = Desk(queue)
    keeper = desk.keeper()
    queue.change(desk.job_id, wall_seconds=20.0)
    desk.now = 15.0
    assert keeper(Progress(done=1)) is not Order.TIME_IS_UP
    desk.now = 20.0
    assert keeper(Progress(done=1)) is Order.TIME_IS_UP


def leased(
    place: Place,
    bench: Bench,
    queue: JobQueue,
    job: JobSpec,
    watch: Callable[[Progress], None] | None = None,
) -> tuple[JobState, str]:
    job_id = queue.submit(job)
    owner = queue.new_owner()
    lease = queue.claim(owner.name)
    assert lease is not None
    state = run_leased(queue, bench.store, lease, place, lambda: Order.GO_ON, watch)
    owner.close()
    return state, queue.job(job_id).message


def test_a_study_that_has_used_its_steps_is_done_and_says_why(
    bench: Bench, queue: JobQueue
) -> None:
    place = bench.place(Flaky())
    state, message = leased(place, bench, queue, spec(total_steps=7))
    assert state is JobState.DONE
    assert "budget.total_steps" in message


def test_a_study_whose_time_is_over_stops_its_trials_and_says_why(
    bench: Bench, queue: JobQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOY_GATE", str(tmp_path / "gate"))
    job = replace(spec(parallel=2), objective="gated", space=REGISTRY["gated"].space)

    def watch(progress: Progress) -> None:
        # Trials from number 3 on would wait for their gate for ever.
        if (progress.done, progress.running) == (3, 2):
            queue.change(queue.jobs()[0].id, wall_seconds=0.1)

    state, message = leased(Place(bench.folder, OBJECTIVES), bench, queue, job, watch)
    assert state is JobState.DONE
    assert "budget.wall_seconds" in message
    study = bench.study(queue.jobs()[0].id)
    under_way = [row for row, state in enumerate(study.trials.state) if state == TrialState.PRUNED]
    assert under_way == [3, 4]
    assert all("budget.wall_seconds" in study.trials.notes[row] for row in under_way)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total_steps": 0}, r"budget\.total_steps': 0 must be a whole number"),
        ({"wall_seconds": -1}, r"budget\.wall_seconds': -1 must be above 0"),
        ({"wall_seconds": math.nan}, r"budget\.wall_seconds"),
        ({"retries": -1}, r"budget\.retries': -1 must be a whole number from 0 to 100"),
        (
            {"wall_second": 5},
            r"budget\.wall_second': there is no such.*Did you mean 'wall_seconds'",
        ),
    ],
)
def test_a_limit_that_makes_no_sense_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        spec(**change)


def test_a_grid_can_be_cut_short_and_not_be_made_longer(queue: JobQueue) -> None:
    job_id = queue.submit(spec("grid", {"points": 3}, trials=9))
    queue.change(job_id, trials=5)
    with pytest.raises(JobError, match="Grid makes 9 trials with these settings"):
        queue.change(job_id, trials=10)
    assert queue.job(job_id).spec.budget.trials == 5


def test_a_limit_is_lifted_by_nought(queue: JobQueue) -> None:
    job_id = queue.submit(spec(total_steps=9, wall_seconds=9.0))
    queue.change(job_id, total_steps=0, wall_seconds=0)
    budget = queue.job(job_id).spec.budget
    assert (budget.total_steps, budget.wall_seconds) == (None, None)
    with pytest.raises(JobError, match=r"budget\.trials': 0 must be"):
        queue.change(job_id, trials=0)
