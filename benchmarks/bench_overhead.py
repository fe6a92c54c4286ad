"""What a trial costs besides training: no-op trials, CPU of all processes together.

Ours go through warm worker processes into a durable store. Beside them Optuna's own loop, which
runs trials in the process that asks: in memory, where nothing is kept, and in a journal, which is
durable too. Ray Tune hands them to actors that are used again.

Target: at most 3 ms over Optuna in memory.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from benchmarks.harness import print_cells
from benchmarks.search_rivals import suggested
from hypertendril.jobs.executors.place import Place
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import RegisteredObjective
from hypertendril.model import Direction, Objective, Parameter, ParameterKind, SearchSpace
from hypertendril.store.experiment_store import ExperimentStore

TRIALS, ROUNDS = 1000, 3
RAY_TRIALS = 200  # it takes seconds for each where others want the cores too
TARGET_MS = 3.0
ACTORS = 2
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
Run = Callable[[int], object]
SAMPLERS: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
    "random": lambda: optuna.samplers.RandomSampler(seed=1),
    "tpe": lambda: optuna.samplers.TPESampler(seed=1),
}


def tree_cpu_seconds() -> float:
    """Return the CPU of this process and of all it started, running or waited for."""
    spent = 0.0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            spent += sum(process.cpu_times()[:4])  # own and waited-for children's
    return spent


def ours(method: str, parallel: int) -> Run:
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

    return run


def optunas(method: str, *, is_kept: bool) -> Run:
    """Return a function that runs n trials in Optuna, in memory or into a journal."""

    def objective(trial: optuna.Trial) -> float:
        value = suggested(trial, SPACE)["a"]
        assert isinstance(value, float)
        return value

    def run(n: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            backend = JournalFileBackend(f"{folder}/journal.log")
            storage = JournalStorage(backend) if is_kept else None
            study = optuna.create_study(
                storage=storage, sampler=SAMPLERS[method](), direction="maximize"
            )
            study.optimize(objective, n_trials=n)

    return run


def rays(method: str) -> Run:
    """Return a function that runs n trials in Ray Tune, on a cluster that is there already."""

    def run(n: int) -> None:
        tune = import_module("ray.tune")

        class Noop(tune.Trainable):  # type: ignore[misc, name-defined]
            def setup(self, config: dict[str, Any]) -> None:
                self.a = config["a"]

            def step(self) -> dict[str, Any]:
                return {"value": self.a, "done": True}

            def save_checkpoint(self, checkpoint_dir: str) -> None:
                """Nothing is to be kept."""

            def reset_config(self, config: dict[str, Any]) -> bool:
                self.a = config["a"]
                return True

        domains: dict[str, Any] = {name: tune.uniform(0.0, 1.0) for name in "abc"}
        domains |= {"d": tune.randint(1, 10), "e": tune.choice(["x", "y", "z"])}
        searcher = None
        if method == "tpe":
            of_optuna = import_module("ray.tune.search.optuna")
            searcher = of_optuna.OptunaSearch(sampler=SAMPLERS["tpe"]())
        with tempfile.TemporaryDirectory() as folder:
            tune.Tuner(
                Noop,
                param_space=domains,
                tune_config=tune.TuneConfig(
                    num_samples=n,
                    metric="value",
                    mode="max",
                    reuse_actors=True,
                    max_concurrent_trials=ACTORS,
                    search_alg=searcher,
                ),
                run_config=tune.RunConfig(storage_path=folder, verbose=0),
            ).fit()

    return run


@contextmanager
def ray_cluster() -> Iterator[None]:
    """Keep a small cluster of Ray; what its start costs is not counted."""
    ray = import_module("ray")
    # Its workers are nice (15), and it waits 30 s for itself: a busy machine needs the opposite.
    os.environ |= {"RAY_worker_niceness": "0", "RAY_raylet_start_wait_time_s": "300"}
    ray.init(
        num_cpus=ACTORS, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
    )
    try:
        yield
    finally:
        ray.shutdown()


def cost_of(run: Run, trials: int) -> tuple[float, float]:
    """Return the CPU and the wall milliseconds of a trial, starting and ending included."""
    cpu, wall = tree_cpu_seconds(), time.perf_counter()
    run(trials)
    cpu, wall = tree_cpu_seconds() - cpu, time.perf_counter() - wall
    return 1000 * cpu / trials, 1000 * wall / trials


def cells_of(run: Run, base_ms: float, trials: int = TRIALS) -> list[str]:
    """Return medians of some rounds: CPU, CPU over the base, wall; and the trials of a round."""
    cpus, walls = zip(*(cost_of(run, trials) for _ in range(ROUNDS)), strict=True)
    cpu, wall = statistics.median(cpus), statistics.median(walls)
    return [f"{cpu:.2f}", f"{cpu - base_ms:+.2f}", f"{wall:.2f}", str(trials)]


def print_method(method: str) -> None:
    """Print the table of one method."""
    in_memory = cells_of(optunas(method, is_kept=False), 0.0)
    base = float(in_memory[0])
    rows = [["Optuna, in memory", in_memory[0], "", *in_memory[2:]]]
    cases = {
        "HyperTendril, 1 worker process": ours(method, 1),
        "HyperTendril, 2 worker processes": ours(method, 2),
        "Optuna, journal file": optunas(method, is_kept=True),
    }
    rows += [[name, *cells_of(run, base)] for name, run in cases.items()]
    if find_spec("ray") is None:
        rows.append(["Ray Tune is not installed here", "", "", "", ""])
    else:
        with ray_cluster():
            cells = cells_of(rays(method), base, RAY_TRIALS)
        rows.append([f"Ray Tune, {ACTORS} actors used again", *cells])
    title = (
        f"No-op trials of {method} search, 5 parameters; ms a trial, medians of {ROUNDS} runs; "
        f"target: at most +{TARGET_MS:g} ms of CPU"
    )
    print_cells(title, ["", "CPU", "over memory", "wall", "trials"], rows)


def main() -> None:
    """Print the tables."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for method in SAMPLERS:
        print_method(method)


if __name__ == "__main__":
    main()
