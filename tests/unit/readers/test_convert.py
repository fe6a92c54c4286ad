# ruff: noqa: DTZ001 - the times of these frameworks have no zone
from __future__ import annotations

import io
import json
import pickle  # noqa: TID251 - to write what has to be read
import pickletools
from collections import OrderedDict, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers import detect, read
from hypertendril.readers.pickles.convert import convert
from hypertendril.readers.pickles.inert import BadPickleError, Inert, taken_apart
from hypertendril.readers.pickles.plain import PlainForm

SHARED = Path(__file__).parents[4] / "shared" / "data" / "frameworks"
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


class Trials:
    """Stands for hyperopt's class: only its name and attributes count."""

    def __init__(self, documents: list[Any]) -> None:
        self._dynamic_trials = documents
        self._exp_key = None
        self.attachments = {"FMinIter_Domain": b"\x80\x04 code"}


class EphemeralDB:
    def __init__(self, **collections: Any) -> None:
        self._db = defaultdict(list, collections)


class EphemeralCollection:
    def __init__(self, documents: list[Any]) -> None:
        self._documents = documents


class Bomb:
    """Runs code when Python loads it."""

    def __reduce__(self) -> Any:
        return (open, ("/tmp/hypertendril-must-not-exist", "w"))


def document(tid: int, **vals: Any) -> dict[str, Any]:
    return {
        "state": 2,
        "tid": tid,
        "result": {"loss": np.float64(1.0 / (tid + 1)), "status": "ok", "seconds": 3},
        "misc": {
            "tid": tid,
            "vals": {name: [v] if v is not None else [] for name, v in vals.items()},
        },
        "book_time": datetime(2026, 1, 2, 3, 4, 5, 6000),
        "refresh_time": datetime(2026, 1, 2, 3, 4, 9),
    }


def stored(value: Any, path: Path, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_numbers_and_dates_become_what_they_stand_for(protocol: int) -> None:
    value = {
        "list": [1, -2.5, None, True, "text", 10**30],
        "tuple": (1, (2,), (1, 2, 3, 4)),
        "ordered": OrderedDict([("a", 1), ("b", [2])]),
        "scalar": np.float32(0.5),
        "int": np.int64(-7),
        "bool": np.bool_(True),
        "array": np.arange(4, dtype=np.int16),
        "moment": datetime(2026, 11, 22, 10, 8, 56, 327000),
        3: "a number as key",
    }
    plain = PlainForm().of(taken_apart(pickle.dumps(value, protocol)))
    assert plain == {
        "list": [1, -2.5, None, True, "text", 10**30],
        "tuple": [1, [2], [1, 2, 3, 4]],
        "ordered": {"a": 1, "b": [2]},
        "scalar": 0.5,
        "int": -7,
        "bool": True,
        "array": [0, 1, 2, 3],
        "moment": "2026-11-22T10:08:56.327000",
        "3": "a number as key",
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_pickle_would_call_is_never_called(protocol: int) -> None:
    found = taken_apart(pickle.dumps([Bomb()], protocol))[0]
    assert isinstance(found, Inert)
    assert found.arguments == ("/tmp/hypertendril-must-not-exist", "w")
    assert not Path("/tmp/hypertendril-must-not-exist").exists()


def test_every_instruction_of_pickles_is_followed_or_refused() -> None:
    names = {opcode.name for opcode in pickletools.opcodes}
    from hypertendril.readers.pickles.inert import _PUSHED, _STEPS

    refused = {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}
    assert names - _PUSHED - _STEPS.keys() - {"STOP"} == refused


def test_a_pickle_that_points_outside_of_the_file_is_refused() -> None:
    class Elsewhere(pickle.Pickler):
        def persistent_id(self, _value: object) -> str:
            return "elsewhere"

    out = io.BytesIO()
    Elsewhere(out).dump([1])
    with pytest.raises(BadPickleError, match="outside"):
        taken_apart(out.getvalue())


def test_a_pickle_of_endless_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypertendril.readers.pickles.plain.MOST_VALUES", 10_000)
    value: list[Any] = [1]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(BadPickleError, match="too many"):
        PlainForm().of(taken_apart(pickle.dumps(value)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_trials_of_hyperopt_are_converted(protocol: int, tmp_path: Path) -> None:
    documents = [
        document(
            n, lr=np.float64(0.1 * (n + 1)), kind=np.int64(n % 2), extra=None if n % 2 else 0.5
        )
        for n in range(8)
    ]
    documents[3]["result"] = {"status": "fail", "failure": "diverged"}
    path = stored(Trials(documents), tmp_path / "trials.pkl", protocol)
    with pytest.raises(SourceFormatError, match="is a pickle"):
        detect(path)
    assert convert(path, tmp_path / "out.json") == "hyperopt"
    (found,) = read(tmp_path / "out.json")
    study = found.as_study()
    assert found.header.framework == "hyperopt"
    assert len(study) == 8
    assert study.params(7) == {"lr": 0.8, "kind": 1}
    assert study.space["extra"].condition is not None
    assert study.counts()[TrialState.FAILED] == 1
    assert study.trials.notes[3] == "diverged"
    assert study.trials.ended[0] - study.trials.started[0] == pytest.approx(3.994)


def test_a_storage_of_orion_is_converted(tmp_path: Path) -> None:
    experiment = {
        "_id": 1,
        "name": "digits",
        "version": 1,
        "metadata.orion_version": "0.2.7",
        "space.lr": "loguniform(0.001, 1)",
    }
    trials = [
        {
            "_id": n,
            "experiment": 1,
            "status": "completed",
            "params": [{"name": "/lr", "type": "real", "value": 0.1}],
            "results": [{"name": "loss", "type": "objective", "value": float(n)}],
            "submit_time": datetime(2026, 1, 1, 0, 0, n),
        }
        for n in range(3)
    ]
    database = EphemeralDB(
        experiments=EphemeralCollection([experiment]), trials=EphemeralCollection(trials)
    )
    path = stored(database, tmp_path / "db.pkl")
    assert convert(path, tmp_path / "out.json") == "orion"
    (found,) = read(tmp_path / "out.json")
    assert found.header.framework == "orion"
    assert found.trials.objectives[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [Bomb(), {"a": 1}, [1, 2], "text"])
def test_any_other_pickle_is_refused_by_name(value: Any, tmp_path: Path) -> None:
    with pytest.raises(
        SourceFormatError, match="no study of Optuna, hyperopt or Orion and no DataFrame"
    ):
        convert(stored(value, tmp_path / "x.pkl"), tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_a_pickle_that_is_cut_or_damaged_is_one_clear_error(tmp_path: Path) -> None:
    whole = pickle.dumps(Trials([document(n, lr=0.5) for n in range(3)]))
    path = tmp_path / "trials.pkl"
    for at in range(2, len(whole) - 1, 7):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :]):
            path.write_bytes(data)
            try:
                convert(path, tmp_path / "out.json")
            except SourceFormatError:
                continue
            read(tmp_path / "out.json")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full logs are not here")
@pytest.mark.parametrize("path", ["hyperopt/trials.pkl", "orion/orion_db.pkl"])
def test_the_full_pickles_have_their_expected_facts(path: str, tmp_path: Path) -> None:
    expected = json.loads((SHARED / path).with_name("expected.json").read_text())["experiments"]
    convert(SHARED / path, tmp_path / "out.json")
    studies = read(tmp_path / "out.json")
    assert len(studies) == len(expected)
    for found, facts in zip(studies, expected, strict=True):
        study = found.as_study()
        row = study.best()
        assert row is not None
        assert len(study) == facts["n_trials"]
        best = facts["best"]
        assert study.trials.objectives[row, 0] == best.get("loss", best.get("value"))
        assert (study.trials.parent >= 0).sum() == facts.get("n_trials_with_parent", 0)
