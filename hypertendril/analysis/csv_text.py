"""A study as CSV: a row a trial, with the column names the table reader knows."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from hypertendril.model import Study, TrialState

# A spreadsheet would run a text that begins like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(study: Study) -> str:
    """Return all trials of `study` as CSV.

    Returns:
        A header line and a line a trial, in row order: `number`, `state`, `parent` (number of
        the parent trial), `objective:NAME`, `metric:NAME` and `param:NAME`. Missing values are
        empty. A text cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_header(study))
    writer.writerows(zip(*_columns(study), strict=True))
    return stream.getvalue()


def _header(study: Study) -> list[str]:
    return [
        "number",
        "state",
        "parent",
        *(f"objective:{objective.name}" for objective in study.objectives),
        *(f"metric:{name}" for name in study.header.metric_names),
        *(f"param:{name}" for name in study.space.names),
    ]


def _columns(study: Study) -> list[list[Any]]:
    trials = study.trials
    numbers = trials.number.tolist()
    columns: list[list[Any]] = [
        numbers,
        [TrialState(int(state)).name.lower() for state in trials.state],
        [numbers[parent] if parent >= 0 else "" for parent in trials.parent.tolist()],
    ]
    columns += [list(map(_cell, column)) for column in trials.objectives.T.tolist()]
    columns += [list(map(_cell, column)) for column in trials.metrics.T.tolist()]
    for parameter, column in zip(study.space, trials.values.T.tolist(), strict=True):
        columns.append([_cell(parameter.decode(value)) for value in column])
    return columns


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
