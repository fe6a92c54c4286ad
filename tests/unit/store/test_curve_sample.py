"""Long curves keep their ends, their peaks and an even spread of steps."""

from __future__ import annotations

import numpy as np
import pytest

from hypertendril.model import CurvePoints
from hypertendril.store import Batch, ExperimentStore
from hypertendril.store.curve_sample import CurveSample, sample_of
from hypertendril.store.records import POINT


def records(trial, metric, step, value):
    made = np.zeros(len(step), POINT)
    made["trial"], made["metric"], made["step"], made["value"] = trial, metric, step, value
    return made


def held(sample):
    return CurvePoints(**{name: array[: sample.n] for name, array in sample.arrays.items()})


def test_a_curve_no_longer_than_twice_the_cap_is_held_whole():
    sample = CurveSample(1, cap=10)
    sample.extend(records(0, 0, np.arange(20), np.arange(20)), 1)
    sample.settle()
    assert sample.n == 20
    assert not sample.has_samples


def test_a_long_curve_is_thinned_to_the_cap_and_keeps_ends_and_extremes():
    step = np.arange(1000.0)
    value = np.sin(step / 50)
    value[333], value[777] = 40, -40
    sample = CurveSample(1, cap=32)
    sample.extend(records(0, 0, step, value), 1)
    sample.settle()
    steps, values = held(sample).of(0, 0)
    assert 16 <= len(steps) <= 32
    assert sample.has_samples
    assert {0, 333, 777, 999} <= set(steps)
    assert (values.max(), values.min()) == (40, -40)
    assert np.diff(steps).max() <= 2 * 1000 / 15


def test_a_curve_streamed_point_by_point_stays_evenly_spread():
    sample = CurveSample(1, cap=64)
    rng = np.random.default_rng(0)
    for step in range(5000):
        sample.extend(records(0, 0, [step], rng.normal(size=1)), 1)
        sample.settle()
        assert sample.n <= 129
    steps, _ = held(sample).of(0, 0)
    thinned = steps[steps < 4800]  # what came since the last thinning is still whole
    assert 0.4 < (thinned < 2400).mean() < 0.6


def test_short_curves_are_untouched_when_a_long_one_is_thinned():
    sample = CurveSample(2, cap=16)
    sample.extend(records(0, 1, [5, 3, 4], [1.0, np.nan, np.inf]), 2)
    sample.extend(records(7, 0, np.arange(100), np.arange(100)), 2)
    sample.settle()
    curves = held(sample)
    np.testing.assert_array_equal(curves.of(0, 1), [[3, 4, 5], [np.nan, np.inf, 1]])
    assert len(curves.of(7, 0)[0]) <= 16


def test_of_repeated_steps_the_last_report_is_sampled():
    step = np.concatenate((np.arange(50.0), np.arange(50.0)))
    value = np.concatenate((np.full(50, 99.0), np.arange(50.0)))
    chosen = sample_of(np.zeros(100, np.int64), np.zeros(100, np.int16), step, value, 20)
    assert (chosen >= 50).all()
    assert len(chosen) <= 20


@pytest.mark.parametrize(
    "value", [np.full(90, np.nan), np.full(90, np.inf), np.zeros(90), np.r_[np.nan, np.arange(89)]]
)
def test_curves_without_a_shape_are_sampled_too(value):
    steps = np.arange(90.0)
    chosen = sample_of(np.zeros(90, np.int64), np.zeros(90, np.int16), steps, value, 20)
    assert {0, 89} <= set(chosen.tolist())
    assert len(chosen) <= 20


def test_points_that_are_not_numbers_hide_no_peak():
    value = np.full(200, np.nan)
    value[[61, 62, 63]] = 1, 50, -50
    zero = np.zeros(200, np.int64)
    chosen = sample_of(zero, zero.astype(np.int16), np.arange(200.0), value, 20)
    assert {62, 63} <= set(chosen.tolist())


def test_enormous_and_equal_steps_are_sampled_without_overflow():
    steps = np.linspace(-1, 1, 50) * 1.7e308
    zero = np.zeros(50, np.int64)
    assert len(sample_of(zero, zero.astype(np.int16), steps, steps, 10)) <= 10
    assert sample_of(zero, zero.astype(np.int16), np.ones(50), steps, 10).tolist() == [49]


def test_reading_much_at_once_stays_within_bounds():
    sample = CurveSample(1, cap=16)
    for chunk in range(20):
        trial = np.repeat(np.arange(100), 100)
        step = np.tile(np.arange(100) + 100 * chunk, 100)
        sample.extend(records(trial, 0, step, step), 1)
        assert sample.n < 100_000
    sample.settle()
    assert sample.n <= 100 * 16
    assert all(held(sample).of(trial, 0)[0].max() == 1999 for trial in (0, 50, 99))


def test_the_store_reads_a_long_curve_whole_from_disk(folder, header, trials, points):
    step = np.arange(3000.0)
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header)
        store.append(study_id, Batch(trials=trials(3)))
        for part in np.array_split(step, 7):
            store.append(study_id, Batch(curves=points(1, 1, part)))
            store.append(study_id, Batch(curves=points(2, 1, part[:3], part[:3] * 0)))
        assert len(store.snapshot(study_id).curves.of(1, 1)[0]) <= 1024
        np.testing.assert_array_equal(store.curve(study_id, 1, 1), [step, step / 10])
    with ExperimentStore.open(folder) as store:
        assert len(store.snapshot(study_id).curves.of(1, 1)[0]) <= 1024
        np.testing.assert_array_equal(store.curve(study_id, 1, 1), [step, step / 10])
        assert len(store.curve(study_id, 2, 1)[0]) == 21


def test_a_store_in_memory_keeps_long_curves_whole(header, trials, points):
    with ExperimentStore.open(None) as store:
        study_id = store.create(header)
        store.append(study_id, Batch(trials=trials(1), curves=points(0, 0, np.arange(3000))))
        assert len(store.curve(study_id, 0, 0)[0]) == 3000
