"""A storage with Optuna's schema whose rows a test writes itself, quicker than Optuna would."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self

DATA = Path(__file__).parents[2] / "data" / "readers"
FLOAT = {
    "name": "FloatDistribution",
    "attributes": {"low": 0.0, "high": 1.0, "log": False, "step": None},
}
_LONG = (
    "trial_params",
    "trial_values",
    "trial_intermediate_values",
    "trial_user_attributes",
    "trial_system_attributes",
    "trials",
    "study_directions",
    "study_user_attributes",
    "study_system_attributes",
    "studies",
)


def categorical(*choices: Any) -> dict[str, Any]:
    """Return the distribution of a choice as Optuna stores it."""
    return {"name": "CategoricalDistribution", "attributes": {"choices": list(choices)}}


class Storage:
    """Writes studies and trials into a file; each call is one commit."""

    def __init__(self, path: Path, journal_mode: str = "delete") -> None:
        self.path = path
        shutil.copyfile(DATA / "optuna.db", path)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = OFF")  # tests cut no power
        for table in _LONG:
            self.connection.execute(f"DELETE FROM {table}")
        self.connection.execute("VACUUM")
        self.connection.execute(f"PRAGMA journal_mode = {journal_mode}")

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def insert(self, table: str, **cells: Any) -> int:
        """Insert one row; return its id."""
        names, marks = ", ".join(f'"{name}"' for name in cells), ", ".join("?" * len(cells))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return int(self.connection.execute(sql, tuple(cells.values())).lastrowid or 0)

    def study(self, name: str = "one", *directions: str) -> int:
        """Add a study; return its id."""
        study = self.insert("studies", study_name=name)
        for i, direction in enumerate(directions or ("MINIMIZE",)):
            self.insert("study_directions", study_id=study, direction=direction, objective=i)
        return study

    def trial(
        self,
        study: int,
        state: str = "COMPLETE",
        value: float | None = 0.5,
        params: Mapping[str, Any] | None = None,
        reports: Mapping[int, float | None] | None = None,
        **cells: Any,
    ) -> int:
        """Add a trial in one commit; `params` maps names to (value as stored, distribution)."""
        self.connection.execute("BEGIN")
        count = "SELECT COUNT(*) FROM trials WHERE study_id = ?"
        number = self.connection.execute(count, (study,)).fetchone()[0]
        row = {
            "study_id": study,
            "number": number,
            "state": state,
            "datetime_start": "2026-01-02 03:04:05.000000",
            "datetime_complete": "2026-01-02 03:04:06.500000",
        }
        trial = self.insert("trials", **(row | cells))
        for name, (stored, distribution) in (params or {"x": (0.25, FLOAT)}).items():
            self.param(trial, name, stored, distribution)
        if value is not None:
            self.insert(
                "trial_values", trial_id=trial, objective=0, value=value, value_type="FINITE"
            )
        for step, reported in (reports or {}).items():
            self.report(trial, step, reported)
        self.connection.execute("COMMIT")
        return trial

    def param(self, trial: int, name: Any, stored: Any, distribution: Any) -> None:
        text = distribution if isinstance(distribution, str) else json.dumps(distribution)
        self.insert(
            "trial_params",
            trial_id=trial,
            param_name=name,
            param_value=stored,
            distribution_json=text,
        )

    def report(self, trial: int, step: int, value: float | None) -> None:
        kind = "NAN" if value is None else "FINITE"
        self.insert(
            "trial_intermediate_values",
            trial_id=trial,
            step=step,
            intermediate_value=value,
            intermediate_value_type=kind,
        )

    def execute(self, sql: str, *cells: Any) -> None:
        self.connection.execute(sql, cells)


def checksum(path: Path) -> str:
    """Return what SQLite itself says of a file."""
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
