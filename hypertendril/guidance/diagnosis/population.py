"""Whether a population kept its variety, and moved through the space without a bias."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

from hypertendril.analysis.ticks import number_text
from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Rule, Verdict
from hypertendril.model import Parameter

MIN_POPULATION = 8
MIN_GENERATIONS = 4
FEW = 2.0  # effective founders of a population that has collapsed
LATE_GAIN = 0.1
AT_ONCE = 2  # selections after which nothing had time to show itself
MIN_STEPS = 8
BIASED = 0.5  # between steps of one size (slope 0) and steps by a factor (1)
MIN_SPAN = 4.0
ONE_SIDED_95 = 1.64

_PERTURBATION = Rule("D3", "Perturbation")


def diversity(case: Case) -> Iterator[Finding]:
    """D2: how soon a population descends from two trials, and what it gained after that.

    The effective number of founders is 1 / sum p_i^2 over their shares of a generation.
    Source: takeover times of selection, Goldberg and Deb 1991.
    """
    rule = Rule("D2", "Diversity of the population")
    if not case.study.has_forks():
        return
    generations, best = _generations(case)
    if len(generations) < MIN_GENERATIONS or len(generations[0]) < MIN_POPULATION:
        yield rule.lacks(
            f"{len(generations)} generations, the first of "
            f"{len(generations[0]) if generations else 0} trials; {MIN_GENERATIONS} generations "
            f"and {MIN_POPULATION} trials are needed."
        )
        return
    selections = len(generations) - 1
    founders = np.array([_effective(case.founder[members]) for members in generations])
    half = (selections + 1) // 2
    collapsed = np.flatnonzero(founders <= FEW)
    first = int(collapsed[0]) if len(collapsed) else selections + 1
    late = _gain_after(best, first)
    if first > half:
        verdict, said = Verdict.OK, ""
    else:
        is_lost = late < LATE_GAIN or first <= AT_ONCE
        verdict = Verdict.ACT if is_lost else Verdict.WATCH
        said = f" From selection {first} on it had {FEW:g} or fewer; {late:.0%} of the gain came after."
    advice = (
        "Replace fewer trials a generation, take new values more often, or train longer "
        "between generations."
    )
    yield rule.finds(
        verdict,
        f"After {half} of {selections} selections the population stood on "
        f"{founders[half]:.1f} of {len(generations[0])} founders.{said}",
        advice=advice,
        statistic=float(founders[half]),
        threshold=FEW,
        rows=generations[half],
    )


def _generations(case: Case) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """Return the rows of the trials evaluated in each generation, and the best quality by then."""
    seen = case.study.evaluations
    quality = np.where(np.isfinite(seen.value), case.sign * seen.value, -np.inf)
    masks = [seen.iteration == one for one in np.unique(seen.iteration[seen.iteration >= 0])]
    members = [np.unique(seen.trial[mask]) for mask in masks]
    return members, np.maximum.accumulate([quality[mask].max() for mask in masks])


def _effective(founders: NDArray[np.int64]) -> float:
    _, counts = np.unique(founders, return_counts=True)
    shares = counts / counts.sum()
    return float(1.0 / (shares**2).sum())


def _gain_after(best: NDArray[np.float64], generation: int) -> float:
    """Return which share of all that was gained came after a generation; 0 where nothing was."""
    if generation >= len(best):
        return 0.0
    total = best[-1] - best[0]
    return float((best[-1] - best[generation]) / total) if 0 < total < np.inf else 0.0


def perturbation(case: Case) -> Iterator[Finding]:
    """D3: whether steps from parent to child grow with the value on a scale declared as linear.

    Steps by a factor (times 1.2, times 0.8) drift to small values there: the slope of
    log |child - parent| over log parent is 1 for them and 0 for steps of one size.
    Source: HyperTendril, figure 9.
    """
    if not case.study.has_forks():
        return
    found = [
        finding
        for k, parameter in enumerate(case.study.space)
        if not parameter.is_discrete_choice and not parameter.log
        if (finding := _slope(case, k, parameter)) is not None
    ]
    biased = [finding for finding in found if finding.verdict is Verdict.ACT]
    if not found:
        why = f"No parameter was perturbed {MIN_STEPS} times over a factor of {MIN_SPAN:g}."
        yield _PERTURBATION.lacks(why)
    elif biased or len(found) == 1:
        yield from biased or found
    else:
        yield _unbiased(found)


def _unbiased(found: list[Finding]) -> Finding:
    names = ", ".join(str(finding.parameter) for finding in found)
    worst = max(found, key=lambda finding: finding.statistic or 0.0)
    said = f"Steps of {names} do not grow with their values (slope at most {worst.statistic:.2f})."
    return _PERTURBATION.finds(
        Verdict.OK,
        said,
        statistic=worst.statistic,
        interval=worst.interval,
        threshold=BIASED,
    )


def _slope(case: Case, column: int, parameter: Parameter) -> Finding | None:
    trials = case.study.trials
    children = np.flatnonzero((trials.parent >= 0) & (trials.parent < len(trials)))
    before, after = trials.values[trials.parent[children], column], trials.values[children, column]
    moved = np.isfinite(before) & np.isfinite(after) & (before > 0) & (before != after)
    before, after, children = before[moved], after[moved], children[moved]
    if len(before) < MIN_STEPS or before.max() < MIN_SPAN * before.min():
        return None
    line = linregress(np.log(before), np.log(np.abs(after - before)))
    margin = ONE_SIDED_95 * float(line.stderr)
    slope = float(line.slope)
    is_biased = slope - margin > BIASED
    said = (
        f"Over {len(before)} steps from parent to child the size of a step of {parameter.name} "
        f"grows with its value to the power of {slope:.2f}, while its scale is linear"
    )
    said += f": at {number_text(float(before.min()))} it hardly moves." if is_biased else "."
    advice = (
        f"Perturb {parameter.name} in its declared scale, or declare it logarithmic with factors "
        "f and 1/f."
    )
    return _PERTURBATION.finds(
        Verdict.ACT if is_biased else Verdict.OK,
        said,
        advice=advice,
        parameter=parameter.name,
        statistic=slope,
        interval=(slope - margin, slope + margin),
        threshold=BIASED,
        rows=children,
    )
