"""Databases and exports of Orion, by hand."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from hypertendril.model import Outcome, ParameterKind, TrialState
from hypertendril.readers import read
from hypertendril.readers.losses import Losses
from hypertendril.readers.orion.space import read_priors
from tests.contract.run_formats import RUNS


def test_orion_priors_are_read_without_running_them() -> None:
    losses = Losses("x")
    found = read_priors(
        {
            "/lr": "loguniform(1e-5, 0.1)",
            "n": "~uniform(1, 3, discrete=True)",
            "c": "choices({'a': 0.5, 'b': 0.5})",
            "epochs": "fidelity(1, 27, base=3)",
            "z": "normal(0, 1)",
            "evil": "__import__('os').system('true')",
            "worse": "uniform(open('x'), 2)",
        },
        losses,
    )
    assert found.space.names == ("lr", "n", "c", "z")
    assert found.space["lr"].log
    assert found.space["n"].kind is ParameterKind.INT
    assert found.space["c"].choices == ("a", "b")
    assert found.fidelity == "epochs"
    assert len(losses.listed()) == 2


def _orion_database(path: Path) -> None:
    data = json.loads((RUNS / "orion" / "orion.json").read_text())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE algo (_id, state)")
        database.execute("CREATE TABLE experiments (_id, name, version, algorithms, space)")
        database.execute(
            "CREATE TABLE trials (_id, experiment_id, status, results, start_time, end_time,"
            " submit_time, parent, params, id)"
        )
        for e in data["experiments"]:
            space = {k.partition(".")[2]: v for k, v in e.items() if k.startswith("space.")}
            name = e["name"].removeprefix("digits_")
            row = (e["_id"], e["name"], 1, json.dumps({name: {"seed": 1}}), json.dumps(space))
            database.execute("INSERT INTO experiments VALUES (?, ?, ?, ?, ?)", row)
        for t in data["trials"]:
            names = ("_id", "experiment", "status", "results", "start_time", "end_time")
            values = [t[name] for name in (*names, "submit_time", "parent", "params", "id")]
            texts = [json.dumps(v) if isinstance(v, list) else v for v in values]
            database.execute("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", texts)


def test_orions_database_and_its_export_tell_the_same(tmp_path: Path) -> None:
    _orion_database(tmp_path / "any name")
    ours, theirs = read(tmp_path / "any name"), read(RUNS / "orion" / "orion.json")
    for one, other in zip(ours, theirs, strict=True):
        assert one.header.space == other.header.space
        assert np.array_equal(one.trials.values, other.trials.values, equal_nan=True)
        assert np.array_equal(one.trials.objectives, other.trials.objectives, equal_nan=True)
        assert one.trials.parent.tolist() == other.trials.parent.tolist()
        assert one.evaluations.rung.tolist() == other.evaluations.rung.tolist()


def test_orion_rungs_generations_and_lineage() -> None:
    asha, pbt = read(RUNS / "orion" / "orion.json")
    assert (asha.header.method.name, pbt.header.method.name) == ("asha", "pbt")
    assert asha.header.objectives[0].name == "val_error"
    assert "epochs" not in asha.header.space
    promoted = asha.evaluations.trial[asha.evaluations.outcome == Outcome.PROMOTED]
    assert set(promoted.tolist()) == set(asha.trials.parent[asha.trials.parent >= 0].tolist())
    assert np.bincount(pbt.evaluations.iteration).tolist() == [8, 8, 8]
    assert int((pbt.trials.parent >= 0).sum()) == 16


def test_collections_exported_one_by_one_are_read_together(tmp_path: Path) -> None:
    data = json.loads((RUNS / "orion" / "orion.json").read_text())
    (tmp_path / "experiments.json").write_text(json.dumps(data["experiments"]))
    lines = [json.dumps(trial) for trial in data["trials"]]
    (tmp_path / "trials.json").write_text("\n".join(lines) + "\n")
    assert [len(found.trials) for found in read(tmp_path)] == [24, 24]


def test_each_element_of_a_vector_is_a_parameter() -> None:
    space = read_priors({"/x": "uniform(0, 1, shape=2)"}, Losses("x")).space
    assert space.names == ("x[0]", "x[1]")


def test_a_converted_storage_keeps_matrices_none_and_what_was_not_finished() -> None:
    (found,) = read(RUNS / "orion" / "varied.json")
    study = found.as_study()
    assert study.space["flag"].choices == (True, False, None)
    assert study.space["opt"].choices == ("adam", "sgd, slow", "émil=1")
    assert study.space["nested.lr"].log
    assert study.params(2)["mat[1][0]"] == 0.2512
    assert study.space["mat[1][1]"].high == 1.0
    assert np.flatnonzero(study.trials.state != TrialState.COMPLETE).tolist() == [3, 5]
    assert study.trials.objectives[6, 0] == np.inf
    assert found.header.skipped == ()


def test_numbers_that_mongoexport_wraps_are_numbers(tmp_path: Path) -> None:
    trial = {
        "_id": {"$oid": "a"},
        "experiment": {"$oid": "e"},
        "status": "completed",
        "params": [
            {"name": "/n", "type": "integer", "value": {"$numberInt": "3"}},
            {"name": "/x", "type": "real", "value": {"$numberDouble": "0.5"}},
        ],
        "results": [{"name": "loss", "type": "objective", "value": {"$numberDouble": "NaN"}}],
    }
    experiment = {"_id": {"$oid": "e"}, "name": "e", "refers": {}, "space": {}}
    path = tmp_path / "export"
    path.write_text(json.dumps({"experiments": [experiment], "trials": [trial]}))
    (found,) = read(path)
    assert found.as_study().params(0) == {"n": 3, "x": 0.5}
    assert np.isnan(found.trials.objectives[0, 0])
