from __future__ import annotations

import json
import math
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hypertendril.model import ParameterKind, Study, TrialState
from hypertendril.readers import read

LOGS = Path(__file__).parents[2] / "data" / "trackers"
SHARED = Path(__file__).parents[4] / "shared" / "data" / "frameworks" / "mlflow"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOGS / "mlruns", tmp_path / "mlruns"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript((LOGS / "mlflow.sql").read_text())
    return path


def test_runs_inside_a_run_are_the_trials_of_a_sweep(store: Path) -> None:
    (found,) = read(store)
    study = found.as_study()
    assert study.name == "digits-mlp-random"
    assert study.header.attributes["sweep"] == "sweep"
    assert study.counts()[TrialState.COMPLETE] == 5
    assert study.counts()[TrialState.FAILED] == 1


def test_parameters_are_told_from_their_texts(store: Path) -> None:
    (found,) = read(store)
    study = found.as_study()
    row = study.best()
    assert row is not None
    assert study.params(row) == {
        "activation": "tanh",
        "learning_rate": 0.06594724559448292,
        "batch_size": 16,
        "weight_decay": 1.7669109657787492e-06,
        "n_layers": 3,
        "momentum": 0.9166994779915183,
        "hidden_units": 57,
    }
    assert study.space["n_layers"].kind is ParameterKind.INT


def test_the_guessed_objective_is_reported(store: Path) -> None:
    (found,) = read(store)
    assert found.header.objectives[0].name == "val_accuracy"
    assert any("'val_accuracy', to maximize, is assumed" in s.reason for s in found.header.skipped)


def test_an_experiment_and_the_folder_above_are_read_alike(store: Path) -> None:
    names = [read(place)[0].header.name for place in (store.parent, *store.iterdir())]
    assert names == ["digits-mlp-random"] * 2


def test_two_sweeps_of_an_experiment_are_two_studies(store: Path) -> None:
    (experiment,) = store.iterdir()
    outer = next(
        p
        for p in experiment.iterdir()
        if not (p / "tags" / "mlflow.parentRunId").exists() and p.is_dir()
    )
    for run in [p for p in experiment.iterdir() if p.is_dir()]:
        copy = Path(shutil.copytree(run, experiment / f"x{run.name[1:]}"))
        meta = (copy / "meta.yaml").read_text().replace(run.name, copy.name)
        (copy / "meta.yaml").write_text(meta)
        parent = copy / "tags" / "mlflow.parentRunId"
        if parent.exists():
            parent.write_text(f"x{outer.name[1:]}")
    studies = read(store)
    assert [len(found.trials) for found in studies] == [6, 6]
    assert len({found.header.name for found in studies}) == 2


def test_a_name_with_a_slash_is_a_folder(store: Path) -> None:
    metrics = next(store.glob("*/*/metrics/val_loss")).parent
    (metrics / "val").mkdir()
    (metrics / "val" / "f1").write_text("1 0.5 1\n2 0.75 2\n")
    (found,) = read(store)
    assert "val/f1" in found.header.curve_names


def test_a_line_that_is_no_point_is_reported_with_its_number(store: Path) -> None:
    path = next(store.glob("*/*/metrics/val_loss"))
    path.write_text("1 0.5 1\nnonsense\n2 0.25 2\n3 0.1")
    (found,) = read(store)
    assert any(s.line == 2 and "no point" in s.reason for s in found.header.skipped)


def test_deleted_runs_are_left_out_and_counted(store: Path) -> None:
    meta = next(p.parent.parent for p in store.glob("*/*/tags/mlflow.parentRunId")) / "meta.yaml"
    meta.write_text(meta.read_text().replace("stage: active", "stage: deleted"))
    (found,) = read(store)
    assert len(found.trials) == 5
    assert any("deleted" in s.reason for s in found.header.skipped)


def test_deleted_runs_are_told_once_with_the_experiment_that_had_them(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN"
            " (SELECT MIN(run_uuid) FROM runs WHERE run_uuid NOT IN"
            "  (SELECT value FROM tags WHERE key = 'mlflow.parentRunId') GROUP BY experiment_id)"
        )
    told = [
        [s.reason for s in found.header.skipped if "deleted" in s.reason]
        for found in read(database)
    ]
    assert told == [["a run that was deleted"]] * 2


def test_each_experiment_of_a_database_is_a_study(database: Path) -> None:
    first, second = read(database)
    assert (first.header.name, second.header.name) == ("digits-random", "second")
    assert [len(first.trials), len(second.trials)] == [12, 3]
    assert first.as_study().counts()[TrialState.FAILED] == 1
    assert first.header.attributes["fixed"] == {"seed": 7}
    assert second.header.objectives[0].name == "rmse"


def test_a_database_keeps_infinite_and_missing_values(database: Path) -> None:
    first, _ = read(database)
    column = first.as_study().column("metric:odd")
    assert column[8] == math.inf
    assert math.isnan(column[7])


def test_the_curves_of_a_database_are_in_step_order(database: Path) -> None:
    first, _ = read(database)
    of_first = first.curves.trial == 0
    assert first.curves.step[of_first & (first.curves.metric == 0)].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full logs are not here")
def test_the_full_log_has_its_expected_facts() -> None:
    (expected,) = json.loads((SHARED / "expected.json").read_text())["experiments"]
    for found in read(SHARED / "mlruns"):  # the sweep was run twice with one seed
        study = found.as_study()
        row = study.best()
        assert row is not None
        assert study.name.startswith(expected["experiment_name"])
        assert len(study) == expected["n_trials (child runs)"]
        assert study.trials.objectives[row, 0] == expected["best_last"]["value"]
        written = {key: str(value) for key, value in study.params(row).items()}
        assert written == expected["best_last"]["params"]
        once = sum(
            (~(study.column(f"metric:{n}") != study.column(f"metric:{n}"))).sum()
            for n in ("n_params", "inference_ms")
        )
        assert len(found.curves) + once == expected["n_metric_points"]


def test_a_metric_that_one_run_recorded_once_is_a_curve_of_one_point_there(store: Path) -> None:
    path = next(store.rglob("metrics/val_accuracy"))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:1]))
    (found,) = read(store)
    study = found.as_study()
    assert study.header.attributes["run_ids"][row_of_one(study)] == path.parts[-3]


def row_of_one(study: Study) -> int:
    """Return the row whose leading curve has one point."""
    counts = [len(study.curves.of(row, 0)[0]) for row in range(len(study))]
    return counts.index(1)
