"""What a change of the input must, or must not, do to the shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hypertendril.analysis.importance.estimate import importance_of
from hypertendril.model import Parameter, ParameterKind, Study

StudyOf = Callable[..., Study]


def unit(name: str) -> Parameter:
    return Parameter(name, ParameterKind.FLOAT, 0.0, 1.0)


# A Gaussian process, and gradient boosting or a forest.
@pytest.fixture(params=[120, 500])
def x(request: pytest.FixtureRequest) -> np.ndarray:
    values: np.ndarray = np.random.default_rng(11).random((request.param, 3))
    return values


def score(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sin(4 * x[:, 0]) + x[:, 1] + 2 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5)
    return found


def test_a_log_scale_is_the_same_as_the_log_of_it(study_of: StudyOf, x: np.ndarray) -> None:
    plain = importance_of(study_of(score(x), values=x, space=(unit("a"), unit("b"), unit("c"))))
    rate = Parameter("a", ParameterKind.FLOAT, 1e-5, 1e-1, log=True)
    spread = np.column_stack([10 ** (-5 + 4 * x[:, 0]), 1000 * x[:, 1] - 500, x[:, 2]])
    wide = Parameter("b", ParameterKind.FLOAT, -500.0, 500.0)
    found = importance_of(study_of(score(x), values=spread, space=(rate, wide, unit("c"))))
    assert found.surrogate == plain.surrogate
    assert found.singles == pytest.approx(plain.singles, abs=0.02)


def test_the_order_of_trials_and_parameters_changes_nothing(
    study_of: StudyOf, x: np.ndarray
) -> None:
    plain = importance_of(study_of(score(x), values=x, space=(unit("a"), unit("b"), unit("c"))))
    rows = np.random.default_rng(0).permutation(len(x))
    turned = study_of(score(x)[rows], values=x[rows][:, ::-1], space=tuple(map(unit, "cba")))
    found = importance_of(turned)
    assert found.singles == pytest.approx(plain.singles, abs=1e-9)
    assert found.shadow == pytest.approx(plain.shadow, abs=1e-9)


def test_a_duplicated_parameter_shares_what_the_one_had(study_of: StudyOf, x: np.ndarray) -> None:
    plain = importance_of(study_of(score(x), values=x, space=tuple(map(unit, "abc"))))
    twice = np.column_stack([x, x[:, 0]])
    found = importance_of(study_of(score(x), values=twice, space=tuple(map(unit, "abcd"))))
    # Over the whole space the two are not equal, so part of it is their interaction.
    together = found.singles["a"] + found.singles["d"] + found.pairs["a", "d"]
    assert together == pytest.approx(plain.singles["a"], abs=0.12)
    assert found.singles["c"] < 0.02


def test_parameters_of_noise_take_little(study_of: StudyOf, x: np.ndarray) -> None:
    plain = importance_of(study_of(score(x), values=x, space=tuple(map(unit, "abc"))))
    noise = np.random.default_rng(3).random((len(x), 4))
    wider = study_of(score(x), values=np.hstack([x, noise]), space=tuple(map(unit, "abcdefg")))
    found = importance_of(wider)
    for name in "abc":
        assert found.singles[name] == pytest.approx(plain.singles[name], abs=0.05)
    assert max(found.singles[name] for name in "defg") < 0.01 + 2 * found.shadow
