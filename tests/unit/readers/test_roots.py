from __future__ import annotations

from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers.roots import links_outside, roots_of, source_within


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with results, beside one with secrets."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.json").write_text("{}")
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "runs.json").write_text("{}")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "key").symlink_to(tmp_path / "secret" / "key.json")
    return folder.resolve()


def test_a_path_inside_is_opened_by_its_real_name(root: Path) -> None:
    assert source_within(f" {root}/./x/../runs.json ", [root]).path == root / "runs.json"
    assert source_within(f"sqlite:///{root}/runs.json", [root]).path == root / "runs.json"


@pytest.mark.parametrize(
    "text",
    [
        "{root}/../secret/key.json",
        "{root}/out/key.json",
        "{root}/key",
        "{root}/../secret/not there",
        "{root}x/runs.json",
        "sqlite:///{root}/../secret/key.json",
        "/etc/passwd",
        "~root/.bashrc",
        "/proc/self/environ",
        "..",
        "/",
    ],
)
def test_a_path_outside_is_refused_whether_it_exists_or_not(root: Path, text: str) -> None:
    with pytest.raises(SourceFormatError, match="lies outside the folders"):
        source_within(text.format(root=root), [root])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a path"),
        ("a\0b", "is not a path"),
        ("x" * 5000, "is not a path"),
        ("http://127.0.0.1/x", "not opened from a page"),
        ("file:///etc/passwd", "lies outside the folders"),
        ("{root}/%2e%2e/runs.json", "does not exist"),
    ],
)
def test_what_is_no_place_is_one_sentence(root: Path, text: str, words: str) -> None:
    with pytest.raises(SourceFormatError, match=words):
        source_within(text.format(root=root), [root])


def test_a_database_is_named_by_its_url_and_its_password_is_not_shown(root: Path) -> None:
    source = source_within("postgresql://me:secret@db/optuna", [root])
    assert source.shown == "postgresql://me:***@db/optuna"


def test_links_that_lead_out_are_found(root: Path) -> None:
    found = links_outside(root, [root])
    assert found is not None
    assert found.name in ("out", "key")
    assert links_outside(root, [root.parent]) is None


def test_a_link_to_a_log_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "debug-core.log").symlink_to("/var/log/core.log")
    assert links_outside(tmp_path / "wandb", [tmp_path]) is None


def test_by_default_the_folders_of_the_sources_and_the_current_one_are_open(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    runs = root.parent / "secret" / "key.json"
    assert roots_of([runs]) == (root, runs.parent.resolve())
    assert roots_of([runs], [runs.parent]) == (runs.parent.resolve(),)


def test_a_root_that_is_no_folder_is_named(root: Path) -> None:
    with pytest.raises(SourceFormatError, match=r"runs\.json: is no folder.*--root"):
        roots_of([], [root, root / "runs.json"])
