from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hypertendril.analysis.importance.joined import is_joinable, joined
from hypertendril.analysis.importance.metrics import NAIVE, asked_importance, asked_study
from hypertendril.model import Condition, Parameter, ParameterKind, Study

StudyOf = Callable[..., Study]
LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b"))


def named(study: Study, name: str) -> Study:
    return replace(study, id=name, header=replace(study.header, name=name), version=3)


@pytest.fixture
def pair(study_of: StudyOf) -> tuple[Study, Study]:
    """Two searches, the second half a point better and of other ranges and choices."""
    rng = np.random.default_rng(0)
    unit, code = rng.random((2, 80)), rng.integers(0, 2, (2, 80))
    first = study_of(
        unit[0], space=(LR, KIND), values=np.column_stack([10 ** (-4 + 3 * unit[0]), code[0]])
    )
    wider = replace(LR, high=1.0)
    turned = replace(KIND, choices=("c", "a"))
    second = study_of(
        unit[1] + 0.5,
        space=(wider, turned),
        values=np.column_stack([10 ** (-4 + 3 * unit[1]), code[1]]),
    )
    return named(first, "one"), named(second, "two")


def test_the_study_is_one_more_parameter_and_explains_what_differs(
    pair: tuple[Study, Study],
) -> None:
    found = asked_importance(pair[0], "objective:accuracy", pair[1:])
    assert list(found.singles) == ["lr", "kind", "study"]
    assert found.n_trials == 160
    assert found.singles["study"] > 0.2
    assert found.singles["lr"] > 0.2
    assert found.singles["kind"] < 0.05


def test_common_ranges_hold_all_and_choices_keep_their_meaning(pair: tuple[Study, Study]) -> None:
    found, said = joined(pair)
    assert (found.space["lr"].low, found.space["lr"].high) == (1e-4, 1.0)
    assert found.space["kind"].choices == ("a", "b", "c")
    assert found.space["study"].choices == ("one", "two")
    second = found.column("param:kind")[80:]
    assert set(second[pair[1].column("param:kind") == 1]) == {0.0}
    assert set(second[pair[1].column("param:kind") == 0]) == {2.0}
    assert "Of another range in some studies: lr, kind" in said[0]
    assert (found.id, found.version) == ("one", 6)


def test_what_not_all_studies_have_alike_is_left_out_and_said(
    pair: tuple[Study, Study], study_of: StudyOf
) -> None:
    linear = replace(LR, log=False)
    extra = Parameter("study", ParameterKind.FLOAT, 0.0, 1.0)
    other = study_of([1.0, 2.0], space=(linear, KIND, extra), values=[[0.1, 0, 0], [0.2, 1, 1]])
    found, said = joined([pair[0], named(other, "three")])
    assert found.space.names == ("kind", "study")
    assert "left out: lr, study" in said[0]


def test_a_study_with_another_objective_is_left_out(
    pair: tuple[Study, Study], study_of: StudyOf
) -> None:
    other = named(study_of([1.0], space=(LR,), values=[[0.01]], maximize=False), "down")
    found, said = joined([pair[0], other])
    assert found is pair[0]
    assert "down: left out" in said[0]
    assert not is_joinable(pair[0].header, other.header)


def test_conditions_stay_where_all_agree(study_of: StudyOf) -> None:
    opt = Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))
    mom = Parameter("mom", ParameterKind.FLOAT, 0.0, 1.0, condition=Condition("opt", ("sgd",)))
    free = replace(mom, condition=None)
    values = [[0, 0.5], [1, np.nan]]
    one = named(study_of([1.0, 2.0], space=(opt, mom), values=values), "one")
    two = named(study_of([1.0, 2.0], space=(opt, free), values=values), "two")
    assert joined([one, named(one, "again")])[0].space["mom"].condition == mom.condition
    assert joined([one, two])[0].space["mom"].condition is None


def test_studies_of_one_name_are_told_apart(pair: tuple[Study, Study]) -> None:
    found, _ = joined([pair[0], replace(pair[0], id="copy")])
    assert found.space["study"].choices == ("one", "one (2)")


def test_the_order_of_the_other_studies_changes_no_share(pair: tuple[Study, Study]) -> None:
    third = named(pair[0], "three")
    one = asked_importance(pair[0], "objective:accuracy", [pair[1], third])
    two = asked_importance(pair[0], "objective:accuracy", [third, pair[1]])
    assert one.singles["study"] == pytest.approx(two.singles["study"], abs=0.02)


def test_final_values_of_a_population_carry_a_warning_and_gains_do_not(study_of: StudyOf) -> None:
    seen = [(k % 6, k // 6, -1, -1, k / 60, 2) for k in range(60)]
    study = study_of(np.arange(6.0), parent=[-1, -1, -1, 0, 0, 0], evaluations=seen)
    assert asked_importance(study, "objective:accuracy").warnings[0] == NAIVE
    assert NAIVE not in asked_importance(study, "gain").warnings
    both = asked_study(study, "gain", [replace(study, id="b")])
    assert "training time" in both.space
    assert "study" in both.space
