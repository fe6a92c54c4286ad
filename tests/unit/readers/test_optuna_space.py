from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from hypertendril.model import ParameterKind
from hypertendril.readers.losses import Losses
from hypertendril.readers.optuna.space import column_of, parse_distribution


def _text(name: str, **attributes: Any) -> str:
    return json.dumps({"name": name, "attributes": attributes})


def _float(low: float, high: float, *, log: bool = False, step: float | None = None) -> str:
    return _text("FloatDistribution", low=low, high=high, log=log, step=step)


def _column(*stored: tuple[float, str]) -> tuple[Any, list[float], list[str]]:
    texts = list(dict.fromkeys(text for _, text in stored))
    losses = Losses("f")
    codes = np.array([texts.index(text) for _, text in stored], dtype=np.int32)
    found = column_of("p", np.array([value for value, _ in stored]), codes, texts, losses)
    assert found is not None
    return found[0], found[1].tolist(), [s.reason for s in losses.listed()]


@pytest.mark.parametrize(
    ("text", "kind", "log", "step"),
    [
        (_float(1, 9), ParameterKind.FLOAT, False, None),
        (_float(1, 9, step=0.5), ParameterKind.FLOAT, False, 0.5),
        (_float(1, 9, log=True), ParameterKind.FLOAT, True, None),
        (_text("IntDistribution", low=1, high=9, log=True, step=1), ParameterKind.INT, True, 1.0),
        (_text("UniformDistribution", low=1, high=9), ParameterKind.FLOAT, False, None),
        (_text("LogUniformDistribution", low=1, high=9), ParameterKind.FLOAT, True, None),
        (_text("DiscreteUniformDistribution", low=1, high=9, q=2), ParameterKind.FLOAT, False, 2.0),
        (_text("IntUniformDistribution", low=1, high=9, step=2), ParameterKind.INT, False, 2.0),
        (_text("IntLogUniformDistribution", low=1, high=9, step=1), ParameterKind.INT, True, 1.0),
    ],
)
def test_distributions_of_all_versions_keep_kind_scale_and_step(
    text: str,
    kind: ParameterKind,
    log: bool,  # noqa: FBT001 - a column of the table above
    step: float | None,
) -> None:
    parameter, values, lost = _column((3.0, text))
    assert (parameter.kind, parameter.log, parameter.step) == (kind, log, step)
    assert (parameter.low, parameter.high, values, lost) == (1, 9, [3.0], [])


def test_bounds_that_moved_between_trials_are_widened() -> None:
    parameter, values, _ = _column((1.0, _float(0, 2)), (5.0, _float(3, 6)), (1.5, _float(0, 2)))
    assert (parameter.low, parameter.high) == (0, 6)
    assert values == [1.0, 5.0, 1.5]


def test_a_scale_is_log_only_where_it_was_log_in_every_trial() -> None:
    assert not _column((1.0, _float(1, 2)), (5.0, _float(3, 6, log=True)))[0].log
    assert _column((1.0, _float(1, 2, log=True)), (5.0, _float(3, 6, log=True)))[0].log


def test_ints_that_became_floats_are_floats() -> None:
    parameter, _, _ = _column(
        (1.0, _text("IntDistribution", low=1, high=2, log=False, step=1)), (1.5, _float(1, 2))
    )
    assert parameter.kind is ParameterKind.FLOAT
    assert parameter.step is None


def test_choices_that_changed_are_united_and_values_recoded() -> None:
    first = _text("CategoricalDistribution", choices=["a", "b"])
    second = _text("CategoricalDistribution", choices=["c", "a"])
    parameter, values, _ = _column((0, first), (1, first), (0, second), (1, second))
    assert parameter.choices == ("a", "b", "c")
    assert values == [0.0, 1.0, 2.0, 0.0]


def test_the_same_choice_twice_is_one_choice() -> None:
    text = _text("CategoricalDistribution", choices=["a", "b", "a"])
    parameter, values, _ = _column((0, text), (2, text), (1, text))
    assert (parameter.choices, values) == (("a", "b"), [0.0, 0.0, 1.0])


def test_truth_values_numbers_and_texts_are_different_choices() -> None:
    text = _text("CategoricalDistribution", choices=[True, 1, "1", None, [1, 2]])
    parameter, values, _ = _column(*((i, text) for i in range(5)))
    assert parameter.choices == (True, 1, "1", None, "[1, 2]")
    assert values == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_an_index_outside_the_choices_is_lost_and_counted() -> None:
    text = _text("CategoricalDistribution", choices=["a", "b"])
    _, values, lost = _column((0, text), (7, text), (-1, text), (0.5, text), (np.nan, text))
    assert np.isnan(values[1:]).all()
    assert lost == ["parameter 'p': an index outside its choices (4 times)"]


def test_choices_among_numbers_are_lost_and_counted() -> None:
    choice = _text("CategoricalDistribution", choices=["a", "b"])
    parameter, values, lost = _column((0.5, _float(0, 1)), (1, choice))
    assert parameter.kind is ParameterKind.FLOAT
    assert np.array_equal(values, [0.5, np.nan], equal_nan=True)
    assert lost == ["parameter 'p': a choice where other trials have numbers"]


BROKEN = [
    "",
    "{",
    "[]",
    "null",
    "7",
    None,
    b"x",
    _text("NoSuchDistribution", low=0, high=1),
    _text("FloatDistribution", low=0),
    _text("FloatDistribution", low=1, high=0),
    _text("FloatDistribution", low=0, high=1, log=True),
    _text("FloatDistribution", low="x", high=1),
    '{"name": "FloatDistribution", "attributes": {"low": NaN, "high": 1}}',
    '{"name": "FloatDistribution", "attributes": {"low": 0, "high": 1e400}}',
    '{"name": "IntDistribution", "attributes": {"low": 0, "high": ' + "9" * 400 + "}}",
    '{"name": "IntDistribution", "attributes": {"low": 0, "high": ' + "9" * 5000 + "}}",
    _text("CategoricalDistribution", choices=[]),
    _text("CategoricalDistribution", choices=5),
    '{"name": "CategoricalDistribution", "attributes": 5}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_distribution_that_makes_no_sense_is_none(text: Any) -> None:
    assert parse_distribution(text) is None


def test_values_under_a_broken_distribution_span_the_observed_range() -> None:
    parameter, values, lost = _column((3.0, "{"), (5.0, "{"), (np.inf, "{"))
    assert (parameter.kind, parameter.low, parameter.high) == (ParameterKind.FLOAT, 3.0, 5.0)
    assert values == [3.0, 5.0, np.inf]
    assert lost == ["parameter 'p': a distribution that can't be understood (3 times)"]


def test_large_whole_numbers_keep_their_bounds() -> None:
    text = _text("IntDistribution", low=0, high=10**30, log=False, step=1)
    parameter, _, _ = _column((1e29, text))
    assert parameter.high == 1e30
