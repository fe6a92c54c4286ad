"""A real browser that tells on itself: for the browser tests, the screenshots and the benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

LARGE = (1600, 1000)
SMALL = (1280, 800)
PAGE_TIMEOUT_SECONDS = 60.0  # for a machine that is busy; a passing test never waits for it
IMPORTANCE_SECONDS = 60.0  # the first one loads scikit-learn

# Every view has drawn the study that is shown, or said why it has nothing to show.
DRAWN = "() => window.ht && ht.debug.isDrawn()"

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
    """Open the dashboard and return once all views are drawn and the axes stand in their order."""
    page.goto(url)
    page.wait_for_function(DRAWN)
    wait_until(
        lambda: page.evaluate("() => ht.debug.isDrawn(true)"), "the importance", IMPORTANCE_SECONDS
    )


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = PAGE_TIMEOUT_SECONDS
) -> None:
    """Return once `condition()` is true; raise TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.02)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
    """Press at `start`, move to `end` in `steps` moves, release."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()
