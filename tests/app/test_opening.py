"""Opening, closing and steering called as functions; what the page tells of by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hypertendril.callbacks.notices import news, objective_hint
from hypertendril.callbacks.opening_actions import (
    close_command,
    dialog_of,
    notices,
    open_all,
    told,
)
from hypertendril.callbacks.steering import changed, steered
from hypertendril.callbacks.study_lines import job_lines
from hypertendril.jobs import disk
from hypertendril.jobs.queue.job_queue import JobState, Progress
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.watch import WorkerWatch
from hypertendril.settings import Settings, private_folder
from hypertendril.store.opened import OpenedResults
from tests.app.conftest import StudyOf, put
from tests.waiting import PATIENCE_SECONDS

TABLE = "lr,optimizer,score\n0.1,adam,1\n0.2,sgd,3\n"


@pytest.fixture
def page(services: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Services with results to open in the current folder."""
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    # A busy machine reads even these few lines for seconds.
    monkeypatch.setattr("hypertendril.store.opened.FIRST_LOOK_SECONDS", PATIENCE_SECONDS)
    Path("table.csv").write_text(TABLE)
    Path("bad.json").write_text('{"trials": ')
    study = {"name": "good", "objectives": ["y"], "trials": [{"values": {"y": 1}}]}
    Path("good.json").write_text(json.dumps(study))
    settings = Settings(private_folder(tmp_path / "data"))
    opened = OpenedResults(settings.data, services.store)
    now = SimpleNamespace(seconds=0.0)
    watch = WorkerWatch(services.queue, settings, lambda: now.seconds)
    parts = {"opened": opened, "follower": opened.follower, "worker": watch, "now": now}
    return SimpleNamespace(**vars(services) | parts | {"settings": settings})


def submit(services: Any) -> str:
    data = {"name": "j", "objective": "digits", "method": "random", "budget": {"trials": 4}}
    return str(services.queue.submit(JobSpec.from_json(data, services.registry)))


def test_several_sources_are_opened_and_each_failure_is_one_sentence(page: Any) -> None:
    outcome = open_all(page, ["good.json", "/etc/passwd", "missing.json"])
    assert outcome.is_error
    assert outcome.awaited == page.follower.study_ids()[0]
    assert "lies outside" in outcome.text and "does not exist" in outcome.text


def test_a_table_nobody_explained_opens_the_dialog_with_a_guess(page: Any) -> None:
    outcome = open_all(page, ["table.csv"])
    assert outcome.asks == ("table.csv",)
    dialog = dialog_of(page, outcome.asks)
    assert dialog["title"] == "What are the columns of table.csv?"
    roles, ways = ["parameter", "parameter", "objective"], ["log", "", "maximize"]
    (study,) = told(page, "table.csv", roles, ways)
    header = page.store.snapshot(study).header
    assert (header.space["lr"].log, header.objectives[0].name) == (True, "score")


def test_a_guessed_objective_is_asked_about_until_it_is_kept_or_changed(page: Any) -> None:
    trials = [{"values": {"y": n}, "metrics": {"acc": -n}} for n in range(3)]
    for name in ("one.json", "other.json"):
        Path(name).write_text(json.dumps({"trials": trials}))
    open_all(page, ["one.json", "other.json"])
    asked = [notice for notice in notices(page) if notice.kind == "guess"]
    assert len(asked) == 2 and "is assumed" in asked[0].text
    assert close_command(page, {"do": "keep-guess", "source": asked[0].source}).text == "Kept."
    asked = [notice for notice in notices(page) if notice.kind == "guess"]
    assert [notice.source for notice in asked] == [str(Path("other.json").resolve())]
    dialog = dialog_of(page, (str(asked[0].source),))
    assert dialog["title"] == "What are the columns of other.json?"
    (study,) = told(page, "other.json", ["metric", "objective"], ["", "maximize"])
    assert page.store.snapshot(study).header.objectives[0].name == "acc"
    assert not notices(page)


def test_a_broken_source_is_a_notice_until_it_is_closed(page: Any) -> None:
    open_all(page, ["bad.json"])
    (notice,) = notices(page)
    assert (notice.kind, notice.can_be_told) == ("problem", False)
    close_command(page, {"do": "close-source", "source": notice.source})
    assert notices(page) == []


def test_a_study_whose_job_is_not_over_is_not_closed(page: Any, study_of: StudyOf) -> None:
    job = submit(page)
    put(page, study_of(study_id=job))
    outcome = close_command(page, {"do": "close", "study": job})
    assert "stop it first" in outcome.text
    page.queue.cancel(job)
    assert close_command(page, {"do": "close", "study": job}).said is not None
    assert page.opened.hidden == {job}


def test_a_failed_job_is_dismissed_from_the_queue_and_brought_back(page: Any) -> None:
    job = submit(page)
    owner = page.queue.new_owner()
    page.queue.finish(page.queue.claim(owner.name), JobState.FAILED, "No module named 'x'")
    owner.close()

    def listed() -> list[str]:
        return [line.id for line in job_lines(page.queue.jobs(), (), page.opened.hidden)]

    assert listed() == [job]
    said = close_command(page, {"do": "dismiss", "job": job}).said
    assert said is not None and listed() == []
    token = getattr(said.children[-1], "data-token")
    assert not close_command(page, {"do": "undo", "token": token}).is_error
    assert listed() == [job]


@pytest.mark.parametrize(
    "command",
    [
        {"do": "dismiss", "job": "none"},
        {"do": "close", "study": "none"},
        {"do": "close-source", "source": "none"},
        {"do": "undo", "token": "none"},
        {"do": "columns", "study": None},
    ],
)
def test_a_command_that_makes_no_sense_is_answered_in_words(page: Any, command: Any) -> None:
    outcome = close_command(page, command)
    assert outcome.is_error and outcome.text[-1] in ".?"


def test_a_missing_worker_is_told_after_some_seconds(page: Any) -> None:
    submit(page)
    assert not page.worker.is_missed()
    page.now.seconds = 4.0
    assert page.worker.is_missed()
    assert notices(page)[0].text.startswith("1 job waits, and no worker is active")


def test_a_full_disk_is_told_until_there_is_room(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not notices(page)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "LEAST_FREE_BYTES", 2**80)
        (notice,) = notices(page)
    assert notice.kind == "problem"
    assert f"The disk of {page.settings.data} is full" in notice.text
    assert not notices(page)


def test_jobs_are_paused_resumed_and_given_another_budget(services: Any) -> None:
    job = submit(services)
    assert "Paused" in str(steered(services, {"do": "pause", "job": job}))
    assert services.queue.job(job).state is JobState.PAUSED
    assert "goes on" in str(steered(services, {"do": "resume", "job": job}))
    assert "9 trials in all, 3" in str(changed(services, job, "3", " 9 "))
    assert services.queue.job(job).spec.budget.trials == 9
    steered(services, {"do": "stop-trial", "job": job, "trial": "2"})
    assert services.queue.job(job).stopped == {2}


@pytest.mark.parametrize(
    ("parallel", "trials", "words"),
    [("", "9", "Workers"), ("2", "many", "Trials"), ("0", "9", "parallel")],
)
def test_a_budget_that_makes_no_sense_is_answered_in_words(
    services: Any, parallel: str, trials: str, words: str
) -> None:
    said = str(changed(services, submit(services), parallel, trials))
    assert words in said and "is-error" in said


def test_a_new_page_is_told_nothing_and_then_of_ends_and_new_bests(
    services: Any, study_of: StudyOf
) -> None:
    job = replace(services.queue.job(submit(services)), state=JobState.RUNNING)
    study = put(services, study_of(study_id=str(job.id)))
    summaries = services.store.studies()
    noted, words = news(summaries, [job], study.id, None)
    assert words == ""
    noted["best"] = 0.1
    noted, words = news(summaries, [job], study.id, noted)
    assert words == "New best of digits: 0.9000"
    over = replace(job, state=JobState.DONE, progress=Progress(done=4, best=0.9))
    _, words = news(summaries, [over], study.id, noted)
    assert words == "j is finished: 4 of 4 trials, best 0.9000"
    failed = replace(over, progress=Progress(done=4), message="No trial was completed.\nMore")
    noted["jobs"] = {}  # it began and ended between two looks
    _, words = news(summaries, [failed], study.id, noted)
    assert words == "j is finished: 4 of 4 trials. No trial was completed."


def test_a_study_without_an_objective_says_how_to_register_one(
    services: Any, study_of: StudyOf
) -> None:
    assert objective_hint(services, study_of()) == ("", "")
    other = study_of()
    space = type(other.space)(tuple(other.space)[:1])
    header = replace(other.header, space=space)
    stranger = replace(
        other, header=replace(header, objectives=(replace(header.objectives[0], name="loss"),))
    )
    words, _ = objective_hint(services, stranger)
    assert words.startswith("No objective takes its parameters and reports loss: register one in")
