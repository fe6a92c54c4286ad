"""The Search space overview as a person uses it: focus, bars, order, scales, lanes, refinement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.harness import DRAWN, drag, open_page, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.studies import write_wide_study
from tests.waiting import wait_until

VIEW = """() => {
    const {view} = ht.space;
    const box = view.layers.top.canvas.getBoundingClientRect();
    const xs = {};
    view.meta.axes.forEach((axis, j) => { xs[axis.label] = box.left + view.xs[j]; });
    return {xs, top: box.top + view.top, bottom: box.top + view.bottom, lanes: Object.fromEntries(
        Object.entries(view.lanes).map(([kind, y]) => [kind, box.top + y]))};
}"""
ORDER = "() => ht.space.orderedKeys(ht.space.view)"
# Share of the pixels of a strip right of an axis that are painted on a layer.
PAINTED = """([label, layer]) => {
    const {view} = ht.space;
    const j = view.meta.axes.findIndex(axis => axis.label === label);
    const {g} = view.layers[layer];
    const r = view.ratio;
    const {data} = g.getImageData((view.xs[j] + 2) * r, view.top * r, 4 * r, (view.bottom - view.top) * r);
    let count = 0;
    for (let k = 3; k < data.length; k += 4) count += data[k] > 200;
    return count / (data.length / 4);
}"""


@pytest.fixture(scope="module")
def wide_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("wide")
    with AppProcess(folder / "data", [write_wide_study(folder)], ["--no-worker"]) as app:
        yield app


@pytest.fixture
def shown(page: Page, awkward_app: AppProcess) -> Page:
    show_dashboard(page, awkward_app.url)
    return page


def box(page: Page, name: str) -> Locator:
    return page.locator(".space-box", has_text=name)


def focus(page: Page, name: str) -> None:
    box(page, name).locator(".space-name").click()
    wait_until(lambda: page.evaluate("n => ht.state.focus.includes(n)", name), f"focus on {name}")
    rest(page)


def choose(page: Page, name: str, entry: str) -> None:
    """Choose an entry of the menu of an axis."""
    more = box(page, name).locator(".space-more")
    more.hover()
    more.click()
    page.locator(".space-menu button", has_text=entry).click()


def brushes(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("() => ht.state.selection.brushes")
    return found


def test_the_best_are_kept_the_parameter_in_focus_gets_bars_and_its_range_is_brushed(
    shown: Page,
) -> None:
    shown.locator(".space-best input").evaluate(
        "i => { i.value = 10; for (const kind of ['input', 'change']) i.dispatchEvent(new Event(kind)) }"
    )
    rest(shown)
    assert brushes(shown)[0]["dims"] == ["objective:accuracy"]
    expect(shown.locator(".space-best output")).to_have_text("10 %")
    assert shown.evaluate(ORDER)[-1] == "param:lr"
    assert shown.evaluate(PAINTED, ["lr", "base"]) < 0.5
    focus(shown, "lr")
    assert shown.evaluate(PAINTED, ["lr", "base"]) > 0.8
    shown.locator(".space-refine").click()
    low, high = brushes(shown)[1]["ranges"][0]
    assert brushes(shown)[1]["dims"] == ["param:lr"]
    assert low < 1e-3 < high


def test_a_second_parameter_makes_a_pair_everywhere(shown: Page) -> None:
    # By somebody who is faster than the page.
    shown.evaluate(
        """() => {
            for (const name of ["lr", "depth"]) {
                const box = [...document.querySelectorAll(".space-box")]
                    .find(box => box.querySelector("b").textContent === name);
                box.querySelector(".space-name").click();
            }
        }"""
    )
    rest(shown)
    assert shown.evaluate("() => ht.state.focus") == ["lr", "depth"]
    expect(shown.locator(".space-box.is-on")).to_have_count(2)
    expect(shown.locator("#importance-title-span")).to_contain_text("lr × depth")


def test_an_axis_carried_sideways_stays_there_until_the_order_is_given_back(shown: Page) -> None:
    before = shown.evaluate(ORDER)
    place = box(shown, "lr").bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + 14
    leftmost = shown.evaluate(VIEW)["xs"][before[0].partition(":")[2]]
    drag(shown, (x, y), (leftmost - 8, y))
    after = shown.evaluate(ORDER)
    assert after == ["param:lr", *before[:-1]]
    assert shown.evaluate("() => ht.state.focus") == []
    xs = shown.evaluate(VIEW)["xs"]
    assert xs["lr"] == min(xs.values())
    shown.locator(".space-toggle", has_text="reorder").click()
    rest(shown)
    assert shown.evaluate(ORDER) == before


def test_arrow_keys_move_an_axis(shown: Page) -> None:
    before = shown.evaluate(ORDER)
    box(shown, "lr").locator(".space-name").press("ArrowLeft")
    rest(shown)
    assert shown.evaluate(ORDER) == [*before[:-2], before[-1], before[-2]]


def test_a_double_click_turns_an_axis_round_and_brushes_follow(shown: Page) -> None:
    box(shown, "depth").locator(".space-name").dblclick()
    wait_until(lambda: shown.evaluate("() => ht.space.options().flips['param:depth']"), "the flip")
    rest(shown)
    places = shown.evaluate(VIEW)
    x = places["xs"]["depth"]
    height = places["bottom"] - places["top"]
    drag(shown, (x, places["top"] - 4), (x, places["top"] + 0.3 * height))
    low, high = brushes(shown)[0]["ranges"][0]
    assert low is None
    assert 1 < high < 4
    assert shown.evaluate("() => ht.state.focus") == []


def test_the_objective_by_ranks_spreads_trials_evenly(shown: Page) -> None:
    choose(shown, "accuracy", "quantile")
    rest(shown)
    middle = shown.evaluate(
        """() => {
            const {view} = ht.space;
            const j = view.meta.axes.length - 1;
            const ys = [...view.ys[j]].filter(y => y <= view.bottom).sort((a, b) => a - b);
            return (ys[ys.length >> 1] - view.top) / (view.bottom - view.top);
        }"""
    )
    assert middle == pytest.approx(0.5, abs=0.02)
    shown.reload()
    shown.wait_for_function(DRAWN)
    assert shown.evaluate("() => ht.space.options().scales") == {"objective:accuracy": "quantile"}


def test_failed_trials_have_a_lane_that_selects_them(shown: Page) -> None:
    places = shown.evaluate(VIEW)
    shown.mouse.click(places["xs"]["accuracy"], places["lanes"]["failed"])
    rest(shown)
    (brush,) = brushes(shown)
    assert (brush["dims"], brush["ranges"]) == (["state"], [[4, 4]])
    states = shown.evaluate("() => [...ht.state.data.col('state').values]")
    assert shown.evaluate("() => ht.state.count") == states.count(4) > 0


def test_a_drag_in_the_lane_below_selects_the_trials_without_a_value(shown: Page) -> None:
    places = shown.evaluate(VIEW)
    x, lane = places["xs"]["momentum"], places["lanes"]["none"]
    drag(shown, (x, lane - 4), (x, lane + 4))
    (brush,) = brushes(shown)
    assert (brush["dims"], brush["ranges"], brush["missing"]) == (["param:momentum"], [], True)
    without = shown.evaluate(
        "() => ht.state.data.col('param:momentum').values.filter(Number.isNaN).length"
    )
    assert shown.evaluate("() => ht.state.count") == without > 0


def test_an_axis_holds_several_ranges_and_one_is_taken_away_by_a_click(shown: Page) -> None:
    places = shown.evaluate(VIEW)
    x, top, height = places["xs"]["lr"], places["top"], places["bottom"] - places["top"]
    for low, high in ((0.1, 0.2), (0.5, 0.7)):
        shown.keyboard.down("Shift")
        drag(shown, (x, top + low * height), (x, top + high * height))
        shown.keyboard.up("Shift")
    assert len(brushes(shown)[0]["ranges"]) == 2
    shown.mouse.click(x, top + 0.6 * height)
    ((low, high),) = brushes(shown)[0]["ranges"]
    assert low > 1e-3
    assert high < 0.1


def test_all_trials_are_below_the_selected_ones_and_bundles_leave_the_axes_alone(
    shown: Page,
) -> None:
    wait_until(lambda: shown.evaluate("() => ht.debug.rasters > 0"), "the picture of all trials")
    before = shown.evaluate("() => ht.space.view.ys.map(ys => [...ys])")
    shown.locator(".space-toggle", has_text="bundle").click()
    rest(shown)
    assert shown.evaluate("() => ht.space.view.path.xs.length") == 2 * len(before) - 1
    assert shown.evaluate("() => ht.space.view.ys.map(ys => [...ys])") == before


def test_order_scale_direction_and_hidden_axes_stand_in_the_address(shown: Page) -> None:
    before = shown.evaluate(ORDER)
    box(shown, "lr").locator(".space-name").press("ArrowLeft")
    box(shown, "depth").locator(".space-name").dblclick()
    wait_until(lambda: shown.evaluate("() => ht.space.options().flips['param:depth']"), "the flip")
    choose(shown, "accuracy", "quantile")
    choose(shown, "momentum", "hide")
    rest(shown)
    chosen = shown.evaluate("() => ht.space.options()")
    after = shown.evaluate(ORDER)
    assert after != before
    assert "param:momentum" not in after
    assert shown.context.browser is not None
    with open_page(shown.context.browser) as other:
        show_dashboard(other, shown.evaluate("() => location.href"))
        assert other.evaluate("() => ht.space.options()") == chosen
        assert other.evaluate(ORDER) == after


def test_the_back_button_takes_back_what_was_done_to_the_axes(shown: Page) -> None:
    before = shown.evaluate(ORDER)
    choose(shown, "depth", "hide")
    choose(shown, "accuracy", "turned round")
    shown.go_back()
    wait_until(
        lambda: shown.evaluate("() => !ht.space.options().flips['objective:accuracy']"), "it"
    )
    rest(shown)
    assert "param:depth" not in shown.evaluate(ORDER)
    shown.go_back()
    wait_until(lambda: shown.evaluate(ORDER) == before, "all axes")


def test_an_address_with_nonsense_shows_the_axes_as_usual(
    shown: Page, awkward_app: AppProcess
) -> None:
    before = shown.evaluate(ORDER)
    study = shown.evaluate("() => ht.state.data.study")
    nonsense = (
        '{"order": 7, "flips": {"param:lr": "x"}, "scales": {"param:lr": "cubic"}, "shown": {}}'
    )
    shown.goto("about:blank")
    show_dashboard(shown, f"{awkward_app.url}#study={study}&axes={quote(nonsense)}")
    assert shown.evaluate(ORDER) == before
    assert shown.evaluate("() => ht.space.options().scales") == {}


def test_of_many_parameters_the_most_important_have_an_axis_and_each_can_be_had(
    page: Page, wide_app: AppProcess
) -> None:
    show_dashboard(page, wide_app.url)
    few = page.evaluate(ORDER)
    assert 4 < len(few) < 20
    assert few[-1] == "param:group.part_7"
    for row in page.locator(".space-box:visible b").all():
        assert row.evaluate("b => b.scrollWidth <= b.clientWidth + 1")
    page.locator(".space-toggle", has_text="of 30").click()
    page.get_by_role("menuitemcheckbox").last.click()
    page.keyboard.press("Escape")
    rest(page)
    assert len(page.evaluate(ORDER)) == len(few) + 1
    page.locator(".space-toggle", has_text="of 30").click()
    page.get_by_role("menuitemradio", name="all that vary").click()
    rest(page)
    assert len(page.evaluate(ORDER)) == 30


def test_where_less_is_better_the_least_has_the_best_colour_and_is_drawn_last(
    page: Page, wide_app: AppProcess
) -> None:
    page.goto(wide_app.url)
    page.wait_for_function(DRAWN)
    losses, levels, order = page.evaluate(
        """() => [ht.state.data.objective.values, ht.state.data.levels, ht.state.data.order]
            .map(column => Array.from(column))"""
    )
    assert order == sorted(range(len(losses)), key=lambda row: -losses[row])
    drawn = [levels[row] for row in order]
    assert drawn == sorted(drawn)
    assert drawn[-1] == 254


def test_a_brush_held_still_is_soon_shown_by_every_view(shown: Page) -> None:
    places = shown.evaluate(VIEW)
    x = places["xs"]["accuracy"]
    shown.mouse.move(x, places["top"] - 4)
    shown.mouse.down()
    shown.mouse.move(x, places["top"] + 40, steps=7)
    rest(shown)
    count = shown.evaluate("() => ht.state.count")
    expect(shown.locator("#page-count-span")).to_have_text(f"{count} of 240 trials selected")
    shown.mouse.up()


def test_no_axis_moves_while_a_brush_is_drawn_and_the_new_order_comes_after_it(
    shown: Page,
) -> None:
    places, keys = shown.evaluate(VIEW), shown.evaluate(ORDER)
    x = places["xs"]["accuracy"]
    shown.mouse.move(x, places["top"] - 4)
    shown.mouse.down()
    shown.mouse.move(x, places["top"] + 40, steps=4)
    shown.evaluate("order => ht.space.choose({ order })", keys[::-1])
    rest(shown)
    assert shown.evaluate(VIEW)["xs"] == places["xs"]
    shown.mouse.up()
    rest(shown)
    xs = shown.evaluate(VIEW)["xs"]
    parameters = [key.partition(":")[2] for key in keys]
    assert sorted(parameters, key=xs.__getitem__) == parameters[::-1]


def test_of_too_many_lines_the_best_is_drawn_and_those_drawn_stay_while_others_join(
    shown: Page,
) -> None:
    drawn = """share => {
        const {order, n} = ht.state.data;
        const mask = new Uint8Array(n);
        for (const row of order.slice(Math.round((1 - share) * n))) mask[row] = 1;
        return [...ht.sampled(40, mask)];
    }"""
    order = shown.evaluate("() => [...ht.state.data.order]")
    few, more = shown.evaluate(drawn, 0.5), shown.evaluate(drawn, 0.55)
    assert len(few) == len(more) == 40
    assert few == sorted(few, key=order.index)
    assert few[-1] == more[-1] == order[-1]
    assert len(set(few) & set(more)) >= 34
    assert set(few) <= set(order[120:])


@pytest.mark.parametrize("name", ["constructor", "__proto__"])
def test_a_parameter_may_be_called_what_every_table_of_a_script_has(
    page: Page, tmp_path: Path, name: str
) -> None:
    table = tmp_path / "names.csv"
    rows = "".join(f"{k},{k % 3},{k}\n" for k in range(24))
    table.write_text(f"param:x,param:{name},objective:loss:minimize\n{rows}")
    with AppProcess(tmp_path / "data", [table], ["--no-worker"]) as app:
        show_dashboard(page, app.url)
        page.wait_for_function("() => ht.space.known() && ht.space.share('x') > 0")
        focus(page, name)
        assert page.evaluate("n => ht.space.share(n)", name) < 0.5
        page.goto("about:blank")
