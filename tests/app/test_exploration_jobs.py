"""Jobs that begin at one trial of the Exploration overview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.analysis.lineage import ancestry
from hypertendril.callbacks.exploration_jobs import job_of, plan_of, queued
from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.objectives import Registry, load_registry
from hypertendril.layouts import ids
from hypertendril.model import Study, TrialState
from hypertendril.readers import read

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


def test_the_schedule_of_a_member_is_replayed_with_its_steps(pbt: Study) -> None:
    row = max(range(len(pbt)), key=lambda r: len(ancestry(pbt, r)))
    spec = job_of(ids.EXPLORATION_REPLAY, pbt, row, REGISTRY)
    line = ancestry(pbt, row)
    schedule = spec.start.schedule
    assert [dict(stretch.values) for stretch in schedule] == [pbt.params(r) for r in line]
    interval = pbt.header.method.settings["interval"]
    assert all(stretch.steps % interval == 0 for stretch in schedule)
    assert (spec.method, spec.budget.trials) == ("replay", len(line))
    assert spec.refined_from == "pbt"
    assert spec.name.endswith(f"trial {row} replayed")


def test_a_stopped_trial_is_trained_as_far_as_the_others_were(hyperband: Study) -> None:
    row = int(np.flatnonzero(hyperband.trials.state == TrialState.PRUNED)[0])
    (stretch,) = job_of(ids.EXPLORATION_FINISH, hyperband, row, REGISTRY).start.schedule
    assert (dict(stretch.values), stretch.steps) == (hyperband.params(row), 16)


def test_what_cannot_be_run_says_why(pbt: Study, hyperband: Study) -> None:
    founder = 0
    whole = int(np.flatnonzero(hyperband.trials.state == TrialState.COMPLETE)[0])
    reasons = [
        plan_of(ids.EXPLORATION_REPLAY, pbt, founder, REGISTRY).why_not,
        plan_of(ids.EXPLORATION_FINISH, hyperband, whole, REGISTRY).why_not,
        plan_of(ids.EXPLORATION_FINISH, hyperband, whole, Registry()).why_not,
    ]
    assert [reason.split(",")[0] for reason in reasons] == [
        "This trial was copied from none",
        "This trial was not stopped on its way.",
        "No registered objective fits this study.",
    ]
    with pytest.raises(HyperTendrilError, match="No registered objective"):
        job_of(ids.EXPLORATION_FINISH, hyperband, whole, Registry())


def test_pressing_twice_queues_one_job(services: Any, hyperband: Study) -> None:
    services.registry = REGISTRY
    row = int(np.flatnonzero(hyperband.trials.state == TrialState.PRUNED)[0])
    words, first = queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")
    assert words.startswith("Queued 'digits, Hyperband")
    assert queued(services, ids.EXPLORATION_FINISH, hyperband, row, "page")[1] == first
    assert queued(services, ids.EXPLORATION_FINISH, hyperband, row, "another")[1] != first
