"""Selected experiments in a real browser: hover, picks, details, columns, downloads."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.studies import N_TRIALS
from tests.waiting import wait_until

GRID = "dash_ag_grid.getApi('selected-trials-table')"


def column(field: str) -> str:
    """Return the grid's column of a field, as the page's script knows it by `api`."""
    return f"api.getColumns().find((one) => one.getColDef().field === '{field}')"


@pytest.fixture
def shown(page: Page, awkward_app: AppProcess) -> Page:
    show_dashboard(page, awkward_app.url)
    expect(row(page, 0)).to_be_visible()
    rest(page)
    return page


def row(page: Page, index: int) -> Locator:
    """The row at a place of the table; its first half is the pinned part."""
    return page.locator(f'#selected-trials-table .ag-row[row-index="{index}"]').first


def trial_of(page: Page, index: int) -> int:
    return int(row(page, index).get_attribute("row-id") or -1)


def test_a_row_under_the_pointer_is_hovered_in_all_views(shown: Page) -> None:
    trial = trial_of(shown, 2)
    row(shown, 2).hover()
    wait_until(lambda: shown.evaluate("ht.state.hover") == trial, "the hover")
    shown.mouse.move(800, 20)
    wait_until(lambda: shown.evaluate("ht.state.hover") == -1, "the end of the hover")


def test_a_trial_hovered_elsewhere_is_marked_in_the_table(shown: Page) -> None:
    trial = trial_of(shown, 1)
    shown.evaluate("row => ht.setHover(row, 'space')", trial)
    expect(shown.locator(".ag-row.is-hovered").first).to_have_attribute("row-id", str(trial))


def test_a_click_picks_a_trial_and_another_gives_it_back(shown: Page) -> None:
    trial = trial_of(shown, 1)
    row(shown, 1).click()
    expect(shown.locator("#selected-title-span")).to_have_text(f"1 of {N_TRIALS}")
    expect(row(shown, 0)).to_have_attribute("row-id", str(trial))
    row(shown, 0).click()
    expect(shown.locator("#selected-title-span")).to_have_text(f"{N_TRIALS} trials")


def test_a_double_click_opens_the_details_and_escape_closes_them_first(shown: Page) -> None:
    row(shown, 0).click()
    chips = shown.locator("#page-chips-div .chip")
    expect(chips).to_have_count(1)
    rest(shown)
    row(shown, 0).dblclick()
    details = shown.locator(".detail.show")
    expect(details).to_contain_text("Objectives and metrics")
    expect(chips).to_have_count(1)
    shown.keyboard.press("Escape")
    expect(details).to_have_count(0)
    expect(chips).to_have_count(1)
    shown.keyboard.press("Escape")
    expect(chips).to_have_count(0)


def test_a_double_click_on_a_busy_page_opens_the_details_and_picks_nothing(shown: Page) -> None:
    trial = trial_of(shown, 1)
    row(shown, 1).click()
    chips = shown.locator("#page-chips-div .chip")
    expect(chips).to_have_count(1)
    # The second click comes when the first has picked, and the table is down to one row.
    shown.mouse.down(click_count=2)
    shown.mouse.up(click_count=2)
    expect(shown.locator(".detail.show")).to_contain_text(f"Trial {trial}")
    expect(chips).to_have_count(0)


def test_clear_appears_with_the_first_brush_and_removes_all(shown: Page) -> None:
    clear = shown.locator("#selected-clear-button")
    expect(clear).to_be_hidden()
    row(shown, 0).click()
    clear.click()
    expect(shown.locator("#page-chips-div .chip")).to_have_count(0)
    expect(clear).to_be_hidden()


def test_columns_can_be_hidden_and_pinned(shown: Page) -> None:
    shown.locator("#selected-menu-button").click()
    line = shown.locator("#selected-columns-div > div").nth(1)
    line.locator("button").click()
    state = shown.locator('.ag-pinned-left-header [col-id^="state@"]')
    expect(state).to_have_count(1)
    line.locator("input").uncheck()
    expect(shown.locator('.ag-header-cell[col-id^="state@"]')).to_have_count(0)
    shown.keyboard.press("Escape")
    expect(shown.locator("#selected-menu-div")).to_be_hidden()


def test_names_and_categories_are_shown_as_written(shown: Page) -> None:
    shown.locator("#selected-menu-button").click()
    expect(shown.locator("#selected-columns-div")).to_contain_text("optimizer")
    shown.keyboard.press("Escape")
    shown.evaluate(f"() => {{ const api = {GRID}; api.ensureColumnVisible({column('p2')}); }}")
    cells = shown.locator('#selected-trials-table .ag-cell[col-id^="p2@"]')

    def texts() -> set[str]:
        return {text.strip("\u2060") for text in cells.all_inner_texts()}

    found = wait_until(lambda: "" not in (seen := texts()) and seen, "words in every cell")
    assert found <= {"sgd", "<b>x</b>", "__proto__"}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorting_uses_values_and_keeps_missing_ones_last(shown: Page, order: str) -> None:
    shown.evaluate(
        f"""sort => {{ const api = {GRID};
            api.applyColumnState({{state: [{{colId: {column("o0")}.getColId(), sort}}]}}); }}""",
        order,
    )
    found = shown.evaluate(
        f"""() => {{ const values = [];
            {GRID}.forEachNodeAfterFilterAndSort((node) => values.push(node.data.o0));
            return values; }}"""
    )
    numbers = [value for value in found if value is not None]
    assert numbers == sorted(numbers, reverse=order == "desc")
    assert found == numbers + [None] * (len(found) - len(numbers))


def test_downloads_hold_every_selected_trial(shown: Page, tmp_path: Path) -> None:
    row(shown, 0).click()
    expect(shown.locator("#selected-title-span")).to_have_text(f"1 of {N_TRIALS}")
    for button, name in (("csv", "trials.csv"), ("json", "trials.json")):
        shown.locator("#selected-menu-button").click()
        with shown.expect_download() as waiting:
            shown.locator(f"#selected-{button}-button").click()
        assert waiting.value.suggested_filename == name
        waiting.value.save_as(tmp_path / name)
        shown.keyboard.press("Escape")
    assert len(list(csv.reader(io.StringIO((tmp_path / "trials.csv").read_text())))) == 2
    assert len(json.loads((tmp_path / "trials.json").read_text())["trials"]) == 1


def test_tab_passes_by_the_table_and_arrows_walk_inside(shown: Page) -> None:
    is_inside = "() => Boolean(document.activeElement.closest('#selected-trials-table'))"
    shown.locator("#selected-menu-button").focus()
    shown.keyboard.press("Tab")
    shown.wait_for_function(is_inside)
    shown.keyboard.press("ArrowDown")
    shown.wait_for_function("() => Boolean(document.activeElement.closest('.ag-row'))")
    edge = "() => getComputedStyle(document.activeElement).borderTopColor"
    plain = "() => getComputedStyle(document.querySelector('.ag-cell:not(:focus)')).borderTopColor"
    assert shown.evaluate(edge) != shown.evaluate(plain), "the focus cannot be seen"
    shown.keyboard.press("Tab")
    shown.wait_for_function("() => Boolean(document.activeElement.closest('.ht-column-middle'))")
    shown.keyboard.press("Shift+Tab")
    shown.wait_for_function(is_inside)
    shown.keyboard.press("Shift+Tab")
    expect(shown.locator("#selected-menu-button")).to_be_focused()
