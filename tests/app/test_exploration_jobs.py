"""Jobs that begin at one trial of the Exploration overview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from hypertendril.analysis.lineage import ancestry
from hypertendril.callbacks.exploration_jobs import job_of, offered, plan_of, queued
from hypertendril.callbacks.study_lines import beginnings
from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import Registry, load_registry
from hypertendril.layouts import ids
from hypertendril.model import Study, TrialState
from hypertendril.readers import read
from hypertendril.search import Origin

EXAMPLES = Path(__file__).parents[2] / "examples"
REGISTRY = load_registry(EXAMPLES / "objectives.toml")


@pytest.fixture(scope="module")
def pbt() -> Study:
    (found,) = read(EXAMPLES / "studies" / "digits_pbt_t4_s50.json")
    return replace(found.as_study(), id="pbt")


@pytest.fixture(scope="module")
def hyperband() -> Study:
    (found,) = read(EXAMPLES / "studies" / "digits_hyperband_r16_eta4.json")
    return replace(found.as_study(), id="hb")


@pytest.fixture(autouse=True)
def _runs_examples(services: Any) -> None:
    services.registry = REGISTRY


def job(services: Any, button: str, study: Study, row: int) -> JobSpec:
    return job_of(plan_of(button, study, row, services), button, study, row, services.registry)


def first(study: Study, state: TrialState) -> int:
    return int(np.flatnonzero(study.trials.state == state)[0])


def test_the_schedule_of_a_member_is_replayed_with_its_steps(services: Any, pbt: Study) -> None:
    row = max(range(len(pbt)), key=lambda r: len(ancestry(pbt, r)))
    spec = job(services, ids.EXPLORATION_REPLAY, pbt, row)
    line = ancestry(pbt, row)
    schedule = spec.start.schedule
    assert [dict(stretch.values) for stretch in schedule] == [pbt.params(r) for r in line]
    interval = pbt.header.method.settings["interval"]
    assert all(stretch.steps % interval == 0 for stretch in schedule)
    assert (spec.method, spec.budget.trials) == ("replay", len(line))
    assert spec.refined_from == "pbt"
    assert spec.name.endswith(f"trial {row} replayed")


def test_a_stopped_trial_is_trained_as_far_as_the_others_were(
    services: Any, hyperband: Study
) -> None:
    row = first(hyperband, TrialState.PRUNED)
    start = job(services, ids.EXPLORATION_FINISH, hyperband, row).start
    (stretch,) = start.schedule
    assert (dict(stretch.values), stretch.steps) == (hyperband.params(row), 16)
    assert start.origin is None
    plan = plan_of(ids.EXPLORATION_FINISH, hyperband, row, services)
    assert offered(ids.EXPLORATION_FINISH, plan).endswith(
        "from the beginning, as nothing that the trial saved is left."
    )
    words, _ = queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")
    assert "from the beginning" in words


def test_a_stopped_trial_goes_on_from_what_it_has_kept(services: Any, hyperband: Study) -> None:
    row = first(hyperband, TrialState.PRUNED)
    saved = services.settings.checkpoints / "hb" / str(row) / "1"
    saved.mkdir(parents=True)
    (saved / "model").touch()
    spec = job(services, ids.EXPLORATION_FINISH, hyperband, row)
    assert spec.start.origin == Origin("hb", row, 1)
    assert JobSpec.from_toml(spec.to_toml(), REGISTRY) == spec
    plan = plan_of(ids.EXPLORATION_FINISH, hyperband, row, services)
    assert offered(ids.EXPLORATION_FINISH, plan).endswith(
        "it goes on from what the trial saved at step 1."
    )
    words, _ = queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")
    assert "it goes on from what the trial saved at step 1. It is shown" in words
    assert beginnings(spec.header().attributes["start"]) == [f"goes on from trial {row} at step 1"]
    header = replace(hyperband.header, attributes={"objective": "another"})
    foreign = replace(hyperband, header=header)
    assert plan_of(ids.EXPLORATION_FINISH, foreign, row, services).from_step == 0


def test_what_cannot_be_run_says_why(services: Any, pbt: Study, hyperband: Study) -> None:
    founder, whole = 0, first(hyperband, TrialState.COMPLETE)
    nothing = SimpleNamespace(registry=Registry(), settings=services.settings)
    reasons = [
        plan_of(ids.EXPLORATION_REPLAY, pbt, founder, services).why_not,
        plan_of(ids.EXPLORATION_FINISH, hyperband, whole, services).why_not,
        plan_of(ids.EXPLORATION_FINISH, hyperband, whole, cast(Any, nothing)).why_not,
    ]
    assert [reason.split(",")[0] for reason in reasons] == [
        "This trial was copied from none",
        "This trial was not stopped on its way.",
        "No registered objective fits this study.",
    ]
    with pytest.raises(HyperTendrilError, match="No registered objective"):
        job(nothing, ids.EXPLORATION_FINISH, hyperband, whole)


def test_pressing_twice_queues_one_job(services: Any, hyperband: Study) -> None:
    row = first(hyperband, TrialState.PRUNED)
    words, job_id = queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")
    assert words.startswith("Queued 'digits, Hyperband")
    assert queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")[1] == job_id
    assert queued(services, ids.EXPLORATION_FINISH, hyperband, row, "another")[1] != job_id
