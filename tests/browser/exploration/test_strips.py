"""The Exploration overview: marks, colours, axes and strips, and the link that brings them back."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.model import Study
from tests.browser.exploration.overview import (
    VIEW,
    address_of,
    colours,
    shown,
)
from tests.browser.harness import drag, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until


def test_marks_with_one_value_do_not_overlap_while_their_lane_has_room(pbt: Page) -> None:
    found = pbt.evaluate(
        f"""() => {{
            const {{ scene, meta }} = {VIEW};
            const k = meta.strips.findIndex(strip => strip.key === "param:optimizer");
            const values = ht.state.data.col("param:optimizer").values;
            const {{ xs, ys }} = scene.at[k];
            let least = Infinity, crowd = 0;
            for (let i = 0; i < xs.length; i++) for (let j = 0; j < i; j++) {{
                if (scene.column[i] !== scene.column[j]) continue;
                if (values[scene.trial[i]] !== values[scene.trial[j]]) continue;
                crowd += 1;
                least = Math.min(least, Math.hypot(xs[i] - xs[j], ys[i] - ys[j]));
            }}
            return [least, 2 * scene.radius, crowd];
        }}"""
    )
    least, diameter, crowd = found
    assert crowd > 100
    assert least >= diameter


def test_trials_without_a_value_stand_below_the_scale(pbt: Page, studies: dict[str, Study]) -> None:
    below = pbt.evaluate(
        f"""() => {{
            const {{ scene, meta }} = {VIEW};
            const k = meta.strips.findIndex(strip => strip.key === "param:momentum");
            const border = (scene.bottoms[k] + {VIEW}.px("y", meta.strips[k].none)) / 2;
            return Array.from(scene.trial, (row, i) => [row, scene.ys[k][i] > border]);
        }}"""
    )
    momentum = studies["pbt"].column("param:momentum")
    assert all(is_below == bool(np.isnan(momentum[row])) for row, is_below in below)


def test_states_have_marks_of_their_own(
    page: Page, app: AppProcess, studies: dict[str, Study]
) -> None:
    shown(page, app, "random with troubles")
    glyphs = page.evaluate(
        f"() => Array.from({VIEW}.scene.trial, (row, i) => [row, {VIEW}.scene.glyphs[i]])"
    )
    study = studies["random"]
    expected = {1: 3, 4: 1}  # running: a ring; failed: a cross
    for row, glyph in glyphs:
        infeasible = study.trials.violation[row] > 0
        assert glyph == expected.get(int(study.trials.state[row]), 4 if infeasible else 0)


def test_a_dragged_handle_recolours_every_view_and_stays_in_the_address(pbt: Page) -> None:
    before, levels = colours(pbt), pbt.evaluate("() => Array.from(ht.state.data.levels)")
    x, y, target = pbt.evaluate(
        f"""() => {{
            const {{ scene, layers, left }} = {VIEW};
            const box = layers.top.canvas.getBoundingClientRect();
            const at = v => box.top + scene.bottoms[0]
                - scene.scales[0].unit(v) * (scene.bottoms[0] - scene.tops[0]);
            return [box.left + left - 2, at(ht.state.data.colour.worst), at(0.55)];
        }}"""
    )
    drag(pbt, (x, y), (x, target))
    assert pbt.evaluate("() => ht.state.data.colour.worst") == pytest.approx(0.55, abs=0.01)
    assert colours(pbt) != before
    assert pbt.evaluate("() => Array.from(ht.state.data.levels)") != levels
    assert "colour=0.5" in address_of(pbt)
    expect(pbt.locator("#space-scale-div")).to_contain_text("0.55")
    pbt.get_by_role("button", name="reset").and_(pbt.locator(".exploration-scale button")).click()
    rest(pbt)
    assert colours(pbt) == before
    assert "colour" not in address_of(pbt)


def test_typed_ends_of_the_colours_count_and_nonsense_does_not(pbt: Page) -> None:
    worst = pbt.get_by_label("worse end of the colours")
    default = worst.input_value()
    worst.fill("0.4")
    worst.press("Enter")
    wait_until(lambda: pbt.evaluate("() => ht.state.data.colour.worst") == 0.4, "the typed end")
    worst.fill("better than all")
    worst.press("Enter")
    expect(worst).to_have_value("0.4")
    pbt.locator(".exploration-scale button").click()
    expect(worst).to_have_value(default)


@pytest.mark.parametrize("axis", ["trial", "wall", "spent"])
def test_the_horizontal_axis_can_be_switched(
    pbt: Page, studies: dict[str, Study], axis: str
) -> None:
    pbt.select_option("#exploration-x-select", axis)
    pbt.wait_for_function(
        f"x => {VIEW}.meta.x === x && {VIEW}.scene && ht.debug.isDrawn()", arg=axis
    )
    rest(pbt)
    layout = prepare_exploration(studies["pbt"], axis)
    found = pbt.evaluate(f"() => Array.from({VIEW}.xs, x => {VIEW}.inv('x', x))")
    assert found == pytest.approx(layout.x.tolist(), abs=0.02 * (layout.x_high - layout.x_low))


def test_the_axis_chosen_last_is_shown_whichever_answer_comes_first(pbt: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    pbt.route(re.compile(r"/_ht/exploration/.*x=wall"), hold)
    for axis in ("wall", "spent"):
        pbt.select_option("#exploration-x-select", axis)
        pbt.wait_for_function(f"x => {VIEW}.meta.x === x", arg=axis)
    pbt.wait_for_function(f"() => {VIEW}.scene")
    held[0].continue_()
    rest(pbt)
    assert pbt.evaluate(f"() => [{VIEW}.meta.x, Boolean({VIEW}.scene)]") == ["spent", True]


def test_strips_are_ordered_by_name_and_by_hand(pbt: Page) -> None:
    names = f"() => {VIEW}.meta.strips.slice(1).map(strip => strip.label)"
    pbt.select_option("#exploration-order-select", "name")
    expected = sorted(pbt.evaluate(names))
    wait_until(lambda: pbt.evaluate(names) == expected, "the strips by name")
    rest(pbt)
    places = pbt.evaluate(
        f"""() => {{
            const {{ scene, layers }} = {VIEW};
            const box = layers.top.canvas.getBoundingClientRect();
            return scene.tops.map((top, k) => box.top + (top + scene.bottoms[k]) / 2).concat(box.left);
        }}"""
    )
    *middles, left = places
    drag(pbt, (left + 40, middles[3]), (left + 40, middles[1] - 12))
    moved = [expected[2], expected[0], expected[1], *expected[3:]]
    wait_until(lambda: pbt.evaluate(names) == moved, "the strip that was dragged up")


def test_zoom_shows_where_values_converged(pbt: Page) -> None:
    zoom = pbt.locator("#exploration-zoom-button")
    zoom.click()
    pbt.wait_for_function(
        f"() => {VIEW}.meta.strips.some(strip => strip.key === 'param:lr' && strip.high < 0.1)"
    )
    expect(zoom).to_have_attribute("aria-pressed", "true")


def test_a_link_and_the_back_button_bring_back_what_was_chosen(pbt: Page) -> None:
    meta = f"() => {VIEW}.meta"
    pbt.select_option("#exploration-x-select", "spent")
    wait_until(lambda: pbt.evaluate(meta)["x"] == "spent", "the axis")
    pbt.select_option("#exploration-order-select", "name")
    wait_until(lambda: pbt.evaluate(meta)["order"] == "name", "the order")
    pbt.locator("#exploration-zoom-button").click()
    zoom = pbt.locator("#exploration-zoom-button")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: "isZoomed" in address_of(pbt), "the zoom in the address")
    rest(pbt)
    pbt.get_by_label("To the next decision").click()
    wait_until(lambda: "moment" in address_of(pbt), "the moment in the address")
    until = pbt.evaluate("() => ht.exploration.player.until")

    other = pbt.context.new_page()
    show_dashboard(other, pbt.evaluate("() => location.href"))
    other.wait_for_function(f"() => {VIEW}.meta.x === 'spent' && {VIEW}.scene")
    wait_until(lambda: other.evaluate(meta)["order"] == "name", "the order of the link")
    rest(other)
    assert any(strip["high"] < 0.1 for strip in other.evaluate(meta)["strips"])
    wait_until(
        lambda: other.evaluate("() => ht.exploration.player.until") == until,
        "the moment of the link",
    )
    other.close()

    pbt.go_back()
    expect(zoom).to_have_attribute("aria-pressed", "false")
    assert pbt.evaluate(meta)["order"] == "name"
    pbt.go_back()
    wait_until(lambda: pbt.evaluate(meta)["order"] == "importance", "the order before")
    assert pbt.evaluate(meta)["x"] == "spent"
    pbt.go_back()
    wait_until(lambda: pbt.evaluate(meta)["x"] == "method", "the axis before")


def test_every_tool_of_a_narrow_panel_has_room(small_page: Page, app: AppProcess) -> None:
    shown(small_page, app, "pbt")
    panel = small_page.locator(".ht-panel-e1").bounding_box()
    tools = small_page.locator(".ht-panel-e1 :is(button, input, select):visible")
    assert panel is not None
    boxes = [box for tool in tools.all() if (box := tool.bounding_box())]
    assert len(boxes) == 10
    for box in boxes:
        assert panel["x"] < box["x"]
        assert box["x"] + box["width"] < panel["x"] + panel["width"]
    for one, other in combinations(boxes, 2):
        assert (
            min(one["x"] + one["width"], other["x"] + other["width"]) <= max(one["x"], other["x"])
        ) or min(one["y"] + one["height"], other["y"] + other["height"]) <= max(
            one["y"], other["y"]
        )
    scrub = small_page.get_by_label("Moment of the search").bounding_box()
    assert scrub is not None
    assert scrub["width"] > 240
