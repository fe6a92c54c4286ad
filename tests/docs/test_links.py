from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.markdown import INLINE_CODE, LINK, ROOT, anchors, name, pages, prose

# A path in code font: it begins with something that stands on top of the repository.
TOP = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
PATH = re.compile(rf"^(?:{TOP})/[\w./-]*$")
# A module by the end of its path: `fanova/boxes.py`, or `app.py`.
MODULE = re.compile(r"^[\w./-]+\.py$")
HOMES = ("hypertendril", "layouts", "callbacks", "docs", "examples", "tests")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_of_a_page_resolves(page: Path) -> None:
    broken = [link for link in LINK.findall(prose(page)) if not resolves(page, link)]

    assert broken == []


def resolves(page: Path, link: str) -> bool:
    if link.startswith(("https://", "http://127.0.0.1")):
        return True  # other hosts are not asked: tests need no network
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_file_a_page_names_exists(page: Path) -> None:
    named = [code for code in INLINE_CODE.findall(prose(page)) if PATH.match(code)]

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_module_a_page_names_exists(page: Path) -> None:
    named = [code for code in INLINE_CODE.findall(prose(page)) if MODULE.match(code)]

    assert [path for path in named if path not in modules()] == []


@cache
def modules() -> set[str]:
    """Return the modules of the repository by every end of their paths."""
    found = [path for home in HOMES for path in (ROOT / home).rglob("*.py")]
    parts = [path.relative_to(ROOT).parts for path in (*found, *ROOT.glob("*.py"))]
    return {"/".join(part[i:]) for part in parts for i in range(len(part))}


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))

    assert {path.name for path in folder.glob("[0-9]*.md")} == listed
