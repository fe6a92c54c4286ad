from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import ReadStudy, Source, to_generic
from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.result import Tail
from hypertendril.readers.tables.reader import TableCsv

HEADER = "number,state,param:x,param:c,objective:y:minimize,note\n"
ROWS = [f'{n},complete,{n / 8},{"ab"[n % 2]},{n},"says ""{n}"",\nand more"\n' for n in range(6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.csv"


@pytest.fixture
def tail(path: Path) -> Tail:
    return TableCsv().follow(Source(path=path))


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _facts(advance: Callable[[], tuple[ReadStudy, ...]]) -> object:
    try:
        (found,) = advance()
    except SourceFormatError as error:
        return str(error)
    return json.dumps(to_generic(found)), found.header.skipped


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_table_that_grows_piece_by_piece_reads_as_one_read_anew(
    path: Path, tail: Tail, size: int
) -> None:
    whole, source = HEADER + "".join(ROWS), Source(path=path)
    for at in range(0, len(whole), size):
        _append(path, whole[at : at + size])
        assert _facts(tail.advance) == _facts(lambda: TableCsv().read(source))
    (found,) = tail.advance()
    assert found.trials.notes[5] == 'says "5",\nand more'


def test_only_the_bytes_that_came_are_parsed(path: Path, tail: Tail) -> None:
    path.write_text(HEADER + "".join(f"{n},failed,,,,\n" for n in range(60)))
    tail.advance()
    # In the middle, where nobody looks again: neither at the start nor just before what came.
    changed = path.read_text().replace("30,failed", "30,pruned")
    with path.open("r+") as file:
        file.write(changed)
    _append(path, "99,pruned,0.5,a,1,\n")
    (found,) = tail.advance()
    assert found.trials.number[found.trials.state == TrialState.PRUNED].tolist() == [99]


def test_a_row_cut_short_is_waited_for_and_a_number_cut_short_is_told(
    path: Path, tail: Tail
) -> None:
    path.write_text(HEADER + "0,complete,0.5,a,1,\n1,comp")
    (found,) = tail.advance()
    assert len(found.trials) == 1
    assert "the last line has no end" in found.header.skipped[0].reason
    _append(path, "lete,0.25,a,1")
    assert len(tail.advance()[0].trials) == 1
    _append(path, "2,")
    (found,) = tail.advance()
    assert found.trials.objectives[:, 0].tolist() == [1, 12]
    assert found.header.skipped[0].line == 3
    _append(path, "\n")
    (found,) = tail.advance()
    assert found.header.skipped == ()


@pytest.mark.parametrize("anew", [HEADER, HEADER + "7,failed,,,,\n"])
def test_a_table_that_is_written_anew_is_read_from_its_start(
    path: Path, tail: Tail, anew: str
) -> None:
    path.write_text(HEADER + "".join(ROWS))
    assert len(tail.advance()[0].trials) == len(ROWS)
    path.write_text(anew)
    assert tail.advance()[0].trials.number.tolist() == [7] * (anew != HEADER)
    fresh = path.with_suffix(".new")
    fresh.write_text(HEADER + ROWS[0])
    fresh.replace(path)
    assert tail.advance()[0].trials.number.tolist() == [0]


def test_a_column_that_turns_from_numbers_to_texts_is_another_parameter(
    path: Path, tail: Tail
) -> None:
    path.write_text("param:x,objective:y:minimize\n1,0\n2,0\n")
    assert tail.advance()[0].header.space["x"].low == 1
    _append(path, "auto,0\n")
    assert tail.advance()[0].header.space["x"].choices == ("1", "2", "auto")


def test_lines_are_given_once_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthr")
    file = GrowingFile(path)
    assert file.is_anew()
    assert [line for lines in file.new_lines() for line in lines] == [b"one", b"two"]
    assert (file.line_count, file.rest) == (2, b"thr")
    _append(path, "ee\n")
    assert not file.is_anew()
    assert [line for lines in file.new_lines() for line in lines] == [b"three"]
    assert (file.line_count, file.rest) == (3, b"")
    path.write_bytes(b"one\n")
    assert file.is_anew()
