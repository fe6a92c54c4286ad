"""A source of every format, and how it grows by one trial."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hypertendril.readers import Source
from tests.contract.run_formats import RUN_FORMATS, Format
from tests.contract.service_formats import SERVICE_FORMATS
from tests.contract.tracker_formats import TRACKER_FORMATS

DATA = Path(__file__).parents[1] / "data" / "readers"


def _copied(name: str) -> Callable[[Path], Source]:
    def make(folder: Path) -> Source:
        shutil.copyfile(DATA / name, folder / "source")
        return Source.parse(folder / "source")

    return make


def _url(folder: Path) -> Source:
    return Source(url=f"sqlite:///{_copied('optuna.db')(folder).path}")


def _grow_database(source: Source) -> None:
    path = source.path or Path((source.url or "").removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO trials (study_id, number, state) VALUES (1, 999, 'FAIL')")


def _grow_journal(source: Source) -> None:
    operation = {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": None, "state": 3}
    with source.file.open("a") as file:
        file.write(json.dumps(operation) + "\n")


def _generic(folder: Path) -> Source:
    trials = [
        {
            "number": n,
            "params": {"x": n / 10, "c": "ab"[n % 2]},
            "values": {"y": n},
            "parent": n - 1 if n % 3 else None,
            "curves": {"y": [[1, 0.5], [2, n]]},
        }
        for n in range(9)
    ]
    path = folder / "source"
    path.write_text(json.dumps({"objectives": ["y"], "trials": trials}))
    return Source.parse(path)


def _grow_generic(source: Source) -> None:
    data = json.loads(source.file.read_text())
    data["trials"].append({"number": 99, "state": "failed"})
    source.file.write_text(json.dumps(data))


def _table(folder: Path) -> Source:
    rows = [f"{n},complete,{n / 10},{'ab'[n % 2]},{n}" for n in range(9)]
    path = folder / "source"
    path.write_text("number,state,param:x,param:c,objective:y:minimize\n" + "\n".join(rows) + "\n")
    return Source.parse(path)


def _grow_table(source: Source) -> None:
    with source.file.open("a") as file:
        file.write("99,failed,,,\n")


FORMATS = [
    *RUN_FORMATS,
    *TRACKER_FORMATS,
    *SERVICE_FORMATS,
    Format("optuna", _copied("optuna.db"), _grow_database),
    Format("optuna-journal", _copied("optuna.journal.log"), _grow_journal),
    Format("optuna-url", _url, _grow_database),
    Format("table", _table, _grow_table),
    Format("generic", _generic, _grow_generic),
]
