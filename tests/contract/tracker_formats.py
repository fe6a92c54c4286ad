"""Sources of the formats of trackers and services, and how each of them grows by one trial."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hypertendril.readers import Source
from tests.contract.run_formats import Format

LOGS = Path(__file__).parents[1] / "data" / "trackers"


def log_of(name: str) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        place = folder / "source"
        (shutil.copytree if (LOGS / name).is_dir() else shutil.copyfile)(LOGS / name, place)
        return Source.parse(place)

    return make


def _grow_ax(source: Source) -> None:
    data = json.loads(source.file.read_text())
    trials = data["experiment"]["trials"]
    key = 1000 + len(trials)
    trials[str(key)] = trials["0"] | {"index": key}
    source.file.write_text(json.dumps(data))


def _grow_mlflow(source: Source) -> None:
    (experiment,) = (p for p in source.file.iterdir() if p.is_dir())
    run = experiment / f"new{len(list(experiment.iterdir()))}"
    (run / "params").mkdir(parents=True)
    (run / "tags").mkdir()
    (run / "meta.yaml").write_text(f"run_id: {run.name}\nstatus: 1\nstart_time: 1995343383967\n")
    (run / "params" / "momentum").write_text("0.5")
    old = next(experiment.glob("*/tags/mlflow.parentRunId"))
    shutil.copyfile(old, run / "tags" / old.name)


def _mlflow_database(folder: Path) -> Source:
    path = folder / "source"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript((LOGS / "mlflow.sql").read_text())
    return Source.parse(path)


def _grow_mlflow_database(source: Source) -> None:
    with closing(sqlite3.connect(source.file)) as database, database:
        (count,) = database.execute("SELECT COUNT(*) FROM runs").fetchone()
        new = f"new{count}"
        parent = "SELECT 'mlflow.parentRunId', value, ? FROM tags WHERE key = 'mlflow.parentRunId'"
        database.execute(
            "INSERT INTO runs (run_uuid, status, lifecycle_stage, start_time, experiment_id)"
            " SELECT ?, 'RUNNING', 'active', 1995343383967, MIN(experiment_id) FROM runs",
            (new,),
        )
        database.execute(f"INSERT INTO tags (key, value, run_uuid) {parent} LIMIT 1", (new,))
        database.execute("INSERT INTO params VALUES ('dropout', '0.5', ?)", (new,))


def _grow_hiplot(source: Source) -> None:
    data = json.loads(source.file.read_text())
    points = data["datapoints"]
    points.append({"uid": f"new{len(points)}", "from_uid": "u3", "values": {"dropout": 0.1}})
    source.file.write_text(json.dumps(data))


def _grow_hiplot_table(source: Source) -> None:
    with source.file.open("a") as file:
        file.write(f"new{source.file.stat().st_size},u3,0.1,,,\n")


def _grow_keras_tuner(source: Source) -> None:
    key = 1000 + len(list(source.file.iterdir()))
    place = source.file / f"trial_{key}"
    place.mkdir()
    trial = json.loads((source.file / "trial_0" / "trial.json").read_text())
    (place / "trial.json").write_text(json.dumps(trial | {"trial_id": str(key)}))


def _grow_wandb(source: Source) -> None:
    files = source.file / f"run-{len(list(source.file.iterdir()))}" / "files"
    files.mkdir(parents=True)
    (files / "wandb-summary.json").write_text('{"val_accuracy": 0.5, "_timestamp": 1e9}')


def _wandb(folder: Path) -> Source:
    """Make runs of which only the readable files are left."""
    for n in range(5):
        files = folder / "source" / f"run-{n}" / "files"
        files.mkdir(parents=True)
        (files / "wandb-summary.json").write_text(json.dumps({"loss": 1 / (n + 1), "_step": 2}))
        (files / "config.yaml").write_text(f"_wandb:\n  value: {{}}\nlr:\n  value: 0.{n + 1}\n")
        lines = [json.dumps({"loss": 1 / (n + s), "_step": s}) for s in (1, 2)]
        (files / "wandb-history.jsonl").write_text("\n".join(lines) + "\n")
    return Source.parse(folder / "source")


def _wandb_export(folder: Path) -> Source:
    runs = [
        {"id": f"r{n}", "state": "finished", "config": {"lr": n / 10}, "summary": {"loss": n}}
        for n in range(4)
    ]
    (folder / "source").write_text(json.dumps(runs))
    return Source.parse(folder / "source")


def _grow_wandb_export(source: Source) -> None:
    runs = json.loads(source.file.read_text())
    source.file.write_text(json.dumps([*runs, runs[0] | {"id": f"new{len(runs)}"}]))


def _grow_hyperopt(source: Source) -> None:
    documents = json.loads(source.file.read_text())
    documents.append(documents[0] | {"tid": 1000 + len(documents)})
    source.file.write_text(json.dumps(documents))


def _grow_tensorboard(source: Source) -> None:
    trials = sorted(p for p in source.file.iterdir())
    copy = source.file / f"zz{len(trials):03d}"
    shutil.copytree(trials[-1], copy)


def _grow_sacred(source: Source) -> None:
    runs = sorted(p for p in source.file.iterdir())
    shutil.copytree(runs[0], source.file / str(100 + len(runs)))


def _grow_clearml(source: Source) -> None:
    tasks = sorted(p for p in source.file.iterdir())
    shutil.copytree(tasks[0], source.file / f"offline-new{len(tasks)}")


def _grow_comet(source: Source) -> None:
    experiments = sorted(p for p in source.file.iterdir())
    shutil.copytree(experiments[0], source.file / f"new{len(experiments)}")


TRACKER_FORMATS = [
    Format("ax", log_of("ax.json"), _grow_ax),
    Format("hyperopt", log_of("hyperopt.json"), _grow_hyperopt),
    Format("hiplot", log_of("hiplot.json"), _grow_hiplot),
    Format("hiplot", log_of("hiplot.csv"), _grow_hiplot_table),
    Format("keras-tuner", log_of("keras_tuner"), _grow_keras_tuner),
    Format("wandb", _wandb, _grow_wandb),
    Format("wandb", _wandb_export, _grow_wandb_export),
    Format("clearml", log_of("clearml"), _grow_clearml),
    Format("comet", log_of("comet"), _grow_comet),
    Format("sacred", log_of("sacred"), _grow_sacred),
    Format("mlflow", log_of("mlruns"), _grow_mlflow),
    Format("mlflow", _mlflow_database, _grow_mlflow_database),
    Format("tensorboard", log_of("tensorboard"), _grow_tensorboard),
    Format("tensorboard", log_of("tensorboard_plain"), _grow_tensorboard),
]
