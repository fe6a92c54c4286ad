from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import hypertendril
from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, TrialState
from hypertendril.readers import Source
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.tables.reader import read_table
from hypertendril.readers.tables.told import (
    ToldTable,
    UntoldTableError,
    checked_roles,
    is_untold_table,
    preview,
)

TABLE = """run_id,config.lr,batch,optimizer,train_loss,val_accuracy,trial
a,0.001,32,adam,0.3,0.92,0
b,0.01,64,sgd,0.5,0.85,1
c,0.0001,32,adam,0.4,0.90,2
d,0.1,128,sgd,1.9,0.31,3
"""


@pytest.fixture
def table(tmp_path: Path) -> Source:
    path = tmp_path / "runs.csv"
    path.write_text(TABLE)
    return Source.parse(path)


def test_the_guess_of_a_table_is_what_a_person_would_say(table: Source) -> None:
    assert {column.name: column.role for column in preview(table)} == {
        "run_id": "",
        "config.lr": "param:lr:log",
        "batch": "param:batch:linear",
        "optimizer": "param:optimizer",
        "train_loss": "metric:train_loss",
        "val_accuracy": "objective:val_accuracy:maximize",
        "trial": "number",
    }


@pytest.mark.parametrize(
    ("columns", "goals"),
    [
        ("value", {"value": "objective:value:minimize"}),
        (
            "values_0,values_acc",
            {"values_0": "objective:0:minimize", "values_acc": "objective:acc:maximize"},
        ),
    ],
)
def test_the_columns_of_optunas_table_are_known(
    columns: str, goals: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "trials.csv"
    cells = "0.5," * len(goals)
    start, end = "2026-11-22 18:57:05.5", "2026-11-22 18:57:06"
    row = f"0,{cells}{start},{end},0 days,0.1,3,a,COMPLETE\n"
    names = "datetime_start,datetime_complete,duration,params_lr,user_attrs_size,user_attrs_t,state"
    path.write_text(f"number,{columns},{names}\n{row}{row.replace('0,', '1,', 1)}")
    found = {column.name: column.role for column in preview(Source.parse(path))}
    assert found == goals | {
        "number": "number",
        "datetime_start": "started",
        "datetime_complete": "ended",
        "duration": "",
        "params_lr": "param:lr:linear",
        "user_attrs_size": "metric:size",
        "user_attrs_t": "",
        "state": "state",
    }
    read_as = read_table(Source.parse(path), found)
    assert (read_as.trials.ended - read_as.trials.started).tolist() == [0.5, 0.5]


def test_a_table_is_read_as_told(table: Source) -> None:
    roles = {column.name: column.role for column in preview(table)}
    roles |= {"train_loss": "objective:train_loss:minimize", "val_accuracy": ""}
    found = read_table(table, checked_roles(roles, preview(table)))
    assert [o.name for o in found.header.objectives] == ["train_loss"]
    assert found.header.objectives[0].direction is Direction.MINIMIZE
    assert found.header.space["lr"].log
    assert not found.header.skipped


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"batch": "param:batch"}, "Objective: choose"),
        ({"optimizer": "objective:o:minimize"}, "texts in it can't be the objective"),
        ({"trial": "param:t:log", "batch": "objective:b:minimize"}, "numbers above 0"),
        ({"trial": "objective:b:minimize", "batch": "objective:b:minimize"}, "same role"),
    ],
)
def test_answers_that_make_no_sense_are_refused(
    table: Source, roles: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        checked_roles(roles, preview(table))


@pytest.mark.parametrize(
    "text", ["", "{}", '{"a": 1}\n', "1,2\n3,4\n", "just words\nmore\n", "a\0,b\nc,d"]
)
def test_other_files_are_no_tables(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert not is_untold_table(Source.parse(path))


def test_a_header_alone_says_that_its_rows_are_to_come(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr,accuracy\n")
    with pytest.raises(SourceFormatError, match="No row has been written to it yet"):
        hypertendril.read(path)
    path.write_text("lr,accuracy\n0.1,0.9\n")
    assert len(hypertendril.read(path)) == 1


def test_a_table_without_hints_is_one(table: Source) -> None:
    assert is_untold_table(table)


def test_a_runs_table_of_weights_and_biases_is_guessed_whole(tmp_path: Path) -> None:
    path = tmp_path / "wandb_export.csv"
    path.write_text(
        "Name,State,Notes,User,Tags,Created,Runtime,Sweep,batch_size,lr,optimizer,epoch,val_acc\n"
        "a-1,finished,-,me,,2024-01-02T10:00:00.000Z,100,s,32,0.001,adam,10,0.8\n"
        "b-2,crashed,-,me,,2024-01-02T11:00:00.000Z,50,s,64,0.01,sgd,3,\n"
        "c-3,running,-,me,,2024-01-02T12:00:00.000Z,120,s,32,0.0001,adam,10,0.85\n"
    )
    columns = preview(Source.parse(path))
    roles = {column.name: column.role for column in columns if column.role}
    assert roles == {
        "State": "state",
        "Created": "started",
        "batch_size": "param:batch_size:linear",
        "lr": "param:lr:log",
        "optimizer": "param:optimizer",
        "epoch": "metric:epoch",
        "val_acc": "objective:val_acc:maximize",
    }
    (study,) = ToldTable(roles).read(Source.parse(path))
    assert [TrialState(s).name for s in study.trials.state] == ["COMPLETE", "FAILED", "RUNNING"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr;loss\n0,001;0,5\n1e-2;,25\n", [[0.001, 0.5], [0.01, 0.25]]),  # decimal commas
        ("n;loss\n1.024;1.234,5 €\n8;-,5\n", [[1024, 1234.5], [8, -0.5]]),  # and marked thousands
        ("n;loss\n1.024;0.5\n2.048;.25\n", [[1.024, 0.5], [2.048, 0.25]]),
        ("n,loss\n1'000,\u22120.5\n2\u202f000,1\n", [[1000, -0.5], [2000, 1]]),
        ("sep=;\nlr;loss\n0,1;2\n", [[0.1, 2]]),
        ("lr,loss\n\n1,2\n,\n\n3,4\n,\n", [[1, 2], [3, 4]]),  # rows of nothing
        ('lr|loss\n"1,000"|$1.50\n20|95%\n', [[1000, 1.5], [20, 95]]),
        ("lr,loss\nN/A,0.5\n0.1,#N/A\n-,None\n", [[NAN, 0.5], [0.1, NAN], [NAN, NAN]]),
    ],
    ids=["comma", "thousands", "points", "marks", "sep", "blank", "signs", "missing"],
)
def test_numbers_are_read_as_spreadsheets_write_them(
    tmp_path: Path, text: str, values: list[list[float]]
) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    (found,) = hypertendril.read(path)
    both = np.column_stack([found.trials.values, found.trials.objectives])
    np.testing.assert_array_equal(both, np.array(values))


def test_what_the_columns_of_a_table_were_taken_for_is_told(table: Source) -> None:
    (found,) = hypertendril.read(table.file)
    assert found.best() == 0
    reasons = [skip.reason for skip in found.header.skipped if skip.is_guess]
    assert "'val_accuracy' as objective:val_accuracy:maximize" in reasons[0]
    assert reasons[1] == "columns that were left out: 'run_id'"


def test_a_word_for_nothing_is_a_choice_where_the_others_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("pool,loss\nmax,1\nnone,2\nmax,3\n")
    (found,) = hypertendril.read(path)
    assert found.header.space["pool"].choices == ("max", "none")


def test_columns_of_one_name_or_one_meaning_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr,lr,loss,state,status\n1,2,3,PRUNED,ok\n4,5,6,COMPLETE,ok\n")
    (found,) = hypertendril.read(path)
    assert found.header.space.names == ("lr", "lr.1")
    assert found.trials.values.tolist() == [[1, 2], [4, 5]]
    assert found.trials.state.tolist() == [TrialState.PRUNED, TrialState.COMPLETE]
    reasons = [skip.reason for skip in found.header.skipped]
    assert "columns that were left out: 'status'" in reasons
    assert "another column 'lr', shown as 'lr.1'" in reasons


@pytest.mark.parametrize("layout", ["a list", "lines"])
def test_records_of_json_are_a_table_also_when_they_are_cut_short(
    tmp_path: Path, layout: str
) -> None:
    records = [
        {"opt": {"lr": 10.0**-i, "on": i > 1}, "units": 8 * i, "loss": i / 7} for i in range(1, 5)
    ]
    texts = [json.dumps(record) for record in records]
    text = "\n".join(texts) if layout == "lines" else f"[{', '.join(texts)}]"
    path = tmp_path / "runs.json"
    path.write_text(text[:-9])
    (found,) = hypertendril.read(path)
    assert [found.params(row) for row in range(3)] == [
        {"opt/lr": 10.0**-i, "opt/on": i > 1, "units": 8 * i} for i in (1, 2, 3)
    ]
    assert found.trials.objectives[:3, 0].tolist() == [1 / 7, 2 / 7, 3 / 7]
    assert len(found.header.skipped) > 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_in_utf_16_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "runs.txt"
    mark = "" if encoding == "utf-16" else "\ufeff"
    path.write_bytes(f"{mark}größe\tval_loss\r\n1\t0.5\r\n2\t0.25\r\n".encode(encoding))
    (found,) = hypertendril.read(path)
    assert found.header.space.names == ("größe",)
    assert not [skip.reason for skip in found.header.skipped if not skip.is_guess]
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.25]


def test_a_table_in_utf_16_that_is_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "runs.txt"
    path.write_bytes("lr,loss\n1,0.5\n2,0.25\n".encode("utf-16")[:-5])
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.5, 0.0]
    assert [(skip.line, skip.reason) for skip in found.header.skipped if not skip.is_guess] == [
        (3, "the last line has no end; it may be cut short")
    ]


def test_a_header_longer_than_what_is_looked_at_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    names = [f"parameter_{i:05}" for i in range(5000)]
    rows = [[*range(row, row + 5000), row / 8] for row in range(3)]
    path.write_text("\n".join(",".join(map(str, row)) for row in [[*names, "loss"], *rows]))
    (found,) = hypertendril.read(path)
    assert found.header.objectives[0].name == "loss"
    assert found.trials.values[2, :3].tolist() == [2, 3, 4]


def test_numbers_that_may_be_meant_otherwise_are_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text('drop,sizes,loss\n10%,"128,128",1\n0.5,"256,256",2\n')
    (found,) = hypertendril.read(path)
    reasons = [skip.reason for skip in found.header.skipped if not skip.is_guess]
    assert reasons == [
        "column 'drop': some of its numbers have a % and others none; the sign is left out",
        "column 'sizes': '128,128' is taken for 128128",
    ]


def test_a_whole_number_of_too_many_digits_is_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        "hash,loss\n9007199254740992,1\n12345678901234567891,2\n1e300,3\n" + "9" * 400 + ",4\n"
    )
    (found,) = hypertendril.read(path)
    assert found.trials.values[1, 0] == 12345678901234567891.0
    reasons = [skip.reason for skip in found.header.skipped if not skip.is_guess]
    assert reasons == ["column 'hash': '12345678901234567891' is kept with 16 digits"]


@pytest.mark.parametrize("name", ["idx", "#", "Nr."])
def test_a_column_that_counts_the_rows_is_no_parameter(tmp_path: Path, name: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"{name},lr,loss\n3,0.1,1\n4,0.2,2\n")
    (found,) = hypertendril.read(path)
    assert found.header.space.names == ("lr",)
    assert found.trials.number.tolist() == [3, 4]


def test_few_texts_among_numbers_are_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    rows = [f"{n % 3},{'relu' if n % 2 else 1},{n / 8}" for n in range(9)]
    path.write_text("\n".join(["depth,act,loss", "m,-,1", *rows, ""]))
    (found,) = hypertendril.read(path)
    reasons = [skip.reason for skip in found.header.skipped if not skip.is_guess]
    assert reasons == [
        "column 'depth': few of its cells are no numbers ('m'), so all are taken for choices"
    ]


def test_a_goal_by_its_name_that_is_made_of_texts_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr,accuracy\n0.1,0.91 ± 0.01\n0.2,0.92 ± 0.02\n")
    with pytest.raises(UntoldTableError, match="Say which column is the objective"):
        hypertendril.read(path)


def test_a_name_over_two_lines_is_told_of_by_that_name(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text('"lr\n(log)",loss\n0.1,0.5\n0.2,0.4\n')
    told = ToldTable({"lr\n(log)": "param:lr:log", "loss": "objective:loss:minimize"})
    assert told.detects(Source.parse(path))
    (found,) = told.read(Source.parse(path))
    assert found.header.space["lr"].log


@pytest.mark.parametrize(
    ("header", "rows", "roles"),
    [
        (
            "trial,lr,epoch,val_acc",
            ["0,0.1,1,0.5", "0,0.1,2,0.6", "1,0.2,1,0.7"],
            {"trial": "id", "lr": "param:lr:linear", "epoch": "step"},
        ),
        (
            "lr,opt,epoch,val_acc",
            ["0.1,a,1,0.5", "0.1,a,2,0.6", "0.2,b,1,0.7"],
            {"lr": "param:lr:linear", "opt": "param:opt", "epoch": "step"},
        ),
        (
            "lr,budget,val_acc",
            ["0.1,1,0.5", "0.2,1,0.6", "0.2,3,0.7"],
            {"lr": "param:lr:linear", "budget": "resource"},
        ),
        (
            "trial_index,arm_name,trial_status,generation_node,lr,val_acc",
            ["0,0_0,COMPLETED,Sobol,0.1,0.5", "1,1_0,ABANDONED,MBM,0.2,0.6"],
            {"trial_index": "number", "trial_status": "state", "lr": "param:lr:linear"},
        ),
        (
            'run.hash,run.hparams.lr,"metric: acc {""subset"":""val""}"',
            ["a1,0.1,0.5", "a2,0.2,0.6"],
            {
                "run.hparams.lr": "param:lr:linear",
                'metric: acc {"subset":"val"}': 'objective:acc {"subset":"val"}:maximize',
            },
        ),
        (
            "Versuch;Lernrate;Genauigkeit",
            ["1;0,1;91,5%", "2;0,2;90,1%"],
            {
                "Versuch": "number",
                "Lernrate": "param:Lernrate:linear",
                "Genauigkeit": "objective:Genauigkeit:maximize",
            },
        ),
        (
            "n,width,dropout,val_acc",
            [f"{n},32,0.{n},0.{n}" for n in range(1, 7)],
            {"n": "number", "dropout": "param:dropout:linear"},
        ),
    ],
    ids=["trial", "values", "budget", "Ax", "Aim", "German", "counted"],
)
def test_what_columns_are_likely_to_be(
    tmp_path: Path, header: str, rows: list[str], roles: dict[str, str]
) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([header, *rows, ""]))
    found = {column.name: column.role for column in preview(Source.parse(path)) if column.role}
    goal = {"val_acc": "objective:val_acc:maximize"} if "val_acc" in header else {}
    assert found == goal | roles
    assert hypertendril.read(path)


def test_rows_of_one_trial_are_one_trial_with_its_curve(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("lr,epoch,acc\n0.1,1,0.5\n0.2,1,0.25\n0.1,2,0.75\n")
    (found,) = hypertendril.read(path)
    assert found.trials.objectives[:, 0].tolist() == [0.75, 0.25]
    assert found.curves.step.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (",0,1,2\nlr,0.1,0.2,0.3\nacc,0.5,0.6,0.7\n", "a table on its side"),
        ("0.1,0.5\n0.2,0.6\n", "without a line of names"),
    ],
)
def test_a_table_that_has_to_be_changed_first_says_how(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(SourceFormatError, match=words):
        hypertendril.read(path)
