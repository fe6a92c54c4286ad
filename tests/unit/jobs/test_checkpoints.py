"""Checkpoints that nobody will need any more go; those somebody may want stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypertendril.jobs.checkpoints import Checkpoints, tidy_ended
from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Outcome,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.search import Assignment, Look
from hypertendril.search.scheduler import quality_of


def save(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).mkdir(parents=True)
        (folder / place / "model").touch()


def left(folder: Path) -> list[str]:
    found = (path.parent for path in folder.rglob("model"))
    return sorted(str(path.relative_to(folder)) for path in found)


def test_a_discarded_trial_keeps_nothing_and_others_their_latest(tmp_path: Path) -> None:
    save(tmp_path, "0/1", "0/3", "1/1", "1/3", "2/1")
    looks = [Look(0, Outcome.PROMOTED, 3), Look(1, Outcome.DISCARDED, 3), Look(2, Outcome.FINAL, 1)]
    Checkpoints(tmp_path).tidy(looks)
    assert left(tmp_path) == ["0/3", "2/1"]


@pytest.mark.parametrize(("keep", "kept"), [(2, ["1", "3"]), (0, []), (None, ["0", "1", "2", "3"])])
def test_the_best_completed_trials_keep_theirs(
    tmp_path: Path, keep: int | None, kept: list[str]
) -> None:
    save(tmp_path, "0", "1", "2", "3")
    checkpoints = Checkpoints(tmp_path, keep)
    for number, loss in enumerate([0.5, 0.1, 0.3, 0.2]):
        checkpoints.complete(number, quality_of(loss, -1.0))
        checkpoints.tidy([Look(number, Outcome.FINAL)])
    assert left(tmp_path) == kept


def test_an_infeasible_trial_is_worse_than_any_other(tmp_path: Path) -> None:
    save(tmp_path, "0", "1")
    checkpoints = Checkpoints(tmp_path, 1)
    checkpoints.complete(0, quality_of(0.9, 1.0, violation=2.0))
    checkpoints.complete(1, quality_of(0.1, 1.0))
    checkpoints.tidy([])
    assert left(tmp_path) == ["1"]


def test_a_copy_begins_with_what_its_parent_saved_and_an_interrupted_segment_anew(
    tmp_path: Path,
) -> None:
    save(tmp_path, "0/2", "1/4")
    checkpoints = Checkpoints(tmp_path)
    task = Assignment(1, {}, from_step=2, to_step=4, parent=0)
    assert checkpoints.before(task) == tmp_path / "0" / "2"
    assert checkpoints.after(task) == tmp_path / "1" / "4"
    assert left(tmp_path) == ["0/2"]


def test_when_a_study_is_over_only_completed_trials_have_something_left(tmp_path: Path) -> None:
    save(tmp_path, "0", "1/3", "2/1", "2.a1b2", "3")
    (tmp_path / "3.report.jsonl").touch()
    trials = Trials.empty(4, 0, 1, 0)
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.COMPLETE]
    trials.state[:] = np.array(states)
    header = StudyHeader("s", SearchSpace(), ())
    tidy_ended(tmp_path, Study("s", header, trials, Evaluations.empty(), CurvePoints.empty(), 1))
    assert left(tmp_path) == ["0", "3"]
    assert not list(tmp_path.glob("*.jsonl"))
