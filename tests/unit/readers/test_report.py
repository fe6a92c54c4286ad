from __future__ import annotations

import json
import math
from pathlib import Path

from hypertendril.readers import inspect_json, read
from tests.unit.readers.optuna_storage import DATA

KEYS = [
    "name",
    "framework",
    "method",
    "objectives",
    "space",
    "n_trials",
    "counts",
    "best",
    "n_evaluations",
    "n_curve_points",
    "metrics",
    "lineage",
    "skipped",
]


def test_every_study_is_reported_with_the_promised_keys_as_strict_json() -> None:
    for found in read(DATA / "optuna.db"):
        report = inspect_json(found)
        assert list(report) == KEYS
        assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_report_agrees_with_what_optuna_reads() -> None:
    expected = json.loads((DATA / "expected.json").read_text())["optuna.db"]
    for found in read(DATA / "optuna.db"):
        report, facts = inspect_json(found), expected[found.header.name]
        assert report["n_trials"] == facts["n_trials"]
        assert sum(report["counts"].values()) == facts["n_trials"]
        assert report["n_curve_points"] == facts["n_intermediate"]
        if "best" in facts and math.isfinite(facts["best"]["value"]):  # inf is no best here
            assert report["best"] == facts["best"]


def test_the_space_of_a_report_describes_every_parameter() -> None:
    (found,) = [f for f in read(DATA / "optuna.db") if f.header.name == "conditional"]
    space = {item["name"]: item for item in inspect_json(found)["space"]}
    assert space["momentum"]["condition"] == {"parent": "solver", "values": ["sgd"]}
    assert space["lr"]["log"] is True
    assert all(
        set(item) == {"name", "kind", "low", "high", "log", "step", "choices", "condition"}
        for item in space.values()
    )


def test_lineage_is_told_in_numbers_of_trials(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    trials = [{"number": 10, "values": {"y": 1}}, {"number": 11, "parent": 10, "values": {"y": 2}}]
    path.write_text(json.dumps({"objectives": ["y"], "trials": trials}))
    assert inspect_json(read(path)[0])["lineage"] == [[11, 10]]
