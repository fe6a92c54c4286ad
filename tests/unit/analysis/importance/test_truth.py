"""Shares beside those known from the functions themselves; `python -m benchmarks importance` prints them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.importance_cases import CASES, Case, drawn, truth
from hypertendril.analysis.importance.estimate import importance_of

MOST_ERROR = 0.02


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_thousand_trials_give_the_single_effects_of_the_function(case: Case) -> None:
    found = importance_of(drawn(case, 1_000, seed=0))
    singles = np.array([found.singles[parameter.name] for parameter in case.space])
    assert np.abs(singles - truth(case)).mean() <= MOST_ERROR
