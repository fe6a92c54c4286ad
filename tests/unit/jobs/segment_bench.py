"""A store, and studies whose segments are trained in this process, one a wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import Progress
from hypertendril.jobs.running import runner
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.segments import Event, Executor, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Study
from hypertendril.store.experiment_store import ExperimentStore

OBJECTIVES = Path(__file__).parents[2] / "data" / "jobs" / "objectives.toml"
REGISTRY = load_registry(OBJECTIVES)
WORKERS = 2


class Training:
    """An executor without processes; what a segment does is said by `train` of a subclass."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.pending: list[Segment] = []

    @property
    def free(self) -> int:
        return WORKERS - len(self.pending)

    def start(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.pending.append(segment)

    def wait(self, timeout_seconds: float) -> list[Event]:
        del timeout_seconds
        return self.train(self.pending.pop(0))

    def train(self, segment: Segment) -> list[Event]:
        raise NotImplementedError

    def resize(self, size: int) -> None:
        del size

    def stop(self, number: int, reason: str) -> None:
        del number, reason

    def close(self, grace_seconds: float = 0.0) -> None:
        del grace_seconds
        self.pending = []


class Bench:
    def __init__(self, folder: Path, store: ExperimentStore, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.store = store
        patch.setattr(runner, "FLUSH_SECONDS", 0.0)

    def place(self, training: Training) -> Place:
        return Place(self.folder, OBJECTIVES, lambda *_: cast(Executor, training))

    def run(
        self,
        job: JobSpec,
        training: Training,
        ask: Callable[[Progress], Order] = lambda _: Order.GO_ON,
        study_id: str = "s1",
    ) -> Ending:
        place = self.place(training)
        return run_study(job, REGISTRY["sphere"], self.store, study_id, ask, place)

    def study(self, study_id: str = "s1") -> Study:
        return self.store.snapshot(study_id)
