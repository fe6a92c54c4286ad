"""Larger real runs, against facts that were told from the raw files without these readers."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.model import Outcome, ParameterKind, Study, TrialState
from hypertendril.readers import ReadStudy, read

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"
FRAMEWORKS = SHARED / "frameworks"
DEEPCAVE = SHARED / "deepcave-logs"

pytestmark = pytest.mark.skipif(not FRAMEWORKS.exists(), reason="the real runs are not here")


def _cases(framework: str) -> list[Any]:
    """Return the experiments of a framework with their facts."""
    path = FRAMEWORKS / framework / "expected.json"
    if not path.exists():
        return []
    experiments = json.loads(path.read_text())["experiments"]
    return [pytest.param(FRAMEWORKS / framework / e["path"], e, id=e["path"]) for e in experiments]


@lru_cache(maxsize=32)
def _found(path: Path) -> tuple[ReadStudy, ...]:
    return read(path)


def _study(path: Path) -> Study:
    (found,) = _found(path)
    return found.as_study()


def _row(study: Study, number: int) -> int:
    return study.trials.number.tolist().index(number)


def _assert_parameters(study: Study, facts: dict[str, list[Any]], *, told: bool) -> None:
    """Compare the space; of one told from the values the bounds may lie inside the declared ones."""
    assert set(study.space.names) == set(facts)
    for name, (kind, *rest) in facts.items():
        parameter = study.space[name]
        if kind in ("categorical", "ordinal"):
            assert sorted(map(str, parameter.choices)) == sorted(map(str, rest[0]))
            assert told or parameter.kind is ParameterKind(kind)
            continue
        assert parameter.kind is ParameterKind(kind)
        assert parameter.low is not None and parameter.high is not None
        if told:
            assert rest[0] <= parameter.low < parameter.high <= rest[1]
        else:
            assert (parameter.low, parameter.high) == tuple(rest[:2])
            assert parameter.log is (rest[2] == "log")


def _budgets(study: Study) -> dict[str, int]:
    resources = study.evaluations.resource.tolist()
    return Counter("None" if np.isnan(resource) else str(resource) for resource in resources)


# Ray Tune


@pytest.mark.parametrize(("path", "facts"), _cases("ray_tune"))
def test_ray_objective_trials_and_results_are_all_there(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    assert study.objectives[0].name == facts["metric"]
    assert study.objectives[0].direction.value.startswith(facts["mode"])
    assert study.header.method.name == facts["algorithm"]
    objective = study.header.curve_names.index(facts["metric"])
    values = study.curves.value[study.curves.metric == objective]
    assert len(values) == facts["n_result_rows"]
    assert values.max() == facts["best_over_all_rows"]["value"]
    _assert_parameters(study, facts["parameters"], told=True)


@pytest.mark.parametrize(
    ("path", "facts"), [c for c in _cases("ray_tune") if "pbt" not in str(c.id)]
)
def test_ray_trials_end_where_they_ended(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    states = facts["status_counts"]
    assert len(study) == facts["n_trials"]
    assert study.counts()[TrialState.FAILED] == states.get("ERROR", 0)
    for trial in facts["trials"]:
        row = _row(study, trial["index"])
        steps, values = study.curves.of(row, 0)
        assert len(steps) == trial["rows"]
        assert steps[-1] == trial["max_iteration"]
        assert values[-1] == study.trials.objectives[row, 0] == trial["last_value"]


HALVING = [c for c in _cases("ray_tune") if "stopped_at_iteration -> trials" in c.values[1]]


@pytest.mark.parametrize(("path", "facts"), HALVING)
def test_ray_rungs_are_where_trials_were_stopped(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    e = study.evaluations
    closed = np.isin(e.outcome, [Outcome.FINAL, Outcome.DISCARDED])
    stops = Counter(str(int(r)) for r in e.resource[closed])
    assert stops == facts["stopped_at_iteration -> trials"]
    assert study.counts()[TrialState.COMPLETE] == stops["27"]


def test_ray_slots_are_cut_into_trials_with_parents() -> None:
    path = FRAMEWORKS / "ray_tune" / "digits_mlp_pbt"
    facts = next(c.values[1] for c in _cases("ray_tune") if "pbt" in str(c.id))
    study = _study(path)
    slots = study.header.attributes["slots"]
    edges = facts[
        "lineage_edges [child_index, parent_index, child_iteration_logged, parent_iteration]"
    ]
    children = np.flatnonzero(study.trials.parent >= 0)
    found = [[slots[child], slots[study.trials.parent[child]]] for child in children]
    assert found == [edge[:2] for edge in edges]
    assert len(study) == facts["n_trials"] + facts["n_lineage_edges"] == 47
    assert list(study.trials.notes.values()) == ["replaced by another member before it ran"]
    for trial in facts["trials"]:
        rows = [row for row, slot in enumerate(slots) if slot == trial["index"]]
        ran = [row for row in rows if len(study.curves.of(row, 0)[0])]
        assert len(ran) == len(trial["segments"])
        for row, segment in zip(ran, trial["segments"], strict=True):
            steps, _ = study.curves.of(row, 0)
            assert (steps[0], steps[-1]) == (segment["iter0"], segment["iter1"])
            assert len(steps) == segment["rows"]
            assert study.params(row) == segment["config"]


def test_ray_generations_tell_who_survived() -> None:
    study = _study(FRAMEWORKS / "ray_tune" / "digits_mlp_pbt")
    e = study.evaluations
    assert study.header.method.settings["perturbation_interval"] == 4
    assert sorted(set(e.iteration.tolist())) == list(range(10))
    assert Counter(e.outcome.tolist())[Outcome.DISCARDED] == 31
    assert Counter(e.outcome.tolist())[Outcome.FINAL] == 16
    outside = study.header.attributes["values_outside_range"]
    assert outside and any("outside its range" in s.reason for s in study.header.skipped)


# HpBandSter


@pytest.mark.parametrize(("path", "facts"), _cases("hpbandster"))
def test_hpbandster_facts(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    assert len(study) == facts["n_configs"]
    assert len(study.evaluations) == facts["n_evaluations"]
    assert int(np.isnan(study.evaluations.value).sum()) == facts["n_failed_evaluations"]
    assert _budgets(study) == facts["evaluations_per_budget"]
    brackets = Counter(map(str, study.trials.bracket.tolist()))
    assert brackets == facts["configs_per_iteration (bracket)"]
    assert study.header.attributes["model_based_picks"] == facts["model_based_picks"]
    _assert_parameters(study, facts["parameters"], told=False)
    best = study.best()
    assert best is not None
    told = facts["best_at_max_budget"]
    assert study.header.attributes["config_ids"][best] == told["config_id"]
    assert study.trials.objectives[best, 0] == told["loss"]
    assert study.params(best) == told["config"]
    highest = {
        f"({', '.join(map(str, key))})": float(
            study.evaluations.resource[study.evaluations.trial == row].max()
        )
        for row, key in enumerate(study.header.attributes["config_ids"])
    }
    assert highest == facts["max_budget_per_config"]


# SMAC3


@pytest.mark.parametrize(("path", "facts"), _cases("smac3"))
def test_smac_facts(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    assert study.name == facts["path"]
    assert [o.name for o in study.objectives] == [facts["objectives"]]
    assert len(study) == facts["n_configs"]
    assert len(study.evaluations) == facts["n_trials"]
    assert _budgets(study) == facts["evaluations_per_budget"]
    assert study.header.attributes["origins"] == facts["origins"]
    assert study.header.attributes["finished"] is facts["finished"]
    assert study.header.attributes["incumbents"] == facts["incumbent_ids"]
    assert study.header.method.settings["n_trials"] == facts["n_trials_limit"]
    _assert_parameters(study, facts["parameters"], told=False)
    best = study.best()
    assert best is not None
    assert study.trials.number[best] == facts["best_at_max_budget"]["config_id"]
    assert study.trials.objectives[best, 0] == facts["best_at_max_budget"]["cost"]
    assert study.params(best) == facts["best_at_max_budget"]["config"]


# Syne Tune


@pytest.mark.parametrize(("path", "facts"), _cases("syne_tune"))
def test_syne_tune_facts(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    assert study.header.method.settings["scheduler"] == facts["scheduler"]
    assert study.objectives[0].name == facts["metric"]
    assert study.objectives[0].direction.value.startswith(facts["mode"])
    with_results = ~np.isnan(study.trials.objectives[:, 0])
    assert int(with_results.sum()) == facts["n_trials_with_results"]
    values = study.curves.value[study.curves.metric == 0]
    assert len(values) == facts["n_result_rows"]
    assert values.max() == facts["best"]["value"]
    steps = [study.curves.of(row, 0)[0] for row in np.flatnonzero(with_results).tolist()]
    assert Counter(str(int(s[-1])) for s in steps) == facts["max_resource -> trials"]
    assert Counter(str(int(s[0])) for s in steps) == facts["first_resource_of_trial"]
    clones = sum(n for step, n in facts["first_resource_of_trial"].items() if step != "1")
    assert int((study.trials.parent >= 0).sum()) == clones
    for name, declared in facts["config_space"].items():
        if isinstance(declared, dict):
            bounds = declared["domain_kwargs"]
            parameter = study.space[name]
            assert parameter.log is (declared["sampler_cls"] == "LogUniform")
            assert list(parameter.choices) == bounds.get("categories", [])
            assert (parameter.low, parameter.high) == (bounds.get("lower"), bounds.get("upper"))
        else:
            assert study.header.attributes["fixed"][name] == declared


# NNI


@pytest.mark.parametrize(("path", "facts"), _cases("nni"))
def test_nni_facts(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    ids = study.header.attributes["trial_ids"]
    assert (study.name, len(study)) == (facts["name"], facts["n_trials"])
    assert study.objectives[0].direction.value.startswith(facts["mode"])
    assert int((study.curves.metric == 0).sum()) == facts["n_intermediate_metrics"]
    states = facts["status_counts (last event)"]
    assert study.counts()[TrialState.COMPLETE] == states["SUCCEEDED"]
    assert study.counts()[TrialState.PRUNED] == states.get("USER_CANCELED", 0)
    assert study.counts()[TrialState.FAILED] == states.get("FAILED", 0)
    best = study.best()
    assert best is not None
    assert (ids[best], study.trials.objectives[best, 0]) == (
        facts["best"]["trial"],
        facts["best"]["value"],
    )
    for row, job in enumerate(ids):
        told = facts["config_of_trial"][job]
        assert study.params(row) == {k: v for k, v in told.items() if "checkpoint" not in k}
    edges = facts.get("lineage_edges [child_trial, parent_trial, exploited another slot]", [])
    children = np.flatnonzero(study.trials.parent >= 0)
    found = {(ids[child], ids[study.trials.parent[child]]) for child in children}
    assert found == {tuple(edge[:2]) for edge in edges}
    if edges:
        generations = Counter(map(str, study.evaluations.iteration.tolist()))
        assert generations == facts["generations"]
        discarded = (study.evaluations.outcome == Outcome.DISCARDED).sum()
        assert discarded == facts["n_exploits"]


# DEHB


@pytest.mark.parametrize(("path", "facts"), _cases("dehb"))
def test_dehb_facts(path: Path, facts: dict[str, Any]) -> None:
    study = _study(path)
    assert len(study) == facts["n_config_ids"]
    assert len(study.evaluations) == facts["n_evaluations"]
    assert _budgets(study) == facts["evaluations_per_fidelity"]
    assert list(study.space.names) == facts["parameter_order_of_the_vector"]
    best = study.best()
    assert best is not None
    assert study.trials.objectives[best, 0] == facts["best_at_max_fidelity"]["fitness"]
    assert study.params(best) == facts["best_at_max_fidelity"]["config"]
    e = study.evaluations
    at = int(np.argmin(e.value))
    assert (at, e.value[at], e.resource[at]) == (
        facts["best"]["row"],
        facts["best"]["fitness"],
        facts["best"]["fidelity"],
    )
    first = {row: study.params(row) for row in dict.fromkeys(e.trial[:3].tolist())}
    assert list(first.values()) == facts["first_3_configs_decoded"]


# DeepCAVE's collection

TABLE: list[tuple[str, int, int, int]] = [
    # run, trials, evaluations, parameters
    ("BOHB/run_1", 46, 65, 1),
    ("BOHB/run_2", 84, 113, 9),
    ("BOHB/run_3", 1662, 2261, 12),
    ("SMAC3v1/mlp/run_1", 20, 20, 4),
    ("SMAC3v1/mlp/run_2", 60, 60, 4),
    ("SMAC3v1/outlier-detection/SMAC-pendigits-015-0-0", 502, 671, 39),
    ("SMAC3v1/outlier-detection/DEHB-pendigits-015-0-0", 501, 501, 39),
    ("SMAC3v2/mlp/run_1", 20, 20, 4),
    ("SMAC3v2/mlp/run_2", 60, 60, 4),
    ("SMAC3v2/mlp/run_4", 498, 246, 7),
    ("SMAC3v2/multi-fidelity/run_1", 143, 179, 7),
    ("SMAC3v2/mlp-nondeterministic/run_1", 61, 154, 7),
    ("SMAC3v2/multi-objective/run_1", 56, 112, 7),
    ("RayTune/run_1", 81, 81, 3),
    ("RayTune/run_3", 3, 3, 2),
    ("DeepCAVE/mnist_pytorch/run_1", 1000, 3000, 7),
    ("DeepCAVE/digits_sklearn/run_1", 200, 2000, 6),
    ("DeepCAVE/minimal/run_1", 100, 300, 3),
    ("DataFrame/run_1", 20, 20, 4),
    ("DataFrame/run_2", 68, 88, 2),
    ("AMLTK/smac_optimizer_mf/run_1", 68, 88, 2),
    ("AMLTK/optuna_optimizer/run_1", 149, 149, 2),
    ("AMLTK/smac_optimizer/run_1", 42, 42, 4),
]


@pytest.mark.skipif(not DEEPCAVE.exists(), reason="the logs of DeepCAVE are not here")
@pytest.mark.parametrize(("run", "trials", "evaluations", "parameters"), TABLE)
def test_logs_of_deepcave_are_read_whole(
    run: str, trials: int, evaluations: int, parameters: int
) -> None:
    study = _study(DEEPCAVE / run)
    assert len(study) == trials
    assert len(study.evaluations) == evaluations
    assert len(study.space) == parameters


@pytest.mark.skipif(not DEEPCAVE.exists(), reason="the logs of DeepCAVE are not here")
def test_conditions_crashes_and_times_of_deepcaves_logs() -> None:
    outliers = _study(DEEPCAVE / "SMAC3v1/outlier-detection/SMAC-pendigits-015-0-0")
    assert sum(p.condition is not None for p in outliers.space) == 29
    assert outliers.counts()[TrialState.FAILED] == 21
    assert (outliers.trials.started[outliers.evaluations.trial] > 1.6e9).all()
    mnist = _study(DEEPCAVE / "DeepCAVE/mnist_pytorch/run_1")
    assert [o.direction for o in mnist.objectives] == ["maximize", "minimize", "minimize"]
    assert int(np.isnan(mnist.evaluations.value).sum()) == 733
    broken_clock = _study(DEEPCAVE / "BOHB/run_3")
    known = broken_clock.evaluations.time[~np.isnan(broken_clock.evaluations.time)]
    assert len(known) and (known > 1.5e9).all()


@pytest.mark.skipif(not DEEPCAVE.exists(), reason="the logs of DeepCAVE are not here")
def test_a_folder_of_runs_opens_as_one_study_a_run() -> None:
    studies = _found(DEEPCAVE)
    assert len(studies) == len(TABLE)
    assert len({found.as_study().id for found in studies}) == len(studies)
    assert {found.header.attributes["found_in"] for found in studies} == {run for run, *_ in TABLE}
