"""What a reader must be able to tell apart on the page, whatever a study's values and names are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until

NAMES = ("optimizer:AdamWOptimizer:lr", "optimizer:SGDOptimizer:lr", "optimizer:SGDOptimizer:decay")
N_TRIALS = 60
TOP_RUNG = 3
EXPLORATION = "ht.debug.views.find((view) => view.spec.graph === 'exploration-frame-graph')"


def write_decades(folder: Path) -> Path:
    """Write a search in rungs whose losses lie between 1e-6 and 10, with names that begin alike."""
    random = np.random.default_rng(3)
    space = [{"name": name, "kind": "float", "low": 0.0, "high": 1.0} for name in NAMES]
    trials = [
        _trial(number, random.uniform(size=len(NAMES)).tolist()) for number in range(N_TRIALS)
    ]
    return _write(folder / "decades.json", space, trials, method="asha")


def _trial(number: int, values: list[float]) -> dict[str, Any]:
    loss = 10.0 ** (7 * values[1] - 6)
    rungs = range(1 + number % TOP_RUNG)
    return {
        "number": number,
        "state": "complete" if len(rungs) == TOP_RUNG else "pruned",
        "params": dict(zip(NAMES, values, strict=True)),
        "values": {"loss": loss},
        "metrics": {"train_loss": loss / 7},
        "curves": {"loss": [[1, loss]]},
        "evaluations": [
            {"iteration": 0, "bracket": 0, "rung": rung, "resource": 3**rung, "value": loss}
            for rung in rungs
        ],
    }


def write_small_numbers(folder: Path) -> Path:
    """Write a study whose figures need little room."""
    space = [{"name": "x", "kind": "float", "low": 0.0, "high": 1.0}]
    trials = [
        {"number": n, "params": {"x": n / 9}, "values": {"loss": n}, "metrics": {"k": 1}}
        for n in range(9)
    ]
    return _write(folder / "small.json", space, trials, method="random")


def _write(
    path: Path, space: list[dict[str, Any]], trials: list[dict[str, Any]], method: str
) -> Path:
    study = {
        "name": path.stem,
        "objectives": [{"name": "loss", "direction": "minimize"}],
        "method": {"name": method, "settings": {}},
        "space": space,
        "trials": trials,
    }
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("looks")
    sources = [write_small_numbers(folder), write_decades(folder)]
    with AppProcess(folder / "data", sources, ["--no-worker"]) as app:
        yield app


def open_study(page: Page, app: AppProcess, name: str) -> None:
    show_dashboard(page, app.url)
    page.get_by_role("button", name=name).first.click()
    wait_until(lambda: page.evaluate("ht.state.data.name") == name, f"the study {name}")
    page.wait_for_function("() => ht.debug.isDrawn(true)")
    rest(page)


def test_losses_over_decades_take_all_colours_and_the_legends_say_why(
    page: Page, app: AppProcess
) -> None:
    open_study(page, app, "decades")
    for legend in ("space-scale-div", "exploration-scale-div"):
        expect(page.locator(f"#{legend} .ht-scale-log")).to_have_text("log")
    losses, levels = page.evaluate(
        "() => [ht.state.data.objective.values, ht.state.data.levels].map((one) => [...one])"
    )
    for loss, level in zip(losses, levels, strict=True):
        if 1e-5 < loss < 1:
            share = (math.log10(max(losses)) - math.log10(loss)) / 7
            assert level == pytest.approx(254 * share, abs=30)


def test_marks_of_a_crowded_rung_stand_side_by_side(page: Page, app: AppProcess) -> None:
    open_study(page, app, "decades")
    covered = page.evaluate(
        f"""() => {{
            const {{ scene }} = {EXPLORATION};
            const {{ xs, ys }} = scene.at[1];
            let covered = 0;
            for (let i = 0; i < xs.length; i++) for (let j = 0; j < i; j++) {{
                const apart = Math.hypot(xs[i] - xs[j], ys[i] - ys[j]);
                if (scene.column[i] === scene.column[j] && apart < 2 * scene.radius) covered += 1;
            }}
            return [covered, xs.length];
        }}"""
    )
    assert covered[1] > N_TRIALS
    assert covered[0] == 0


def test_nothing_is_cut_on_a_small_page_and_names_stay_different(
    small_page: Page, app: AppProcess
) -> None:
    open_study(small_page, app, "small")
    open_study(small_page, app, "decades")
    heads = small_page.locator(".space-name b").all_inner_texts()
    assert len(set(heads)) == len(NAMES) + 1
    effects = small_page.locator(".effect.single .effect-name").all_inner_texts()
    assert len(set(effects)) == len(effects) == len(NAMES)
    strips = small_page.evaluate(
        f"() => {EXPLORATION}.gd.layout.annotations.map((note) => note.text)"
    )
    assert len({text for text in strips if "lr" in text or "decay" in text}) == len(NAMES)
    # The table was made for another study first: its columns were narrower.
    are_cut = """() => [...document.querySelectorAll("#selected-trials-table .ag-cell")]
        .map((cell) => cell.scrollWidth > cell.clientWidth + 1)"""
    wait_until(
        lambda: (cut := small_page.evaluate(are_cut)) and not any(cut), "cells with room for all"
    )
