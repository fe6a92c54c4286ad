"""Methods that train in segments, through the runner and the store."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.queue.job_queue import Progress
from hypertendril.jobs.running.checkpoints import kept_step
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.model import Outcome, Study, TrialState
from tests.unit.jobs.segment_bench import REGISTRY, Bench, Training

PBT = {"population": 6, "interval": 2, "generations": 3}
HYPERBAND = {"max_resource": 9}
BOTH = pytest.mark.parametrize(("method", "settings"), [("pbt", PBT), ("hyperband", HYPERBAND)])


def spec(method: str, settings: dict[str, Any], trials: int = 16) -> JobSpec:
    data = {"name": "s", "objective": "sphere", "method": method, "settings": settings, "seed": 3}
    return JobSpec.from_json(data | {"budget": {"trials": trials, "parallel": 2}}, REGISTRY)


class Lives(Training):
    """The checkpoint is the list of steps a model was trained for."""

    def __init__(self, *, saves: bool = True, failing: int = -1) -> None:
        super().__init__()
        self.saves = saves
        self.failing = failing
        self.lives: dict[tuple[int, int], list[str]] = {}

    def train(self, segment: Segment) -> list[Event]:
        if segment.number == self.failing:
            return [Ended(segment.number, {}, "broken")]
        life = []
        if segment.checkpoint is not None:
            life = (segment.checkpoint / "life").read_text().split()
        assert len(life) == segment.from_step
        assert segment.to_step is not None
        steps = range(segment.from_step + 1, segment.to_step + 1)
        life += [f"{segment.number}:{step}" for step in steps]
        if self.saves:
            segment.checkpoint_dir.mkdir(parents=True)
            (segment.checkpoint_dir / "life").write_text(" ".join(life))
        self.lives[segment.number, segment.to_step] = life
        x = segment.params["x"]
        assert isinstance(x, float)
        reports = [Reported(segment.number, float(step), {"score": x * step}) for step in steps]
        return [*reports, Ended(segment.number, {"size": 1.0})]


def killed_after(flushes: int) -> Callable[[Progress], Order]:
    """An owner that has the study go away, nothing more written, at a later look."""
    looks = iter(range(flushes))
    return lambda _: Order.GO_ON if next(looks, None) is not None else Order.ABANDON


def facts(study: Study) -> list[Any]:
    trials, seen = study.trials, study.evaluations
    return [
        trials.state.tolist(),
        trials.values.tolist(),
        trials.objectives.tolist(),
        trials.parent.tolist(),
        trials.bracket.tolist(),
        sorted(
            zip(
                seen.trial.tolist(),
                seen.iteration.tolist(),
                seen.bracket.tolist(),
                seen.rung.tolist(),
                seen.resource.tolist(),
                seen.value.tolist(),
                seen.outcome.tolist(),
                strict=True,
            )
        ),
    ]


def test_rungs_brackets_and_outcomes_are_recorded(bench: Bench) -> None:
    assert bench.run(spec("hyperband", HYPERBAND), Lives()) is Ending.DONE
    study = bench.study()
    seen = study.evaluations
    first = seen.bracket == 0
    assert np.bincount(seen.rung[first]).tolist() == [9, 3, 1]
    assert sorted(set(seen.resource[first].tolist())) == [1.0, 3.0, 9.0]
    assert study.trials.bracket.tolist() == [0] * 9 + [1] * 3 + [2] * 3 + [3]
    counts = study.counts()
    assert counts[TrialState.PRUNED] == np.sum(seen.outcome == Outcome.DISCARDED) > 0
    assert counts[TrialState.COMPLETE] == np.sum(seen.outcome == Outcome.FINAL) > 0
    assert (study.trials.ended >= study.trials.started).all()
    assert np.isfinite(seen.time).all()


def test_a_promoted_trial_goes_on_from_its_checkpoint(bench: Bench) -> None:
    training = Lives()
    bench.run(spec("hyperband", HYPERBAND, 9), training)
    best = int(np.argmax(bench.study().trials.objectives[:, 0]))
    assert training.lives[best, 9] == [f"{best}:{step}" for step in range(1, 10)]
    assert bench.study().curves.of(best, 0)[0].tolist() == list(range(1, 10))


def test_a_child_goes_on_from_its_parent_as_it_was(bench: Bench) -> None:
    training = Lives()
    bench.run(spec("pbt", PBT), training)
    study = bench.study()
    children = np.flatnonzero(study.trials.parent >= 0)
    assert len(children) == 6
    for child in children.tolist():
        parent, start = int(study.trials.parent[child]), 2 * int(study.trials.bracket[child])
        life = training.lives[child, start + 2]
        assert life == [
            *training.lives[parent, start],
            f"{child}:{start + 1}",
            f"{child}:{start + 2}",
        ]
        assert study.params(child) != study.params(parent)


@BOTH
def test_a_study_killed_at_any_write_comes_to_the_same_end(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    job = spec(method, settings)
    bench.run(job, Lives(), study_id="whole")
    for flushes in range(1, 24, 2):
        name = f"killed{flushes}"
        bench.run(job, Lives(), killed_after(flushes), name)
        while bench.run(job, Lives(), killed_after(5), name) is not Ending.DONE:
            pass
        assert facts(bench.study(name)) == facts(bench.study("whole")), flushes


@BOTH
def test_code_without_checkpoints_begins_anew_and_gets_as_far(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    training = Lives(saves=False)
    assert bench.run(spec(method, settings), training) is Ending.DONE
    assert all(segment.from_step == 0 for segment in training.segments)


@BOTH
def test_checkpoints_nobody_needs_are_removed(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    """Of two of the completed and two of the stopped trials the latest is left."""
    job = spec(method, settings)
    bench.run(replace(job, budget=replace(job.budget, keep_checkpoints=2)), Lives())
    kept = [int(path.parent.name) for path in (bench.folder / "s1").glob("*/*")]
    states = bench.study().trials.state[kept].tolist()
    assert sorted(states) == [TrialState.COMPLETE] * 2 + [TrialState.PRUNED] * 2
    assert all(len(list(path.iterdir())) == 1 for path in (bench.folder / "s1").iterdir())


@BOTH
def test_a_trial_that_fails_on_the_way_is_failed_and_the_others_go_on(
    bench: Bench, method: str, settings: dict[str, Any]
) -> None:
    assert bench.run(spec(method, settings), Lives(failing=1)) is Ending.DONE
    counts = bench.study().counts()
    assert counts[TrialState.FAILED] == 1
    assert counts[TrialState.RUNNING] == counts[TrialState.WAITING] == 0


def test_a_method_that_knows_its_trials_needs_no_number(bench: Bench) -> None:
    data = {"name": "s", "objective": "sphere", "method": "pbt", "settings": PBT}
    job = JobSpec.from_json(data, REGISTRY)
    assert job.budget.trials == 6 + 2 * 3
    assert JobSpec.from_json(job.to_json()) == job
    bench.run(job, Lives())
    assert len(bench.study()) == 12


def test_segments_count_as_progress_and_go_on_counting_after_a_kill(bench: Bench) -> None:
    """A job whose worker is killed again and again within one long rung moves on all the same."""
    seen: list[int] = []

    def watch(progress: Progress) -> Order:
        seen.append(progress.segments)
        return Order.GO_ON if len(seen) % 4 else Order.ABANDON

    while bench.run(spec("hyperband", HYPERBAND), Lives(), watch) is not Ending.DONE:
        pass
    assert seen[4] > 0
    # What ended after the last write before a kill is run again.
    assert all(b >= a - 2 for a, b in itertools.pairwise(seen))
    assert seen[-1] == len(bench.study().evaluations)


def stopped_at_3(study: Study) -> int:
    looks = study.evaluations
    return int(looks.trial[(looks.resource == 3) & (looks.outcome == Outcome.DISCARDED)][0])


def finished(study: Study, row: int, step: int) -> JobSpec:
    """The job that brings a stopped trial to nine steps."""
    origin = {"study": study.id, "trial": row, "steps": step}
    schedule = [{"steps": 9, "params": study.params(row)}]
    data = {"name": "rest", "objective": "sphere", "method": "replay"}
    start = {"origin": origin, "schedule": schedule}
    return JobSpec.from_json(data | {"start": start}, REGISTRY)


def test_a_stopped_trial_is_brought_to_its_end_from_what_it_has_kept(bench: Bench) -> None:
    bench.run(spec("hyperband", HYPERBAND), Lives())
    study = bench.study()
    row = stopped_at_3(study)
    assert kept_step(bench.folder / "s1", study, row) == 3
    training = Lives()
    assert bench.run(finished(study, row, 3), training, study_id="s2") is Ending.DONE
    first = [f"{row}:{step}" for step in range(1, 4)]
    assert training.lives[0, 9] == first + [f"0:{step}" for step in range(4, 10)]
    steps, _ = bench.study("s2").curves.of(0, 0)
    assert steps.tolist() == [4, 5, 6, 7, 8, 9]


def test_steps_of_the_trial_that_is_gone_on_from_are_not_counted_after_an_interruption(
    bench: Bench,
) -> None:
    bench.run(spec("hyperband", HYPERBAND), Lives())
    study = bench.study()
    row = stopped_at_3(study)
    values = study.params(row)
    start = {
        "origin": {"study": study.id, "trial": row, "steps": 3},
        "schedule": [{"steps": 6, "params": values}, {"steps": 9, "params": values}],
    }
    data = {"name": "rest", "objective": "sphere", "method": "replay", "start": start}
    job = JobSpec.from_json(data | {"budget": {"total_steps": 6}}, REGISTRY)
    release = lambda progress: Order.RELEASE if progress.segments else Order.GO_ON  # noqa: E731
    assert bench.run(job, Lives(), release, study_id="s2") is Ending.RELEASED
    assert bench.run(job, Lives(), study_id="s2") is Ending.DONE
    assert bench.study("s2").curves.step.max() == 9


def test_where_the_checkpoint_is_gone_it_is_trained_from_the_beginning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.run(spec("hyperband", HYPERBAND), Lives())
    study = bench.study()
    shutil.rmtree(bench.folder / "s1")
    training = Lives()
    assert bench.run(finished(study, 1, 3), training, study_id="s2") is Ending.DONE
    assert len(training.lives[0, 9]) == 9
    assert "trial 0 begins anew; trial 1 left no checkpoint at step 3" in caplog.text


@pytest.mark.parametrize(
    ("study_id", "objective", "message"),
    [("s9", "sphere", "there is no study 's9'"), ("s1", "branin", "trained 'sphere', whose")],
)
def test_the_checkpoint_of_a_stranger_is_refused(
    bench: Bench, study_id: str, objective: str, message: str
) -> None:
    bench.run(spec("hyperband", HYPERBAND), Lives())
    job = finished(replace(bench.study(), id=study_id), 1, 3)
    with pytest.raises(JobError, match=message):
        bench.run(replace(job, objective=objective), Lives(), study_id="s2")
