"""DataFrames pickled by pandas of several ages, made tables again without pandas."""

from __future__ import annotations

import contextlib
import csv
import pickle  # noqa: TID251 - to write what has to be read
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import read
from hypertendril.readers.pickles.convert import convert
from tests.data.frames.make_frames import frame

DATA = Path(__file__).parents[2] / "data" / "frames"
COLUMNS = {
    "lr": ["0.1", "", "1e-05"],
    "score": ["5.0", "4.0", "inf"],
    "layers": ["1", "2", "3"],
    "opt": ["adam", "", "naïve, 日本"],
    "flag": ["true", "false", "true"],
    "kind": ["a", "", "b"],
    "size": ["4", "1", "4"],
    "begun": ["2026-01-02T03:04:05.500000", "2026-01-02T00:00:00.000000", ""],
    "zoned": ["2026-01-01T23:00:00.000000Z"] * 3,
    "took": ["1.5", "", "60.0"],
    "whole": ["1", "", "3"],
    "maybe": ["true", "", "false"],
    "text": ["p", "", "q"],
    "small": ["0.1", "0.2", "0.3"],
    "mixed": ["1", "x", "[1, [2.5, null]]"],
}


def columns_of(path: Path) -> dict[str, list[str]]:
    """Convert a pickle and return its columns; moments to the microsecond, as pandas 3 has them."""
    out = path.with_suffix(".csv")
    assert convert(path, out) == "pandas"
    with out.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    cells = {name: list(cells) for name, *cells in zip(header, *rows, strict=True)}
    for name in {"begun", "zoned"} & cells.keys():
        cells[name] = [cell.replace("000000000", "000000") for cell in cells[name]]
        cells[name] = [cell.replace("500000000", "500000") for cell in cells[name]]
    return cells


@pytest.mark.parametrize("stored", sorted(DATA.glob("*.pkl")), ids=lambda path: path.stem)
def test_a_frame_of_an_older_pandas_is_the_same_table(stored: Path, tmp_path: Path) -> None:
    path = tmp_path / stored.name
    path.write_bytes(stored.read_bytes())
    assert columns_of(path) == COLUMNS


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_frame_of_the_pandas_here_is_the_same_table(protocol: int, tmp_path: Path) -> None:
    frame().to_pickle(tmp_path / "x.pkl", protocol=protocol)
    assert columns_of(tmp_path / "x.pkl") == COLUMNS


def test_moments_that_are_stored_together_are_columns_of_their_own(tmp_path: Path) -> None:
    times = {name: pd.to_datetime([f"2026-01-0{i} 00:00:00.5"]) for i, name in enumerate("ab", 1)}
    pd.DataFrame(times).to_pickle(tmp_path / "x.pkl")
    assert {name: cell[0][:10] for name, cell in columns_of(tmp_path / "x.pkl").items()} == {
        "a": "2026-01-01",
        "b": "2026-01-02",
    }


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_frame_that_was_compressed_is_the_same_table(suffix: str, tmp_path: Path) -> None:
    frame().to_pickle(tmp_path / f"x.pkl.{suffix}")
    assert columns_of(tmp_path / f"x.pkl.{suffix}") == COLUMNS


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (frame().set_index("layers")[["lr"]], {"layers": ["1", "2", "3"], "lr": COLUMNS["lr"]}),
        (
            frame().set_index(["layers", "opt"])[["lr"]],
            {"layers": ["1", "2", "3"], "opt": COLUMNS["opt"], "lr": COLUMNS["lr"]},
        ),
        (frame()[["lr"]][::2], {"index": ["0", "2"], "lr": ["0.1", "1e-05"]}),
        (frame()[["score", "layers"]].iloc[:0], {"score": [], "layers": []}),
        (
            pd.DataFrame({("params", "x"): [1], ("value", ""): [2.5]}),
            {"params_x": ["1"], "value": ["2.5"]},
        ),
        (
            frame()[["lr", "score"]].T.copy().T,
            {"lr": COLUMNS["lr"], "score": COLUMNS["score"]},
        ),
    ],
    ids=["named index", "two levels", "rows left out", "no rows", "two rows of names", "turned"],
)
def test_an_index_that_says_something_is_a_column(
    made: pd.DataFrame, expected: dict[str, list[str]], tmp_path: Path
) -> None:
    made.to_pickle(tmp_path / "x.pkl")
    assert columns_of(tmp_path / "x.pkl") == expected


def test_a_frame_whose_columns_say_what_they_are_is_read_at_once(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"param:lr:log": [0.1, 0.01], "objective:loss:minimize": [2.0, 1.0]}
    pd.DataFrame(columns).to_pickle(tmp_path / "x.pkl")
    convert(tmp_path / "x.pkl", tmp_path / "x.csv")
    study = read(tmp_path / "x.csv")[0].as_study()
    assert [study.params(row) for row in range(2)] == [{"lr": 0.1}, {"lr": 0.01}]


def test_a_frame_is_written_as_a_table_and_nothing_else(tmp_path: Path) -> None:
    frame().to_pickle(tmp_path / "x.pkl")
    with pytest.raises(SourceFormatError, match=r"is a table\. Write it to out\.csv\."):
        convert(tmp_path / "x.pkl", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_a_frame_that_is_cut_or_damaged_is_one_clear_error(tmp_path: Path) -> None:
    whole = (DATA / "pandas_2.2.3.pkl").read_bytes()
    path = tmp_path / "x.pkl"
    for at in range(2, len(whole) - 1, 13):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :]):
            path.write_bytes(data)
            with contextlib.suppress(SourceFormatError):
                convert(path, tmp_path / "out.csv")
