"""What a reader says of its format: docs/formats.md and `hypertendril formats` are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tested(StrEnum):
    """What a reader was held against: logs the framework wrote, or ones put together without it."""

    REAL = "real logs"
    MADE = "made logs"
    SCHEMA = "its documented schema"


@dataclass(frozen=True, slots=True)
class About:
    """What to know of a format before opening it; all texts in Markdown.

    Attributes:
        title: What people call it.
        source: What to name: which file, folder or URL.
        kept: What a study has afterwards.
        lost: What it has not, and what is told or guessed instead; empty for nothing.
        tested: The best it was held against.
        logs: Which ones, with versions.
    """

    title: str
    source: str
    kept: str
    lost: str
    tested: Tested
    logs: str
