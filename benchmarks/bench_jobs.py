"""What running a study costs besides training, and what killing its workers loses.

Overhead: no-op trials (3 floats, 1 int, 1 category) through warm processes into a durable
store, beside Optuna's own loop in memory, which runs nothing and keeps nothing.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import optuna
import psutil

from benchmarks.harness import print_cells
from hypertendril.jobs.objectives import RegisteredObjective, load_registry
from hypertendril.jobs.place import Place
from hypertendril.jobs.queue import JobId, JobQueue, JobState, Progress
from hypertendril.jobs.runner import Order, run_study
from hypertendril.jobs.spec import JobSpec
from hypertendril.model import (
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.store.experiment_store import ExperimentStore
from tests.faults.worker_bench import REGISTRY_FILE, WorkerBench, wait_for

WARM_UP = 50
MEASURED = {"random": 2000, "tpe": 300}  # a proposal of TPE costs the more the more it knows
SPACE = SearchSpace(
    (
        *(Parameter(name, ParameterKind.FLOAT, 0.0, 1.0) for name in "abc"),
        Parameter("d", ParameterKind.INT, 1, 9),
        Parameter("e", ParameterKind.CATEGORICAL, choices=("x", "y", "z")),
    )
)
OBJECTIVE = RegisteredObjective(
    name="noop",
    function="noop_objective:train",
    folder=Path(__file__).parent,
    objectives=(Objective("value", Direction.MAXIMIZE),),
    curves=(),
    metrics=(),
    space=SPACE,
)
KILLS = 40
KILLED_TRIALS = 4000


def cpu_seconds() -> float:
    """CPU of this process and of those it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def cost_of(run: Callable[[int], object], measured: int) -> tuple[float, float]:
    """Return CPU and wall milliseconds of one more trial, what every run starts with left out."""
    spent = []
    for n in (WARM_UP, WARM_UP + measured):
        cpu, wall = cpu_seconds(), time.perf_counter()
        run(n)
        spent.append((cpu_seconds() - cpu, time.perf_counter() - wall))
    (cpu0, wall0), (cpu1, wall1) = spent
    return 1000 * (cpu1 - cpu0) / measured, 1000 * (wall1 - wall0) / measured


def ours(method: str, parallel: int) -> Callable[[int], object]:
    """Return a function that runs a study of n no-op trials."""

    def run(n: int) -> None:
        budget = {"trials": n, "parallel": parallel}
        objectives = [{"name": "value", "direction": "maximize"}]
        data = {"name": "bench", "objective": "noop", "method": method, "budget": budget}
        spec = JobSpec.from_json(
            data | {"objectives": objectives, "space": SPACE.to_json(), "metrics": [], "curves": []}
        )
        with (
            tempfile.TemporaryDirectory() as folder,
            ExperimentStore.open(Path(folder) / "store") as store,
        ):
            run_study(spec, OBJECTIVE, store, "s", lambda _: Order.GO_ON, Place(Path(folder)))
            assert store.snapshot("s").counts()[TrialState.COMPLETE] == n

    return run


def optunas(sampler: Callable[[], optuna.samplers.BaseSampler]) -> Callable[[int], object]:
    """Return a function that runs n no-op trials in Optuna's own loop."""

    def objective(trial: optuna.Trial) -> float:
        for name in "bc":
            trial.suggest_float(name, 0.0, 1.0)
        trial.suggest_int("d", 1, 9)
        trial.suggest_categorical("e", ["x", "y", "z"])
        return trial.suggest_float("a", 0.0, 1.0)

    def run(n: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        optuna.create_study(sampler=sampler(), direction="maximize").optimize(objective, n_trials=n)

    return run


def bench_overhead() -> None:
    """Print the cost of a trial that does nothing."""
    cases = {
        "random, 1 process": ours("random", 1),
        "random, 2 processes": ours("random", 2),
        "tpe, 1 process": ours("tpe", 1),
        "tpe, 2 processes": ours("tpe", 2),
        "random in Optuna, memory": optunas(lambda: optuna.samplers.RandomSampler(seed=1)),
        "tpe in Optuna, memory": optunas(
            lambda: optuna.samplers.TPESampler(seed=1, multivariate=True, constant_liar=True)
        ),
    }
    rows = []
    for name, run in cases.items():
        measured = MEASURED[name[: name.index(" ")].strip(",")]
        cpu, wall = cost_of(run, measured)
        rows.append([name, f"{cpu:.2f}", f"{wall:.2f}", str(measured)])
    title = f"A no-op trial after the first {WARM_UP}; ms"
    print_cells(title, ["", "CPU", "wall", "trials"], rows)


def bench_queue() -> None:
    """Print the cost of what is done to the queue."""
    registry = load_registry(REGISTRY_FILE)
    data = {"name": "q", "objective": "sphere", "method": "random", "budget": {"trials": 9}}
    spec = JobSpec.from_json(data, registry)
    with tempfile.TemporaryDirectory() as folder:
        queue = JobQueue(Path(folder) / "queue")
        owner = queue.new_owner()
        for _ in range(100):
            queue.submit(spec)
        lease = queue.claim(owner.name)
        assert lease is not None
        ticks = iter(range(1_000_000))
        actions: dict[str, Callable[[], object]] = {
            "change_count (each poll of the page)": queue.change_count,
            "standing (each look of a runner)": lambda: queue.standing(lease),
            "heartbeat (durable)": lambda: queue.heartbeat(lease, Progress(next(ticks))),
            "jobs, 100 of them": queue.jobs,
        }
        rows = [[name, f"{_microseconds(action):.0f}"] for name, action in actions.items()]
        owner.close()
        queue.close()
    print_cells("The queue; microseconds of wall", ["", "us"], rows)


def _microseconds(action: Callable[[], object], times: int = 200) -> float:
    start = time.perf_counter()
    for _ in range(times):
        action()
    return 1e6 * (time.perf_counter() - start) / times


def bench_worker() -> None:
    """Print what an idle worker costs and how fast a running job is cancelled."""
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(Path(folder))
        worker = psutil.Process(bench.start_worker().pid)
        job_id = bench.submit("gated", 50)
        bench.wait_for_trials(job_id, 5)
        start = time.perf_counter()
        bench.queue.cancel(job_id)
        bench.wait_for_state(job_id, JobState.CANCELLED)
        cancelled = time.perf_counter() - start
        before = sum(worker.cpu_times()[:2])
        time.sleep(10)
        idle = (sum(worker.cpu_times()[:2]) - before) / 10
        memory = worker.memory_info().rss / 2**20
        bench.close()
    rows = [
        ["from cancel to cancelled, two trials that do not listen", f"{cancelled:.2f} s"],
        ["CPU of an idle worker", f"{100 * idle:.2f} %"],
        ["memory of a worker", f"{memory:.0f} MiB"],
    ]
    print_cells("A worker", ["", ""], rows)


def bench_kills() -> None:
    """Print what is left of a study whose workers are killed over and over."""
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(Path(folder))
        job_id = bench.submit("naps", KILLED_TRIALS)
        kills, resumes = 0, []
        while kills < KILLS and bench.job(job_id).state.is_open:
            done, start = bench.job(job_id).progress.done, time.perf_counter()
            worker = bench.start_worker()
            wait_for(partial(_has_more, bench, job_id, done))
            resumes.append(time.perf_counter() - start)
            time.sleep(dice.uniform(0.0, 0.5))
            worker.kill()
            worker.wait()
            kills += 1
        bench.start_worker()
        study = bench.wait_for_state(job_id, JobState.DONE)
        starts = Counter((Path(folder) / "starts").read_text().split())
        finals = Counter(study.evaluations.trial.tolist())
        bench.close()
    complete = study.counts()[TrialState.COMPLETE]
    rows = [
        ["workers killed (SIGKILL) while running", str(kills)],
        ["trials wanted, rows, complete", f"{KILLED_TRIALS}, {len(study)}, {complete}"],
        ["trials lost", str(KILLED_TRIALS - complete)],
        ["results written twice", str(sum(n - 1 for n in finals.values()))],
        ["trials run again", str(starts.total() - len(starts))],
        ["start of a worker to its first stored result, median s", _median(resumes)],
    ]
    print_cells("Workers killed at random moments", ["", ""], rows)


def _has_more(bench: WorkerBench, job_id: JobId, done: int) -> bool:
    return bench.job(job_id).progress.done > done


def _median(values: list[float]) -> str:
    return f"{sorted(values)[len(values) // 2]:.2f}"


if __name__ == "__main__":
    bench_overhead()
    bench_queue()
    bench_worker()
    bench_kills()
