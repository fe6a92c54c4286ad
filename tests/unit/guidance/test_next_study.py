from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypertendril.errors import SpaceError
from hypertendril.guidance.next_study import carried_over, widened, wider_ranges
from hypertendril.model import Parameter, ParameterKind, SearchSpace
from tests.unit.guidance.diagnosis.studies import study_of

LR = Parameter("lr", ParameterKind.FLOAT, 0.1, 1.0)
KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c"))


def test_ranges_are_cut_to_the_declared_bounds() -> None:
    found = carried_over(SearchSpace((LR,)), SearchSpace((replace(LR, low=0.0, high=0.5),)))
    assert (found["lr"].low, found["lr"].high) == (0.1, 0.5)


def test_choices_keep_the_declared_order() -> None:
    found = carried_over(SearchSpace((KIND,)), SearchSpace((replace(KIND, choices=("c", "a")),)))
    assert found["kind"].choices == ("a", "c")


@pytest.mark.parametrize(
    "given",
    [
        replace(LR, name="other"),
        replace(LR, low=5.0, high=6.0),
        Parameter("lr", ParameterKind.CATEGORICAL, choices=(0.1, 0.2)),
    ],
)
def test_what_has_nothing_in_common_keeps_its_declared_range(given: Parameter) -> None:
    assert carried_over(SearchSpace((LR,)), SearchSpace((given,)))["lr"] == LR


def test_choices_that_share_nothing_keep_the_declared_ones() -> None:
    found = carried_over(SearchSpace((KIND,)), SearchSpace((replace(KIND, choices=("z",)),)))
    assert found["kind"] == KIND


def test_ranges_grow_to_hold_others_and_lose_nothing() -> None:
    space = SearchSpace((LR, KIND))
    wider = (replace(LR, low=0.5, high=5.0), replace(LR, low=0.01), replace(LR, name="other"))
    found = widened(space, wider)
    assert (found["lr"].low, found["lr"].high) == (0.01, 5.0)
    assert found.names == space.names
    assert found["kind"] == KIND


def test_a_sound_search_has_no_ranges_to_widen() -> None:
    study = study_of([LR], np.linspace(0.1, 1, 60), np.random.default_rng(0).normal(size=60))
    with pytest.raises(SpaceError, match="no bound"):
        wider_ranges(study)
