from __future__ import annotations

import inspect
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hypertendril.model import TrialState
from hypertendril.readers import Follower, Source, outside_id
from hypertendril.store import ExperimentStore
from tests.unit.readers.optuna_storage import DATA, Storage
from tests.waiting import PATIENCE_SECONDS, wait_until

# Writes a trial with one report at each line it is sent, through Optuna itself.
WRITER = """
import sys, optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
where = sys.argv[1]
storage = f"sqlite:///{where}" if where.endswith(".db") else JournalStorage(JournalFileBackend(where))
study = optuna.create_study(storage=storage, study_name="live")
print("ready", flush=True)
for line in sys.stdin:
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 1)
    study.tell(trial, x)
    print("told", flush=True)
"""


@pytest.fixture
def store() -> Iterator[ExperimentStore]:
    with closing(ExperimentStore.open(None)) as opened:
        yield opened


def _generic(path: Path, n: int, name: str = "s") -> None:
    trials = [{"values": {"y": i}} for i in range(n)]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"name": name, "objectives": ["y"], "trials": trials}))
    fresh.replace(path)


@pytest.fixture(params=["live.db", "live.log"])
def live(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A study of another process, and how to make that process add a trial."""
    path = tmp_path / request.param
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    with writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"

        def add_trial() -> None:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write("next\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "told\n"

        yield path, add_trial
        writer.stdin.close()


def test_a_trial_of_another_process_is_there_at_the_next_look(
    live: tuple[Path, Callable[[], None]], store: ExperimentStore
) -> None:
    path, add_trial = live
    follower = Follower([path], store)
    for n in range(4):
        assert follower.look()
        study = store.snapshot(outside_id(str(path), "live"))
        assert study.trials.state.tolist() == [TrialState.COMPLETE] * n
        assert len(study.evaluations) == len(study.curves) == n
        add_trial()
    assert follower.problems == {}


def test_a_follower_that_was_started_looks_again_within_a_second(
    live: tuple[Path, Callable[[], None]], store: ExperimentStore
) -> None:
    assert inspect.signature(Follower).parameters["interval_seconds"].default <= 1.0
    path, add_trial = live
    follower = Follower([path], store)
    follower.start()
    try:
        assert follower.wait_loaded(PATIENCE_SECONDS)
        add_trial()
        wait_until(lambda: len(store.snapshot(outside_id(str(path), "live"))) == 1)
    finally:
        follower.stop()


def test_an_unchanged_source_is_not_read_again_and_keeps_its_version(
    tmp_path: Path, store: ExperimentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _generic(tmp_path / "s.json", 3)
    follower = Follower(
        [DATA / "optuna.db", DATA / "optuna.journal.log", tmp_path / "s.json"], store
    )
    assert follower.look()
    versions = store.versions()
    assert len(versions) == 15
    monkeypatch.setattr("builtins.open", None)  # a stat is all that is allowed for a file
    before = time.thread_time()
    for _ in range(100):
        assert not follower.look()
    assert (time.thread_time() - before) / 100 < 0.005
    assert store.versions() == versions


def test_only_the_study_that_changed_gets_a_new_version(
    tmp_path: Path, store: ExperimentStore
) -> None:
    with Storage(tmp_path / "s.db") as storage:
        quiet, busy = storage.study("quiet"), storage.study("busy")
        storage.trial(quiet)
        follower = Follower([storage.path], store)
        follower.look()
        before = store.versions()
        storage.trial(busy)
        assert follower.look()
        after = store.versions()
    changed = {i for i, version in after.items() if before[i] != version}
    assert changed == {outside_id(str(tmp_path / "s.db"), "busy")}


def test_a_bad_source_is_a_problem_and_the_others_are_shown(
    tmp_path: Path, store: ExperimentStore, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bad.db").write_bytes(os.urandom(2000))
    _generic(tmp_path / "good.json", 3)
    follower = Follower([tmp_path / "bad.db", tmp_path / "missing", tmp_path / "good.json"], store)
    follower.look()
    assert len(store.versions()) == 1
    assert set(follower.problems) == {str(tmp_path / "bad.db"), str(tmp_path / "missing")}
    assert "can't be opened" in follower.problems[str(tmp_path / "missing")]
    follower.look()
    assert len(caplog.records) == 2  # said once, not at every look


def test_a_source_that_appears_later_is_read_then(tmp_path: Path, store: ExperimentStore) -> None:
    follower = Follower([tmp_path / "s.json"], store)
    assert not follower.look()
    _generic(tmp_path / "s.json", 2)
    assert follower.look()
    assert follower.problems == {}


def test_a_source_that_goes_bad_keeps_its_studies_and_recovers(
    tmp_path: Path, store: ExperimentStore
) -> None:
    path = tmp_path / "s.json"
    _generic(path, 2)
    follower = Follower([path], store)
    follower.look()
    path.write_text('{"trials": [')
    assert not follower.look()
    assert "not valid JSON" in follower.problems[str(path)]
    assert len(store.snapshot(follower.study_ids()[0])) == 2
    _generic(path, 5)
    assert follower.look()
    assert follower.problems == {}
    assert len(store.snapshot(follower.study_ids()[0])) == 5


def test_a_source_may_change_its_format(tmp_path: Path, store: ExperimentStore) -> None:
    path = tmp_path / "source"
    _generic(path, 2)
    follower = Follower([path], store)
    follower.look()
    path.write_bytes((DATA / "optuna.db").read_bytes())
    assert follower.look()
    assert len(store.versions()) == 7
    assert follower.problems == {}


def test_a_study_that_is_gone_from_its_source_is_removed(
    tmp_path: Path, store: ExperimentStore
) -> None:
    path = tmp_path / "s.json"
    _generic(path, 2, "old")
    follower = Follower([path], store)
    follower.look()
    _generic(path, 2, "new")
    follower.look()
    assert [summary.header.name for summary in store.studies()] == ["new"]


def test_a_fault_in_a_reader_is_a_problem_with_a_mark_in_the_log(
    tmp_path: Path,
    store: ExperimentStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _generic(tmp_path / "s.json", 2)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hypertendril.readers.generic.reader.from_generic", fail)
    follower = Follower([tmp_path / "s.json"], store)
    with caplog.at_level(logging.ERROR):
        follower.look()
    (problem,) = follower.problems.values()
    assert "see the log" in problem
    assert "ZeroDivisionError" in caplog.text


def test_a_source_that_failed_without_changing_is_tried_again_later(
    tmp_path: Path, store: ExperimentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypertendril.readers.files.sqlite_file.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("hypertendril.readers.follow.RETRY_SECONDS", 0.0)
    with Storage(tmp_path / "s.db") as storage:
        storage.trial(storage.study())
        storage.execute("BEGIN EXCLUSIVE")
        follower = Follower([storage.path], store)
        follower.look()
        assert "locked" in follower.problems[str(storage.path)]
        storage.execute("ROLLBACK")
        assert follower.look()
        assert follower.problems == {}


def test_start_and_stop_leave_no_thread(tmp_path: Path, store: ExperimentStore) -> None:
    before = set(threading.enumerate())
    _generic(tmp_path / "s.json", 2)
    follower = Follower([tmp_path / "s.json"], store, interval_seconds=0.01)
    follower.start()
    assert follower.wait_loaded(PATIENCE_SECONDS)
    assert len(store.versions()) == 1
    follower.stop()
    # Those of an earlier test may end meanwhile.
    assert set(threading.enumerate()) <= before


def test_sources_come_and_go_while_others_are_followed(
    store: ExperimentStore, tmp_path: Path
) -> None:
    first, second = Source.parse(tmp_path / "a.json"), Source.parse(tmp_path / "b.json")
    _generic(first.file, 2, "a")
    _generic(second.file, 3, "b")
    follower = Follower([first.file], store)
    follower.look()
    follower.add(second)
    assert follower.reading == (second.shown,)
    assert follower.look_at(second)
    assert not follower.reading
    added = follower.study_ids(second)
    assert follower.source_of(added[0]) == second
    assert len(store.versions()) == 2
    follower.remove(second)
    assert set(store.versions()) == set(follower.study_ids(first))
    assert not follower.look()


def test_a_source_that_is_added_again_keeps_its_studies_until_it_is_read(
    store: ExperimentStore, tmp_path: Path
) -> None:
    source = Source.parse(tmp_path / "a.json")
    _generic(source.file, 2, "a")
    follower = Follower([source.file], store)
    follower.look()
    before = store.versions()
    follower.add(source)
    assert store.versions() == before
    _generic(source.file, 2, "renamed")
    follower.look()
    assert [study.header.name for study in store.studies()] == ["renamed"]
