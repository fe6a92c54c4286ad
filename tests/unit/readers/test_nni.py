"""Runs of NNI, against what their trials wrote down."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from hypertendril.model import Condition, Outcome, Study, TrialState
from hypertendril.readers import read
from hypertendril.readers.losses import Losses
from hypertendril.readers.nni.space import read_search_space
from tests.contract.service_formats import database_of

RESUMED = 1795397304940  # when two trials that had not ended were queued again
RUN = Path(__file__).parents[2] / "data" / "frameworks" / "nni_bohb"


def _study() -> Study:
    (found,) = read(RUN)
    return found.as_study()


def test_the_job_at_the_rung_below_is_the_parent() -> None:
    study = _study()
    children = (study.trials.parent >= 0).nonzero()[0].tolist()
    edges = {child: int(study.trials.parent[child]) for child in children}
    assert edges == {9: 1, 10: 4, 11: 5, 12: 9, 18: 15}
    assert all(study.params(child) == study.params(parent) for child, parent in edges.items())


def test_brackets_and_rungs_are_those_in_the_parameter_ids() -> None:
    e = _study().evaluations
    places = zip(e.bracket, e.rung, e.resource, strict=True)
    assert {(int(b), int(rung), float(r)) for b, rung, r in places} == {
        (0, 0, 1.0),
        (0, 1, 3.0),
        (0, 2, 9.0),
        (1, 0, 3.0),
        (1, 1, 9.0),
        (2, 0, 9.0),
    }


def test_a_rung_that_no_higher_one_follows_is_not_decided() -> None:
    e = _study().evaluations
    outcome = dict(zip(e.trial.tolist(), e.outcome.tolist(), strict=True))
    assert sorted(t for t, o in outcome.items() if o == Outcome.PENDING) == [22, 23, 24, 25]
    assert sorted(t for t, o in outcome.items() if o == Outcome.PROMOTED) == [1, 4, 5, 9, 15]
    assert sorted(t for t, o in outcome.items() if o == Outcome.FINAL) == [12, 18, 19, 20, 21]


def test_a_parameter_of_two_branches_of_a_choice_has_the_range_of_both() -> None:
    rate = {"_type": "loguniform", "_value": [1e-4, 0.3]}
    nested = {
        "model": {
            "_type": "choice",
            "_value": [
                {"_name": "mlp", "lr": rate, "act": {"_type": "choice", "_value": ["relu", 1]}},
                {"_name": "none"},
                {
                    "_name": "lin",
                    "lr": {"_type": "uniform", "_value": [0, 1]},
                    "act": {"_type": "choice", "_value": ["tanh", True]},
                },
            ],
        }
    }
    losses = Losses("x")
    space = read_search_space(nested, losses)
    both = Condition("model", ("mlp", "lin"))
    assert (space["model/lr"].low, space["model/lr"].high, space["model/lr"].log) == (0, 1, False)
    assert space["model/lr"].condition == space["model/act"].condition == both
    assert space["model/act"].choices == ("relu", 1, "tanh", True)
    assert not losses.listed()


def test_trials_that_fail_report_nothing_or_ran_anothers_parameters(tmp_path: Path) -> None:
    (tmp_path / "run" / "db").mkdir(parents=True)
    database_of("nni_varied.sql", tmp_path / "run" / "db" / "nni.sqlite")
    (found,) = read(tmp_path / "run")
    study = found.as_study()
    counts = study.counts()
    assert (counts[TrialState.COMPLETE], counts[TrialState.FAILED]) == (7, 5)
    assert counts[TrialState.RUNNING] == 2
    assert study.space["k"].choices == ("a, b", None, True, "é")
    # Trials 8 and 9 were started with each other's parameters; 9 failed before it reported.
    assert study.params(8)["x"] == study.trials.objectives[8, 0] == 0.6411709239650282
    assert study.params(9)["x"] == 0.9585822861092472  # the script fails above 0.85
    failed = study.trials.state == TrialState.FAILED
    assert (study.column("param:x")[failed] > 0.85).all()
    assert np.isnan(study.trials.objectives[2, 0])  # ended well without a result
    assert study.column("metric:size")[6] == 3


def _resumed(folder: Path, until: int | None = None) -> Study:
    """Return the study of an experiment that was stopped and resumed, as it stood at a time."""
    (folder / "run" / "db").mkdir(parents=True)
    path = database_of("nni_resumed.sql", folder / "run" / "db" / "nni.sqlite")
    if until is not None:
        with closing(sqlite3.connect(path)) as database, database:
            for table in ("TrialJobEvent", "MetricData"):
                database.execute(f"DELETE FROM {table} WHERE timestamp > ?", (until,))
    (found,) = read(folder / "run")
    return found.as_study()


def test_a_trial_that_ran_again_when_its_experiment_was_resumed_counts_once(tmp_path: Path) -> None:
    study = _resumed(tmp_path)
    assert study.trials.number.tolist() == [0, 1, 2, 3, 4, 5]
    assert study.trials.objectives[:, 0].tolist()[2:4] == [0.3301102742742291, 0.9036479915512903]
    steps, values = study.curves.of(2, 0)
    assert steps.tolist() == [1, 2, 3]
    assert values.tolist() == [1.0301102742742292, 0.5301102742742292, 0.36344360760756245]
    assert study.params(3) == {"lr": 0.06036479915512904, "opt": "sgd", "q": 0.0}


def test_a_trial_of_a_resumed_experiment_waits_to_be_run_once_more(tmp_path: Path) -> None:
    trials = _resumed(tmp_path, until=RESUMED).trials
    assert trials.state.tolist()[2:] == [TrialState.WAITING, TrialState.WAITING]
    assert np.isnan(trials.ended[2:]).all()
