"""A real browser that tells on itself: for the browser tests, the screenshots and the benchmarks."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    expect,
)

Place = tuple[float, float]  # pixels of the window, from the left and from the top

LARGE = (1600, 1000)
SMALL = (1280, 800)
PAGE_TIMEOUT_SECONDS = 120.0  # for a machine that is busy; a passing test never waits for it
expect.set_options(timeout=PAGE_TIMEOUT_SECONDS * 1000)

# Every view has drawn the study that is shown, or said why it has nothing to show.
DRAWN = "() => window.ht && ht.debug.isDrawn()"
SETTLED = "() => ht.debug.isDrawn(true)"  # and what is computed in the background has come

# How many answers of the server a page has yet to read; its heartbeat is none of them.
COUNT_AWAITED = """{
    const ask = window.fetch;
    window.awaited = 0;
    window.fetch = async (...request) => {
        if (String(request[0]).includes("_ht/pulse")) return ask(...request);
        window.awaited += 1;
        try {
            const answer = await ask(...request);
            await answer.clone().arrayBuffer();
            return answer;
        } finally {
            window.awaited -= 1;
        }
    };
}"""
# A dialog finds its size, Plotly lays out a figure and axes glide over several frames. Frames and
# not milliseconds: a slow machine takes longer over each.
REST = """async ([frames, milliseconds]) => {
    const deadline = performance.now() + milliseconds;
    const isBusy = view => view.gd && view.gd._fullLayout
        && (view.isStale || (view.isReady && view.isBehind));
    const places = () => Array.from(
        document.querySelectorAll("canvas, button, input, select, .range-bar, .space-box"),
        (element) => Object.values(element.getBoundingClientRect().toJSON()).join()).join(" ");
    let before = "";
    for (let same = 0; same < frames;) {
        await new Promise(requestAnimationFrame);
        const now = places();
        const isBusyNow = window.awaited > 0 || ht.space.isMoving() || ht.debug.views.some(isBusy);
        same = now === before && !isBusyNow ? same + 1 : 0;
        before = now;
        if (performance.now() > deadline) throw new Error("The page does not come to rest.");
    }
}"""
REST_FRAMES = 6

FLAGS = (
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",  # the page has to be fast without one
    "--disable-dev-shm-usage",  # containers have a tiny /dev/shm
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever asks for another host fails here, and the watch below reports it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_chromium() -> str | None:
    """Return the browser to drive: $CHROMIUM, else the system's; None leaves it to Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        return named
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def launch(playwright: Playwright) -> Browser:
    """Return a headless browser that reaches nothing but 127.0.0.1."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))


@contextmanager
def open_page(
    browser: Browser, size: tuple[int, int] = LARGE, scheme: str = "light"
) -> Iterator[Page]:
    """Give a page in a fresh context (no cookies, no cache) of `size` pixels; `scheme` light or dark."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(PAGE_TIMEOUT_SECONDS * 1000)
    context.add_init_script(COUNT_AWAITED)
    try:
        yield context.new_page()
    finally:
        context.close()


@dataclass
class Watch:
    """Everything a page did that no page of ours may do."""

    faults: list[str] = field(default_factory=list)
    _allowed: list[re.Pattern[str]] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Start listening to every page of `context`."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"page error: {error.error}"))
        context.on("request", self._request)

    def allow(self, pattern: str) -> None:
        """Let faults matching `pattern` pass: for tests that break something on purpose."""
        self._allowed.append(re.compile(pattern))

    def check(self) -> None:
        """Raise AssertionError with every fault that was not allowed."""
        open_faults = [f for f in self.faults if not any(p.search(f) for p in self._allowed)]
        assert not open_faults, "The page misbehaved:\n  " + "\n  ".join(open_faults)

    def _note(self, fault: str) -> None:
        self.faults.append(fault)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console error: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self._note(f"request to another host: {request.url}")


def show_dashboard(page: Page, url: str) -> None:
    """Open the dashboard and return once all views are drawn, the axes stand in their order, and all rests."""
    page.goto(url)
    page.wait_for_function(DRAWN)
    page.wait_for_function(SETTLED)
    rest(page)


def rest(page: Page) -> None:
    """Return once nothing a person could point at moves, and no answer of the server is awaited.

    Before a place is read off the page, and after a gesture whose effect is drawn in a later frame.
    """
    page.evaluate(REST, [REST_FRAMES, PAGE_TIMEOUT_SECONDS * 1000])


def drag(page: Page, start: Place, end: Place, steps: int = 8) -> None:
    """Press at `start`, move to `end` in `steps` moves, release; return once the page rests."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()
    rest(page)
