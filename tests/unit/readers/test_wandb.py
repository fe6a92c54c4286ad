from __future__ import annotations

import json
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from hypertendril.model import TrialState
from hypertendril.readers import read
from hypertendril.readers.files.yaml_text import BadYamlError, documents
from hypertendril.readers.trackers.wandb_log import BLOCK

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "wandb"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS, tmp_path / "wandb"))


def _export(folder: Path, *runs: dict[str, Any]) -> Any:
    path = folder / "runs"
    path.write_text(json.dumps(list(runs)))
    return read(path)[0].as_study()


def test_the_binary_logs_of_offline_runs_are_read(runs: Path) -> None:
    (found,) = read(runs.parent)  # the folder above, where `wandb` was made
    study = found.as_study()
    assert study.name == "digits"
    assert study.header.attributes["fixed"] == {"seed": 7, "opt/name": "sgd"}
    assert sorted(study.space.names) == ["activation", "learning_rate", "opt/momentum", "units"]
    assert study.counts()[TrialState.COMPLETE] == 5
    assert study.counts()[TrialState.FAILED] == 1
    assert len(found.curves) == 6 * 2 * 4
    first = found.curves.trial == 0
    assert found.curves.step[first & (found.curves.metric == 0)].tolist() == [0, 1, 2, 3]


def test_one_log_is_a_study_of_one_run(runs: Path) -> None:
    (found,) = read(next(runs.glob("*/*.wandb")))
    assert len(found.trials) == 1
    assert len(found.header.space) == 6


def test_a_log_that_is_being_written_keeps_its_whole_records(runs: Path) -> None:
    path = next(runs.glob("*/*.wandb"))
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"val_accuracy") - 60])
    (found,) = read(path)
    assert found.trials.state.tolist() == [TrialState.RUNNING]
    assert found.header.space


def test_a_damaged_record_is_reported_and_ends_its_block(runs: Path) -> None:
    path = next(runs.glob("*/*.wandb"))
    data = bytearray(path.read_bytes())
    assert len(data) < BLOCK
    data[data.rindex(b"val_accuracy")] ^= 1
    path.write_bytes(bytes(data))
    (found,) = read(path)
    assert any("damaged record" in s.reason for s in found.header.skipped)


def test_runs_without_a_binary_log_are_read_from_their_files(tmp_path: Path) -> None:
    for n in range(3):
        files = tmp_path / f"run-{n}" / "files"
        files.mkdir(parents=True)
        (files / "wandb-summary.json").write_text(
            json.dumps({"acc": n, "bad": "NaN", "_timestamp": 1e9 + n, "_runtime": 5})
        )
        (files / "config.yaml").write_text(
            f"_wandb:\n  value: {{}}\nlr:\n  desc: null\n  value: 0.{n + 1}\nopt:\n  value:\n    name: sgd\n"
        )
        (files / "wandb-history.jsonl").write_text(
            '{"acc": 0, "_step": 1}\n{"acc": 1, "_step": 2}\n'
        )
    (found,) = read(tmp_path)
    study = found.as_study()
    assert study.column("param:lr").tolist() == [0.1, 0.2, 0.3]
    assert study.trials.objectives[:, 0].tolist() == [0, 1, 2]
    assert (study.trials.ended - study.trials.started).tolist() == [5, 5, 5]
    assert study.header.attributes["fixed"] == {"opt/name": "sgd"}


def test_an_export_keeps_states_histories_and_configurations(tmp_path: Path) -> None:
    study = _export(
        tmp_path,
        {
            "id": "a",
            "state": "finished",
            "config": {"lr": {"value": 0.1}},
            "summary": {"loss": 1},
            "history": [{"_step": 0, "loss": 3}, {"_step": 5, "loss": 1}],
        },
        {"id": "b", "state": "crashed", "config": '{"lr": 0.2}', "summary": {}},
        {
            "id": "c",
            "state": "running",
            "config": {"lr": 0.3},
            "summaryMetrics": '{"loss": "Infinity"}',
        },
    )
    assert study.trials.state.tolist() == [
        TrialState.COMPLETE,
        TrialState.FAILED,
        TrialState.RUNNING,
    ]
    assert study.column("param:lr").tolist() == [0.1, 0.2, 0.3]
    assert study.curves.step.tolist() == [0, 5]


def test_each_sweep_is_a_study(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    items = [
        {
            "id": str(n),
            "state": "finished",
            "config": {"x": n},
            "summary": {"loss": n},
            "project": "p",
            "sweep": {"id": f"s{n % 2}"},
        }
        for n in range(4)
    ]
    path.write_text(json.dumps(items))
    assert [found.header.name for found in read(path)] == ["p/s0", "p/s1"]


@pytest.mark.parametrize(
    "text",
    [
        b"a: &x [1]\nb: [*x, *x]",
        b"!!python/object/apply:os.system ['ls']",
        b"a: [",
        b"\xff\xfe\x00",
    ],
)
def test_yaml_with_aliases_or_tags_is_refused(text: bytes) -> None:
    with pytest.raises(BadYamlError):
        documents(text)


def test_dates_in_yaml_stay_texts() -> None:
    assert documents(b"when: 2026-01-01\n---\nx: 1") == [{"when": "2026-01-01"}, {"x": 1}]


def test_steps_of_older_clients_stand_among_the_values(runs: Path) -> None:
    path = next(runs.glob("*/*.wandb"))
    _write_log(path, "abc", {0: 1.0, 5: 0.5, 10: 0.25})
    (found,) = read(path)
    assert found.curves.step.tolist() == [0, 5, 10]


def test_a_resumed_run_is_one_trial_and_a_copied_link_to_the_latest_is_none(tmp_path: Path) -> None:
    for place, run, values in (
        ("offline-run-1-abc", "abc", {0: 1.0, 1: 0.75}),
        ("offline-run-2-abc", "abc", {2: 0.5, 3: 0.25}),
        ("offline-run-3-xyz", "xyz", {0: 2.0, 1: 1.5}),
        ("latest-run", "xyz", {0: 2.0, 1: 1.5}),
    ):
        (tmp_path / place).mkdir()
        _write_log(tmp_path / place / f"run-{run}.wandb", run, values)
    (found,) = read(tmp_path)
    assert found.header.attributes["run_ids"] == ["abc", "xyz"]
    assert found.curves.trial.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.curves.value.tolist() == [1.0, 0.75, 0.5, 0.25, 2.0, 1.5]
    assert found.trials.objectives[:, 0].tolist() == [0.25, 1.5]


def _write_log(path: Path, run: str, losses: dict[int, float]) -> None:
    """Write a log as clients before 0.17 did: the step stands among the values."""
    records = [_field(17, _field(1, run.encode()))]
    for step, loss in losses.items():
        items = [
            _field(1, _field(1, key) + _field(16, str(value).encode()))
            for key, value in ((b"loss", loss), (b"_step", step))
        ]
        records.append(_field(2, b"".join(items)))
    data = b":W&B\xe6\x06\x00"
    for record in records:
        data += struct.pack("<IHB", zlib.crc32(b"\x01" + record), len(record), 1) + record
    path.write_bytes(data)


def _field(number: int, data: bytes) -> bytes:
    """Return a field of bytes in the encoding of protocol buffers; all here are short."""
    head, key = [], number << 3 | 2
    while key > 127:
        head.append(key & 127 | 128)
        key >>= 7
    return bytes([*head, key, len(data)]) + data
