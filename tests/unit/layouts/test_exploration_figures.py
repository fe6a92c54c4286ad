"""The frames of the Exploration overview: what stands in them, and how large they are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hypertendril.analysis.exploration.comparison import prepare_comparison
from hypertendril.analysis.exploration.frame import FrameOptions, prepare_exploration_frame
from hypertendril.analysis.exploration.picture import prepare_exploration
from hypertendril.analysis.exploration.schedule import prepare_schedule
from hypertendril.analysis.exploration.story import story_of
from hypertendril.callbacks.exploration import colour_ends, offered, parsed_options
from hypertendril.layouts.exploration import NO_VALUE, draw_exploration, exploration_panel
from hypertendril.layouts.exploration_compare import draw_comparison
from hypertendril.layouts.exploration_story import draw_schedule, story_words
from hypertendril.layouts.labels import plotly_lines
from hypertendril.layouts.theme import DARK, LIGHT
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)

HOSTILE = "<b>__proto__</b>"


def population(n_generations: int = 3, size: int = 4) -> Study:
    """Each generation one member is replaced by a copy of the first."""
    space = SearchSpace(
        (
            Parameter("lr", ParameterKind.FLOAT, 1e-4, 1, log=True),
            Parameter(HOSTILE, ParameterKind.CATEGORICAL, choices=("a", HOSTILE)),
        )
    )
    n = size + n_generations - 1
    trials = Trials.empty(n, 2, 1, 0)
    trials.state[:] = TrialState.COMPLETE
    trials.values[:, 0] = np.geomspace(1e-3, 0.1, n)
    trials.values[:, 1] = np.arange(n) % 2
    trials.values[0, 1] = np.nan
    trials.objectives[:, 0] = np.linspace(0.1, 0.9, n)
    trials.parent[size:] = 0
    rows = [
        (row, g, Outcome.SURVIVED)
        for g in range(n_generations)
        for row in [*range(size - min(g, 1)), *range(size + g - 1, size + g)][:size]
    ]
    seen = Evaluations.empty(len(rows))
    seen.trial[:], seen.iteration[:], seen.outcome[:] = zip(*rows, strict=True)
    seen.value[:] = trials.objectives[seen.trial, 0]
    seen.resource[:] = seen.iteration + 1
    objective = Objective("accuracy", Direction.MAXIMIZE)
    header = StudyHeader(HOSTILE, space, (objective,), Method("pbt", {"size": size}))
    return Study("id", header, trials, seen, CurvePoints.empty(), 3)


def frame_of(study: Study, **options: Any) -> Any:
    chosen = FrameOptions(**options)
    layout = prepare_exploration(study, chosen.x)
    return draw_exploration(prepare_exploration_frame(study, layout, {}, chosen), LIGHT)


def test_a_frame_has_a_band_a_generation_and_a_name_a_strip() -> None:
    figure = frame_of(population())
    rectangles = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [r.x0 for r in rectangles] == [-0.5, 0.5, 1.5]
    opacities = [r.opacity for r in rectangles]
    assert opacities == sorted(opacities)
    texts = [note.text for note in figure.layout.annotations]
    assert "1st" in texts
    assert "<b>lr</b>" in texts


def test_frames_hold_no_mark_of_any_trial() -> None:
    small, large = frame_of(population(3, 4)), frame_of(population(3, 400))
    assert abs(len(small.to_json()) - len(large.to_json())) < 1500
    assert len(frame_of(population(3)).to_json()) < 30_000


def test_names_and_categories_are_shown_as_written() -> None:
    text = frame_of(population()).to_json()
    assert "<b>__proto__" not in text.replace("&lt;b&gt;__proto__", "")
    figure = draw_comparison(
        prepare_comparison([population()], [prepare_exploration(population())]), LIGHT
    )
    assert not any("<b><b>" in note.text for note in figure.layout.annotations)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("lr", "lr"),
        ("hidden_layers", "hidden_layers"),
        ("learning_rate_init", "learning_rate_<br>init"),
        ("pipeline:RandomForest:n_estimators", "pipeline:<br>…n_estimators"),
        ("a<b_and_something", "a&lt;b_and_<br>something"),
        ("x" * 30, "x" * 12 + "<br>…" + "x" * 10),
        ("W" * 20, "W" * 8 + "<br>…" + "W" * 7),  # broad letters
        ("学習率のスケジュール", "学習率のスケ<br>ジュール"),
    ],
)
def test_long_names_take_two_lines_and_keep_their_ends(name: str, shown: str) -> None:
    assert plotly_lines(name, 12, {}) == shown


@pytest.mark.parametrize(("theme", "words"), [(LIGHT, "darker"), (DARK, "brighter")])
def test_the_legend_says_which_end_is_better(theme: Any, words: str) -> None:
    study = population()
    frame = prepare_exploration_frame(study, prepare_exploration(study))
    texts = [note.text for note in draw_exploration(frame, theme).layout.annotations]
    assert any(f"{words} is better" in text for text in texts)
    assert "generation" in texts


def test_along_another_axis_there_are_numbers_below_instead_of_bands() -> None:
    figure = frame_of(population(), x="spent")
    assert not [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert figure.layout.xaxis.showticklabels
    assert figure.layout.xaxis.title.text == "resource spent by all trials"
    assert figure.layout.meta["x"] == "spent"


def test_the_lane_without_a_value_is_named() -> None:
    figure = frame_of(population())
    assert "<i>none</i>" in figure.layout.yaxis.ticktext


def test_nothing_evaluated_yet_is_said_in_a_sentence() -> None:
    study = population()
    empty = replace(
        study, trials=Trials.empty(0, 2, 1, 0), evaluations=Evaluations.empty(), version=4
    )
    figure = frame_of(empty)
    assert figure.layout.annotations[0].text == "Nothing has been evaluated yet."


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_compared_studies_stand_side_by_side_over_one_vertical_axis(theme: Any) -> None:
    one = population()
    two = replace(population(4), id="two")
    two = replace(two, header=replace(two.header, method=Method("pbt", {"size": 9})))
    data = prepare_comparison([one, two], [prepare_exploration(study) for study in (one, two)])
    figure = draw_comparison(data, theme)
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert [column["study"] for column in figure.layout.meta["columns"]] == ["id", "two"]
    captions = [n.text for n in figure.layout.annotations if "pbt" in n.text]
    assert "<b>size 4</b>" in captions[0]
    assert "<b>size 9</b>" in captions[1]


def test_a_schedule_has_a_line_a_parameter_and_a_mark_a_copy() -> None:
    study = population()
    view = prepare_schedule(study, prepare_exploration(study), 5)
    figure = draw_schedule(view, LIGHT)
    assert len(figure.data) == 2
    assert list(figure.data[0].x) == [0, 2, 2, 3]
    assert len(figure.layout.shapes) == 1


def test_a_schedule_says_which_parameters_were_not_set() -> None:
    study = population()
    founder, copied = (
        draw_schedule(prepare_schedule(study, prepare_exploration(study), row), LIGHT)
        for row in (0, 5)
    )
    assert "not set" in founder.to_json()
    assert "not set" not in copied.to_json()


def test_a_story_is_plain_text() -> None:
    study = population()
    words = story_words(story_of(study, prepare_exploration(study), 5))
    shown = json.dumps(
        [part.to_plotly_json() for part in words], default=lambda p: p.to_plotly_json()
    )
    assert "Copied from trial" in shown
    assert "dangerously" not in shown


def test_what_a_page_sends_as_a_choice_is_never_trusted() -> None:
    assert (
        parsed_options("x", "y", 7, "z", {"names": "all", "order": "importance"}) == FrameOptions()
    )
    assert parsed_options(None, None, None, None, None) == FrameOptions()
    chosen = parsed_options("wall", "name", "size", 3, {"names": ["lr", 4], "order": "name"})
    assert chosen == FrameOptions("wall", "name", True, ("size",), ("lr", "4"))


def test_strips_that_were_dragged_stay_until_another_order_is_asked_for() -> None:
    moved = {"names": ["lr"], "order": "name"}
    assert parsed_options("method", "name", None, 0, moved).moved == ("lr",)
    assert parsed_options("method", "space", None, 0, moved).moved == ()


@pytest.mark.parametrize(
    "colour", [None, {}, {"study": "other", "worst": 0, "best": 1}, {"study": "id"}]
)
def test_colours_of_another_study_do_not_count(colour: Any) -> None:
    assert colour_ends(population(), colour) is None


def test_colours_set_by_hand_are_the_legends_ends() -> None:
    assert colour_ends(population(), {"study": "id", "worst": 1, "best": 2}) == (1.0, 2.0)


def test_only_axes_the_study_recorded_can_be_chosen() -> None:
    options, *_rest, has_none = offered(population(), "method", "-")
    assert [option["value"] for option in options if option["disabled"]] == ["wall"]
    assert has_none


def test_the_panel_can_be_sent_to_a_page() -> None:
    assert "exploration-player-div" in json.dumps(
        exploration_panel().to_plotly_json(), default=lambda part: part.to_plotly_json()
    )


def test_a_search_without_any_value_says_so_in_its_monitoring() -> None:
    assert NO_VALUE not in frame_of(population()).to_json()
    layout = prepare_exploration(population())
    failed = replace(prepare_exploration_frame(population(), layout), has_value=False)
    assert NO_VALUE in draw_exploration(failed, LIGHT).to_json()
