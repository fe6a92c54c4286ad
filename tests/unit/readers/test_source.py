from __future__ import annotations

import os
from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import Source, outside_id


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.db", "a/b.db"),
        ("sqlite:///a/b.db", "a/b.db"),
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite+pysqlite:///a/b.db?timeout=5", "a/b.db"),
        ("C:b.db", "C:b.db"),
    ],
)
def test_paths_and_sqlite_urls_are_files(text: str, path: str) -> None:
    source = Source.parse(text)
    assert (source.path, source.url) == (Path(path), None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        (
            "mysql+pymysql://me@host/db?password=secret&a=1",
            "mysql+pymysql://me@host/db?password=***&a=1",
        ),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://me:se:cr@et@host/db", "postgresql://me:***@host/db"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    source = Source.parse(url)
    assert source.url == url
    assert source.shown == shown
    assert str(source.error("is bad.")).startswith(shown)
    assert "secret" not in repr(source)


def test_a_missing_file_a_folder_a_pipe_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for name, words in (
        ("missing", "can't be opened"),
        (".", "is a folder"),
        ("pipe", "is not a regular file"),
        ("empty", "is empty"),
        ("nul\0byte", "can't be opened"),
    ):
        with pytest.raises(SourceFormatError, match=words):
            Source.parse(tmp_path / name).require_file()


def test_the_id_of_a_study_depends_on_place_and_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert outside_id("a.db", "s") == outside_id(str(tmp_path / "a.db"), "s")
    assert outside_id("a.db", "s") != outside_id("a.db", "t")
    assert outside_id("a.db", "s") != outside_id("b.db", "s")
