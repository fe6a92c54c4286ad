from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.importance.estimate import importance_of
from hypertendril.analysis.importance.promising_bands import joint_box, marginal_band
from hypertendril.model import Condition, Parameter, ParameterKind, Study

StudyOf = Callable[..., Study]
LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1.0, log=True)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c"))
WIDTH = Parameter("width", ParameterKind.INT, 1, 64)


@pytest.fixture
def study(study_of: StudyOf) -> Study:
    """Best at lr = 0.01 and kind b; width does nothing."""
    rng = np.random.default_rng(4)
    unit, kind, width = rng.random(240), rng.integers(0, 3, 240), rng.integers(1, 65, 240)
    score = -4 * (unit - 0.5) ** 2 + 0.5 * (kind == 1) + 0.02 * rng.standard_normal(240)
    values = np.column_stack([10 ** (-4 + 4 * unit), kind, width])
    return study_of(score, space=(LR, KIND, WIDTH), values=values)


def test_the_marginal_band_is_where_a_parameter_by_itself_is_surely_good(study: Study) -> None:
    found = marginal_band(study, importance_of(study))
    assert found is not None
    lr = found.space["lr"]
    assert lr.low is not None and lr.high is not None
    assert 1e-4 < lr.low < 0.01 < lr.high < 1.0
    assert found.space["kind"].choices == ("b",)
    assert found.space["width"] == WIDTH
    assert found.n_inside >= 5


def test_the_joint_box_is_around_what_the_model_expects_to_be_best(study: Study) -> None:
    found = joint_box(study, importance_of(study))
    assert found is not None
    assert found.space["kind"].choices == ("b",)
    assert 0 < found.kept_volume < 0.4
    assert found.n_inside >= 5


def test_no_range_is_narrower_than_its_trials(study_of: StudyOf) -> None:
    x = np.append(np.linspace(0, 0.6, 60), [0.97])
    score = np.where(x > 0.9, 5.0, 0.0) + x
    study = study_of(score, values=x[:, None])
    for find in (marginal_band, joint_box):
        found = find(study, importance_of(study))
        if found is None:
            continue
        low, high = found.space["x"].low, found.space["x"].high
        assert low is not None and high is not None
        assert ((x >= low) & (x <= high)).sum() >= 8


def test_noise_has_neither_band_nor_box(study_of: StudyOf) -> None:
    rng = np.random.default_rng(1)
    x = rng.random((60, 1))
    study = study_of(rng.standard_normal(60), values=x)
    found = importance_of(study)
    assert not found.has_ranks
    assert marginal_band(study, found) is None
    assert joint_box(study, found) is None


@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_trials_have_neither(study_of: StudyOf, n: int) -> None:
    study = study_of(np.arange(float(n)), values=np.linspace(0, 1, n)[:, None])
    found = importance_of(study)
    assert marginal_band(study, found) is None
    assert joint_box(study, found) is None


def test_a_parameter_that_is_not_always_there_keeps_the_trials_without_it(
    study_of: StudyOf,
) -> None:
    rng = np.random.default_rng(2)
    opt = Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))
    mom = Parameter("mom", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd",)))
    code, unit = rng.integers(0, 2, 200), rng.random(200)
    values = np.column_stack([code, np.where(code == 0, unit, np.nan)])
    study = study_of(np.where(code == 0, unit, 0.9), space=(opt, mom), values=values)
    found = joint_box(study, importance_of(study))
    assert found is not None
    assert 0 < found.kept_volume <= 1
