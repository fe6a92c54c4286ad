from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hypertendril.callbacks.study_lines import (
    MAX_STUDIES,
    JobView,
    StudyLine,
    job_lines,
    lists_json,
    study_lines,
)
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.layouts.aligned import aligned_text
from hypertendril.model import TrialState
from tests.app.conftest import StudyOf, put


def submit(services: Any, name: str = "job") -> str:
    data = {"name": name, "objective": "digits", "method": "random", "budget": {"trials": 40}}
    return str(services.queue.submit(JobSpec.from_json(data, services.registry)))


def lines(services: Any) -> list[StudyLine]:
    return study_lines(services.store.studies(), services.queue.jobs())


def test_refined_studies_hang_under_what_they_came_from(services: Any, study_of: StudyOf) -> None:
    put(services, study_of(study_id="a", name="a"))
    put(services, study_of(study_id="b", name="b"))
    put(services, study_of(study_id="c", name="c", refined_from="a"))
    put(services, study_of(study_id="d", name="d", refined_from="c"))
    found = {line.name: line.depth for line in lines(services)}
    assert found == {"a": 0, "c": 1, "d": 2, "b": 0}
    order = [line.name for line in lines(services)]
    assert order.index("a") < order.index("c") < order.index("d")


def test_studies_of_one_name_say_where_each_was_read_from(services: Any, study_of: StudyOf) -> None:
    places = {"a": ("run_1", "/logs/SMAC3v1"), "b": ("run_1", "/logs/BOHB"), "c": ("run_2", "/x")}
    for study_id, (name, source) in places.items():
        study = study_of(study_id=study_id, name=name)
        put(services, replace(study, header=replace(study.header, source=source)))
    assert {line.name for line in lines(services)} == {"SMAC3v1/run_1", "BOHB/run_1", "run_2"}


def test_studies_that_name_each_other_as_parents_are_listed_once(
    services: Any, study_of: StudyOf
) -> None:
    put(services, study_of(study_id="a", name="a", refined_from="b"))
    put(services, study_of(study_id="b", name="b", refined_from="a"))
    put(services, study_of(study_id="c", name="c", refined_from="c"))
    assert sorted(line.name for line in lines(services)) == ["a", "b", "c"]


def test_a_study_being_run_shows_how_far_it_is(services: Any, study_of: StudyOf) -> None:
    job = submit(services)
    owner = services.queue.new_owner()
    lease = services.queue.claim(owner.name)
    study = study_of(10, study_id=job)
    study.trials.state[8:] = TrialState.RUNNING
    put(services, study)
    (line,) = lines(services)
    assert (line.state, line.progress, line.job) == ("running", 0.2, job)
    assert line.detail == "8 of 40 trials · 2 under way"
    assert job_lines(services.queue.jobs(), services.store.studies()) == []
    services.queue.finish(lease, JobState.DONE)
    (line,) = lines(services)
    assert (line.state, line.progress, line.job, line.detail) == ("running", None, None, "")
    owner.close()


def test_states_without_a_job_come_from_the_trials(services: Any, study_of: StudyOf) -> None:
    failed = study_of(3, study_id="f", name="f")
    failed.trials.state[:] = TrialState.FAILED
    put(services, failed)
    put(services, study_of(0, study_id="e", name="e"))
    put(services, study_of(3, study_id="d", name="d"))
    found = {line.name: (line.state, line.best) for line in lines(services)}
    assert found == {"f": ("failed", ""), "e": ("empty", ""), "d": ("done", "0.9000")}


def test_the_queue_lists_what_waits_and_what_failed(services: Any) -> None:
    first = submit(services, "first")
    submit(services, "second")
    owner = services.queue.new_owner()
    services.queue.finish(services.queue.claim(owner.name), JobState.FAILED, "No module named 'x'")
    found = job_lines(services.queue.jobs(), ())
    assert [(line.name, line.state, line.can_cancel) for line in found] == [
        ("second", "queued", True),
        ("first", "failed", False),
    ]
    assert found[1].message == "No module named 'x'"
    assert found[1].id == first
    late = services.queue.job(first).ended + 2 * 24 * 3600
    assert [line.name for line in job_lines(services.queue.jobs(), (), now=late)] == ["second"]
    owner.close()


def test_jobs_are_read_again_only_after_a_change(services: Any) -> None:
    view = JobView(services.queue)
    assert view.jobs() == ()
    submit(services)
    seen = view.jobs()
    assert len(seen) == 1
    assert view.jobs() is seen


def test_a_very_long_list_is_cut_and_says_so() -> None:
    many = [StudyLine(str(i), "x", 0, "done", "TPE · 1", "") for i in range(MAX_STUDIES + 5)]
    found = lists_json(many, (), n_closed=2)
    assert len(found["studies"]) == MAX_STUDIES
    assert (found["older"], found["closed"], found["jobs"]) == (5, 2, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.899, "0.8990"), (12.0, "12"), (1.5e-7, "1.5e-7"), (float("inf"), "inf"), (0.0, "0")],
)
def test_figures_under_each_other_keep_their_zeros(value: float, text: str) -> None:
    assert aligned_text(value) == text
