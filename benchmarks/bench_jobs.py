"""What the queue of jobs costs, and a worker that waits."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.harness import print_cells
from hypertendril.jobs.queue.job_queue import JobQueue, JobState, Progress
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from tests.faults.worker_bench import REGISTRY_FILE, WorkerBench


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


if __name__ == "__main__":
    bench_queue()
    bench_worker()
