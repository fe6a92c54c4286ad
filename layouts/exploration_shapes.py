"""The static marks of exploration frames: bands, borders, names and scales of the strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypertendril.analysis.exploration.frame import EDGE, BandText, Strip
from hypertendril.analysis.exploration.picture import Band
from hypertendril.layouts.labels import plotly_lines, plotly_text, telling_ends, tick_texts
from hypertendril.layouts.theme import LABEL_PX, Theme

NAME_SHIFT_PX = 64
# Clear of the upper handle of the colours.
WORD_SHIFT_PX = 10
MAX_NAME_CHARS = 12
SMALL_PX = 9
MAX_TICK_CHARS = 9
# Of the height of all strips what a mark's text takes in a small window.
TICK_SHARE = 0.026
# Bands grow from hardly visible to clearly grey and must leave pale marks readable.
BAND_OPACITY = {"generation": (0.0, 0.13), "bracket": (0.0, 0.1), "rung": (0.0, 0.05)}


def strip_meta(strip: Strip) -> dict[str, Any]:
    """Return what the scripts need to place marks in a strip."""
    return {
        **strip.axis.to_json(),
        "bottom": strip.bottom,
        "top": strip.top,
        "none": strip.none,
        "lanes": list(strip.lanes),
    }


def band_shapes(bands: Sequence[Band], theme: Theme, axis: str = "x") -> list[dict[str, Any]]:
    """Return the grey bands, one rectangle each; rungs lie over their bracket."""
    return [
        {
            "type": "rect",
            "xref": axis,
            "yref": "paper",
            "x0": band.x0,
            "x1": band.x1,
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"width": 0},
            "fillcolor": theme.ink,
            "opacity": _opacity(band),
        }
        for band in bands
    ]


def _opacity(band: Band) -> float:
    low, high = BAND_OPACITY[band.kind]
    return low + (high - low) * band.shade


def border_shapes(strips: Sequence[Strip], theme: Theme) -> list[dict[str, Any]]:
    """Return the lines between neighbouring strips."""
    return [
        {
            "type": "line",
            "xref": "paper",
            "yref": "y",
            "x0": 0,
            "x1": 1,
            "y0": level,
            "y1": level,
            "line": {"width": 1, "color": theme.line},
        }
        for level in _levels(strips)
    ]


def _levels(strips: Sequence[Strip]) -> list[float]:
    """Return the heights half-way between neighbouring strips."""
    return [(upper.bottom + lower.top) / 2 for upper, lower in pairwise(strips)]


def strip_names(
    strips: Sequence[Strip], theme: Theme, hidden: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the names of the strips, left of their scales; `hidden` parameters have none."""
    ends = telling_ends([*(strip.axis.label for strip in strips), *hidden])
    return [
        {
            "xref": "paper",
            "yref": "y",
            "x": 0,
            "y": (strip.bottom + strip.top) / 2,
            "text": _name(strip, ends, theme),
            "showarrow": False,
            "xanchor": "right",
            "xshift": -NAME_SHIFT_PX,
            "font": {"size": LABEL_PX, "color": theme.ink},
        }
        for strip in strips
    ]


def _name(strip: Strip, ends: Mapping[str, str], theme: Theme) -> str:
    name = f"<b>{plotly_lines(strip.axis.label, MAX_NAME_CHARS, ends)}</b>"
    if strip.is_monitor:
        small = f'<span style="font-size:{SMALL_PX}px;color:{theme.muted}">{theme.better}</span>'
        return f"<b>best</b><br>{name}<br>{small}"
    return f"{name}<br><i>zoomed</i>" if strip.is_zoomed else name


def ordinals(texts: Sequence[BandText], theme: Theme, axis: str = "x") -> list[dict[str, Any]]:
    """Return the texts above the bands."""
    return [
        {
            "xref": axis,
            "yref": "paper",
            "x": label.x,
            "y": 1,
            "text": plotly_text(label.text),
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"size": SMALL_PX, "color": theme.muted},
        }
        for label in texts
    ]


def band_word(word: str, theme: Theme) -> list[dict[str, Any]]:
    """Return what the texts above the bands count, left of them."""
    note = {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "text": word,
        "showarrow": False,
        "xanchor": "right",
        "yanchor": "bottom",
        "xshift": -WORD_SHIFT_PX,
        "font": {"size": SMALL_PX, "color": theme.muted},
    }
    return [note] if word else []


def stacked_ticks(strips: Sequence[Strip]) -> tuple[list[float], list[str]]:
    """Return heights and texts of the marks of all strips; None lanes are named too.

    Where strips are low a mark that would touch another one is left out, the inner ones first.
    """
    room = TICK_SHARE * (strips[0].top + EDGE) if strips else 0.0
    marks: list[tuple[float, str]] = []
    for strip in strips:
        texts = tick_texts(strip.axis, MAX_TICK_CHARS)
        found = list(zip(strip.tick_heights(), texts, strict=True))
        if strip.none is not None:
            found.insert(0, (strip.none, "<i>none</i>"))
        for mark in [*found[:1], *found[:0:-1]]:
            if all(abs(mark[0] - other) >= room for other, _ in marks):
                marks.append(mark)
    return [height for height, _ in marks], [text for _, text in marks]
