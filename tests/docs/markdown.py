"""Our Markdown files, taken apart: links, headings, code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
INLINE_CODE = re.compile(r"`([^`\n]+)`")
FOLDERS = ("docs", "examples", "assets", "benchmarks", "tests", ".ci")


@dataclass(frozen=True)
class Block:
    """A fenced code block and where it stands."""

    language: str
    text: str
    place: str


def pages() -> list[Path]:
    """Return every Markdown file of ours."""
    nested = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *nested])


def name(page: Path) -> str:
    """Return the page's path from the top of the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Give the page's code blocks."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(match[1], match[2], f"{name(page)}:{line}")


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Return what `#...` may point to in the page, made the way code hosts make it."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(prose(page)))
    return {title.strip().replace(" ", "-") for title in titles}


def commands(page: Path) -> Iterator[str]:
    """Give every command line of the page: in shell blocks, and inline where it begins like one."""
    for block in blocks(page):
        if block.language in {"sh", "bash", "console"}:
            lines = block.text.replace("\\\n", " ").splitlines()
            yield from (line.removeprefix("$ ").partition("  #")[0].strip() for line in lines)
    starts = ("make ", "python app.py", "python -m ", "hypertendril ")
    for code in INLINE_CODE.findall(prose(page)):
        if code.startswith(starts):
            yield code
