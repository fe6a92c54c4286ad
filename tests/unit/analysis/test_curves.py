from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.curves import (
    BACKGROUND_POINTS,
    MAX_BACKGROUND,
    curve_order,
    curves_of_rows,
    moving_average,
    prepare_curve_frame,
    prepare_curves,
    thin,
)
from hypertendril.model import CurvePoints, Evaluations, Study

StudyOf = Callable[..., Study]


def with_curves(study: Study, names: tuple[str, ...], points: Sequence[tuple[float, ...]]) -> Study:
    """The study with curve points (trial, metric, step, value)."""
    columns = np.array(points, dtype=np.float64).reshape(-1, 4).T
    curves = CurvePoints(
        columns[0].astype(np.int64), columns[1].astype(np.int16), columns[2], columns[3]
    )
    return replace(study, header=replace(study.header, curve_names=names), curves=curves)


def rising(trial: int, top: float, length: int = 5, metric: int = 0) -> list[tuple[float, ...]]:
    return [(trial, metric, step, top * step / length) for step in range(1, length + 1)]


def test_moving_average_is_centred_and_shrinks_at_the_ends() -> None:
    values = np.array([0.0, 3.0, 6.0, 9.0])

    assert moving_average(values, 3).tolist() == [1.5, 3.0, 6.0, 7.5]


def test_moving_average_leaves_out_what_is_not_finite() -> None:
    values = np.array([1.0, np.nan, 3.0, np.inf, np.nan, np.nan])

    assert moving_average(values, 3).tolist()[:4] == [1.0, 2.0, 3.0, 3.0]
    assert np.isnan(moving_average(values, 3)[4:]).all()


@pytest.mark.parametrize("window", [0, 1])
def test_a_window_of_one_point_smooths_nothing(window: int) -> None:
    values = np.array([1.0, np.nan, 3.0])

    np.testing.assert_array_equal(moving_average(values, window), values)


def test_a_window_longer_than_the_curve_gives_its_mean() -> None:
    assert moving_average(np.array([1.0, 2.0, 6.0]), 99).tolist() == [3.0, 3.0, 3.0]


def test_thinning_keeps_the_ends_and_a_spike_of_one_step() -> None:
    values = np.zeros(10_000)
    values[4321], values[777] = 50.0, -50.0

    kept = thin(values, 100)

    assert len(kept) <= 100
    assert {0, 777, 4321, 9_999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_thinning_a_curve_of_nan_keeps_some_points() -> None:
    assert 2 <= len(thin(np.full(1000, np.nan), 10)) <= 10


def test_a_short_curve_is_not_thinned() -> None:
    assert thin(np.arange(7.0), 8).tolist() == list(range(7))


def test_curves_are_smoothed_before_they_are_thinned() -> None:
    step, value = np.arange(2000.0), np.tile([0.0, 1.0], 1000)

    (curve,) = prepare_curves(lambda _row, _metric: (step, value), [4], ["loss"], window=21)

    assert len(curve.step) <= 400
    assert np.abs(curve.smooth - 0.5).max() < 0.05
    assert set(curve.raw.tolist()) == {0.0, 1.0}


def test_trials_without_a_curve_are_left_out() -> None:
    none = np.zeros(0)

    assert prepare_curves(lambda _row, _metric: (none, none), [0, 1], ["loss"]) == ()


def test_objectives_come_first_then_losses_of_validation(study_of: StudyOf) -> None:
    names = ("lr", "train_loss", "val_loss", "accuracy")
    study = with_curves(study_of([0.1]), names, [])

    assert curve_order(study) == ("accuracy", "val_loss", "train_loss", "lr")


def test_a_diverged_curve_does_not_stretch_the_axis(study_of: StudyOf) -> None:
    points = [point for trial in range(20) for point in rising(trial, 1.0 + trial / 100)]
    points += [(20, 0, step, 10.0**step) for step in range(1, 6)]
    study = with_curves(study_of([0.5] * 21), ("loss",), points)

    (panel,) = prepare_curve_frame(study, ["loss"]).panels

    assert panel.high < 1.5
    assert (panel.n_curves, panel.n_wild) == (21, 1)


def test_first_high_values_of_every_curve_stay_on_the_axis(study_of: StudyOf) -> None:
    falling = [(trial, 0, step, 100.0 / step**3) for trial in range(9) for step in range(1, 50)]
    study = with_curves(study_of([0.5] * 9), ("loss",), falling)

    (panel,) = prepare_curve_frame(study, ["loss"]).panels

    assert panel.high >= 100
    assert panel.n_wild == 0


def test_values_that_are_not_finite_do_not_reach_the_axis(study_of: StudyOf) -> None:
    points = [*rising(0, 1.0), (0, 0, 6, np.inf), (0, 0, 7, np.nan)]
    data = prepare_curve_frame(with_curves(study_of([0.5]), ("loss",), points), ["loss"])

    assert np.isfinite([data.panels[0].low, data.panels[0].high, data.last_step]).all()


def test_a_constant_curve_gets_an_axis_around_it(study_of: StudyOf) -> None:
    study = with_curves(study_of([0.5]), ("loss",), [(0, 0, 1, 2.0), (0, 0, 2, 2.0)])
    (panel,) = prepare_curve_frame(study, ["loss"]).panels

    assert panel.low < 2.0 < panel.high


def test_a_single_step_gets_an_axis_with_a_length(study_of: StudyOf) -> None:
    data = prepare_curve_frame(with_curves(study_of([0.5]), ("loss",), [(0, 0, 3, 2.0)]), ["loss"])

    assert (data.first_step, data.last_step) == (2.5, 3.5)
    assert data.is_whole


@pytest.mark.parametrize("points", [[], [(0, 0, 1, np.nan)]])
def test_without_a_finite_point_there_is_no_panel(
    study_of: StudyOf, points: Sequence[tuple[float, ...]]
) -> None:
    data = prepare_curve_frame(with_curves(study_of([0.5]), ("loss",), points), ["loss", "none"])

    assert data.panels == ()


def test_the_background_is_a_small_even_sample(study_of: StudyOf) -> None:
    n = 1000
    points = [point for trial in range(n) for point in rising(trial, 1.0, 60)]
    (panel,) = prepare_curve_frame(
        with_curves(study_of([0.5] * n), ("loss",), points), ["loss"]
    ).panels

    rows = [curve.row for curve in panel.background]
    assert len(rows) <= MAX_BACKGROUND
    assert np.ptp(np.diff(rows)) == 0
    assert max(len(curve.step) for curve in panel.background) <= BACKGROUND_POINTS


def test_points_of_some_rows_are_all_their_points(study_of: StudyOf) -> None:
    study = with_curves(
        study_of([0.5] * 3), ("loss",), [*rising(0, 1), *rising(2, 2), *rising(1, 3)]
    )

    few = curves_of_rows(study.curves, np.array([2, 0]), 3)

    assert few.trial.tolist() == [0] * 5 + [2] * 5


def test_rungs_are_the_resources_at_which_trials_were_compared(study_of: StudyOf) -> None:
    study = with_curves(study_of([0.5]), ("loss",), rising(0, 1.0, 20))
    looked = Evaluations.empty(4)
    looked.rung[:], looked.resource[:] = [0, 1, 1, -1], [3.0, 9.0, 9.0, 11.0]

    assert prepare_curve_frame(replace(study, evaluations=looked), ["loss"]).rungs == (3.0, 9.0)


def test_a_mark_at_every_step_is_no_mark(study_of: StudyOf) -> None:
    study = with_curves(study_of([0.5]), ("loss",), rising(0, 1.0, 40))
    looked = Evaluations.empty(40)
    looked.rung[:], looked.resource[:] = 0, np.arange(1, 41)

    assert prepare_curve_frame(replace(study, evaluations=looked), ["loss"]).rungs == ()
