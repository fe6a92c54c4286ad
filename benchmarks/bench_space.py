"""The Search space overview over many lines: first drawing, dragging a brush, memory.

    python -m benchmarks.bench_space [--trials 2000 20000 100000]

CPU is that of the page's thread, all views included: a brush is drawn by each of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness import Meter, print_cells
from benchmarks.make_study import synthetic_study
from tests.browser.harness import DRAWN, launch
from tests.browser.running_app import AppProcess

SIZES = (2_000, 20_000, 100_000)
TARGETS_MS = {2_000: 16, 20_000: 16, 100_000: 33}
FRAMES = 30
TIMES = 5
HEADS = (
    "lines",
    "open, page s",
    "raster ready, s",
    "drag frame, page ms",
    "target ms",
    "script ms",
    "this view ms",
    "page MiB",
)

PLACE = """() => {
    const {view} = ht.space;
    const box = view.layers.top.canvas.getBoundingClientRect();
    const x = box.left + view.xs[view.meta.axes.length - 1];
    return {x, top: box.top + view.top, bottom: box.top + view.bottom};
}"""
SINCE_START = "() => ht.debug.rasters ? performance.now() / 1000 : null"
# What drawing this view's chosen lines takes by itself.
OWN = """times => {
    const {view} = ht.space;
    const {g} = view.layers.chosen;
    const spent = [];
    ht.state.preview = ht.activeBrushes()[0] || {kind: "ranges", dims: ["number"], ranges: [[null, null]]};
    for (let k = 0; k < times; k++) {
        const start = performance.now();
        g.clearRect(0, 0, view.width, view.height);
        view.spec.overlay(g, view);
        spent.push(performance.now() - start);
    }
    ht.previewBrush(null);
    return spent.sort((a, b) => a - b)[times >> 1];
}"""


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().trials
    with sync_playwright() as playwright:
        browser = launch(playwright)
        rows = [measured(browser, trials) for trials in sizes]
        browser.close()
    print_cells("Search space overview", HEADS, rows)


def measured(browser: Browser, trials: int) -> list[str]:
    """Serve a study of `trials` trials and return what its view costs, as cells."""
    study = synthetic_study(trials)
    with (
        tempfile.TemporaryDirectory() as data,
        AppProcess(Path(data), [study], ["--no-worker"]) as app,
    ):
        meter = Meter.start(browser, [app.pid])
        page = meter.page
        opened = meter.measure(lambda: show(page, app.url))
        ready = page.wait_for_function(SINCE_START).json_value()
        frame = dragging(meter)
        own = page.evaluate(OWN, 15)
        memory = meter.browser_memory_bytes()
        page.context.close()
    return [
        f"{trials:,}",
        f"{opened.page_ms / 1000:.2f}",
        f"{ready:.1f}",
        f"{frame[0]:.1f}",
        str(TARGETS_MS.get(trials, "")),
        f"{frame[1]:.1f}",
        f"{own:.1f}",
        f"{memory / 2**20:.0f}",
    ]


def show(page: Page, url: str) -> None:
    """Open the page until all views are drawn."""
    page.goto(url)
    page.wait_for_function(DRAWN)


def dragging(meter: Meter) -> tuple[float, float]:
    """Return CPU and script of one frame in which a brush on the objective grows, ms, medians."""
    page = meter.page
    axis: dict[str, Any] = page.evaluate(PLACE)
    x, length = axis["x"], axis["bottom"] - axis["top"]

    def swing() -> None:
        page.mouse.move(x, axis["top"] + 0.02 * length, steps=FRAMES)
        page.mouse.move(x, axis["top"] + 0.58 * length, steps=FRAMES)

    page.mouse.move(x, axis["top"] + 0.6 * length)
    page.mouse.down()
    page.mouse.move(x, axis["top"] + 0.58 * length)
    costs = [meter.measure(swing, 2 * FRAMES) for _ in range(TIMES)]
    page.mouse.up()
    page.keyboard.press("Escape")
    return statistics.median(c.page_ms for c in costs), statistics.median(
        c.script_ms for c in costs
    )


if __name__ == "__main__":
    main()
