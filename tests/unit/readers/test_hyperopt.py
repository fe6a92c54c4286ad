"""Documents of hyperopt as its release 0.3.0 writes them."""

from __future__ import annotations

import json
from pathlib import Path

from hypertendril.model import TrialState
from hypertendril.readers import read


def test_an_exception_is_shown_as_python_prints_it(tmp_path: Path) -> None:
    error = ["<class 'ValueError'>", "boom / ü"]
    failed = {"state": 3, "tid": 0, "result": {"status": "new"}, "misc": {"vals": {}}}
    failed["misc"] = {"tid": 0, "vals": {"x": [0.5]}, "error": error}
    done = {"state": 2, "tid": 1, "result": {"status": "ok", "loss": 1.0}}
    done["misc"] = {"tid": 1, "vals": {"x": [0.25]}}
    path = tmp_path / "trials.json"
    path.write_text(json.dumps([failed, done]))
    (found,) = read(path)
    trials = found.as_study().trials
    assert trials.state.tolist() == [TrialState.FAILED, TrialState.COMPLETE]
    assert trials.notes == {0: "ValueError: boom / ü"}


def test_the_true_loss_is_a_metric_beside_the_loss(tmp_path: Path) -> None:
    result = {"status": "ok", "loss": 1.0, "true_loss": 2.0}
    path = tmp_path / "trials.json"
    misc = {"tid": 0, "vals": {"x": [0.5]}}
    path.write_text(json.dumps([{"state": 2, "tid": 0, "result": result, "misc": misc}]))
    (found,) = read(path)
    assert found.as_study().measured("true_loss").tolist() == [2.0]
