"""Constraints: by how much a value breaks them, and what a header may hold instead."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hypertendril.model import Constraint, SearchSpace, StudyHeader, constraints_of


@pytest.mark.parametrize(
    ("constraint", "value", "excess"),
    [
        (Constraint("size", at_most=1000.0), 1000.0, 0.0),
        (Constraint("size", at_most=1000.0), 1500.0, 0.5),
        (Constraint("size", at_most=-2.0), 0.0, 1.0),
        (Constraint("size", at_most=0.0), 0.25, 0.25),
        (Constraint("size", at_least=0.5), 0.4, 0.2),
        (Constraint("size", at_most=2.0, at_least=1.0), 1.5, 0.0),
        (Constraint("size", at_most=2.0, at_least=1.0), 0.5, 0.5),
        (Constraint("size", at_most=2.0, at_least=1.0), 3.0, 0.5),
        (Constraint("size", at_most=2.0), math.inf, math.inf),
        (Constraint("size", at_most=2.0), -math.inf, 0.0),
    ],
)
def test_the_excess_counts_in_multiples_of_the_bound(
    constraint: Constraint, value: float, excess: float
) -> None:
    assert constraint.excess(value) == pytest.approx(excess)


def test_a_missing_value_has_no_excess_and_keeps_no_constraint() -> None:
    assert math.isnan(Constraint("size", at_most=1.0).excess(math.nan))


def test_a_constraint_says_itself_in_words() -> None:
    assert str(Constraint("size", 2.5e6)) == "size at most 2.5e+06"
    assert str(Constraint("size", 2.0, 1.0)) == "size at least 1 and at most 2"


@pytest.mark.parametrize(
    "given",
    [
        None,
        "size < 3",
        [3],
        [{"metric": "size"}],
        [{"metric": 3, "at_most": 1}],
        [{"metric": "size", "at_most": True}],
        [{"metric": "size", "at_most": 1}, "x"],
    ],
)
def test_attributes_of_other_programs_are_no_constraints(given: Any) -> None:
    header = StudyHeader("a", SearchSpace(), (), attributes={"constraints": given})
    assert constraints_of(header) == ()
