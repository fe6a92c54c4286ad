"""Jobs begun at one trial: a member's schedule replayed, and why another can have none."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.exploration.schedule import prepare_schedule
from hypertendril.analysis.lineage import ancestry
from hypertendril.layouts import ids
from hypertendril.model import TrialState
from hypertendril.readers import read
from hypertendril.settings import Settings
from hypertendril.store import ExperimentStore
from tests.browser.conftest import StartApp
from tests.browser.harness import show_dashboard
from tests.browser.test_main_job import shown_study, states
from tests.waiting import wait_until

SOURCE = Path(__file__).parents[3] / "examples" / "studies" / "digits_pbt_t4_s50.json"


def tell_story_of(page: Page, row: int) -> None:
    page.evaluate("row => ht.pickTrial(row, false, 'exploration')", row)
    page.get_by_role("button", name="Why it was stopped").click()
    expect(page.locator(".exploration-looks")).to_be_visible()


def test_the_schedule_of_a_member_is_trained_again_as_a_job(
    start_app: StartApp, page: Page, tmp_path: Path
) -> None:
    (found,) = read(SOURCE)
    study = found.as_study()
    row = max(range(len(study)), key=lambda r: len(ancestry(study, r)))
    wanted = prepare_schedule(study, prepare_exploration(study), row)
    show_dashboard(page, start_app([SOURCE], data=tmp_path / "data").url)
    before = shown_study(page)
    tell_story_of(page, row)
    page.locator(f"#{ids.EXPLORATION_REPLAY}").click()
    expect(page.locator(f"#{ids.CONTROL_MESSAGE}")).to_contain_text(f"trial {row} replayed")
    wait_until(lambda: shown_study(page) != before, "the replay on the page")
    n = len(wanted.schedule.stretches)
    wait_until(lambda: states(page) == [TrialState.COMPLETE] * n, "all stretches")
    tell_story_of(page, n - 1)
    line = " → ".join(str(k) for k in range(n))
    expect(page.locator(f"#{ids.EXPLORATION_STORY_TITLE}")).to_contain_text(line)
    with ExperimentStore.open(Settings.find(tmp_path / "data").store) as store:
        replayed = store.snapshot(shown_study(page))
    got = prepare_schedule(replayed, prepare_exploration(replayed), n - 1)
    np.testing.assert_array_equal(got.values, wanted.values)
    assert [s.end for s in got.schedule.stretches] == [s.end for s in wanted.schedule.stretches]
    # Each stretch goes on where the one before it ended: its curve begins there.
    steps = [replayed.curves.of(k, 0)[0].tolist() for k in range(n)]
    end = round(wanted.schedule.stretches[-1].end)
    assert list(chain.from_iterable(steps)) == list(range(1, end + 1))


def test_a_founder_has_no_schedule_and_the_button_says_so(start_app: StartApp, page: Page) -> None:
    show_dashboard(page, start_app([SOURCE], options=["--no-worker"]).url)
    tell_story_of(page, 0)
    replay = page.locator(f"#{ids.EXPLORATION_REPLAY}")
    expect(replay).to_be_disabled()
    expect(replay).to_have_attribute(
        "title", "This trial was copied from none, so its values never changed."
    )
