"""Objectives that are programs: what a registry may say, and real programs that are run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.command import Command
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import RegisteredObjective, Registry, load_registry
from hypertendril.model import Choice, SearchSpace, TrialState
from hypertendril.store.experiment_store import ExperimentStore
from tests.waiting import events_until, is_running, wait_until

EXAMPLES = Path(__file__).parents[4] / "examples"
SPACE = [
    {"name": "lr", "kind": "float", "low": 0.1, "high": 1.0},
    {"name": "net", "kind": "categorical", "choices": ["small", "a b; rm -rf *", "{lr}"]},
    {
        "name": "depth",
        "kind": "int",
        "low": 1,
        "high": 3,
        "condition": {"parent": "net", "values": ["small"]},
    },
]
GOOD = ["./train", "--lr={lr}", "--out", "{report}"]


def command(arguments: Any, *, has_steps: bool = True) -> Command:
    space = SearchSpace.from_json(SPACE)
    return Command.from_json(arguments, "objectives.net.command", space, has_steps=has_steps)


def test_values_are_put_into_their_places_and_nowhere_else() -> None:
    made = command(["./train", "{lr}|{net}", "{{{lr}}}", "{report}"])
    filled = made.filled({"lr": 0.5, "net": "a b; rm -rf *", "report": "/r"})
    assert filled == ["./train", "0.5|a b; rm -rf *", "{0.5}", "/r"]
    # What a value says is not looked at again.
    assert made.filled({"lr": 1.0, "net": "{report}", "report": "/r"})[1] == "1.0|{report}"


def test_arguments_in_a_list_of_their_own_go_together() -> None:
    made = command([*GOOD, ["--depth", "{depth}"], ["--from", "{checkpoint}"], ["--last"]])
    values: dict[str, Choice] = {"lr": 0.5, "report": "/r"}
    assert made.filled(values)[4:] == ["--last"]
    assert made.filled(values | {"depth": 2})[4:] == ["--depth", "2", "--last"]


def test_a_command_comes_back_from_its_json() -> None:
    made = command([*GOOD, ["--depth", "{depth}"]])
    assert command(made.to_json()) == made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("./train", "must be a list"),
        ([], "must be a list"),
        ([["./train"]], "must be a list"),
        (["{net}", "{report}"], "plain text"),
        (["", "{report}"], "plain text"),
        (["./train", 3], "the argument 3 must be a text"),
        (["./train", ["a", ["b"]]], "must be a text"),
        (["./train", "{report"], "braces that stand for themselves"),
        (["./train", "{lr:.3f}", "{report}"], "braces that stand for themselves"),
        (["./train", "{lr!r}", "{report}"], "braces that stand for themselves"),
        (["./train", "{}", "{report}"], "braces that stand for themselves"),
        (["./train", "{raport}"], r"nothing to put into {raport}.*Did you mean 'report'"),
        (["./train", "{lr.real}", "{report}"], "nothing to put into {lr.real}"),
        (["./train", *(f"{{{name}}}" for name in "fdbeca")], "nothing to put into {a}"),
        (["./train", "{lr}"], "{report}, the file to report into, must be"),
        ([*GOOD, "{depth}"], r"{depth} does not always have a value.*list of its own"),
        ([*GOOD, "{checkpoint}"], "{checkpoint} does not always have a value"),
    ],
)
def test_a_command_that_could_not_be_run_is_refused_at_once(arguments: Any, message: str) -> None:
    with pytest.raises(JobError, match=rf"objectives\.net\.command.*{message}"):
        command(arguments)


def test_the_last_step_may_be_open_only_where_it_is_left_out_then() -> None:
    with pytest.raises(JobError, match=r"{to} does not always have a value"):
        command([*GOOD, "{to}"], has_steps=False)
    assert command([*GOOD, "{to}"]).needed == {"lr", "report", "to"}


def test_a_parameter_that_is_called_like_a_place_is_refused() -> None:
    space = SearchSpace.from_json([{"name": "seed", "kind": "int", "low": 1, "high": 2}])
    with pytest.raises(JobError, match="both a parameter and a place"):
        Command.from_json(["./t", "{seed}", "{report}"], "command", space, has_steps=True)


class Shop:
    """A folder with a program, and an objective that runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "study" / "0.report.jsonl"

    def program(self, script: str) -> RegisteredObjective:
        path = self.folder / "train"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return self.objective()

    def objective(self, **more: Any) -> RegisteredObjective:
        item = {"command": GOOD, "directions": {"score": "maximize"}, "space": SPACE} | more
        return RegisteredObjective.from_json("net", item, self.folder)

    def start(self, executor: LocalExecutor) -> None:
        checkpoints = self.folder / "study" / "0"
        executor.start(Segment(0, {"lr": 0.5, "net": "small"}, 7, checkpoints, to_step=3))

    def run(self, objective: RegisteredObjective, timeout: float | None = None) -> list[Event]:
        """Run one segment to its end; return what happened."""
        with closing(LocalExecutor(objective, 1, timeout)) as executor:
            self.start(executor)
            return events_until(executor, lambda events: isinstance(events[-1], Ended))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    yield found
    assert not found.report.exists(), "a report was left behind"


def test_lines_with_a_step_are_points_and_lines_without_one_are_metrics_of_the_trial(
    shop: Shop,
) -> None:
    objective = shop.program("""
        echo '{"step": 1, "score": 0.25}' > "$3"
        echo '{"score": 0.75, "step": 2, "loss": null}' >> "$3"
        echo >> "$3"
        printf '{"size": 3, "score": 1}' >> "$3"
    """)
    first, second, end = shop.run(objective)
    assert first == Reported(0, 1.0, {"score": 0.25})
    assert isinstance(second, Reported)
    assert second.metrics["score"] == 0.75
    assert np.isnan(second.metrics["loss"])
    assert end == Ended(0, {"size": 3.0, "score": 1.0})


def test_a_report_is_heard_while_the_program_runs_and_it_ends_with_its_trial(shop: Shop) -> None:
    objective = shop.program("""
        echo "{\\"step\\": 1, \\"pid\\": $$}" > "$3"
        exec sleep 600
    """)
    with closing(LocalExecutor(objective, 1)) as executor:
        shop.start(executor)
        (event,) = events_until(executor, lambda events: len(events) == 1)
        assert isinstance(event, Reported)
        pid = int(event.metrics["pid"])
        os.kill(pid, 0)
    wait_until(lambda: not is_running(pid), "the program to end")
    shop.report.unlink(missing_ok=True)  # of a trial that was killed; the next attempt replaces it


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo first; echo last words >&2; exit 3",
            "./train ended with status 3\nfirst\nlast words",
        ),
        ("kill -9 $$", "./train was ended by SIGKILL"),
        ('echo nonsense > "$3"; exec sleep 600', "Line 1 of the report is not JSON: nonsense"),
        ('echo [1] > "$3"; exec sleep 600', "Line 1 of the report is not an object"),
        ("""echo '{"step": 1, "a": "b"}' > "$3"; exec sleep 600""", "'a' is 'b'; it must be a num"),
        ("exec head -c 5000000 /dev/zero | tr '\\0' 'x'; exit 1", "xxxx"),
    ],
)
def test_a_trial_whose_program_goes_wrong_fails_with_what_it_said(
    shop: Shop, script: str, words: str
) -> None:
    (end,) = shop.run(shop.program(script))
    assert isinstance(end, Ended)
    assert words in str(end.error)
    assert "Traceback" not in str(end.error)
    assert len(str(end.error)) < 2500


def test_the_time_limit_holds_for_programs(shop: Shop) -> None:
    (end,) = shop.run(shop.program("exec sleep 600"), timeout=0.5)
    assert isinstance(end, Ended)
    assert "more than its limit" in str(end.error)
    shop.report.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["./absent", "{report}"], "there is no program './absent' in"),
        (["no-such-program-at-all", "{report}"], "'no-such-program-at-all' on the PATH"),
    ],
)
def test_a_program_that_is_not_there_ends_the_study_and_not_each_trial(
    shop: Shop, arguments: list[str], words: str
) -> None:
    with pytest.raises(JobError, match=rf"cannot be loaded: .*{words}"):
        shop.run(shop.objective(command=arguments))


def test_a_program_sees_the_environment_of_its_owner_and_not_our_libraries(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/owner")
    monkeypatch.setenv("SOME_API_KEY", "secret")
    objective = shop.program('echo "path=$PYTHONPATH key=$SOME_API_KEY pwd=$PWD"; exit 1')
    (end,) = shop.run(objective)
    assert isinstance(end, Ended)
    assert f"path=/of/the/owner key= pwd={shop.folder}" in str(end.error)


@pytest.mark.parametrize("method", ["asha", "pbt"])
def test_the_bundled_program_goes_on_from_its_checkpoints(tmp_path: Path, method: str) -> None:
    registry = load_registry(EXAMPLES / "objectives.toml")
    data = {
        "name": "s",
        "objective": "descent",
        "method": method,
        "seed": 1,
        "settings": {"population": 4, "generations": 3} if method == "pbt" else {},
        "budget": {"trials": 9, "parallel": 2, "steps": 9},
    }
    spec = JobSpec.from_json(data, registry)
    with ExperimentStore.open(None) as store:
        place = Place(tmp_path / "checkpoints")
        ending = run_study(spec, registry["descent"], store, "s", lambda _: Order.GO_ON, place)
        study = store.snapshot("s")
    assert ending is Ending.DONE
    assert study.counts()[TrialState.COMPLETE] > 0
    # A loss goes on falling from where the segment before has left it; step 1 is never seen again.
    best = study.best()
    assert best is not None
    steps, losses = study.curves.of(best, 0)
    assert steps[-1] > steps[0]
    assert losses[-1] == study.trials.objectives[best, 0]
    assert (np.diff(steps) == 1).all()


def job(objective: RegisteredObjective, **more: Any) -> JobSpec:
    data = {"name": "s", "objective": "net", "method": "random", "budget": {"trials": 2}}
    return JobSpec.from_json(data | more, Registry(None, {"net": objective}))


def test_a_job_can_say_nothing_to_a_program_but_what_the_registry_wrote_down(shop: Shop) -> None:
    objective = shop.objective()
    with pytest.raises(JobError, match="'net' has no choice '--exec=sh' in the registry"):
        job(objective, space=[{"name": "net", "kind": "categorical", "choices": ["--exec=sh"]}])
    with pytest.raises(JobError, match="cannot do without lr"):
        job(objective, space=[SPACE[1]])


def test_a_method_that_copies_models_needs_a_program_that_keeps_checkpoints(shop: Shop) -> None:
    with pytest.raises(JobError, match=r"Field 'method'.*no {checkpoint} and {checkpoint_dir}"):
        job(shop.objective(), method="pbt")
    keeps = [*GOOD, "{checkpoint_dir}", ["{checkpoint}"]]
    assert job(shop.objective(command=keeps), method="pbt").method == "pbt"
