"""The Exploration overview: the family of a trial, its card, its story."""

from __future__ import annotations

import re

import numpy as np
from playwright.sync_api import Page, expect

from hypertendril.analysis.lineage import ancestry, descendants
from hypertendril.model import Study
from tests.browser.exploration.overview import (
    VIEW,
    address_of,
    gaps_of,
    hover,
    last_of_the_longest_line,
)
from tests.browser.harness import rest
from tests.waiting import wait_until


def winner(study: Study) -> int:
    return int(np.nanargmax(study.trials.objectives[:, 0]))


def test_the_winners_unbroken_ancestry_lights_up_in_every_strip(
    pbt: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt"]
    assert len(ancestry(study, last_of_the_longest_line(study))) > 4
    for row in (winner(study), last_of_the_longest_line(study)):
        pbt.evaluate(f"row => ht.setHover(row, {VIEW}.spec.graph)", row)
        rest(pbt)
        family = pbt.evaluate(f"row => ht.exploration.family({VIEW}.scene, row)", row)
        assert tuple(family["line"]) == ancestry(study, row)[::-1]
        assert set(family["descendants"]) == set(descendants(study, row).tolist())
        assert len(family["line"]) > 1
        assert gaps_of(pbt) == [0] * len(study.space)


def test_lines_of_large_families_are_written_without_a_gap(pbt: Page) -> None:
    forward, backward, nothing = pbt.evaluate(
        f"""() => {{
            const view = {VIEW};
            const inked = draw => {{
                const pen = ht.pixelCanvas(view, 1.8);
                pen.use(ht.colour.pack("#ff0000"), 1);
                draw(pen);
                const g = new OffscreenCanvas(view.width, view.height).getContext("2d");
                pen.lay(g);
                return Array.from({{ length: 60 }}, (_, k) =>
                    g.getImageData((40 + k) * view.ratio, 0, 1, view.height).data.some(v => v > 0));
            }};
            return [
                inked(pen => (pen.moveTo(40, 60), pen.bezierCurveTo(70, 60, 70, 200, 100, 200))),
                inked(pen => (pen.moveTo(100, 50), pen.lineTo(40, 90))),
                inked(pen => (pen.moveTo(40, 60), pen.lineTo(100, NaN))),
            ];
        }}"""
    )
    assert all(forward)
    assert all(backward)
    assert not any(nothing)


def test_the_card_tells_rank_changes_and_reason(pbt: Page, studies: dict[str, Study]) -> None:
    study = studies["pbt"]
    child = int(np.flatnonzero(study.trials.parent >= 0)[0])
    hover(pbt, child)
    row = pbt.evaluate("() => ht.state.hover")
    card = pbt.locator(".ht-card")
    expect(card).to_contain_text(re.compile(r"\d+(st|nd|rd|th) of 20"))
    if study.trials.parent[row] >= 0:
        expect(card).to_contain_text("×")
    stopped = int(np.flatnonzero(study.trials.state == 3)[0])
    pbt.evaluate(f"row => ht.setHover(row, {VIEW}.spec.graph)", stopped)
    expect(card).to_contain_text("of which 10 went on")


def test_arrow_keys_walk_along_the_lineage(pbt: Page, studies: dict[str, Study]) -> None:
    study = studies["pbt"]
    row = last_of_the_longest_line(study)
    line = ancestry(study, row)
    pbt.locator("#exploration-frame-graph").focus()
    pbt.evaluate(f"row => {{ {VIEW}.mark = -1; ht.setHover(row, {VIEW}.spec.graph); }}", row)
    visited = [row]
    for _ in range(12):
        pbt.keyboard.press("ArrowLeft")
        visited.append(pbt.evaluate("() => ht.state.hover"))
    assert list(dict.fromkeys(visited)) == list(reversed(line))
    pbt.keyboard.press("Enter")
    assert pbt.evaluate("() => ht.state.selection.brushes[0].trials") == [line[0]]


def test_the_story_of_a_trial_shows_the_schedule_of_its_model(
    pbt: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt"]
    row = last_of_the_longest_line(study)
    pbt.evaluate("row => ht.pickTrial(row, false, 'exploration')", row)
    pbt.get_by_role("button", name="Why it was stopped").click()
    line = " → ".join(str(number) for number in ancestry(study, row))
    expect(pbt.locator("#exploration-story-title")).to_contain_text(line)
    expect(pbt.locator(".exploration-looks")).to_be_visible()
    expect(pbt.locator("#exploration-story-graph .js-line").first).to_be_visible()
    wait_until(lambda: "story" in address_of(pbt), "the story in the address")
    pbt.reload()
    title = pbt.locator("#exploration-story-title")
    expect(title).to_contain_text(line)
    pbt.locator("#exploration-story-modal .btn-close").click()
    wait_until(lambda: "story" not in address_of(pbt), "the story to be gone from the address")
