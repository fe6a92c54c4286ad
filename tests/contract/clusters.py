"""Real clusters of several processes on this machine, to be used and partly killed by tests."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
IS_RAY_INSTALLED = importlib.util.find_spec("ray") is not None
RAY_PORT = re.compile(r"ray start --address='[^']*:(\d+)'")


class Cluster(Protocol):
    """Some worker processes and what leads them."""

    address: str

    def replace_workers(self) -> None:
        """See to it that there are as many workers as at the start."""
        ...

    def close(self) -> None:
        """End it all."""
        ...


class DaskCluster:
    """A Dask scheduler with workers of one thread each."""

    def __init__(self, folder: Path, environment: dict[str, str], workers: int = 2) -> None:
        self._folder = folder
        self._environment = environment | {
            # A trial that kills its worker is given up at the second one.
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_TEMPORARY_DIRECTORY": str(folder),
        }
        self.address = str(folder / "scheduler.json")
        quiet = ("--no-dashboard", "--scheduler-file", self.address)
        self._worker = ("dask_worker", *quiet, "--no-nanny", "--nthreads", "1")
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *quiet)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._size = workers
        wait_until(self._is_ready, "the scheduler")
        self.replace_workers()

    def _is_ready(self) -> bool:
        """Whether the scheduler has written its address, whole."""
        try:
            return bool(json.loads(Path(self.address).read_text()))
        except (OSError, ValueError):
            return False

    def replace_workers(self) -> None:
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self._size:
            self.workers.append(self._start(*self._worker))

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *options],
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )


class RayCluster:
    """A Ray head that runs tasks in two worker processes, and replaces those that die."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        # Paths of sockets must be short.
        self._scratch = tempfile.TemporaryDirectory(prefix="ray")
        options = {
            "--node-ip-address": "127.0.0.1",
            "--port": "0",
            "--num-cpus": "2",
            "--include-dashboard": "false",
            "--object-store-memory": str(80 * 2**20),
            "--temp-dir": self._scratch.name,
        }
        with (folder / "ray.log").open("ab") as log:
            self._head = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("ray")),
                    "start",
                    "--head",
                    "--block",
                    "--disable-usage-stats",
                    *(f"{name}={value}" for name, value in options.items()),
                ],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        try:
            said = wait_until(lambda: RAY_PORT.search((folder / "ray.log").read_text()), "Ray")
        except BaseException:
            self.close()
            raise
        self.address = f"127.0.0.1:{said.group(1)}"

    def replace_workers(self) -> None:
        pass

    def close(self) -> None:
        self._head.send_signal(signal.SIGTERM)
        self._head.wait()
        self._scratch.cleanup()


def environment_of(gate: Path) -> dict[str, str]:
    """Return the environment of a cluster whose gated trials wait for a file."""
    # Processes of Ray step back behind other programs; on a busy machine they would stand still.
    of_ray = {"RAY_worker_niceness": "0"}
    return os.environ | of_ray | {"PYTHONPATH": str(ROOT), "TOY_GATE": str(gate)}


def parent_of(pid: int) -> int:
    """Return the process that started another."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
