from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from hypertendril.guidance.diagnosis import Verdict
from hypertendril.model import Direction, Outcome, Study
from tests.unit.guidance.diagnosis.studies import (
    found,
    only,
    real,
    study_of,
    with_curves,
    with_looks,
)

DEPTHS = np.array([20, 32, 44, 56, 110, 164])
END = 400


def networks(steps: int, seed: int, *, direction: Direction = Direction.MAXIMIZE) -> Study:
    """Return twenty networks of which ten were stopped after `steps`: deeper ones are better, and slower."""
    generator = np.random.default_rng(seed)
    depth = generator.choice(DEPTHS, 20)
    length = np.log(depth / 20) / np.log(8.2)
    ends = 52 + 24.7 * length + generator.normal(0, 3, 20)
    speed = 4 + 60 * length * generator.uniform(0.7, 1.3, 20)
    grid = np.arange(1, END + 1)
    curves = ends[:, None] * (1 - np.exp(-grid / speed[:, None]))
    curves += generator.normal(0, 0.6, curves.shape)
    # An error in per cent falls as the accuracy rises, and is far from zero as well.
    shown = curves if direction is Direction.MAXIMIZE else 100 - curves
    study = study_of(
        [real("depth", 20, 164)], depth, direction.sign * shown[:, -1], direction=direction
    )
    stopped = np.argsort(curves[:, steps - 1])[:10]
    looks = np.where(np.isin(np.arange(20), stopped), Outcome.DISCARDED, Outcome.PROMOTED)
    rows = [*range(20), *(row for row in range(20) if row not in stopped)]
    seen = with_looks(
        study,
        rows,
        [shown[row, steps - 1] for row in range(20)] + [shown[row, -1] for row in rows[20:]],
        resource=[steps] * 20 + [END] * 10,
        outcome=[*looks, *[Outcome.FINAL] * 10],
        rung=[0] * 20 + [1] * 10,
    )
    kept = {row: shown[row, : steps if row in stopped else END] for row in range(20)}
    return with_curves(seen, kept)


@pytest.mark.parametrize(
    ("steps", "least", "most"),
    [(5, 0.95, 1), (20, 0.95, 1), (80, 0.7, 1), (200, 0, 0.2), (300, 0, 0)],
)
def test_trials_stopped_while_they_learn_are_told_and_no_others(
    steps: int, least: float, most: float
) -> None:
    verdicts = [only(networks(steps, seed), "D1").verdict for seed in range(40)]
    share = np.mean([verdict is Verdict.ACT for verdict in verdicts])
    assert least <= share <= most


def test_an_error_that_falls_is_learning_too() -> None:
    verdict = only(networks(20, 1, direction=Direction.MINIMIZE), "D1").verdict
    assert verdict is Verdict.ACT


def test_an_early_end_names_the_step_and_the_trials_that_still_rose() -> None:
    finding = only(networks(5, 0), "D1")
    assert "5 steps" in finding.said
    assert finding.interval is not None
    assert finding.statistic is not None
    assert finding.interval[0] < finding.statistic <= finding.interval[1]
    assert len(finding.rows) == round(finding.statistic * 20)


def test_a_search_that_stops_nothing_is_not_judged_for_it() -> None:
    study = study_of([real("x")], np.linspace(0, 1, 40), np.arange(40))
    assert not found(study, "D1")
    assert not found(study, "D16")


def test_curves_that_are_too_short_are_too_little() -> None:
    finding = only(networks(3, 0), "D1")
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.statistic is None


def halved(early: np.ndarray, late: np.ndarray) -> Study:
    """Return trials trained to the end whatever they had reached, beside some that were stopped."""
    n = len(early)
    curves = {row: np.linspace(early[row], late[row], 9) for row in range(n)}
    study = study_of([real("x")], np.linspace(0, 1, n + 4), np.append(late, [0, 0, 0, 0]))
    looked = with_looks(
        study,
        range(n + 4),
        np.append(late, [0, 0, 0, 0]),
        resource=[9] * n + [1] * 4,
        outcome=[Outcome.FINAL] * n + [Outcome.DISCARDED] * 4,
        rung=[1] * n + [0] * 4,
    )
    return with_curves(looked, curves)


def test_the_rank_correlation_is_that_of_ranks() -> None:
    generator = np.random.default_rng(3)
    early, late = generator.normal(size=30), generator.normal(size=30)
    finding = only(halved(early, late), "D1b")
    assert finding.statistic == pytest.approx(np.corrcoef(rankdata(early), rankdata(late))[0, 1])


@pytest.mark.parametrize(("sign", "verdict"), [(1.0, Verdict.OK), (-1.0, Verdict.ACT)])
def test_a_lowest_rung_that_ranks_trials_the_wrong_way_is_told(
    sign: float, verdict: Verdict
) -> None:
    early = np.random.default_rng(0).normal(size=20)
    late = sign * early + 0.1 * np.random.default_rng(1).normal(size=20)
    assert only(halved(early, late), "D1b").verdict is verdict


@pytest.mark.parametrize(("is_right", "verdict"), [(True, Verdict.OK), (False, Verdict.ACT)])
def test_a_scheduler_that_was_told_the_wrong_direction_is_found_out(
    verdict: Verdict, *, is_right: bool
) -> None:
    values = np.arange(27.0)
    best_third = values >= 18 if is_right else values < 9
    study = with_looks(
        study_of([real("x")], values / 27, values),
        range(27),
        values,
        resource=1,
        outcome=np.where(best_third, Outcome.PROMOTED, Outcome.DISCARDED).tolist(),
        rung=0,
    )
    finding = only(study, "D16")
    assert finding.verdict is verdict
    assert finding.statistic == float(is_right)


def test_trials_of_different_rungs_are_not_compared() -> None:
    study = with_looks(
        study_of([real("x")], np.arange(20) / 20, np.arange(20)),
        range(20),
        [*range(10, 20), *range(10)],
        resource=[1] * 10 + [3] * 10,
        outcome=[*[Outcome.DISCARDED] * 5, *[Outcome.PROMOTED] * 5] * 2,
        rung=[0] * 10 + [1] * 10,
    )
    assert only(study, "D16").statistic == 1.0
    turned = replace(study, evaluations=replace(study.evaluations, value=-study.evaluations.value))
    assert only(turned, "D16").statistic == 0.0
