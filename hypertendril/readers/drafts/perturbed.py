"""Who a clone of population-based training was copied from, where that is not recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypertendril.readers.files.json_text import as_number

FACTORS = (0.8, 1.2)  # what all implementations multiply a number by, unless told otherwise


def parent_of(config: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the position of the candidate whose perturbation `config` is; None if none is.

    A factor is applied to each number, so one float that matches exactly is proof enough. The
    later of two equal candidates is taken: it is the younger one.
    """
    best, found = 0, None
    for i, candidate in enumerate(candidates):
        hits = sum(_is_factor(config.get(name), value) for name, value in candidate.items())
        if hits and hits >= best:
            best, found = hits, i
    return found


def _is_factor(value: Any, before: Any) -> bool:
    if not isinstance(value, float):
        return False
    a, b = as_number(value), as_number(before)
    if not a or not b:
        return False
    return any(math.isclose(a, b * factor, rel_tol=1e-9) for factor in FACTORS)
