"""Diagnosis in a real browser: what the bar says, the cards, their trials, the ranges they widen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import show_dashboard
from tests.browser.running_app import AppProcess

N = 60


def write_search(folder: Path, name: str, optimum: float) -> Path:
    """Write a random search whose best learning rate lies at 10 to the power of `optimum`."""
    powers = np.random.default_rng(0).uniform(-4, -1, N)
    trials = [
        {"params": {"lr": 10**power}, "values": {"accuracy": 1 - abs(power - optimum) / 9}}
        for power in powers.tolist()
    ]
    space = [{"name": "lr", "kind": "float", "low": 1e-4, "high": 0.1, "log": True}]
    objectives = [{"name": "accuracy", "direction": "maximize"}]
    path = folder / f"{name}.json"
    study = {"name": name, "objectives": objectives, "space": space, "trials": trials}
    path.write_text(json.dumps(study))
    return path


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("app")
    sources = [write_search(folder, "cut off", 0.5), write_search(folder, "sound", -2.5)]
    with AppProcess(folder / "data", sources, ["--no-worker"]) as app:
        yield app


def test_a_bound_that_cuts_the_best_off_is_told_shown_and_widened(
    page: Page, app: AppProcess
) -> None:
    show_dashboard(page, app.url)
    button = page.locator("#diagnosis-open-button")
    expect(button).to_have_text("1 to act on")
    button.click()
    card = page.locator(".diagnosis-card.is-act")
    expect(card).to_contain_text("upper bound 0.1")
    expect(card).to_contain_text("Widen the range of lr to 1.")
    card.get_by_role("button", name="Show 6 trials").click()
    expect(page.locator("#page-count-span")).to_have_text(f"6 of {N} trials selected")
    high = page.locator(".range-row input").last
    expect(high).to_have_value("0.1")
    page.locator("#diagnosis-take-button").click()
    expect(page.locator("#control-message-div")).to_contain_text("Wider ranges of lr")
    expect(high).to_have_value("1")
    expect(page.locator(".diagnosis.offcanvas")).to_be_hidden()
    page.locator("#control-undo-button").click()
    expect(high).to_have_value("0.1")


def test_a_sound_search_is_told_to_be_one_and_offers_nothing_to_take(
    page: Page, app: AppProcess
) -> None:
    show_dashboard(page, app.url)
    page.locator(".study", has_text="sound").click()
    button = page.locator("#diagnosis-open-button")
    expect(button).to_have_text("search looks sound")
    button.click()
    expect(page.locator(".diagnosis-card.is-ok").first).to_be_visible()
    expect(page.locator(".diagnosis-card.is-act")).to_have_count(0)
    expect(page.locator("#diagnosis-take-button")).to_be_hidden()
