"""Whatever the disk refuses, and whenever: jobs that were accepted stay, and studies go on."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hypertendril.cli import main
from hypertendril.errors import HyperTendrilError, JobError
from hypertendril.jobs import disk
from hypertendril.jobs.disk import disk_trouble
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.queue.job_queue import JobQueue, JobState, Progress
from hypertendril.jobs.queue.owner import FileLock
from hypertendril.jobs.running.leased import run_leased
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import TrialState
from hypertendril.settings import Settings, private_folder
from hypertendril.store.experiment_store import ExperimentStore
from tests.faults.failing_disk import (
    KINDS,
    fail_each_call,
    files_no_larger_than,
    run_with_failing_calls,
    somebody_without_rights,
)

OBJECTIVES = Path(__file__).parents[1] / "data" / "jobs" / "objectives.toml"


def spec(trials: int = 4) -> JobSpec:
    data = {"name": "s", "objective": "sphere", "method": "random"}
    budget = {"trials": trials, "parallel": 2}
    return JobSpec.from_json(data | {"budget": budget}, load_registry(OBJECTIVES))


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_call_of_the_queue_fails_the_accepted_jobs_stay(kind: str) -> None:
    assert run_with_failing_calls(Path(__file__), kind) > 15


def use_queue(folder: Path, said: Callable[[str], None]) -> None:
    """Submit three jobs, run one, cancel one; say after each step what is to be found from now on."""
    with closing(JobQueue(folder)) as queue:
        ids = [queue.submit(spec()) for _ in range(3)]
        said("queued queued queued")
        lease = queue.claim("me")
        assert lease is not None
        queue.heartbeat(lease, Progress(done=1))
        said("running queued queued")
        queue.finish(lease, JobState.DONE)
        said("done queued queued")
        queue.cancel(ids[1])
        said("done cancelled queued")


def require_sound(folder: Path, said: str) -> None:
    """Assert that a queue can be used and holds at least what was said."""
    with closing(JobQueue(folder)) as queue:
        states = [str(job.state) for job in queue.jobs()]
        order = ["queued", "running", "done", "cancelled"]
        for state, least in zip(states, said.split(), strict=False):
            assert order.index(state) >= order.index(least), (states, said)
        assert len(states) >= len(said.split())
        job_id = queue.submit(spec())
        assert queue.job(job_id).state is JobState.QUEUED


def fail_every_call_in_turn(place: Path, kind: str) -> int:
    """Return how many calls there were to fail."""

    def write(number: int) -> None:
        path, steps = place / f"said{number}", iter(range(100))

        def said(words: str) -> None:
            # One call, and none that is made to fail.
            path.with_suffix(f".{next(steps)}").symlink_to(words or "-")

        use_queue(place / f"queue{number}", said)

    def check(number: int) -> None:
        found = sorted(place.glob(f"said{number}.*"), key=lambda path: int(path.suffix[1:]))
        last = str(found[-1].readlink()) if found else "-"
        require_sound(place / f"queue{number}", "" if last == "-" else last)
        shutil.rmtree(place / f"queue{number}")

    return fail_each_call(place, kind, write, check)


class FullForAWhile:
    """A disk that is full from when two trials are done until somebody has complained of it."""

    def __init__(self, has_complained: Callable[[], bool]) -> None:
        self._has_complained = has_complained
        self._limit = ExitStack()
        self._is_full = False

    def __call__(self, progress: Progress) -> None:
        if self._has_complained():
            self._limit.close()
        elif progress.done >= 2 and not self._is_full:
            self._is_full = True
            self._limit.enter_context(files_no_larger_than(1))


def test_a_study_waits_for_room_on_the_disk_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(private_folder(tmp_path / "data"), OBJECTIVES)
    place = Place(settings.checkpoints, OBJECTIVES)
    full = FullForAWhile(lambda: "could not write to the store" in caplog.text)
    with (
        closing(JobQueue(settings.queue)) as queue,
        ExperimentStore.open(settings.store) as store,
        closing(queue.new_owner()) as owner,
    ):
        lease = queue.submit_claimed(spec(12), owner.name, 30.0)
        state = run_leased(queue, store, lease, place, lambda: Order.GO_ON, full)
        study = store.snapshot(lease.job.id)
    assert "could not write to the store" in caplog.text
    assert state is JobState.DONE
    assert study.trials.number.tolist() == list(range(12))
    assert study.counts()[TrialState.COMPLETE] == 12
    assert sorted(study.evaluations.trial.tolist()) == list(range(12))


def test_the_command_line_says_in_one_line_that_a_folder_cannot_be_written_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        private_folder(data)
        with closing(JobQueue(data / "queue")) as queue:
            queue.submit(spec())
        with somebody_without_rights(data):
            for path in (data / "queue").glob("cache.db*"):
                path.chmod(0o400)
            with pytest.raises(SystemExit) as end:
                main(["jobs", "--data", str(data)])
            for path in (data / "queue").glob("cache.db*"):
                path.chmod(0o600)
            with closing(JobQueue(data / "queue")) as queue:
                assert len(queue.jobs()) == 1
        said = capsys.readouterr()
        assert end.value.code == 2
        assert said.err.count("\n") == 1
        assert f"{data}/queue: the job queue cannot be used now" in said.err


def test_a_folder_on_a_read_only_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(HyperTendrilError, match=rf"{tmp_path}.*Read-only file system"):
        private_folder(tmp_path / "data")
    with pytest.raises(JobError, match=rf"{tmp_path}/none/lock: the lock cannot be used"):
        FileLock(tmp_path / "none" / "lock").acquire()


def test_trouble_with_the_disk_is_told_before_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert disk_trouble(tmp_path) is None
    assert "cannot be used (No such file" in str(disk_trouble(tmp_path / "gone"))
    with tempfile.TemporaryDirectory() as place:
        folder = private_folder(Path(place) / "data")
        with somebody_without_rights(folder):
            folder.chmod(0o500)
            assert f"{folder} cannot be written to" in str(disk_trouble(folder))
    monkeypatch.setattr(disk, "LEAST_FREE_BYTES", 2**80)
    assert f"The disk of {tmp_path} is full" in str(disk_trouble(tmp_path))


if __name__ == "__main__":
    sys.stdout.write(str(fail_every_call_in_turn(Path(sys.argv[1]), sys.argv[2])))
