from __future__ import annotations

from typing import Any

import pytest

from hypertendril.model import ParameterKind
from hypertendril.readers.drafts.inferred import infer_parameter


@pytest.mark.parametrize(
    ("values", "kind", "bounds"),
    [
        ([1, 5, 3], ParameterKind.INT, (1, 5)),
        ([1, 2.5], ParameterKind.FLOAT, (1, 2.5)),
        ([None, 0.5, float("nan"), float("inf")], ParameterKind.FLOAT, (0.5, 0.5)),
        ([10**400, 3], ParameterKind.INT, (3, 3)),
    ],
)
def test_numbers_span_their_range(values: list[Any], kind: ParameterKind, bounds: Any) -> None:
    found = infer_parameter("p", values)
    assert found is not None
    assert (found.kind, (found.low, found.high)) == (kind, bounds)


@pytest.mark.parametrize(
    ("values", "is_log"),
    [
        ([1e-5, 1e-4, 1e-3, 1e-2, 1e-1], True),
        ([0.001, 0.3, 0.5, 0.7, 1.0], False),
        ([0.0, 1e-4, 1e-2], False),
        ([1.0, 2.0, 50.0], False),
        ([16, 64, 256, 2048], True),
    ],
)
def test_a_scale_is_log_where_the_values_spread_over_decades(
    values: list[Any],
    is_log: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    found = infer_parameter("p", values)
    assert found is not None
    assert found.log is is_log


def test_anything_else_is_a_choice() -> None:
    found = infer_parameter("p", ["a", 1, True, None, "a"])
    assert found is not None
    assert found.choices == ("a", 1, True)


@pytest.mark.parametrize("values", [[], [None], [float("nan")], [10**400]])
def test_no_usable_value_makes_no_parameter(values: list[Any]) -> None:
    assert infer_parameter("p", values) is None
