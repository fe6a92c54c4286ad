"""Who a clone of population-based training was copied from, where that is not recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hypertendril.readers.files.json_text import as_number

FACTORS = (0.8, 1.2)  # what all implementations multiply a number by, unless told otherwise
_TOLERANCE = 1e-9  # of a number that was multiplied and written down; a chance match is farther off


def parents_of(configs: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Return of each configuration the position of the one before whose perturbation it is.

    A factor is applied to each number, so one float that matches exactly is proof enough. Of
    several before that match as well the last is taken: it is the youngest. None where none does.
    O(n² d) for n configurations of d values, in steps of n d.
    """
    at = {name: i for i, name in enumerate(dict.fromkeys(n for config in configs for n in config))}
    before = np.full((len(configs), len(at)), np.nan)
    after = before.copy()
    for row, config in enumerate(configs):
        for name, value in config.items():
            number = as_number(value)
            # 0 and infinity times a factor are the same, whoever they come from.
            if number and math.isfinite(number):
                before[row, at[name]] = number
                after[row, at[name]] = number if isinstance(value, float) else np.nan
    found: list[int | None] = []
    with np.errstate(over="ignore"):
        copies = [before * factor for factor in FACTORS]
        for row, own in enumerate(after):
            is_hit = np.zeros((row, len(at)), dtype=bool)
            for copy in copies:
                is_hit |= np.abs(own - copy[:row]) <= _TOLERANCE * np.abs(own)
            hits = is_hit.sum(axis=1)
            best = hits.max(initial=0)
            found.append(int(np.flatnonzero(hits == best)[-1]) if best else None)
    return found
