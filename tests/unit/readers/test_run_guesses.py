"""What a run folder does not say is told from what it holds: rungs, directions, names, parents."""

from __future__ import annotations

import pytest

from hypertendril.model import Direction
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.nested_names import flat
from hypertendril.readers.drafts.rungs import levels_of


@pytest.mark.parametrize(
    ("ends", "top", "levels"),
    [
        ([1] * 6 + [3] * 2 + [9], None, (1, 3, 9)),
        ([1] * 6 + [3] * 2 + [9], 27, (1, 3, 9, 27)),
        ([4] * 8 + [16] * 2 + [50], 50, (4, 16, 50)),
        ([10] * 20, 10, ()),
        ([3, 5, 6, 7, 8, 11, 12, 13, 17], 20, ()),
        ([5, 5, 5, 20], 20, (5, 20)),
        ([], None, ()),
        ([float("nan"), 0.0], None, ()),
    ],
)
def test_rungs_are_told_from_where_trials_stopped(
    ends: list[float], top: float | None, levels: tuple[float, ...]
) -> None:
    assert levels_of(ends, top) == levels


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_accuracy", Direction.MAXIMIZE),
        ("valid/logloss", Direction.MINIMIZE),
        ("episode_reward_mean", Direction.MAXIMIZE),
        ("neg_mean_squared_error", Direction.MAXIMIZE),
        ("1 - accuracy", Direction.MINIMIZE),
        ("RMSE", Direction.MINIMIZE),
        ("something", Direction.MINIMIZE),
    ],
)
def test_a_direction_is_told_from_the_name(name: str, direction: Direction) -> None:
    assert direction_of(name)[0] is direction


def test_nested_configurations_get_one_name_a_leaf() -> None:
    nested = {"opt": {"lr": 0.1, "schedule": {"kind": "cos"}}, "layers": [64, 32], "empty": {}}
    assert flat(nested) == {
        "opt/lr": 0.1,
        "opt/schedule/kind": "cos",
        "layers": [64, 32],
        "empty": {},
    }
