"""Fixtures of the browser tests: one browser a session, one watched context a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hypertendril.model import Study
from hypertendril.readers import read
from tests.browser.harness import LARGE, SMALL, Watch, launch, open_page
from tests.browser.running_app import AppProcess
from tests.browser.studies import write_awkward_study

StartApp = Callable[..., AppProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not browser"` leaves all of them out."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def watch(start_app: StartApp) -> Iterator[Watch]:
    """What the test's pages did wrong; `watch.allow(pattern)` where a test breaks something on purpose."""
    del start_app  # the pages end before the apps: they would miss them, and say so
    watch = Watch()
    yield watch
    watch.check()


@pytest.fixture
def page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A watched page of 1600 x 1000 pixels."""
    with open_page(browser, LARGE) as page:
        watch.over(page.context)
        yield page


@pytest.fixture
def small_page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A watched page of 1280 x 800 pixels."""
    with open_page(browser, SMALL) as page:
        watch.over(page.context)
        yield page


@pytest.fixture(params=[LARGE, SMALL], ids=["1600x1000", "1280x800"])
def any_page(request: pytest.FixtureRequest, browser: Browser, watch: Watch) -> Iterator[Page]:
    """The test runs twice: on a large and on a small watched page."""
    with open_page(browser, request.param) as page:
        watch.over(page.context)
        yield page


@pytest.fixture(scope="session")
def awkward_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study of `awkward_app`, read in this process."""
    (found,) = read(write_awkward_study(tmp_path_factory.mktemp("study")))
    return Study("id", found.header, found.trials, found.evaluations, found.curves)


@pytest.fixture(scope="session")
def awkward_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """One app for all tests that only look: nothing they do stays on the server."""
    folder = tmp_path_factory.mktemp("app")
    with AppProcess(folder / "data", [write_awkward_study(folder)], ["--no-worker"]) as app:
        yield app


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[StartApp]:
    """Start `python app.py` as a process: `start_app(sources, options=..., data=...)`; all end with the test."""
    with ExitStack() as running:

        def start(
            sources: Sequence[str | Path] = (),
            *,
            options: Sequence[str] = (),
            data: Path | None = None,
        ) -> AppProcess:
            app = AppProcess(data or tmp_path / "data", sources, options)
            return running.enter_context(app)

        yield start
