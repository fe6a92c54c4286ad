"""Large JSON documents: what is parsed in pieces is what is parsed as a whole."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypertendril.errors import SourceFormatError
from hypertendril.readers import folders
from hypertendril.readers.files import json_pieces
from hypertendril.readers.files.json_pieces import parse_in_pieces
from hypertendril.readers.files.json_text import BadJsonError, parse
from hypertendril.readers.progress import Progress, ReadingCancelledError, watched

texts = st.text(st.sampled_from(' ab",:[]{}\\\n\u00e9'), max_size=8)
leaves = st.one_of(st.none(), st.integers(-(2**40), 2**40), st.just(math.nan), texts)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=40,
)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "PIECE_BYTES", 7)


def _outcome(text: bytes, how: Any) -> str:
    try:
        return repr(how(text))  # NaN is not equal to itself
    except BadJsonError:
        return "bad"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=values, indent=st.sampled_from([None, 1]), is_ascii=st.booleans())
def test_pieces_make_the_same_value(value: Any, *, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode()
    assert _outcome(text, parse_in_pieces) == _outcome(text, parse) != "bad"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=values, at=st.floats(0, 0.999), mark=st.sampled_from(list(b'",:[]{}\\ 1')))
def test_pieces_of_a_damaged_document_are_refused_where_the_whole_is(
    value: Any, at: float, mark: int
) -> None:
    text = bytearray(json.dumps(value).encode())
    text[int(at * len(text))] = mark
    assert _outcome(bytes(text), parse_in_pieces) == _outcome(bytes(text), parse)


def test_a_document_with_a_fault_says_in_which_line() -> None:
    with pytest.raises(BadJsonError) as caught:
        parse_in_pieces(b'{\n"trials": [\n{"number": 1},\n{"number": two},\n{"number": 3}\n]\n}')
    assert caught.value.line == 4


def test_a_large_document_tells_its_bytes_and_is_called_off_in_the_middle() -> None:
    text = json.dumps({"trials": [{"number": n} for n in range(100)]}).encode()

    class Impatient(Progress):
        def check(self) -> None:
            if self.done > len(text) / 2:
                self.cancel()
            super().check()

    progress = Impatient()
    with watched(progress), pytest.raises(ReadingCancelledError):
        parse_in_pieces(text)
    assert progress.unit == "bytes"
    assert len(text) / 2 < progress.done < len(text) * 0.6


def test_a_document_that_does_not_fit_into_memory_is_refused_with_its_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "ANYWHERE_BYTES", 10)
    monkeypatch.setattr(folders, "MEMORY_TIMES", 1e15)
    (tmp_path / "study.json").write_text('{"trials": []}')
    with pytest.raises(SourceFormatError, match=r"GB of memory to read; [\d.]+ GB are free"):
        folders.json_file(tmp_path / "study.json")
