from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, ParameterKind, TrialState
from hypertendril.readers import ReadStudy, Source, read, read_table, write_table
from hypertendril.readers.tables.reader import TableCsv, curves_path
from tests.unit.readers.optuna_storage import DATA

TABLE = """\
number,state,parent,param:lr:log,param:act,param:layers,objective:acc:maximize,metric:size,note
0,complete,,0.001,relu,1,0.91,100,
1,pruned,0,0.1,tanh,2,0.5,,slow
2,failed,,0.01,,3,,,crashed
"""
DIRECTION_MISSING = "objectives[0].direction: not minimize or maximize; minimize is assumed"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.csv"


def _read(path: Path, text: str, curves: str | None = None) -> ReadStudy:
    path.write_text(text)
    if curves is not None:
        curves_path(path).write_text(curves)
    (found,) = read(path)
    return found


def _reasons(found: ReadStudy) -> list[tuple[int | None, str]]:
    return [(s.line, s.reason) for s in found.header.skipped]


def test_columns_are_found_by_their_names(path: Path) -> None:
    found = _read(path, TABLE)
    header, trials = found.header, found.trials
    assert (header.name, header.framework, header.skipped) == ("runs", "table", ())
    assert [(o.name, o.direction) for o in header.objectives] == [("acc", Direction.MAXIMIZE)]
    assert header.space["lr"].log
    assert (header.space["lr"].low, header.space["lr"].high) == (0.001, 0.1)
    assert header.space["act"].choices == ("relu", "tanh")
    assert header.space["layers"].kind is ParameterKind.INT
    assert trials.state.tolist() == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED]
    assert trials.parent.tolist() == [-1, 0, -1]
    assert np.array_equal(trials.values[:, 1], [0, 1, np.nan], equal_nan=True)
    assert np.array_equal(trials.objectives[:, 0], [0.91, 0.5, np.nan], equal_nan=True)
    assert trials.notes == {1: "slow", 2: "crashed"}


def test_curves_are_read_from_the_file_beside(path: Path) -> None:
    curves = "trial,metric,step,value\n1,acc,1,0.25\n0,acc,1,0.5\n1,loss,1,nan\n"
    found = _read(path, TABLE, curves)
    assert found.header.curve_names == ("acc", "loss")
    assert found.curves.trial.tolist() == [0, 1, 1]
    assert np.array_equal(found.curves.value, [0.5, 0.25, np.nan], equal_nan=True)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_understood(path: Path, delimiter: str) -> None:
    assert _read(path, TABLE.replace(",", delimiter)).trials.objectives[0, 0] == 0.91


def test_columns_can_be_named_by_the_caller(path: Path) -> None:
    path.write_text("learning_rate,accuracy\n0.1,0.9\n0.2,0.8\n")
    roles = {"learning_rate": "param:lr", "accuracy": "objective:acc:maximize"}
    found = read_table(Source.parse(path), roles)
    assert found.header.space.names == ("lr",)
    assert found.as_study().best() == 0
    with pytest.raises(SourceFormatError, match="Say which column is the objective"):
        read(path)


def test_truth_values_and_mixed_cells_are_choices(path: Path) -> None:
    space = _read(path, "param:flag,param:mixed,objective:y\ntrue,1,0\nFalse,auto,0\n").header.space
    assert space["flag"].choices == (True, False)
    assert space["mixed"].choices == ("1", "auto")


def test_quoted_cells_may_hold_delimiters_quotes_and_lines(path: Path) -> None:
    found = _read(path, 'param:c,objective:y\n"a,""b""\nc",1\n')
    assert found.header.space["c"].choices == ('a,"b"\nc',)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param:x,objective:y:minimize\n1,2,3\n", (2, "3 cells in a row of a table with 2 columns")),
        ("param:x,objective:y:minimize\n1\n", (2, "1 cells in a row of a table with 2 columns")),
        ("param:x,objective:y:minimize,size\n1,2,3\n", (1, "unknown column 'size'")),
        ("param:x,objective:y:minimize\n1,bad\n", (2, "values.y: 'bad' is not a number")),
        ("param:x,state,objective:y:minimize\n1,odd,2\n", (2, "state: 'odd' is unknown; complete is assumed")),
        ("param:x\n1\n", (None, "objectives are missing; value to be minimized is assumed")),
        ("param:x,objective:y\n1,1\n", (None, DIRECTION_MISSING)),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_said_with_its_line(
    path: Path, text: str, expected: tuple[int | None, str]
) -> None:
    found = _read(path, text)
    assert expected in _reasons(found)
    assert len(found.trials) == 1


def test_losses_in_the_curves_name_the_file_of_the_curves(path: Path) -> None:
    found = _read(path, TABLE, "trial,metric,step,value\n9,acc,1,0.5\n1,acc\n")
    assert [(s.file, s.line) for s in found.header.skipped] == [
        (str(curves_path(path)), 2),
        (str(curves_path(path)), 3),
    ]
    found = _read(path, TABLE, "a,b\n1,2\n")
    assert "its columns must be trial, metric, step, value" in _reasons(found)[0][1]


def test_lines_that_are_not_utf8_are_read_as_spreadsheets_write_them_and_told(path: Path) -> None:
    path.write_bytes("param:x,objective:y:minimize\ngroß,1\nläßt,2\n".encode("cp1252"))
    (found,) = read(path)
    assert found.header.space["x"].choices == ("groß", "läßt")
    ((line, reason),) = _reasons(found)
    assert line == 2
    assert reason.startswith("not UTF-8, so read as Windows-1252")


def test_a_table_that_was_written_reads_back(path: Path) -> None:
    for found in read(DATA / "optuna.db"):
        if not len(found.header.space):
            continue  # the study without trials has no column to be known by
        write_table(found, path)
        (copy,) = read(path)
        for name in ("number", "state", "objectives", "metrics", "parent", "bracket", "started"):
            one, other = getattr(found.trials, name), getattr(copy.trials, name)
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
        assert [o.direction for o in copy.header.objectives] == [
            o.direction for o in found.header.objectives
        ]
        assert len(copy.curves) == len(found.curves)
        assert copy.curves.value.tobytes() == found.curves.value.tobytes()
        curves_path(path).unlink(missing_ok=True)


def test_the_change_token_sees_the_curves_too(path: Path) -> None:
    _read(path, TABLE)
    reader, source = TableCsv(), Source.parse(path)
    before = reader.change_token(source)
    assert reader.change_token(source) == before
    curves_path(path).write_text("trial,metric,step,value\n")
    assert reader.change_token(source) != before


def test_a_last_line_without_its_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("param:x,objective:y:minimize\n1,0.5\n2,0.25")
    (found,) = read(path)
    assert len(found.trials) == 2
    assert "the last line has no end" in found.header.skipped[0].reason
