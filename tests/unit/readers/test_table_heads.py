"""What stands above and between the names of a table and its rows."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import hypertendril
from hypertendril.errors import SourceFormatError
from hypertendril.readers import Source
from hypertendril.readers.files.table_head import head_of_table
from hypertendril.readers.tables.reader import TableTail

ROWS = "0.1,32,0.5\n0.2,64,0.25\n0.3,32,0.75\n"
NAMES = ("lr", "batch", "loss")


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("lr,batch,loss\n", []),
        ("My sweep\n\nlr,batch,loss\n", [(1, "above the names of the columns: 'My sweep'")]),
        ("\n,,\nlr,batch,loss\n", []),
        (
            "Sweep, on the cluster,,\nmade in May,,\nlr,batch,loss\n",
            [(1, "above the names of the columns: 'Sweep on the cluster made in May'")],
        ),
        ("# run 3\nlr,batch,loss\n", [(1, "above the names of the columns: '# run 3'")]),
        ("# lr,batch,loss\n", []),
        ("lr,batch,loss\n[1/s],,[nats]\n", [(2, "units below the names of the columns: '[1/s], [nats]'")]),
    ],
    ids=["plain", "title", "blank", "titles", "comment", "commented", "units"],
)  # fmt: skip
def test_the_names_of_the_columns_are_found(text: str, left_out: list[tuple[int, str]]) -> None:
    head = head_of_table(text + ROWS)
    assert (head.names[:3], list(head.left_out)) == (NAMES, left_out)


def test_a_title_does_not_say_what_stands_between_the_cells() -> None:
    assert head_of_table("Results, of May\nlr;loss\n0,1;0,5\n0,2;0,4\n").names == ("lr", "loss")
    assert head_of_table("#,lr,loss\n1,2,3\n").names == ("#", "lr", "loss")


def test_names_over_two_rows_are_joined_and_the_name_of_the_index_is_one(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        ",params,params,metrics\n,lr,opt,loss\ntrial,,,\n3,0.1,adam,0.5\n4,0.2,sgd,0.25\n"
    )
    (found,) = hypertendril.read(path)
    assert found.header.space.names == ("lr", "opt")
    assert found.header.objectives[0].name == "loss"
    assert found.trials.number.tolist() == [3, 4]


def test_rows_with_a_name_before_them_have_a_column_more() -> None:
    assert head_of_table('"lr" "loss"\n'.replace(" ", ",") + '"1",0.1,2\n"2",0.2,3\n').names == (
        *("", "lr", "loss"),
    )


@pytest.mark.parametrize("size", [1, 5, 40])
def test_a_table_with_a_title_and_letters_of_the_west_is_followed(
    tmp_path: Path, size: int
) -> None:
    path, source = tmp_path / "runs.csv", Source.parse(tmp_path / "runs.csv")
    rows = "".join(f"{n},{'für' if n % 3 else 'öde'},{n / 8}\n" for n in range(30))
    whole = f"Größen\n\nlr,typ,objective:loss:minimize\n{rows}".encode("cp1252")
    tail = TableTail(source)
    path.write_bytes(b"")
    for at in range(0, len(whole), size):
        with path.open("ab") as file:
            file.write(whole[at : at + size])
        seen, anew = tail.advance()[0], TableTail(source).advance()[0]
        assert seen.header == anew.header
        assert str(seen.trials.objectives) == str(anew.trials.objectives)
    assert len(seen.trials) == 30
    lines = {skipped.line for skipped in seen.header.skipped if "Windows-1252" in skipped.reason}
    assert lines == {1}


def test_cells_that_are_objects_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "project.csv"
    rows = [
        f"""{n},"{{'acc': 0.{n}, '_step': 9}}","{{'lr': np.float64(0.{n}), 'net': {{'depth': {n}}}}}",run-{n}"""
        for n in range(1, 5)
    ]
    path.write_text("\n".join([",summary,config,name", *rows, '5,{},"{""lr"": 0.5}",run-5', ""]))
    (found,) = hypertendril.read(path)
    assert (found.header.framework, found.space.names) == ("wandb", ("lr", "net/depth"))
    assert found.params(0) == {"lr": 0.1, "net/depth": 1}
    assert found.params(4) == {"lr": 0.5}
    assert found.trials.objectives[:4, 0].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_a_key_that_comes_late_in_cells_that_are_objects_is_told(tmp_path: Path) -> None:
    path = tmp_path / "project.csv"
    rows = [
        f"""{{""acc"": 0.{n}, ""_step"": 9}}","{{""lr"": 0.{n}}}",run-{n}""" for n in range(10, 50)
    ]
    late = """{""acc"": 0.5, ""_step"": 9}","{""lr"": 0.5, ""warmup"": 3}",last"""
    lines = [f'{k},"{row}' for k, row in enumerate([*rows, late, late])]
    path.write_text("\n".join([",summary,config,name", *lines, ""]))
    (found,) = hypertendril.read(path)
    (told,) = [skip for skip in found.header.skipped if "warmup" in skip.reason]
    assert told.line == 42
    assert len(found.trials) == 42


@pytest.mark.parametrize(
    "below",
    ["mean,48,,0.5\nstd,1,,0.1\n", "\n\nBest,,,0.25\n", "Total:,96,,\n", "made in May\n"],
    ids=["mean", "best", "total", "remark"],
)
def test_rows_that_sum_up_others_are_no_trials(tmp_path: Path, below: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"lr,batch,opt,loss\n0.1,32,a,0.5\n0.2,64,b,0.25\n0.4,64,b,0.5\n{below}")
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.25, 0.5]
    assert found.header.space["lr"].high == 0.4
    told = [skip.reason for skip in found.header.skipped if "summary" in skip.reason]
    assert len(told) == len(below.split("\n")) - below.count("\n\n") * 2 - 1


def test_a_choice_is_no_summary(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("pool,loss\nmax,1\nmean,2\nmean,3\n")
    (found,) = hypertendril.read(path)
    assert found.header.space["pool"].choices == ("max", "mean")


@pytest.mark.parametrize(
    ("names", "goal"),
    [
        ("acc_epoch_1,acc_epoch_2,acc_epoch_3,loss", "acc"),
        ("val_acc/1,val_acc/2,val_acc/3,loss", "val_acc"),
        ("acc@10,acc@20,acc@30,loss", "acc"),
    ],
)
def test_columns_of_the_steps_of_a_curve_are_one(tmp_path: Path, names: str, goal: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"lr,{names}\n0.1,0.25,0.5,0.75,1\n0.2,0.25,0.5,,2\n")
    (found,) = hypertendril.read(path)
    study = found
    assert [o.name for o in study.objectives] == [goal]
    assert (study.header.curve_names, study.header.metric_names) == ((goal,), ("loss",))
    assert study.curves.value.tolist() == [0.25, 0.5, 0.75, 0.25, 0.5]
    assert study.trials.objectives[0, 0] == 0.75


@pytest.mark.parametrize("names", ["acc_fold_1,acc_fold_2,acc_fold_3", "units_1,units_2,units_3"])
def test_columns_of_folds_and_layers_are_no_curve(tmp_path: Path, names: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"lr,{names},loss\n0.1,1,2,3,4\n0.2,2,3,4,5\n")
    assert not len(hypertendril.read(path)[0].curves)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, None])
def test_a_table_that_is_packed_is_read(
    tmp_path: Path, pack: Callable[[bytes], bytes] | None
) -> None:
    path, text = tmp_path / "runs.csv.packed", f"{','.join(NAMES)}\n{ROWS}"
    if pack is not None:
        path.write_bytes(pack(text.encode()))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("runs.csv", text)
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.25, 0.75]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceFormatError, match="packed: "):
        hypertendril.read(path)
