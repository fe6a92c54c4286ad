from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import read

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "sacred"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS, tmp_path / "runs"))


def test_each_run_is_a_trial_with_its_nested_configuration() -> None:
    (found,) = read(LOGS)
    study = found.as_study()
    assert found.header.name == "digits"
    assert study.params(1) == {"lr": 0.2, "opt/name": "sgd"}
    assert found.header.attributes["fixed"] == {"layers": [1, 2], "opt/beta": 0.9}
    assert study.counts()[TrialState.COMPLETE] == 4
    begun = datetime(2026, 11, 22, 19, 4, 12, 437089, tzinfo=UTC)
    assert study.trials.started[3] == pytest.approx(begun.timestamp())


def test_metrics_are_curves_and_the_result_a_metric() -> None:
    (found,) = read(LOGS)
    assert found.header.objectives[0].name == "val.loss"
    np.testing.assert_allclose(found.trials.objectives[:4, 0], [0.025, 0.05, 0.075, 0.1])
    at = found.header.metric_names.index("result")
    np.testing.assert_allclose(found.trials.metrics[:, at], [0.2, 0.4, 0.6, np.nan, 1.0])
    mine = found.curves.metric == found.header.curve_names.index("acc")
    mine &= found.curves.trial == 1
    assert found.curves.step[mine].tolist() == [0, 2, 4, 6]
    np.testing.assert_allclose(found.curves.value[mine], [0, 0.2, 0.4, 0.6])


def test_a_run_that_failed_says_why() -> None:
    study = read(LOGS)[0].as_study()
    assert study.trials.state[3] == TrialState.FAILED
    assert study.trials.notes[3] == "ValueError: diverged"


def test_one_run_can_be_opened_alone() -> None:
    (found,) = read(LOGS / "2")
    assert len(found.trials) == 1


def test_numbers_of_numpy_and_several_results_are_read(runs: Path) -> None:
    path = runs / "1" / "run.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"result": {"auc": {"dtype": "float64", "value": 0.75}}}))
    config = {"lr": {"dtype": "float64", "value": 0.3}, "opt": {"betas": {"py/tuple": [1, 2]}}}
    (runs / "1" / "config.json").write_text(json.dumps(config))
    metrics = {"f1": {"steps": [0], "timestamps": [], "values": [{"dtype": "f4", "value": 0.5}]}}
    (runs / "1" / "metrics.json").write_text(json.dumps(metrics))
    (found,) = read(runs)
    values = dict(zip(found.header.metric_names, found.trials.metrics[0], strict=True))
    assert values["auc"] == 0.75
    assert values["f1"] == 0.5
    assert found.as_study().params(0)["lr"] == 0.3
    assert "opt/betas" in found.header.space


def test_a_run_that_is_being_written_keeps_what_is_whole(runs: Path) -> None:
    text = (runs / "2" / "metrics.json").read_text()
    (runs / "2" / "metrics.json").write_text(text[: len(text) // 2])
    (runs / "3" / "run.json").write_text("")
    (found,) = read(runs)
    assert len(found.trials) == 4
    said = [skipped.reason for skipped in found.header.skipped]
    assert any("metrics.json" in reason for reason in said)
    assert "3 was left out: run.json describes no run." in said


def test_a_point_at_an_infinite_step_is_left_out_and_told(runs: Path) -> None:
    path = runs / "2" / "metrics.json"
    stored = json.loads(path.read_text())
    stored["acc"]["steps"][2] = 1e999
    path.write_text(json.dumps(stored))
    (found,) = read(runs)
    assert len(found.curves) == len(read(LOGS)[0].curves) - 1
    assert np.isfinite(found.curves.step).all()
    assert any("without a step" in skipped.reason for skipped in found.header.skipped)


def test_runs_of_several_experiments_are_studies_of_their_own(runs: Path) -> None:
    path = runs / "5" / "run.json"
    path.write_text(path.read_text().replace('"name": "digits"', '"name": "other"'))
    assert {found.header.name: len(found.trials) for found in read(runs)} == {
        "digits": 4,
        "other": 1,
    }


def test_a_folder_whose_runs_all_are_broken_is_one_clear_error(runs: Path) -> None:
    for n in range(2, 6):
        shutil.rmtree(runs / str(n))
    path = runs / "1" / "run.json"
    path.write_text("[" + path.read_text().replace("}", "]"))
    with pytest.raises(SourceFormatError, match="no run of Sacred that can be read"):
        read(runs)
