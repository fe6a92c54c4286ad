"""The attributes Optuna keeps for itself on a trial, as far as they mean something here."""

from __future__ import annotations

from typing import Any

import numpy as np

from hypertendril.readers.files.json_text import as_number, brief

METRIC_NAMES = "study:metric_names"
CONSTRAINTS = "constraints"  # a list before Optuna 5, then one attribute `constraints:NAME` each
WARNINGS = ("STUDY_TELL_WARNING", "fail_reason")
RUNG, GENERATION = "completed_rung_", ":generation"
RETRIED = ("failed_trial", "retry_history")  # numbers: the first try, and each failed one in order
EXPORTED = "hypertendril"  # of this program: the generic form of a study or trial it exported


def system_values(key: str, value: Any) -> list[tuple[str, float]]:
    """Return the numbers of a system attribute under their keys; NaN where only the key tells."""
    if key == CONSTRAINTS:
        numbers = [as_number(item) for item in value] if isinstance(value, list) else []
        return [(f"{CONSTRAINTS}:{i}", v) for i, v in enumerate(numbers) if v is not None]
    if key in RETRIED and isinstance(value, list):
        value = value[-1] if value else None
    number = as_number(value)
    return [(key, np.nan if number is None else number)]


def note_of(value: Any) -> str:
    """Return a remark of Optuna as a short text."""
    return brief(value, 500)
