from __future__ import annotations

import math

import numpy as np
import pytest

from hypertendril.analysis.ticks import (
    axis_ticks,
    choice_texts,
    number_text,
    round_step,
    value_ticks,
)
from hypertendril.model import Parameter, ParameterKind

FLOAT, INT = ParameterKind.FLOAT, ParameterKind.INT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8756, "0.8756"),
        (1_331_000, "1.33 M"),
        (0.00021, "2.1e-4"),
        (64, "64"),
        (65536, "65536"),
        (131072, "131 k"),
        (0, "0"),
        (-0.0, "0"),
        (999_999, "1 M"),
        (12345.67, "12346"),
        (0.30000000000000004, "0.3"),
        (-0.00012, "-1.2e-4"),
        (1e-4, "1e-4"),
        (3.5e16, "3.5e16"),
        (math.nan, "n/a"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_reads_short(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("parameter", "labels"),
    [
        (Parameter("p", FLOAT, 1e-4, 1e-1, log=True), ("1e-4", "0.001", "0.01", "0.1")),
        (
            Parameter("p", FLOAT, 0.003, 0.2, log=True),
            ("0.005", "0.01", "0.02", "0.05", "0.1", "0.2"),
        ),
        (Parameter("p", FLOAT, 1e3, 1e9, log=True), ("1e4", "1e6", "1e8")),
        (Parameter("p", INT, 16, 512, log=True), ("16", "32", "64", "128", "256", "512")),
        (Parameter("p", INT, 8, 200, log=True), ("10", "20", "50", "100", "200")),
        (Parameter("p", INT, 1, 4), ("1", "2", "3", "4")),
        (Parameter("p", INT, 20, 110), ("20", "40", "60", "80", "100")),
        (Parameter("p", INT, 32, 512, step=32), ("32", "128", "224", "320", "416", "512")),
        (Parameter("p", FLOAT, 0.0, 0.5), ("0", "0.1", "0.2", "0.3", "0.4", "0.5")),
        (Parameter("p", FLOAT, 0.0, 1.0, step=0.001), ("0", "0.2", "0.4", "0.6", "0.8", "1")),
        (
            Parameter("p", FLOAT, 1000.0, 1000.5),
            ("1000", "1000.1", "1000.2", "1000.3", "1000.4", "1000.5"),
        ),
        (Parameter("p", INT, 0, 250000), ("0", "50 k", "100 k", "150 k", "200 k", "250 k")),
        (Parameter("p", FLOAT, 2.5, 2.5), ("2.5",)),
        (
            Parameter("p", ParameterKind.CATEGORICAL, choices=("adam", True, None, 3, 1e-5)),
            ("adam", "True", "None", "3", "1e-5"),
        ),
    ],
)
def test_an_axis_has_few_round_marks(parameter: Parameter, labels: tuple[str, ...]) -> None:
    values, texts = axis_ticks(parameter)
    assert texts == labels
    assert len(values) == len(texts)


def test_a_range_between_round_numbers_has_round_marks_too() -> None:
    assert value_ticks(0.0191, 0.9236, 3)[1] == ("0.25", "0.5", "0.75")


def test_whole_numbers_can_be_asked_for() -> None:
    assert value_ticks(0, 2.5, 9, is_int=True)[1] == ("0", "1", "2")


def test_many_choices_are_thinned_evenly() -> None:
    letters = Parameter("p", ParameterKind.ORDINAL, choices=tuple("abcdefghij"))
    values, labels = axis_ticks(letters, max_ticks=4)
    assert values.tolist() == [0, 3, 6, 9]
    assert labels == ("a", "d", "g", "j")


@pytest.mark.parametrize("max_ticks", [2, 3, 5, 8])
@pytest.mark.parametrize(
    "bounds", [(0.0, 1.0), (-3.7, 12.9), (1e-7, 3e5), (0.1, 0.11), (5.0, 5.0), (1e9, 1e9 + 1)]
)
@pytest.mark.parametrize("log", [False, True])
def test_marks_ascend_inside_the_bounds_and_are_not_too_many(
    bounds: tuple[float, float], max_ticks: int, *, log: bool
) -> None:
    low, high = bounds
    if log and low <= 0:
        low = 0.01
    values, labels = value_ticks(low, high, max_ticks, log=log)
    assert (np.diff(values) > 0).all()
    dust = 1e-9 * (high - low)
    assert low - dust <= values[0]
    assert values[-1] <= high + dust
    assert 1 <= len(values) == len(labels) <= max_ticks


def test_a_round_step_is_the_next_of_one_two_and_a_half_five() -> None:
    assert [round_step(w) for w in (0.9, 1.0, 1.1, 2.1, 2.6, 7, 0.03)] == [
        1,
        1,
        2,
        2.5,
        5,
        10,
        0.05,
    ]


def test_choices_that_look_alike_are_told_apart() -> None:
    choices = (None, "None", 1, "1", 0.12345678, 0.12345679, "adam")
    parameter = Parameter("a", ParameterKind.CATEGORICAL, choices=choices)
    assert choice_texts(parameter) == (
        *("None", '"None"', "1", '"1"', "0.12345678", "0.12345679"),
        "adam",
    )


def test_an_axis_as_long_as_numbers_go_has_marks() -> None:
    values, texts = value_ticks(-1.5e308, 1.5e308)
    assert np.isfinite(values).all() and 2 <= len(values) == len(texts)


@pytest.mark.parametrize("ends", [(0.99999, 1.00001), (1e9, 1e9 + 10), (123_456.0, 123_460.0)])
def test_marks_near_to_each_other_have_different_texts(ends: tuple[float, float]) -> None:
    _, texts = value_ticks(*ends)
    assert len(set(texts)) == len(texts)
