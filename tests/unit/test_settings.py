from __future__ import annotations

from pathlib import Path

import pytest

from hypertendril.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HYPERTENDRIL_DATA", "HYPERTENDRIL_OBJECTIVES"):
        monkeypatch.delenv(name, raising=False)


def test_data_lie_in_the_current_folder_unless_told(tmp_path: Path) -> None:
    assert Settings.find().data == tmp_path / ".hypertendril"


def test_an_option_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTENDRIL_DATA", "from_environment")
    assert Settings.find().data == tmp_path / "from_environment"
    assert Settings.find("from_option").data == tmp_path / "from_option"


def test_the_registry_is_looked_for_beside_the_job_then_here_then_in_the_examples(
    tmp_path: Path,
) -> None:
    bundled = Settings.find().objectives
    assert bundled and bundled.parts[-2:] == ("examples", "objectives.toml")
    (tmp_path / "objectives.toml").touch()
    assert Settings.find().objectives == tmp_path / "objectives.toml"
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "objectives.toml").touch()
    found = Settings.find(beside=Path("jobs/a.toml")).objectives
    assert found == tmp_path / "jobs" / "objectives.toml"


def test_a_registry_that_is_told_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTENDRIL_OBJECTIVES", "/a/b.toml")
    assert Settings.find().objectives == Path("/a/b.toml")
    assert Settings.find(objectives="/c.toml").objectives == Path("/c.toml")
