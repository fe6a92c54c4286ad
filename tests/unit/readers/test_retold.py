"""Studies whose goal and columns somebody told: what the log says differently gives way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import HyperTendrilError
from hypertendril.model import Direction
from hypertendril.readers import ReadStudy, read
from hypertendril.readers.tables.retold import columns_of, guesses_of, retold
from hypertendril.readers.tables.telling import roles_said

RUN: dict[str, Any] = {
    "objectives": ["loss"],
    "space": [
        {"name": "lr", "kind": "float", "low": 0.01, "high": 1},
        {"name": "opt", "kind": "categorical", "choices": ["sgd", "adam"]},
        {
            "name": "m",
            "kind": "float",
            "low": 0,
            "high": 1,
            "condition": {"parent": "opt", "values": ["sgd"]},
        },
    ],
    "trials": [
        {
            "params": {"lr": 0.1, "opt": "sgd", "m": 0.5},
            "values": {"loss": 3},
            "metrics": {"acc": 0.7, "seed": 4},
            "evaluations": [
                {"resource": 1, "value": 5, "outcome": "promoted"},
                {"resource": 2, "value": 3, "outcome": "final"},
            ],
            "curves": {"acc": [[1, 0.6], [2, 0.7]]},
        },
        {"params": {"lr": 0.2, "opt": "adam"}, "values": {"loss": 2}, "metrics": {"acc": 0.8}},
    ],
}


@pytest.fixture
def study(tmp_path: Path) -> ReadStudy:
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (found,) = read(tmp_path / "run.json")
    return found


def told(study: ReadStudy, *kinds: str, objective: str = "", direction: str = "") -> ReadStudy:
    columns = columns_of([study])
    goals = [objective] if objective else []
    return retold(study, roles_said(columns, goals, [direction] if direction else [], kinds))


def test_a_guess_is_marked_and_gone_when_it_is_told(study: ReadStudy) -> None:
    assert guesses_of(study)
    assert not guesses_of(told(study, direction="minimize"))


def test_another_objective_takes_its_values_from_the_metric(study: ReadStudy) -> None:
    found = told(study, objective="acc", direction="maximize")
    (goal,) = found.header.objectives
    assert (goal.name, goal.direction) == ("acc", Direction.MAXIMIZE)
    assert found.trials.objectives[:, 0].tolist() == [0.7, 0.8]
    assert found.header.metric_names == ("loss", "seed")
    assert found.trials.metrics[:, 0].tolist() == [3, 2]


def test_evaluations_follow_the_new_objective_along_its_curve(study: ReadStudy) -> None:
    found = told(study, objective="acc", direction="maximize")
    assert found.evaluations.value.tolist() == [0.6, 0.7, 0.8]


def test_a_direction_alone_turns_the_objective_round(study: ReadStudy) -> None:
    found = told(study, direction="maximize")
    assert found.header.objectives[0].direction is Direction.MAXIMIZE
    assert found.evaluations is study.evaluations


def test_columns_change_their_role_and_scale(study: ReadStudy) -> None:
    found = told(study, "lr=param:log", "seed=param", "opt=ignore")
    assert found.header.space.names == ("lr", "m", "seed")
    assert found.header.space["lr"].log
    # The parameter it depended on is gone.
    assert found.header.space["m"].condition is None
    np.testing.assert_array_equal(found.trials.values[:, 2], [4, np.nan])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"objective": "acuracy"}, "no column 'acuracy'; there are loss, lr, opt, m, acc, seed"),
        ({"objective": "ac"}, "Did you mean 'acc'"),
    ],
)
def test_a_column_that_is_not_there_is_named(
    study: ReadStudy, said: dict[str, str], message: str
) -> None:
    with pytest.raises(HyperTendrilError, match=message):
        told(study, **said)


def test_a_kind_that_means_nothing_is_answered_with_those_that_do(study: ReadStudy) -> None:
    with pytest.raises(HyperTendrilError, match="'parm' is none of param, param:log"):
        told(study, "lr=parm")


def test_more_directions_than_objectives_are_refused(study: ReadStudy) -> None:
    with pytest.raises(HyperTendrilError, match="--direction: 2 for 1 objectives"):
        roles_said(columns_of([study]), ["acc"], ["minimize", "minimize"])
