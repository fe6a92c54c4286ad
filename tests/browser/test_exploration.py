"""The Exploration overview in a real browser: lineage, room for marks, colours, axes, playback, comparison."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from hypertendril.analysis.exploration import prepare_exploration
from hypertendril.analysis.lineage import ancestry, descendants
from hypertendril.model import Outcome, Study
from hypertendril.readers import read
from tests.browser.harness import drag, rest, show_dashboard
from tests.browser.running_app import AppProcess
from tests.browser.searches import write_searches
from tests.waiting import wait_until

NAMES = ("pbt", "hyperband_eta3", "random", "pbt_early")
VIEW = "ht.exploration.view"
COMPARED = 'ht.debug.views.find(v => v.spec.graph === "exploration-compare-graph")'
PLACE_IN_COMPARISON = f"""row => {{
    const view = {COMPARED};
    const scene = view.scenes.find(scene => scene.data.name === "pbt, early looks");
    const box = view.layers.top.canvas.getBoundingClientRect();
    const [mark] = scene.marksOf(row);
    return [box.left + scene.at[2].xs[mark], box.top + scene.at[2].ys[mark]];
}}"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    found = {}
    for name, path in zip(NAMES, write_searches(tmp_path_factory.mktemp("s"), NAMES), strict=True):
        (one,) = read(path)
        found[name] = Study(name, one.header, one.trials, one.evaluations, one.curves)
    return found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("app")
    with AppProcess(folder / "data", write_searches(folder, NAMES), ["--no-worker"]) as app:
        yield app


@pytest.fixture
def pbt(page: Page, app: AppProcess) -> Page:
    return shown(page, app, "pbt")


def shown(page: Page, app: AppProcess, name: str) -> Page:
    show_dashboard(page, app.url)
    page.evaluate(
        """async name => {
            const pulse = await (await fetch("_ht/pulse")).json();
            for (const id of Object.keys(pulse.studies)) {
                if ((await ht.fetchColumns(id, 0)).name === name) { ht.show(id); return; }
            }
        }""",
        name,
    )
    page.wait_for_function(
        f"name => ht.state.data.name === name && ht.debug.isDrawn() && {VIEW}.scene"
        f" && {VIEW}.meta.study === ht.state.data.study",
        arg=name,
    )
    rest(page)
    return page


def place_of(page: Page, mark: int, strip: int = 1) -> list[float]:
    """Return where a mark stands in a strip, in pixels of the window."""
    return page.evaluate(
        f"""([mark, strip]) => {{
            const {{ scene, layers }} = {VIEW};
            const box = layers.top.canvas.getBoundingClientRect();
            return [box.left + scene.at[strip].xs[mark], box.top + scene.ys[strip][mark]];
        }}""",
        [mark, strip],
    )


def address_of(page: Page) -> str:
    return str(page.evaluate("() => location.hash"))


def hover(page: Page, row: int) -> None:
    mark = page.evaluate(
        f"row => {{ const o = {VIEW}.scene.marksOf(row); return o[o.length - 1]; }}", row
    )
    page.mouse.move(*place_of(page, mark))
    rest(page)


def colours(page: Page) -> list[int]:
    return page.evaluate(f"() => Array.from({VIEW}.scene.levels)")


def gaps_of(page: Page) -> list[int]:
    """Return for each strip how many places from its lineage's first to its last mark are not hot."""
    return page.evaluate(
        f"""() => {{
            const {{ scene, layers }} = {VIEW};
            const family = scene.shownFamily;
            const {{ canvas, g }} = layers.top;
            const ratio = canvas.width / canvas.clientWidth;
            const [first, last] = [Math.min, Math.max].map(end =>
                end(...[...family.own, ...family.others].map(i => scene.xs[i])));
            return scene.tops.slice(1).map((top, k) => {{
                const height = Math.round((scene.bottoms[k + 1] - top + 30) * ratio);
                let gaps = 0;
                for (let x = first + 6; x < last - 6; x += 3) {{
                    const pixels = g.getImageData(Math.round(x * ratio),
                        Math.round((top - 6) * ratio), 1, height).data;
                    if (!pixels.some((v, j) => j % 4 === 3 && v > 60)) gaps += 1;
                }}
                return gaps;
            }});
        }}"""
    )


def winner(study: Study) -> int:
    return int(np.nanargmax(study.trials.objectives[:, 0]))


def last_of_the_longest_line(study: Study) -> int:
    return max(range(len(study)), key=lambda row: (len(ancestry(study, row)), row))


def test_the_winners_unbroken_ancestry_lights_up_in_every_strip(
    pbt: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt"]
    assert len(ancestry(study, last_of_the_longest_line(study))) > 4
    for row in (winner(study), last_of_the_longest_line(study)):
        pbt.evaluate(f"row => ht.setHover(row, {VIEW}.spec.graph)", row)
        rest(pbt)
        family = pbt.evaluate(f"row => ht.exploration.family({VIEW}.scene, row)", row)
        assert tuple(family["line"]) == ancestry(study, row)[::-1]
        assert set(family["descendants"]) == set(descendants(study, row).tolist())
        assert len(family["line"]) > 1
        assert gaps_of(pbt) == [0] * len(study.space)


def test_the_card_tells_rank_changes_and_reason(pbt: Page, studies: dict[str, Study]) -> None:
    study = studies["pbt"]
    child = int(np.flatnonzero(study.trials.parent >= 0)[0])
    hover(pbt, child)
    row = pbt.evaluate("() => ht.state.hover")
    card = pbt.locator(".ht-card")
    expect(card).to_contain_text(re.compile(r"\d+(st|nd|rd|th) of 20"))
    if study.trials.parent[row] >= 0:
        expect(card).to_contain_text("×")
    stopped = int(np.flatnonzero(study.trials.state == 3)[0])
    pbt.evaluate(f"row => ht.setHover(row, {VIEW}.spec.graph)", stopped)
    expect(card).to_contain_text("of which 10 went on")


def test_marks_with_one_value_do_not_overlap_while_their_lane_has_room(pbt: Page) -> None:
    found = pbt.evaluate(
        f"""() => {{
            const {{ scene, meta }} = {VIEW};
            const k = meta.strips.findIndex(strip => strip.key === "param:optimizer");
            const values = ht.state.data.col("param:optimizer").values;
            const {{ xs, ys }} = scene.at[k];
            let least = Infinity, crowd = 0;
            for (let i = 0; i < xs.length; i++) for (let j = 0; j < i; j++) {{
                if (scene.column[i] !== scene.column[j]) continue;
                if (values[scene.trial[i]] !== values[scene.trial[j]]) continue;
                crowd += 1;
                least = Math.min(least, Math.hypot(xs[i] - xs[j], ys[i] - ys[j]));
            }}
            return [least, 2 * scene.radius, crowd];
        }}"""
    )
    least, diameter, crowd = found
    assert crowd > 100
    assert least >= diameter


def test_trials_without_a_value_stand_below_the_scale(pbt: Page, studies: dict[str, Study]) -> None:
    below = pbt.evaluate(
        f"""() => {{
            const {{ scene, meta }} = {VIEW};
            const k = meta.strips.findIndex(strip => strip.key === "param:momentum");
            const border = (scene.bottoms[k] + {VIEW}.px("y", meta.strips[k].none)) / 2;
            return Array.from(scene.trial, (row, i) => [row, scene.ys[k][i] > border]);
        }}"""
    )
    momentum = studies["pbt"].column("param:momentum")
    assert all(is_below == bool(np.isnan(momentum[row])) for row, is_below in below)


def test_states_have_marks_of_their_own(
    page: Page, app: AppProcess, studies: dict[str, Study]
) -> None:
    shown(page, app, "random with troubles")
    glyphs = page.evaluate(
        f"() => Array.from({VIEW}.scene.trial, (row, i) => [row, {VIEW}.scene.glyphs[i]])"
    )
    study = studies["random"]
    expected = {1: 3, 4: 1}  # running: a ring; failed: a cross
    for row, glyph in glyphs:
        infeasible = study.trials.violation[row] > 0
        assert glyph == expected.get(int(study.trials.state[row]), 4 if infeasible else 0)


def test_a_dragged_handle_recolours_every_view_and_stays_in_the_address(pbt: Page) -> None:
    before, levels = colours(pbt), pbt.evaluate("() => Array.from(ht.state.data.levels)")
    x, y, target = pbt.evaluate(
        f"""() => {{
            const {{ scene, layers, left }} = {VIEW};
            const box = layers.top.canvas.getBoundingClientRect();
            const at = v => box.top + scene.bottoms[0]
                - scene.scales[0].unit(v) * (scene.bottoms[0] - scene.tops[0]);
            return [box.left + left - 2, at(ht.state.data.colour.worst), at(0.55)];
        }}"""
    )
    drag(pbt, (x, y), (x, target))
    assert pbt.evaluate("() => ht.state.data.colour.worst") == pytest.approx(0.55, abs=0.01)
    assert colours(pbt) != before
    assert pbt.evaluate("() => Array.from(ht.state.data.levels)") != levels
    assert "colour=0.5" in address_of(pbt)
    expect(pbt.locator("#space-scale-div")).to_contain_text("0.55")
    pbt.get_by_role("button", name="reset").and_(pbt.locator(".exploration-scale button")).click()
    rest(pbt)
    assert colours(pbt) == before
    assert "colour" not in address_of(pbt)


def test_typed_ends_of_the_colours_count_and_nonsense_does_not(pbt: Page) -> None:
    worst = pbt.get_by_label("worse end of the colours")
    default = worst.input_value()
    worst.fill("0.4")
    worst.press("Enter")
    wait_until(lambda: pbt.evaluate("() => ht.state.data.colour.worst") == 0.4, "the typed end")
    worst.fill("better than all")
    worst.press("Enter")
    expect(worst).to_have_value("0.4")
    pbt.locator(".exploration-scale button").click()
    expect(worst).to_have_value(default)


@pytest.mark.parametrize("axis", ["trial", "wall", "spent"])
def test_the_horizontal_axis_can_be_switched(
    pbt: Page, studies: dict[str, Study], axis: str
) -> None:
    pbt.select_option("#exploration-x-select", axis)
    pbt.wait_for_function(
        f"x => {VIEW}.meta.x === x && {VIEW}.scene && ht.debug.isDrawn()", arg=axis
    )
    rest(pbt)
    layout = prepare_exploration(studies["pbt"], axis)
    found = pbt.evaluate(f"() => Array.from({VIEW}.xs, x => {VIEW}.inv('x', x))")
    assert found == pytest.approx(layout.x.tolist(), abs=0.02 * (layout.x_high - layout.x_low))


def test_strips_are_ordered_by_name_and_by_hand(pbt: Page) -> None:
    names = f"() => {VIEW}.meta.strips.slice(1).map(strip => strip.label)"
    pbt.select_option("#exploration-order-select", "name")
    expected = sorted(pbt.evaluate(names))
    wait_until(lambda: pbt.evaluate(names) == expected, "the strips by name")
    rest(pbt)
    places = pbt.evaluate(
        f"""() => {{
            const {{ scene, layers }} = {VIEW};
            const box = layers.top.canvas.getBoundingClientRect();
            return scene.tops.map((top, k) => box.top + (top + scene.bottoms[k]) / 2).concat(box.left);
        }}"""
    )
    *middles, left = places
    drag(pbt, (left + 40, middles[3]), (left + 40, middles[1] - 12))
    moved = [expected[2], expected[0], expected[1], *expected[3:]]
    wait_until(lambda: pbt.evaluate(names) == moved, "the strip that was dragged up")


def test_zoom_shows_where_values_converged(pbt: Page) -> None:
    zoom = pbt.locator("#exploration-zoom-button")
    zoom.click()
    pbt.wait_for_function(
        f"() => {VIEW}.meta.strips.some(strip => strip.key === 'param:lr' && strip.high < 0.1)"
    )
    expect(zoom).to_have_attribute("aria-pressed", "true")


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


def test_arrow_keys_walk_along_the_lineage(pbt: Page, studies: dict[str, Study]) -> None:
    study = studies["pbt"]
    row = last_of_the_longest_line(study)
    line = ancestry(study, row)
    pbt.locator("#exploration-frame-graph").focus()
    pbt.evaluate(f"row => {{ {VIEW}.mark = -1; ht.setHover(row, {VIEW}.spec.graph); }}", row)
    visited = [row]
    for _ in range(12):
        pbt.keyboard.press("ArrowLeft")
        visited.append(pbt.evaluate("() => ht.state.hover"))
    assert list(dict.fromkeys(visited)) == list(reversed(line))
    pbt.keyboard.press("Enter")
    assert pbt.evaluate("() => ht.state.selection.brushes[0].trials") == [line[0]]


def test_a_link_and_the_back_button_bring_back_what_was_chosen(pbt: Page) -> None:
    meta = f"() => {VIEW}.meta"
    pbt.select_option("#exploration-x-select", "spent")
    wait_until(lambda: pbt.evaluate(meta)["x"] == "spent", "the axis")
    pbt.select_option("#exploration-order-select", "name")
    wait_until(lambda: pbt.evaluate(meta)["order"] == "name", "the order")
    pbt.locator("#exploration-zoom-button").click()
    zoom = pbt.locator("#exploration-zoom-button")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: "isZoomed" in address_of(pbt), "the zoom in the address")
    rest(pbt)
    pbt.get_by_label("To the next decision").click()
    wait_until(lambda: "moment" in address_of(pbt), "the moment in the address")
    until = pbt.evaluate("() => ht.exploration.player.until")

    other = pbt.context.new_page()
    show_dashboard(other, pbt.evaluate("() => location.href"))
    other.wait_for_function(f"() => {VIEW}.meta.x === 'spent' && {VIEW}.scene")
    wait_until(lambda: other.evaluate(meta)["order"] == "name", "the order of the link")
    rest(other)
    assert any(strip["high"] < 0.1 for strip in other.evaluate(meta)["strips"])
    wait_until(
        lambda: other.evaluate("() => ht.exploration.player.until") == until,
        "the moment of the link",
    )
    other.close()

    pbt.go_back()
    expect(zoom).to_have_attribute("aria-pressed", "false")
    assert pbt.evaluate(meta)["order"] == "name"
    pbt.go_back()
    wait_until(lambda: pbt.evaluate(meta)["order"] == "importance", "the order before")
    assert pbt.evaluate(meta)["x"] == "spent"
    pbt.go_back()
    wait_until(lambda: pbt.evaluate(meta)["x"] == "method", "the axis before")


def test_the_story_of_a_trial_shows_the_schedule_of_its_model(
    pbt: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt"]
    row = last_of_the_longest_line(study)
    pbt.evaluate("row => ht.pickTrial(row, false, 'exploration')", row)
    pbt.get_by_role("button", name="Why it was stopped").click()
    line = " → ".join(str(number) for number in ancestry(study, row))
    expect(pbt.locator("#exploration-story-title")).to_contain_text(line)
    expect(pbt.locator(".exploration-looks")).to_be_visible()
    expect(pbt.locator("#exploration-story-graph .js-line").first).to_be_visible()
    wait_until(lambda: "story" in address_of(pbt), "the story in the address")
    pbt.reload()
    title = pbt.locator("#exploration-story-title")
    expect(title).to_contain_text(line)
    pbt.locator("#exploration-story-modal .btn-close").click()
    wait_until(lambda: "story" not in address_of(pbt), "the story to be gone from the address")


@pytest.fixture
def comparison(pbt: Page) -> Page:
    pbt.locator("#exploration-compare-button").click()
    pbt.wait_for_function(f"() => {COMPARED}.isReady && {COMPARED}.scenes.length === 4")
    rest(pbt)
    return pbt


def test_searches_stand_side_by_side_on_one_range_of_colours(comparison: Page) -> None:
    ends = comparison.evaluate(
        f"() => {COMPARED}.scenes.map(scene => [scene.colour.worst, scene.colour.best])"
    )
    assert len({tuple(pair) for pair in ends}) == 1


def test_a_comparison_is_saved_as_pictures_that_can_be_opened(comparison: Page) -> None:
    saved = {}
    for kind in ("SVG", "PNG"):
        with comparison.expect_download() as waiting:
            comparison.locator(".exploration-export button", has_text=kind).click()
        saved[kind] = waiting.value.path().read_bytes()
    width, height = comparison.evaluate(f"() => [{COMPARED}.width, {COMPARED}.height]")
    vector = ET.fromstring(saved["SVG"])
    n_marks = comparison.evaluate(
        f"() => {COMPARED}.scenes.reduce((n, s) => n + s.trial.length * s.strips.length, 0)"
    )
    assert len(list(vector.iter("{http://www.w3.org/2000/svg}path"))) > 0.8 * n_marks
    header = saved["PNG"][16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (2 * width, 2 * height)


def test_a_trial_of_any_compared_study_shows_its_family_and_card(
    comparison: Page, studies: dict[str, Study]
) -> None:
    study = studies["pbt_early"]
    row = last_of_the_longest_line(study)
    values = study.column(f"param:{study.space.names[1]}")
    pointed = f"() => {{ const at = {COMPARED}.pointed; return at && {COMPARED}.scenes[at.k].trial[at.mark]; }}"

    def shows_it() -> bool:
        """Point where the trial is: the dialog may still be finding its size."""
        comparison.mouse.move(*comparison.evaluate(PLACE_IN_COMPARISON, row))
        hovered = comparison.evaluate(pointed)
        # Copies that kept this value lie on one another: any of them may be found.
        return hovered is not None and bool(values[hovered] == values[row])

    wait_until(shows_it, "the pointer to be on the trial")
    card = comparison.locator(".ht-card")
    expect(card).to_contain_text(re.compile(r"\d+(st|nd|rd|th) of \d+"))
    hovered = comparison.evaluate(pointed)
    assert values[hovered] == values[row]
    expect(card).to_contain_text(f"trial {study.trials.number[hovered]}")
    assert comparison.evaluate("() => ht.state.hover") == -1  # no trial of the study behind it
    comparison.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_comparison_is_walked_with_keys(comparison: Page) -> None:
    comparison.locator("#exploration-compare-graph").focus()
    comparison.keyboard.press("ArrowRight")
    card = comparison.locator(".ht-card")
    expect(card).to_be_visible()
    comparison.keyboard.press("PageDown")
    assert comparison.evaluate(f"() => {COMPARED}.pointed.k") == 1
    comparison.keyboard.press("Escape")
    expect(comparison.locator("#exploration-compare-modal")).to_have_count(0)
    expect(card).to_be_hidden()
