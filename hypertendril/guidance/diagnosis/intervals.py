"""How sure a share is."""

from __future__ import annotations

from scipy.stats import binomtest


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` among `n` > 0 (Wilson 1927)."""
    found = binomtest(count, n).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)
