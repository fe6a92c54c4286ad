"""The Exploration overview of a study that grows: nothing on it flashes or is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.exploration.overview import VIEW, choose_study
from tests.browser.harness import rest, show_dashboard
from tests.browser.searches import write_searches
from tests.waiting import wait_until


def brush(page: Page, column: str) -> None:
    """Brush the upper part of a parameter's range."""
    brush = {"view": "exploration", "kind": "ranges", "dims": [column], "missing": False}
    page.evaluate("brush => ht.commitBrush(brush)", brush | {"ranges": [[1e-3, None]]})


def test_a_growing_study_keeps_hover_and_brush(start_app: Any, page: Page, tmp_path: Any) -> None:
    (path,) = write_searches(tmp_path, ["random"])
    whole = json.loads(path.read_text())
    path.write_text(json.dumps(whole | {"trials": whole["trials"][:40]}))
    app = start_app([path], options=["--no-worker"])
    show_dashboard(page, app.url)
    brush(page, "param:lr")
    page.evaluate(f"() => ht.setHover(5, {VIEW}.spec.graph)")
    path.write_text(json.dumps(whole))
    page.wait_for_function(
        f"() => ht.state.data.n === 60 && {VIEW}.meta.version === ht.state.data.version"
    )
    rest(page)
    assert page.evaluate("() => ht.state.hover") == 5
    assert page.evaluate("() => ht.state.selection.brushes.length") == 1
    assert page.evaluate(f"() => {VIEW}.scene.trial.length") == 60


RUNNING_JOB = """
name = "running"
objective = "digits_mlp"
method = "random"
seed = 7
[budget]
trials = 200
parallel = 2
"""
# From now on, in each frame: is anything of the picture gone, the hover, the brush or the scroll?
WATCH = """() => {
    window.lost = [];
    const look = () => {
        const view = ht.exploration.view, { canvas, g } = view.layers.base;
        const { tops, bottoms } = view.scene || { tops: [0], bottoms: [0] };
        // The whole width: the figure may have room for trials whose columns are on their way.
        const at = (pixel) => Math.round(pixel * view.ratio);
        const marks = g.getImageData(at(view.left), at(tops[0]),
            at(view.right - view.left) || 1, at(bottoms[0] - tops[0]) || 1);
        if (!marks.data.some(v => v > 0)) lost.push("picture");
        if (ht.state.hover !== 0) lost.push("hover");
        if (!ht.state.selection.brushes.length) lost.push("brush");
        if (scrollY !== window.wasAt) lost.push("scroll");
        requestAnimationFrame(look);
    };
    window.wasAt = scrollY;
    requestAnimationFrame(look);
}"""


def command(*words: str, data: Path) -> str:
    """Return what `hypertendril` says."""
    whole = [sys.executable, "-m", "hypertendril", *words, "--data", str(data)]
    return subprocess.run(whole, check=True, capture_output=True, text=True).stdout.strip()


def test_a_study_that_runs_grows_in_place_and_its_running_trials_breathe(
    start_app: Any, page: Page, tmp_path: Path
) -> None:
    app = start_app([], data=tmp_path / "data")
    (tmp_path / "job.toml").write_text(RUNNING_JOB)
    job = command("submit", str(tmp_path / "job.toml"), data=tmp_path / "data")
    page.goto(app.url)
    names = "() => ht.state.data && ht.state.data.name === 'running' && ht.state.data.n"
    page.wait_for_function("() => window.ht && ht.state.data && ht.exploration.view")
    choose_study(page, "running")
    wait_until(lambda: (page.evaluate(names) or 0) >= 3, "its first trials")
    page.wait_for_function(f"() => {VIEW}.scene && {VIEW}.meta.study === ht.state.data.study")
    breath = page.locator("#exploration-frame-graph canvas.layer-breath")
    expect(breath).to_be_visible()
    brush(page, "param:learning_rate")
    page.evaluate(f"() => ht.setHover(0, {VIEW}.spec.graph)")
    page.evaluate(WATCH)
    before = page.evaluate(names)
    wait_until(lambda: page.evaluate(names) >= before + 6, "more of its trials")
    assert page.evaluate("() => [...new Set(lost)]") == []
    command("cancel", job, data=tmp_path / "data")
    expect(breath).to_be_hidden()
