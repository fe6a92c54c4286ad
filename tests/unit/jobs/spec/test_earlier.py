"""Earlier studies as a job file names them, and what is taken from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.spec.earlier import StudyFinder, earlier_study
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.jobs.spec.starting import MAX_EARLIER
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers import write_generic
from hypertendril.store.batch import Batch
from hypertendril.store.experiment_store import ExperimentStore

ROOT = Path(__file__).parents[4]
REGISTRY = load_registry(ROOT / "tests" / "data" / "jobs" / "objectives.toml")
SCORE = (Objective("score", Direction.MAXIMIZE),)


def study(n: int = 6) -> Study:
    """One parameter; trial 1 failed, trial 2 was pruned after a look, trial 3 is infeasible."""
    space = SearchSpace((Parameter("x", ParameterKind.FLOAT, -1.0, 1.0),))
    header = StudyHeader("before", space, SCORE, metric_names=("size",))
    trials = Trials.empty(n, 1, 1, 1)
    trials.state[:] = TrialState.COMPLETE
    trials.values[:, 0] = np.linspace(-1.0, 1.0, n)
    trials.objectives[:, 0] = np.arange(n)
    trials.metrics[:, 0] = 10.0
    trials.state[1], trials.objectives[1] = TrialState.FAILED, np.nan
    trials.state[2] = TrialState.PRUNED
    trials.violation[3] = 0.5
    looks = Evaluations.empty(1)
    looks.trial[0], looks.resource[0], looks.value[0] = 2, 3.0, 0.25
    looks.outcome[0] = Outcome.DISCARDED
    return Study("kept", header, trials, looks, CurvePoints.empty())


def test_ended_trials_are_taken_and_those_that_were_looked_at() -> None:
    found = earlier_study(study(), SCORE)
    assert (found.name, found.id) == ("before", "kept")
    assert [trial.number for trial in found.trials] == [0, 2, 3, 4, 5]
    assert found.trials[1].objectives == {}
    assert found.trials[1].looks == ((3.0, 0.25),)
    assert [trial.violation for trial in found.trials] == [0.0, 0.0, 0.5, 0.0, 0.0]


def test_a_metric_counts_where_it_is_the_new_objective() -> None:
    size = Objective("size", Direction.MINIMIZE)
    found = earlier_study(study(), (size,), np.array([0, 2]))
    assert [(trial.number, trial.objectives) for trial in found.trials] == [(0, {"size": 10.0})]


def test_of_too_many_trials_the_latest_and_the_best_are_taken() -> None:
    many = study(3 * MAX_EARLIER)
    many.trials.objectives[10] = 1e9
    numbers = [trial.number for trial in earlier_study(many, SCORE).trials]
    assert len(numbers) == MAX_EARLIER
    assert 10 in numbers
    assert numbers[-MAX_EARLIER // 2 :] == list(
        range(3 * MAX_EARLIER - MAX_EARLIER // 2, 3 * MAX_EARLIER)
    )


def job(folder: Path, store: Path, named: dict[str, Any]) -> JobSpec:
    data = {
        "name": "next",
        "objective": "sphere",
        "method": "tpe",
        "budget": {"trials": 4},
        "start": {"studies": [named]},
    }
    file = folder / "job.json"
    file.write_text(json.dumps(data))
    return JobSpec.from_file(file, REGISTRY, StudyFinder(store, folder))


def test_a_job_file_may_name_a_result_beside_it(tmp_path: Path) -> None:
    write_generic(study(), tmp_path / "before.json")
    found = job(tmp_path, tmp_path / "store", {"source": "before.json"})
    assert [trial.number for trial in found.start.studies[0].trials] == [0, 2, 3, 4, 5]


def test_a_job_file_may_name_a_study_of_the_store(tmp_path: Path) -> None:
    with ExperimentStore.open(tmp_path / "store") as store:
        store.create(study().header, study_id="kept")
        store.append("kept", Batch(trials=replace(study().trials)))
    found = job(tmp_path, tmp_path / "store", {"id": "kept"})
    assert len(found.start.studies[0].trials) == 4


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"id": "gone"}, r"'start.studies\[0\]': There is no study 'gone'"),
        ({"source": "before.json", "name": "other"}, "holds 0 such studies"),
        ({"source": "absent.json"}, "absent.json"),
        ({"name": "before"}, "may name an id or a source"),
    ],
)
def test_a_study_that_cannot_be_found_is_named(
    tmp_path: Path, named: dict[str, Any], message: str
) -> None:
    write_generic(study(), tmp_path / "before.json")
    with pytest.raises(JobError, match=message):
        job(tmp_path, tmp_path / "store", named)
