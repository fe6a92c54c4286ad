"""Sources that are broken, foreign or hostile: one clear error, or the rest is read and the loss listed."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import ReadStudy, inspect_json, read, to_generic
from tests.contract.formats import FORMATS
from tests.unit.readers.optuna_storage import DATA, FLOAT, Storage, categorical

DATABASE = (DATA / "optuna.db").read_bytes()
JOURNAL = (DATA / "optuna.journal.log").read_bytes()
DEEP = "[" * 100_000 + "]" * 100_000
DIGITS = "9" * 5000

TABLE = b"param:x,objective:loss:minimize\n1,2\n"


def zipped(content: bytes, *names: str) -> bytes:
    """Return an archive that keeps a file as it is, so that its words can be seen in it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names or ("t.csv",):
            file.writestr(name, content)
    return archive.getvalue()


BAD: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "a_space": b" ",
    "binary_junk": random.Random(0).randbytes(4096),
    "zeros": bytes(4096),
    "text": b"Dear diary,\ntoday I trained a network.\n",
    "a_picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a_pickle": b"\x80\x05cos\nsystem\n(S'true'\ntR.",
    "zip": b"PK\x03\x04" + bytes(100),
    "json_list": b"[1, 2, 3]",
    "json_number": b"5",
    "json_foreign": b'{"a": 1}',
    "json_cut": b'{"trials": [{"number": 0',
    "json_deep": b'{"trials": ' + DEEP.encode() + b"}",
    "json_digits": b'{"trials": [{"number": ' + DIGITS.encode() + b"}]}",
    "json_latin1": b'{"name": "\xe9", "trials": []}',
    "csv_foreign": b"a,b,c\n1,2,3\n",
    "sqlite_header_only": DATABASE[:16],
    "sqlite_one_page": DATABASE[:4096],
    "sqlite_junk_behind_header": DATABASE[:100] + random.Random(1).randbytes(8000),
    "sqlite_first_page_zeroed": DATABASE[:100] + bytes(3996) + DATABASE[4096:],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "source"


def _write(path: Path, data: bytes | None) -> None:
    if data is not None:
        path.write_bytes(data)


def _reasons(found: ReadStudy) -> str:
    return "; ".join(skipped.reason for skipped in found.header.skipped)


def _usable(path: Path) -> tuple[ReadStudy, ...]:
    """Read a source and use everything the program uses of it."""
    studies = read(path)
    for found in studies:
        json.dumps(inspect_json(found), allow_nan=False).encode()
        json.dumps(to_generic(found), allow_nan=False).encode()
        study = found.as_study()
        for row in range(len(study)):
            study.params(row)
    return studies


@pytest.mark.parametrize("name", BAD)
def test_a_bad_source_is_one_error_that_names_it_in_one_line(name: str, path: Path) -> None:
    _write(path, BAD[name])
    with pytest.raises(SourceFormatError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert 10 < len(message) - len(str(path)) < 400


def test_a_folder_with_nothing_to_read_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(SourceFormatError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"\0 no table"), "is compressed with gzip. Unpack it"),
        (zipped(b"\0 no table"), "is a zip archive. Unpack it"),
        (zipped(b"x", "xl/workbook.xml", "b"), "is an Excel workbook. Save its sheet as CSV"),
        (b"ARROW1\0\0", "is an Arrow file .Feather.. Save it as Parquet"),
        (b"<html><table><tr>", "is a page with a table. Save the table as CSV"),
        ('{"trials": []}'.encode("utf-16"), "is UTF-16 text. Save it as UTF-8"),
    ],
    ids=["gzip", "zip", "xlsx", "feather", "html", "utf-16"],
)
def test_a_table_one_step_away_from_being_read_names_the_step(
    path: Path, content: bytes, message: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(SourceFormatError, match=message):
        read(path)


def test_a_device_is_never_read() -> None:
    with pytest.raises(SourceFormatError, match="is not a regular file"):
        read("/dev/zero")


def test_another_programs_database_is_not_mistaken_for_optunas(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trials (id, score)")
    with pytest.raises(SourceFormatError, match="no format this program reads"):
        read(path)


def test_a_storage_of_an_old_version_names_the_column_and_the_way_out(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE studies (study_id INTEGER, study_name TEXT)")
        connection.execute("CREATE TABLE trials (trial_id INTEGER, state TEXT, value FLOAT)")
    with pytest.raises(SourceFormatError, match="storage upgrade") as caught:
        read(path)
    assert caught.value.field == "trials.number"


def test_a_storage_without_a_study_reads_as_no_study(path: Path) -> None:
    with Storage(path):
        pass
    assert read(path) == ()


def test_a_study_without_a_trial_reads_as_an_empty_study(path: Path) -> None:
    with Storage(path) as storage:
        storage.study("nothing", "MAXIMIZE")
    (found,) = _usable(path)
    assert (len(found.trials), len(found.header.space)) == (0, 0)
    assert found.header.objectives[0].direction == "maximize"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_truncated_database_is_an_error_or_a_listed_loss(share: float, path: Path) -> None:
    path.write_bytes(DATABASE[: int(len(DATABASE) * share)])
    try:
        studies = _usable(path)
    except SourceFormatError as error:
        assert str(path) in str(error)  # noqa: PT017 - either way is right
    else:
        assert all("can't be read" in _reasons(found) for found in studies)


@pytest.mark.parametrize(
    "table", ["trial_intermediate_values", "trial_user_attributes", "study_directions"]
)
def test_a_damaged_table_costs_only_what_is_in_it(table: str, path: Path) -> None:
    path.write_bytes(DATABASE)
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE tbl_name = ?"
        pages = [page for (page,) in connection.execute(sql, (table,))]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
    studies = {found.header.name: found for found in _usable(path)}
    assert len(studies) == 7
    whole = {found.header.name: found for found in read(DATA / "optuna.db")}
    for name, found in studies.items():
        assert f"table {table} can't be read" in _reasons(found)
        assert found.trials.state.tolist() == whole[name].trials.state.tolist()


def test_a_database_whose_rows_go_round_in_circles_is_read_to_its_end(path: Path) -> None:
    # Found by `python -m benchmarks.mutations`: a row refers back to those before it.
    path.write_bytes(DATABASE[:271580] + b"true" + DATABASE[271585:])
    found = read(path)
    assert sum(len(study.trials) for study in found) > 100
    assert "trials out of order" in found[0].header.skipped[0].reason


def test_a_row_of_no_trial_costs_only_itself(path: Path) -> None:
    # Found by `python -m benchmarks.mutations`: an entry of an index lost the number of its trial.
    with Storage(path) as storage:
        storage.trial(storage.study(), params=dict.fromkeys("uvwxyz", (0.5, FLOAT)))
    entry = b"\x04\x09\x0f\x01v"  # the length of its head; the number 1, a letter, a byte; "v"
    data = path.read_bytes()
    path.write_bytes(data.replace(entry, entry.replace(b"\x09", b"\x00"), 1))
    (found,) = _usable(path)
    assert found.header.space.names == ("u", "w", "x", "y", "z")
    assert "table trial_params: a value of the wrong type" in _reasons(found)


def test_a_report_at_an_infinite_step_costs_only_itself(path: Path) -> None:
    # Found by `python -m benchmarks.mutations`: such a study could not be saved.
    with Storage(path) as storage:
        trial = storage.trial(storage.study(), reports={1: 0.5, 2: 0.25})
        where = f"WHERE trial_id = {trial} AND step = 2"
        storage.connection.execute(f"UPDATE trial_intermediate_values SET step = 9e999 {where}")
    (found,) = _usable(path)
    assert found.curves.step.tolist() == [1]
    assert "trial_intermediate_values: a value of the wrong type" in _reasons(found)


@pytest.mark.parametrize("name", ["atm", "auptimizer"])
def test_a_trackers_database_that_was_cut_short_says_so(name: str, tmp_path: Path) -> None:
    source = next(form for form in FORMATS if form.reader == name).make(tmp_path)
    source.file.write_bytes(source.file.read_bytes()[:-100])
    (found,) = read(source.file)
    assert "cut short" in found.header.skipped[0].reason


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.999])
def test_a_truncated_journal_gives_what_was_written_before(share: float, path: Path) -> None:
    path.write_bytes(JOURNAL[: int(len(JOURNAL) * share)])
    studies = _usable(path) if share > 0.001 else ()
    whole = read(DATA / "optuna.journal.log")
    assert sum(len(f.trials) for f in studies) <= sum(len(f.trials) for f in whole)
    for found, full in zip(studies, whole, strict=False):
        n = min(len(found.trials), len(full.trials))
        finished = np.flatnonzero(found.trials.state[:n] > TrialState.RUNNING)
        assert (found.trials.state[finished] == full.trials.state[finished]).all()


HOSTILE = [
    "__proto__",
    "<b>x</b>",
    "constructor",
    "\u202egnp",
    "a\0b",
    "🦑" * 300,
    " ",
    "%s{0}${x}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_choices_arrive_as_they_are(text: str, path: Path) -> None:
    with Storage(path) as storage:
        study = storage.study(text)
        trial = storage.trial(study, params={text: (1, categorical("a", text))})
        storage.insert("trial_user_attributes", trial_id=trial, key=text, value_json="1")
    (found,) = _usable(path)
    assert found.header.name == text
    assert found.header.metric_names == (text,)
    assert found.as_study().params(0) == {text: text}


def test_a_lone_surrogate_is_replaced(path: Path) -> None:
    trial = {"params": {"\ud800": "\udfff"}, "values": {"y": 1}}
    path.write_text(json.dumps({"name": "\ud800", "objectives": ["y"], "trials": [trial]}))
    (found,) = _usable(path)
    assert found.header.name == "?"
    assert found.header.space["?"].choices == ("?",)


def test_infinite_and_missing_objectives_of_every_state_are_shown(path: Path) -> None:
    with Storage(path) as storage:
        study = storage.study()
        for state in ("COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"):
            storage.trial(study, state, None)
            trial = storage.trial(study, state, None)
            storage.insert(
                "trial_values", trial_id=trial, objective=0, value=None, value_type="INF_NEG"
            )
    (found,) = _usable(path)
    study_read = found.as_study()
    assert [study_read.counts()[state] for state in TrialState] == [2] * 5
    assert np.array_equal(found.trials.objectives[:, 0], [np.nan, -np.inf] * 5, equal_nan=True)
    assert study_read.best() is None


def test_huge_numbers_are_kept_as_well_as_a_float_can(path: Path) -> None:
    trial = {
        "params": {"x": 10**400, "n": 2**63},
        "values": {"y": 1e400},
        "metrics": {"m": -(10**400)},
    }
    path.write_text(json.dumps({"objectives": ["y"], "trials": [trial]}))
    (found,) = _usable(path)
    assert found.trials.metrics.tolist() == [[-np.inf]]
    assert found.trials.objectives.tolist() == [[np.inf]]
    assert found.as_study().params(0)["n"] == 2**63


@pytest.mark.parametrize(
    "attribute", [DEEP, DIGITS, "{", "\udcff", "NaN", '{"__proto__": [1e999]}']
)
def test_a_broken_study_attribute_costs_only_itself(attribute: str, path: Path) -> None:
    with Storage(path) as storage:
        study = storage.study()
        storage.trial(study)
        text = attribute.encode("utf-8", "surrogateescape").decode("latin-1")
        for key in ("broken", "study:metric_names"):
            for table in ("study_user_attributes", "study_system_attributes"):
                storage.insert(table, study_id=study, key=key, value_json=text)
        storage.insert("study_user_attributes", study_id=study, key="fine", value_json="7")
    (found,) = _usable(path)
    assert found.header.attributes["fine"] == 7
    assert len(found.trials) == 1


def test_a_deep_or_endless_line_of_a_journal_is_skipped_with_its_number(path: Path) -> None:
    lines = JOURNAL.split(b"\n")
    lines[2:2] = [DEEP.encode(), b'{"op_code": ' + DIGITS.encode() + b"}", b"\xff\xfe", b"\0" * 50]
    path.write_bytes(b"\n".join(lines))
    found = _usable(path)[0]
    assert [s.line for s in found.header.skipped if s.line] == [3, 4, 5, 6]
    assert len(found.trials) == 42


def test_a_parameter_that_changes_its_nature_between_trials_is_read(path: Path) -> None:
    wide = {
        "name": "IntDistribution",
        "attributes": {"low": -5, "high": 50, "log": False, "step": 1},
    }
    with Storage(path) as storage:
        study = storage.study()
        storage.trial(study, params={"x": (0.5, FLOAT)})
        storage.trial(study, params={"x": (50, wide)})
        storage.trial(study, params={"x": (1, categorical("a", "b"))})
        storage.trial(study, params={"x": (3.0, "no distribution")})
    (found,) = _usable(path)
    x = found.header.space["x"]
    assert (x.low, x.high) == (-5, 50)
    assert np.array_equal(found.trials.values[:, 0], [0.5, 50, np.nan, np.nan], equal_nan=True)
    assert "a choice where other trials have numbers" in _reasons(found)
    assert "a distribution that can't be understood" in _reasons(found)


def _flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def _drop(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 200)]


def _double(data: bytearray, chance: random.Random) -> None:
    start, to = chance.randrange(len(data)), chance.randrange(len(data))
    data[to:to] = data[start : start + chance.randrange(1, 200)]


def _number(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(max(1, len(data) - 8))
    data[start : start + 8] = struct.pack(">d", chance.choice([float("nan"), 1e300, -1.0, 0.0]))


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_database_never_ends_in_anything_but_the_one_error(seed: int, path: Path) -> None:
    chance, data = random.Random(seed), bytearray(DATABASE)
    for _ in range(chance.randrange(1, 30)):
        chance.choice([_flip, _flip, _number, _drop if seed % 3 == 0 else _flip])(data, chance)
    data[:16] = DATABASE[:16]
    path.write_bytes(data)
    _read_or_refuse(path)


def _read_or_refuse(path: Path) -> None:
    try:
        _usable(path)
    except SourceFormatError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ends are right


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_journal_never_ends_in_anything_but_the_one_error(seed: int, path: Path) -> None:
    chance, data = random.Random(seed), bytearray(JOURNAL[:20_000])
    for _ in range(chance.randrange(1, 40)):
        chance.choice([_flip, _drop, _double])(data, chance)
    path.write_bytes(data)
    _read_or_refuse(path)


def test_an_unreadable_file_is_one_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(JOURNAL)
    real: Callable[..., Any] = Path.open

    def refuse(self: Path, *rest: Any, **more: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *rest, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceFormatError, match="Permission denied"):
        read(path)
    assert os.access(path, os.R_OK)
