"""The main job from end to end: see, brush, refine, run, watch trials arrive, survive a kill."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from hypertendril.layouts import ids
from hypertendril.model import Study, TrialState
from hypertendril.settings import Settings
from hypertendril.store import ExperimentStore
from tests.browser.conftest import StartApp
from tests.browser.harness import drag, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.test_crossfilter import axis_places
from tests.waiting import wait_until

N_TRIALS = 12


def brush_best(page: Page) -> None:
    """Brush the top of the objective and a part of the learning rate."""
    places = axis_places(page)
    length = places["bottom"] - places["top"]
    x = places["xs"]["objective:val_accuracy"]
    drag(page, (x, places["top"] - 4), (x, places["top"] + 0.2 * length))
    places = axis_places(page)  # the axes may stand in another order now
    x = places["xs"]["param:learning_rate"]
    drag(page, (x, places["top"] + 0.3 * length), (x, places["top"] + 0.6 * length))


def run_refined(page: Page, trials: int) -> None:
    """Take the ranges from the brushes, choose random search and run."""
    page.locator(f"#{ids.CONTROL_TAKE_BRUSHES}").click()
    expect(page.locator(f"#{ids.CONTROL_RUN}")).to_have_text("Run refined study")
    page.locator(f"#{ids.CONTROL_METHOD}").select_option("random")
    page.locator(f"#{ids.CONTROL_TRIALS}").fill(str(trials))
    page.locator(f"#{ids.CONTROL_TRIALS}").press("Tab")
    page.locator(f"#{ids.CONTROL_RUN}").click()


def shown_study(page: Page) -> str:
    return str(page.evaluate("() => ht.state.data.study"))


def states(page: Page) -> list[int]:
    return list(page.evaluate("() => Array.from(ht.state.data.col('state').values)"))


def n_complete(page: Page) -> int:
    return states(page).count(TrialState.COMPLETE)


def start_refined(page: Page, app: AppProcess, trials: int) -> str:
    """Open the examples, brush, run a refined study and return its id once the page shows it."""
    show_dashboard(page, app.url)
    before = shown_study(page)
    brush_best(page)
    run_refined(page, trials)
    wait_until(lambda: shown_study(page) != before, "the new study on the page")
    return shown_study(page)


def stored(data: Path, study_id: str) -> Study:
    with ExperimentStore.open(Settings.find(data).store) as store:
        return store.snapshot(study_id)


def test_a_refined_study_arrives_trial_by_trial(
    start_app: StartApp, page: Page, tmp_path: Path
) -> None:
    app = start_app(data=tmp_path / "data")
    study_id = start_refined(page, app, N_TRIALS)

    def n_stored() -> int:
        return stored(tmp_path / "data", study_id).counts()[TrialState.COMPLETE]

    wait_until(n_stored, "a first trial")
    (worker, *_) = app.workers()
    worker.suspend()  # a page that is slow shall have the time
    wait_until(lambda: n_complete(page) == n_stored(), "the first trials on the page")
    assert n_complete(page) < N_TRIALS, "all trials arrived at once"
    worker.resume()
    wait_until(lambda: n_complete(page) == N_TRIALS, "all trials")
    assert len(states(page)) == N_TRIALS
    best = page.evaluate("() => Math.max(...ht.state.data.objective.values)")
    expect(page.locator(f"#{ids.KPIS}")).to_contain_text(f"{best:.4g}")
    row = page.locator(f"#{ids.CONTROL_STUDIES} button", has_text="refined")
    expect(row).to_contain_text(f"{best:.4g}"[:5])
    lows = page.evaluate(
        "() => { const c = ht.state.data.col('param:learning_rate');"
        " return [c.low, c.high, Math.min(...c.values), Math.max(...c.values)]; }"
    )
    assert lows[0] > 1e-4
    assert lows[0] <= lows[2] <= lows[3] <= lows[1] < 0.3


def test_a_killed_worker_is_replaced_and_no_trial_is_lost(
    start_app: StartApp, page: Page, tmp_path: Path
) -> None:
    app = start_app(data=tmp_path / "data")
    study_id = start_refined(page, app, N_TRIALS)
    wait_until(lambda: n_complete(page) >= 2, "the first trials")
    (worker, *_) = app.workers()
    worker.kill()
    wait_until(lambda: n_complete(page) == N_TRIALS, "all trials after the kill")
    study = stored(tmp_path / "data", study_id)
    assert sorted(study.trials.number.tolist()) == list(range(N_TRIALS))
    assert set(study.trials.state.tolist()) == {TrialState.COMPLETE}


def test_a_running_study_can_be_cancelled(start_app: StartApp, page: Page) -> None:
    app = start_app()
    start_refined(page, app, 400)
    wait_until(lambda: n_complete(page) >= 1, "the first trial")
    page.locator("[data-cancel]").first.click()
    wait_until(lambda: TrialState.RUNNING not in states(page), "no running trial")
    assert len(states(page)) < 400
