"""A store, and studies whose trials are run in this process, all that are under way in one wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import Progress
from hypertendril.jobs.running import runner
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.segments import Ended, Event, Executor, Reported, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Study
from hypertendril.store.experiment_store import ExperimentStore

REGISTRY = load_registry(Path(__file__).parents[2] / "data" / "jobs" / "objectives.toml")
Train = Callable[[Segment], list[Event]]


def spec(trials: int = 6, method: str = "random", **budget: Any) -> JobSpec:
    data = {"name": "s", "objective": "sphere", "method": method, "seed": 3}
    return JobSpec.from_json(data | {"budget": {"trials": trials} | budget}, REGISTRY)


def well(segment: Segment) -> list[Event]:
    """Report two steps and end."""
    x = segment.params["x"]
    assert isinstance(x, float)
    return [
        Reported(segment.number, 1.0, {"score": x}),
        Reported(segment.number, 2.0, {"score": 2 * x, "loss": 1.0}),
        Ended(segment.number, {"size": 5.0}),
    ]


def fenced(segment: Segment) -> list[Event]:
    """The higher x, the better, and the further beyond a limit of 0."""
    x = segment.params["x"]
    assert isinstance(x, float)
    return [Ended(segment.number, {"score": x, "size": 5.0, "violation": x})]


class InProcess:
    """An executor without processes: whatever was started has happened at the next `wait`."""

    def __init__(self, train: Train, size: int) -> None:
        self.train = train
        self.size = size
        self.started: list[Segment] = []
        self.pending: list[Segment] = []

    @property
    def free(self) -> int:
        return self.size - len(self.pending)

    def start(self, segment: Segment) -> None:
        assert self.free > 0
        self.started.append(segment)
        self.pending.append(segment)

    def wait(self, timeout_seconds: float) -> list[Event]:
        del timeout_seconds
        happened = {segment.number: self.train(segment) for segment in self.pending}
        self.pending = [
            segment
            for segment in self.pending
            if not any(isinstance(event, Ended) for event in happened[segment.number])
        ]
        return [event for events in happened.values() for event in events]

    def close(self, grace_seconds: float = 0.0) -> None:
        del grace_seconds
        self.pending = []


class Bench:
    """A store, and the executors of one run after the other."""

    def __init__(self, store: ExperimentStore, patch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.started: list[Segment] = []
        self.progress: list[Progress] = []
        self._patch = patch

    def run(
        self,
        job: JobSpec,
        train: Train = well,
        ask: Callable[[Progress], Order] = lambda _: Order.GO_ON,
    ) -> Ending:
        executor = InProcess(train, job.budget.parallel)
        place = Place(Path("unused"), make_executor=lambda *_: cast(Executor, executor))
        self._patch.setattr(runner, "FLUSH_SECONDS", 0.0)

        def ask_owner(progress: Progress) -> Order:
            self.progress.append(progress)
            return ask(progress)

        try:
            return run_study(job, REGISTRY["sphere"], self.store, "s1", ask_owner, place)
        finally:
            self.started += executor.started

    @property
    def study(self) -> Study:
        return self.store.snapshot("s1")
