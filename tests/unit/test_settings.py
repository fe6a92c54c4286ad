from __future__ import annotations

from pathlib import Path

import pytest

from hypertendril.errors import HyperTendrilError
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


def test_trials_run_here_unless_the_settings_of_this_machine_name_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Settings.find(tmp_path)
    assert (found.executor, found.address) == ("local", None)
    assert found.checkpoints == tmp_path / "checkpoints"
    monkeypatch.setenv("HYPERTENDRIL_EXECUTOR", "dask")
    monkeypatch.setenv("HYPERTENDRIL_ADDRESS", "tcp://10.0.0.1:8786")
    monkeypatch.setenv("HYPERTENDRIL_CHECKPOINTS", "/shared")
    found = Settings.find(tmp_path)
    assert (found.executor, found.address) == ("dask", "tcp://10.0.0.1:8786")
    assert found.checkpoints == Path("/shared")
    found = Settings.find(tmp_path, executor="ray", address="b:1", checkpoints="/other")
    assert (found.executor, found.address, found.checkpoints) == ("ray", "b:1", Path("/other"))


def test_an_executor_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTENDRIL_EXECUTOR", "spark")
    with pytest.raises(HyperTendrilError, match="'spark' must be one of local, dask, ray"):
        Settings.find()


def test_an_address_without_a_cluster_is_refused() -> None:
    with pytest.raises(HyperTendrilError, match="needs an executor: dask or ray"):
        Settings.find(address="tcp://10.0.0.1:8786")
