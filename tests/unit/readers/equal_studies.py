"""Whether two studies are the same, column by column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hypertendril.model import Study
from hypertendril.readers import ReadStudy

AnyStudy = Study | ReadStudy


def assert_equal_studies(one: AnyStudy, other: AnyStudy) -> None:
    """Check that all but source and skipped is equal; NaN equals NaN."""
    mine, theirs = (replace(study.header, source=None, skipped=()) for study in (one, other))
    assert mine == theirs
    for part in ("trials", "evaluations", "curves"):
        first, second = vars(getattr(one, part)), vars(getattr(other, part))
        for name, column in first.items():
            if isinstance(column, np.ndarray):
                kind = column.dtype.kind
                assert column.dtype == second[name].dtype, (part, name)
                same = np.array_equal(column, second[name], equal_nan=kind == "f")
                assert same, (part, name, column, second[name])
    assert one.trials.notes == other.trials.notes
