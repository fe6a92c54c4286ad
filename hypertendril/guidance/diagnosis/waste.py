"""Trials that taught less than they cost: repeated, failed, or past their best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from hypertendril.analysis.ticks import number_text
from hypertendril.guidance.diagnosis.case import Case
from hypertendril.guidance.diagnosis.finding import Finding, Rule, Verdict, graded
from hypertendril.guidance.diagnosis.intervals import share_interval
from hypertendril.model import TrialState

GRAIN = 1e-3
MIN_TRIALS = 10
MIN_POINTS = 10
BEST = 5
FALL = 0.05
SMOOTHED = 3  # points behind each mean
CERTAIN = 0.01

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)


def repeats(case: Case) -> Iterator[Finding]:
    """D10: the share of trials with the values of an earlier one, to a thousandth of each range."""
    rule = Rule("D10", "Repeated trials")
    rows = case.rows_in(TrialState.COMPLETE, TrialState.PRUNED)
    rows = rows[case.study.trials.parent[rows] < 0]
    if len(rows) < MIN_TRIALS or not len(case.study.space):
        return
    grains = np.round(np.nan_to_num(case.unit[rows], nan=-1.0) / GRAIN)
    _, first, where = np.unique(grains, axis=0, return_index=True, return_inverse=True)
    repeated = rows[first[where] != np.arange(len(rows))]
    share = len(repeated) / len(rows)
    verdict = Verdict.WATCH if share > 0.05 else Verdict.OK
    if not len(repeated):
        said = f"All {len(rows)} trials have values of their own."
    else:
        said = f"{len(repeated)} of {len(rows)} trials have the values of an earlier one."
    advice = "Skip what was tried already; where the objective is noisy, repeat only the best."
    yield rule.finds(verdict, said, advice=advice, statistic=share, threshold=0.05, rows=repeated)


def failures(case: Case) -> Iterator[Finding]:
    """D12: the share of trials that failed, and the hyperparameter that tells them from the others."""
    rule = Rule("D12", "Failed trials")
    ended = case.rows_in(*_ENDED)
    if len(ended) < MIN_TRIALS:
        return
    failed = case.study.trials.state[ended] == TrialState.FAILED
    count = int(failed.sum())
    share = count / len(ended)
    verdict = graded(share, 0.1, 0.25)
    said = f"{count} of {len(ended)} trials failed." if count else "No trial failed."
    name, where = _where_failed(case, ended, failed) if verdict is not Verdict.OK else (None, "")
    advice = "Leave out the values that fail; look at the trials' notes."
    interval = share_interval(count, len(ended))
    yield rule.finds(
        verdict,
        said + where,
        advice=advice,
        parameter=name,
        statistic=share,
        interval=interval,
        threshold=0.1,
        rows=ended[failed],
    )


def _where_failed(
    case: Case, ended: NDArray[np.int64], failed: NDArray[np.bool_]
) -> tuple[str | None, str]:
    """Return the numeric parameter whose values differ most between failed and other trials."""
    found: list[tuple[float, str, str]] = []
    values = case.study.trials.values[ended]
    for k, parameter in enumerate(case.study.space):
        bad, good = values[failed, k], values[~failed, k]
        bad, good = bad[np.isfinite(bad)], good[np.isfinite(good)]
        if parameter.is_discrete_choice or not len(bad) or not len(good):
            continue
        p = float(mannwhitneyu(bad, good).pvalue)
        words = f" Their {parameter.name} is {number_text(float(np.median(bad)))} at the median, "
        words += f"that of the others {number_text(float(np.median(good)))}."
        found.append((p, parameter.name, words))
    if not found:
        return None, ""
    p, name, words = min(found)
    return (name, words) if p < CERTAIN / len(found) else (None, "")


def overfitting(case: Case) -> Iterator[Finding]:
    """D13: whether the curves of the best trials get worse again after their best step.

    Source: the Deep Learning Tuning Playbook ("problematic overfitting").
    """
    rule = Rule("D13", "After the best step")
    if case.curve is None:
        return
    best = case.rows[np.argsort(-case.quality, kind="stable")[:BEST]]
    falls = [(int(row), fall) for row in best if (fall := _fall(case, int(row))) is not None]
    if len(falls) < BEST:
        why = f"{len(falls)} of the best {BEST} trials have {MIN_POINTS} or more points of a curve."
        yield rule.lacks(why)
        return
    fallen = [row for row, fall in falls if fall > FALL]
    verdict = Verdict.WATCH if len(fallen) > 1 else Verdict.OK
    said = (
        f"{len(fallen)} of the best {BEST} trials end more than {FALL:.0%} of their curve's range "
        "short of its best."
    )
    advice = "Keep the checkpoint of the best step; regularise, or stop there."
    share = len(fallen) / BEST
    yield rule.finds(verdict, said, advice=advice, statistic=share, threshold=0.2, rows=fallen)


def _fall(case: Case, row: int) -> float | None:
    """Return how far a curve ends short of its best, as a share of its range; None for a short one."""
    _, quality = case.curve_of(row)
    if len(quality) < MIN_POINTS:
        return None
    reach = float(np.ptp(quality))
    means = np.convolve(quality, np.full(SMOOTHED, 1 / SMOOTHED), "valid")
    return float(means.max() - means[-1]) / reach if reach else 0.0
