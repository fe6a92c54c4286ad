"""Whether the search space fits: bounds that cut the best off, and parts nobody looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, mannwhitneyu

from hypertendril.analysis.ticks import number_text
from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Rule, Verdict
from hypertendril.model import Parameter, ParameterKind

MIN_TRIALS = 30
MIN_BEST = 5
BEST_SHARE = 0.1
OUTER = 0.2
MIN_COVERED = 20
N_PARTS = 10
DECADES = 2.0  # a range over this many decades is searched by its logarithm

_BOUNDS = Rule("D4", "Bounds")
_COVERAGE = Rule("D14", "Coverage")


def bounds(case: Case) -> Iterator[Finding]:
    """D4: whether the best trials crowd at a bound, and get better towards it.

    Both must hold: the best tenth lies in the outer fifth more often than chance has it (binomial,
    p < .05), and the outer fifth is better than the one next to it (Mann-Whitney, p < .1).
    Source: the Deep Learning Tuning Playbook ("bad search space boundaries").
    """
    if not case.is_comparable:
        return
    numeric = _numeric(case)
    if not numeric:
        return
    if len(case.rows) < MIN_TRIALS:
        why = f"{len(case.rows)} trials have a result; {MIN_TRIALS} are needed."
        yield _BOUNDS.lacks(why)
        return
    found = [
        finding
        for k, parameter in numeric
        for is_upper in (False, True)
        if (finding := _at_bound(case, k, parameter, is_upper=is_upper)) is not None
    ]
    said = f"The best trials crowd at no bound of {_parameters(len(numeric))}."
    yield from found or [_BOUNDS.finds(Verdict.OK, said)]


def _parameters(n: int) -> str:
    return "the numeric parameter" if n == 1 else f"{n} numeric parameters"


def _numeric(case: Case) -> list[tuple[int, Parameter]]:
    """Return the columns of numeric parameters that may have more than one value."""
    return [
        (k, parameter)
        for k, parameter in enumerate(case.study.space)
        if not parameter.is_discrete_choice and parameter.low != parameter.high
    ]


def _at_bound(case: Case, column: int, parameter: Parameter, *, is_upper: bool) -> Finding | None:
    if (widened := _widened(parameter, is_upper=is_upper)) is None:
        return None
    active = np.isfinite(case.unit[case.rows, column])
    rows, quality = case.rows[active], case.quality[active]
    unit = case.unit[rows, column]
    depth = 1 - unit if is_upper else unit
    n_best = max(MIN_BEST, round(BEST_SHARE * len(rows)))
    if len(rows) < MIN_TRIALS:
        return None
    best = np.argsort(-quality, kind="stable")[:n_best]
    outer, next_to = depth < OUTER, (depth >= OUTER) & (depth < 2 * OUTER)
    count = int(outer[best].sum())
    if not outer.any() or not next_to.any():
        return None
    if binomtest(count, n_best, OUTER, "greater").pvalue >= 0.05:
        return None
    if mannwhitneyu(quality[outer], quality[next_to], alternative="greater").pvalue >= 0.1:
        return None
    new = widened.high if is_upper else widened.low
    assert new is not None
    return _BOUNDS.finds(
        Verdict.ACT,
        f"{count} of the best {n_best} trials have {parameter.name} in the fifth of its range next "
        f"to {_end(case, column, parameter, is_upper=is_upper)}, and results get better towards it.",
        advice=f"Widen the range of {parameter.name} to {number_text(new)}.",
        parameter=parameter.name,
        statistic=count / n_best,
        threshold=OUTER,
        changes=(widened,),
        rows=rows[best][outer[best]],
    )


def _end(case: Case, column: int, parameter: Parameter, *, is_upper: bool) -> str:
    """Return a bound in words; of a range that nobody declared it is what was tried."""
    bound = parameter.high if is_upper else parameter.low
    assert bound is not None
    tried = case.study.trials.values[:, column]
    # No sampler hits both ends of a continuous range exactly.
    is_told = parameter.kind is ParameterKind.FLOAT and (
        np.nanmin(tried) == parameter.low and np.nanmax(tried) == parameter.high
    )
    if is_told:
        return f"the {'highest' if is_upper else 'lowest'} value tried, {number_text(bound)}"
    return f"its {'upper' if is_upper else 'lower'} bound {number_text(bound)}"


def _widened(parameter: Parameter, *, is_upper: bool) -> Parameter | None:
    """Return the parameter with more room at one side; None at a natural bound (0, 1, a size of 1)."""
    low, high = parameter.low, parameter.high
    assert low is not None and high is not None
    bound = high if is_upper else low
    if not parameter.log and bound in (0.0, 1.0):
        return None
    if parameter.log:
        new = bound * 10 if is_upper else bound / 10
    else:
        new = bound + (high - low) / 2 * (1 if is_upper else -1)
        if low >= 0 > new:
            new = 0.0
        if low >= 0 and bound < 1 <= new:  # a share, such as a momentum
            new = (bound + 1) / 2
    if parameter.kind is ParameterKind.INT:
        new = max(round(new), 1) if low >= 1 else round(new)
        if new == bound:
            return None
    if parameter.step is not None:
        new = bound + math.floor((new - bound) / parameter.step) * parameter.step
        if new == bound:
            return None
    return replace(parameter, high=float(new)) if is_upper else replace(parameter, low=float(new))


def coverage(case: Case) -> Iterator[Finding]:
    """D14: tenths of a parameter's range, in its declared scale, that no trial has tried."""
    if case.study.has_forks():
        return
    found = []
    judged = 0
    for k, parameter in _numeric(case):
        if parameter.condition is not None:  # tried as often as its parent has it, no more
            continue
        unit = case.unit[np.isfinite(case.unit[:, k]), k]
        # A grid tries a few values of each on purpose.
        if len(unit) < MIN_COVERED or len(np.unique(unit)) < N_PARTS:
            continue
        judged += 1
        if (finding := _holes(parameter, unit)) is not None:
            found.append(finding)
    yield from found
    if judged and not found:
        said = f"Trials reach at least 7 tenths of the range of {_parameters(judged)}."
        yield _COVERAGE.finds(Verdict.OK, said)


def _holes(parameter: Parameter, unit: NDArray[np.float64]) -> Finding | None:
    parts = np.clip((unit * N_PARTS).astype(int), 0, N_PARTS - 1)
    counts = np.bincount(parts, minlength=N_PARTS)
    share = float((counts == 0).mean())
    if share <= 0.3:
        return None
    said = (
        f"No trial tried {int((counts == 0).sum())} of 10 equal parts of the range of "
        f"{parameter.name}."
    )
    low, high = parameter.low, parameter.high
    assert low is not None and high is not None
    advice = f"Narrow the range of {parameter.name}, or begin with trials spread over all of it."
    if not parameter.log and low > 0 and high / low > 10**DECADES:
        advice = f"Declare {parameter.name} logarithmic: its range spans decades."
    return _COVERAGE.finds(
        Verdict.WATCH,
        said,
        advice=advice,
        parameter=parameter.name,
        statistic=share,
        threshold=0.3,
    )
