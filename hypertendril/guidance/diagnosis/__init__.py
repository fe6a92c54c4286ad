"""Whether a search behaved: rules over logged results alone, each with its number and its advice."""

from __future__ import annotations

from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Verdict
from hypertendril.guidance.diagnosis.population import diversity, perturbation
from hypertendril.guidance.diagnosis.progress import guidance, spread, stagnation
from hypertendril.guidance.diagnosis.ranges import bounds, coverage
from hypertendril.guidance.diagnosis.stopping import early_stopping, first_ranks, promotions
from hypertendril.guidance.diagnosis.waste import failures, overfitting, repeats
from hypertendril.model import Study

__all__ = ["Finding", "Verdict", "diagnose"]

_RULES = (
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
_URGENCY = tuple(Verdict)


def diagnose(study: Study) -> tuple[Finding, ...]:
    """Return what the rules find, the most urgent first; a rule that does not apply says nothing.

    Costs O(n log n) in trials and evaluations for all rules together.
    """
    case = Case(study)
    found = [finding for rule in _RULES for finding in rule(case)]
    return tuple(sorted(found, key=lambda finding: _URGENCY.index(finding.verdict)))
