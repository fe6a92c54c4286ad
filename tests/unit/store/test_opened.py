from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypertendril.errors import HyperTendrilError, SourceFormatError, StoreError
from hypertendril.readers import Source
from hypertendril.readers.tables.told import UntoldTableError
from hypertendril.store import ExperimentStore
from hypertendril.store.answers import Answers
from hypertendril.store.opened import OpenedResults
from tests.waiting import PATIENCE_SECONDS

Open = Callable[[], OpenedResults]


@pytest.fixture
def store() -> Iterator[ExperimentStore]:
    with ExperimentStore.open(None) as opened:
        yield opened


@pytest.fixture
def again(tmp_path: Path, store: ExperimentStore, monkeypatch: pytest.MonkeyPatch) -> Open:
    """What is open, as a program that starts finds it."""
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    monkeypatch.setattr("hypertendril.store.opened.FIRST_LOOK_SECONDS", PATIENCE_SECONDS)
    return lambda: OpenedResults(tmp_path / "data", store)


def write(name: str, n: int = 2) -> str:
    trials = [{"params": {"x": i}, "values": {"y": i}} for i in range(n)]
    Path(name).write_text(json.dumps({"name": name, "objectives": ["y"], "trials": trials}))
    return name


def test_what_was_opened_is_open_after_a_restart(again: Open, store: ExperimentStore) -> None:
    opened = again()
    (study,) = opened.open(write("a.json"))
    assert study in store.versions()
    later = again()
    later.follower.look()
    assert later.follower.study_ids() == (study,)


def test_a_closed_study_comes_back_by_undo(again: Open, store: ExperimentStore) -> None:
    opened = again()
    (study,) = opened.open(write("a.json"))
    closed = opened.close(study)
    assert study not in store.versions()
    assert not again().follower.sources
    assert opened.undo(closed.token) == (study,)
    assert study in store.versions()
    with pytest.raises(StoreError, match="can't be undone any more"):
        opened.undo(closed.token)


def test_an_undo_keeps_a_source_once_although_it_was_opened_again_meanwhile(again: Open) -> None:
    opened = again()
    (study,) = opened.open(write("a.json"))
    closed = opened.close(study)
    opened.open("a.json")
    opened.undo(closed.token)
    opened.close(study)
    assert not again().follower.sources


def test_an_undo_does_not_keep_a_source_that_was_named_at_the_start(
    again: Open, store: ExperimentStore, tmp_path: Path
) -> None:
    opened = OpenedResults(tmp_path / "data", store, [write("a.json")])
    opened.follower.look()
    (study,) = opened.follower.study_ids()
    assert opened.undo(opened.close(study).token) == (study,)
    assert not again().follower.sources


def test_a_study_that_comes_from_no_source_is_hidden_until_all_are_shown(again: Open) -> None:
    opened = again()
    opened.close("job")
    assert again().hidden == {"job"}
    opened.show_all()
    assert not again().hidden


def test_answers_about_a_table_are_remembered(again: Open, store: ExperimentStore) -> None:
    Path("t.csv").write_text("lr,score\n0.1,1\n0.2,3\n")
    opened = again()
    with pytest.raises(UntoldTableError, match="columns don't say"):
        opened.open("t.csv")
    roles = {column.name: column.role for column in opened.columns("t.csv")}
    (study,) = opened.tell("t.csv", roles | {"score": "objective:score:maximize"})
    assert store.snapshot(study).objectives[0].name == "score"
    later = again()
    later.follower.look()
    assert later.follower.study_ids() == (study,)
    assert not later.follower.problems


def test_an_answer_given_elsewhere_changes_a_study_that_is_open(
    again: Open, store: ExperimentStore, tmp_path: Path
) -> None:
    Path("runs.csv").write_text("id,params.lr,metrics.loss,metrics.f1\na,0.1,1,0.5\nb,0.2,2,0.6\n")
    opened = again()
    (study,) = opened.open("runs.csv")
    assert store.snapshot(study).objectives[0].name == "f1"
    assert not opened.follower.look()
    # As `hypertendril inspect --objective loss` says it, in a process of its own.
    elsewhere, source = Answers(tmp_path / "data"), Source.parse("runs.csv")
    roles = {column.name: column.role for column in elsewhere.columns(source)}
    said = {"metrics.loss": "objective:loss:minimize", "metrics.f1": "metric:f1"}
    elsewhere.tell(source, roles | said)
    assert opened.follower.look()
    assert [o.name for o in store.snapshot(study).objectives] == ["loss"]
    assert not opened.follower.look()


def test_a_dropped_file_that_cannot_be_read_is_refused_by_its_own_name(again: Open) -> None:
    opened = again()
    folder = opened.uploads / ("0" * 16)
    folder.mkdir()
    (folder / "bad.json").write_text('{"trials": ')
    (source,) = opened.open_upload("0" * 16)
    with pytest.raises(HyperTendrilError, match=r"^bad\.json, line 1"):
        opened.open(source)
    assert not opened.follower.sources


def test_uploads_nothing_refers_to_are_deleted_at_the_next_start(again: Open) -> None:
    opened = again()
    for batch in ("a" * 16, "b" * 16):
        (opened.uploads / batch).mkdir()
        write(str(opened.uploads / batch / "x.json"))
    opened.open(str(opened.uploads / ("a" * 16) / "x.json"))
    again()
    assert [entry.name for entry in opened.uploads.iterdir()] == ["a" * 16]


@pytest.mark.parametrize("batch", ["../data", "", "zz", "0" * 16])
def test_an_upload_that_is_none_is_refused(again: Open, batch: str) -> None:
    with pytest.raises(SourceFormatError, match="is no upload"):
        again().open_upload(batch)


@pytest.mark.parametrize("text", ["[]", "{", '{"sources": 3}', '{"answers": []}', ""])
def test_a_damaged_note_of_what_is_open_is_left_aside(
    again: Open, tmp_path: Path, text: str
) -> None:
    again()
    (tmp_path / "data" / "opened.json").write_text(text)
    assert not again().follower.sources
