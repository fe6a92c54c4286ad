"""The page over a large study: opening it, brushing, hovering, and doing nothing.

python -m benchmarks.bench_page [--trials 10000 100000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness import Meter, Row, print_cells, print_table
from benchmarks.make_study import synthetic_study
from hypertendril.layouts import ids
from tests.browser.harness import DRAWN, drag, launch
from tests.browser.running_app import AppProcess

SIZES = (10_000, 100_000)
FRAMES = 25
IDLE_SECONDS = 10

# Where the last axis of the Search space overview (the objective) stands on the screen.
AXIS = """graph => {
    const view = ht.debug.views.find(view => view.spec.graph === graph);
    const box = view.layers.top.canvas.getBoundingClientRect();
    const x = box.left + view.xs[view.xs.length - 1];
    return {x, top: box.top + view.top, bottom: box.top + view.bottom, left: box.left};
}"""
# What the page's own script spent on each frame since the last time it was asked.
PAINTS = "kind => ht.debug[kind].splice(0)"


def main() -> None:
    """Print one table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().trials
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for trials in sizes:
            report(browser, trials)
        browser.close()


def report(browser: Browser, trials: int) -> None:
    """Serve a study of `trials` trials and print what using it costs."""
    study = synthetic_study(trials)
    with (
        tempfile.TemporaryDirectory() as data,
        AppProcess(Path(data), [study], ["--no-worker"]) as app,
    ):
        meter = Meter.start(browser, [app.pid])
        rows = [meter.repeat("open the page", lambda: show(meter.page, app.url), times=3)]
        axis = meter.page.evaluate(AXIS, ids.SPACE_FRAME)
        paints = {}
        rows += [brushing(meter, axis), release(meter, axis)]
        paints["brush, script alone"] = meter.page.evaluate(PAINTS, "paintMs")
        rows.append(hovering(meter, axis))
        paints["hover, script alone"] = meter.page.evaluate(PAINTS, "hoverMs")
        rows.append(meter.repeat(f"{IDLE_SECONDS} s of nothing", lambda: rest(meter.page), times=1))
        print_table(f"{trials:,} trials x 8 parameters", rows)
        print_frames(paints)
        memory = [meter.server_memory_bytes(), meter.browser_memory_bytes()]
        cells = [f"{value / 2**20:.0f} MiB" for value in memory]
        print_cells("Memory", ["server, peak", "browser, proportional"], [cells])
        meter.page.context.close()


def show(page: Page, url: str) -> None:
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_function(DRAWN)


def brushing(meter: Meter, axis: dict[str, Any]) -> Row:
    """Cost of a frame in which a brush on the objective's axis grows."""
    page, x, low = meter.page, axis["x"], _at(axis, 0.6)

    def swing() -> None:
        page.mouse.move(x, _at(axis, 0.02), steps=FRAMES)
        page.mouse.move(x, low - 10, steps=FRAMES)

    page.mouse.move(x, low)
    page.mouse.down()
    page.mouse.move(x, low - 10)
    row = meter.repeat("brush, a frame", swing, 5, 2 * FRAMES)
    page.mouse.up()
    page.keyboard.press("Escape")
    return row


def release(meter: Meter, axis: dict[str, Any]) -> Row:
    """Cost of a whole brush of the best fifth, with all that the server answers."""
    page, x = meter.page, axis["x"]

    def brush() -> None:
        page.keyboard.press("Escape")
        drag(page, (x, _at(axis, 0.2)), (x, _at(axis, 0.02)), FRAMES)

    return meter.repeat("brush and answers", brush)


def hovering(meter: Meter, axis: dict[str, Any]) -> Row:
    """Cost of one move of the pointer over the lines of all trials."""
    page, y = meter.page, _at(axis, 0.3)

    def sweep() -> None:
        page.mouse.move(axis["left"] + 60, y)
        page.mouse.move(axis["x"] - 20, y, steps=FRAMES)

    return meter.repeat("hover, a move", sweep, 5, FRAMES)


def rest(page: Page) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(IDLE_SECONDS * 1000)


def print_frames(paints: dict[str, list[float]]) -> None:
    """Print the times the page's own script took in each frame it painted."""
    cells = [
        [
            name,
            f"{statistics.median(ms):.2f}",
            f"{sorted(ms)[int(len(ms) * 0.95)]:.2f}",
            f"{len(ms)}",
        ]
        for name, ms in paints.items()
        if ms
    ]
    print_cells("Frames, ms", ["", "median", "95 %", "n"], cells)


def _at(axis: dict[str, Any], share: float) -> float:
    """Return the pixel row `share` of the way down the axis."""
    return float(axis["top"] + share * (axis["bottom"] - axis["top"]))


if __name__ == "__main__":
    main()
