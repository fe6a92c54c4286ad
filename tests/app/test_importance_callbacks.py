from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import no_update

from hypertendril.analysis.importance.estimate import importance_of
from hypertendril.analysis.importance.metrics import GAIN, asked_importance
from hypertendril.callbacks.importance import (
    Asked,
    Chosen,
    asked_of,
    choices_update,
    importance_update,
    names_of,
    together_of,
)
from hypertendril.layouts.importance import ALONE, UNSPLIT
from hypertendril.layouts.theme import DARK, LIGHT
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.readers import read
from hypertendril.store import Failure

EXAMPLES = Path(__file__).parents[2] / "examples" / "studies"

SPACE = SearchSpace(
    (
        Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
        Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "__proto__", "<b>x</b>")),
    )
)


def study(n: int, version: int = 1) -> Study:
    rng = np.random.default_rng(3)
    trials = Trials.empty(n, 2, 1, 0)
    trials.state[:] = TrialState.COMPLETE
    unit = rng.random(n)
    trials.values[:, 0], trials.values[:, 1] = SPACE["lr"].from_unit(unit), rng.integers(0, 3, n)
    trials.objectives[:, 0] = unit**2
    header = StudyHeader("s", SPACE, (Objective("y", Direction.MAXIMIZE),))
    return Study("id", header, trials, Evaluations.empty(), CurvePoints.empty(), version)


LIST, MARGINAL, SURFACE, TITLE, DRAWN = range(5)
OTHERS_VALUE = 7  # of `choices_update`, after its options


def test_nothing_is_drawn_before_a_study_is_shown() -> None:
    assert importance_update(None, None, LIGHT, Asked(), None) == (no_update,) * 5


def test_while_it_is_computed_a_sentence_says_so_and_nothing_is_drawn() -> None:
    answer = importance_update(study(9), None, LIGHT, Asked(), None)

    assert "Computing" in answer[LIST]["messages"][0]
    assert answer[LIST]["awaited"]
    assert answer[MARGINAL] is no_update


def test_what_was_drawn_of_another_study_goes_while_this_one_is_computed() -> None:
    answer = importance_update(study(9), None, LIGHT, Asked(), ["other", 1, "light"])

    assert answer[MARGINAL].layout.meta["empty"]
    assert answer[DRAWN] is None


def test_a_failure_is_told_in_its_own_words() -> None:
    answer = importance_update(study(9), Failure("no luck"), LIGHT, Asked(), None)

    assert answer[LIST]["messages"] == ["no luck"]


def test_a_result_is_drawn_once() -> None:
    one = study(40)
    found = importance_of(one)
    first = importance_update(one, found, LIGHT, Asked(), None)

    assert first[TITLE] == "lr × kind"
    assert first[MARGINAL].layout.meta["axis"]["key"] == "param:lr"
    assert importance_update(one, found, LIGHT, Asked(), first[DRAWN]) == (no_update,) * 5


def test_focus_and_theme_draw_it_again() -> None:
    one = study(40)
    found = importance_of(one)
    drawn = importance_update(one, found, LIGHT, Asked(), None)[DRAWN]

    assert importance_update(one, found, LIGHT, Asked(focus=("kind",)), drawn)[TITLE] == "kind × lr"
    assert importance_update(one, found, DARK, Asked(), drawn)[TITLE] == "lr × kind"


def test_a_newer_study_is_drawn_with_the_last_result() -> None:
    answer = importance_update(study(50, version=2), importance_of(study(40)), LIGHT, Asked(), None)

    assert answer[DRAWN][:2] == ["id", 1]


def test_a_brush_judges_its_region_and_keeps_the_plot_it_was_drawn_in() -> None:
    one = study(60)
    brush: dict[str, Any] = {"view": "importance", "kind": "ranges", "dims": ["param:lr"]}
    brush |= {"ranges": [[0.001, 0.0011]], "missing": False}
    selection = {"v": 1, "study": "id", "brushes": [brush]}
    asked = asked_of(one, Chosen("objective:y", "brushed"), None, selection)
    answer = importance_update(one, importance_of(one), LIGHT, asked, None)

    assert answer[TITLE] == "lr × kind"
    assert answer[DRAWN][4][0] == "brushed"


def test_a_brush_on_the_objective_is_a_cut_off_and_asks_for_a_forest() -> None:
    one = study(60)
    brush: dict[str, Any] = {"view": "space", "kind": "ranges", "dims": ["objective:y"]}
    brush |= {"ranges": [[0.5, None]], "missing": False}
    selection = {"v": 1, "study": "id", "brushes": [brush]}
    asked = asked_of(one, Chosen("objective:y", "brushed"), None, selection)

    assert asked.wish(one).only_forest
    assert asked.part(one, one).cutoff == (0.5, math.inf)
    assert not asked_of(one, Chosen("objective:y", "all"), None, selection).wish(one).only_forest


def test_a_threshold_is_where_the_best_fifth_begins_until_a_person_says_one() -> None:
    one = study(60)
    answer = choices_update(one, Chosen("objective:y", "threshold"), [])
    expected = np.quantile(one.column("objective:y"), 0.8)

    assert answer[8] == pytest.approx(expected, rel=1e-3)
    assert answer[9] == {"display": "block"}
    kept = choices_update(one, Chosen("objective:y", "threshold", threshold=0.25), [])
    assert kept[8] is no_update


def test_a_threshold_nothing_reaches_gives_a_sentence() -> None:
    one = study(60)
    asked = asked_of(one, Chosen("objective:y", "threshold", threshold=99), None, None)
    answer = importance_update(one, importance_of(one, only_forest=True), LIGHT, asked, None)

    assert "no value above 99" in answer[LIST]["warnings"][0]["text"]


def test_hostile_choices_are_the_plain_ones() -> None:
    chosen = Chosen({"a": 1}, 3, ["x"], {"b": 2}, "much")
    asked = asked_of(study(9), chosen, None, {"v": 9})

    assert (asked.target.key if asked.target else "", asked.scope.name, asked.third) == (
        "objective:y",
        "all",
        "",
    )
    assert math.isnan(asked.scope.threshold)


def test_what_can_be_chosen_follows_the_study() -> None:
    found = choices_update(study(9), Chosen("gone", 7), [], [("b", "other")])
    metrics, metric, scopes, scope, thirds, third, others, other = found[:8]

    assert [option["value"] for option in metrics] == ["objective:y"]
    assert (metric, scope, third, other) == ("objective:y", "all", UNSPLIT, ALONE)
    assert "phase:0" not in [option["value"] for option in scopes]
    assert [option["value"] for option in thirds] == [UNSPLIT, "lr", "kind"]
    assert [option["value"] for option in others] == [ALONE, "b"]


def test_a_choice_that_can_stay_is_left_to_the_page() -> None:
    chosen = Chosen("objective:y", "all", third="kind")
    assert choices_update(study(9), chosen, [])[5] is no_update


def test_a_metric_nobody_chose_is_that_of_the_study_shown_next() -> None:
    (found,) = read(EXAMPLES / "digits_pbt_t4_s50.json")
    accuracy = {"label": "val_accuracy", "value": "objective:val_accuracy"}
    size = {"label": "model_size", "value": "metric:model_size"}

    def metric(chosen: str, options: list[dict[str, str]]) -> Any:
        return choices_update(found.as_study(), Chosen(chosen, "all"), options)[1]

    # A population stands for its gains; of another kind of search that was the final value.
    assert metric("objective:val_accuracy", [accuracy, size]) == GAIN
    assert metric("objective:val_accuracy", [size, accuracy]) == "objective:val_accuracy"


def test_several_studies_are_drawn_with_the_study_as_a_parameter() -> None:
    one = study(60)
    other = replace(one, id="b", header=replace(one.header, name="other"))
    found = asked_importance(one, "objective:y", [other])
    answer = importance_update(one, found, LIGHT, Asked(others=(other,)), None)

    assert ["study"] in [line["names"] for line in answer[LIST]["effects"]]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_trials_break_nothing(n: int) -> None:
    one = study(n)
    answer = importance_update(one, importance_of(one), LIGHT, Asked(), None)

    assert answer[LIST]


@pytest.mark.parametrize("hostile", [None, 3, "lr", {"names": "lr"}, {"names": [3, None]}])
def test_a_focus_that_makes_no_sense_is_none(hostile: Any) -> None:
    assert names_of(hostile) == []


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        (None, []),
        ("studies:alone", []),
        ("studies:alike", ["a", "b", "7"]),
        ("b", ["b"]),
        ("7", ["7"]),  # an id, though JSON would read a number
        ('["b", "a"]', ["a", "b"]),
        ('["b", "gone", 3, null]', ["b"]),
        ('{"a": 1}', []),
        ('["b"', []),
    ],
)
def test_studies_are_put_together_by_name_and_no_others(chosen: Any, ids: list[str]) -> None:
    assert together_of(chosen, ["a", "b", "7"]) == ids


def test_studies_picked_elsewhere_are_a_choice_of_the_panel() -> None:
    offered = [("a", "first"), ("b", "second"), ("c", "third")]
    chosen = Chosen(others='["a", "c"]')
    answer = choices_update(study(30), chosen, None, offered)

    assert answer[OTHERS_VALUE] is no_update
    assert {"label": "with 2 picked", "value": '["a", "c"]'} in answer[OTHERS_VALUE - 1]
    gone = choices_update(study(30), chosen, None, offered[:2])
    assert gone[OTHERS_VALUE] == "a"
