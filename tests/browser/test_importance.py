"""Hyperparameter importance as a person uses it, on searches whose truth is known.

The walk of the paper's second user (section 7.2), and every chooser of the panel.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from hypertendril.analysis.importance.metrics import asked_importance
from hypertendril.callbacks.serving import build
from hypertendril.settings import Settings
from tests.browser.harness import DRAWN, drag, rest, show_dashboard
from tests.browser.running_app import AppProcess, served
from tests.browser.searches import write_searches
from tests.browser.studies import write_known_study
from tests.waiting import wait_until

REGISTRY = """
[objectives.toy]
function = "toy:train"
directions = { accuracy = "maximize" }
metrics = ["size"]
space = [
    { name = "depth", kind = "int", low = 1, high = 6 },
    { name = "weight_decay", kind = "float", low = 1e-6, high = 0.1, log = true },
    { name = "optimizer", kind = "categorical", choices = ["sgd", "<b>x</b>", "__proto__"] },
    { name = "lr", kind = "float", low = 1e-4, high = 1.0, log = true },
]
"""
MARGINAL, SURFACE = "importance-marginal-graph", "importance-surface-graph"
NEAREST = "() => ht.space.orderedKeys(ht.space.view).filter(key => key.startsWith('param:')).at(-1)"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    folder = tmp_path_factory.mktemp("app")
    registry = folder / "objectives.toml"
    registry.write_text(REGISTRY, encoding="utf-8")
    sources = [
        write_known_study(folder),
        write_known_study(folder, "later", bonus=0.15),
        *write_searches(folder, ["pbt"]),
        *write_ill_studies(folder),
    ]
    options = ["--no-worker", "--objectives", str(registry)]
    with AppProcess(folder / "data", sources, options) as app:
        yield app


def write_ill_studies(folder: Path) -> list[Path]:
    """Studies of which little or nothing can be said."""
    random = np.random.default_rng(1)
    space = [{"name": name, "kind": "float", "low": 0, "high": 1} for name in ("a", "b", "c")]
    values = {
        "one trial": [0.5],
        "constant": [0.5] * 40,
        "all failed": [None] * 40,
        "noise": random.standard_normal(120).tolist(),
    }
    paths = []
    for name, scores in values.items():
        trials = [
            {
                "number": k,
                "state": "failed" if score is None else "complete",
                "params": dict(zip("abc", random.random(3).tolist(), strict=True)),
                "values": {} if score is None else {"loss": score},
            }
            for k, score in enumerate(scores)
        ]
        study = {"name": name, "space": space, "trials": trials}
        study["objectives"] = [{"name": "loss", "direction": "minimize"}]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(study), encoding="utf-8")
        paths.append(path)
    return paths


@pytest.fixture
def shown(page: Page, app: AppProcess) -> Page:
    show_dashboard(page, app.url)
    return page


def show(page: Page, name: str) -> None:
    page.locator(".study-button", has_text=re.compile(name)).first.click()
    expect(page.locator("#page-crumb-span")).to_have_text(name)
    rest(page)


def choose(page: Page, part: str, label: str) -> None:
    page.locator(f"#importance-{part}-select").select_option(label=label)


def effects(page: Page) -> dict[str, float]:
    """Return the ranked effects as the list shows them: `a` or `a × b` to share."""
    lines: list[list[str]] = page.locator(".effect").evaluate_all(
        "es => es.map(e => [JSON.parse(e.dataset.names).join(' × '), e.querySelector('.effect-share').textContent])"
    )
    return {name: float(share) for name, share in lines}


def box(page: Page, name: str) -> Locator:
    return page.locator(".space-box", has_text=name).locator(".space-name")


def corners(page: Page, graph: str) -> tuple[float, float, float, float]:
    rest(page)
    found: list[float] = page.evaluate(
        """graph => {
            const view = ht.debug.views.find(v => v.spec.graph === graph);
            const box = view.layers.top.canvas.getBoundingClientRect();
            const {left, top, right, bottom} = view.plot;
            return [box.left + left, box.top + top, box.left + right, box.top + bottom];
        }""",
        graph,
    )
    return found[0], found[1], found[2], found[3]


def place_of(page: Page, graph: str, axis: str, value: float) -> float:
    """Return the pixel of a parameter's value in a plot of the panel."""
    found: float = page.evaluate(
        """([graph, axis, value]) => {
            const view = ht.debug.views.find(v => v.spec.graph === graph);
            const box = view.layers.top.canvas.getBoundingClientRect();
            const description = view.meta.axis || view.meta[axis];
            const u = ht.scale(description).unit(value);
            return view.px(axis, u) + (axis === "x" ? box.left : box.top);
        }""",
        [graph, axis, value],
    )
    return found


def brushes(page: Page) -> dict[str, list[list[float]]]:
    found: list[dict[str, Any]] = page.evaluate("() => ht.state.selection.brushes")
    return {brush["dims"][0]: brush["ranges"] for brush in found}


def test_from_the_best_trials_to_the_ranges_of_the_next_study(
    any_page: Page, app: AppProcess
) -> None:
    page = any_page
    show_dashboard(page, app.url)
    # The best: a drag from above the objective's axis.
    x, top, bottom = page.evaluate(
        """() => {
            const {view} = ht.space;
            const box = view.layers.top.canvas.getBoundingClientRect();
            const j = view.meta.axes.findIndex(axis => axis.label === "accuracy");
            return [box.left + view.xs[j], box.top + view.top, box.top + view.bottom];
        }"""
    )
    drag(page, (x, top - 4), (x, top + 0.2 * (bottom - top)))
    assert list(brushes(page)) == ["objective:accuracy"]
    # The most important parameter stands nearest to it; its box shows where it is good.
    assert page.evaluate(NEAREST) == "param:weight_decay"
    box(page, "weight_decay").click()
    wait_until(lambda: page.evaluate("() => ht.state.focus[0] === 'weight_decay'"), "the focus")
    rest(page)
    bars = page.evaluate("() => ht.space.known().bars.weight_decay")
    best = bars["edges"][int(np.argmax(bars["mean"]))]
    assert 10 ** (-6 + 5 * best[0]) < 1e-3
    assert 10 ** (-6 + 5 * best[1]) > 1e-4
    # A second box: the two together, as a heat map.
    box(page, "lr").click()
    expect(page.locator("#importance-title-span")).to_have_text("weight_decay × lr")
    rest(page)
    assert "weight_decay × lr" in effects(page)
    _, top, _, bottom = corners(page, SURFACE)
    start = place_of(page, SURFACE, "x", 1e-4), bottom - 3
    end = place_of(page, SURFACE, "x", 1e-3), top + 3
    drag(page, start, end)
    low, high = brushes(page)["param:weight_decay"][0]
    assert low == pytest.approx(1e-4, rel=0.1)
    assert high == pytest.approx(1e-3, rel=0.1)
    # And on to the next study.
    page.locator("#control-take-brushes-button").click()
    row = page.locator(".range-row", has_text="weight_decay")
    wait_until(lambda: float(row.locator("input").first.input_value()) > 5e-5, "the low end")
    assert float(row.locator("input").first.input_value()) == pytest.approx(1e-4, rel=0.1)
    assert float(row.locator("input").last.input_value()) == pytest.approx(1e-3, rel=0.1)


def test_the_ranking_is_the_truth(shown: Page) -> None:
    found = effects(shown)
    assert list(found)[:2] == ["weight_decay", "weight_decay × lr"]
    assert found["weight_decay"] == pytest.approx(0.68, abs=0.06)
    assert found["weight_decay × lr"] == pytest.approx(0.30, abs=0.06)
    assert found["depth"] < 0.02


def test_another_metric_has_other_important_parameters(shown: Page) -> None:
    choose(shown, "metric", "size ↓")
    wait_until(lambda: next(iter(effects(shown)), "") == "depth", "the size's importance")
    assert effects(shown)["depth"] > 0.9
    expect(shown.locator("#importance-title-span")).to_contain_text("depth")


def test_the_brushed_region_is_judged_by_itself(shown: Page) -> None:
    before = effects(shown)["weight_decay"]
    choose(shown, "scope", "brushed region")
    brush = "{view: 'space', kind: 'ranges', dims: ['param:weight_decay'], ranges: [[2e-4, 5e-4]]}"
    shown.evaluate(f"() => ht.commitBrush({brush})")
    expect(shown.locator(".importance-list .importance-scope")).to_contain_text(
        "brushed: weight_decay"
    )
    wait_until(
        lambda: effects(shown).get("weight_decay", before) < before / 2,
        "the importance of the region",
    )


def test_a_brush_on_the_objective_and_its_value_cut_off_the_same(shown: Page) -> None:
    choose(shown, "scope", "better than …")
    threshold = shown.locator("#importance-threshold-input")
    expect(threshold).to_be_visible()
    rest(shown)
    assert 0.7 < float(threshold.input_value()) < 1.0
    threshold.fill("0.85")
    threshold.press("Enter")
    expect(shown.locator(".importance-list .importance-scope")).to_contain_text("accuracy ≥ 0.85")
    by_value = effects(shown)
    choose(shown, "scope", "brushed region")
    brush = "{view: 'space', kind: 'ranges', dims: ['objective:accuracy'], ranges: [[0.85, null]]}"
    shown.evaluate(f"() => ht.commitBrush({brush})")
    expect(shown.locator(".importance-list .importance-scope")).to_contain_text("brushed: accuracy")
    assert effects(shown) == by_value
    expect(threshold).to_be_hidden()


def test_a_third_parameter_splits_the_surface(shown: Page) -> None:
    plot = f"document.querySelector('#{SURFACE} .js-plotly-plot')"
    is_split = f"() => {plot}.data.some(trace => trace.xaxis === 'x3')"
    choose(shown, "third", "depth")
    wait_until(lambda: shown.evaluate(is_split), "three small surfaces")
    choose(shown, "third", "split by …")
    wait_until(lambda: not shown.evaluate(is_split), "one surface")


def test_with_another_study_the_study_is_a_parameter(shown: Page) -> None:
    choose(shown, "others", "with later")
    found = wait_until(
        lambda: "study" in (found := effects(shown)) and found, "the importance over both"
    )
    assert found["study"] > 0.2
    assert found["weight_decay"] > 0.2
    shown.locator(".effect", has_text=re.compile("^study")).first.click()
    expect(shown.locator("#importance-title-span")).to_contain_text("study")


def test_studies_picked_in_the_control_panel_are_judged_together(shown: Page) -> None:
    later = shown.locator(".study-button", has_text=re.compile("^later"))
    later.click(modifiers=["Control"])
    expect(shown.locator("#importance-others-select option:checked")).to_have_text("with later")
    expect(shown.locator(".study.is-together")).to_contain_text("later")
    expect(shown.locator("#page-crumb-span")).to_have_text("known")
    wait_until(lambda: "study" in effects(shown), "the importance over both")
    other = shown.locator(".study-button", has_text="noise")
    other.click(modifiers=["Control"])
    expect(shown.locator("#control-message-div")).to_contain_text("noise cannot be judged together")
    later.click(modifiers=["Control"])
    expect(shown.locator("#importance-others-select option:checked")).to_have_text("this study")
    expect(shown.locator(".study.is-together")).to_have_count(0)


def test_a_link_keeps_the_parameters_in_focus(shown: Page) -> None:
    box(shown, "lr").click()
    box(shown, "depth").click()
    title = shown.locator("#importance-title-span")
    expect(title).to_have_text("lr × depth")
    shown.reload()
    expect(title).to_have_text("lr × depth")
    expect(shown.locator(".space-box.is-on")).to_have_count(2)


def test_a_second_box_is_pair_mode_and_a_third_begins_anew(shown: Page) -> None:
    box(shown, "lr").click()
    expect(shown.locator("#importance-title-span")).to_have_text("lr × weight_decay")
    box(shown, "depth").click()
    expect(shown.locator("#importance-title-span")).to_have_text("lr × depth")
    expect(shown.locator(".space-box.is-on")).to_have_count(2)


def test_a_click_counts_though_the_list_is_drawn_anew_under_the_pointer(shown: Page) -> None:
    effect = shown.locator(".effect.single", has_text="depth")
    effect.hover()
    shown.mouse.down()
    effect.evaluate("effect => effect.replaceWith(effect.cloneNode(true))")
    shown.mouse.up()
    expect(shown.locator("#importance-title-span")).to_contain_text("depth ×")


def test_what_is_promising_is_told_in_three_ways_around_the_truth(shown: Page) -> None:
    lines = shown.locator(".importance-ranges button")
    expect(lines).to_have_count(3)
    titles = [line.get_attribute("title") or "" for line in lines.all()]
    assert all("of the 10 best trials" in title and "expected +" in title for title in titles)
    shapes = shown.evaluate(
        f"() => document.querySelector('#{MARGINAL} .js-plotly-plot').layout.shapes.map(s => [s.x0, s.x1])"
    )
    assert len(shapes) >= 3
    assert all(low < 0.5 < high for low, high in shapes)  # 10 to the power of -3.5


def test_the_promising_ranges_that_are_meant_are_the_same_in_both_views_and_in_the_address(
    shown: Page,
) -> None:
    box(shown, "weight_decay").click()
    rest(shown)
    lines = shown.locator(".importance-ranges button")
    expect(lines.first).to_have_attribute("aria-pressed", "true")
    lines.filter(has_text="joint box").click()
    expect(lines.filter(has_text="joint box")).to_have_attribute("aria-pressed", "true")
    expect(lines.first).to_have_attribute("aria-pressed", "false")
    refiner = shown.locator(".space-refine")
    expect(refiner).to_have_attribute("title", re.compile("joint box"))
    refiner.click()
    meant = shown.evaluate("() => ht.space.known().promising.find(p => p.kind === 'joint').ranges")
    low, high = meant["weight_decay"]["low"], meant["weight_decay"]["high"]
    assert brushes(shown)["param:weight_decay"] == [[low, high]]
    shown.reload()
    expect(lines.filter(has_text="joint box")).to_have_attribute("aria-pressed", "true")
    shown.go_back()
    wait_until(lambda: not brushes(shown), "the brush to go")
    shown.go_back()
    expect(lines.first).to_have_attribute("aria-pressed", "true")


def test_the_search_space_overview_chooses_the_ranges_and_brushes_all_of_them(shown: Page) -> None:
    ranges = shown.locator(".space-toggle", has_text="ranges")
    ranges.click()
    entry = shown.get_by_role("menuitemradio", name="marginals")
    expect(entry).to_contain_text(re.compile(r"keeps .+ % · \d+/10 best · \+"))
    entry.click()
    pressed = shown.locator(".importance-ranges button[aria-pressed=true]")
    expect(pressed).to_contain_text("marginals")
    ranges.click()
    shown.get_by_role("menuitem", name="brush all of these").click()
    meant = shown.evaluate("() => Object.keys(ht.space.promising().ranges)")
    assert "weight_decay" in meant
    assert list(brushes(shown)) == [f"param:{name}" for name in meant]
    shown.go_back()
    wait_until(lambda: not brushes(shown), "one step back for all of them")


def test_a_population_is_judged_by_its_gains_in_both_views(shown: Page) -> None:
    show(shown, "pbt")
    wait_until(lambda: "training time" in effects(shown), "the importance of the gains")
    chosen = shown.locator("#importance-metric-select option:checked")
    expect(chosen).to_contain_text("gain of")
    expect(shown.locator(".ht-panel-c .ht-panel-subtitle")).to_contain_text("gain of")
    assert "training time" not in shown.evaluate("() => Object.keys(ht.space.known().singles)")
    naive = shown.locator("#importance-metric-select option", has_text="misleading").inner_text()
    choose(shown, "metric", naive)
    expect(shown.locator(".importance-warning").first).to_contain_text("look at the gain instead")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one trial", "1 finished trial with a value: at least 4 are needed."),
        ("constant", "All 40 trials have the same value"),
        ("all failed", "0 finished trials with a value"),
        ("noise", "ranks would be noise and are hidden"),
    ],
)
def test_what_cannot_be_told_is_said_in_a_sentence(shown: Page, name: str, words: str) -> None:
    show(shown, name)
    expect(shown.locator(".importance-list")).to_contain_text(words)


@pytest.fixture
def may_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every importance stands still at three tenths until this is set."""
    go = threading.Event()

    def slow(*arguments: Any, tell: Any, **options: Any) -> Any:
        while not go.wait(0.02):
            tell(0.3)
        return asked_importance(*arguments, tell=tell, **options)

    monkeypatch.setattr("hypertendril.callbacks.importance_feed.asked_importance", slow)
    yield go
    go.set()


# Flask-Compress leaves the files of assets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_long_computation_shows_how_far_it_is_can_be_stopped_and_begun_again(
    page: Page, tmp_path: Path, may_go: threading.Event
) -> None:
    made = build([write_known_study(tmp_path)], Settings.find(tmp_path / "data"))
    with served(made.server) as url:
        page.goto(url)
        page.wait_for_function(DRAWN)
        progress = page.locator(".importance-progress")
        expect(progress).to_be_visible()
        expect(progress).to_have_attribute("aria-valuenow", "30")
        box(page, "lr").click()  # the page answers meanwhile
        wait_until(lambda: page.evaluate("() => ht.state.focus[0] === 'lr'"), "the focus")
        page.get_by_role("button", name="stop", exact=True).click()
        expect(page.locator(".importance-list")).to_contain_text("The computation was stopped.")
        may_go.set()
        page.get_by_role("button", name="compute", exact=True).click()
        wait_until(lambda: effects(page), "the importance")
        expect(page.locator("#importance-title-span")).to_contain_text("lr ×")
        page.goto("about:blank")  # it would ask the server that is about to go
