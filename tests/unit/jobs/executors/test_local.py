from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors import local
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.executors.local_process import trial_environment
from hypertendril.jobs.segments import Ended, Reported, Segment
from hypertendril.jobs.spec.objectives import load_registry
from tests.waiting import PATIENCE_SECONDS, events_until, is_running, wait_until

REGISTRY = load_registry(Path(__file__).parents[3] / "data" / "jobs" / "objectives.toml")
Make = Callable[..., LocalExecutor]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[LocalExecutor] = []

    def factory(name: str, size: int = 1, timeout_seconds: float | None = None) -> LocalExecutor:
        made.append(LocalExecutor(REGISTRY[name], size, timeout_seconds))
        return made[-1]

    yield factory
    for executor in made:
        executor.close()


def segment(number: int = 0, to_step: int | None = None, **params: Any) -> Segment:
    return Segment(number, params, seed=1, checkpoint_dir=Path("unused"), to_step=to_step)


def end_of(executor: LocalExecutor, how: str, number: int = 0) -> Ended:
    executor.start(segment(number, how=how))
    events = events_until(executor, lambda found: any(isinstance(e, Ended) for e in found))
    ends = [event for event in events if isinstance(event, Ended)]
    assert len(ends) == 1
    assert ends[0].number == number
    return ends[0]


def test_reports_arrive_in_order_and_then_the_end(make: Make) -> None:
    executor = make("sphere")
    executor.start(segment(3, to_step=2, x=2.0, n=4))
    assert events_until(executor, lambda found: len(found) == 3) == [
        Reported(3, 1.0, {"score": -4.0}),
        Reported(3, 2.0, {"score": -8.0}),
        Ended(3, {"size": 4.0}),
    ]


def test_processes_are_kept_warm(make: Make) -> None:
    executor = make("odd")
    end_of(executor, "well")
    (process,) = executor._processes
    for how in ("well", "raises", "exits", "number"):
        end_of(executor, how)
    assert executor._processes == [process]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raises", "ValueError: trial 0 is unlucky"),
        ("exits", "SystemExit: enough"),
        ("crashes", "ended by SIGABRT"),
        ("is killed", "ended by SIGKILL"),
        ("text", "'score' is 'good'; it must be a number"),
        ("babbles", "ended by SIGKILL"),
    ],
)
def test_a_trial_fails_alone_and_the_reason_is_kept(make: Make, how: str, words: str) -> None:
    executor = make("odd")
    end = end_of(executor, how)
    assert end.error and words in end.error
    assert end_of(executor, "well") == Ended(0, {"score": 1.0, "extra": 2.0})


def test_the_reason_names_the_line_of_the_objective(make: Make) -> None:
    end = end_of(make("odd"), "raises")
    assert end.error and "toy_objectives.py" in end.error
    assert "main.py" not in end.error


def test_what_a_crashing_trial_printed_is_kept(make: Make) -> None:
    end = end_of(make("odd"), "crashes")
    assert end.error and "Fatal Python error: Aborted" in end.error


def test_a_hanging_trial_ends_at_its_time_limit(make: Make) -> None:
    executor = make("odd", timeout_seconds=0.5)
    end = end_of(executor, "hangs")
    assert end.error == "it took more than its limit of 0.5 s"
    assert end_of(executor, "well").error is None


@pytest.mark.parametrize("how", ["number", "closes output", "prints a lot"])
def test_odd_but_harmless_trials_succeed(make: Make, how: str) -> None:
    end = end_of(make("odd"), how)
    assert end.error is None
    assert set(end.metrics) == {""}


def test_a_thread_that_outlives_its_trial_reports_nothing_for_the_next(make: Make) -> None:
    executor = make("odd")
    end_of(executor, "late thread", number=1)
    executor.start(segment(2, how="closes output"))  # takes longer than the thread waits
    events = events_until(executor, lambda found: any(isinstance(e, Ended) for e in found))
    assert [type(event) for event in events] == [Ended]


def test_several_trials_run_at_the_same_time(make: Make) -> None:
    executor = make("forks", size=2)
    executor.start(segment(0, x=0.0))
    executor.start(segment(1, x=0.0))
    assert executor.free == 0
    assert {event.number for event in events_until(executor, lambda found: len(found) == 2)} == {
        0,
        1,
    }


def test_closing_ends_what_left_the_process_group_too(make: Make) -> None:
    executor = make("forks")
    executor.start(segment(0, x=0.0))
    (event,) = events_until(executor, lambda found: len(found) == 1)
    assert isinstance(event, Reported)
    pids = [int(event.metrics["score"]), executor._processes[0].group]
    assert all(is_running(pid) for pid in pids)
    executor.close()
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_closing_asks_first_and_waits_for_an_orderly_end(make: Make) -> None:
    executor = make("sphere")
    executor.start(segment(0, to_step=None, x=0.5, n=1))
    events_until(executor, lambda found: len(found) > 0)
    executor.close(grace_seconds=PATIENCE_SECONDS)
    assert executor.free == 1


def test_an_objective_that_cannot_be_loaded_fails_everything(make: Make) -> None:
    executor = make("cannot_load")
    executor.start(segment(0, x=0.0))
    with pytest.raises(JobError, match="library of this objective is missing"):
        events_until(executor, lambda _: False)


def test_a_mistake_in_the_code_is_told_first_and_then_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "unfinished.py").write_text("def train(trial:\n")
    entry = replace(REGISTRY["odd"], function="unfinished:train", folder=tmp_path)
    with closing(LocalExecutor(entry, 1, None)) as executor:
        executor.start(segment(0))
        with pytest.raises(JobError) as found:
            events_until(executor, lambda _: False)
    words = str(found.value)
    assert re.search(r"loaded: SyntaxError: .*\n.*unfinished\.py", words)
    assert "importlib" not in words


ENDLESS = """
[objectives.endless]
function = "endless:train"
directions = { score = "maximize" }
space = [{ name = "x", kind = "float", low = 0.0, high = 1.0 }]
"""


def test_an_objective_that_takes_for_ever_to_load_fails_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "START_SECONDS", 0.0)
    (tmp_path / "endless.py").write_text("import signal\nsignal.pause()\n")
    (tmp_path / "objectives.toml").write_text(ENDLESS)
    entry = load_registry(tmp_path / "objectives.toml")["endless"]
    with closing(LocalExecutor(entry, 1)) as executor:
        executor.start(segment(0, x=0.0))
        with pytest.raises(JobError, match="to load"):
            events_until(executor, lambda _: False)


def test_linear_algebra_gets_the_threads_a_trial_is_promised() -> None:
    one = trial_environment({}, REGISTRY["sphere"], "mark")
    four = trial_environment({}, replace(REGISTRY["sphere"], resources={"CPU": 4.0}), "mark")
    assert one["OMP_NUM_THREADS"] == one["MKL_NUM_THREADS"] == "1"
    assert four["OMP_NUM_THREADS"] == four["MKL_NUM_THREADS"] == "4"


def test_secrets_stay_with_the_worker_unless_the_registry_lists_them() -> None:
    outside = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "AWS_SECRET_ACCESS_KEY": "s1",
        "GITHUB_TOKEN": "s2",
        "DB_PASSWORD": "s3",
        "OPENAI_API_KEY": "s4",
        "WANDB_API_KEY": "s5",
        "OMP_NUM_THREADS": "64",
    }
    entry = replace(REGISTRY["sphere"], environment=("WANDB_API_KEY",))
    inside = trial_environment(outside, entry, "mark")
    assert inside["PATH"] == "/bin" and inside["HOME"] == "/home/me"
    assert {value for value in inside.values() if value.startswith("s")} == {"s5"}
    assert inside["OMP_NUM_THREADS"] == inside["OPENBLAS_NUM_THREADS"] == "1"


def test_no_file_of_the_worker_is_open_in_a_trial(make: Make, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        executor = make("forks")
        executor.start(segment(0, x=0.0))
        events_until(executor, lambda found: len(found) == 1)
        folder = Path(f"/proc/{executor._processes[0].group}/fd")
        assert not any(link.resolve() == tmp_path / "secret" for link in folder.iterdir())
