from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from dash import no_update

from hypertendril.callbacks.control_actions import (
    CHANGES,
    beginning,
    cancelled,
    changed,
    edits_of,
    exported,
    form_of,
    other_objective,
    ranges_update,
    submitted,
)
from hypertendril.callbacks.next_study import (
    METHOD_CHOICES,
    Draft,
    Form,
    draft_of,
    fitting_objective,
    next_name,
)
from hypertendril.errors import HyperTendrilError, JobError, SpaceError
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.jobs.spec.objectives import Registry
from hypertendril.layouts import ids
from hypertendril.layouts.control import control_panel, setting_inputs
from hypertendril.layouts.control_space import bar_of, bound_text, space_rows
from hypertendril.model import Condition, Parameter, ParameterKind, SearchSpace
from tests.app.conftest import LR, OPTIMIZER, SPACE, WIDTH, StudyOf, put

FORM = Form(
    objective="digits",
    method="random",
    name="digits refined",
    trials="12",
    parallel="2",
    seed="0",
    limits={},
    settings={},
    edits={},
)
ADAM = {"2": {"choices": [1]}}
LR_BRUSH = {"view": "x", "kind": "ranges", "dims": ["param:lr"], "ranges": [[1e-3, 1e-2]]}
BEST_BRUSH = {
    "view": "x",
    "kind": "ranges",
    "dims": ["objective:accuracy"],
    "ranges": [[0.8, None]],
}


def selection(*brushes: dict[str, Any]) -> dict[str, Any]:
    return {"v": 1, "study": "s", "brushes": list(brushes)}


@pytest.fixture
def draft(study_of: StudyOf, registry: Registry) -> Draft:
    return draft_of(study_of(20), registry)


def take(
    button: str, study: Any, brushes: Any, draft: Draft, form: Form = FORM
) -> tuple[Draft, str]:
    data, words = changed(CHANGES[button], study, brushes, draft, form)
    return Draft.from_json(data), words.children


def test_a_draft_survives_the_page(draft: Draft) -> None:
    kept = replace(draft, before=SearchSpace((LR,)))
    assert Draft.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert Draft.from_json(None) == Draft()


def test_the_shown_study_is_refined_by_the_objective_that_fits(draft: Draft) -> None:
    assert (draft.objective, draft.is_refined, draft.space) == ("digits", True, SPACE)


def test_a_study_of_other_parameters_cannot_be_refined_here(
    study_of: StudyOf, registry: Registry
) -> None:
    other = study_of(3, space=SearchSpace((replace(LR, name="eta"),)))
    assert fitting_objective(other.header, registry) is None
    assert draft_of(other, registry).objective is None
    chosen = draft_of(other, registry, "digits")
    assert (chosen.objective, chosen.is_refined, chosen.space) == ("digits", False, SPACE)


def test_without_a_study_the_first_objective_gives_the_space(registry: Registry) -> None:
    assert draft_of(None, registry).space == SPACE
    assert draft_of(None, Registry()) == Draft()


def test_an_objective_the_study_names_but_nobody_registered_is_not_chosen(
    study_of: StudyOf,
) -> None:
    assert draft_of(study_of(attributes={"objective": "gone"}), Registry()).objective is None


def test_refined_names_count_up(draft: Draft) -> None:
    assert next_name("digits", draft, set()) == "digits refined"
    assert next_name("digits refined", draft, {"digits refined"}) == "digits refined 2"
    assert next_name("digits refined 2", draft, {"digits refined", "digits refined 2"}) == (
        "digits refined 3"
    )
    assert len(next_name("x" * 500, draft, set())) < 200
    assert next_name("turned \u202e round", draft, set()) == "turned round refined"


def test_another_objective_gives_the_next_study_its_name_unless_one_was_typed(
    services: Any, study_of: StudyOf
) -> None:
    other = put(services, study_of(3, name="svm", space=SearchSpace((replace(LR, name="C"),))))
    before = draft_of(other, services.registry)
    assert other_objective(services, other, before, "digits", "svm refined")[1] == "digits"
    assert other_objective(services, other, before, "digits", "mine")[1] is no_update


def test_beginning_offers_the_registered_objectives(services: Any, study_of: StudyOf) -> None:
    study = put(services, study_of())
    _, options, objective, name = beginning(services, study)
    assert options == [{"label": "digits", "value": "digits"}]
    assert (objective, name) == ("digits", "digits refined")


def test_brushed_parameters_give_their_ranges(study_of: StudyOf, draft: Draft) -> None:
    after, words = take(ids.CONTROL_TAKE_BRUSHES, study_of(20), selection(LR_BRUSH), draft)
    assert (after.space["lr"].low, after.space["lr"].high) == (1e-3, 1e-2)
    assert after.space["width"] == WIDTH
    assert words == "Ranges of the brushes on lr."


def test_a_brushed_objective_gives_the_ranges_of_its_trials(
    study_of: StudyOf, draft: Draft
) -> None:
    study = study_of(20)
    after, words = take(ids.CONTROL_TAKE_BRUSHES, study, selection(BEST_BRUSH), draft)
    kept = study.trials.values[study.trials.objectives[:, 0] >= 0.8, 0]
    assert after.space["lr"].low == pytest.approx(kept.min())
    assert after.space["lr"].high == pytest.approx(kept.max())
    assert words == "Ranges that hold the 5 selected trials."


def test_taking_nothing_says_so(study_of: StudyOf, draft: Draft) -> None:
    with pytest.raises(SpaceError, match="Nothing is brushed"):
        take(ids.CONTROL_TAKE_BRUSHES, study_of(), selection(), draft)
    with pytest.raises(SpaceError, match="No study is shown"):
        take(ids.CONTROL_TAKE_BRUSHES, None, selection(LR_BRUSH), draft)
    with pytest.raises(SpaceError, match="scored trials"):
        take(ids.CONTROL_TAKE_SUGGESTION, study_of(4), None, draft)


def test_a_suggestion_lies_inside_the_declared_space(study_of: StudyOf, draft: Draft) -> None:
    after, words = take(ids.CONTROL_TAKE_SUGGESTION, study_of(40), None, draft)
    assert LR.low is not None and after.space["lr"].low is not None
    assert after.space["lr"].low >= LR.low
    assert "best 8 trials" in words


def test_undo_brings_back_what_was_typed(study_of: StudyOf, draft: Draft) -> None:
    typed = replace(FORM, edits={"0": {"low": "0.002"}})
    after, _ = take(ids.CONTROL_TAKE_BRUSHES, study_of(), selection(LR_BRUSH), draft, typed)
    back, _ = take(ids.CONTROL_UNDO, study_of(), None, after)
    assert back.space["lr"].low == 0.002
    with pytest.raises(SpaceError, match="nothing to undo"):
        take(ids.CONTROL_UNDO, study_of(), None, draft)


def test_reset_brings_back_the_declared_ranges(study_of: StudyOf, draft: Draft) -> None:
    after, _ = take(ids.CONTROL_TAKE_BRUSHES, study_of(), selection(LR_BRUSH), draft)
    assert take(ids.CONTROL_RESET, study_of(), None, after)[0].space == SPACE


def test_ranges_of_another_space_are_not_taken(study_of: StudyOf, registry: Registry) -> None:
    other = study_of(20, space=SearchSpace((replace(LR, name="eta"),)))
    chosen = draft_of(other, registry, "digits")
    with pytest.raises(SpaceError, match="other parameters"):
        take(ids.CONTROL_TAKE_SUGGESTION, other, None, chosen)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"objective": "os:system"}, "Objective"),
        ({"objective": None}, "Objective"),
        ({"method": "magic"}, "Method"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"trials": ""}, "Trials"),
        ({"trials": None}, "Trials"),
        ({"trials": "-3"}, "trials"),
        ({"parallel": "many"}, "Workers"),
        ({"seed": "1.5"}, "Seed"),
        ({"edits": {"0": {"low": "abc"}}}, "lr, low"),
        ({"edits": {"0": {"low": "nan"}}}, "lr, low"),
        ({"edits": {"0": {"low": "0"}}}, "lr"),
        ({"edits": {"0": {"low": "1"}}}, "lr"),
        ({"edits": {"1": {"low": "8.5"}}}, "width, low"),
        ({"edits": {"0": {"low": None}}}, "lr, low"),
        ({"edits": {"2": {"choices": []}}}, "optimizer"),
        ({"edits": {"2": {"choices": [99]}}}, "optimizer"),
        ({"edits": {"2": {"choices": "sgd"}}}, "optimizer"),
    ],
)
def test_bad_input_is_one_sentence_that_names_the_field(
    draft: Draft, registry: Registry, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(HyperTendrilError, match=field) as error:
        replace(FORM, **change).job(draft, registry, None)
    assert "\n" not in str(error.value)


def test_the_form_describes_the_job(draft: Draft, registry: Registry) -> None:
    form = replace(FORM, method="tpe", settings={"n_startup_trials": "3"}, edits=ADAM)
    spec = form.job(draft, registry, None)
    assert (spec.name, spec.budget.trials, spec.budget.parallel) == ("digits refined", 12, 2)
    assert spec.settings["n_startup_trials"] == 3
    assert spec.refined_from == "s"
    assert spec.space["optimizer"].choices == ("adam",)
    assert spec.space["lr"] == LR


def test_a_bound_nobody_edited_stays_exact(draft: Draft, registry: Registry) -> None:
    exact = 0.0012345678901
    space = SearchSpace((replace(LR, low=exact), WIDTH, OPTIMIZER))
    shown = replace(draft, space=space)
    for edited in ({}, {"high": "0.05"}, {"low": bound_text(exact)}):
        form = replace(FORM, edits={"0": edited})
        assert form.job(shown, registry, None).space["lr"].low == exact


def test_what_an_unticked_choice_makes_impossible_is_left_out() -> None:
    momentum = Parameter(
        "momentum", ParameterKind.FLOAT, 0, 1, condition=Condition("optimizer", ("sgd",))
    )
    space = SearchSpace((LR, WIDTH, OPTIMIZER, momentum))
    draft = Draft("s", "digits", is_refined=True, declared=space, space=space)
    assert replace(FORM, edits=ADAM).space(draft).names == ("lr", "width", "optimizer")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (128.0, "128"),
        (1e-6, "1e-6"),
        (2.506e-05, "2.51e-5"),
        (0.3159, "0.316"),
        (0.9999, "0.9999"),
        (1.00001, "1.00001"),
        (12.3456, "12.3"),
        (-0.5, "-0.5"),
        (1e9, "1e9"),
        (1234.56, "1234.6"),
        (None, ""),
    ],
)
def test_bounds_are_short_and_read_back(value: float | None, text: str) -> None:
    assert bound_text(value) == text
    if value is not None:
        assert float(text) == pytest.approx(value, rel=0.01)


def test_the_bar_lies_where_the_range_lies_in_the_declared_scale() -> None:
    assert bar_of(LR, 1e-3, 1e-2) == (33.33, 33.33)
    assert bar_of(LR, 1e-4, 0.1) is None
    assert bar_of(LR, 0.1, 0.1) == (97, 3)


def test_an_edit_moves_the_bar_or_says_what_is_wrong(draft: Draft) -> None:
    edits = {"0": {"low": "1e-3", "high": "1e-2"}}
    bars, said = ranges_update(edits, draft, None)
    assert bars == {"0": (33.33, 33.33)}
    assert said is no_update
    bars, said = ranges_update({"0": {"low": "x"}}, draft, None)
    assert bars == {"0": None}
    assert "lr, low" in said.children
    assert ranges_update(edits, draft, said.to_plotly_json())[1] is None


@pytest.mark.parametrize(
    "edits",
    [{"99": {"low": "1"}}, {"-1": {"low": "x"}}, {"x": {}}, {"2": {"low": "x"}}, {"0": "x"}, [], 7],
)
def test_an_edit_of_a_row_that_is_gone_changes_nothing(draft: Draft, edits: Any) -> None:
    assert ranges_update(edits_of(edits), draft, None) == ({}, no_update)


def test_pressing_run_twice_is_one_job(services: Any, study_of: StudyOf) -> None:
    draft = draft_of(put(services, study_of()), services.registry)
    words, first = submitted(services, draft, FORM, "page")
    assert words.startswith("Queued 'digits refined': 12 trials")
    assert submitted(services, draft, FORM, "page")[1] == first
    assert submitted(services, draft, FORM, "another page")[1] != first
    assert submitted(services, draft, replace(FORM, seed="1"), "page")[1] != first


def test_who_asks_for_more_trials_than_a_method_makes_is_told(services: Any, draft: Draft) -> None:
    form = replace(FORM, method="pbt", trials="500")
    words, _ = submitted(services, draft, form, "page")
    assert "trials (more its settings do not make), PBT" in words


def test_what_was_cancelled_may_be_run_again(services: Any, study_of: StudyOf) -> None:
    draft = draft_of(put(services, study_of()), services.registry)
    first = submitted(services, draft, FORM, "page")[1]
    services.queue.cancel(first)
    second = submitted(services, draft, FORM, "page")[1]
    assert second != first
    assert submitted(services, draft, FORM, "page")[1] == second


def test_the_exported_file_is_the_job(services: Any, study_of: StudyOf) -> None:
    draft = draft_of(put(services, study_of()), services.registry)
    form = replace(FORM, name="../../x y")
    file, said = exported(services, draft, form)
    assert file["filename"] == "x-y.toml"
    assert tomllib.loads(file["content"])["budget"]["trials"] == 12
    assert "x-y.toml" in said.children


def test_cancelling_says_what_happened(services: Any, study_of: StudyOf) -> None:
    draft = draft_of(put(services, study_of()), services.registry)
    job = submitted(services, draft, FORM, "page")[1]
    assert cancelled(services, job).children == "Cancelled."
    assert services.queue.job(job).state is JobState.CANCELLED
    assert "ended already" in cancelled(services, job).children
    assert "no job" in cancelled(services, {"x": 1}).children


def test_the_form_is_read_by_the_keys_of_its_inputs() -> None:
    states: dict[str, Any] = dict.fromkeys(
        ("objective", "method", "name", "trials", "parallel", "seed", "start"), "x"
    )
    states |= {"settings": ["a", "b"], "settings_ids": [{"key": "eta"}, {"key": "rate"}]}
    states |= {"limits": ["9"], "limits_ids": [{"key": "retries"}]}
    form = form_of(states | {"edits": {"0": {"low": "1"}, "1": None}})
    assert form.settings == {"eta": "a", "rate": "b"}
    assert form.limits == {"retries": "9"}
    assert form.edits == {"0": {"low": "1"}}


def test_limits_that_were_filled_in_are_part_of_the_job(draft: Draft, registry: Registry) -> None:
    limits = {
        "total_steps": " 600 ",
        "wall_seconds": "90.5",
        "timeout_seconds": "",
        "retries": None,
    }
    budget = replace(FORM, limits=limits).job(draft, registry, None).budget
    assert (budget.total_steps, budget.wall_seconds) == (600, 90.5)
    assert (budget.timeout_seconds, budget.retries) == (None, 0)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"wall_seconds": "soon"}, "time in all, s: 'soon' is not a number"),
        ({"total_steps": "1.5"}, "total_steps"),
        ({"retries": "-1"}, "retries"),
    ],
)
def test_a_limit_that_is_none_is_named(
    draft: Draft, registry: Registry, limits: dict[str, str], words: str
) -> None:
    with pytest.raises(JobError, match=words):
        replace(FORM, limits=limits).job(draft, registry, None)


def test_every_row_of_sixty_hostile_parameters_is_drawn() -> None:
    names = ["__proto__", "<b>", "x" * 200, *(f"p{i}" for i in range(57))]
    space = SearchSpace(tuple(replace(LR, name=name) for name in names))
    rows = space_rows(space, SearchSpace(space.parameters[:59]))
    assert len(rows) == 60
    assert [row["kind"] for row in rows[58:]] == ["range", "inactive"]
    assert {"__proto__", "x" * 200}.isdisjoint(row["name"] for row in rows)


def test_the_panel_and_the_settings_serialise() -> None:
    parts = [control_panel("key", METHOD_CHOICES), *setting_inputs(METHOD_CHOICES["pbt"])]
    assert json.dumps(parts, default=lambda part: part.to_plotly_json())


def test_no_registered_objective_means_nothing_can_be_run(services: Any, study_of: StudyOf) -> None:
    bare = SimpleNamespace(registry=Registry(), store=services.store)
    with pytest.raises(JobError, match="only registered objectives"):
        submitted(bare, draft_of(study_of(), Registry()), FORM, "page")  # type: ignore[arg-type]
