from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.importance.promising import is_inside, kept_volume, promising_ranges
from hypertendril.model import Parameter, ParameterKind, SearchSpace, Study

StudyOf = Callable[..., Study]

X = Parameter("x", ParameterKind.FLOAT, 0.0, 1.0)
LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True)
OPT = Parameter("opt", ParameterKind.CATEGORICAL, choices=("adam", "sgd", "rms"))
DEPTH = Parameter("depth", ParameterKind.INT, 1, 10)


def test_the_range_holds_the_inner_quantiles_of_the_best_fifth(study_of: StudyOf) -> None:
    x = np.linspace(0, 1, 101)
    found = promising_ranges(study_of(x, values=x[:, None], space=(X,)))
    # The best 21 of 101 are 0.80 ... 1.00.
    assert found.n_best == 21
    assert found.space["x"].low == pytest.approx(0.81)
    assert found.space["x"].high == pytest.approx(0.99)
    assert found.kept_volume == pytest.approx(0.18)
    assert (found.n_inside, found.n_shown) == (9, 10)


def test_a_log_parameter_is_narrowed_in_its_scale(study_of: StudyOf) -> None:
    unit = np.linspace(0, 1, 101)
    lr = LR.from_unit(unit)
    found = promising_ranges(study_of(unit, values=lr[:, None], space=(LR,), maximize=False))
    narrowed = found.space["lr"]
    assert (narrowed.low, narrowed.high) == pytest.approx((10**-3.96, 10**-3.24))


def test_a_converged_search_keeps_a_tenth_of_the_axis(study_of: StudyOf) -> None:
    x = np.append(np.linspace(0, 1, 50), np.full(50, 0.99))
    score = np.append(np.zeros(50), np.ones(50))
    found = promising_ranges(study_of(score, values=x[:, None], space=(X,)))
    assert (found.space["x"].low, found.space["x"].high) == pytest.approx((0.9, 1.0))


def test_choices_are_kept_until_they_cover_the_best_trials(study_of: StudyOf) -> None:
    codes = np.repeat([0.0, 1.0, 2.0], 20)
    score = np.concatenate([np.ones(20), np.zeros(40)])
    found = promising_ranges(study_of(score, values=codes[:, None], space=(OPT,)))
    assert found.space["opt"].choices == ("adam",)
    assert found.kept_volume == pytest.approx(1 / 3)


def test_equally_frequent_choices_are_kept_together(study_of: StudyOf) -> None:
    codes, score = np.tile([0.0, 1.0, 2.0], 20), np.repeat([1.0, 0.0], 30)
    found = promising_ranges(study_of(score, values=codes[:, None], space=(OPT,)))
    assert found.space["opt"].choices == OPT.choices


def test_where_all_trials_are_equally_good_no_range_is_better(study_of: StudyOf) -> None:
    study = study_of(np.ones(40), values=np.linspace(0, 0.3, 40)[:, None])
    found = promising_ranges(study)
    assert (found.space, found.kept_volume, found.n_best) == (study.space, 1.0, 0)
    assert "equally good" in found.warnings[0]


def test_too_few_trials_keep_the_space_and_say_so(study_of: StudyOf) -> None:
    found = promising_ranges(study_of(np.arange(9.0)))
    assert found.space == study_of([]).space
    assert found.kept_volume == 1
    assert "9 scored trials" in found.warnings[0]


def test_a_parameter_seldom_active_among_the_best_keeps_its_range(study_of: StudyOf) -> None:
    values = np.full((50, 2), np.nan)
    values[:, 0] = np.linspace(0, 1, 50)
    space = (X, Parameter("y", ParameterKind.FLOAT, 0.0, 1.0))
    found = promising_ranges(study_of(values[:, 0], values=values, space=space))
    assert found.space["y"] == space[1]


def test_kept_volume_multiplies_the_axes() -> None:
    declared = SearchSpace((X, DEPTH, OPT))
    part = SearchSpace(
        (
            Parameter("x", ParameterKind.FLOAT, 0.0, 0.5),
            Parameter("depth", ParameterKind.INT, 1, 5),
            Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd",)),
        )
    )
    assert kept_volume(declared, part) == pytest.approx(0.5 * 0.5 / 3)


def test_choices_are_compared_by_what_they_are_not_by_their_code(study_of: StudyOf) -> None:
    study = study_of([1.0, 1.0, 1.0], values=[[0.0], [1.0], [np.nan]], space=(OPT,))
    part = SearchSpace((Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd",)),))
    assert is_inside(study, part).tolist() == [False, True, True]
