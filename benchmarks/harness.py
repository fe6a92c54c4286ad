"""What an interaction costs: page-thread CPU, processes, bytes; medians, printed as a table.

Wall time lies on a busy machine, CPU time hardly does; so CPU is what is compared, and the load of
the machine stands beside every table.

    with sync_playwright() as playwright, AppProcess(data, [study]) as app:
        meter = Meter.start(launch(playwright), [app.pid])
        meter.page.goto(app.url)
        costs = meter.repeat("hover", lambda: meter.page.mouse.move(700, 400), times=9)
        print_table("10,000 trials", [costs])
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page

from tests.browser.harness import LARGE

Action = Callable[[], object]

# A frame of the screen twice, then a moment in which the page has nothing left to do.
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => requestIdleCallback(() => done(true), {timeout: 2000}))))"""
QUIET_SECONDS = 0.3  # without any network traffic: the interaction's answers have arrived
GIVE_UP_SECONDS = 120.0
# Chromium's own sums since the page was opened, seconds of the page's thread.
SUMS = {
    "script_ms": "ScriptDuration",
    "layout_ms": "LayoutDuration",
    "style_ms": "RecalcStyleDuration",
}


@dataclass(frozen=True)
class Cost:
    """What one interaction cost; differences between before it and after everything settled.

    Attributes:
        page_ms: CPU of the renderer's main thread: the one that scripts, layout and input share.
        script_ms, layout_ms, style_ms: Parts of it, as Chromium sums them up.
        renderer_ms, gpu_ms: CPU of the whole renderer and of the process that rasters for it.
        server_ms: CPU of the server and the processes it started.
        sent_bytes, received_bytes: Request bodies; responses with headers, as they went over the wire.
        wall_ms: Time until everything settled, waiting for quiet left out.
    """

    page_ms: float
    script_ms: float
    layout_ms: float
    style_ms: float
    renderer_ms: float
    gpu_ms: float
    server_ms: float
    sent_bytes: float
    received_bytes: float
    wall_ms: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Cost)))

    def over(self, steps: int) -> Cost:
        """Return the cost of one of `steps` equal steps."""
        return Cost(*(getattr(self, f.name) / steps for f in fields(Cost)))


@dataclass(frozen=True)
class Row:
    """One line of a table: an interaction, its median cost, and how often it was measured."""

    name: str
    cost: Cost
    times: int


class Meter:
    """Reads what a page, its browser and its server have used so far."""

    def __init__(self, page: Page, server_pids: Sequence[int] = ()) -> None:
        self.page = page
        browser = page.context.browser
        assert browser is not None
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._browser_session = browser.new_browser_cdp_session()
        self._servers = [psutil.Process(pid) for pid in server_pids]
        self._sent = self._received = 0.0
        self._last_traffic = time.monotonic()
        self._session.on("Network.requestWillBeSent", self._note_request)
        self._session.on("Network.loadingFinished", self._note_response)
        self._session.send("Network.enable")
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    @classmethod
    def start(
        cls, browser: Browser, server_pids: Sequence[int] = (), size: tuple[int, int] = LARGE
    ) -> Meter:
        """Return a meter over a new page of `size` pixels."""
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(GIVE_UP_SECONDS * 1000)
        return cls(context.new_page(), server_pids)

    def measure(self, action: Action, steps: int = 1) -> Cost:
        """Return what `action` cost, divided by the `steps` it makes."""
        self.settle()
        before = self._read()
        action()
        waited = self.settle()
        spent = self._read() - before
        exact = {f.name: getattr(spent, f.name) for f in fields(Cost)}
        return Cost(**exact | {"wall_ms": spent.wall_ms - waited}).over(steps)

    def repeat(self, name: str, action: Action, times: int = 5, steps: int = 1) -> Row:
        """Return the medians of `times` measurements of `action`."""
        costs = [self.measure(action, steps) for _ in range(times)]
        medians = (statistics.median(getattr(c, f.name) for c in costs) for f in fields(Cost))
        return Row(name, Cost(*medians), times)

    def settle(self) -> float:
        """Wait until page and network are quiet; return the milliseconds of pure waiting."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            self.page.evaluate(SETTLED)
            quiet_since = time.monotonic()
            self.page.wait_for_timeout(QUIET_SECONDS * 1000)
            if self._last_traffic < quiet_since:
                return QUIET_SECONDS * 1000
        raise TimeoutError(f"The page did not come to rest in {GIVE_UP_SECONDS:g} s.")

    def browser_memory_bytes(self) -> int:
        """Return the proportional memory of all of the browser's processes."""
        return sum(_memory_bytes(psutil.Process(pid)) for pid, _ in self._browser_processes())

    def server_memory_bytes(self) -> int:
        """Return the highest resident memory each server process ever had, summed."""
        return sum(peak_memory_bytes(process.pid) for process in self._servers)

    def _read(self) -> Cost:
        processes = self._browser_processes()
        renderers = [pid for pid, kind in processes if kind == "renderer" and _shows_pages(pid)]
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        sums = {metric["name"]: metric["value"] * 1000 for metric in metrics}
        return Cost(
            page_ms=sum(_thread_cpu_ms(pid) for pid in renderers),
            renderer_ms=sum(_process_cpu_ms(pid) for pid in renderers),
            gpu_ms=sum(_process_cpu_ms(pid) for pid, kind in processes if kind == "GPU"),
            server_ms=sum(_process_cpu_ms(pid) for pid in self._server_pids()),
            sent_bytes=self._sent,
            received_bytes=self._received,
            wall_ms=time.monotonic() * 1000,
            **{name: sums.get(metric, 0.0) for name, metric in SUMS.items()},
        )

    def _browser_processes(self) -> list[tuple[int, str]]:
        answer = self._browser_session.send("SystemInfo.getProcessInfo")
        return [(info["id"], info["type"]) for info in answer["processInfo"]]

    def _server_pids(self) -> set[int]:
        found = {process.pid for process in self._servers}
        for process in self._servers:
            found.update(child.pid for child in process.children(recursive=True))
        return found

    def _note_request(self, event: dict[str, Any]) -> None:
        self._sent += len(event["request"].get("postData", "").encode())
        self._last_traffic = time.monotonic()

    def _note_response(self, event: dict[str, Any]) -> None:
        self._received += event["encodedDataLength"]
        self._last_traffic = time.monotonic()


def _shows_pages(pid: int) -> bool:
    """Whether a renderer is there for web pages, not for the browser's own frame."""
    try:
        return b"top-chrome-webui" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _thread_cpu_ms(pid: int) -> float:
    """CPU of the main thread of process `pid`; exact to the nanosecond, unlike /proc/PID/stat."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e6
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _process_cpu_ms(pid: int) -> float:
    """CPU of process `pid`, ended threads included, in steps of 10 ms."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return (times.user + times.system) * 1000


def _memory_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def peak_memory_bytes(pid: int | str = "self") -> int:
    """Return the most memory a process has had resident; `getrusage` would count its parent's too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def machine() -> str:
    """Return one line on this machine and how busy it is."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load}"


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print the costs; milliseconds of CPU, kilobytes, medians."""
    columns = ("page", "script", "layout", "style", "renderer", "gpu", "server")
    heads = [*columns, "sent kB", "got kB", "wall", "n"]
    cells = [
        [
            row.name,
            *(f"{getattr(row.cost, f'{column}_ms'):.1f}" for column in columns),
            f"{row.cost.sent_bytes / 1000:.1f}",
            f"{row.cost.received_bytes / 1000:.1f}",
            f"{row.cost.wall_ms:.0f}",
            str(row.times),
        ]
        for row in rows
    ]
    print_cells(f"{title}; CPU ms, medians", ["", *heads], cells)


def print_cells(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print any table under `title` and a line on the machine; first column left, the others right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    print(f"\n{title}\n({machine()})")
    for cells in (heads, *rows):
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip(), flush=True)
