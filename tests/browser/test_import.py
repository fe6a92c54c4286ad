"""Results into and out of the page in a real browser: dropped, told, closed, saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from hypertendril.readers import read
from tests.browser.conftest import StartApp
from tests.browser.harness import Watch, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.studies import N_TRIALS
from tests.waiting import wait_until

TABLE = "lr,optimizer,train_loss,val_accuracy\n0.001,adam,0.3,0.9\n0.01,sgd,0.5,0.8\n0.1,sgd,1.9,\n"
DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const panel = document.querySelector(".ht-panel-a");
  for (const type of ["dragenter", "drop"]) {
    const about = { dataTransfer: files, bubbles: true, cancelable: true };
    panel.dispatchEvent(new DragEvent(type, about));
  }
}"""


# A notice goes by itself: a test that is slow to look would miss it.
COLLECT_NOTICES = """() => {
    const holder = document.querySelector(".ht-toasts");
    window.told = "";
    new MutationObserver(() => { window.told += holder.textContent; })
        .observe(holder, {childList: true, subtree: true, characterData: true});
}"""


def generic(name: str) -> str:
    trials = [{"params": {"x": i / 7}, "values": {"y": i}} for i in range(7)]
    trials.append({"params": {"x": 1.0}, "state": "failed"})
    return json.dumps({"name": name, "objectives": ["y"], "trials": trials})


@pytest.fixture
def app(start_app: StartApp, tmp_path: Path) -> AppProcess:
    """An app of the test's own: what one opens and closes, no other test meets, and no second try."""
    study = tmp_path / "first.json"
    study.write_text(generic("first"))
    (tmp_path / "told.csv").write_text(TABLE)
    return start_app([study], options=["--no-worker", "--root", str(tmp_path)])


@pytest.fixture
def shown(page: Page, app: AppProcess) -> Page:
    show_dashboard(page, app.url)
    return page


@pytest.fixture
def looking(page: Page, awkward_app: AppProcess) -> Page:
    show_dashboard(page, awkward_app.url)
    return page


def test_a_dropped_study_is_shown_closed_and_brought_back(shown: Page) -> None:
    shown.evaluate(DROP, ["dropped.json", generic("dropped")])
    expect(shown.locator("#page-crumb-span")).to_have_text("dropped")
    rest(shown)  # nothing of it is on its way any more
    row = shown.locator(".study", has_text="dropped")
    row.locator(".study-menu").dispatch_event("click")
    shown.get_by_role("menuitem", name="Close").click()
    expect(row).to_have_count(0)
    expect(shown.locator("#page-crumb-span")).to_have_text("first")
    shown.locator("#control-message-div [data-do=undo]").click()
    expect(row).to_have_count(1)


def test_a_study_that_is_closed_elsewhere_is_told_where_it_was_shown(shown: Page) -> None:
    shown.evaluate(DROP, ["shared.json", generic("shared")])
    expect(shown.locator("#page-crumb-span")).to_have_text("shared")
    shown.wait_for_function("() => ht.state.data && ht.state.data.name === 'shared'")
    shown.evaluate(COLLECT_NOTICES)
    # As another page would ask: this one has not closed it.
    shown.evaluate("""() => ht.send("control-command-store",
        {do: "close", study: ht.state.data.study, at: Date.now()})""")
    expect(shown.locator("#page-crumb-span")).to_have_text("first")
    shown.wait_for_function("() => told.includes('shared is not open any more.')")


def test_the_only_study_is_closed_and_brought_back(
    start_app: StartApp, page: Page, tmp_path: Path
) -> None:
    study = tmp_path / "only.json"
    study.write_text(generic("only"))
    app = start_app([study], options=["--no-worker"])
    show_dashboard(page, app.url)
    page.locator(".study", has_text="only").locator(".study-menu").dispatch_event("click")
    page.get_by_role("menuitem", name="Close").click()
    expect(page.locator("#page-crumb-span")).to_have_text("no study yet")
    waiting = page.get_by_text("Each trial a line through its hyperparameters")
    expect(waiting).to_be_visible()
    page.locator("#control-message-div [data-do=undo]").click()
    expect(page.locator("#page-crumb-span")).to_have_text("only")
    expect(waiting).to_be_hidden()


def test_a_dropped_file_that_is_no_result_is_refused_in_words(shown: Page) -> None:
    shown.evaluate(DROP, ["bad.json", '{"trials": '])
    expect(shown.locator("#control-message-div")).to_contain_text("bad.json, line 1")


def test_a_table_is_told_in_the_dialog_and_opened(shown: Page, tmp_path: Path) -> None:
    shown.locator("#control-open-details summary").click()
    shown.locator("#control-path-input").fill("/etc/passwd")
    shown.locator("#control-open-button").click()
    expect(shown.locator("#control-message-div")).to_contain_text("lies outside the folders")
    shown.locator("#control-path-input").fill(str(tmp_path / "told.csv"))
    shown.locator("#control-path-input").press("Enter")
    expect(shown.locator(".import-table tbody tr")).to_have_count(4)
    roles = shown.locator(".import-table td:nth-child(2) select")
    assert [roles.nth(i).input_value() for i in range(4)] == [
        "parameter",
        "parameter",
        "metric",
        "objective",
    ]
    shown.locator("#import-open-button").click()
    expect(shown.locator("#page-crumb-span")).to_have_text("told")


@pytest.mark.parametrize("words", ["JSON", "Optuna storage"])
def test_a_study_is_saved_and_reads_back(looking: Page, tmp_path: Path, words: str) -> None:
    looking.locator(".study", has_text="awkward").locator(".study-menu").dispatch_event("click")
    with looking.expect_download() as download:
        looking.get_by_role("menuitem", name=f"Save as {words}").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    (found,) = read(path)
    assert len(found.trials) == N_TRIALS


def test_a_server_that_is_away_is_told_in_a_bar(looking: Page, watch: Watch) -> None:
    watch.allow("503")
    bar = looking.locator(".ht-offline")
    expect(bar).to_be_hidden()
    looking.route("**/_ht/pulse", lambda route: route.fulfill(status=503))
    expect(bar).to_be_visible()
    looking.unroute("**/_ht/pulse")
    expect(bar).to_be_hidden()


def test_a_slow_server_is_asked_for_news_when_it_has_answered(looking: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    looking.route("**/_ht/pulse", hold)
    wait_until(lambda: looking.evaluate("() => true") and held, "a question")
    looking.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # ask now
    rest(looking)
    assert len(held) == 1
    held[0].continue_()
    wait_until(lambda: looking.evaluate("() => true") and len(held) > 1, "the next question")
