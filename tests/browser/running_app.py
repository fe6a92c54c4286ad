"""The app as its users start it: a process of its own that tests may kill, or a server in a thread."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 60.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+\S*")


class AppProcess:
    """`python app.py` on a free port, with a data folder of its own.

    Args:
        data: Folder for its store and queue; reuse it to see what survived a kill.
        sources: Result files to open; none opens the bundled studies.
        options: Further options of app.py.
    """

    def __init__(
        self,
        data: Path,
        sources: Sequence[str | Path] = (),
        options: Sequence[str] = (),
    ) -> None:
        command = [sys.executable, str(ROOT / "app.py"), "--port", "0", "--data", str(data)]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed in stop(); a pipe could fill
        self._process = subprocess.Popen(
            [*command, *options, *map(str, sources)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._descendants: set[psutil.Process] = set()
        try:
            wait_until(self._is_ready, f"the app to answer; {command}")
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address it printed, ending in a slash; empty while it has printed none."""
        found = ADDRESS.search(self.output())
        return found.group().rstrip("/") + "/" if found else ""

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def output(self) -> str:
        """Return everything it printed so far."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes it started that still run."""
        self._remember_descendants()
        return [process for process in self._descendants if _is_worker(process)]

    def kill(self) -> None:
        """Kill the server as a crash would; its workers live on until `stop`."""
        self._remember_descendants()
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End the server politely, then whatever it left behind."""
        if self._log.closed:
            return
        self._remember_descendants()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        for process in _with_descendants(self._descendants):
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(self._descendants, STOP_SECONDS)
        self._log.close()

    def _remember_descendants(self) -> None:
        """Note the children while the server lives: after its death nothing tells whose they were."""
        with suppress(psutil.Error):
            self._descendants.update(psutil.Process(self.pid).children(recursive=True))

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"app.py ended with {self._process.returncode}:\n{self.output()}")
        return bool(self.url) and _answers(self.url)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # an address on 127.0.0.1
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _with_descendants(processes: set[psutil.Process]) -> set[psutil.Process]:
    """Return `processes` and all that they started; a worker may have started more after its server died."""
    found = set(processes)
    for process in processes:
        with suppress(psutil.Error):
            found.update(process.children(recursive=True))
    return found


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "worker" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class _Silent(WSGIRequestHandler):
    """Keeps the requests of a test out of its output."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def served(wsgi_app: Any) -> Iterator[str]:
    """Serve a WSGI app from a thread on a free port; give its address, ending in a slash."""
    server = make_server("127.0.0.1", 0, wsgi_app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join(STOP_SECONDS)
        server.server_close()
