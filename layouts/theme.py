"""Colours, fonts and spacing of the figures; the page's own stand in `assets/tokens.css`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FONT_FAMILY = 'Inter, "Segoe UI", "Liberation Sans", Arial, sans-serif'
TICK_PX = 10
LABEL_PX = 11

# Okabe and Ito's colours, safe for colour-blind readers, in the order models take them.
MODEL_COLOURS = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#7a6ff0",
    "#0072b2",
    "#8c6d31",
)


@dataclass(frozen=True, slots=True)
class Theme:
    """One look.

    Attributes:
        performance: Worst to best; contrast with the card grows, so better marks stand out in
            both themes (darker in light, brighter in dark).
        hot: Brush, focus and lineage, and nothing else.
    """

    name: str
    page: str
    card: str
    ink: str
    muted: str
    line: str
    soft: str
    accent: str
    hot: str
    performance: tuple[str, ...]

    @property
    def better(self) -> str:
        """How better looks here, in words."""
        return "brighter is better" if self.name == "dark" else "darker is better"

    @property
    def colorscale(self) -> list[list[Any]]:
        """The performance scale as Plotly takes it."""
        last = len(self.performance) - 1
        return [[i / last, colour] for i, colour in enumerate(self.performance)]


LIGHT = Theme(
    name="light",
    page="#eef1f4",
    card="#ffffff",
    ink="#1c2733",
    muted="#5b687c",
    line="#dde3ea",
    soft="#cfd7e0",
    accent="#0f6e84",
    hot="#d9541e",
    performance=("#dbe9e2", "#a3d0c3", "#5fb0ad", "#2f8099", "#1f547e", "#172650"),
)
DARK = Theme(
    name="dark",
    page="#10161d",
    card="#18212b",
    ink="#dfe7ef",
    muted="#93a3b7",
    line="#2a3644",
    soft="#3a4858",
    accent="#4fb3c8",
    hot="#ff8a57",
    performance=("#263a4a", "#2f5d73", "#3d8a8f", "#6fb79a", "#b6dd9b", "#f6f6b5"),
)


def theme_named(name: str | None) -> Theme:
    """Return the theme a page asks for; light for anything unknown."""
    return DARK if name == "dark" else LIGHT
