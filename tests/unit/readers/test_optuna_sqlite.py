from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Study, TrialState
from hypertendril.readers import Source, read
from hypertendril.readers.optuna import sql as optuna_sql
from hypertendril.readers.optuna.sqlite import OptunaSqlite
from tests.unit.readers.optuna_storage import FLOAT, Storage, categorical

MODES = ("delete", "truncate", "wal")


@pytest.fixture(params=MODES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with Storage(tmp_path / "study.db", request.param) as made:
        yield made


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Storage]:
    with Storage(tmp_path / "study.db") as made:
        yield made


def _only(path: Path | str) -> Study:
    (found,) = read(path)
    return found.as_study()


def test_a_committed_trial_is_read_while_the_writer_stays_connected(storage: Storage) -> None:
    storage.trial(storage.study())
    study = _only(storage.path)
    assert study.trials.values.tolist() == [[0.25]]
    assert study.trials.objectives.tolist() == [[0.5]]


def test_a_transaction_in_progress_neither_shows_nor_blocks(storage: Storage) -> None:
    study = storage.study()
    storage.trial(study)
    storage.execute("BEGIN IMMEDIATE")
    storage.insert("trials", study_id=study, number=1, state="COMPLETE")
    assert len(_only(storage.path)) == 1
    storage.execute("COMMIT")
    assert len(_only(storage.path)) == 2


def test_a_reader_never_keeps_a_writer_waiting_after_it_returned(storage: Storage) -> None:
    study = storage.study()
    storage.trial(study)
    tail = OptunaSqlite().follow(Source.parse(storage.path))
    tail.advance()
    storage.execute("PRAGMA busy_timeout = 0")
    storage.trial(study)
    assert len(tail.advance()[0].trials) == 2


def test_reading_leaves_nothing_behind_and_changes_nothing(storage: Storage) -> None:
    storage.trial(storage.study())
    storage.close()
    before = {p.name: p.read_bytes() for p in storage.path.parent.iterdir()}
    read(storage.path)
    assert {p.name: p.read_bytes() for p in storage.path.parent.iterdir()} == before


def test_a_storage_in_a_folder_without_write_permission_is_read(storage: Storage) -> None:
    storage.trial(storage.study())
    storage.close()
    storage.path.chmod(0o400)
    storage.path.parent.chmod(0o500)
    try:
        assert len(_only(storage.path)) == 1
    finally:
        storage.path.parent.chmod(0o700)


def test_an_url_and_a_link_lead_to_the_same_study(quiet: Storage, tmp_path: Path) -> None:
    quiet.trial(quiet.study())
    link = tmp_path / "link.results"
    link.symlink_to(quiet.path)
    assert len(_only(f"sqlite:///{quiet.path}")) == 1
    assert len(_only(link)) == 1


def test_a_relative_url_is_relative_to_the_current_folder(
    quiet: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet.trial(quiet.study())
    monkeypatch.chdir(quiet.path.parent)
    assert len(_only("sqlite:///study.db")) == 1


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "s#1.db", "ünï.db"])
def test_file_names_that_mean_something_in_an_uri_are_taken_literally(
    tmp_path: Path, name: str
) -> None:
    with Storage(tmp_path / name) as storage:
        storage.trial(storage.study())
    assert len(_only(tmp_path / name)) == 1


def test_the_change_token_stays_while_nothing_happens_and_moves_with_every_commit(
    storage: Storage,
) -> None:
    reader, source = OptunaSqlite(), Source.parse(storage.path)
    study = storage.study()
    trial = storage.trial(study, "RUNNING", None)
    seen = {reader.change_token(source)}
    for step in range(1, 51):
        assert reader.change_token(source) in seen
        storage.execute("UPDATE trials SET number = ? WHERE trial_id = ?", step, trial)
        token = reader.change_token(source)
        assert token not in seen
        read(storage.path)
        assert reader.change_token(source) == token
        seen.add(token)


KILLED = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA cache_size = 1")
c.execute("PRAGMA cache_spill = 1")
c.execute("BEGIN")
for i in range(20000):
    c.execute("INSERT INTO trials (study_id, number, state) VALUES (1, ?, 'COMPLETE')", (i + 1,))
c.execute("UPDATE studies SET study_name = 'half'")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_file_whose_writer_was_killed_amid_a_transaction_shows_what_was_committed(
    storage: Storage,
) -> None:
    storage.trial(storage.study("whole"))
    mode = storage.connection.execute("PRAGMA journal_mode").fetchone()[0]
    storage.close()
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(storage.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        writer.kill()
    leftover = storage.path.with_name(f"study.db-{'wal' if mode == 'wal' else 'journal'}")
    assert leftover.stat().st_size > 0  # else the test shows nothing
    before = storage.path.read_bytes()
    study = _only(storage.path)
    assert (study.name, len(study)) == ("whole", 1)
    assert storage.path.read_bytes() == before


def test_a_look_reads_new_trials_and_running_ones_only(quiet: Storage) -> None:
    study = quiet.study()
    ended = quiet.trial(study)
    running = quiet.trial(study, "RUNNING", None, reports={1: 0.1})
    tail = OptunaSqlite().follow(Source.parse(quiet.path))
    tail.advance()
    # Optuna never touches an ended trial; that this change is not seen shows it is not read again.
    quiet.execute("UPDATE trial_values SET value = 99 WHERE trial_id = ?", ended)
    quiet.report(running, 2, 0.2)
    quiet.trial(study)
    (found,) = tail.advance()
    assert found.trials.objectives[:, 0].tolist()[::2] == [0.5, 0.5]
    assert found.curves.value.tolist() == [0.1, 0.2]
    assert found.trials.state.tolist() == [
        TrialState.COMPLETE,
        TrialState.RUNNING,
        TrialState.COMPLETE,
    ]


def test_a_running_trial_that_ends_is_seen_to_end(quiet: Storage) -> None:
    study = quiet.study()
    trial = quiet.trial(study, "RUNNING", None, datetime_complete=None)
    tail = OptunaSqlite().follow(Source.parse(quiet.path))
    (before,) = tail.advance()
    assert np.isnan(before.trials.ended[0])
    quiet.insert("trial_values", trial_id=trial, objective=0, value=0.7, value_type="FINITE")
    quiet.execute("UPDATE trials SET state = 'COMPLETE', datetime_complete = '2026-01-02 03:04:07'")
    for _ in range(2):  # and stays ended
        (after,) = tail.advance()
        assert after.trials.objectives.tolist() == [[0.7]]
        assert after.trials.ended[0] - after.trials.started[0] == 2.0
        assert len(after.evaluations) == 1


def test_a_deleted_study_disappears_and_its_trials_with_it(quiet: Storage) -> None:
    first, second = quiet.study("first"), quiet.study("second")
    quiet.trial(first)
    quiet.trial(second)
    tail = OptunaSqlite().follow(Source.parse(quiet.path))
    assert [f.header.name for f in tail.advance()] == ["first", "second"]
    quiet.execute("DELETE FROM trials WHERE study_id = ?", first)
    quiet.execute("DELETE FROM studies WHERE study_id = ?", first)
    (left,) = tail.advance()
    assert (left.header.name, len(left.trials)) == ("second", 1)


def test_a_file_made_anew_under_the_same_name_is_read_from_the_start(
    quiet: Storage, tmp_path: Path
) -> None:
    quiet.trial(quiet.study("old"))
    tail = OptunaSqlite().follow(Source.parse(quiet.path))
    tail.advance()
    quiet.close()
    with Storage(tmp_path / "new.db") as new:
        new.trial(new.study("new"), value=9.0)
    (tmp_path / "new.db").replace(quiet.path)
    (found,) = tail.advance()
    assert (found.header.name, found.trials.objectives.tolist()) == ("new", [[9.0]])


def test_more_trials_than_a_piece_holds_arrive_in_order(quiet: Storage) -> None:
    one, other = quiet.study("one"), quiet.study("other")
    rows = [(i // 2, (one, other)[i % 2], "COMPLETE") for i in range(5001)]
    quiet.connection.executemany(
        "INSERT INTO trials (number, study_id, state) VALUES (?, ?, ?)", rows
    )
    found = read(quiet.path)
    assert [len(f.trials) for f in found] == [2501, 2500]
    assert all(f.trials.number.tolist() == list(range(len(f.trials))) for f in found)


def test_writing_in_parallel_never_gives_half_a_trial(tmp_path: Path) -> None:
    with Storage(tmp_path / "study.db", "wal") as storage:
        storage.study()
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(tmp_path / "study.db", isolation_level=None)) as connection:
            number = 0
            while not stop.is_set():
                connection.execute("BEGIN")
                sql = "INSERT INTO trials (study_id, number, state) VALUES (1, ?, 'COMPLETE')"
                trial = connection.execute(sql, (number,)).lastrowid
                sql = "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES "
                connection.execute(sql + "(?, 0, ?, 'FINITE')", (trial, float(number)))
                connection.execute("COMMIT")
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        tail, n = OptunaSqlite().follow(Source.parse(tmp_path / "study.db")), 0
        for _ in range(40):
            (found,) = tail.advance()
            n = len(found.trials)
            assert found.trials.objectives[:, 0].tolist() == list(range(n))
    finally:
        stop.set()
        writer.join()


def test_special_values_are_read_by_their_type(quiet: Storage) -> None:
    study = quiet.study()
    trials = [quiet.trial(study, value=None) for _ in range(3)]
    for trial, kind in zip(trials, ("INF_POS", "INF_NEG", "FINITE"), strict=True):
        value = 1.0 if kind == "FINITE" else None
        quiet.insert("trial_values", trial_id=trial, objective=0, value=value, value_type=kind)
        quiet.report(trial, 1, None)
    found = _only(quiet.path)
    assert found.trials.objectives[:, 0].tolist() == [np.inf, -np.inf, 1.0]
    assert np.isnan(found.curves.value).all()


def test_a_storage_from_before_value_types_is_read(quiet: Storage) -> None:
    quiet.trial(quiet.study(), reports={1: 0.5})
    for table, column in (
        ("trial_values", "value_type"),
        ("trial_intermediate_values", "intermediate_value_type"),
    ):
        quiet.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    found = _only(quiet.path)
    assert found.trials.objectives.tolist() == [[0.5]]
    assert found.curves.value.tolist() == [0.5]


@pytest.mark.parametrize("zone", ["Asia/Kolkata"], indirect=True)
@pytest.mark.parametrize(
    ("version", "offset"), [("4.10.0", "+05:30"), ("5.0.0", "Z"), ("nonsense", "+05:30")]
)
def test_times_are_local_and_since_optuna_5_utc(
    quiet: Storage, version: str, offset: str, zone: str
) -> None:
    assert zone
    quiet.trial(quiet.study(), datetime_start="2026-07-01 12:00:00.250000")
    quiet.execute(f"UPDATE version_info SET library_version = '{version}'")
    expected = datetime.fromisoformat(f"2026-07-01 12:00:00.250000{offset}").timestamp()
    assert _only(quiet.path).trials.started.tolist() == [expected]


def test_text_that_is_not_utf8_is_shown_with_replacements(quiet: Storage) -> None:
    study = quiet.study()
    quiet.trial(study)
    quiet.execute("UPDATE studies SET study_name = CAST(x'ff41' AS TEXT)")
    assert _only(quiet.path).name == "\ufffdA"


def test_a_value_of_the_wrong_type_costs_only_itself(quiet: Storage) -> None:
    study = quiet.study()
    quiet.trial(study)
    bad = quiet.trial(study, params={"x": (0.5, FLOAT), "c": (1, categorical("a", "b"))})
    quiet.execute(
        "UPDATE trial_params SET param_value = 'junk' WHERE trial_id = ? AND param_name = 'x'", bad
    )
    found = _only(quiet.path)
    assert np.array_equal(found.column("param:x"), [0.25, np.nan], equal_nan=True)
    assert found.params(1) == {"c": "b"}
    assert "wrong type" in found.header.skipped[0].reason


def test_an_unknown_state_is_shown_as_failed_and_said(quiet: Storage) -> None:
    quiet.trial(quiet.study(), state="STOPPED")
    found = _only(quiet.path)
    assert found.trials.state.tolist() == [TrialState.FAILED]
    assert "STOPPED" in found.header.skipped[0].reason


def test_a_locked_storage_is_one_clear_error(
    quiet: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypertendril.readers.files.sqlite_file.BUSY_SECONDS", 0.05)
    quiet.trial(quiet.study())
    quiet.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceFormatError, match="locked by the program that writes it"):
        read(quiet.path)
    quiet.execute("ROLLBACK")
    assert len(_only(quiet.path)) == 1


def test_a_remark_of_optuna_becomes_a_note(quiet: Storage) -> None:
    trial = quiet.trial(quiet.study(), "FAIL", None)
    quiet.insert(
        "trial_system_attributes", trial_id=trial, key="fail_reason", value_json='"out of memory"'
    )
    assert _only(quiet.path).trials.notes == {0: "out of memory"}


def test_constraints_with_names_add_up(quiet: Storage) -> None:
    trial = quiet.trial(quiet.study())
    for key, value in (("constraints:a", "2.5"), ("constraints:b", "-1"), ("constraints:c", "1")):
        quiet.insert("trial_system_attributes", trial_id=trial, key=key, value_json=value)
    found = _only(quiet.path)
    assert found.trials.violation.tolist() == [3.5]
    assert found.best() is None


def test_pickles_that_samplers_keep_are_never_fetched(
    quiet: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = quiet.trial(quiet.study())
    quiet.insert(
        "trial_system_attributes", trial_id=trial, key="cma:optimizer:0", value_json='"80049"'
    )
    seen: list[object] = []
    import hypertendril.readers.optuna.tables as module

    original = optuna_sql.children
    monkeypatch.setattr(module, "children", lambda *a: seen.extend(found := original(*a)) or found)
    study = _only(quiet.path)
    assert (trial, "cma:optimizer:0", None) in seen
    assert study.header.method.name == "cma-es"
