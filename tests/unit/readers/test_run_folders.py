"""Which folders are runs, which of their files name them, and what a folder of runs is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.readers import Source, detect, read
from tests.contract.run_formats import RUNS


def test_dehb_without_its_space_shows_unit_values_and_says_so(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "dehb", tmp_path / "run")
    (tmp_path / "run" / "configspace.json").unlink()
    (found,) = read(tmp_path / "run")
    assert found.header.space.names[0] == "activation"
    assert all((p.low, p.high) == (0.0, 1.0) for p in found.header.space)
    assert "put the space beside" in found.header.skipped[0].reason


def test_a_run_may_be_named_by_one_of_its_files() -> None:
    for name, reader in {
        "smac3/mf/6/runhistory.json": "smac3",
        "hpbandster/results.json": "hpbandster",
        "syne_tune/digits-bohb/metadata.json": "syne-tune",
        "nni/db/nni.sqlite": "nni",
        "dehb/history.parquet.gzip": "dehb",
        "ray_tune/pbt/pbt_global.txt": "ray-tune",
    }.items():
        assert detect(RUNS / name).name == reader
        assert read(RUNS / name)


def test_a_pickle_is_refused_in_words_also_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "run" / "study.pkl"
    path.parent.mkdir()
    path.write_bytes(b"\x80\x05cos\nsystem\n(S'true'\ntR.")
    for source in (path, tmp_path):
        with pytest.raises(SourceFormatError, match=r"study.pkl: is a pickle.*never opened here"):
            read(source)


def test_runs_of_one_name_get_the_path_they_were_found_in(tmp_path: Path) -> None:
    for place in ("a/run", "b/run", "b/deeper/run"):
        shutil.copytree(RUNS / "hpbandster", tmp_path / place)
    found = read(tmp_path)
    assert [study.header.name for study in found] == ["a/run", "b/run", "b/deeper/run"]
    assert len({study.as_study().id for study in found}) == 3


def test_a_run_that_cant_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "runhistory.json").write_text('{"stats": ')
    (found,) = read(tmp_path)
    assert found.header.name == "good"
    assert "can't be read" in found.header.skipped[-1].reason


def test_tables_no_reader_knows_are_told_once(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "run")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("learning rate,accuracy\n0.1,0.9\n")
    (found,) = read(tmp_path)
    told = [s for s in found.header.skipped if "tables" in s.reason]
    assert [s.file for s in told] == [str(tmp_path / "a.csv")]
    assert "2 tables" in told[0].reason


def test_links_and_hidden_folders_are_not_followed(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "runs" / "one")
    shutil.copytree(RUNS / "hpbandster", tmp_path / "runs" / ".trash")
    (tmp_path / "runs" / "loop").symlink_to(tmp_path / "runs")
    assert len(read(tmp_path / "runs")) == 1


def test_event_files_in_runs_do_not_make_a_folder_of_runs_one_of_tensorboards(
    tmp_path: Path,
) -> None:
    for name in ("asha", "pbt"):
        shutil.copytree(RUNS / "ray_tune" / name, tmp_path / name)
        trial = next(place for place in (tmp_path / name).iterdir() if place.is_dir())
        shutil.copytree(RUNS.parent / "trackers" / "tensorboard", trial / "events")
    assert [study.header.framework for study in read(tmp_path)] == ["ray-tune", "ray-tune"]


def test_a_new_run_in_a_folder_is_found_at_the_next_look(tmp_path: Path) -> None:
    shutil.copytree(RUNS / "hpbandster", tmp_path / "one")
    source = Source.parse(tmp_path)
    reader = detect(source)
    tail, token = reader.follow(source), reader.change_token(source)
    assert len(tail.advance()) == 1
    assert reader.change_token(source) == token
    shutil.copytree(RUNS / "smac3" / "mf", tmp_path / "two")
    assert reader.change_token(source) != token
    assert [study.header.framework for study in tail.advance()] == ["hpbandster", "smac3"]


def test_the_optimizer_of_hpbandster_is_known_by_what_it_tells_of_its_configurations(
    tmp_path: Path,
) -> None:
    def method(info: str, budgets: tuple[float, ...]) -> str:
        (tmp_path / "configs.json").write_text(f'[[0, 0, 0], {{"lr": 0.1}}, {info}]\n')
        stamps = '{"submitted": 2e9, "started": 2e9, "finished": 2e9}'
        lines = [f'[[0, 0, 0], {b}, {stamps}, {{"loss": 1, "info": "ok"}}, null]' for b in budgets]
        (tmp_path / "results.json").write_text("\n".join(lines) + "\n")
        (found,) = read(tmp_path)
        assert "metric 'info' is not a number" in found.header.skipped[0].reason
        return found.header.method.name

    assert method('{"model_based_pick": false}', (1, 3)) == "bohb"
    assert method("{}", (1, 3)) == "hyperband"
    assert method("{}", (9,)) == "random"
