"""The watch over the pages must itself be trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.harness import Watch, open_page
from tests.browser.running_app import served
from tests.waiting import wait_until


@pytest.fixture
def visit(browser: Browser) -> Callable[[str], Watch]:
    """Show a page with the given script and return what the watch saw."""

    def visit(script: str) -> Watch:
        body = f"<title>t</title><link rel=icon href=data:,><script>{script}</script>".encode()

        def wsgi_app(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/html")])
            return [body]

        watch = Watch()
        with served(wsgi_app) as url, open_page(browser) as page:
            watch.over(page.context)
            page.goto(url)
            # Behind whatever the script itself has put off.
            page.evaluate("() => new Promise(done => setTimeout(done, 0))")
        return watch

    return visit


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        (
            "new Image().src = 'https://example.com/x.png'",
            "another host: https://example.com/x.png",
        ),
    ],
    ids=["console", "exception", "foreign request"],
)
def test_a_misbehaving_page_fails_its_test(
    visit: Callable[[str], Watch], script: str, expected: str
) -> None:
    watch = visit(script)

    with pytest.raises(AssertionError, match="misbehaved") as failure:
        watch.check()

    assert expected in str(failure.value)


def test_a_quiet_page_passes(visit: Callable[[str], Watch]) -> None:
    visit("console.log('fine')").check()


def test_a_fault_made_on_purpose_can_be_allowed(visit: Callable[[str], Watch]) -> None:
    watch = visit("console.error('broken')")

    watch.allow("broken")

    watch.check()


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(TimeoutError, match="the tide"):
        wait_until(lambda: False, "the tide", seconds=0.05)
