from __future__ import annotations

from typing import Any

import pytest

from hypertendril.readers.drafts.perturbed import parents_of

LR = 0.1


@pytest.mark.parametrize(
    ("configs", "parents"),
    [
        ([], []),
        ([{"lr": LR}], [None]),
        ([{"lr": LR}, {"lr": 0.3}, {"lr": LR * 1.2}, {"lr": 0.3 * 0.8}], [None, None, 0, 1]),
        ([{"lr": LR, "n": 2}, {"lr": 0.05, "n": 2}, {"lr": 0.06, "n": 2}], [None, None, 1]),
        ([{"lr": LR, "n": 2}, {"lr": 0.05, "n": 2}, {"lr": 0.07, "n": 2}], [None] * 3),
        # One value was drawn anew, the others tell.
        ([{"lr": LR, "p": 0.5}, {"lr": LR * 0.8, "p": 0.77}], [None, 0]),
        # Two match: the one with more values that do, then the younger one.
        ([{"lr": LR, "p": 0.5}, {"lr": LR}, {"lr": LR * 0.8, "p": 0.6}], [None, None, 0]),
        ([{"lr": LR}, {"lr": LR}, {"lr": LR * 0.8}], [None, None, 1]),
        # Whole numbers, zeros, texts and what is only near prove nothing.
        ([{"n": 10}, {"n": 8}], [None, None]),
        ([{"lr": 0.0}, {"lr": 0.0}], [None, None]),
        ([{"opt": "adam", "flag": True}, {"opt": "adam", "flag": True}], [None, None]),
        ([{"lr": LR}, {"lr": LR * 1.2001}], [None, None]),
        (
            [{"lr": float("inf")}, {"lr": float("inf")}, {"lr": LR}, {"lr": float("nan")}],
            [None] * 4,
        ),
        ([{"lr": 1.7e308}, {"lr": LR}, {"lr": 1.7e308 * 0.8}], [None, None, 0]),
        # A number may have been written as a whole one before.
        ([{"lr": 1}, {"lr": 1.2}], [None, 0]),
    ],
)
def test_a_clone_is_told_by_a_number_that_is_another_one_times_a_factor(
    configs: list[dict[str, Any]], parents: list[int | None]
) -> None:
    assert parents_of(configs) == parents
