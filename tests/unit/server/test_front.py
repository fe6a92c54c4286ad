from __future__ import annotations

import pytest

from hypertendril.errors import HyperTendrilError
from hypertendril.server.front import Front
from hypertendril.server.security import LOCAL_NAMES


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HYPERTENDRIL_PREFIX", "HYPERTENDRIL_NAMES"):
        monkeypatch.delenv(name, raising=False)


def test_untold_the_page_is_at_the_top_under_local_names() -> None:
    assert Front.find() == Front("/", LOCAL_NAMES)


@pytest.mark.parametrize("told", ["hpo", "/hpo", "hpo/", "/hpo/"])
def test_a_prefix_is_understood_with_and_without_slashes(told: str) -> None:
    assert Front.find(told).prefix == "/hpo/"


def test_the_environment_counts_where_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTENDRIL_PREFIX", "/a/b")
    monkeypatch.setenv("HYPERTENDRIL_NAMES", "One.example, two.example,")
    assert Front.find() == Front("/a/b/", LOCAL_NAMES | {"one.example", "two.example"})
    assert Front.find("c", ["three.example"]) == Front("/c/", LOCAL_NAMES | {"three.example"})


@pytest.mark.parametrize("told", ["/a b/", "/a//b/", "/ä/", '/"><script>/', "http://x/"])
def test_a_prefix_that_is_no_path_is_refused(told: str) -> None:
    with pytest.raises(HyperTendrilError, match="must be a path such as"):
        Front.find(told)


@pytest.mark.parametrize("told", ["*", "http://x.example", "x.example:80", "x/y", ".x"])
def test_what_is_no_host_name_is_refused(told: str) -> None:
    with pytest.raises(HyperTendrilError, match="must be one such as"):
        Front.find(names=[told])
