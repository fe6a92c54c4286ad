"""Real worker processes over a data folder, to be killed, stopped and watched by tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypertendril.jobs.queue.job_queue import Job, JobId, JobQueue, JobState
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Study
from hypertendril.settings import Settings
from hypertendril.store.experiment_store import ExperimentStore
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
REGISTRY_FILE = ROOT / "tests" / "data" / "jobs" / "objectives.toml"
REGISTRY = load_registry(REGISTRY_FILE)
WORK = """
import logging, sys
from pathlib import Path
from hypertendril.jobs.worker import work
from hypertendril.settings import Settings
logging.basicConfig(level=logging.INFO)
work(Settings(Path(sys.argv[1]), Path(sys.argv[2])), lease_seconds=float(sys.argv[3]))
"""


class WorkerBench:
    """A data folder, its queue and store as a server sees them, and workers on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(folder / "data", REGISTRY_FILE)
        self.queue = JobQueue(self.settings.queue)
        self.store = ExperimentStore.open(self.settings.store)
        self.gate = folder / "gate"
        self._workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self, lease_seconds: float = 30.0) -> subprocess.Popen[bytes]:
        """Start a worker; what it says goes to `worker.log`."""
        arguments = [str(self.settings.data), str(REGISTRY_FILE), str(lease_seconds)]
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-c", WORK, *arguments],
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT), "TOY_GATE": str(self.gate)},
                start_new_session=True,
            )
        self._workers.append(worker)
        return worker

    def submit(self, objective: str, trials: int, **more: Any) -> JobId:
        """Submit a job with a random search over a toy objective."""
        budget = {"trials": trials, "parallel": more.pop("parallel", 2)}
        data = {"name": "job", "objective": objective, "method": "random", "budget": budget}
        return self.queue.submit(JobSpec.from_json(data | more, REGISTRY))

    def job(self, job_id: JobId) -> Job:
        """Return the job as it is now."""
        return self.queue.job(job_id)

    def study(self, job_id: JobId) -> Study | None:
        """Return the study of the job as it is now; None before it is made."""
        self.store.refresh()
        return self.store.snapshot(job_id) if job_id in self.store.versions() else None

    def wait_for_trials(self, job_id: JobId, n: int) -> Study:
        """Wait until the study has `n` trials, running ones included."""

        def found() -> Study | None:
            study = self.study(job_id)
            return study if study is not None and len(study) >= n else None

        return wait_until(found, f"{n} trials")

    def wait_for_state(self, job_id: JobId, state: JobState) -> Study:
        """Wait until the job is in a state; return its study."""
        wait_until(lambda: self.job(job_id).state is state, state)
        study = self.study(job_id)
        assert study is not None
        return study

    def trial_pids(self) -> list[int]:
        """Return the processes that ran trials of the gated objective."""
        return [int(line) for line in (self.folder / "pids").read_text().split()]

    def close(self) -> None:
        """End all workers and close queue and store."""
        for worker in self._workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGCONT)
            worker.kill()
            worker.wait()
        self.queue.close()
        self.store.close()
