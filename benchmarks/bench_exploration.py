"""The Exploration overview over large searches: first drawing, payload, hover; and its layout alone.

python -m benchmarks.bench_exploration [--evaluations 1000 10000 50000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bench_analysis import search
from benchmarks.harness import Meter, print_cells
from hypertendril.analysis.exploration.crowding import crowd_places
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.layouts import ids
from tests.browser.harness import DRAWN, launch
from tests.browser.running_app import AppProcess

SIZES = (1_000, 10_000, 50_000)
CPU_SECONDS = {1_000: 1.0, 10_000: 3.0, 50_000: 8.0}
PAYLOAD_MB, HOVER_MS, LAYOUT_SECONDS = 4.0, 2.0, 0.3
LAYOUT_EVALUATIONS = 100_000
POPULATION, RATE = 100, 0.5
HOVERS = 40
MOST_FOR_PLOTLY = 10_000

# What of that is spent in this view: the family found anew, guide, lines and points drawn.
HOVER = """count => {
    const view = ht.exploration.view, { scene, layers } = view;
    const step = Math.floor(scene.trial.length / count);
    const was = ht.state.hover;
    const times = Array.from({length: count}, (_, k) => {
        ht.state.hover = scene.trial[k * step];
        view.mark = k * step;
        const begin = performance.now();
        view.spec.hover(layers.top.g, view);
        return performance.now() - begin;
    });
    ht.state.hover = was;
    return times;
}"""
SHOWN = "id => ht.state.data && ht.state.data.study === id && ht.debug.isDrawn()"
# What the view's own script takes for one drawing of everything: layout, faint base, marks.
DRAW = """() => {
    const view = ht.exploration.view, { spec, layers } = view;
    const times = [performance.now()];
    for (const [part, layer] of [["layout", null], ["base", "base"], ["overlay", "chosen"]]) {
        if (layer) spec[part](layers[layer].g, view); else spec[part](view);
        times.push(performance.now());
    }
    return times.slice(1).map((t, k) => t - times[k]);
}"""
# The same number of points as a figure of Plotly's own: eight strips, five traces each.
PLOTLY = """async count => {
    const traces = Array.from({length: 40}, (_, k) => ({
        mode: "markers", yaxis: `y${k % 8 ? (k % 8) + 1 : ""}`,
        x: Array.from({length: count / 5}, (_, i) => 5 * i + (k >> 3)),
        y: Array.from({length: count / 5}, () => Math.random()),
        marker: {color: Array.from({length: count / 5}, () => Math.random())},
    }));
    const layout = {width: 600, height: 600, showlegend: false};
    for (let k = 0; k < 8; k++) layout[`yaxis${k ? k + 1 : ""}`] = {domain: [k / 8, (k + 0.9) / 8]};
    const holder = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(holder, traces, layout);
    await new Promise(requestAnimationFrame);
    holder.remove();
}"""
# Some marks of the second strip, in pixels of the window.
PLACES = """count => {
    const { scene, layers } = ht.exploration.view;
    const box = layers.top.canvas.getBoundingClientRect();
    const step = Math.floor(scene.trial.length / count);
    return Array.from({length: count}, (_, k) =>
        [box.left + scene.at[1].xs[k * step], box.top + scene.ys[1][k * step]]);
}"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--evaluations", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().evaluations
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright)
        rows = [report(browser, size, Path(folder)) for size in sizes]
        browser.close()
    heads = ["evaluations x 8 strips", "page CPU s", "target", "view alone s"]
    heads += ["Plotly alone s", "script ms"]
    heads += ["payload MB", "target", "hover ms", "target", "all views", "95 %"]
    print_cells("Exploration overview", heads, rows)
    print_cells(
        f"Layout of {LAYOUT_EVALUATIONS:,} evaluations; CPU seconds",
        ["", "layout", "target", "places in crowds"],
        [layout_row(kind) for kind in ("random", "hyperband", "pbt")],
    )


def layout_row(kind: str) -> list[str]:
    study = search(kind, LAYOUT_EVALUATIONS)
    begin = time.process_time()
    layout = prepare_exploration(study)
    middle = time.process_time()
    crowd_places(study, layout)
    end = time.process_time()
    return [kind, f"{middle - begin:.2f}", f"{LAYOUT_SECONDS:.2f}", f"{end - middle:.2f}"]


def report(browser: Browser, evaluations: int, folder: Path) -> list[str]:
    """Show a search on a page that is open already and return what that cost."""
    small, large = folder / "small.json", folder / f"{evaluations}.json"
    small.write_text(json.dumps(population_search(200)))
    large.write_text(json.dumps(population_search(evaluations)))
    with AppProcess(folder / f"data{evaluations}", [small, large], ["--no-worker"]) as app:
        meter = Meter.start(browser, [app.pid])
        page = meter.page
        page.goto(app.url)
        page.wait_for_function(DRAWN)
        meter.settle()
        study = largest(page)
        cost = meter.repeat("show", lambda: show(page, study), times=1).cost
        page.wait_for_function(SHOWN, arg=study)
        parts = zip(*(page.evaluate(DRAW) for _ in range(3)), strict=True)
        script = " + ".join(f"{statistics.median(part):.0f}" for part in parts)
        alone = meter.repeat("view", lambda: reorder(page), times=1).cost
        hover = hovering(page)
        own = page.evaluate(HOVER, HOVERS)
        plain = plotly_cost(meter, evaluations)
        payload = len(fetched(f"{app.url}_ht/columns/{study}")) / 1e6
        page.context.close()
    return [
        f"{evaluations:,}",
        f"{cost.page_ms / 1000:.2f}",
        f"{CPU_SECONDS.get(evaluations, float('nan')):.0f}",
        f"{alone.page_ms / 1000:.2f}",
        plain,
        script,
        f"{payload:.2f}",
        f"{PAYLOAD_MB:.0f}",
        f"{statistics.median(own):.2f}",
        f"{HOVER_MS:.0f}",
        f"{statistics.median(hover):.2f}",
        f"{sorted(hover)[int(len(hover) * 0.95)]:.2f}",
    ]


def plotly_cost(meter: Meter, evaluations: int) -> str:
    """Return what Plotly's own points would take; it is not waited for where that is minutes."""
    if evaluations > MOST_FOR_PLOTLY:
        return "-"
    draw = meter.repeat("plotly", lambda: meter.page.evaluate(PLOTLY, evaluations), times=1)
    return f"{draw.cost.page_ms / 1000:.2f}"


def show(page: Page, study: str) -> None:
    page.evaluate("id => ht.show(id)", study)
    page.wait_for_function(SHOWN, arg=study)


def reorder(page: Page) -> None:
    """Have this view alone drawn anew: callback, frame, layers."""
    page.select_option(f"#{ids.EXPLORATION_ORDER}", "name")
    page.wait_for_function("() => ht.exploration.view.meta.strips[1].label === 'dropout'")
    page.wait_for_function(DRAWN)


def largest(page: Page) -> str:
    """Return the id of the study that is not shown."""
    return str(
        page.evaluate(
            """async () => {
                const pulse = await (await fetch(`${ht.prefix()}_ht/pulse`)).json();
                return Object.keys(pulse.studies).find(id => id !== ht.state.data.study);
            }"""
        )
    )


def hovering(page: Page) -> list[float]:
    """Return what the page's script took for each frame while the pointer rests on marks."""
    places = page.evaluate(PLACES, HOVERS)
    page.evaluate("() => ht.debug.hoverMs.splice(0)")
    for x, y in places:
        page.mouse.move(x, y)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    return list(page.evaluate("() => ht.debug.hoverMs.splice(0)"))


def fetched(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        body: bytes = answer.read()
        return body


def population_search(evaluations: int, seed: int = 0) -> dict[str, Any]:
    """Return population-based training with so many evaluations over eight parameters."""
    rng = np.random.default_rng(seed)
    names = ["lr", "weight_decay", "dropout", "momentum"]
    space: list[dict[str, Any]] = [
        {"name": name, "kind": "float", "low": 1e-5, "high": 1.0, "log": True} for name in names
    ]
    space += [{"name": f"n_{k}", "kind": "int", "low": 1, "high": 8} for k in range(2)]
    space += [
        {"name": f"kind_{k}", "kind": "categorical", "choices": ["a", "b", "c", "d"]}
        for k in range(2)
    ]
    trials = [_member(rng, None) for _ in range(POPULATION)]
    alive = list(range(POPULATION))
    generations = evaluations // POPULATION
    for generation in range(generations):
        scores = [_score(trials[row]["params"], generation, rng) for row in alive]
        order = [alive[k] for k in np.argsort(scores)[::-1]]
        kept = order[: int(POPULATION * RATE)]
        is_end = generation == generations - 1
        for row, score in zip(alive, scores, strict=True):
            goes_on = row in kept and not is_end
            outcome = "final" if is_end else "survived" if goes_on else "discarded"
            seen = {"iteration": generation, "resource": generation + 1}
            trials[row]["evaluations"].append(seen | {"value": score, "outcome": outcome})
            trials[row] |= {"state": "complete" if is_end else "pruned", "values": {"a": score}}
        if not is_end:
            parents = rng.choice(kept, POPULATION - len(kept)).tolist()
            trials += [_member(rng, parent, trials[parent]["params"]) for parent in parents]
            alive = kept + list(range(len(trials) - len(parents), len(trials)))
    numbered = [trial | {"number": number} for number, trial in enumerate(trials)]
    objectives = [{"name": "a", "direction": "maximize"}]
    return {"name": str(evaluations), "objectives": objectives, "space": space, "trials": numbered}


def _member(
    rng: np.random.Generator, parent: int | None, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    if before is None:
        params: dict[str, Any] = {
            name: float(10 ** rng.uniform(-5, 0))
            for name in ("lr", "weight_decay", "dropout", "momentum")
        }
        params |= {f"n_{k}": int(rng.integers(1, 9)) for k in range(2)}
        params |= {f"kind_{k}": "abcd"[rng.integers(4)] for k in range(2)}
    else:
        params = {
            name: float(np.clip(value * rng.choice([0.8, 1.25]), 1e-5, 1.0))
            if isinstance(value, float)
            else value
            for name, value in before.items()
        }
    return {"params": params, "parent": parent, "evaluations": []}


def _score(params: dict[str, Any], generation: int, rng: np.random.Generator) -> float:
    hill = 0.9 - 0.05 * (np.log10(params["lr"]) + 2) ** 2 - 0.02 * abs(params["n_0"] - 4)
    return float(hill * (1 - np.exp(-(generation + 1) / 4)) + rng.normal(0, 0.01))


if __name__ == "__main__":
    main()
