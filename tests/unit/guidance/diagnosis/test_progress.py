from __future__ import annotations

import numpy as np
import pytest

from hypertendril.guidance.diagnosis import Verdict
from hypertendril.model import Study
from tests.unit.guidance.diagnosis.studies import found, only, real, study_of

XY = [real("x"), real("y")]


@pytest.mark.parametrize(("n", "mean"), [(30, 4.0), (100, 5.2), (500, 6.8)])
def test_random_search_has_as_many_records_as_the_theory_says(n: int, mean: float) -> None:
    counts = []
    for seed in range(200):
        values = np.random.default_rng(seed).uniform(size=n)
        finding = only(study_of([real("x")], values, values), "D7")
        assert f"random search has {mean:.1f}" in finding.said
        counts.append(len(finding.rows))
    assert np.mean(counts) == pytest.approx(mean, abs=0.5)


def test_a_search_that_found_its_best_long_ago_is_told() -> None:
    generator = np.random.default_rng(0)
    quality = np.append([5.0], generator.normal(size=99))
    finding = only(study_of([real("x")], generator.uniform(size=100), quality), "D7")
    assert (finding.verdict, finding.rows) == (Verdict.ACT, (0,))
    assert finding.statistic == pytest.approx(0.99)


def test_a_search_whose_trials_still_get_better_is_not() -> None:
    generator = np.random.default_rng(0)
    quality = np.append([50.0], np.arange(99) / 10 + generator.normal(size=99))
    assert (
        only(study_of([real("x")], generator.uniform(size=100), quality), "D7").verdict
        is Verdict.OK
    )


def guided(gain: float, seed: int, n: int = 60) -> Study:
    """Return a guided search whose trials get better by `gain` standard deviations after its start."""
    generator = np.random.default_rng(seed)
    quality = generator.normal(size=n) + gain * (np.arange(n) >= 10)
    return study_of(XY, generator.uniform(size=(n, 2)), quality, method="tpe + hyperband")


def test_a_guided_search_is_held_against_its_random_start() -> None:
    learns = [only(guided(2.0, seed), "D8").verdict for seed in range(30)]
    idle = [only(guided(0.0, seed), "D8").verdict for seed in range(30)]
    reversed_ = [only(guided(-2.0, seed), "D8").verdict for seed in range(30)]
    assert sum(verdict is Verdict.OK for verdict in learns) >= 29
    assert sum(verdict is Verdict.OK for verdict in idle) <= 8
    assert sum(verdict is Verdict.ACT for verdict in reversed_) >= 29


def test_random_search_is_not_asked_whether_it_learns() -> None:
    generator = np.random.default_rng(0)
    study = study_of(XY, generator.uniform(size=(90, 2)), generator.normal(size=90))
    assert not found(study, "D8")
    assert not found(study, "D9")


@pytest.mark.parametrize(("width", "verdict"), [(0.01, Verdict.ACT), (1.0, Verdict.OK)])
def test_a_search_that_stays_in_one_place_and_finds_nothing_there_is_told(
    width: float, verdict: Verdict
) -> None:
    generator = np.random.default_rng(0)
    points = generator.uniform(size=(90, 2))
    points[60:] = 0.3 + width * (points[60:] - 0.5)
    quality = np.append(generator.uniform(size=60), np.full(30, 0.5))
    finding = only(study_of(XY, points, quality, method="tpe"), "D9")
    assert (finding.verdict, len(finding.rows)) == (verdict, 30)


def test_a_search_that_gets_better_in_one_place_may_stay_there() -> None:
    generator = np.random.default_rng(0)
    points = generator.uniform(size=(90, 2))
    points[60:] = 0.3 + 0.01 * points[60:]
    quality = np.append(generator.uniform(size=60), np.full(30, 2.0))
    assert only(study_of(XY, points, quality, method="tpe"), "D9").verdict is Verdict.OK
