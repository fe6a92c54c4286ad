"""Sources of the formats of services, made from their documented schemas."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from hypertendril.readers import Source
from tests.contract.run_formats import Format

LOGS = Path(__file__).parents[1] / "data" / "trackers"

AUPTIMIZER = """
CREATE TABLE experiment (eid INTEGER PRIMARY KEY, uid INTEGER, exp_config BLOB, start_time INTEGER,
  end_time INTEGER, error_msg TEXT, status TEXT);
CREATE TABLE job (jid INTEGER PRIMARY KEY, eid INTEGER, rid INTEGER, score REAL, job_config BLOB,
  start_time INTEGER, end_time INTEGER, status TEXT);
CREATE TABLE intermediate_result (irid INTEGER PRIMARY KEY, num INTEGER, jid INTEGER, score REAL,
  receive_time INTEGER);
"""
ATM = """
CREATE TABLE dataruns (id INTEGER PRIMARY KEY, dataset_id INTEGER, description TEXT, selector TEXT,
  tuner TEXT, metric TEXT, score_target TEXT, status TEXT);
CREATE TABLE hyperpartitions (id INTEGER PRIMARY KEY, datarun_id INTEGER, method TEXT);
CREATE TABLE classifiers (id INTEGER PRIMARY KEY, datarun_id INTEGER, hyperpartition_id INTEGER,
  hyperparameter_values_64 TEXT, cv_judgment_metric NUMERIC, cv_judgment_metric_stdev NUMERIC,
  test_judgment_metric NUMERIC, start_time DATETIME, end_time DATETIME, status TEXT,
  error_message TEXT);
INSERT INTO dataruns VALUES (1, 1, 'pollution', 'uniform', 'gp', 'f1', 'cv_judgment_metric', 'complete');
INSERT INTO hyperpartitions VALUES (1, 1, 'knn'), (2, 1, 'svm');
"""
CHOPT = {
    "name": "resnet",
    "config": {
        "h_params": {
            "lr": {"parameters": [0.01, 0.09], "distribution": "log_uniform", "type": "float",
                   "p_range": [0.001, 0.1]},
            "depth": {"parameters": [20, 110], "distribution": "uniform", "type": "int"},
            "act": {"parameters": ["relu", "elu"], "distribution": "categorical", "type": "str"},
            "slope": {"parameters": [0.1, 0.9], "distribution": "uniform", "type": "float"},
        },
        "h_params_conditions": {"slope": {"act": ["elu"]}},
        "measure": "test/accuracy",
        "order": "descending",
        "tune": {"pbt": {"exploit": "truncation", "explore": "perturb"}},
    },
}  # fmt: skip


def _script(folder: Path, sql: str) -> Source:
    path = folder / "source"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(sql)
    return Source.parse(path)


def database_of(name: str, path: Path) -> Path:
    """Return a database made of the statements in a log."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript((LOGS / name).read_text())
    return path


def vizier_service(folder: Path) -> Source:
    return Source.parse(database_of("vizier_service.sql", folder / "source"))


def auptimizer_run(folder: Path) -> Source:
    return Source.parse(database_of("auptimizer.sql", folder / "source"))


def atm_run(folder: Path) -> Source:
    return Source.parse(database_of("atm.sql", folder / "source"))


def auptimizer(folder: Path) -> Source:
    source = _script(folder, AUPTIMIZER)
    config = {
        "name": "rosenbrock",
        "proposer": "random",
        "target": "min",
        "parameter_config": [
            {"name": "x", "range": [-5, 10], "type": "float"},
            {"name": "n", "range": [1, 8], "type": "int"},
            {"name": "act", "range": ["relu", "tanh"], "type": "choice"},
        ],
    }
    with closing(sqlite3.connect(source.file)) as database, database:
        row = (1, 1, json.dumps(config), 1.7e9, None, None, "RUNNING")
        database.execute("INSERT INTO experiment VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for n in range(6):
            job = {"x": n - 2.5, "n": n + 1, "act": "relu", "job_id": n}
            status = "FAILED" if n == 4 else "FINISHED"
            text = json.dumps(job) if n else str(job)  # as old releases write it
            score = None if n == 4 else n / 2
            values = (n + 1, 1, 1, score, text, str(1_700_000_000 + n), 1_700_000_009 + n, status)
            database.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            for num in range(3):
                point = (num, n + 1, 3.0 - num)
                database.execute(
                    "INSERT INTO intermediate_result (num, jid, score) VALUES (?, ?, ?)", point
                )
    return source


def _grow_auptimizer(source: Source) -> None:
    with closing(sqlite3.connect(source.file)) as database, database:
        database.execute("INSERT INTO job (eid, job_config) VALUES (1, '{\"x\": 1}')")


def atm(folder: Path) -> Source:
    source = _script(folder, ATM)
    with closing(sqlite3.connect(source.file)) as database, database:
        for n in range(5):
            status = "errored" if n == 3 else "complete"
            times = "2026-01-01 10:00:00.000000", f"2026-01-01 10:00:0{n}.500000"
            row = (n + 1, 1, n % 2 + 1, "gAR9lC4=", n / 10, 0.01, n / 9, *times, status, None)
            database.execute(
                "INSERT INTO classifiers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )
    return source


def _grow_atm(source: Source) -> None:
    with closing(sqlite3.connect(source.file)) as database, database:
        database.execute(
            "INSERT INTO classifiers"
            " (datarun_id, hyperpartition_id, hyperparameter_values_64, status)"
            " VALUES (1, 1, '', 'running')"
        )


def vizier(folder: Path) -> Source:
    return Source.parse(database_of("vizier.sql", folder / "source"))


def _grow_vizier(source: Source) -> None:
    with closing(sqlite3.connect(source.file)) as database, database:
        database.execute(
            "INSERT INTO trials SELECT trial_name || '+', owner_id, study_id, trial_id + 100,"
            " serialized_trial FROM trials ORDER BY trial_id DESC LIMIT 1"
        )


def katib(folder: Path) -> Source:
    shutil.copyfile(LOGS / "katib.yaml", folder / "source")
    return Source.parse(folder / "source")


def _grow_katib(source: Source) -> None:
    text = source.file.read_text()
    name = f"digits-{text.count('kind: Trial')}"
    source.file.write_text(
        f"{text}- apiVersion: kubeflow.org/v1beta1\n  kind: Trial\n  metadata:\n    name: {name}\n"
        "    labels: {katib.kubeflow.org/experiment: digits}\n"
    )


def chopt(folder: Path) -> Source:
    sessions = [
        {
            "session_id": f"s{n}",
            "parent": f"s{n - 2}" if n > 1 else None,
            "status": "stopped" if n == 0 else "done",
            "h_params": {"lr": 0.01 * (n + 1), "depth": 20 + n, "act": "relu"},
            "history": [{"step": s, "test/accuracy": 0.1 * s + n / 100} for s in (1, 2, 3)],
        }
        for n in range(5)
    ]
    (folder / "source").write_text(json.dumps(CHOPT | {"sessions": sessions}))
    return Source.parse(folder / "source")


def _grow_chopt(source: Source) -> None:
    data = json.loads(source.file.read_text())
    data["sessions"].append({"session_id": f"new{len(data['sessions'])}"})
    source.file.write_text(json.dumps(data))


def table(folder: Path) -> Source:
    rows = [f"r{n},FINISHED,2026-01-01 10:0{n}:00+00:00,0.0{n + 1},relu,0.{n}" for n in range(6)]
    header = "run_id,status,start_time,params.lr,params.act,metrics.val_loss"
    (folder / "source").write_text("\n".join([header, *rows]) + "\n")
    return Source.parse(folder / "source")


def _grow_table(source: Source) -> None:
    with source.file.open("a") as file:
        file.write(f"n{source.file.stat().st_size},RUNNING,,0.5,relu,\n")


SERVICE_FORMATS = [
    Format("katib", katib, _grow_katib),
    Format("vizier", vizier, _grow_vizier),
    Format("vizier", vizier_service, _grow_vizier),
    Format("auptimizer", auptimizer, _grow_auptimizer),
    Format("auptimizer", auptimizer_run, _grow_auptimizer),
    Format("atm", atm, _grow_atm),
    Format("atm", atm_run, _grow_atm),
    Format("chopt", chopt, _grow_chopt),
    Format("tracker-table", table, _grow_table),
]
