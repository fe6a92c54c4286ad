"""Real sources of a few trials, so that every byte of one can be damaged.

What is left of a source is as its framework wrote it: fewer trials, in smaller pages.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

from hypertendril.readers import Source
from tests.contract.run_formats import Format

KEPT = 3  # trials of a source, or of each study in it
PAGE_BYTES = 512  # the smallest pages SQLite knows

_OPTUNA = (
    f"DELETE FROM trials WHERE number >= {KEPT}",
    *(
        f"DELETE FROM {table} WHERE trial_id NOT IN (SELECT trial_id FROM trials)"
        for table in (
            "trial_params",
            "trial_values",
            "trial_intermediate_values",
            "trial_user_attributes",
            "trial_system_attributes",
        )
    ),
)
_NNI = tuple(
    f"DELETE FROM {table} WHERE trialJobId NOT IN (SELECT DISTINCT trialJobId FROM TrialJobEvent"
    f" LIMIT {KEPT})"
    for table in ("MetricData", "TrialJobEvent")
)


def small_source(form: Format, folder: Path) -> Source:
    """Return the source of a format with as few trials as show all of its parts."""
    source = form.make(folder)
    place = source.file
    if form.reader in _SHRUNK:
        _SHRUNK[form.reader](place)
    elif place.is_file() and place.read_bytes().startswith(b"SQLite format 3"):
        _database(place)
    return source


def _database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("VACUUM")


def _folders(pattern: str) -> Callable[[Path], None]:
    def shrink(place: Path) -> None:
        for folder in islice(sorted(place.glob(pattern)), KEPT, None):
            shutil.rmtree(folder)

    return shrink


def _mlflow(place: Path) -> None:
    if place.is_file():
        _database(place)
        return
    runs = sorted(path.parent for path in place.glob("*/*/params"))
    nested = [run for run in runs if (run / "tags" / "mlflow.parentRunId").exists()]
    for run in nested[KEPT:]:
        shutil.rmtree(run)


def _journal(path: Path) -> None:
    """Keep the first trials of each study; trials are numbered in the order they were made."""
    kept: list[str] = []
    renumbered: dict[int, int] = {}
    of_study: dict[int, int] = {}
    made = 0
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["op_code"] == 4:
            study = record["study_id"]
            of_study[study] = of_study.get(study, 0) + 1
            if of_study[study] <= KEPT:
                renumbered[made] = len(renumbered)
                kept.append(line)
            made += 1
        elif "trial_id" not in record:
            kept.append(line)
        elif record["trial_id"] in renumbered:
            record["trial_id"] = renumbered[record["trial_id"]]
            kept.append(json.dumps(record, separators=(",", ":")))
    path.write_text("\n".join(kept) + "\n")


def _orion(path: Path) -> None:
    data = json.loads(path.read_text())
    of_experiment: dict[object, int] = {}
    trials = []
    for trial in data["trials"]:
        name = trial["experiment"]
        of_experiment[name] = of_experiment.get(name, 0) + 1
        if of_experiment[name] <= KEPT:
            trials.append(trial)
    path.write_text(json.dumps(data | {"trials": trials}))


_SHRUNK: dict[str, Callable[[Path], None]] = {
    "ray-tune": _folders("DigitsTrainable_*"),
    "tensorboard": _folders("trial_*"),
    "mlflow": _mlflow,
    "nni": lambda place: _database(place / "db" / "nni.sqlite", *_NNI),
    "optuna": lambda path: _database(path, *_OPTUNA),
    "optuna-journal": _journal,
    "orion": _orion,
    "folder": lambda place: _orion(place / "b"),
}
