"""Sources of the run folder formats: small runs, and how each of them grows by one trial."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hypertendril.readers import Source


@dataclass(frozen=True)
class Format:
    """How a test makes a source of one format, and lets it grow by one trial."""

    reader: str
    make: Callable[[Path], Source]
    grow: Callable[[Source], None]


RUNS = Path(__file__).parents[1] / "data" / "frameworks"


def run_of(name: str) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        shutil.copytree(RUNS / name, folder / "source")
        return Source.parse(folder / "source")

    return make


def _next(folder: Path) -> int:
    return 100 + len(list(folder.iterdir()))


def _grow_ray(source: Source) -> None:
    trial = source.file / f"Trainable_ffff_{_next(source.file)}"
    trial.mkdir()
    row = {"val_accuracy": 0.5, "training_iteration": 1, "config": {"learning_rate": 0.1}}
    (trial / "result.json").write_text(json.dumps(row) + "\n")


def _grow_hpbandster(source: Source) -> None:
    path = source.file / "configs.json"
    key = [9, 0, path.read_text().count("\n")]
    with path.open("a") as file:
        file.write(json.dumps([key, {"momentum": 0.5}, {"model_based_pick": False}]) + "\n")


def _grow_smac(source: Source) -> None:
    path = source.file / "runhistory.json"
    data = json.loads(path.read_text())
    key = 1000 + len(data["configs"])
    data["configs"][str(key)] = {"momentum": 0.5}
    data["data"].append(data["data"][0] | {"config_id": key})
    path.write_text(json.dumps(data))


def _grow_syne(source: Source) -> None:
    trial = source.file / str(_next(source.file))
    trial.mkdir()
    (trial / "config.json").write_text('{"momentum": 0.5}')


def _grow_nni(source: Source) -> None:
    with closing(sqlite3.connect(source.file / "db" / "nni.sqlite")) as database, database:
        (count,) = database.execute("SELECT COUNT(*) FROM TrialJobEvent").fetchone()
        row = (2e12, f"job{count}", "WAITING", 1000 + count)
        database.execute(
            "INSERT INTO TrialJobEvent (timestamp, trialJobId, event, sequenceId)"
            " VALUES (?, ?, ?, ?)",
            row,
        )


def _grow_orion(source: Source) -> None:
    path = source.file
    data = json.loads(path.read_text())
    trial = data["trials"][0] | {"_id": f"new{len(data['trials'])}", "id": None, "parent": None}
    data["trials"].append(trial)
    path.write_text(json.dumps(data))


def _orion(folder: Path) -> Source:
    shutil.copyfile(RUNS / "orion" / "orion.json", folder / "source")
    return Source.parse(folder / "source")


def _grow_parquet(name: str, key: str) -> Callable[[Source], None]:
    def grow(source: Source) -> None:
        path = source.file / name
        table = pq.read_table(path)
        row = table.slice(0, 1).to_pylist()[0]
        row[key] = 1000 + len(table) if key == "config_id" else f"trial_number={len(table)}"
        more = pa.Table.from_pylist([row], schema=table.schema)
        pq.write_table(pa.concat_tables([table, more]), path)

    return grow


def _amltk(folder: Path) -> Source:
    rows: list[dict[str, object]] = [
        {
            "status": "fail" if n == 3 else "success",
            "exception": "ValueError: no" if n == 3 else "NA",
            "metric:accuracy [0.0, 1.0] (maximize)": None if n == 3 else n / 10,
            "config:depth": n,
            "profile:trial:time:start": 1.7e9 + n,
            "profile:trial:time:end": 1.7e9 + n + 0.5,
            "name": f"trial_number={n}",
        }
        for n in range(6)
    ]
    (folder / "source").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "source" / "history.parquet")
    return Source.parse(folder / "source")


SPACE = {
    "hyperparameters": [
        {"name": "lr", "type": "uniform_float", "lower": 1e-4, "upper": 0.1, "log": True},
        {"name": "model", "type": "categorical", "choices": ["mlp", "cnn"]},
        {"name": "width", "type": "uniform_int", "lower": 8, "upper": 64},
    ],
    "conditions": [{"type": "EQ", "child": "width", "parent": "model", "value": "mlp"}],
}


def _deepcave(folder: Path) -> Source:
    place = folder / "source"
    place.mkdir()
    objectives = [
        {"name": "accuracy", "lower": 0, "upper": 1, "optimize": "upper"},
        {"name": "time", "lower": 0, "upper": 9, "optimize": "lower"},
    ]
    configs = {str(n): {"lr": 0.01, "model": "mlp", "width": 8 + n} for n in range(4)}
    rows: list[list[object]] = [
        [n, budget, -1, [n / 10, 1.0], 0.0, 1.0, 4 if n == 3 else 1, {}]
        for budget in (1, 3)
        for n in range(4)
        if budget == 1 or n > 1
    ]
    (place / "meta.json").write_text(json.dumps({"objectives": objectives, "budgets": [1, 3]}))
    (place / "configs.json").write_text(json.dumps(configs))
    (place / "configspace.json").write_text(json.dumps(SPACE))
    (place / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Source.parse(place)


def _grow_deepcave(source: Source) -> None:
    path = source.file / "configs.json"
    configs = json.loads(path.read_text())
    path.write_text(json.dumps(configs | {str(100 + len(configs)): {"lr": 0.02}}))


def _dataframe(folder: Path) -> Source:
    place = folder / "source"
    place.mkdir()
    (place / "configspace.csv").write_text(
        "name,type,log,lower,upper\nlr,float,True,1e-4,0.1\nwidth,integer,False,1,9\n"
    )
    (place / "trials.csv").write_text(
        "config_id,lr,width,metric:accuracy [0.0; 1.0] (maximize),status,budget\n"
        + "".join(f"{n},0.0{n + 1},{n + 1},0.{n},success,1\n" for n in range(5))
    )
    return Source.parse(place)


def _grow_dataframe(source: Source) -> None:
    path = source.file / "trials.csv"
    number = 100 + path.read_text().count("\n")
    with path.open("a") as file:
        file.write(f"{number},0.05,5,0.5,crashed,1\n")


def _folder(folder: Path) -> Source:
    run_of("hpbandster")(folder / "source" / "deep").file.rename(folder / "source" / "a")
    shutil.copyfile(RUNS / "orion" / "orion.json", folder / "source" / "b")
    return Source.parse(folder / "source")


def _grow_folder(source: Source) -> None:
    _grow_orion(Source.parse(source.file / "b"))


RUN_FORMATS = [
    Format("ray-tune", run_of("ray_tune/asha"), _grow_ray),
    Format("hpbandster", run_of("hpbandster"), _grow_hpbandster),
    Format("smac3", run_of("smac3/mf/6"), _grow_smac),
    Format("syne-tune", run_of("syne_tune/digits-bohb"), _grow_syne),
    Format("nni", run_of("nni"), _grow_nni),
    Format("orion", _orion, _grow_orion),
    Format("dehb", run_of("dehb"), _grow_parquet("history.parquet.gzip", "config_id")),
    Format("amltk", _amltk, _grow_parquet("history.parquet", "name")),
    Format("deepcave", _deepcave, _grow_deepcave),
    Format("deepcave-dataframe", _dataframe, _grow_dataframe),
    Format("folder", _folder, _grow_folder),
]
