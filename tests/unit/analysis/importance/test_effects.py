from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.importance.effects import (
    focused,
    prepare_effects,
    ranked_effects,
    strongest_partner,
)
from hypertendril.analysis.importance.estimate import Importance, importance_of
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
)

StudyOf = Callable[..., Study]

LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True)
WIDTH = Parameter("width", ParameterKind.INT, 1, 64)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c"))


def imagined(r2: float = 0.8) -> Importance:
    """An importance of parameters a to d with hand-made shares."""
    return replace(
        importance_of_nothing(),
        r2=r2,
        singles={"a": 0.2, "b": 0.4, "c": 0.05, "d": 0.1},
        pairs={("a", "b"): 0.01, ("a", "c"): 0.12, ("c", "d"): 0.0001},
        band={"a": 0.02, "b": 0.03, "c": 0.0, "d": 0.0},
    )


def importance_of_nothing() -> Importance:
    header = StudyHeader("s", SearchSpace(), (Objective("y", Direction.MAXIMIZE),))
    empty = Study("id", header, Trials.empty(0, 0, 1, 0), Evaluations.empty(), CurvePoints.empty())
    return importance_of(empty)


@pytest.fixture
def real(study_of: StudyOf) -> Study:
    """Accuracy depends on lr alone, over 60 trials."""
    rng = np.random.default_rng(1)
    lr = 10 ** rng.uniform(-4, -1, 60)
    values = np.stack([lr, rng.integers(1, 65, 60), rng.integers(0, 3, 60)], axis=1)
    return study_of(1 - (np.log10(lr) + 2.5) ** 2, space=(LR, WIDTH, KIND), values=values)


def test_effects_are_ranked_by_share_and_tiny_pairs_are_left_out() -> None:
    names = [effect.names for effect in ranked_effects(imagined())]

    assert names == [("b",), ("a",), ("a", "c"), ("d",), ("c",), ("a", "b")]


def test_singles_are_never_dropped_for_a_pair() -> None:
    names = [effect.names for effect in ranked_effects(imagined(), limit=4)]

    assert names == [("b",), ("a",), ("d",), ("c",)]


def test_where_ranks_are_noise_the_singles_keep_the_order_of_the_space() -> None:
    names = [effect.names for effect in ranked_effects(imagined(r2=-0.3))]

    assert names == [("a",), ("b",), ("c",), ("d",)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((), ("b", "a")),
        (("a",), ("a", "c")),
        (("d", "a"), ("d", "a")),
        (("gone", "a"), ("a", "c")),
        (("a", "a"), ("a", "c")),
    ],
)
def test_the_focus_is_what_was_asked_for_else_the_most_telling(
    asked: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert focused(imagined(), asked) == found


def test_without_an_interaction_the_partner_is_the_most_important_other() -> None:
    lonely = replace(imagined(), pairs={})

    assert strongest_partner(lonely, "b") == "a"
    assert strongest_partner(lonely, "a") == "b"


def test_the_only_parameter_has_no_partner(study_of: StudyOf) -> None:
    data = prepare_effects(study_of([0.1, 0.2]), importance_of(study_of([0.1, 0.2])))

    assert data.focus == ("x",)
    assert data.surface is None


def test_the_marginal_spans_the_axis_and_peaks_where_the_objective_does(real: Study) -> None:
    data = prepare_effects(real, importance_of(real))

    assert data.focus[0] == "lr"
    assert data.marginal is not None
    assert data.marginal.position[[0, -1]].tolist() == pytest.approx([0, 1])
    assert data.marginal.position[np.argmax(data.marginal.mean)] == pytest.approx(0.5, abs=0.15)


def test_the_surface_has_a_row_for_each_value_of_its_second_parameter(real: Study) -> None:
    data = prepare_effects(real, importance_of(real), ["lr", "kind"])

    assert data.surface is not None
    assert data.surface.y.tolist() == [0.0, 0.5, 1.0]
    assert data.surface.mean.shape == (3, len(data.surface.x))


def test_a_study_without_parameters_has_no_effects() -> None:
    nothing = importance_of_nothing()

    assert ranked_effects(nothing) == ()
    assert focused(nothing, ("a",)) == ()
