from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hypertendril.analysis.column_axis import converged_range
from hypertendril.analysis.exploration.comparison import (
    alike,
    prepare_comparison,
    without_common_words,
)
from hypertendril.analysis.exploration.frame import (
    MAX_BANDS,
    FrameOptions,
    band_texts,
    drawn_bands,
    prepare_exploration_frame,
)
from hypertendril.analysis.exploration.picture import Band, prepare_exploration
from hypertendril.model import (
    Direction,
    Method,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    Study,
)

StudyOf = Callable[..., Study]
A = Parameter("a", ParameterKind.FLOAT, 0, 1)
B = Parameter("b", ParameterKind.FLOAT, 1e-4, 1, log=True)
C = Parameter("c", ParameterKind.CATEGORICAL, choices=("x", "y"))


@pytest.fixture
def study(study_of: StudyOf) -> Study:
    n = 40
    values = np.column_stack([np.arange(n) * 0.618 % 1, np.full(n, 0.01), np.arange(n) % 2])
    values[20:, 1] = np.geomspace(0.02, 0.03, 20)
    values[::2, 0] = np.nan
    return study_of(np.linspace(0, 1, n), space=(A, B, C), values=values)


def labels(study: Study, options: FrameOptions) -> list[str]:
    frame = prepare_exploration_frame(
        study, prepare_exploration(study), {"a": 0.1, "b": 0.2, "c": 0.7}, options
    )
    return [strip.axis.label for strip in frame.strips[1:]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (FrameOptions(), ["c", "b", "a"]),
        (FrameOptions(order="name"), ["a", "b", "c"]),
        (FrameOptions(order="space"), ["a", "b", "c"]),
        (FrameOptions(moved=("a", "gone", "c")), ["a", "c", "b"]),
    ],
)
def test_strips_stand_in_the_order_asked_for(
    study: Study, options: FrameOptions, expected: list[str]
) -> None:
    assert labels(study, options) == expected


def test_a_parameter_that_is_inactive_somewhere_has_a_lane_below_its_scale(study: Study) -> None:
    frame = prepare_exploration_frame(study, prepare_exploration(study))
    a, b, c = frame.strips[1:]
    assert a.none is not None
    assert a.none < a.bottom < a.top
    assert b.none is c.none is None
    assert c.lanes == (0.0, 1.0)
    assert a.lanes == ()


def test_lanes_stand_further_from_the_next_strip_than_from_each_other(study: Study) -> None:
    a, b, c = prepare_exploration_frame(study, prepare_exploration(study)).strips[1:]
    lower, upper = c.tick_heights()
    assert b.bottom - upper > 0.4
    assert upper - lower > 0.6
    assert (c.bottom, c.top) == (lower, upper)
    assert a.top - a.bottom > b.top - b.bottom - 0.31  # no lanes, no room kept for them


def test_trials_are_marked_in_whole_numbers(study_of: StudyOf) -> None:
    study = study_of([0.1, 0.2, 0.3])
    values, texts = prepare_exploration_frame(study, prepare_exploration(study)).x_ticks
    assert values.tolist() == [0, 1, 2]
    assert texts == ("0", "1", "2")


@pytest.mark.parametrize(
    ("brackets", "word", "texts"),
    [
        ([0, 0], "rung", ["1st", "2nd"]),
        ([0, 1], "bracket", ["1st", "2nd"]),
    ],
)
def test_texts_above_count_brackets_or_the_rungs_of_a_single_one(
    study_of: StudyOf, brackets: list[int], word: str, texts: list[str]
) -> None:
    looks = [
        (0, -1, brackets[0], 0, 0.1, Outcome.PROMOTED),
        (0, -1, brackets[0], 1, 0.2, Outcome.FINAL),
        (1, -1, brackets[1], 0, 0.1, Outcome.DISCARDED),
    ]
    study = study_of([0.2, 0.1], evaluations=looks)
    frame = prepare_exploration_frame(study, prepare_exploration(study))
    assert frame.band_word == word
    assert [text.text for text in frame.texts] == texts


def test_the_zoom_shows_where_values_converged_and_leaves_the_others(study: Study) -> None:
    options = FrameOptions(is_zoomed=True, order="space")
    a, b, c = prepare_exploration_frame(study, prepare_exploration(study), {}, options).strips[1:]
    assert b.is_zoomed
    assert 0.018 < b.axis.low <= 0.0202
    assert 0.0298 <= b.axis.high < 0.033
    assert not a.is_zoomed
    assert not c.is_zoomed


@pytest.mark.parametrize("values", [np.zeros(0), np.full(30, np.nan), np.full(30, 0.5)])
def test_nothing_and_one_value_are_not_zoomed_into(values: np.ndarray) -> None:
    assert converged_range(A, values) is None


def test_hundreds_of_generations_share_greys() -> None:
    bands = [Band(k - 0.5, k + 0.5, "", k / 999, "generation") for k in range(1000)]
    drawn = drawn_bands(bands)
    assert 50 < len(drawn) <= MAX_BANDS
    assert (drawn[0].x0, drawn[-1].x1) == (-0.5, 999.5)
    assert all(a.x1 == b.x0 for a, b in pairwise(drawn))


def configured(study: Study, name: str, **settings: object) -> Study:
    header = replace(study.header, name=name, method=Method("pbt", settings))
    return replace(study, id=name, header=header)


def test_compared_studies_share_scales_and_the_range_of_colours(study_of: StudyOf) -> None:
    one = configured(study_of([0.1, 0.5], values=[[0.1], [0.2]]), "one", size=4)
    two = configured(study_of([0.3, 0.9], values=[[0.1], [0.9]]), "two", size=8)
    found = prepare_comparison([one, two], [prepare_exploration(s) for s in (one, two)])
    assert [column.name for column in found.columns] == ["one", "two"]
    assert found.best == 0.9
    assert found.worst == pytest.approx(0.12)
    monitor, strip = found.strips
    assert (monitor.axis.low, monitor.axis.high) == (0.1, 0.9)
    assert (strip.axis.low, strip.axis.high) == (0.0, 1.0)


def test_only_settings_that_differ_are_marked(study_of: StudyOf) -> None:
    one = configured(study_of([0.1]), "one", size=4, rate=0.5)
    two = configured(study_of([0.3]), "two", size=8, rate=0.5)
    columns = prepare_comparison([one, two], [prepare_exploration(s) for s in (one, two)]).columns
    assert [(s.text, s.is_other) for s in columns[0].settings] == [
        ("size 4", True),
        ("rate 0.5", False),
    ]


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["digits, PBT a", "digits, PBT b", "digits, TPE"], ["PBT a", "PBT b", "TPE"]),
        (["same", "same"], ["same", "same"]),
        (["run 1", "run"], ["run 1", "run"]),
        (["alone here"], ["alone here"]),
        (["", "x y"], ["", "x y"]),
    ],
)
def test_names_lose_the_words_all_begin_with(names: list[str], short: list[str]) -> None:
    assert without_common_words(names) == short


def test_a_study_with_another_objective_is_left_out_and_said_so(study_of: StudyOf) -> None:
    one, two = configured(study_of([0.1]), "one"), configured(study_of([0.3]), "two")
    other = Objective("loss", Direction.MINIMIZE)
    two = replace(two, header=replace(two.header, objectives=(other,)))
    found = prepare_comparison([one, two], [prepare_exploration(s) for s in (one, two)])
    assert len(found.columns) == 1
    assert found.left_out == ("two optimises something else.",)
    assert alike(one, [one, two]) == ["one"]


def test_a_range_that_differs_between_studies_is_widened_to_hold_both(study_of: StudyOf) -> None:
    wide = Parameter("x", ParameterKind.FLOAT, 0, 4)
    one = configured(study_of([0.1], values=[[0.1]]), "one")
    two = configured(study_of([0.3], space=(wide,), values=[[3.0]]), "two")
    (_, strip) = prepare_comparison([one, two], [prepare_exploration(s) for s in (one, two)]).strips
    assert (strip.axis.low, strip.axis.high) == (0.0, 4.0)


def test_rungs_and_lineage_let_every_evaluation_count_for_the_colours(study_of: StudyOf) -> None:
    from hypertendril.analysis.colour_range import colour_range

    looks = [(row, -1, 0, 0, row / 100, Outcome.DISCARDED) for row in range(100)]
    looks.append((99, -1, 0, 1, 0.99, Outcome.FINAL))
    scores = np.linspace(0, 0.99, 100)
    low, high = colour_range(study_of(scores, evaluations=looks))
    assert low == pytest.approx(0.05, abs=0.01)
    assert high == 0.99


def test_many_generations_are_counted_in_round_numbers(study_of: StudyOf) -> None:
    looks = [(row, g, -1, -1, 0.5, Outcome.SURVIVED) for g in range(1000) for row in (0, 1)]
    layout = prepare_exploration(study_of([0.1, 0.2], evaluations=looks))
    texts = [text.text for text in band_texts(layout)]
    assert texts == ["1st", *(f"{k}00th" for k in (2, 4, 6, 8, 10))]


def test_a_single_trial_is_counted_in_whole_numbers(study_of: StudyOf) -> None:
    study = study_of([0.5])
    values, labels = prepare_exploration_frame(study, prepare_exploration(study)).x_ticks
    assert (values.tolist(), list(labels)) == ([0.0], ["0"])
