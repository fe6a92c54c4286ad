from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import JobError, StoreError
from hypertendril.jobs.queue.job_queue import Progress
from hypertendril.jobs.running import runner
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.recorder import close_trials
from hypertendril.jobs.segments import Ended, Event, Reported, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.model import Outcome, Study, TrialState
from hypertendril.store.batch import Batch
from hypertendril.store.experiment_store import ExperimentStore
from tests.unit.jobs.runner_bench import REGISTRY, Bench, fenced, spec, well


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with ExperimentStore.open(None) as store:
        yield Bench(store, monkeypatch)


def after(trials: int, order: Order) -> Callable[[Progress], Order]:
    """An owner that gives an order once so many trials are done."""
    return lambda progress: order if progress.done >= trials else Order.GO_ON


def test_a_study_has_exactly_the_trials_of_its_budget(bench: Bench) -> None:
    assert bench.run(spec(7, parallel=3)) is Ending.DONE
    study = bench.study
    assert study.trials.number.tolist() == list(range(7))
    assert study.counts()[TrialState.COMPLETE] == 7
    assert (study.trials.ended >= study.trials.started).all()


def test_an_objective_and_a_declared_metric_are_the_last_reported_value_or_the_returned_one(
    bench: Bench,
) -> None:
    bench.run(spec(1))
    study = bench.study
    x = study.column("param:x")[0]
    assert study.column("objective:score")[0] == 2 * x
    assert study.column("metric:size")[0] == 5.0
    assert study.header.metric_names == ("size",)


def test_reports_become_curves_and_unforeseen_names_get_a_place(bench: Bench) -> None:
    bench.run(spec(2))
    study = bench.study
    assert study.header.curve_names == ("score", "loss")
    steps, values = study.curves.of(1, 0)
    x = study.column("param:x")[1]
    assert (steps.tolist(), values.tolist()) == ([1.0, 2.0], [x, 2 * x])
    assert study.curves.of(1, 1)[0].tolist() == [2.0]


def test_a_returned_metric_nobody_declared_gets_a_column(bench: Bench) -> None:
    bench.run(spec(2), lambda segment: [Ended(segment.number, {"score": 1.0, "depth": 4.0})])
    assert bench.study.header.metric_names == ("size", "depth")
    assert bench.study.column("metric:depth").tolist() == [4.0, 4.0]
    assert np.isnan(bench.study.column("metric:size")).all()


def test_a_bare_number_is_the_leading_objective(bench: Bench) -> None:
    bench.run(spec(1), lambda segment: [Ended(segment.number, {"": 0.25})])
    assert bench.study.column("objective:score").tolist() == [0.25]


def test_each_complete_trial_has_one_final_evaluation(bench: Bench) -> None:
    def train(segment: Segment) -> list[Event]:
        return well(segment) if segment.number else [Ended(0, {}, "bad luck")]

    bench.run(spec(3), train)
    found = bench.study.evaluations
    assert found.trial.tolist() == found.iteration.tolist() == [1, 2]
    assert found.resource.tolist() == [2.0, 2.0]
    assert found.outcome.tolist() == [Outcome.FINAL] * 2
    assert found.value.tolist() == bench.study.trials.objectives[1:, 0].tolist()


def test_a_late_report_of_an_earlier_step_sets_no_trial_back(bench: Bench) -> None:
    reports = [Reported(0, 5.0, {"score": 0.5}), Reported(0, 2.0, {"score": 0.2})]
    bench.run(spec(1), lambda segment: [*reports, Ended(segment.number, {"score": 1.0})])
    assert bench.study.evaluations.resource.tolist() == [5.0]


@pytest.mark.parametrize(
    ("metrics", "error", "words"),
    [
        ({}, "ValueError: oh", "ValueError: oh"),
        ({}, None, "neither returned nor reported 'score'"),
        ({"scor": 1.0}, None, "reported 'score', which is to be optimised. It gave 'scor'."),
        ({"score": math.nan}, None, "'score' is not a number"),
    ],
)
def test_a_failed_trial_counts_and_says_why(
    bench: Bench, metrics: dict[str, float], error: str | None, words: str
) -> None:
    bench.run(spec(2), lambda segment: [Ended(segment.number, metrics, error)])
    assert bench.study.counts()[TrialState.FAILED] == 2
    assert words in bench.study.trials.notes[1]


def test_an_infinite_objective_is_kept_and_is_not_the_best(bench: Bench) -> None:
    values = [math.inf, 1.0, -math.inf]
    bench.run(spec(3), lambda segment: [Ended(segment.number, {"": values[segment.number]})])
    assert bench.study.column("objective:score").tolist() == values
    assert bench.study.counts()[TrialState.COMPLETE] == 3
    assert bench.progress[-1].best == 1.0


def test_a_clock_that_is_set_back_makes_no_negative_duration(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = itertools.count(100_000, -1)
    monkeypatch.setattr(time, "time", lambda: 3600.0 * next(hours))
    bench.run(spec(3))
    durations = bench.study.trials.ended - bench.study.trials.started
    assert ((durations >= 0) & (durations < 60)).all()


def test_a_very_long_reason_is_cut(bench: Bench) -> None:
    bench.run(spec(1), lambda segment: [Ended(segment.number, {}, "x" * 100_000)])
    assert len(bench.study.trials.notes[0]) == 2000


def test_progress_tells_done_running_and_best(bench: Bench) -> None:
    bench.run(spec(4))
    scores = bench.study.column("objective:score")
    assert [p.done for p in bench.progress] == [0, 1, 2, 3, 4]
    assert [p.best for p in bench.progress] == [None, *np.maximum.accumulate(scores).tolist()]


def test_seeds_differ_by_trial_and_not_by_run(bench: Bench) -> None:
    bench.run(spec(3))
    first = [segment.seed for segment in bench.started]
    bench.store.remove("s1")
    bench.run(spec(3))
    assert len(set(first)) == 3
    assert [segment.seed for segment in bench.started[3:]] == first


@pytest.mark.parametrize("method", ["random", "tpe"])
@pytest.mark.parametrize("stop_after", [1, 12, 17])
def test_a_released_study_goes_on_as_if_nothing_had_been(
    bench: Bench, method: str, stop_after: int
) -> None:
    job = spec(20, method)
    bench.run(job)
    whole = bench.study
    bench.store.remove("s1")
    assert bench.run(job, ask=after(stop_after, Order.RELEASE)) is Ending.RELEASED
    assert bench.study.counts()[TrialState.COMPLETE] < 20
    assert bench.run(job) is Ending.DONE
    np.testing.assert_array_equal(bench.study.trials.values, whole.trials.values)
    np.testing.assert_array_equal(bench.study.trials.objectives, whole.trials.objectives)


def test_an_interrupted_trial_runs_again_in_its_own_row_with_its_own_values(bench: Bench) -> None:
    job = spec(4)

    def silent(segment: Segment) -> list[Event]:
        return well(segment) if segment.number < 2 else [Reported(2, 1.0, {"score": 77.0})]

    bench.run(job, silent, ask=after(2, Order.RELEASE))
    # The trial the first run began is in the store only from the write after its start on.
    bench.run(job, silent, ask=stop_when_stored(bench, 3))
    assert bench.study.trials.state.tolist()[2] == TrialState.RUNNING
    values = bench.study.trials.values[2].copy()
    bench.started.clear()
    assert bench.run(job) is Ending.DONE
    assert [segment.number for segment in bench.started] == [2, 3]
    np.testing.assert_array_equal(bench.study.trials.values[2], values)
    assert bench.study.curves.of(2, 0)[1][0] != 77.0
    assert bench.study.trials.number.tolist() == [0, 1, 2, 3]


def stop_when_stored(bench: Bench, rows: int) -> Callable[[Progress], Order]:
    return lambda _: Order.RELEASE if len(bench.study) >= rows else Order.GO_ON


def test_a_finished_study_is_not_run_again(bench: Bench) -> None:
    bench.run(spec(2))
    bench.started.clear()
    assert bench.run(spec(2)) is Ending.DONE
    assert bench.started == []


def test_an_abandoned_study_is_not_written_to(bench: Bench) -> None:
    bench.run(spec(4), ask=after(2, Order.ABANDON))
    assert len(bench.study) <= 2
    version = bench.study.version
    assert bench.run(spec(4), ask=lambda _: Order.ABANDON) is Ending.ABANDONED
    assert bench.study.version == version


def test_a_study_somebody_else_appended_to_is_left_alone(bench: Bench) -> None:
    job = spec(4)

    def intrude(progress: Progress) -> Order:
        if progress.done == 2:
            trials = replace(bench.study.trials, notes={})
            bench.store.append("s1", Batch(trials=trials))
        return Order.GO_ON

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "DISK_PATIENCE_SECONDS", 0.0)
        with pytest.raises(StoreError):
            bench.run(job, ask=intrude)
    with pytest.raises(JobError, match="not made by this job"):
        bench.run(job)


def test_a_disk_that_refuses_for_a_while_costs_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, refusals = bench.store.append, iter(range(3))

    def refuse_thrice(study_id: str, batch: Batch) -> Any:
        if next(refusals, None) is not None:
            raise StoreError("The disk is full.")
        return append(study_id, batch)

    monkeypatch.setattr(bench.store, "append", refuse_thrice)
    assert bench.run(spec(5, parallel=2)) is Ending.DONE
    assert bench.study.counts()[TrialState.COMPLETE] == 5
    assert len(bench.started) == 5


def test_closing_marks_what_will_never_end_and_nothing_else(bench: Bench) -> None:
    def silent(segment: Segment) -> list[Event]:
        return well(segment) if segment.number < 2 else []

    bench.run(spec(5), silent, ask=stop_when_stored(bench, 3))
    close_trials(bench.store, "s1", TrialState.FAILED, "Cancelled.")
    states = bench.study.trials.state.tolist()
    assert states == [TrialState.COMPLETE] * 2 + [TrialState.FAILED]
    assert bench.study.trials.notes == {2: "Cancelled."}
    version = bench.study.version
    close_trials(bench.store, "s1", TrialState.FAILED, "Cancelled.")
    assert bench.study.version == version


@pytest.mark.parametrize("method", ["tpe", "hyperband", "asha", "bohb"])
def test_a_study_with_a_starting_set_goes_on_after_a_stop_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    earlier = [
        {"number": k, "params": {"x": k / 20.0, "n": 2}, "values": {"score": -k}} for k in range(15)
    ]
    start: dict[str, Any] = {"enqueue": [{"x": 0.5}, {"n": 3}]}
    if method in ("tpe", "bohb"):
        start["studies"] = [{"name": "before", "trials": earlier}]
    data = spec(12, method).to_json() | {"start": start}
    job = JobSpec.from_json(data, REGISTRY)

    def studied(folder: str, *, stops: bool) -> Study:
        with ExperimentStore.open(tmp_path / folder) as store:
            bench = Bench(store, monkeypatch)
            looks = itertools.count()
            ask = lambda _: Order.RELEASE if next(looks) == 5 else Order.GO_ON  # noqa: E731
            if stops:
                assert bench.run(job, fenced, ask) is Ending.RELEASED
            assert bench.run(job, fenced) is Ending.DONE
            return bench.study

    whole, halves = studied("whole", stops=False), studied("halves", stops=True)
    assert whole.trials.values[0, 0] == 0.5
    assert whole.trials.values[1, 1] == 3.0
    np.testing.assert_array_equal(whole.trials.values, halves.trials.values)
    np.testing.assert_array_equal(whole.trials.state, halves.trials.state)
    assert whole.header.metric_names == halves.header.metric_names
    np.testing.assert_array_equal(whole.trials.metrics, halves.trials.metrics)
    if method == "bohb":
        picks = whole.column("metric:model_based_pick")
        assert np.isnan(picks[:2]).all()  # nobody drew what was enqueued
        assert set(picks[2:]) == {0.0, 1.0}


def test_a_run_whose_time_is_over_begins_no_trial(bench: Bench) -> None:
    """So it is where a worker was killed after the time was over, and another one goes on."""
    assert bench.run(spec(5), ask=lambda _: Order.TIME_IS_UP) is Ending.OUT_OF_TIME
    assert bench.started == []
    assert len(bench.study) == 0
