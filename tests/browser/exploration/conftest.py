"""One app over four searches for all tests of the Exploration overview."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from hypertendril.model import Study
from hypertendril.readers import read
from tests.browser.exploration.overview import NAMES, shown
from tests.browser.running_app import AppProcess
from tests.browser.searches import write_searches


@pytest.fixture(scope="package")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    found = {}
    for name, path in zip(NAMES, write_searches(tmp_path_factory.mktemp("s"), NAMES), strict=True):
        (one,) = read(path)
        found[name] = Study(name, one.header, one.trials, one.evaluations, one.curves)
    return found


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("app")
    with AppProcess(folder / "data", write_searches(folder, NAMES), ["--no-worker"]) as app:
        yield app


@pytest.fixture
def pbt(page: Page, app: AppProcess) -> Page:
    return shown(page, app, "pbt")
