"""Overview, curves and importance in a real browser: what their bars count and their gestures brush."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from hypertendril.analysis.histograms import histogram
from hypertendril.model import Selection, Study
from tests.browser.harness import Place, drag, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until

HISTOGRAMS = "overview-histograms-graph"
TRADEOFF = "overview-tradeoff-graph"
CURVES = "curves-frame-graph"
MARGINAL = "importance-marginal-graph"
SURFACE = "importance-surface-graph"


@pytest.fixture
def shown(page: Page, awkward_app: AppProcess) -> Page:
    show_dashboard(page, awkward_app.url)
    return page


def of_view(page: Page, graph: str, expression: str) -> Any:
    """Evaluate `expression` over `view` and its canvas's `box` in the window."""
    ready = f"() => ht.debug.views.some(v => v.spec.graph === '{graph}' && v.isReady)"
    page.wait_for_function(ready)
    rest(page)
    return page.evaluate(
        f"""() => {{
            const view = ht.debug.views.find(v => v.spec.graph === "{graph}");
            const box = view.layers.top.canvas.getBoundingClientRect();
            return {expression};
        }}"""
    )


def plot_corners(page: Page, graph: str) -> tuple[Place, Place]:
    """Return top left and bottom right of the plot, in pixels of the window."""
    left, top, right, bottom = of_view(
        page,
        graph,
        "[box.left + view.plot.left, box.top + view.plot.top,"
        " box.left + view.plot.right, box.top + view.plot.bottom]",
    )
    return (left, top), (right, bottom)


def expected_mask(page: Page, study: Study) -> np.ndarray:
    return Selection.from_json(page.evaluate("() => ht.state.selection")).mask(study)


def test_bars_count_what_numpy_counts(shown: Page, awkward_study: Study) -> None:
    brush = {"view": "space", "kind": "ranges", "dims": ["param:lr"], "ranges": [[1e-4, 1e-2]]}
    shown.evaluate("brush => ht.commitBrush({...brush, missing: false})", brush)

    parts = of_view(
        shown, HISTOGRAMS, "view.parts.map(p => [p.key, Array.from(p.all), Array.from(p.chosen)])"
    )

    assert [key for key, _, _ in parts] == ["objective:accuracy", "metric:size"]
    for key, everything, chosen in parts:
        counted = histogram(awkward_study.column(key), expected_mask(shown, awkward_study))
        assert everything == counted.counts.tolist()
        assert chosen == counted.selected_counts.tolist()


def test_a_click_on_a_bar_selects_the_trials_it_counts(shown: Page) -> None:
    place, counted = of_view(
        shown,
        HISTOGRAMS,
        """(() => {
            const part = view.parts[0];
            const k = part.all.indexOf(Math.max(...part.all));
            const x = (part.pixels[k] + part.pixels[k + 1]) / 2;
            return [[box.left + x, box.top + part.floor - 3], part.all[k]];
        })()""",
    )
    shown.mouse.click(*place)

    assert shown.evaluate("() => ht.state.selection.brushes.map(b => b.dims)") == [
        ["objective:accuracy"]
    ]
    wait_until(lambda: shown.evaluate("() => ht.state.count") == counted, "the count of the bar")
    shown.mouse.click(*place)
    expect(shown.locator("#page-chips-div button")).to_have_count(0)


def test_a_drag_over_the_trade_off_is_a_box_brush(shown: Page, awkward_study: Study) -> None:
    (left, top), (right, bottom) = plot_corners(shown, TRADEOFF)
    drag(shown, (left + 2, top + 1), ((left + right) / 2, (top + bottom) / 2))

    (brush,) = shown.evaluate("() => ht.state.selection.brushes")
    count = shown.evaluate("() => ht.state.count")
    assert (brush["kind"], brush["dims"]) == ("box", ["metric:size", "objective:accuracy"])
    assert 0 < count == int(expected_mask(shown, awkward_study).sum()) < len(awkward_study)


def test_curves_are_those_of_the_selected_trials_and_take_part_in_hover(shown: Page) -> None:
    shown.evaluate("() => ht.pickTrial(100, false, 'test')")
    shown.wait_for_function(
        f"""() => {{
            const view = ht.debug.views.find(v => v.spec.graph === "{CURVES}");
            return view.isReady && view.panels[0].highlighted.length === 1;
        }}"""
    )
    row, place = of_view(
        shown,
        CURVES,
        """(() => {
            const line = view.panels[0].highlighted[0];
            return [line.row, [box.left + line.xs[3], box.top + line.ys[3]]];
        })()""",
    )
    assert row == 100
    shown.mouse.move(*place)
    wait_until(lambda: shown.evaluate("() => ht.state.hover") == 100, "the hovered curve's trial")


def test_a_region_of_the_surface_is_a_range_on_either_axis(
    small_page: Page, awkward_app: AppProcess, awkward_study: Study
) -> None:
    show_dashboard(small_page, awkward_app.url)
    shown = small_page
    (left, top), (right, bottom) = plot_corners(shown, SURFACE)
    width, height = right - left, bottom - top
    drag(shown, (left + 0.3 * width, top + 0.2 * height), (left + 0.8 * width, top + 0.9 * height))

    brushes = shown.evaluate("() => ht.state.selection.brushes")
    axes = of_view(shown, SURFACE, "[view.meta.x.key, view.meta.y.key]")
    assert [brush["kind"] for brush in brushes] == ["ranges", "ranges"]
    assert [brush["dims"] for brush in brushes] == [[axis] for axis in axes]
    assert shown.evaluate("() => ht.state.count") == int(expected_mask(shown, awkward_study).sum())


def test_an_effect_brings_its_parameter_into_focus(shown: Page) -> None:
    effect = shown.locator(".effect.single:not(.on)").first
    name = effect.locator(".effect-name").inner_text()
    effect.click()

    expect(shown.locator("#importance-title-span")).to_contain_text(f"{name} ×")
    (left, _top), (right, bottom) = plot_corners(shown, MARGINAL)
    drag(shown, (left + 20, bottom - 30), (right - 20, bottom - 30))
    assert shown.evaluate("() => ht.state.selection.brushes[0].dims") == [f"param:{name}"]
