"""Spaces of ConfigSpace, by hand: types, conditions, constants, and what makes no sense."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hypertendril.model import Condition
from hypertendril.readers import read
from hypertendril.readers.drafts.configspace import parse_space
from hypertendril.readers.losses import Losses
from tests.contract.run_formats import RUNS


def _space(*parameters: dict[str, Any], conditions: Sequence[dict[str, Any]] = ()) -> Any:
    losses = Losses("x")
    data = {"hyperparameters": list(parameters), "conditions": list(conditions)}
    found = parse_space(data, losses)
    return found, [skipped.reason for skipped in losses.listed()]


def test_every_type_of_configspace_keeps_its_range_and_scale() -> None:
    found, reasons = _space(
        {"name": "a", "type": "uniform_float", "lower": 0.1, "upper": 1, "log": True, "default": 1},
        {"name": "b", "type": "uniform_int", "lower": 1, "upper": 9, "q": 2, "default_value": 1},
        {"name": "c", "type": "ordinal", "sequence": [16, 32, 64]},
        {"name": "d", "type": "categorical", "choices": [True, False, "yes"], "weights": None},
        {"name": "e", "type": "constant", "value": "fixed"},
        {"name": "f", "type": "normal_float", "mu": 0, "sigma": 1},
        {"name": "g", "type": "beta_int", "alpha": 2, "beta": 3, "lower": 0, "upper": 5},
    )
    kinds = [parameter.kind.value for parameter in found.space]
    assert kinds == ["float", "int", "ordinal", "categorical", "float", "int"]
    assert found.space["a"].log and not found.space["g"].log
    assert found.space["b"].step == 2
    assert found.space["d"].choices == (True, False, "yes")
    assert (found.space["f"].low, found.space["f"].high) == (-4, 4)
    assert found.constants == {"e": "fixed"}
    assert found.order == ("a", "b", "c", "d", "e", "f", "g")
    assert not reasons


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ({"type": "EQ", "value": "b"}, ("b",)),
        ({"type": "IN", "values": ["a", "c"]}, ("a", "c")),
        ({"type": "NEQ", "value": "a"}, ("b", "c")),
    ],
)
def test_conditions_on_a_choice_list_its_values(condition: Any, values: tuple[str, ...]) -> None:
    found, _ = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b", "c"]},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"child": "x", "parent": "p"} | condition],
    )
    assert found.space["x"].condition == Condition("p", values)


def test_comparisons_with_a_number_become_the_values_that_are_left() -> None:
    found, _ = _space(
        {"name": "n", "type": "uniform_int", "lower": 1, "upper": 4},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        {"name": "y", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[
            {"child": "x", "parent": "n", "type": "GT", "value": 2},
            {"child": "y", "parent": "n", "type": "LT", "value": 2},
        ],
    )
    assert found.space["x"].condition == Condition("n", (3, 4))
    assert found.space["y"].condition == Condition("n", (1,))


def _joined(kind: str, *parts: dict[str, Any]) -> tuple[Condition | None, list[str]]:
    found, reasons = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b", "c"]},
        {"name": "q", "type": "categorical", "choices": [True, False]},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"type": kind, "child": "x", "conditions": list(parts)}],
    )
    return found.space["x"].condition, reasons


def test_joined_conditions_on_one_parent_are_one_condition() -> None:
    a, b, not_a, either = (
        {"child": "x", "parent": "p", "type": "EQ", "value": "a"},
        {"child": "x", "parent": "p", "type": "EQ", "value": "b"},
        {"child": "x", "parent": "p", "type": "NEQ", "value": "a"},
        {"child": "x", "parent": "p", "type": "IN", "values": ["a", "b"]},
    )
    assert _joined("OR", a, b) == (Condition("p", ("a", "b")), [])
    assert _joined("AND", not_a, either) == (Condition("p", ("b",)), [])
    assert _joined("AND", not_a, {"type": "OR", "conditions": [a, b]}) == (
        Condition("p", ("b",)),
        [],
    )


def test_of_an_or_over_two_parents_no_condition_is_kept() -> None:
    condition, reasons = _joined(
        "OR",
        {"child": "x", "parent": "p", "type": "EQ", "value": "a"},
        {"child": "x", "parent": "q", "type": "EQ", "value": True},
    )
    assert condition is None, "x is there for other values of p, too"
    assert "can't be expressed" in reasons[0]


def test_all_parts_of_a_joined_condition_say_whether_a_parameter_is_active() -> None:
    a = {"child": "x", "parent": "p", "type": "EQ", "value": "a"}
    q = {"child": "x", "parent": "q", "type": "EQ", "value": True}
    parameters: list[dict[str, Any]] = [
        {"name": "p", "type": "categorical", "choices": ["a", "b"]},
        {"name": "q", "type": "categorical", "choices": [True, False]},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
    ]
    configs: list[dict[str, Any]] = [{"p": "a", "q": True}, {"p": "a", "q": False}, {"p": "b"}]
    for kind, active in (("AND", [True, False, False]), ("OR", [True, True, False])):
        joined = {"type": kind, "child": "x", "conditions": [a, q]}
        found, _ = _space(*parameters, conditions=[joined])
        assert [found.is_active("x", config) for config in configs] == active
        assert found.is_active("p", {})


def test_a_constant_of_a_space_is_an_attribute_and_no_parameter(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUNS / "hpbandster", run)
    space = json.loads((run / "configspace.json").read_text())
    space["hyperparameters"].append({"name": "epochs", "type": "constant", "value": 5})
    (run / "configspace.json").write_text(json.dumps(space))
    lines = [json.loads(line) for line in (run / "configs.json").read_text().splitlines()]
    for line in lines:
        line[1]["epochs"] = 5
    (run / "configs.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = read(run)
    header = found.header
    assert header.attributes["fixed"] == {"epochs": 5}
    assert "epochs" not in header.space


def test_of_joined_conditions_one_is_kept_and_the_loss_is_told() -> None:
    parts = [
        {"child": "x", "parent": "n", "type": "GT", "value": 2},
        {"child": "x", "parent": "p", "type": "EQ", "value": "a"},
    ]
    found, reasons = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b"]},
        {"name": "n", "type": "uniform_int", "lower": 1, "upper": 4},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"type": "AND", "child": "x", "conditions": parts}],
    )
    assert found.space["x"].condition == Condition("p", ("a",))
    assert "several conditions" in reasons[0]


def test_a_part_of_a_condition_that_can_not_be_listed_is_told() -> None:
    parts = [
        {"child": "x", "parent": "p", "type": "EQ", "value": "a"},
        {"child": "x", "parent": "y", "type": "GT", "value": 0.5},
    ]
    found, reasons = _space(
        {"name": "p", "type": "categorical", "choices": ["a", "b"]},
        {"name": "y", "type": "uniform_float", "lower": 0, "upper": 1},
        {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"type": "AND", "child": "x", "conditions": parts}],
    )
    assert found.space["x"].condition == Condition("p", ("a",))
    assert "only the one on 'p' is kept" in reasons[0]


def test_a_hyperparameter_that_makes_no_sense_costs_only_itself() -> None:
    found, reasons = _space(
        {"name": "a", "type": "uniform_float", "lower": 1, "upper": 0},
        {"name": "b", "type": "categorical", "choices": []},
        {"type": "uniform_float"},
        {"name": "c", "type": "uniform_float", "lower": 0, "upper": 1},
        conditions=[{"child": "a", "parent": "c", "type": "EQ", "value": 1}, {}],
    )
    assert found.space.names == ("c",)
    assert len(reasons) == 5
