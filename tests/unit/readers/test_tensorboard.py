from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import ParameterKind, TrialState
from hypertendril.readers import read
from hypertendril.readers.files.protobuf import BadMessageError, fields, signed
from hypertendril.readers.trackers.event_files import masked_crc

LOGS = Path(__file__).parents[2] / "data" / "trackers" / "tensorboard"
PLAIN = LOGS.with_name("tensorboard_plain")
SHARED = Path(__file__).parents[4] / "shared" / "data" / "frameworks" / "tensorboard"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS, tmp_path / "runs"))


def field(number: int, value: Any) -> bytes:
    """Encode one field of a message: ints, floats (as doubles), texts and nested messages."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def record(event: bytes) -> bytes:
    size = struct.pack("<Q", len(event))
    crcs = [struct.pack("<I", masked_crc(part)) for part in (size, event)]
    return size + crcs[0] + event + crcs[1]


def event(*values: bytes, step: int = 0, time: float = 1e9) -> bytes:
    summary = b"".join(field(1, value) for value in values)
    return record(field(1, time) + field(2, step) + field(5, summary))


def start_of_file() -> bytes:
    return record(field(1, 1e9) + field(3, "brain.Event:2"))


def hparams(tag: str, content: bytes) -> bytes:
    plugin = field(1, "hparams") + field(2, content)
    return field(1, tag) + field(9, field(1, plugin))


def start(**params: float | str) -> bytes:
    items = b"".join(
        field(1, field(1, name) + field(2, field(2 if isinstance(v, float) else 3, v)))
        for name, v in params.items()
    )
    return hparams("_hparams_/session_start_info", field(3, items))


def end(status: int) -> bytes:
    return hparams("_hparams_/session_end_info", field(4, field(1, status)))


def scalar(tag: str, value: float) -> bytes:
    """Encode a scalar as TensorFlow 2 does: a tensor of one float."""
    tensor = field(1, 1) + field(4, struct.pack("<f", value))
    metadata = field(1, field(1, "scalars"))
    return field(1, tag) + field(8, tensor) + field(9, metadata)


def test_hyperparameters_in_a_folder_below_belong_to_the_run_above(runs: Path) -> None:
    (found,) = read(runs)
    study = found.as_study()
    assert len(study) == 6
    assert study.header.attributes["run_ids"][2] == "trial_002"
    assert study.params(2)["activation"] == "tanh"
    assert study.space["hidden_units"].kind is ParameterKind.INT
    assert study.counts()[TrialState.COMPLETE] == 6


def test_the_final_metric_is_the_end_of_its_curve(runs: Path) -> None:
    (found,) = read(runs)
    assert found.header.objectives[0].name == "val/accuracy"
    assert found.trials.objectives[2, 0] == 0.9688196182250977
    assert "hparam/val_accuracy" not in found.header.metric_names


def test_a_last_record_that_is_not_complete_is_left_out_and_reported(runs: Path) -> None:
    path = next((runs / "trial_000").glob("*tfevents*"))
    whole = read(runs)[0]
    path.write_bytes(path.read_bytes()[:-5])
    (found,) = read(runs)
    assert len(found.curves) == len(whole.curves) - 1
    assert "the last record is not complete" in found.header.skipped[-1].reason


def test_a_record_with_a_wrong_checksum_is_left_out_and_reported(runs: Path) -> None:
    path = next((runs / "trial_000").glob("*tfevents*"))
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(bytes(data))
    (found,) = read(runs)
    assert len(found.curves) == len(read(LOGS)[0].curves) - 1
    assert any("damaged record" in s.reason for s in found.header.skipped)


def test_the_record_behind_a_damaged_header_is_found(tmp_path: Path) -> None:
    good = event(start(lr=0.1), scalar("loss", 0.5), step=1)
    (tmp_path / "events.out.tfevents.1").write_bytes(
        start_of_file() + b"\xff" * 30 + good + event(scalar("loss", 0.25), step=2)
    )
    (found,) = read(tmp_path)
    assert found.curves.value.tolist() == [0.5, 0.25]
    assert any("damaged at byte" in s.reason for s in found.header.skipped)


def test_scalars_in_folders_below_a_session_belong_to_it(tmp_path: Path) -> None:
    for name, rate in (("a", 0.1), ("b", 0.2)):
        place = tmp_path / name
        (place / "validation").mkdir(parents=True)
        (place / "events.out.tfevents.1.v2").write_bytes(
            start_of_file() + event(start(lr=rate, units=8.0, act="relu")) + event(end(1))
        )
        (place / "validation" / "events.out.tfevents.2.v2").write_bytes(
            start_of_file()
            + event(scalar("epoch_loss", 1.0), step=0, time=1e9 + 5)
            + event(scalar("epoch_loss", rate), step=1, time=1e9 + 9)
        )
    (found,) = read(tmp_path)
    study = found.as_study()
    assert found.header.curve_names == ("validation/epoch_loss",)
    assert study.column("objective:validation/epoch_loss") == pytest.approx([0.1, 0.2])
    assert study.header.attributes["fixed"] == {"units": 8, "act": "relu"}
    assert study.trials.ended.tolist() == [1e9 + 9] * 2


def test_declared_ranges_values_and_states_are_kept(tmp_path: Path) -> None:
    interval = field(6, field(1, 0.001) + field(2, 0.5))
    listed = field(5, field(1, field(3, "sgd")) + field(1, field(3, "adam")))
    experiment = field(
        2,
        field(6, "mnist")
        + field(4, field(1, "lr") + field(4, 3) + interval)
        + field(4, field(1, "opt") + field(4, 1) + listed)
        + field(5, field(1, field(2, "err"))),
    )
    (tmp_path / "events.out.tfevents.0").write_bytes(
        start_of_file() + event(hparams("_hparams_/experiment", experiment))
    )
    for n, status in enumerate((1, 2, 3)):
        (tmp_path / str(n)).mkdir()
        (tmp_path / str(n) / "events.out.tfevents.1").write_bytes(
            start_of_file()
            + event(start(lr=0.1 + n / 10, opt="adam"), end(status), scalar("err", 0.5), step=3)
        )
    (found,) = read(tmp_path)
    assert found.header.name == "mnist"
    assert (found.header.space["lr"].low, found.header.space["lr"].high) == (0.001, 0.5)
    assert found.header.space["opt"].choices == ("sgd", "adam")
    assert found.trials.state.tolist() == [2, 4, 1]
    assert found.header.objectives[0].name == "err"


def test_negative_numbers_are_told_from_large_ones() -> None:
    assert [(n, signed(v)) for n, v in fields(field(3, -7) + field(4, 300))] == [(3, -7), (4, 300)]


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x0a\x05ab", b"\x00\x01", b"\x0b", b"\x08" + b"\xff" * 12]
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        list(fields(data))


def test_the_checksum_is_that_of_the_format() -> None:
    # RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8a9136aa; then turned and shifted.
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full logs are not here")
def test_the_full_log_has_its_expected_facts() -> None:
    (expected,) = json.loads((SHARED / "expected.json").read_text())["experiments"]
    (found,) = read(SHARED / expected["path"])
    study = found.as_study()
    row = study.best()
    assert row is not None
    assert len(study) == expected["n_trials"]
    assert len(found.curves) == expected["n_scalar_points_in_run_files"]
    assert sorted(found.header.curve_names) == expected["scalar_tags"]
    assert study.header.attributes["run_ids"][row] == expected["best_last"]["run"]
    assert study.trials.objectives[row, 0] == expected["best_last"]["value"]


def written(folder: Path, *events: bytes) -> None:
    """Write an event file into a folder."""
    folder.mkdir(parents=True)
    (folder / "events.out.tfevents.1").write_bytes(start_of_file() + b"".join(events))


def test_without_sessions_each_run_is_a_trial_with_what_its_name_tells() -> None:
    (found,) = read(PLAIN)
    study = found.as_study()
    assert [study.params(row) for row in range(4)] == [
        {"lr": 0.1, "batch_size": 16, "opt": "adam"},
        {"lr": 0.01, "batch_size": 32, "opt": "sgd"},
        {"lr": 1e-05, "batch_size": 16, "opt": "adam_w"},
        {"lr": 0.3, "batch_size": 64, "opt": "sgd"},
    ]
    assert found.header.objectives[0].name == "Acc/val"
    np.testing.assert_allclose(study.trials.objectives[:, 0], [0.096, 0.192, 0.048, 0.384])
    assert study.trials.notes[3].startswith("run3_lr=0.3_")
    points = found.curves.metric == found.header.curve_names.index("Loss/train")
    assert found.curves.step[points].tolist()[:6] == [0, 10, 20, 30, 40, 50]
    assert np.isnan(found.curves.value[points]).sum() == 2
    (told,) = (s.reason for s in found.header.skipped if not s.is_guess)
    assert "told from the names" in told


def test_scalars_below_a_run_belong_to_it() -> None:
    (found,) = read(PLAIN)
    run = found.as_study()
    assert run.trials.metrics[0, found.header.metric_names.index("lens_long/lens")] == 2.5
    assert len(run) == 4


def test_a_run_in_two_folders_is_one_trial(tmp_path: Path) -> None:
    for n in range(2):
        for part in ("train", "validation"):
            written(tmp_path / f"lr=0.{n}" / part, event(scalar("epoch_loss", n + 0.5)))
    (found,) = read(tmp_path)
    assert [found.as_study().params(row) for row in range(2)] == [{"lr": 0}, {"lr": 0.1}]
    assert found.header.objectives[0].name == "validation/epoch_loss"


def test_runs_whose_names_tell_nothing_have_no_parameters(tmp_path: Path) -> None:
    for name in ("Nov22_10-00-00_host", "Nov22_11-00-00_host"):
        written(tmp_path / name, event(scalar("loss", 0.5)), event(scalar("loss", 0.25), step=1))
    (found,) = read(tmp_path)
    assert not len(found.header.space)
    assert found.trials.objectives[:, 0].tolist() == [0.25, 0.25]
    assert any("add_hparams" in s.reason for s in found.header.skipped)


def test_runs_beside_sessions_are_reported(runs: Path) -> None:
    written(runs / "plain", event(scalar("loss", 0.5)))
    (found,) = read(runs)
    assert len(found.trials) == 6
    assert any("a folder of scalars beside" in s.reason for s in found.header.skipped)


def test_event_files_without_a_scalar_are_one_clear_error(tmp_path: Path) -> None:
    written(tmp_path / "run")
    with pytest.raises(SourceFormatError, match="nor a scalar"):
        read(tmp_path)
