"""What the tests of the Exploration overview share: which search is shown, and where things stand."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from hypertendril.analysis.lineage import ancestry
from hypertendril.model import Study
from tests.browser.harness import rest, show_dashboard
from tests.browser.running_app import AppProcess

NAMES = ("pbt", "hyperband_eta3", "random", "pbt_early")
VIEW = "ht.exploration.view"


def shown(page: Page, app: AppProcess, name: str) -> Page:
    show_dashboard(page, app.url)
    choose_study(page, name)
    page.wait_for_function(
        f"name => ht.state.data.name === name && ht.debug.isDrawn() && {VIEW}.scene"
        f" && {VIEW}.meta.study === ht.state.data.study",
        arg=name,
    )
    rest(page)
    return page


def choose_study(page: Page, name: str) -> None:
    """Click a study's line as soon as it is there; the list may have room for a part of its name."""
    page.get_by_title(re.compile(rf"^{re.escape(name)}\n")).click()


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


def last_of_the_longest_line(study: Study) -> int:
    return max(range(len(study)), key=lambda row: (len(ancestry(study, row)), row))
