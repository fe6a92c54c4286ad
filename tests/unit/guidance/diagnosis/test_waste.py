from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypertendril.guidance.diagnosis import Verdict, diagnose
from hypertendril.model import CurvePoints, Evaluations, Study, Trials, TrialState
from tests.unit.guidance.diagnosis.studies import found, only, real, study_of, with_curves


def test_a_trial_with_the_values_of_an_earlier_one_is_a_repeat() -> None:
    values = np.linspace(0, 1, 20)
    values[[5, 7, 9]] = values[2], values[2] + 1e-5, values[3]
    finding = only(study_of([real("x")], values, np.arange(20)), "D10")
    assert (finding.verdict, finding.rows) == (Verdict.WATCH, (5, 7, 9))
    assert finding.statistic == pytest.approx(0.15)
    distinct = study_of([real("x")], np.linspace(0, 1, 20), np.arange(20))
    assert only(distinct, "D10").verdict is Verdict.OK


def failing(share: float) -> Study:
    """Return a search of 100 trials that fails where the learning rate is highest."""
    values = np.linspace(1e-3, 1, 100)
    study = study_of([real("lr"), real("x")], np.column_stack([values, values[::-1] % 0.1]), values)
    state = np.where(np.arange(100) >= 100 * (1 - share), TrialState.FAILED, TrialState.COMPLETE)
    return replace(study, trials=replace(study.trials, state=state.astype(np.int8)))


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(0.0, Verdict.OK), (0.1, Verdict.OK), (0.2, Verdict.WATCH), (0.5, Verdict.ACT)],
)
def test_failures_are_counted_and_the_parameter_that_tells_them_is_named(
    share: float, verdict: Verdict
) -> None:
    finding = only(failing(share), "D12")
    assert finding.verdict is verdict
    assert finding.statistic == pytest.approx(share)
    assert finding.parameter == (None if verdict is Verdict.OK else "lr")
    assert len(finding.rows) == round(100 * share)


@pytest.mark.parametrize(("fall", "verdict"), [(0.5, Verdict.WATCH), (0.0, Verdict.OK)])
def test_curves_that_fall_after_their_peak_are_told(fall: float, verdict: Verdict) -> None:
    rise = np.linspace(0, 1, 20)
    curve = np.concatenate([rise, np.linspace(1, 1 - fall, 10)])
    study = study_of([real("x")], np.linspace(0, 1, 10), np.arange(10))
    finding = only(with_curves(study, dict.fromkeys(range(10), curve)), "D13")
    assert finding.verdict is verdict
    assert set(finding.rows) <= {5, 6, 7, 8, 9}


def test_the_most_urgent_comes_first() -> None:
    order = list(Verdict)
    places = [order.index(finding.verdict) for finding in diagnose(failing(0.5))]
    assert places == sorted(places)
    assert places[0] == 0


def test_a_study_without_anything_is_diagnosed_without_a_word() -> None:
    study = study_of([], np.empty((0, 0)), [])
    empty = replace(
        study,
        trials=Trials.empty(0, 0, 1, 0),
        evaluations=Evaluations.empty(),
        curves=CurvePoints.empty(),
    )
    assert not any(finding.verdict is Verdict.ACT for finding in diagnose(empty))


def test_values_that_are_not_finite_harm_no_rule() -> None:
    generator = np.random.default_rng(0)
    values = generator.uniform(size=(120, 2))
    values[::7, 0] = np.nan
    quality = generator.normal(size=120)
    quality[::5], quality[1::11] = np.nan, np.inf
    study = study_of([real("x"), real("y", 0, 5)], values, quality, method="tpe")
    assert all(np.isfinite(f.statistic) for f in diagnose(study) if f.statistic is not None)


def test_a_circle_of_parents_comes_to_an_end() -> None:
    study = study_of([real("x")], np.linspace(0, 1, 40), np.arange(40))
    parent = np.roll(np.arange(40), 1)
    assert found(replace(study, trials=replace(study.trials, parent=parent)), "D2")
