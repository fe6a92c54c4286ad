"""Brushes, hover and undo in a real browser, and the same counts as numpy's, trial for trial."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from hypertendril.model import Selection, Study
from tests.browser.harness import drag, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until

BRUSHES: list[list[dict[str, Any]]] = [
    [],
    [{"kind": "ranges", "dims": ["param:lr"], "ranges": [[1e-4, 1e-2]]}],
    [{"kind": "ranges", "dims": ["param:lr"], "ranges": [[1e-5, 1e-4], [1e-2, None]]}],
    [{"kind": "ranges", "dims": ["param:momentum"], "ranges": [[0.5, None]]}],
    [{"kind": "ranges", "dims": ["param:momentum"], "ranges": [], "missing": True}],
    [{"kind": "ranges", "dims": ["param:momentum"], "ranges": [[0, 0.1]], "missing": True}],
    [{"kind": "ranges", "dims": ["param:optimizer"], "ranges": [[2, 2]]}],
    [{"kind": "ranges", "dims": ["objective:accuracy"], "ranges": [[0.8, None]]}],
    [{"kind": "ranges", "dims": ["objective:accuracy"], "ranges": [[None, None]]}],
    [{"kind": "ranges", "dims": ["state"], "ranges": [[3, 4]]}],
    [{"kind": "ranges", "dims": ["param:lr"], "ranges": [[0.5, 0.6]]}],
    [
        {
            "kind": "box",
            "dims": ["metric:size", "objective:accuracy"],
            "ranges": [[None, 3000], [0.5, 0.9]],
        },
        {"kind": "ranges", "dims": ["param:depth"], "ranges": [[2, 3], [6, 6]]},
    ],
    [
        {"kind": "trials", "trials": [0, 3, 19, 41, 100_000]},
        {"kind": "ranges", "dims": ["number"], "ranges": [[1, 50]]},
    ],
]


@pytest.fixture
def shown(any_page: Page, awkward_app: AppProcess) -> Page:
    """The dashboard at both sizes, for what depends on where things are."""
    show_dashboard(any_page, awkward_app.url)
    return any_page


@pytest.fixture
def large(page: Page, awkward_app: AppProcess) -> Page:
    show_dashboard(page, awkward_app.url)
    return page


def brushed(page: Page, brushes: list[dict[str, Any]]) -> np.ndarray:
    """Set brushes as the views do and return the mask the page computed."""
    complete = [{"view": "space", "missing": False} | brush for brush in brushes]
    page.evaluate("brushes => ht.setBrushes(brushes)", complete)
    rest(page)
    return np.array(page.evaluate("() => Array.from(ht.state.mask)"), dtype=bool)


def axis_places(page: Page) -> dict[str, Any]:
    """Return where the axes of the parallel coordinates stand, in pixels of the window."""
    rest(page)
    return page.evaluate(
        """() => {
            const view = ht.debug.views.find(v => v.spec.graph === "space-parcoords-graph");
            const box = view.layers.top.canvas.getBoundingClientRect();
            const xs = {};
            view.meta.axes.forEach((axis, j) => { xs[axis.key] = box.left + view.xs[j]; });
            return {xs, top: box.top + view.top, bottom: box.top + view.bottom};
        }"""
    )


def brush_top_of_objective(page: Page, share: float = 0.2) -> None:
    """Drag from above the objective's axis down over `share` of its length."""
    places = axis_places(page)
    x = places["xs"]["objective:accuracy"]
    length = places["bottom"] - places["top"]
    drag(page, (x, places["top"] - 4), (x, places["top"] + share * length))


def test_masks_equal_numpys_trial_for_trial(large: Page, awkward_study: Study) -> None:
    for brushes in BRUSHES:
        mask = brushed(large, brushes)
        sent = large.evaluate("() => ht.state.selection")
        expected = Selection.from_json(sent).mask(awkward_study)
        assert mask.tolist() == expected.tolist(), brushes


def test_a_brush_on_an_axis_restricts_every_view(shown: Page, awkward_study: Study) -> None:
    brush_top_of_objective(shown)
    count = shown.evaluate("() => ht.state.count")
    bound = shown.evaluate("() => ht.state.selection.brushes[0].ranges[0][0]")
    assert count == int((awkward_study.column("objective:accuracy") >= bound).sum()) > 0
    expect(shown.locator("#page-chips-div .chip")).to_contain_text("accuracy ≥")
    expect(shown.locator("#page-count-span")).to_have_text(f"{count} of 240 trials selected")
    expect(shown.locator("#selected-title-span")).to_have_text(f"{count} of 240")
    expect(shown.locator("#page-kpis-div")).to_contain_text(str(count))


def test_escape_the_cross_and_the_back_button_undo(shown: Page) -> None:
    brush_top_of_objective(shown)
    places = axis_places(shown)
    x = places["xs"]["param:depth"]
    drag(shown, (x, places["top"] - 4), (x, places["bottom"] - 20))
    chips = shown.locator("#page-chips-div .chip")
    expect(chips).to_have_count(2)
    shown.keyboard.press("Escape")
    expect(chips).to_have_count(1)
    expect(chips).to_contain_text("accuracy")
    shown.go_back()
    expect(chips).to_have_count(2)
    chips.first.click()
    expect(chips).to_have_count(1)
    expect(chips).to_contain_text("depth")


def test_a_second_range_on_an_axis_adds_to_the_first(shown: Page, awkward_study: Study) -> None:
    places = axis_places(shown)
    x, top, bottom = places["xs"]["param:lr"], places["top"], places["bottom"]
    third = (bottom - top) / 3
    drag(shown, (x, top + 5), (x, top + third))
    shown.keyboard.down("Shift")
    drag(shown, (x, bottom - 5), (x, bottom - third))
    shown.keyboard.up("Shift")
    selection = shown.evaluate("() => ht.state.selection")
    assert len(selection["brushes"][0]["ranges"]) == 2
    expected = Selection.from_json(selection).mask(awkward_study)
    assert shown.evaluate("() => ht.state.count") == int(expected.sum())


def test_a_brush_that_leaves_nothing_says_so_everywhere(large: Page) -> None:
    brushed(large, [{"kind": "ranges", "dims": ["param:lr"], "ranges": [[0.5, 0.6]]}])
    expect(large.locator("#page-count-span")).to_have_text("0 of 240 trials selected")
    expect(large.locator("#selected-title-span")).to_have_text("0 of 240")


def test_hover_shows_a_trial_in_all_views(shown: Page) -> None:
    place = shown.evaluate(
        """() => {
            const view = ht.debug.views.find(v => v.spec.graph === "exploration-frame-graph");
            const box = view.layers.top.canvas.getBoundingClientRect();
            return [box.left + view.xs[100], box.top + view.ys[1][100]];
        }"""
    )
    shown.mouse.move(*place)
    wait_until(lambda: shown.evaluate("() => ht.state.hover") >= 0, "a trial under the pointer")
    row = shown.evaluate("() => ht.state.hover")
    expect(shown.locator(".ht-card")).to_contain_text(f"trial {row}")
    painted = shown.evaluate(
        """() => {
            const view = ht.debug.views.find(v => v.spec.graph === "space-parcoords-graph");
            const { canvas, g } = view.layers.top;
            return g.getImageData(0, 0, canvas.width, canvas.height).data.some(v => v > 0);
        }"""
    )
    assert painted, "the hovered line is not drawn over the parallel coordinates"


def test_a_click_on_a_line_picks_its_trial(shown: Page) -> None:
    place = shown.evaluate(
        """() => {
            const view = ht.debug.views.find(v => v.spec.graph === "exploration-frame-graph");
            const box = view.layers.top.canvas.getBoundingClientRect();
            return [box.left + view.xs[57], box.top + view.ys[1][57]];
        }"""
    )
    shown.mouse.click(*place)
    rest(shown)
    brush = shown.evaluate("() => ht.state.selection.brushes[0]")
    assert brush["kind"] == "trials"
    assert shown.evaluate("() => ht.state.count") == 1
    expect(shown.locator("#page-chips-div .chip")).to_contain_text("trial")


def test_a_link_restores_the_brushes(large: Page, small_page: Page) -> None:
    brush_top_of_objective(large)
    count = large.evaluate("() => ht.state.count")
    show_dashboard(small_page, large.evaluate("() => location.href"))
    wait_until(
        lambda: small_page.evaluate("() => ht.state.selection.brushes.length") == 1, "the brush"
    )
    rest(small_page)
    assert small_page.evaluate("() => ht.state.count") == count


def test_of_a_link_what_is_no_brush_is_left_out(large: Page, awkward_app: AppProcess) -> None:
    study = large.evaluate("() => ht.state.data.study")
    good = {"view": "space", "kind": "ranges", "dims": ["param:lr"], "ranges": [[1e-4, None]]}
    bad = [
        {"kind": "lasso"},
        {"kind": "toString"},
        good | {"ranges": [1]},
        good | {"dims": []},
        good | {"dims": ["param:gone"]},
        good | {"kind": "box", "dims": ["param:lr", "param:depth"]},
        {"kind": "trials", "trials": ["first"]},
        None,
    ]
    large.goto("about:blank")
    link = f"{awkward_app.url}#study={study}&brushes={quote(json.dumps([*bad, good]))}"
    show_dashboard(large, link)
    expect(large.locator(".chip")).to_have_count(1)
    expect(large.locator(".chip")).to_contain_text("lr")


def test_what_a_brush_sends_is_small(large: Page) -> None:
    sizes: list[int] = []
    large.on(
        "request", lambda r: sizes.append(len(r.post_data or "")) if r.method == "POST" else None
    )
    with large.expect_response("**/_dash-update-component*"):
        brush_top_of_objective(large)
    sent = len(json.dumps(large.evaluate("() => ht.state.selection")))
    assert sent < 500
    assert sizes
    assert max(sizes) < 8192
