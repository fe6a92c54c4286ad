"""The Exploration overview: the search as it happened."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.model import Outcome, Study
from tests.browser.exploration.overview import (
    VIEW,
    shown,
)
from tests.browser.harness import rest
from tests.browser.running_app import AppProcess
from tests.waiting import wait_until


def test_playback_shows_the_past_only_and_rings_the_survivors(pbt: Page) -> None:
    until = "() => ht.exploration.player.until"
    step = pbt.get_by_label("To the next decision")
    step.click()
    assert pbt.evaluate(until) == 19  # the first generation of twenty
    step.click()
    assert pbt.evaluate(until) == 39
    rest(pbt)
    painted = pbt.evaluate(
        f"""() => {{
            const {{ scene, layers, width }} = {VIEW};
            const {{ canvas, g }} = layers.chosen;
            const ratio = canvas.width / width;
            const third = Math.round((({VIEW}.px("x", 1.55))) * ratio);
            const future = g.getImageData(third, 0, canvas.width - third, canvas.height).data;
            return future.some(v => v > 0);
        }}"""
    )
    assert not painted
    pbt.evaluate("() => ht.exploration.player.stop()")
    assert pbt.evaluate("() => ht.exploration.player.until === Infinity")


@pytest.mark.parametrize(("name", "title"), [("pbt", "pbt"), ("hyperband_eta3", "hyperband")])
def test_each_decision_of_a_playback_rings_those_that_go_on(
    page: Page, app: AppProcess, studies: dict[str, Study], name: str, title: str
) -> None:
    shown(page, app, title)
    layout = prepare_exploration(studies[name])
    page.locator("#exploration-frame-graph").focus()
    for decision in range(3):
        page.keyboard.press(".")
        until, rung = page.evaluate(
            f"""() => {{
                const {{ until, survivors }} = ht.exploration.player;
                return [until, survivors({VIEW}.scene, until)];
            }}"""
        )
        column = layout.column[np.flatnonzero(layout.when == until)[0]]
        is_here = (layout.column == column) & (layout.when <= until)
        goes_on = np.isin(layout.outcome, (Outcome.PROMOTED, Outcome.SURVIVED))
        assert rung == np.flatnonzero(is_here & goes_on).tolist(), decision
        assert len(rung) > 0


def test_space_plays_to_the_end(pbt: Page) -> None:
    pbt.locator("#exploration-frame-graph").focus()
    pbt.keyboard.press("Space")
    wait_until(lambda: 0 < pbt.evaluate("() => ht.exploration.player.until") < 119, "the playback")
    pbt.keyboard.press("Space")
    assert not pbt.evaluate("() => ht.exploration.player.isPlaying")
