"""All rules of the diagnosis."""

from __future__ import annotations

from hypertendril.guidance.diagnosis.population import diversity, perturbation
from hypertendril.guidance.diagnosis.progress import guidance, spread, stagnation
from hypertendril.guidance.diagnosis.ranges import bounds, coverage
from hypertendril.guidance.diagnosis.stopping import early_stopping, first_ranks, promotions
from hypertendril.guidance.diagnosis.waste import failures, overfitting, repeats

RULES = (
    bounds,
    early_stopping,
    first_ranks,
    promotions,
    diversity,
    perturbation,
    stagnation,
    guidance,
    spread,
    coverage,
    failures,
    repeats,
    overfitting,
)
