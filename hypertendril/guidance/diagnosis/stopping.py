"""Whether trials were judged too early, or wrongly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, spearmanr

from hypertendril.analysis.ticks import number_text
from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Rule, Verdict, graded
from hypertendril.guidance.diagnosis.intervals import share_interval
from hypertendril.model import Outcome

MIN_CURVES = 8
MOST_CURVES = 2000  # more make a share no surer than a person cares for
MIN_POINTS = 5
MIN_PAIRS = 20
RISING = 0.02  # relative gain over the last fifth: still learning
SMOOTHED = 3  # points behind each mean
LAST_PART = 0.2
RESAMPLES = 500
SOME, MOST = 0.3, 0.5  # shares of trials still learning: to watch, to act on
AGREED = 0.5  # rank correlation
MOSTLY_RIGHT, CHANCE = 0.7, 0.5  # shares of pairs in the right order

_KEPT = (Outcome.PROMOTED, Outcome.SURVIVED)


def early_stopping(case: Case) -> Iterator[Finding]:
    """D1: the share of trials that were still learning when the method first decided about them.

    Sources: HyperTendril, section 7.1; the Deep Learning Tuning Playbook ("is it still
    improving at the end?").
    """
    rule = Rule("D1", "First evaluation")
    outcome = case.study.evaluations.outcome
    if not np.isin(outcome, (*_KEPT, Outcome.DISCARDED)).any():
        return
    founders = case.study.trials.parent < 0
    rows = np.flatnonzero(founders & (case.first_look < case.full))
    rows = rows[:: -(-len(rows) // MOST_CURVES) or 1]
    gains = [(row, gain) for row in rows if (gain := _late_gain(case, int(row))) is not None]
    if len(gains) < MIN_CURVES:
        yield rule.lacks(
            f"{len(gains)} trials have {MIN_POINTS} or more points of their curve before they "
            f"were first evaluated; {MIN_CURVES} are needed."
        )
        return
    rising = [row for row, gain in gains if gain > RISING]
    share = len(rising) / len(gains)
    looks = case.first_look[[row for row, _ in gains]]
    step = number_text(float(np.median(looks)))
    verdict = graded(share, SOME, MOST)
    said = (
        f"{len(rising)} of {len(gains)} trials still gained more than {RISING:.0%} over the last "
        f"fifth of the {step} steps before they were first evaluated."
    )
    advice = (
        f"Evaluate later than after {step} steps, until fewer than 3 in 10 trials still rise; "
        "train a few of the stopped trials to their end to see what was lost."
    )
    interval = share_interval(len(rising), len(gains))
    yield rule.finds(
        verdict,
        said,
        advice=advice,
        statistic=share,
        interval=interval,
        threshold=MOST,
        rows=rising,
    )


def _late_gain(case: Case, row: int) -> float | None:
    """Return by which share quality rose over the last fifth before the first look; None if unknown."""
    step, quality = case.curve_of(row)
    end = case.first_look[row]
    quality = quality[step <= end]
    step = step[step <= end]
    if len(step) < MIN_POINTS:
        return None
    start = step[0] + (1 - LAST_PART) * (step[-1] - step[0])
    before = np.searchsorted(step, start, "right")
    earlier = float(quality[max(before - SMOOTHED, 0) : before].mean())
    later = float(quality[-SMOOTHED:].mean())
    scale = max(abs(earlier), abs(later))
    return (later - earlier) / scale if scale else 0.0


def first_ranks(case: Case) -> Iterator[Finding]:
    """D1b: whether values at the lowest rung rank trials as their ends do.

    Only trials that no rung had selected are asked (the conservative bracket): among survivors
    ranks agree less than among all. Sources: Hyperband (Li et al. 2018); BOHB (Falkner et al. 2018).
    """
    rule = Rule("D1b", "Ranks at the first evaluation")
    low = np.nanmin(case.first_look) if np.isfinite(case.first_look).any() else np.nan
    if case.curve is None or not low < case.full:
        return
    asked = case.rows[case.first_look[case.rows] >= case.full]
    pairs = [
        (int(row), value)
        for row in asked
        if (value := _value_at(case, int(row), float(low))) is not None
    ]
    if len(pairs) < MIN_CURVES:
        yield rule.lacks(
            f"{len(pairs)} trials were trained to the end whatever they had reached at step "
            f"{number_text(float(low))}; {MIN_CURVES} are needed."
        )
        return
    rows = np.array([row for row, _ in pairs])
    early = np.array([value for _, value in pairs])
    late = case.sign * case.study.trials.objectives[rows, 0]
    rho = _spearman(early, late)
    ends = _bootstrap(early, late)
    verdict = Verdict.ACT if ends[1] < AGREED else Verdict.WATCH if rho < AGREED else Verdict.OK
    said = (
        f"Of {len(rows)} trials trained to the end the value at step {number_text(float(low))} "
        f"and the last one have a rank correlation of {rho:.2f} ({ends[0]:.2f} to {ends[1]:.2f})."
    )
    advice = "Begin with a higher lowest rung, or stop fewer at it."
    yield rule.finds(
        verdict, said, advice=advice, statistic=rho, interval=ends, threshold=AGREED, rows=rows
    )


def _value_at(case: Case, row: int, resource: float) -> float | None:
    step, quality = case.curve_of(row)
    before = np.searchsorted(step, resource, "right")
    return float(quality[before - 1]) if before else None


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if len(np.unique(a)) == 1 or len(np.unique(b)) == 1:
        return 0.0
    return float(spearmanr(a, b).statistic)


def _bootstrap(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    picks = generator.integers(len(a), size=(RESAMPLES, len(a)))
    found = np.array([_spearman(a[pick], b[pick]) for pick in picks])
    low, high = np.quantile(found, (0.05, 0.95))
    return float(low), float(high)


def promotions(case: Case) -> Iterator[Finding]:
    """D16: whether those that went on were better than those that were stopped beside them.

    The share of pairs in the right order, over all rungs and generations: the area under the ROC
    curve (Mann and Whitney 1947). Below one half the worse ones were kept.
    """
    rule = Rule("D16", "Promotions")
    right, pairs = 0.0, 0
    for kept, stopped in _decisions(case):
        right += float(mannwhitneyu(kept, stopped).statistic)
        pairs += len(kept) * len(stopped)
    if pairs < MIN_PAIRS:
        return
    share = right / pairs
    verdict = graded(1 - share, 1 - MOSTLY_RIGHT, 1 - CHANCE)
    said = (
        f"Of two trials in one rung or generation the better one was kept in {share:.0%} of pairs."
    )
    advice = {
        Verdict.ACT: "Look at the direction the scheduler was told: the worse trials went on.",
        Verdict.WATCH: "Look at which metric the scheduler was told to compare.",
    }.get(verdict, "")
    yield rule.finds(verdict, said, advice=advice, statistic=share, threshold=CHANCE)


def _decisions(case: Case) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return for each rung or generation the quality of what went on and of what was stopped."""
    seen = case.study.evaluations
    is_known = np.isfinite(seen.value) & ((seen.rung >= 0) | (seen.iteration >= 0))
    # Rounds of Hyperband count on in their iterations; what ran in one rung stands together.
    place = np.where(seen.rung >= 0, -1, seen.iteration)
    keys = np.column_stack([seen.bracket, seen.rung, place])[is_known]
    quality, outcome = case.sign * seen.value[is_known], seen.outcome[is_known]
    found = []
    _, where = np.unique(keys, axis=0, return_inverse=True)
    for group in range(int(where.max()) + 1 if len(where) else 0):
        here = where == group
        kept = quality[here & np.isin(outcome, _KEPT)]
        stopped = quality[here & (outcome == Outcome.DISCARDED)]
        if len(kept) and len(stopped):
            found.append((kept, stopped))
    return found
