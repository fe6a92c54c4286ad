"""Checkpoints that nobody will need any more go; those somebody may want stay."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hypertendril.jobs.running.checkpoints import Checkpoints, kept_step, stopped_merit, tidy_ended
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
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


def test_each_trial_keeps_its_latest(tmp_path: Path) -> None:
    save(tmp_path, "0/1", "0/3", "1/1", "1/3", "2/1")
    looks = [Look(0, Outcome.PROMOTED, 3), Look(1, Outcome.DISCARDED, 3), Look(2, Outcome.FINAL, 1)]
    Checkpoints(tmp_path).tidy(looks)
    assert left(tmp_path) == ["0/3", "1/3", "2/1"]


@pytest.mark.parametrize(
    ("keep", "kept"), [(None, {0, *range(9, 18)}), (3, {0, 16, 17}), (0, set())]
)
def test_of_discarded_trials_those_keep_theirs_that_came_furthest_and_were_best(
    tmp_path: Path, keep: int | None, kept: set[int]
) -> None:
    """Trial 0 is the worst, but came further; trial 18 has no value at all."""
    save(tmp_path, *(f"{number}/3" for number in range(19)))
    checkpoints = Checkpoints(tmp_path, keep)
    for number in range(19):
        quality = quality_of(math.nan if number == 18 else float(number), 1.0)
        checkpoints.stop(number, stopped_merit(3.0 if number else 9.0, quality))
    checkpoints.tidy([])
    assert left(tmp_path) == sorted(f"{number}/3" for number in kept)


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


def ended_study() -> Study:
    """Trials 0 and 3 are complete, 2 has failed; 1, 4 and 5 were stopped at step 3, 1 and 3."""
    trials = Trials.empty(6, 0, 1, 0)
    stopped = TrialState.PRUNED
    trials.state[:] = [
        TrialState.COMPLETE,
        stopped,
        TrialState.FAILED,
        TrialState.COMPLETE,
        stopped,
        stopped,
    ]
    seen = Evaluations.empty(5)
    seen.trial[:], seen.resource[:] = [0, 1, 1, 4, 5], [1, 1, 3, 1, 3]
    seen.value[:], seen.outcome[:] = [0.9, 0.5, 0.6, 0.8, 0.7], Outcome.DISCARDED
    header = StudyHeader("s", SearchSpace(), (Objective("score", Direction.MAXIMIZE),))
    return Study("s", header, trials, seen, CurvePoints.empty(), 1)


@pytest.mark.parametrize(
    ("keep", "kept"),
    [(None, ["0", "1/3", "3", "4/1"]), (1, ["0", "1/3", "3"]), (0, ["0", "3"])],
)
def test_when_a_study_is_over_completed_and_the_best_stopped_trials_have_something_left(
    tmp_path: Path, keep: int | None, kept: list[str]
) -> None:
    """A stopped one only what it was looked at with: 1/9 is of a segment that was interrupted."""
    save(tmp_path, "0", "1/3", "1/9", "2/1", "2.a1b2", "3", "4/1", "5/9")
    (tmp_path / "3.report.jsonl").touch()
    tidy_ended(tmp_path, ended_study(), keep)
    assert left(tmp_path) == kept
    assert not list(tmp_path.glob("*.jsonl"))


def test_of_stopped_trials_that_came_as_far_the_better_keeps_what_it_saved(tmp_path: Path) -> None:
    save(tmp_path, "1/3", "5/3")
    tidy_ended(tmp_path, ended_study(), 1)
    assert left(tmp_path) == ["5/3"]


def test_a_stopped_trial_tells_which_step_it_has_kept(tmp_path: Path) -> None:
    save(tmp_path, "0/1", "1/3", "4/2")
    kept = [kept_step(tmp_path, ended_study(), row) for row in range(6)]
    assert kept == [None, 3, None, None, None, None]


def test_the_first_trial_goes_on_from_the_checkpoint_of_another_study(tmp_path: Path) -> None:
    save(tmp_path, "old/7/3", "new/1/5")
    checkpoints = Checkpoints(tmp_path / "new", origin=tmp_path / "old" / "7")
    assert checkpoints.before(Assignment(0, {}, from_step=3)) == tmp_path / "old" / "7" / "3"
    assert checkpoints.before(Assignment(1, {}, from_step=5)) == tmp_path / "new" / "1" / "5"
