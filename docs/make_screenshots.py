"""Draw the pictures of README.md: the dashboard over the bundled studies, in light and dark.

make screenshots
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from hypertendril.layouts import ids
from tests.browser.harness import DRAWN, LARGE, launch, open_page, show_dashboard
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until

IMAGES = Path(__file__).parent / "images"
TOP_SHARE = 0.2
FINISHED_SECONDS = 60.0  # importance is computed in the background

# The best fifth of the leading objective, as the brush a person would draw on its axis.
BEST = """share => {
    const data = ht.state.data, goal = data.objective;
    const values = Array.from(goal.values).filter(Number.isFinite).sort((a, b) => a - b);
    const at = q => values[Math.round(q * (values.length - 1))];
    const range = goal.direction === "minimize" ? [null, at(share)] : [at(1 - share), null];
    return {study: data.study, brush: {view: "space", kind: "ranges", dims: [goal.key],
        ranges: [range], missing: false}};
}"""


def main() -> int:
    """Write `docs/images/<light|dark|compare>.png`; 0 when all are there."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        sync_playwright() as playwright,
        AppProcess(Path(data), options=["--no-worker"]) as app,
    ):
        browser = launch(playwright)
        for scheme in ("light", "dark"):
            take(browser, app.url, scheme)
        take_comparison(browser, app.url)
        browser.close()
    return 0


def take(browser: Browser, url: str, scheme: str) -> None:
    """Brush the best trials on a large page and write the picture."""
    with open_page(browser, LARGE, scheme) as page:
        show_dashboard(page, url)
        show_brushed(page, url)
        path = IMAGES / f"{scheme}.png"
        page.screenshot(path=path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


def show_brushed(page: Page, url: str) -> None:
    """Follow the link that holds the brush, as a colleague who was sent it would."""
    found = page.evaluate(BEST, TOP_SHARE)
    link = urlencode({"study": found["study"], "brushes": json.dumps([found["brush"]])})
    page.goto(f"{url}#{link}")
    page.reload()
    page.wait_for_function(DRAWN)
    wait_until(lambda: page.evaluate("() => ht.debug.isDrawn(true)"), "all views", FINISHED_SECONDS)


def take_comparison(browser: Browser, url: str) -> None:
    """Open the comparison of the bundled searches, one a method, and write the picture."""
    with open_page(browser, LARGE, "light") as page:
        show_dashboard(page, url)
        page.locator(f"#{ids.EXPLORATION_COMPARE}").click()
        view = "ht.debug.views.find(v => v.spec.graph === 'exploration-compare-graph')"
        is_drawn = f"() => {{ const view = {view}; return view.isReady && !view.isStale; }}"
        wait_until(lambda: page.evaluate(is_drawn), "the comparison", FINISHED_SECONDS)
        page.screenshot(path=IMAGES / "compare.png")


if __name__ == "__main__":
    sys.exit(main())
