"""What an executor asks of the cluster its segments run on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors.cluster import ClusterExecutor, GivenUp, Heard
from hypertendril.jobs.executors.node import Word
from hypertendril.jobs.segments import Ended, Segment
from tests.unit.jobs.segment_bench import OBJECTIVES, REGISTRY


class Scripted:
    """An engine that says what the test puts down, and notes whom it is asked to end."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.said: list[Heard | GivenUp] = []
        self.cancelled: list[str] = []
        self.forgotten: list[str] = []

    def submit(self, run: str, order: str, resources: Mapping[str, float]) -> None:
        del order, resources
        self.runs.append(run)

    def cancel(self, run: str) -> None:
        if run not in self.forgotten:
            self.cancelled.append(run)

    def forget(self, run: str) -> None:
        self.forgotten.append(run)

    def wait(self, timeout_seconds: float) -> list[Heard | GivenUp]:
        del timeout_seconds
        said, self.said = self.said, []
        return said

    def offer(self) -> str:
        return "nothing"

    def close(self) -> None:
        pass


@pytest.fixture
def engine() -> Scripted:
    return Scripted()


@pytest.fixture
def executor(engine: Scripted, tmp_path: Path) -> ClusterExecutor:
    found = ClusterExecutor(engine, OBJECTIVES, REGISTRY["sphere"], size=3)
    for number in range(3):
        found.start(Segment(number, {"x": 1.0}, 1, tmp_path / str(number)))
    return found


# To cancel a task in its last moments makes Ray abort the process that asks for it.
def test_what_came_to_its_end_is_forgotten_and_only_the_rest_is_cancelled(
    executor: ClusterExecutor, engine: Scripted
) -> None:
    ended, lost, running = engine.runs
    first, end = Word("a", is_first=True), Word("a", end=Ended(0, {"score": 1.0}))
    engine.said = [Heard(ended, first.to_text()), Heard(ended, end.to_text())]
    engine.said.append(GivenUp(lost, "its machine was lost"))
    assert executor.wait(0.0) == [Ended(0, {"score": 1.0}), Ended(1, {}, "its machine was lost")]
    executor.stop(2, "by hand")
    assert executor.wait(0.0) == [Ended(2, {}, "by hand")]
    executor.close()
    assert engine.cancelled == [running]


def test_a_machine_that_can_run_nothing_ends_the_others_and_is_not_cancelled_itself(
    executor: ClusterExecutor, engine: Scripted
) -> None:
    broken, *others = engine.runs
    engine.said = [
        Heard(broken, Word("a", is_first=True).to_text()),
        Heard(broken, Word("a", broken="On m1: no such registry").to_text()),
    ]
    with pytest.raises(JobError, match="On m1"):
        executor.wait(0.0)
    executor.close()
    assert engine.cancelled == others
