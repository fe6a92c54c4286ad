"""Studies recorded with Optuna, against what Optuna itself reads from them."""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.model import Outcome, Study, TrialState
from hypertendril.readers import read

OWN = Path(__file__).parents[2] / "data" / "readers"
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "optuna"
# Optuna's word for a state -> ours
STATES = {"FAIL": "FAILED"}


def _cases() -> list[Any]:
    cases = []
    for file, studies in json.loads((OWN / "expected.json").read_text()).items():
        cases += [pytest.param(OWN / file, n, f, id=f"{file}-{n}") for n, f in studies.items()]
    shared = {
        "digits_mlp.db": "digits_mlp.expected.json",
        "digits_mlp_tpe.journal.log": "digits_mlp_tpe.journal.expected.json",
    }
    for file, expected in shared.items():
        if not (SHARED / expected).exists():
            mark = pytest.mark.skip(reason="the larger sample studies are not here")
            cases.append(pytest.param(SHARED / file, "", {}, id=file, marks=mark))
            continue
        studies = json.loads((SHARED / expected).read_text())
        cases += [pytest.param(SHARED / file, n, f, id=f"{file}-{n}") for n, f in studies.items()]
    return cases


@lru_cache(maxsize=8)
def _studies(path: Path) -> dict[str, Study]:
    return {found.header.name: found.as_study() for found in read(path)}


def _study(path: Path, name: str) -> Study:
    return _studies(path)[name]


@pytest.mark.parametrize(("path", "name", "facts"), _cases())
def test_counts_objectives_and_attributes_are_those_optuna_reads(
    path: Path, name: str, facts: dict[str, Any]
) -> None:
    study = _study(path, name)
    counts = {state.name: count for state, count in study.counts().items() if count}
    assert counts == {STATES.get(k, k): n for k, n in facts["states"].items()}
    assert len(study) == facts["n_trials"]
    assert study.trials.number.tolist() == list(range(facts["n_trials"]))
    assert [o.direction for o in study.objectives] == facts["directions"]
    if facts["metric_names"]:
        assert [o.name for o in study.objectives] == facts["metric_names"]
    assert study.header.attributes == facts["study_user_attrs"]
    complete = study.trials.objectives[study.trials.state == TrialState.COMPLETE]
    sums = np.where(np.isfinite(complete), complete, 0.0).sum(axis=0)
    assert sums.tolist() == pytest.approx(facts["value_sums"])


@pytest.mark.parametrize(("path", "name", "facts"), _cases())
def test_curve_points_are_those_optuna_reads(path: Path, name: str, facts: dict[str, Any]) -> None:
    study = _study(path, name)
    finite = np.isfinite(study.curves.value)
    assert len(study.curves) == facts["n_intermediate"]
    assert int((~finite).sum()) == facts["n_intermediate_nonfinite"]
    assert study.curves.value[finite].sum() == pytest.approx(facts["intermediate_finite_sum"])
    assert (study.curves.step.max() if len(study.curves) else None) == facts["max_step"]


@pytest.mark.parametrize(("path", "name", "facts"), _cases())
def test_parameters_and_their_values_are_those_optuna_reads(
    path: Path, name: str, facts: dict[str, Any]
) -> None:
    study = _study(path, name)
    assert int((~np.isnan(study.trials.values)).sum()) == facts["n_param_values"]
    assert set(study.space.names) == set(facts["params"])
    for parameter in study.space:
        expected = facts["params"][parameter.name]
        column = study.column(f"param:{parameter.name}")
        present = column[~np.isnan(column)]
        assert len(present) == expected["n_trials_with_it"]
        (distribution,) = map(json.loads, expected["distributions"])
        stored = distribution["attributes"]
        if "choices" in stored:
            assert list(parameter.choices) == stored["choices"]
        else:
            assert (parameter.low, parameter.high) == (stored["low"], stored["high"])
            assert (parameter.log, parameter.step) == (stored["log"], stored["step"])
        decoded: list[Any] = [parameter.decode(value) for value in present.tolist()]
        if "counts" in expected:
            assert Counter(map(str, decoded)) == expected["counts"]
        else:
            assert (min(decoded), max(decoded)) == (expected["min"], expected["max"])


@pytest.mark.parametrize(("path", "name", "facts"), _cases())
def test_the_best_trials_are_those_optuna_names(
    path: Path, name: str, facts: dict[str, Any]
) -> None:
    study = _study(path, name)
    if "pareto_numbers" in facts:
        assert _front(study) == facts["pareto_numbers"]
    best = study.best()
    if "best" in facts and math.isfinite(facts["best"]["value"]):
        assert best is not None
        assert study.trials.number[best] == facts["best"]["number"]
        assert study.trials.objectives[best, 0] == facts["best"]["value"]
        assert study.params(best) == facts["best"]["params"]


def _front(study: Study) -> list[int]:
    """Numbers of the feasible trials no other one beats, by comparing each with each."""
    rows = np.flatnonzero(study.scored())
    quality = study.trials.objectives[rows] * [o.direction.sign for o in study.objectives]
    beaten = [bool(((quality >= q).all(axis=1) & (quality > q).any(axis=1)).any()) for q in quality]
    return study.trials.number[rows[~np.array(beaten)]].tolist()


@pytest.mark.parametrize(("path", "name", "facts"), _cases())
def test_nothing_is_skipped_but_attributes_that_are_no_numbers(
    path: Path, name: str, facts: dict[str, Any]
) -> None:
    reasons = [skipped.reason for skipped in _study(path, name).header.skipped]
    assert all("is not a number" in reason for reason in reasons), reasons
    assert set(_study(path, name).header.metric_names) <= set(facts["trial_user_attr_keys"])


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_brackets_told_from_the_curves_are_those_hyperband_drew(file: str) -> None:
    expected = json.loads((OWN / "expected.json").read_text())[file]["hyperband"]["brackets"]
    assert _study(OWN / file, "hyperband").trials.bracket.tolist() == expected


@pytest.mark.skipif(not SHARED.exists(), reason="the larger sample studies are not here")
def test_brackets_of_300_trials_follow_the_hash_optuna_draws_them_by() -> None:
    study = _study(SHARED / "digits_mlp.db", "hyperband-tpe")
    budgets = [math.ceil(4 * 3 ** (3 - b) / (4 - b)) for b in range(4)]  # 1 to 27 by 3
    edges = np.cumsum(budgets)
    drawn = [zlib.crc32(f"hyperband-tpe_{n}".encode()) % sum(budgets) for n in range(300)]
    assert study.trials.bracket.tolist() == np.searchsorted(edges, drawn, "right").tolist()


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_rungs_of_halving_lie_at_their_resources(file: str) -> None:
    study = _study(OWN / file, "halving")
    e = study.evaluations
    on_rung = (e.rung >= 0) & (study.trials.bracket[e.trial] >= 0)
    assert (e.resource[on_rung] == 2.0 * 2.0 ** e.rung[on_rung]).all()
    for row in range(len(study)):
        outcomes = e.outcome[e.trial == row].tolist()
        pruned = study.trials.state[row] == TrialState.PRUNED
        assert outcomes[-1] == (Outcome.DISCARDED if pruned else Outcome.FINAL)
        assert set(outcomes[:-1]) <= {Outcome.PROMOTED}


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_a_study_without_rungs_gets_one_evaluation_a_finished_trial(file: str) -> None:
    study = _study(OWN / file, "median")
    e, states = study.evaluations, study.trials.state
    ended = np.flatnonzero((states == TrialState.COMPLETE) | (states == TrialState.PRUNED))
    assert sorted(e.trial.tolist()) == ended.tolist()
    final = states[e.trial] == TrialState.COMPLETE
    assert (e.outcome == np.where(final, Outcome.FINAL, Outcome.DISCARDED)).all()
    for row, value, resource in zip(e.trial, e.value, e.resource, strict=True):
        steps, values = study.curves.of(int(row), 0)
        assert np.array_equal([resource, value], [steps[-1], values[-1]], equal_nan=True)


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_conditions_are_told_from_the_trials(file: str) -> None:
    space = _study(OWN / file, "conditional").space
    found = {
        p.name: (p.condition.parent, p.condition.values) for p in space if p.condition is not None
    }
    assert found == {
        "momentum": ("solver", ("sgd",)),
        "nesterov": ("solver", ("sgd",)),
        "dropout_1": ("n_layers", (2, 3)),
        "dropout_2": ("n_layers", (3,)),
    }


@pytest.mark.parametrize("file", ["optuna.db", "optuna.journal.log"])
def test_constraints_become_the_sum_of_what_is_violated(file: str) -> None:
    study = _study(OWN / file, "two")
    slack = study.column("metric:slack")
    assert study.trials.violation.tolist() == np.maximum(slack, 0.0).tolist()


def test_the_two_storages_tell_the_same_story() -> None:
    ours = [_studies(OWN / "optuna.db"), _studies(OWN / "optuna.journal.log")]
    assert ours[0].keys() == ours[1].keys()
    for name, one in ours[0].items():
        other = ours[1][name]
        assert one.space == other.space
        for column in ("values", "objectives", "state", "bracket", "violation"):
            a, b = getattr(one.trials, column), getattr(other.trials, column)
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (name, column)


def test_methods_are_named_as_recorded_or_by_their_traces() -> None:
    found = {study.header.name: study.header.method.name for study in read(OWN / "optuna.db")}
    assert found == {
        "conditional": "tpe",
        "halving": "successive halving",
        "hyperband": "hyperband",
        "median": "unknown",
        "two": "nsga2",
        "<i>hostile</i>": "unknown",
        "empty": "unknown",
    }


def test_an_infinite_and_a_missing_objective_are_kept_as_they_are() -> None:
    trials = _study(OWN / "optuna.db", "conditional").trials
    assert trials.state[5] == trials.state[6] == TrialState.FAILED
    assert np.isnan(trials.objectives[6, 0])
    assert trials.objectives[7, 0] == np.inf
