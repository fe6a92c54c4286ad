from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from hypertendril.analysis.csv_text import csv_text
from hypertendril.model import Parameter, ParameterKind, Study

KIND = Parameter("kind", ParameterKind.CATEGORICAL, choices=("=1+1", "@x", "-5", 'a,b\n"c"'))
DEPTH = Parameter("depth", ParameterKind.INT, -9, 9)


def rows_of(study: Study) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_text(study))))


def test_a_line_a_trial_under_names_the_table_reader_knows(study_of: Callable[..., Study]) -> None:
    study = study_of([0.5, float("nan")], space=(DEPTH,), values=-3, parent=[-1, 0])
    assert rows_of(study) == [
        ["number", "state", "parent", "objective:accuracy", "param:depth"],
        ["0", "complete", "", "0.5", "-3"],
        ["1", "complete", "0", "", "-3"],
    ]


@pytest.mark.parametrize("code", range(3))
def test_no_text_is_run_as_a_formula(study_of: Callable[..., Study], code: int) -> None:
    study = study_of([0.5], space=(KIND,), values=code)
    assert rows_of(study)[1][-1] == f"'{KIND.choices[code]}"


def test_quotes_commas_and_lines_survive(study_of: Callable[..., Study]) -> None:
    study = study_of([0.5], space=(KIND,), values=3)
    assert rows_of(study)[1][-1] == KIND.choices[3]
