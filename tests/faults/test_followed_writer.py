"""Sources that another process writes while they are followed: half lines, rewritten, gone, locked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hypertendril.readers import Follower, Source, detect, outside_id, to_generic
from hypertendril.store import ExperimentStore
from tests.contract.formats import FORMATS
from tests.contract.run_formats import Format

# Appends, replaces or deletes files as it is told, one order a line, and answers when that is done.
WRITER = """
import json, os, sys
for line in sys.stdin:
    order, path, text = json.loads(line)
    data = text.encode("latin-1")
    if order == "append":
        with open(path, "ab") as file:
            file.write(data)
    elif order == "replace":
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.replace(path + ".new", path)
    else:
        os.remove(path)
    print("done", flush=True)
"""
# Writes to a database in the way SQL is sent to it.
SQL_WRITER = """
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    database.execute(json.loads(line)[0]).fetchall()
    print("done", flush=True)
"""
PIECES = 9
# Reader, and the pattern of the file that grows.
GROWING = (
    ("table", "source"),
    ("optuna-journal", "source"),
    ("hiplot", "*"),
    ("tracker-table", "*"),
    ("deepcave", "history.jsonl"),
    ("hpbandster", "results.json"),
    ("ray-tune", "*/result.json"),
    ("tensorboard", "**/*tfevents*"),
)

Write = Callable[..., None]


@pytest.fixture
def store() -> Iterator[ExperimentStore]:
    with closing(ExperimentStore.open(None)) as opened:
        yield opened


@contextmanager
def writer(code: str, *arguments: str) -> Iterator[Write]:
    """Give what sends an order to another process, and waits until it is carried out."""
    command = [sys.executable, "-S", "-c", code, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def write(*order: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"

        yield write
        process.stdin.close()


@pytest.fixture(params=GROWING, ids=lambda case: case[0])
def growing(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Source, Path]:
    """A source, and its file to which lines come."""
    name, pattern = request.param
    form: Format = next(form for form in FORMATS if form.reader == name)
    source = form.make(tmp_path)
    if not source.is_folder:
        if name == "table":  # letters of several bytes, of which half may be written
            source.file.write_text(source.file.read_text().replace("b,", "b\u00e9\u4e2d,"))
        return source, source.file
    return source, max(source.file.glob(pattern), key=lambda path: path.stat().st_size)


def _seen(store: ExperimentStore, follower: Follower) -> list[Any]:
    found = [store.snapshot(study_id) for study_id in follower.study_ids()]
    for study in found:
        assert len(set(study.trials.number.tolist())) == len(study), "a trial twice"
    return [to_generic(study) for study in found]


def _fresh(source: Source) -> list[Any]:
    return [to_generic(found.as_study()) for found in detect(source).read(source)]


def test_what_comes_in_pieces_is_there_once_at_the_end(
    growing: tuple[Source, Path], store: ExperimentStore
) -> None:
    source, file = growing
    whole = file.read_bytes()
    start = whole.find(b"\n", len(whole) // 4) + 1 or len(whole) // 4
    file.write_bytes(whole[:start])
    follower = Follower([source.file], store)
    follower.look()
    counts = [sum(store.snapshot(i).trials.number.size for i in follower.study_ids())]
    step = (len(whole) - start) // PIECES + 1
    with writer(WRITER) as write:
        for at in range(start, len(whole), step):
            write("append", str(file), whole[at : at + step].decode("latin-1"))
            follower.look()
            counts.append(sum(len(study["trials"]) for study in _seen(store, follower)))
    assert counts == sorted(counts), "a trial was lost on the way"
    assert follower.problems == {}
    assert _seen(store, follower) == _fresh(source)


def test_a_file_that_gets_shorter_or_is_gone_for_a_while_is_read_as_it_then_is(
    growing: tuple[Source, Path], store: ExperimentStore
) -> None:
    source, file = growing
    whole = file.read_bytes()
    half = whole[: whole.find(b"\n", len(whole) // 2) + 1 or None].decode("latin-1")
    follower = Follower([source.file], store)
    follower.look()
    before = _seen(store, follower)
    with writer(WRITER) as write:
        write("replace", str(file), half)
        follower.look()
        shorter = _seen(store, follower)
        assert shorter == _fresh(source)
        write("delete", str(file), "")
        follower.look()
        assert len(_seen(store, follower)) == len(shorter), "what was read is still shown"
        write("replace", str(file), whole.decode("latin-1"))
        follower.look()
    assert follower.problems == {}
    assert _seen(store, follower) == before == _fresh(source)


def test_a_folder_gains_runs_while_it_is_followed(tmp_path: Path, store: ExperimentStore) -> None:
    table = "param:x,objective:y:minimize\n1,2\n3,4\n"
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.csv").write_text(table)
    (tmp_path / "runs" / "b.csv").write_text(table)
    follower = Follower([tmp_path / "runs"], store)
    follower.look()
    with writer(WRITER) as write:
        write("append", str(tmp_path / "runs" / "c.csv"), table[:40])
        follower.look()
        write("append", str(tmp_path / "runs" / "c.csv"), table[40:])
        follower.look()
        write("append", str(tmp_path / "runs" / "a.csv"), "5,6\n")
        follower.look()
    assert sorted(len(study["trials"]) for study in _seen(store, follower)) == [2, 2, 3]
    assert follower.problems == {}


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_database_in_the_middle_of_a_transaction_shows_what_is_committed(
    mode: str, tmp_path: Path, store: ExperimentStore
) -> None:
    form = next(form for form in FORMATS if form.reader == "optuna")
    path = form.make(tmp_path).file
    follower = Follower([path], store)
    add = "INSERT INTO trials (study_id, number, state) VALUES (1, {}, 'FAIL')"

    def count() -> int:
        follower.look()
        return sum(len(study["trials"]) for study in _seen(store, follower))

    with writer(SQL_WRITER, str(path)) as write:
        write(f"PRAGMA journal_mode={mode}")
        before = count()
        write("BEGIN IMMEDIATE")
        write(add.format(998))
        assert count() == before
        write("COMMIT")
        assert count() == before + 1
        write("BEGIN EXCLUSIVE")
        write(add.format(999))
        assert count() == before + 1  # locked, or as it was
        write("COMMIT")
        write(add.format(1000))
        assert count() == before + 3
    assert follower.problems == {}


def test_a_journal_that_is_rotated_is_read_anew(tmp_path: Path, store: ExperimentStore) -> None:
    form = next(form for form in FORMATS if form.reader == "optuna-journal")
    source = form.make(tmp_path)
    follower = Follower([source.file], store)
    follower.look()
    before = _seen(store, follower)
    shutil.move(source.file, tmp_path / "source.1")
    follower.look()
    assert source.shown in follower.problems
    shutil.copyfile(tmp_path / "source.1", source.file)
    form.grow(source)
    follower.look()
    now = _seen(store, follower)
    assert follower.problems == {}
    assert sum(len(s["trials"]) for s in now) == sum(len(s["trials"]) for s in before) + 1
    assert set(follower.study_ids()) == {outside_id(source.shown, s["name"]) for s in now}
