"""Texts of single figures that stand under each other."""

from __future__ import annotations

import math

from hypertendril.analysis.ticks import number_text


def aligned_text(value: float) -> str:
    """Return `value` with four significant digits, zeros at the end kept: 0.8990 beside 0.8756."""
    if not math.isfinite(value) or value == int(value) or not 1e-3 <= abs(value) < 1e3:
        return number_text(value)
    return f"{value:#.4g}"
