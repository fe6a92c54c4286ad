"""Whether a search behaved: rules over logged results alone, each with its number and its advice."""

from __future__ import annotations

from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Verdict
from hypertendril.model import Parameter, Study

__all__ = ["Finding", "Verdict", "beyond_bounds", "diagnose"]

_URGENCY = tuple(Verdict)


def diagnose(study: Study) -> tuple[Finding, ...]:
    """Return what the rules find, the most urgent first; a rule that does not apply says nothing.

    Costs O(n log n) in trials and evaluations for all rules together.
    """
    # Statistics take a second to load; a page is served before it asks for them.
    from hypertendril.guidance.diagnosis.rules import RULES  # noqa: PLC0415

    case = Case(study)
    found = [finding for rule in RULES for finding in rule(case)]
    return tuple(sorted(found, key=lambda finding: _URGENCY.index(finding.verdict)))


def beyond_bounds(study: Study) -> tuple[Parameter, ...]:
    """Return the parameters at whose bounds the best trials crowd, with more room there.

    It asks the one rule that changes parameters: a click can't wait for all of them.
    """
    from hypertendril.guidance.diagnosis.ranges import bounds  # noqa: PLC0415 (as above)

    return tuple(change for finding in bounds(Case(study)) for change in finding.changes)
