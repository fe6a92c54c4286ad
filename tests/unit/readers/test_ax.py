from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypertendril.model import Condition, Direction, ParameterKind, TrialState
from hypertendril.readers import ReadStudy, read

LOG = Path(__file__).parents[2] / "data" / "trackers" / "ax.json"
CLIENT = LOG.with_name("ax_client.json")
SHARED = Path(__file__).parents[4] / "shared" / "data" / "frameworks" / "ax"


@pytest.fixture
def snapshot() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(LOG.read_text())
    return found


def _read(snapshot: dict[str, Any], folder: Path) -> ReadStudy:
    path = folder / "snapshot"
    path.write_text(json.dumps(snapshot))
    (found,) = read(path)
    return found


def test_the_space_is_read_as_declared() -> None:
    (found,) = read(LOG)
    space = found.header.space
    rate = space["learning_rate"]
    assert (rate.low, rate.high, rate.log) == (1e-4, 0.3, True)
    assert space["batch_size"].kind is ParameterKind.ORDINAL
    assert space["batch_size"].choices == (16, 32, 64, 128)
    assert space["n_layers"].kind is ParameterKind.INT
    assert space["activation"].choices == ("relu", "tanh", "logistic")


def test_the_best_trial_has_the_value_of_its_last_step() -> None:
    (found,) = read(LOG)
    study = found.as_study()
    row = study.best()
    assert row is not None
    assert study.trials.number[row] == 25
    assert study.trials.objectives[row, 0] == pytest.approx(0.9710467706)
    assert study.objectives[0].direction is Direction.MAXIMIZE
    assert study.counts()[TrialState.FAILED] == 1


def test_a_minus_before_the_expression_means_minimize(
    snapshot: dict[str, Any], tmp_path: Path
) -> None:
    config = snapshot["experiment"]["optimization_config"]
    config["objective"]["expression"] = "val_accuracy, -size__slash__mb"
    names = [(o.name, o.direction.value) for o in _read(snapshot, tmp_path).header.objectives]
    assert names == [("val_accuracy", "maximize"), ("size/mb", "minimize")]


def test_objectives_of_older_releases_are_read(snapshot: dict[str, Any], tmp_path: Path) -> None:
    config = snapshot["experiment"]["optimization_config"]
    config["objective"] = {
        "__type": "MultiObjective",
        "objectives": [
            {"__type": "Objective", "metric": {"name": "val_accuracy"}, "minimize": False},
            {"__type": "Objective", "metric": {"name": "ms"}, "minimize": True},
        ],
    }
    names = [(o.name, o.direction.value) for o in _read(snapshot, tmp_path).header.objectives]
    assert names == [("val_accuracy", "maximize"), ("ms", "minimize")]


def test_a_constraint_gives_the_sum_by_which_it_is_violated(
    snapshot: dict[str, Any], tmp_path: Path
) -> None:
    config = snapshot["experiment"]["optimization_config"]
    config["outcome_constraints"] = [
        {"metric": {"name": "val_accuracy"}, "op": {"name": "GEQ"}, "bound": 0.9, "relative": False}
    ]
    study = _read(snapshot, tmp_path).as_study()
    values, violation = study.trials.objectives[:, 0], study.trials.violation
    complete = study.trials.state == TrialState.COMPLETE
    expected = [max(0.0, 0.9 - value) for value in values[complete]]
    assert violation[complete] == pytest.approx(expected)


def test_each_arm_of_a_batch_is_a_trial(snapshot: dict[str, Any], tmp_path: Path) -> None:
    trial = snapshot["experiment"]["trials"]["0"]
    first = trial.pop("generator_run")["arms"][0]
    second = {"__type": "Arm", "name": "0_1", "parameters": first["parameters"] | {"n_layers": 3}}
    trial["__type"] = "BatchTrial"
    trial["generator_run_structs"] = [{"generator_run": {"arms": [first, second]}, "weight": 1}]
    study = _read(snapshot, tmp_path).as_study()
    assert len(study) == 11
    assert [study.params(row)["n_layers"] for row in (0, 1)] == [2, 3]


def test_dependents_become_conditions(snapshot: dict[str, Any], tmp_path: Path) -> None:
    parameters = snapshot["experiment"]["search_space"]["parameters"]
    parameters[-1]["dependents"] = {"tanh": ["momentum"]}
    found = _read(snapshot, tmp_path)
    assert found.header.space["momentum"].condition == Condition("activation", ("tanh",))


def test_what_is_fixed_is_an_attribute_and_no_parameter(
    snapshot: dict[str, Any], tmp_path: Path
) -> None:
    experiment = snapshot["experiment"]
    fixed = {"__type": "FixedParameter", "name": "seed", "value": 7}
    experiment["search_space"]["parameters"].append(fixed)
    for trial in experiment["trials"].values():
        for run in [trial.get("generator_run") or {}, *trial.get("generator_runs", [])]:
            for arm in run.get("arms", []):
                arm["parameters"]["seed"] = 7
    header = _read(snapshot, tmp_path).header
    assert "seed" not in header.space.names
    assert header.attributes["fixed"]["seed"] == 7


def test_a_snapshot_that_was_cut_keeps_its_whole_trials(tmp_path: Path) -> None:
    text = LOG.read_bytes()
    path = tmp_path / "snapshot"
    path.write_bytes(text[: text.index(b'"4": {"__type"')])
    (found,) = read(path)
    assert len(found.trials) == 4
    assert any("what is whole in it" in s.reason for s in found.header.skipped)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full logs are not here")
def test_the_full_log_has_its_expected_facts() -> None:
    (expected,) = json.loads((SHARED / "expected.json").read_text())["experiments"]
    (found,) = read(SHARED / expected["path"])
    study = found.as_study()
    row = study.best()
    assert row is not None
    assert len(study) == expected["n_trials"]
    assert len(found.curves) == expected["n_metric_points"]
    assert study.trials.number[row] == expected["best_last"]["trial_index"]
    assert study.params(row) == pytest.approx(expected["best_last"]["parameters"])
    assert found.header.skipped == ()


def test_what_a_client_saved_is_read_as_the_client_knew_it() -> None:
    (found,) = read(CLIENT)
    study, trials = found.as_study(), found.trials
    assert [(o.name, o.direction.value) for o in study.objectives] == [
        ("loss", "minimize"),
        ("acc", "maximize"),
    ]
    done, failed, running = TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING
    assert trials.state[[0, 3, 5, 8]].tolist() == [done, failed, failed, running]
    assert study.counts()[done] == 7
    assert trials.notes == {5: "bored"}
    assert study.params(0) == {
        "lr": 0.00011773399223319355,
        "n": 3,
        "digits": 0.71,
        "opt": "adam",
        "bs": 64,
        "flag": True,
    }
    assert trials.objectives[9].tolist() == [0.3, 0.9]
    assert study.measured("mem")[[0, 7]].tolist() == [3.0, 6.0]
    assert trials.violation[[1, 7]].tolist() == [0.0, 1.0]  # mem <= 5
    assert found.header.attributes["fixed"] == {"fx": 3, "fs": "text"}
    assert found.header.attributes["generators"] == {"Sobol": 9}


def test_two_choices_have_an_order_only_if_they_are_numbers() -> None:
    (found,) = read(CLIENT)
    kinds = {p.name: p.kind.value for p in found.header.space}
    assert kinds == {
        "lr": "float",
        "n": "int",
        "digits": "float",
        "opt": "categorical",
        "bs": "ordinal",
        "flag": "categorical",
    }
