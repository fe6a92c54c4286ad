"""What the next study begins with, as the Control panel takes it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from hypertendril.callbacks.control_actions import exported, submitted
from hypertendril.callbacks.next_start import Beginning
from hypertendril.callbacks.next_study import Draft, draft_of
from hypertendril.callbacks.starting import chosen, enqueue_button, go_on_button
from hypertendril.callbacks.study_lines import beginnings, study_lines
from hypertendril.errors import HyperTendrilError
from hypertendril.jobs.spec.objectives import Registry
from hypertendril.layouts import ids
from hypertendril.model import SearchSpace
from tests.app.conftest import LR, OPTIMIZER, WIDTH, StudyOf, put
from tests.app.test_control import FORM, selection

PICKED = {"view": "selected", "kind": "trials", "trials": [3, 7]}
GO_ON = Beginning("s", goes_on=True).to_json()


def test_selected_trials_are_enqueued_and_taken_back_with_a_second_click(study_of: StudyOf) -> None:
    study = study_of(20)
    data, said = chosen(ids.CONTROL_ENQUEUE, {}, study, selection(PICKED))
    assert data == {"study": "s", "goes_on": False, "rows": [3, 7]}
    assert said.children.startswith("2 configurations are run first")
    assert chosen(ids.CONTROL_ENQUEUE, data, study, selection(PICKED))[0]["rows"] == []


@pytest.mark.parametrize(
    ("brushes", "words"),
    [
        ([], "Nothing is selected"),
        ([{"view": "x", "kind": "trials", "trials": []}], "0 trials are selected"),
        ([{"view": "x", "kind": "trials", "trials": list(range(300))}], "300 trials are selected"),
    ],
)
def test_too_few_and_too_many_are_refused(
    study_of: StudyOf, brushes: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(HyperTendrilError, match=words):
        chosen(ids.CONTROL_ENQUEUE, {}, study_of(300), selection(*brushes))


def test_going_on_is_switched_and_belongs_to_one_study(study_of: StudyOf) -> None:
    data, _ = chosen(ids.CONTROL_GO_ON, {}, study_of(20), None)
    assert Beginning.from_json(data, "s").goes_on
    assert not Beginning.from_json(data, "another").goes_on
    assert not Beginning.from_json(
        chosen(ids.CONTROL_GO_ON, data, study_of(20), None)[0], "s"
    ).goes_on


@pytest.mark.parametrize("data", [None, [], {"study": "s", "rows": ["x", -1, True, 2.5]}])
def test_what_a_page_makes_up_is_nothing(data: Any) -> None:
    assert Beginning.from_json(data, "s") == Beginning("s")


def test_the_job_holds_what_was_chosen(services: Any, study_of: StudyOf) -> None:
    study = put(services, study_of(20))
    draft = draft_of(study, services.registry)
    begun = Beginning("s", goes_on=True, rows=(3, 7)).to_json()
    form = replace(FORM, method="tpe", start=begun)
    spec = services.queue.job(submitted(services, draft, form, "page")[1]).spec
    assert [dict(values) for values in spec.start.enqueued] == [study.params(3), study.params(7)]
    assert [trial.number for trial in spec.start.studies[0].trials] == list(range(20))
    job = tomllib.loads(exported(services, draft, form)[0]["content"])
    assert job["start"]["enqueue"] == [study.params(3), study.params(7)]
    assert job["start"]["studies"][0]["name"] == "digits"
    assert len(job["start"]["studies"][0]["trials"]) == 20


def test_the_next_study_keeps_the_constraints_of_the_one_it_refines(
    services: Any, study_of: StudyOf
) -> None:
    """Also about a metric that the registry does not declare; the file that is saved has them too."""
    bounds = [{"metric": "size", "at_most": 5000.0}, {"metric": "seconds", "at_least": 1.0}]
    study = put(services, study_of(20, attributes={"constraints": bounds}))
    draft = draft_of(study, services.registry)
    words, job_id = submitted(services, draft, FORM, "page")
    assert "size at most 5000, seconds at least 1." in words
    assert [item.to_json() for item in services.queue.job(job_id).spec.constraints] == bounds
    job = tomllib.loads(exported(services, draft, FORM)[0]["content"])
    assert (job["constraints"], job["metrics"]) == (bounds, ["size", "seconds"])
    (line,) = study_lines(services.store.studies(), ())
    assert "feasible where size at most 5000\n" in line.title


def test_a_selected_trial_outside_of_the_next_space_is_named(
    services: Any, study_of: StudyOf
) -> None:
    study = put(services, study_of(20))
    space = SearchSpace((replace(LR, low=0.09), WIDTH, OPTIMIZER))
    draft = replace(draft_of(study, services.registry), space=space)
    form = replace(FORM, start=Beginning("s", rows=(3,)).to_json())
    with pytest.raises(HyperTendrilError, match=r"Enqueued trial 3: its lr is .* outside"):
        submitted(services, draft, form, "page")


def test_the_buttons_say_why_they_are_off(study_of: StudyOf, registry: Registry) -> None:
    draft = draft_of(study_of(20), registry)
    nothing = Beginning("s")
    assert go_on_button(nothing, draft, "tpe")[1:4] == ("pill", "false", False)
    *_, is_off, why = go_on_button(nothing, draft, "random")
    assert is_off
    assert why.startswith("Random search learns nothing from earlier trials; these do: TPE")
    assert enqueue_button(replace(nothing, rows=(1, 2)), draft)[0] == "2 run first ×"
    *_, is_off, why = enqueue_button(nothing, Draft("s", None))
    assert is_off
    assert "does not fit" in why
    # What is on can be switched off, whatever the method.
    assert go_on_button(Beginning("s", goes_on=True), draft, "random")[3] is False


def test_what_a_study_began_with_is_told() -> None:
    start = {"enqueued": 2, "studies": [{"name": "<b>", "told": 3, "trials": 5}], "repeated": 1}
    assert beginnings(start) == [
        "2 enqueued configurations first",
        "was told 3 of 5 trials of <b>",
        "ran the best 1 of their configurations first",
    ]
    assert beginnings("made up") == beginnings({"studies": 3}) == []
