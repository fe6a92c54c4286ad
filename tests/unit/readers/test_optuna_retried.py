"""Trials that Optuna started anew in the place of failed ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypertendril.analysis.exploration.columns import layout_of, marks_of
from hypertendril.model import Study
from hypertendril.readers import read
from tests.unit.readers.optuna_storage import Storage

# What `RetryFailedTrialCallback` writes, by number of the trial; the callback of 2.8 no history.
TRIED: dict[int, dict[str, Any]] = {
    2: {"failed_trial": 1, "retry_history": [1]},
    3: {"failed_trial": 1, "retry_history": [1, 2]},
    5: {"failed_trial": 4},
    6: {"failed_trial": 40, "retry_history": ["0", None]},
}
STATES = ["COMPLETE", "FAIL", "FAIL", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]


def _sqlite(folder: Path) -> Path:
    with Storage(folder / "study.db") as storage:
        study = storage.study()
        for number, state in enumerate(STATES):
            trial = storage.trial(study, state, 0.5 if state == "COMPLETE" else None)
            for key, value in TRIED.get(number, {}).items():
                storage.insert(
                    "trial_system_attributes",
                    trial_id=trial,
                    key=key,
                    value_json=json.dumps(value),
                )
        return storage.path


def _journal(folder: Path) -> Path:
    operations: list[dict[str, Any]] = [{"op_code": 0, "study_name": "s", "directions": [1]}]
    for number, state in enumerate(STATES):
        whole = {
            "op_code": 4,
            "study_id": 0,
            "datetime_start": None,
            "state": 3 if state == "FAIL" else 1,
            "system_attrs": TRIED.get(number, {}),
            "user_attrs": {},
        }
        operations.append(whole)
    path = folder / "study.log"
    path.write_text("".join(json.dumps(operation) + "\n" for operation in operations))
    return path


@pytest.fixture(params=[_sqlite, _journal])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    (found,) = read(request.param(tmp_path))
    return found.as_study()


def test_the_parent_of_a_retried_trial_is_the_last_of_the_failed_ones(study: Study) -> None:
    assert study.trials.parent.tolist() == [-1, -1, 1, 2, -1, 4, -1]


def test_trying_again_makes_no_generations_of_a_search(study: Study) -> None:
    assert not study.has_forks()
    assert layout_of(study, marks_of(study)).kind == "sequence"
