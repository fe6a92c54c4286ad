"""Database URLs, shown with SQLAlchemy over SQLite: the SQL is the same for every server."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import Source, read
from hypertendril.readers.optuna.url import OptunaUrl
from tests.unit.readers.equal_studies import assert_equal_studies
from tests.unit.readers.optuna_storage import DATA, Storage


def _url(path: Path) -> Source:
    return Source(url=f"sqlite:///{path}")


def test_a_url_gives_the_same_studies_as_the_file() -> None:
    path = DATA / "optuna.db"
    for one, other in zip(OptunaUrl().read(_url(path)), read(path), strict=True):
        assert_equal_studies(one, other)


def test_a_running_trial_is_followed_and_the_token_moves(tmp_path: Path) -> None:
    with Storage(tmp_path / "s.db") as storage:
        trial = storage.trial(storage.study(), "RUNNING", None)
        reader, source = OptunaUrl(), _url(storage.path)
        assert reader.detects(source)
        tail = reader.follow(source)
        assert len(tail.advance()[0].curves) == 0
        token = reader.change_token(source)
        assert reader.change_token(source) == token
        storage.report(trial, 1, 0.5)
        assert reader.change_token(source) != token
        assert len(tail.advance()[0].curves) == 1
        token = reader.change_token(source)
        storage.execute("UPDATE trials SET state = 'FAIL'")
        assert reader.change_token(source) != token


def test_a_database_that_is_not_optunas_is_not_detected(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    assert not OptunaUrl().detects(_url(tmp_path / "s.db"))


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(SourceFormatError, match="the database driver 'MySQLdb") as caught:
        read("mysql+mysqldb://me:secret@127.0.0.1/db")
    assert "pip install 'mysqlclient'" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["nosuchbase://host/db", "http://host/db", "x://"])
def test_a_url_of_no_database_is_one_clear_error(url: str) -> None:
    with pytest.raises(SourceFormatError, match="is not a URL of a database"):
        read(url)


def test_a_url_of_mysql_without_a_database_is_told_so() -> None:
    pytest.importorskip("pymysql")
    with pytest.raises(SourceFormatError, match="names no database"):
        read("mysql+pymysql://me@127.0.0.1:1")


def test_an_option_the_driver_does_not_know_is_one_clear_error() -> None:
    pytest.importorskip("pymysql")
    with pytest.raises(SourceFormatError, match=r"can't be opened by pymysql: .*'speed'"):
        read("mysql+pymysql://me@127.0.0.1:1/db?speed=9")


def test_a_database_that_can_not_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceFormatError, match="can't be read: unable to open"):
        OptunaUrl().read(_url(tmp_path / "missing" / "s.db"))


def test_without_sqlalchemy_a_url_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("sqlalchemy"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SourceFormatError, match="pip install sqlalchemy"):
        read("postgresql://host/db")
