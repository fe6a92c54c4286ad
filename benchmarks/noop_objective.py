"""An objective that does nothing, so that what is measured is everything around it."""

from __future__ import annotations

from typing import Any


def train(trial: Any) -> float:
    """Return one of the parameters."""
    return float(trial.params["a"])
