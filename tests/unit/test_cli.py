from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hypertendril import __version__
from hypertendril.cli import main, reading
from hypertendril.jobs.executors import dask_engine
from hypertendril.jobs.queue.job_queue import JobQueue, JobState
from hypertendril.model import TrialState
from hypertendril.readers.progress import Progress
from hypertendril.store.experiment_store import ExperimentStore
from tests.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray (hypertendril[ray]) is missing"
)
REGISTRY = ROOT / "tests" / "data" / "jobs" / "objectives.toml"
JOB = 'name = "a job"\nobjective = "{objective}"\nmethod = "random"\n[budget]\ntrials = {trials}\n'
JOB_KEYS = {
    "id",
    "study",
    "name",
    "objective",
    "method",
    "state",
    "cancelling",
    "pausing",
    "trials",
    "parallel",
    "total_steps",
    "wall_seconds",
    "seconds",
    "done",
    "running",
    "best",
    "attempts",
    "message",
    "submitted",
    "started",
    "ended",
}


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPERTENDRIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HYPERTENDRIL_OBJECTIVES", str(REGISTRY))
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        found = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(end.value.code, found.out, found.err)

    return run


def write_job(folder: Path, objective: str = "sphere", trials: int = 3) -> str:
    (folder / "job.toml").write_text(JOB.format(objective=objective, trials=trials))
    return "job.toml"


def test_run_runs_a_study_and_prints_its_id(call: Call, tmp_path: Path) -> None:
    result = call("run", write_job(tmp_path))
    assert result.status == 0
    with ExperimentStore.open(tmp_path / "data" / "store") as store:
        study = store.snapshot(result.out.strip())
        assert study.counts()[TrialState.COMPLETE] == 3
    assert "3/3" in result.err


def test_run_writes_json_alone_to_stdout(call: Call, tmp_path: Path) -> None:
    found = call("run", write_job(tmp_path), "--json").json
    assert set(found) == JOB_KEYS
    assert (found["state"], found["done"], found["trials"]) == ("done", 3, 3)


def test_run_exports_the_study_for_others_to_read(call: Call, tmp_path: Path) -> None:
    call("run", write_job(tmp_path), "--export", "study.json")
    (study,) = call("inspect", "study.json", "--json").json["studies"]
    assert (study["name"], study["n_trials"], study["counts"]["complete"]) == ("a job", 3, 3)
    assert study["metrics"] == ["size"]


def test_a_study_begins_with_what_an_earlier_one_found(call: Call, tmp_path: Path) -> None:
    def run(method: str, start: str) -> dict[str, Any]:
        job = tmp_path / "job.toml"
        text = f"name = 'a'\nobjective = 'fenced'\nmethod = '{method}'\n"
        job.write_text(f"{text}[budget]\ntrials = 4\n[start]\n{start}\n")
        out = tmp_path / "out.json"
        found = call("run", str(job), "--export", str(out))
        assert found.status == 0, found.err
        return {"id": found.out.strip(), **json.loads(out.read_text())}

    first = run("random", "enqueue = [{x = 0.9}, {x = 0.25}]")
    assert [trial["params"]["x"] for trial in first["trials"][:2]] == [0.9, 0.25]
    assert [trial["violation"] for trial in first["trials"][:2]] == [0.4, -0.25]
    second = run("tpe", f"studies = [{{id = '{first['id']}'}}, {{source = 'out.json'}}]")
    began = second["attributes"]["start"]
    assert [(study["name"], study["told"]) for study in began["studies"]] == [("a", 4)] * 2
    assert began["studies"][0]["id"] == first["id"]


def test_inspect_says_it_in_words(call: Call, tmp_path: Path) -> None:
    call("run", write_job(tmp_path), "--export", "study.json")
    result = call("inspect", "study.json")
    assert result.out.startswith("a job: hypertendril, random, score (maximize); 2 parameters")
    assert "3 complete; best " in result.out


def test_a_terminal_is_told_how_far_a_reading_is_and_a_pipe_is_not(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    call("run", write_job(tmp_path), "--export", "study.json")
    for name in ("SHOWN_AFTER_SECONDS", "SHOWN_EVERY_SECONDS"):
        monkeypatch.setattr(reading, name, 0)
    assert call("inspect", "study.json").err == ""
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    call("inspect", "study.json")
    assert "/3.00" in terminal.getvalue()  # of three trials


def test_an_interrupted_reading_ends_with_a_word(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupts(_: Progress) -> None:
        raise KeyboardInterrupt

    call("run", write_job(tmp_path), "--export", "study.json")
    monkeypatch.setattr(Progress, "check", interrupts)
    result = call("inspect", "study.json")
    assert (result.status, result.err) == (130, "hypertendril: interrupted.\n")


def test_inspect_remembers_what_it_was_told_and_other_commands_know_it(call: Call) -> None:
    Path("t.csv").write_text("lr,score,host\n0.1,1,a\n0.2,3,b\n")
    asked = call("inspect", "t.csv")
    assert asked.status == 2
    assert "Say it with --objective NAME" in asked.err
    assert "lr (param:linear), score (objective:maximize)" in asked.err
    told = call("inspect", "t.csv", "--objective", "score", "--direction", "minimize")
    assert "score (minimize)" in told.out
    assert "score (minimize)" in call("inspect", "t.csv").out
    call("export", "t.csv", "t.json")
    assert json.loads(Path("t.json").read_text())["objectives"][0]["direction"] == "minimize"


def test_inspect_tells_what_was_guessed_and_how_to_say_it(call: Call) -> None:
    Path("s.json").write_text('{"trials": [{"values": {"y": 1}, "metrics": {"acc": 2}}]}')
    result = call("inspect", "s.json")
    assert "guessed: objectives are missing" in result.out
    assert "--objective NAME" in result.out
    told = call("inspect", "s.json", "--objective", "acc", "--json")
    (study,) = told.json["studies"]
    assert study["objectives"] == [{"name": "acc", "direction": "maximize"}]
    assert study["skipped"] == []


def test_a_study_of_which_nothing_worked_says_why(call: Call, tmp_path: Path) -> None:
    space = '[[space]]\nname = "how"\nkind = "categorical"\nchoices = ["raises"]\n'
    write_job(tmp_path, "odd", 2)
    with (tmp_path / "job.toml").open("a") as file:
        file.write(space)
    result = call("run", "job.toml")
    assert result.status == 1
    assert "No trial was completed. The first one says: ValueError: trial 0" in result.err


def test_it_tells_its_version(call: Call) -> None:
    assert call("--version").out == f"hypertendril {__version__}\n"


def test_an_objective_that_cannot_be_loaded_ends_with_status_1(call: Call, tmp_path: Path) -> None:
    result = call("run", write_job(tmp_path, "cannot_load"), "--json")
    assert result.status == 1
    assert result.json["state"] == "failed"
    assert "library of this objective is missing" in result.err


def test_submitted_jobs_are_listed_and_cancelled(call: Call, tmp_path: Path) -> None:
    job_id = call("submit", write_job(tmp_path)).out.strip()
    (job,) = call("jobs", "--json").json["jobs"]
    assert set(job) == JOB_KEYS
    assert (job["id"], job["state"], job["best"]) == (job_id, "queued", None)
    assert call("jobs").out.split() == [job_id, "queued", "0/3", "a", "job"]
    assert call("cancel", job_id).out.split() == [job_id, "cancelled"]
    assert call("jobs", "--json").json["jobs"][0]["state"] == "cancelled"


def test_a_job_is_paused_changed_and_resumed(call: Call, tmp_path: Path) -> None:
    job_id = call("submit", write_job(tmp_path)).out.strip()
    assert call("pause", job_id).out.split() == [job_id, "paused"]
    changed = call("change", job_id, "--parallel", "3", "--trials", "8", "--json").json
    assert (changed["parallel"], changed["trials"], changed["state"]) == (3, 8, "paused")
    assert call("resume", job_id).out.split() == [job_id, "queued"]


def test_a_key_submits_once(call: Call, tmp_path: Path) -> None:
    write_job(tmp_path)
    first = call("submit", "job.toml", "--key", "k", "--json").json
    assert call("submit", "job.toml", "--key", "k", "--json").json == first


def test_no_jobs_is_an_empty_list(call: Call) -> None:
    assert call("jobs", "--json").json == {"jobs": []}
    assert call("jobs").out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "none.toml"], "none.toml: the job file cannot be read"),
        (["submit", "bad.toml"], "bad.toml: Field 'objective'"),
        (["run", "job.toml", "--objectives", "none.toml"], "none.toml: the registry"),
        (["run", "job.toml", "--export", "no/folder.json"], "no/folder.json: there is no such"),
        (["cancel", "nonsense"], "no job 'nonsense'"),
        (["pause", "nonsense"], "no job 'nonsense'"),
        (["change", "nonsense"], "needs --trials"),
        (["inspect", "none.json"], "none.json"),
        (["inspect", "bad.toml"], "bad.toml"),
        (["jobs", "--data", "bad.toml"], "the folder cannot be used"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(
    call: Call, tmp_path: Path, arguments: list[str], words: str
) -> None:
    write_job(tmp_path)
    (tmp_path / "bad.toml").write_text('name = "x"')
    result = call(*arguments)
    assert (result.status, result.out) == (2, "")
    assert words in result.err
    assert result.err.startswith("hypertendril: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["jobs", "--speed"]])
def test_a_wrong_command_line_is_status_2(call: Call, arguments: list[str]) -> None:
    result = call(*arguments)
    assert (result.status, result.out) == (2, "")
    assert "usage: hypertendril" in result.err


def test_a_worker_beside_another_ends_at_once_if_told(call: Call, tmp_path: Path) -> None:
    from hypertendril.jobs.worker import worker_lock
    from hypertendril.settings import Settings

    lock = worker_lock(Settings(tmp_path / "data"))
    assert lock.acquire()
    assert call("worker", "--only-if-none").status == 0
    lock.close()


def in_terminal(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hypertendril", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TOY_GATE": str(Path.cwd() / "gate")},
        text=True,
    )


def wait_for_trials(queue: JobQueue, done: int) -> None:
    wait_until(lambda: any(job.progress.done >= done for job in queue.jobs()), f"{done} trials")


@pytest.mark.parametrize(
    ("number", "state", "status"),
    [
        (signal.SIGINT, JobState.CANCELLED, 1),
        (signal.SIGTERM, JobState.QUEUED, 1),
        (signal.SIGKILL, JobState.RUNNING, -signal.SIGKILL),
    ],
)
def test_a_run_that_is_interrupted_leaves_an_orderly_job(
    tmp_path: Path, number: signal.Signals, state: JobState, status: int
) -> None:
    process = in_terminal("run", write_job(tmp_path, "gated", 9))
    queue = JobQueue(tmp_path / "data" / "queue")
    try:
        wait_for_trials(queue, 3)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == status
        assert queue.jobs()[0].state is state
        if state is not JobState.CANCELLED:
            owner = queue.new_owner()
            assert queue.claim(owner.name)
            owner.close()
    finally:
        process.kill()
        process.communicate()
        queue.close()


def test_output_into_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    write_job(tmp_path)
    with in_terminal("submit", "job.toml", "--json") as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_listing_jobs_loads_no_sampler_and_no_learning_library(tmp_path: Path) -> None:
    write_job(tmp_path)
    code = (
        "import sys; from hypertendril.cli import main\n"
        "try: main(['submit', 'job.toml'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*[name for name in ('optuna', 'sklearn', 'pandas', 'dash') if name in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1:] == [""]


def test_results_are_exported_and_losses_said(call: Call, tmp_path: Path) -> None:
    trial = {"params": {"x": 1}, "values": {"y": 2}, "curves": {"y": [[1, 2]], "z": [[1, 3]]}}
    study = {"name": "s", "objectives": ["y"], "trials": [trial]}
    (tmp_path / "s.json").write_text(json.dumps(study))
    result = call("export", "s.json", "s.csv")
    assert (result.status, result.out, result.err) == (0, "s.csv\n", "")
    result = call("export", "s.json", "s.db", "--format", "optuna")
    assert (result.status, result.out) == (0, "s.db\n")
    assert "Optuna does not show the curves of z" in result.err
    assert call("inspect", "s.csv", "--json").json["studies"][0]["n_trials"] == 1
    wrong = call("export", "s.json", "t.csv", "--study", "none")
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert "there are: 's'" in wrong.err


@pytest.mark.parametrize(
    ("command", "out", "words"),
    [
        ("export s.json", "s.json", "is what is read"),
        ("export s.json", "folder", "not a regular file"),
        ("export s.json", "pipe", "not a regular file"),
        ("export s.json", "none/s.json", "no such folder"),
        ("convert s.json --i-trust-this-file", "s.json", "is what is read"),
        ("run job.toml --export", "pipe", "not a regular file"),
    ],
)
def test_nothing_but_a_file_of_results_is_written_over(
    call: Call, tmp_path: Path, command: str, out: str, words: str
) -> None:
    study = '{"objectives": ["y"], "trials": [{"values": {"y": 2}}]}'
    (tmp_path / "s.json").write_text(study)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    write_job(tmp_path)
    result = call(*command.split(), out)
    assert (result.status, result.out) == (2, "")
    assert words in result.err
    assert (tmp_path / "s.json").read_text() == study
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("command", ["worker", "run job.toml"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("dask --address nonsense", "'nonsense' of the Dask scheduler must be tcp://HOST:PORT"),
        ("dask --address tcp://127.0.0.1:9", "at tcp://127.0.0.1:9 cannot be reached: Timed out"),
        ("dask --address none.json", "none.json: no Dask scheduler has written this file"),
        ("dask", "Where is the Dask scheduler? Say --address"),
        pytest.param(
            "ray --address 127.0.0.1:9", "Ray cluster at 127.0.0.1:9 cannot be", marks=NEEDS_RAY
        ),
        pytest.param("ray --address ray://a:1", "client protocol cannot stream", marks=NEEDS_RAY),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_one_line_and_status_2(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    options: str,
    words: str,
) -> None:
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 0.3)
    write_job(tmp_path)
    result = call(*command.split(), "--executor", *options.split())
    assert result.status == 2
    (line,) = result.err.splitlines()
    assert words in line
    assert call("jobs").out == ""  # nothing was put into the queue


@pytest.mark.parametrize(("executor", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_is_one_line_and_status_2(
    call: Call, monkeypatch: pytest.MonkeyPatch, executor: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(
        sys.modules, f"hypertendril.jobs.executors.{executor}_engine", raising=False
    )
    result = call("worker", "--executor", executor)
    assert result.status == 2
    (line,) = result.err.splitlines()
    assert f"pip install 'hypertendril[{executor}]'" in line


def test_of_hundreds_of_columns_some_are_guessed_at_and_the_rest_is_counted(
    call: Call, tmp_path: Path
) -> None:
    table = tmp_path / "wide.csv"
    table.write_text(",".join(f"c{i}" for i in range(300)) + "\n" + "0.5," * 299 + "1\n")
    found = call("inspect", str(table))
    assert found.status == 2
    assert "c0 (" in found.err and "and 280 more" in found.err
    assert len(found.err) < 2000
