"""Searches side by side."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import Page, expect

from hypertendril.model import Study
from tests.browser.exploration.overview import (
    address_of,
    last_of_the_longest_line,
)
from tests.browser.harness import rest, show_dashboard
from tests.waiting import wait_until

COMPARED = 'ht.debug.views.find(v => v.spec.graph === "exploration-compare-graph")'
PLACE_IN_COMPARISON = f"""row => {{
    const view = {COMPARED};
    const scene = view.scenes.find(scene => scene.data.name === "pbt, early looks");
    const box = view.layers.top.canvas.getBoundingClientRect();
    const [mark] = scene.marksOf(row);
    return [box.left + scene.at[2].xs[mark], box.top + scene.at[2].ys[mark]];
}}"""


@pytest.fixture
def comparison(pbt: Page) -> Page:
    pbt.locator("#exploration-compare-button").click()
    pbt.wait_for_function(f"() => {COMPARED}.isReady && {COMPARED}.scenes.length === 4")
    rest(pbt)
    return pbt


def test_searches_stand_side_by_side_on_one_range_of_colours(comparison: Page) -> None:
    ends = comparison.evaluate(
        f"() => {COMPARED}.scenes.map(scene => [scene.colour.worst, scene.colour.best])"
    )
    assert len({tuple(pair) for pair in ends}) == 1


def test_a_comparison_is_saved_as_pictures_that_can_be_opened(comparison: Page) -> None:
    saved = {}
    for kind in ("SVG", "PNG"):
        with comparison.expect_download() as waiting:
            comparison.locator(".exploration-export button", has_text=kind).click()
        saved[kind] = waiting.value.path().read_bytes()
    width, height = comparison.evaluate(f"() => [{COMPARED}.width, {COMPARED}.height]")
    vector = ET.fromstring(saved["SVG"])
    n_marks = comparison.evaluate(
        f"() => {COMPARED}.scenes.reduce((n, s) => n + s.trial.length * s.strips.length, 0)"
    )
    assert len(list(vector.iter("{http://www.w3.org/2000/svg}path"))) > 0.8 * n_marks
    header = saved["PNG"][16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (2 * width, 2 * height)


def test_a_trial_of_any_compared_study_shows_its_family_and_card(
    comparison: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt_early"]
    row = last_of_the_longest_line(study)
    values = study.column(f"param:{study.space.names[1]}")
    pointed = f"() => {{ const at = {COMPARED}.pointed; return at && {COMPARED}.scenes[at.k].trial[at.mark]; }}"

    def shows_it() -> bool:
        """Point where the trial is: the dialog may still be finding its size."""
        comparison.mouse.move(*comparison.evaluate(PLACE_IN_COMPARISON, row))
        hovered = comparison.evaluate(pointed)
        # Copies that kept this value lie on one another: any of them may be found.
        return hovered is not None and bool(values[hovered] == values[row])

    wait_until(shows_it, "the pointer to be on the trial")
    card = comparison.locator(".ht-card")
    expect(card).to_contain_text(re.compile(r"\d+(st|nd|rd|th) of \d+"))
    hovered = comparison.evaluate(pointed)
    assert values[hovered] == values[row]
    expect(card).to_contain_text(f"trial {study.trials.number[hovered]}")
    assert comparison.evaluate("() => ht.state.hover") == -1  # no trial of the study behind it
    comparison.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_comparison_is_walked_with_keys(comparison: Page) -> None:
    comparison.locator("#exploration-compare-graph").focus()
    comparison.keyboard.press("ArrowRight")
    card = comparison.locator(".ht-card")
    expect(card).to_be_visible()
    comparison.keyboard.press("PageDown")
    assert comparison.evaluate(f"() => {COMPARED}.pointed.k") == 1
    comparison.keyboard.press("Escape")
    expect(comparison.locator("#exploration-compare-modal")).to_have_count(0)
    expect(card).to_be_hidden()


def test_a_link_and_the_back_button_bring_a_comparison_back(comparison: Page) -> None:
    names = f"() => {COMPARED}.scenes.map(scene => scene.data.name)"
    every = comparison.evaluate(names)
    wait_until(lambda: "compared" in address_of(comparison), "the comparison in the address")
    link = comparison.evaluate("() => location.href")
    comparison.get_by_role("button", name="same method").click()
    wait_until(lambda: len(comparison.evaluate(names)) == 2, "the searches by one method")
    wait_until(lambda: comparison.evaluate("() => location.href") != link, "the next address")
    box = comparison.locator("#exploration-compare-modal")
    comparison.keyboard.press("Escape")
    expect(box).to_have_count(0)
    wait_until(lambda: "compared" not in address_of(comparison), "an address without it")

    comparison.go_back()
    expect(box).to_be_visible()
    wait_until(lambda: len(comparison.evaluate(names)) == 2, "the comparison before")
    comparison.go_back()
    wait_until(lambda: comparison.evaluate(names) == every, "the first comparison")
    comparison.go_back()
    expect(box).to_have_count(0)

    other = comparison.context.new_page()
    show_dashboard(other, link)
    expect(other.locator("#exploration-compare-modal")).to_be_visible()
    wait_until(lambda: other.evaluate(f"() => Boolean({COMPARED}.scenes)"), "the studies")
    wait_until(lambda: other.evaluate(names) == every, "the comparison of the link")
    other.close()
