"""Services whose logs are made here from their documented schemas."""

from __future__ import annotations

import base64
import json
import pickle  # noqa: TID251 - to write what has to be read
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hypertendril.errors import SourceFormatError
from hypertendril.model import Condition, Direction, ParameterKind, TrialState
from hypertendril.readers import Follower, read
from hypertendril.readers.pickles.convert import convert
from hypertendril.store import ExperimentStore
from tests.contract.service_formats import (
    LOGS,
    atm,
    auptimizer,
    chopt,
    database_of,
    katib,
    table,
    vizier,
)


def test_katib_tells_space_goal_states_and_times(tmp_path: Path) -> None:
    (found,) = read(katib(tmp_path).file)
    study, space = found.as_study(), found.header.space
    assert study.name == "digits"
    assert study.objectives[0].name == "accuracy"
    assert study.objectives[0].direction is Direction.MAXIMIZE
    assert found.header.method.name == "tpe"
    assert (space["lr"].low, space["lr"].high, space["lr"].log) == (0.001, 0.1, True)
    assert (space["units"].kind, space["units"].step) == (ParameterKind.INT, 8)
    assert space["batch"].choices == (16, 32, 128)
    assert study.header.attributes["run_ids"] == ["digits-a1", "digits-b2", "digits-c3"]
    assert study.trials.state.tolist() == [
        TrialState.FAILED,
        TrialState.COMPLETE,
        TrialState.PRUNED,
    ]
    assert study.trials.notes == {0: "out of memory"}
    assert study.trials.ended[1] - study.trials.started[1] == 60
    assert study.params(1)["optimizer"] == "sgd"
    assert study.column("metric:loss")[1] == 0.3


def test_katib_judges_a_metric_by_its_strategy() -> None:
    best, lowest = read(LOGS / "katib_sdk.json")
    study = best.as_study()
    assert study.trials.objectives[:2, 0].tolist() == [0.95, 0.91]  # max; the latest say 0.8, 0.9
    assert study.best() == 0
    assert study.column("metric:train/acc")[0] == 0.99
    assert study.space["opt"].choices == ("adam", "sgd, slow", "é", "None", True)
    assert [TrialState(s).name for s in study.trials.state] == [
        *("COMPLETE", "COMPLETE", "FAILED", "FAILED", "PRUNED", "RUNNING", "COMPLETE")
    ]
    assert study.trials.notes[2] == "Trial has failed: OOMKilled"
    assert lowest.trials.objectives[0, 0] == 0.4  # min
    assert lowest.trials.parent.tolist() == [-1, -1, 0, 1]


def test_katib_trials_alone_are_a_study_too(tmp_path: Path) -> None:
    trial = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Trial",
        "metadata": {"name": "x-1", "labels": {"katib.kubeflow.org/experiment": "x"}},
        "spec": {
            "objective": {"type": "minimize", "objectiveMetricName": "loss"},
            "parameterAssignments": [{"name": "lr", "value": "0.1"}],
        },
    }
    path = tmp_path / "trials"
    path.write_text(json.dumps({"kind": "List", "items": [trial]}))
    (found,) = read(path)
    assert found.header.name == "x"
    assert found.header.objectives[0].name == "loss"


def test_katib_yaml_that_is_broken_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("apiVersion: kubeflow.org/v1beta1\nkind: Trial\nspec: [\n")
    with pytest.raises(SourceFormatError, match="line"):
        read(path)


def test_vizier_tells_space_conditions_goals_and_curves(tmp_path: Path) -> None:
    (found,) = read(vizier(tmp_path).file)
    study, space = found.as_study(), found.header.space
    assert [(o.name, o.direction.value) for o in study.objectives] == [
        ("val_accuracy", "maximize"),
        ("latency", "minimize"),
    ]
    assert (space["lr"].low, space["lr"].high, space["lr"].log) == (1e-4, 0.1, True)
    assert (space["layers"].low, space["layers"].high) == (-1, 300)
    assert space["batch"].choices == (16, 32, 128)
    assert space["bn"].choices == (False, True)
    assert space["kernel"].condition == Condition("model", ("cnn",))
    assert study.counts()[TrialState.COMPLETE] == 6
    assert study.trials.notes == {2: "too wide"}
    assert study.trials.started[0] == 1763800060.5
    assert study.trials.objectives[0].tolist() == [0.31, 1.0]
    assert len(found.curves) == 18
    assert "kernel" not in study.params(1)
    assert isinstance(study.params(0)["layers"], int)


def test_vizier_server_tells_children_of_several_values_and_safety_metrics(tmp_path: Path) -> None:
    plain, safe = read(database_of("vizier_service.sql", tmp_path / "source"))
    space = plain.header.space
    assert space["momentum"].condition == Condition("optimizer", ("sgd, slow", "émil=1"))
    assert space["tiny"].condition == Condition("layers", (1, 2))
    assert space["kind"].condition == Condition("amsgrad", (True,))
    study = plain.as_study()
    assert study.counts()[TrialState.FAILED] == 2
    assert study.counts()[TrialState.WAITING] == 3
    assert study.trials.objectives[8, 0] == np.inf
    assert [o.name for o in safe.header.objectives] == ["acc"]
    assert safe.header.attributes["constraints"] == [{"metric": "temp", "at_most": 0.5}]
    assert np.flatnonzero(safe.trials.violation > 0).tolist() == [6]  # temp 0.75
    assert np.isnan(safe.trials.violation[2])  # infeasible before it was measured


def test_auptimizer_tells_space_target_and_intermediate_results(tmp_path: Path) -> None:
    (found,) = read(auptimizer(tmp_path).file)
    study = found.as_study()
    assert study.name == "rosenbrock"
    assert study.objectives[0].direction is Direction.MINIMIZE
    assert (study.space["x"].low, study.space["x"].high) == (-5, 10)
    assert study.space["act"].choices == ("relu", "tanh")
    assert study.params(0) == {"x": -2.5, "n": 1, "act": "relu"}
    assert study.counts()[TrialState.FAILED] == 1
    assert len(found.curves) == 18
    assert (study.trials.ended - study.trials.started).tolist() == [9] * 6


def test_experiments_of_one_configuration_are_shown_side_by_side(tmp_path: Path) -> None:
    source = auptimizer(tmp_path)
    with closing(sqlite3.connect(source.file)) as database, database:
        first = database.execute("SELECT * FROM experiment").fetchone()
        again = [(eid, *first[1:]) for eid in (2, 3)]
        database.executemany("INSERT INTO experiment VALUES (?, ?, ?, ?, ?, ?, ?)", again)
    names = ["rosenbrock", "rosenbrock (2)", "rosenbrock (3)"]
    assert [study.header.name for study in read(source.file)] == names
    with ExperimentStore.open(None) as store:
        Follower([source.file], store).look()
        assert sorted(line.header.name for line in store.studies()) == names


def test_a_name_that_is_no_text_is_the_name_it_prints_as(tmp_path: Path) -> None:
    # Found by `python -m benchmarks.mutations` in a configuration stored as a Python literal.
    source = auptimizer(tmp_path)
    with closing(sqlite3.connect(source.file)) as database, database:
        database.execute("UPDATE job SET job_config = '{1e3: 2.5}' WHERE jid = 1")
    (found,) = read(source.file)
    assert found.as_study().params(0)["1000.0"] == 2.5


def test_a_database_auptimizer_wrote_tells_labels_stops_and_grids(tmp_path: Path) -> None:
    found = read(database_of("auptimizer.sql", tmp_path / "source"))
    one, multi, stopped, grid, tpe, killed = (item.as_study() for item in found)
    assert one.space["flag"].choices == (True, False, None)
    assert one.space["act"].choices == ("relu", "tanh, soft", "é")
    assert one.params(3)["flag"] is None
    assert np.flatnonzero(np.isnan(one.trials.objectives[:, 0])).tolist() == [3, 5]  # NaN, failed
    assert multi.objectives[0].direction is Direction.MAXIMIZE
    assert multi.column("metric:neg")[1] == -10.146258432960842
    assert set(multi.header.curve_names) == {"score", "neg", "size"}
    assert stopped.counts()[TrialState.PRUNED] == 1
    assert (grid.space["x"].step, grid.space["n"].step, len(grid)) == (1.0, 2.0, 18)
    assert tpe.space.names == ("x", "n", "act")
    assert len(killed) == 3
    assert all(item.header.skipped == () for item in found)


def test_atm_is_read_but_for_its_pickles_and_converted_with_them(tmp_path: Path) -> None:
    source = atm(tmp_path)
    with closing(sqlite3.connect(source.file)) as database, database:
        for n in range(1, 6):
            values = {"n_neighbors": np.int64(n), "weights": "distance"}
            text = base64.b64encode(pickle.dumps(values, 3)).decode()
            database.execute(
                "UPDATE classifiers SET hyperparameter_values_64 = ? WHERE id = ?", (text, n)
            )
    (found,) = read(source.file)
    assert found.header.space.names == ("method",)
    assert any("hypertendril convert" in s.reason for s in found.header.skipped)
    assert found.header.objectives[0].name == "f1"
    convert(source.file, tmp_path / "out.json")
    (whole,) = read(tmp_path / "out.json")
    study = whole.as_study()
    assert study.column("param:n_neighbors").tolist() == [1, 2, 3, 4, 5]
    assert study.trials.objectives[:, 0].tolist() == found.trials.objectives[:, 0].tolist()
    assert study.counts()[TrialState.FAILED] == 1


@pytest.mark.parametrize(
    ("table", "key"), [("hyperpartitions", "id"), ("classifiers", "hyperpartition_id")]
)
def test_an_id_of_atm_that_is_a_list_does_not_end_the_reading(
    table: str, key: str, tmp_path: Path
) -> None:
    convert(database_of("atm.sql", tmp_path / "source"), tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text())
    data[table][0][key] = [1]
    (tmp_path / "out.json").write_text(json.dumps(data))
    assert [len(found.trials) for found in read(tmp_path / "out.json")] == [8, 2]


def test_tables_atm_wrote_as_csv_are_read_and_converted_like_its_database(tmp_path: Path) -> None:
    path = database_of("atm.sql", tmp_path / "database")
    folder = tmp_path / "csv"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as database:
        for table in ("datasets", "dataruns", "hyperpartitions", "classifiers"):
            frame = pd.read_sql(f"SELECT * FROM {table}", database)
            frame.to_csv(folder / f"{table}.csv", index=False)
    convert(path, tmp_path / "of_database.json")
    convert(folder, tmp_path / "of_csv.json")
    for first, second in (
        (path, folder),
        (tmp_path / "of_database.json", tmp_path / "of_csv.json"),
    ):
        pairs = zip(read(first), read(second), strict=True)
        for one, other in pairs:
            assert one.header.space == other.header.space
            np.testing.assert_array_equal(one.trials.values, other.trials.values)
            np.testing.assert_array_equal(one.trials.objectives, other.trials.objectives)


def test_a_database_atm_wrote_is_converted_with_its_declared_space(tmp_path: Path) -> None:
    path = database_of("atm.sql", tmp_path / "source")
    convert(path, tmp_path / "out.json")
    first, second = read(tmp_path / "out.json")
    space, study = first.header.space, first.as_study()
    assert space["method"].choices == ("dt", "logreg")
    assert (space["C"].low, space["C"].high, space["C"].log) == (1e-5, 1e5, True)
    assert space["C"].condition == Condition("method", ("logreg",))
    assert space["dual"].condition == Condition("penalty", ("l2",))
    assert (space["max_depth"].kind, space["max_depth"].high) == (ParameterKind.INT, 10)
    assert study.params(0) == {
        "method": "dt",
        "criterion": "gini",
        "max_features": 0.8263946760569012,
        "max_depth": 4,
        "min_samples_split": 4,
        "min_samples_leaf": 3,
    }
    assert first.header.skipped == ()
    assert "unexpected keyword argument 'n_iter'" in second.trials.notes[0]


def test_chopt_tells_space_conditions_lineage_and_curves(tmp_path: Path) -> None:
    (found,) = read(chopt(tmp_path).file)
    study = found.as_study()
    assert study.name == "resnet"
    assert study.objectives[0].direction is Direction.MAXIMIZE
    assert found.header.method.name == "pbt"
    assert (study.space["lr"].low, study.space["lr"].high, study.space["lr"].log) == (
        0.001,
        0.1,
        True,
    )
    assert study.space["slope"].condition == Condition("act", ("elu",))
    assert study.trials.parent.tolist() == [-1, -1, 0, 1, 2]
    assert study.counts()[TrialState.PRUNED] == 1
    assert len(found.curves) == 15


@pytest.mark.parametrize(
    ("header", "framework"),
    [
        ("run_id,params.lr,metrics.val_loss", "mlflow"),
        ("sys/id,parameters/lr,metrics/val_loss", "neptune"),
        ("name,Hyperparameters/General/lr,Last Metrics/val_loss", "clearml"),
        ("experiment_key,param.lr,metric.val_loss", "tracker-table"),
        ("id,config/lr,summary/val_loss", "tracker-table"),
    ],
)
def test_columns_of_trackers_are_told_by_their_prefix(
    header: str, framework: str, tmp_path: Path
) -> None:
    path = tmp_path / "runs"
    path.write_text(f"{header}\na,0.1,2\nb,0.2,1\nc,0.3,\n")
    (found,) = read(path)
    study = found.as_study()
    assert found.header.framework == framework
    assert study.column("param:lr").tolist() == [0.1, 0.2, 0.3]
    assert study.objectives[0].name == "val_loss"
    assert study.best() == 1
    assert study.header.attributes["run_ids"] == ["a", "b", "c"]


def test_states_and_times_of_a_tracker_are_kept(tmp_path: Path) -> None:
    source = table(tmp_path)
    with source.file.open("a") as file:
        file.write("f,FAILED,2026-01-02 10:00:00+00:00,0.9,relu,\n")
    (found,) = read(source.file)
    assert found.trials.state.tolist() == [2] * 6 + [4]
    assert found.trials.started[0] == 1767261600


def test_a_range_that_is_no_number_leaves_out_the_parameter_only(tmp_path: Path) -> None:
    source = katib(tmp_path)
    text = source.file.read_text().replace('{min: "1", max: "5"}', "{min: null, max: [1]}")
    source.file.write_text(text)
    (found,) = read(source.file)
    assert any("'layers'" in s.reason for s in found.header.skipped)
    assert "layers" in found.header.space  # told from its values


def test_an_infinite_value_of_a_parent_does_no_harm(tmp_path: Path) -> None:
    source = chopt(tmp_path)
    source.file.write_text(
        source.file.read_text().replace('"lr": 0.01,', '"lr": 1e999, "n": 1,', 1)
    )
    (found,) = read(source.file)
    assert len(found.trials) == 5


def test_a_table_pandas_wrote_of_mlflows_runs_is_read_with_its_index() -> None:
    (found,) = read(LOGS / "mlflow_search.csv")
    study = found.as_study()
    assert study.space.names == ("lr", "net.depth", "flag", "opt", "pen")
    assert study.params(1) == {
        "lr": 0.2,
        "net.depth": 1,
        "flag": False,
        "opt": "sgd, slow",
        "pen": "l1",
    }
    assert [TrialState(s).name for s in study.trials.state[3:]] == [
        *("COMPLETE", "FAILED", "COMPLETE", "RUNNING")
    ]
    assert study.column("metric:acc")[3] == np.inf
