"""Null in configurations of frameworks that keep no space."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypertendril.model import Condition, ParameterKind
from hypertendril.readers import ReadStudy, read


def _runs(folder: Path, configs: list[dict[str, Any]]) -> ReadStudy:
    """Return the study of an export of Weights & Biases, which keeps no space."""
    runs = [
        {"id": f"r{n:02}", "state": "finished", "config": config, "summary": {"loss": n}}
        for n, config in enumerate(configs)
    ]
    (folder / "runs.json").write_text(json.dumps(runs))
    (found,) = read(folder / "runs.json")
    return found


def test_null_that_nothing_explains_is_a_choice(tmp_path: Path) -> None:
    penalties, depths = (None, "l1", "l2"), (4, None)
    configs = [
        {"penalty": penalties[n % 3], "depth": depths[n % 2], "lr": (n + 1) / 100}
        for n in range(12)
    ]
    found = _runs(tmp_path, configs)
    space, study = found.header.space, found.as_study()
    assert space["penalty"].choices == ("l1", "l2", None)
    assert (space["depth"].kind, space["depth"].choices) == (
        ParameterKind.CATEGORICAL,
        (4, None),
    )
    assert study.params(0) == {"penalty": None, "depth": 4, "lr": 0.01}


def test_null_that_another_parameter_explains_is_inactive(tmp_path: Path) -> None:
    configs = [
        {"optimizer": "sgd", "momentum": n / 10 + 0.05, "nesterov": n % 4 == 0}
        if n % 2
        else {"optimizer": "adam", "momentum": None, "nesterov": None}
        for n in range(12)
    ]
    found = _runs(tmp_path, configs)
    assert found.header.space["momentum"].condition == Condition("optimizer", ("sgd",))
    assert "momentum" not in found.as_study().params(0)


def test_numbers_that_go_with_a_choice_of_null_depend_on_it(tmp_path: Path) -> None:
    penalties = (None, "l1", "l2")
    configs = [
        {"penalty": penalties[n % 3], "strength": n / 100 if n % 3 else None} for n in range(12)
    ]
    space = _runs(tmp_path, configs).header.space
    assert space["penalty"].choices == ("l1", "l2", None)
    assert space["strength"].condition == Condition("penalty", ("l1", "l2"))


def test_null_among_numbers_of_a_range_is_inactive_and_told(tmp_path: Path) -> None:
    found = _runs(tmp_path, [{"x": None if n in (2, 7) else n / 10} for n in range(12)])
    assert found.header.space["x"].kind is ParameterKind.FLOAT
    assert found.as_study().params(2) == {}
    assert any("no other parameter says why" in s.reason for s in found.header.skipped)


def test_what_is_written_for_some_choices_only_depends_on_them(tmp_path: Path) -> None:
    models: list[dict[str, Any]] = [
        {"type": "svm", "C": 0.5},
        {"type": "net", "layers": 1, "widths": {"first": 8}},
        {"type": "net", "layers": 2, "widths": {"first": 8, "second": 16}},
    ]
    space = _runs(tmp_path, [{"lr": n, "model": models[n % 3]} for n in range(12)]).header.space
    conditions = {p.name: p.condition for p in space if p.condition is not None}
    assert conditions == {
        "model/C": Condition("model/type", ("svm",)),
        "model/layers": Condition("model/type", ("net",)),
        "model/widths/first": Condition("model/type", ("net",)),
        "model/widths/second": Condition("model/layers", (2,)),
    }
