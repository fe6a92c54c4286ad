from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hypertendril.model import Condition, Direction, Outcome, TrialState
from hypertendril.readers import read

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "keras_tuner"
HYPERBAND = LOGS.with_name("keras_hyperband")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS, tmp_path / "project"))


def _change(project: Path, trial: int, **values: Any) -> None:
    path = project / f"trial_{trial}" / "trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_space_conditions_and_fixed_values_are_read_as_declared(project: Path) -> None:
    (found,) = read(project)
    space = found.header.space
    assert (space["lr"].low, space["lr"].high, space["lr"].log) == (1e-4, 0.1, True)
    assert (space["units"].low, space["units"].step) == (8, 8)
    assert space["bn"].choices == (False, True)
    assert space["slope"].condition == Condition("act", ("relu",))
    assert found.header.attributes["fixed"] == {"seed": 7}


def test_the_metric_that_is_the_score_is_the_objective(project: Path) -> None:
    (found,) = read(project)
    study = found.as_study()
    assert study.objectives[0].name == "val_accuracy"
    assert study.objectives[0].direction is Direction.MAXIMIZE
    scores = [
        json.loads((project / f"trial_{n}" / "trial.json").read_text())["score"] for n in (0, 1)
    ]
    assert study.trials.objectives[:2, 0].tolist() == scores
    assert found.header.skipped == ()


def test_a_failed_trial_says_why(project: Path) -> None:
    (found,) = read(project)
    assert found.as_study().counts()[TrialState.FAILED] == 1
    assert found.trials.notes[2].endswith("too wide")


def test_observations_of_several_executions_are_averaged(project: Path) -> None:
    observations = [{"step": s, "value": [s / 10, s / 10 + 0.2]} for s in (1, 2, 3)]
    metrics = {"val_accuracy": {"direction": "max", "observations": observations}}
    _change(project, 1, metrics={"metrics": metrics}, score=0.4)
    (found,) = read(project)
    assert found.curves.of(1, 0)[1].tolist() == pytest.approx([0.2, 0.3, 0.4])


def test_hyperband_tells_bracket_rung_and_parent(project: Path) -> None:
    for n, (rung, before) in enumerate([(0, None), (1, "0")]):
        hyper = json.loads((project / f"trial_{n}" / "trial.json").read_text())["hyperparameters"]
        own = {"tuner/bracket": 2, "tuner/round": rung, "tuner/epochs": 3**rung}
        hyper["values"] |= own | ({"tuner/trial_id": before} if before else {})
        _change(project, n, hyperparameters=hyper)
    oracle = json.loads((project / "oracle.json").read_text()) | {"brackets": []}
    (project / "oracle.json").write_text(json.dumps(oracle))
    (found,) = read(project)
    assert found.header.method.name == "hyperband"
    assert found.trials.bracket[:2].tolist() == [2, 2]
    assert found.trials.parent[:2].tolist() == [-1, 0]
    looks = found.evaluations
    assert looks.rung[looks.trial == 1].tolist() == [1]
    assert looks.resource[looks.trial == 1].tolist() == [3]
    assert not any(name.startswith("tuner/") for name in found.header.space.names)


def test_hyperband_promotes_those_the_oracle_ran_again() -> None:
    (found,) = read(HYPERBAND)
    oracle = json.loads((HYPERBAND / "oracle.json").read_text())
    ids, e = found.header.attributes["run_ids"], found.evaluations
    outcomes = {ids[t]: Outcome(o).name for t, o in zip(e.trial, e.outcome, strict=True)}
    for bracket in oracle["brackets"]:
        for rung, trials in enumerate(bracket["rounds"]):
            for item in trials:
                row = ids.index(item["id"])
                assert found.trials.bracket[row] == bracket["bracket_num"]
                assert e.rung[e.trial == row].tolist() in ([rung], [])  # none of a failed trial
                past = item["past_id"]
                assert found.trials.parent[row] == (-1 if past is None else ids.index(past))
    assert [key for key, name in outcomes.items() if name == "PROMOTED"] == [
        *("0001", "0003", "0004", "0007")
    ]
    assert [key for key, name in outcomes.items() if name == "DISCARDED"] == [
        *("0000", "0002", "0005", "0008")
    ]
    assert found.trials.notes == {9: "ValueError: too large"}


def test_a_trial_that_is_being_written_is_left_out_and_named(project: Path) -> None:
    path = project / "trial_3" / "trial.json"
    path.write_text(path.read_text()[:200])
    (found,) = read(project)
    assert len(found.trials) == 7
    assert any("trial_3" in s.reason for s in found.header.skipped)


def test_a_trial_that_failed_with_nan_does_not_hide_the_objective(project: Path) -> None:
    _change(project, 2, score=float("nan"))
    (found,) = read(project)
    assert found.header.objectives[0].name == "val_accuracy"
    assert found.header.skipped == ()


def test_a_reversed_log_scale_is_no_log_scale_and_told(project: Path) -> None:
    path = project / "oracle.json"
    oracle = json.loads(path.read_text())
    scaled = next(p for p in oracle["hyperparameters"]["space"] if p["config"]["name"] == "lr")
    scaled["config"]["sampling"] = "reverse_log"
    path.write_text(json.dumps(oracle))
    (found,) = read(project)
    assert not found.header.space["lr"].log
    assert "'lr' has a reversed log scale" in " ".join(s.reason for s in found.header.skipped)


def test_projects_of_releases_that_recorded_no_order_of_trials_are_read() -> None:
    (found,) = read(LOGS.with_name("keras_sklearn"))
    study = found.as_study()
    assert (study.objectives[0].name, study.objectives[0].direction) == (
        "score",
        Direction.MAXIMIZE,
    )
    assert min(study.trials.objectives[:, 0].tolist()) == 0.94
    assert {TrialState(state) for state in study.trials.state} == {TrialState.COMPLETE}
    assert {(study.params(row)["n"], study.params(row)["depth"]) for row in range(4)} == {
        (10, 3),
        (4, 4),
        (8, 3),
        (7, 4),
    }
