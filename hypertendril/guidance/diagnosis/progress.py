"""Whether the search still finds better trials, and finds them better than chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Rule, Verdict, graded

MIN_TRIALS = 30
OLD_RECORD = 0.8
START_UP = 10  # random trials before the model, where the settings do not tell: Optuna's
MIN_GUIDED = 20
MIN_LOCAL = 60
LAST = 30
TIGHT = 0.25
REPEATS = 20
# Methods that propose from a model of what they have seen.
_GUIDED = ("tpe", "gp", "gaussian", "bayes", "bohb", "smac", "cma", "bo_", "botorch", "hebo")


def stagnation(case: Case) -> Iterator[Finding]:
    """D7: how long ago the last improvement was, and whether late trials are better than early ones.

    Under random search the number of records among n trials is H_n = 1 + 1/2 + ... + 1/n on
    average (theory of records, Rényi 1962).
    """
    rule = Rule("D7", "Progress")
    if not case.is_comparable:
        return
    n = len(case.rows)
    if n < MIN_TRIALS:
        yield rule.lacks(f"{n} trials have a result; {MIN_TRIALS} are needed.")
        return
    best = np.maximum.accumulate(case.quality)
    is_record = np.append(True, best[1:] > best[:-1])
    records = np.flatnonzero(is_record)
    since = n - 1 - int(records[-1])
    share = since / n
    third = n // 3
    late = mannwhitneyu(case.quality[-third:], case.quality[:third], alternative="greater").pvalue
    is_stuck = share > OLD_RECORD and late > 0.1
    expected = float((1.0 / np.arange(1, n + 1)).sum())
    said = (
        f"{len(records)} improvements in {n} trials, where random search has {expected:.1f}; "
        f"the last one {since} trials ago."
    )
    if is_stuck:
        said += " The last third of the trials is no better than the first."
    verdict = Verdict.OK if not is_stuck else Verdict.ACT if since >= MIN_TRIALS else Verdict.WATCH
    advice = "Stop, or change the space or the method."
    rows = case.rows[records]
    yield rule.finds(verdict, said, advice=advice, statistic=share, threshold=OLD_RECORD, rows=rows)


def guidance(case: Case) -> Iterator[Finding]:
    """D8: whether the last half of a guided search is better than its random start."""
    rule = Rule("D8", "Method against its start")
    if not _is_guided(case) or not case.is_comparable:
        return
    start = _start_up(case)
    n = len(case.rows)
    if n < MIN_GUIDED + start:
        why = f"{n} trials have a result; {MIN_GUIDED} after the first {start} are needed."
        yield rule.lacks(why)
        return
    first, last = case.quality[:start], case.quality[max(start, n // 2) :]
    p = float(mannwhitneyu(last, first, alternative="greater").pvalue)
    verdict = graded(p, 0.1, 0.95)
    better = float(mannwhitneyu(last, first).statistic) / (len(first) * len(last))
    said = (
        f"A trial of the last half is better than one of the first {start} in {better:.0%} of pairs "
        f"(p = {p:.2g})."
    )
    advice = (
        "Look at the direction of the objective; fix the hyperparameters without effect; "
        "begin with more random trials."
    )
    yield rule.finds(verdict, said, advice=advice, statistic=p, threshold=0.1)


def _is_guided(case: Case) -> bool:
    name = case.study.header.method.name.lower()
    return any(word in name for word in _GUIDED)


def _start_up(case: Case) -> int:
    given = case.study.header.method.settings.get("n_startup_trials")
    return given if isinstance(given, int) and given > 1 else START_UP


def spread(case: Case) -> Iterator[Finding]:
    """D9: whether the last trials all lie in one place without finding anything better there.

    Compares their median distance to the nearest neighbour with that of as many random ones.
    """
    rule = Rule("D9", "Spread of the last trials")
    if not _is_guided(case) or not case.is_comparable:
        return
    n = len(case.rows)
    if n < MIN_LOCAL:
        why = f"{n} trials have a result; {MIN_LOCAL} are needed."
        yield rule.lacks(why)
        return
    unit = np.nan_to_num(case.unit[case.rows], nan=0.5)
    is_varied = np.ptp(unit, axis=0) > 0
    if not is_varied.any():
        return
    unit = unit[:, is_varied]
    generator = np.random.default_rng(0)
    # Shuffled columns keep what choices and steps allow, and forget where the search went.
    chance = [
        _nearest(np.column_stack([generator.choice(c, LAST) for c in unit.T]))
        for _ in range(REPEATS)
    ]
    ratio = _nearest(unit[-LAST:]) / max(float(np.mean(chance)), 1e-12)
    has_record = bool(case.quality[-LAST:].max() > case.quality[:-LAST].max())
    is_stuck = ratio < TIGHT and not has_record
    said = (
        f"The last {LAST} trials lie {ratio:.2f} times as far from each other as a shuffle of all "
        f"trials, and hold {'a' if has_record else 'no'} new best."
    )
    advice = "Mix in random trials, or start again elsewhere."
    verdict = Verdict.ACT if is_stuck else Verdict.OK
    rows = case.rows[-LAST:]
    yield rule.finds(verdict, said, advice=advice, statistic=ratio, threshold=TIGHT, rows=rows)


def _nearest(points: np.ndarray) -> float:
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(axis=1)))
