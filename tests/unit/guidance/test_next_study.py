from __future__ import annotations

from dataclasses import replace

import pytest

from hypertendril.guidance.next_study import carried_over
from hypertendril.model import Parameter, ParameterKind, SearchSpace

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
