"""The Control panel in a real browser: the form of the next study, and what it says."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hypertendril.jobs.queue.job_queue import JobQueue, JobState
from hypertendril.settings import Settings
from tests.browser.conftest import StartApp
from tests.browser.harness import Watch, drag, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.studies import write_awkward_study
from tests.waiting import wait_until

REGISTRY = """
[objectives.toy]
function = "toy:train"
directions = { accuracy = "maximize" }
curves = ["accuracy"]
metrics = ["size"]

[[objectives.toy.space]]
name = "lr"
kind = "float"
low = 1e-5
high = 0.1
log = true

[[objectives.toy.space]]
name = "depth"
kind = "int"
low = 1
high = 6

[[objectives.toy.space]]
name = "optimizer"
kind = "categorical"
choices = ["sgd", "<b>x</b>", "__proto__"]

[[objectives.toy.space]]
name = "momentum"
kind = "float"
low = 0.0
high = 0.99
condition = { parent = "optimizer", values = ["sgd"] }
"""


def written(folder: Path) -> tuple[list[Path], list[str]]:
    """Write two studies and an objective they fit; return the sources and options of their app."""
    registry = folder / "objectives.toml"
    registry.write_text(REGISTRY, encoding="utf-8")
    study = write_awkward_study(folder)
    second = folder / "second.json"
    second.write_text(json.dumps(json.loads(study.read_text()) | {"name": "second"}))
    return [study, second], ["--no-worker", "--objectives", str(registry)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """One app for all tests whose choices stay on their page."""
    folder = tmp_path_factory.mktemp("app")
    with AppProcess(folder / "data", *written(folder)) as app:
        yield app


@pytest.fixture
def shown(page: Page, app: AppProcess) -> Page:
    return opened(page, app)


@pytest.fixture
def queueing(page: Page, start_app: StartApp, tmp_path: Path) -> Page:
    """A page of an app whose queue no other test has seen, nor an earlier try of this one."""
    studies, options = written(tmp_path)
    return opened(page, start_app(studies, options=options))


def opened(page: Page, app: AppProcess) -> Page:
    show_dashboard(page, app.url)
    expect(page.locator(".range-row")).to_have_count(4)
    rest(page)
    return page


def expect_study(page: Page, name: str) -> None:
    expect(page.locator("#page-crumb-span")).to_have_text(name)
    expect(page.locator(".study.is-shown")).to_contain_text(name)
    expect(page.locator("#control-name-input")).to_have_value(f"{name} refined")


def test_a_click_shows_another_study_and_going_back_the_one_before(shown: Page) -> None:
    for name in ("second", "awkward"):
        button = shown.locator(".study-button", has_text=name)
        button.click()
        expect_study(shown, name)
        expect(shown).to_have_url(re.compile(f"study={button.get_attribute('data-study')}"))
    shown.go_back()
    expect_study(shown, "second")
    shown.go_forward()
    expect_study(shown, "awkward")


def test_a_study_chosen_while_the_server_is_away_is_shown_when_it_is_back(
    shown: Page, watch: Watch
) -> None:
    watch.allow("503|Callback error")
    everything = re.compile("/_ht/|/_dash-update-component")
    shown.route(everything, lambda route: route.fulfill(status=503))
    expect(shown.locator(".ht-offline")).to_be_visible()
    shown.locator(".study-button", has_text="second").click()
    rest(shown)
    shown.unroute(everything)
    expect_study(shown, "second")
    wait_until(lambda: shown.evaluate("() => ht.state.data.name") == "second", "its trials")


def test_trials_that_did_not_arrive_are_asked_for_again(shown: Page, watch: Watch) -> None:
    watch.allow("503")
    columns = "**/_ht/columns/**"
    shown.route(columns, lambda route: route.fulfill(status=503))
    with shown.expect_response(columns) as first:
        shown.locator(".study-button", has_text="second").click()
    assert first.value.status == 503
    shown.unroute(columns)
    wait_until(lambda: shown.evaluate("() => ht.state.data.name") == "second", "its trials")


def test_brushed_ranges_become_the_next_space_and_can_be_undone(shown: Page) -> None:
    low = shown.locator(".range-row input").first
    before = low.input_value()
    brush = "{view: 'space', kind: 'ranges', dims: ['param:lr'], ranges: [[1e-3, 1e-2]]}"
    shown.evaluate(f"() => ht.commitBrush({brush})")
    expect(shown.locator("#page-chips-div .chip")).to_have_count(1)
    shown.locator("#control-take-brushes-button").click()
    expect(low).to_have_value("0.001")
    expect(shown.locator("#control-message-div")).to_have_text("Ranges of the brushes on lr.")
    expect(shown.locator(".range-bar > span").first).to_be_visible()
    shown.locator("#control-undo-button").click()
    expect(low).to_have_value(before)
    expect(shown.locator(".range-bar > span").first).to_be_hidden()


def test_the_end_of_a_range_can_be_dragged(shown: Page) -> None:
    row = shown.locator(".range-row").first
    low, high = row.locator("input").first, row.locator("input").last
    top = high.input_value()
    track = row.locator(".range-bar").bounding_box()
    assert track is not None
    y = track["y"] + track["height"] / 2
    drag(shown, (track["x"] + 1, y), (track["x"] + track["width"] / 2, y))
    # The declared scale is logarithmic, 1e-5 to 0.1: half way is 1e-3.
    expect(low).to_have_value("0.001")
    expect(high).to_have_value(top)
    bar = row.locator(".range-bar > span").bounding_box()
    assert bar is not None
    assert bar["x"] - track["x"] == pytest.approx(track["width"] / 2, abs=3)
    with shown.expect_download() as waiting:
        shown.locator("#control-export-button").click()
    job = tomllib.loads(Path(waiting.value.path()).read_text())
    assert job["space"][0]["low"] == 0.001


def test_a_bad_bound_is_named_where_the_person_looks(shown: Page) -> None:
    low = shown.locator(".range-row input").first
    low.fill("abc")
    low.press("Tab")
    said = shown.locator("#control-message-div")
    expect(said).to_have_text("lr, low: 'abc' is not a number.")
    shown.locator("#control-run-button").click()
    rest(shown)  # it says the same once more
    expect(said).to_have_text("lr, low: 'abc' is not a number.")
    low.fill("1e-4")
    low.press("Tab")
    expect(said).to_have_text("")


def test_the_exported_file_says_what_the_form_says(shown: Page, tmp_path: Path) -> None:
    shown.locator("#control-trials-input").fill("17")
    shown.locator(".choice", has_text="sgd").click()
    with shown.expect_download() as waiting:
        shown.locator("#control-export-button").click()
    waiting.value.save_as(tmp_path / "job.toml")
    job = tomllib.loads((tmp_path / "job.toml").read_text())
    assert job["budget"]["trials"] == 17
    assert [item["name"] for item in job["space"]] == ["lr", "depth", "optimizer"]
    assert job["space"][2]["choices"] == ["<b>x</b>", "__proto__"]


def test_a_study_may_begin_with_selected_trials_and_go_on_from_all(shown: Page) -> None:
    first, go_on = shown.locator("#control-enqueue-button"), shown.locator("#control-go-on-button")
    said = shown.locator("#control-message-div")
    first.click()
    expect(said).to_contain_text("Nothing is selected")
    shown.evaluate("() => ht.commitBrush({view: 'selected', kind: 'trials', trials: [1, 2]})")
    expect(shown.locator("#page-chips-div .chip")).to_have_count(1)
    first.click()
    expect(first).to_have_text("2 run first ×")
    go_on.click()
    expect(go_on).to_have_attribute("aria-pressed", "true")
    with shown.expect_download() as waiting:
        shown.locator("#control-export-button").click()
    start = tomllib.loads(Path(waiting.value.path()).read_text())["start"]
    assert len(start["enqueue"]) == 2
    assert start["studies"][0]["trials"]
    first.click()
    expect(first).to_have_text("Run selected first")
    go_on.click()
    expect(go_on).to_have_attribute("aria-pressed", "false")
    shown.locator("#control-method-select").select_option("random")
    expect(go_on).to_be_disabled()
    expect(go_on).to_have_attribute("title", re.compile("learns nothing from earlier trials"))


def test_a_job_waits_in_the_queue_until_it_is_cancelled(queueing: Page) -> None:
    queueing.locator("#control-name-input").fill("pressed twice")
    queueing.locator("#control-run-button").dblclick()
    job = queueing.locator(".job", has_text="pressed twice")
    expect(job).to_have_count(1)
    job.get_by_role("button").click()
    expect(queueing.locator("#control-message-div")).to_have_text("Cancelled.")
    expect(job).to_have_count(0)


def test_a_failed_job_leaves_the_queue_when_it_is_dismissed_and_comes_back(
    queueing: Page, tmp_path: Path
) -> None:
    queueing.locator("#control-name-input").fill("doomed")
    queueing.locator("#control-run-button").click()
    job = queueing.locator(".job", has_text="doomed")
    expect(job).to_have_count(1)
    queue = JobQueue(Settings.find(tmp_path / "data").queue)
    owner = queue.new_owner()
    lease = queue.claim(owner.name)
    assert lease is not None
    queue.finish(lease, JobState.FAILED, "No module named 'x'")
    owner.close()
    queue.close()
    expect(job).to_contain_text("No module named 'x'")
    job.get_by_role("button", name="Dismiss doomed").click()
    expect(job).to_have_count(0)
    queueing.locator("#control-message-div [data-do=undo]").click()
    expect(job).to_have_count(1)
    job.get_by_role("button", name="Dismiss doomed").click()
    expect(job).to_have_count(0)


def test_the_ranges_are_in_sight_and_the_form_tells_what_it_holds_where_it_is_folded_away(
    any_page: Page, app: AppProcess
) -> None:
    show_dashboard(any_page, app.url)
    expect(any_page.locator(".range-row").nth(1)).to_be_in_viewport()
    form = any_page.locator("#control-form-details")
    heading = form.locator(".control-heading")
    outline = any_page.locator("#control-outline-span")
    if form.get_attribute("open") is None:
        expect(outline).to_have_text("TPE · 40 trials · toy")
        heading.click()
    expect(outline).to_be_hidden()
    any_page.locator("#control-trials-input").fill("7")
    heading.click()
    expect(outline).to_have_text("TPE · 7 trials · toy")


def test_nothing_of_the_page_lies_outside_the_window(any_page: Page, app: AppProcess) -> None:
    show_dashboard(any_page, app.url)
    size = any_page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert any_page.viewport_size is not None
    assert size == [any_page.viewport_size["width"], any_page.viewport_size["height"]]
