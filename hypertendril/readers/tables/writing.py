"""A study as a table: one CSV row a trial, its curves in a second file, the rest in a third."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypertendril.model import Parameter, Study, TrialState
from hypertendril.readers.generic.export import iso, write_whole
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.tables.reader import CURVE_COLUMNS, PLAIN, curves_path
from hypertendril.readers.tables.rest import cell_of, choice_cells, rest_path, rest_text


def write_table(study: Study | ReadStudy, path: Path) -> None:
    """Write a study as CSV; curves, if any, and what a table can't say go to files beside it."""
    header, rows = table_cells(study)
    write_whole(path, _csv([header, *rows]))
    write_whole(rest_path(path), rest_text(study))
    if len(study.curves):
        write_whole(curves_path(path), _csv([list(CURVE_COLUMNS), *curve_rows(study)]))


def table_cells(study: Study | ReadStudy) -> tuple[list[str], Iterator[list[Any]]]:
    """Return the names of the columns, and the cells of each trial: texts and whole numbers."""
    return _header(study), _table_rows(study)


def curve_rows(study: Study | ReadStudy) -> Iterator[list[Any]]:
    """Yield a row for each point of each curve, as `CURVE_COLUMNS` name them."""
    points, names, numbers = study.curves, study.header.curve_names, study.trials.number
    columns = (points.trial, points.metric, points.step, points.value)
    for t, m, s, v in zip(*(column.tolist() for column in columns), strict=True):
        yield [numbers[t].item(), names[m], cell_of(s), cell_of(v)]


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _header(study: Study | ReadStudy) -> list[str]:
    header = study.header
    return [
        *PLAIN,
        *(_parameter_column(p) for p in header.space),
        *(f"objective:{o.name}:{o.direction.value}" for o in header.objectives),
        *(f"metric:{name}" for name in header.metric_names),
    ]


def _parameter_column(parameter: Parameter) -> str:
    if parameter.is_discrete_choice:
        return f"param:{parameter.name}"
    # Said aloud: the scale that the values suggest may be another.
    return f"param:{parameter.name}:{'log' if parameter.log else 'linear'}"


def _table_rows(study: Study | ReadStudy) -> Iterator[list[Any]]:
    trials = study.trials
    write = [_writer(parameter) for parameter in study.header.space]
    for row in range(len(trials)):
        parent = int(trials.parent[row])
        values = trials.values[row].tolist()
        numbers = [*trials.objectives[row].tolist(), *trials.metrics[row].tolist()]
        bracket = int(trials.bracket[row])
        yield [
            int(trials.number[row]),
            TrialState(int(trials.state[row])).name.lower(),
            "" if parent < 0 else int(trials.number[parent]),
            "" if bracket < 0 else bracket,
            *(_moment(m) for m in (trials.started[row].item(), trials.ended[row].item())),
            cell_of(trials.violation[row].item()),
            trials.notes.get(row, ""),
            *("" if math.isnan(v) else w(v) for w, v in zip(write, values, strict=True)),
            *map(cell_of, numbers),
        ]


def _writer(parameter: Parameter) -> Callable[[float], Any]:
    """Return what makes a cell of a value of a parameter."""
    if not parameter.is_discrete_choice:
        return lambda value: cell_of(parameter.decode(value))
    cells = choice_cells(parameter)
    return lambda code: cells[int(code)]


def _moment(moment: float) -> Any:
    return "" if math.isnan(moment) else iso(moment)
