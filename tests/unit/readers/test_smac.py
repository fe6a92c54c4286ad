"""Folders of SMAC in the layouts the real samples lack, by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.model import Outcome, TrialState
from hypertendril.readers import read
from hypertendril.readers.smac.rows import row_of
from tests.contract.run_formats import RUNS


@pytest.mark.parametrize(
    "item",
    [
        {"config_id": 1, "instance": None, "seed": 0, "budget": 3.0, "cost": 0.5, "time": 1.0}
        | {"status": 1, "starttime": 1e9, "endtime": 2e9, "additional_info": {}},
        [1, None, 0, 3.0, 0.5, 1.0, 1, 1e9, 2e9, {}],
        [1, None, 0, 3.0, 0.5, 1.0, 0.9, 1, 1e9, 2e9, {}],
        [[1, None, 0, 3.0], [0.5, 1.0, {"__enum__": "StatusType.SUCCESS"}, 1e9, 2e9, {}]],
    ],
)
def test_smac_rows_of_all_versions_are_the_same_run(item: Any) -> None:
    row = row_of(item)
    assert row is not None
    assert (row.config_id, row.budget, row.cost, row.status) == (1, 3.0, 0.5, "ok")
    assert (row.started, row.ended, row.time) == (1e9, 2e9, 1.0)


def test_smac_rows_of_the_first_version_know_neither_budget_nor_times() -> None:
    row = row_of([[1, None, 0], [0.5, 1.0, {"__enum__": "StatusType.CRASHED"}, {}]])
    assert row is not None
    assert row.status == "failed"
    assert np.isnan(row.budget) and np.isnan(row.started)


@pytest.mark.parametrize("item", [None, 5, [], [1, 2], [[], []], {"cost": 1}, ["x"] * 10])
def test_what_is_no_smac_row_is_none(item: Any) -> None:
    assert row_of(item) is None


def test_smac_with_seeds_takes_the_mean_and_forgets_the_cost_of_a_crash(tmp_path: Path) -> None:
    rows = [
        [1, None, 1, None, 0.25, 1.0, 1, 1e9, 2e9, {}],
        [1, None, 2, None, 0.75, 1.0, 1, 1e9, 2e9, {}],
        [2, None, 1, None, 9e9, 1.0, 2, 1e9, 2e9, {"traceback": "Traceback\nValueError: no\n"}],
        [3, None, 1, None, 9e9, 0.0, 0, 0.0, 0.0, {}],
    ]
    configs = {str(n): {"x": n / 10} for n in (1, 2, 3)}
    (tmp_path / "runhistory.json").write_text(json.dumps({"data": rows, "configs": configs}))
    (found,) = read(tmp_path)
    assert found.trials.objectives[0, 0] == 0.5
    assert np.isnan(found.trials.objectives[1:, 0]).all()
    states = [TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING]
    assert found.trials.state.tolist() == states
    assert found.trials.notes == {1: "crashed: ValueError: no"}
    assert found.evaluations.outcome.tolist()[:2] == [Outcome.SURVIVED, Outcome.FINAL]


def test_smac_what_ran_on_few_instances_was_given_up_and_is_not_the_best(tmp_path: Path) -> None:
    costs = {1: [0.5, 0.6, 0.7], 2: [0.1], 3: [0.2, 0.3], 4: [0.4, 0.5, 0.6]}
    rows: list[Any] = [
        [key, f"i{n}", 0, None, cost, 1.0, 1, 1e9, 2e9, {}]
        for key, own in costs.items()
        for n, cost in enumerate(own)
    ]
    configs = {str(key): {"x": key / 10} for key in costs}
    (tmp_path / "runhistory.json").write_text(json.dumps({"data": rows, "configs": configs}))
    (found,) = read(tmp_path)
    pruned, complete = TrialState.PRUNED, TrialState.COMPLETE
    assert found.trials.state.tolist() == [complete, pruned, pruned, complete]
    assert found.as_study().best() == 3
    assert found.evaluations.outcome[3] == Outcome.DISCARDED
    (tmp_path / "intensifier.json").write_text(json.dumps({"incumbent_ids": [1, 3]}))
    (found,) = read(tmp_path)
    assert found.trials.state.tolist() == [complete, pruned, complete, complete]


@pytest.mark.parametrize("key", ["--1", "²", "one"])
def test_a_configuration_of_smac_without_a_number_is_left_out_and_named(
    tmp_path: Path, key: str
) -> None:
    rows: list[Any] = [[1, None, 1, None, 0.25, 1.0, 1, 1e9, 2e9, {}]]
    history = {"data": rows, "configs": {"1": {"x": 0.1}, key: {"x": 0.2}}}
    (tmp_path / "runhistory.json").write_text(json.dumps(history))
    (found,) = read(tmp_path)
    assert len(found.trials) == 1
    assert key in " ".join(skipped.reason for skipped in found.header.skipped)


def test_smac_that_has_ended_leaves_nothing_running(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUNS / "smac3" / "mf" / "6", run)
    state = json.loads((run / "optimization.json").read_text())
    first = next(iter(json.loads((run / "runhistory.json").read_text())["configs"].values()))
    tracker = {"state": {"tracker": {"0,0": [[0, [first]]]}}}
    (run / "intensifier.json").write_text(json.dumps(tracker))
    running = {}
    for finished in (False, True):
        (run / "optimization.json").write_text(json.dumps(state | {"finished": finished}))
        (found,) = read(run)
        running[finished] = int((found.trials.state == TrialState.RUNNING).sum())
    assert running[False] > 0
    assert running[True] == 0
