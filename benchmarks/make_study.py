"""A seeded synthetic search of any size, as the SQLite file Optuna itself would have written.

    python -m benchmarks.make_study 10000 study.db

Eight parameters (two log floats, two floats, an int, a log int, two categoricals); 15 % of the trials
pruned, 1 % failed, every tenth with a curve of 20 points. Optuna makes the schema; the rows go in by
executemany, because its own API commits trial by trial (minutes for 10,000).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

STUDY_NAME = "synthetic"
FORMAT = 1  # raise it when the content changes: older files in the cache are then left alone
CURVE_STEPS = 20
PRUNED_SHARE, FAILED_SHARE, CURVE_SHARE = 0.15, 0.01, 0.10
NOISE = 0.01
FIRST_START = datetime(2026, 1, 1)  # noqa: DTZ001  # Optuna's SQLite times are naive

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "weight_decay": FloatDistribution(1e-6, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "momentum": FloatDistribution(0.5, 0.99),
    "n_layers": IntDistribution(1, 8),
    "batch_size": IntDistribution(16, 512, log=True),
    "optimizer": CategoricalDistribution(("sgd", "adam", "adamw", "lamb")),
    "activation": CategoricalDistribution(("relu", "gelu", "silu")),
}


@dataclass(frozen=True)
class Draw:
    """Everything about the synthetic trials, as columns.

    Attributes:
        values: Parameter name to (n,) values as Optuna stores them: indices for choices.
        objective: (n,) accuracy-like, larger is better.
        state: (n,) Optuna's words.
        has_curve: (n,) whether the trial reported 20 intermediate values.
    """

    values: dict[str, NDArray[np.float64]]
    objective: NDArray[np.float64]
    state: NDArray[np.str_]
    has_curve: NDArray[np.bool_]


def draw(n: int, seed: int = 0) -> Draw:
    """Return `n` trials; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    values = {name: _sample(distribution, n, rng) for name, distribution in SPACE.items()}
    luck = rng.random(n)
    state = np.where(luck < FAILED_SHARE, "FAIL", "COMPLETE")
    state = np.where((luck >= FAILED_SHARE) & (luck < FAILED_SHARE + PRUNED_SHARE), "PRUNED", state)
    objective = _accuracy(values) + rng.normal(0.0, NOISE, n)
    has_curve = rng.random(n) < CURVE_SHARE
    return Draw(values, np.clip(objective, 0.01, 0.99), state, has_curve)


def _sample(
    distribution: BaseDistribution, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    if isinstance(distribution, CategoricalDistribution):
        return rng.integers(0, len(distribution.choices), n).astype(np.float64)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    low, high = distribution.low, distribution.high
    ends = np.log([low, high]) if distribution.log else np.array([low, high])
    found = rng.uniform(ends[0], ends[1], n)
    found = np.exp(found) if distribution.log else found
    found = np.rint(found) if isinstance(distribution, IntDistribution) else found
    return np.asarray(np.clip(found, low, high))


def _accuracy(v: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """One clear optimum in lr, a ridge between lr and weight decay, small effects of the rest."""
    lr, decay = np.log10(v["lr"]) + 2.5, np.log10(v["weight_decay"]) + 4.0
    hill = 0.85 - 0.06 * lr**2 - 0.02 * decay**2 - 0.015 * lr * decay
    return np.asarray(
        hill
        + 0.012 * v["n_layers"]
        - 0.1 * (v["dropout"] - 0.2) ** 2
        - 0.01 * np.abs(np.log2(v["batch_size"]) - 6.0)
        + 0.02 * (v["optimizer"] > 0)
    )


def write(path: Path, n: int, seed: int = 0) -> None:
    """Write the study of `draw(n, seed)` to `path`, which must not exist yet."""
    previous = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        optuna.create_study(
            storage=f"sqlite:///{path}", study_name=STUDY_NAME, direction="maximize"
        )
    finally:
        optuna.logging.set_verbosity(previous)
    with closing(sqlite3.connect(path)) as database, database:
        for table, columns, rows in _tables(draw(n, seed)):
            marks = ", ".join("?" * len(columns))
            names = ", ".join(columns)
            database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


Rows = Iterable[tuple[Any, ...]]


def _tables(trials: Draw) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Give what fills Optuna's tables: table, columns, rows. Trial ids count from 1."""
    n = len(trials.objective)
    ids = range(1, n + 1)
    yield (
        "trials",
        ("trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete"),
        ((i, i - 1, 1, trials.state[i - 1].item(), *_times(i)) for i in ids),
    )
    for name, distribution in SPACE.items():
        text = distribution_to_json(distribution)
        yield (
            "trial_params",
            ("trial_id", "param_name", "param_value", "distribution_json"),
            ((i, name, v, text) for i, v in zip(ids, trials.values[name].tolist(), strict=True)),
        )
    yield (
        "trial_values",
        ("trial_id", "objective", "value", "value_type"),
        ((row + 1, 0, value, "FINITE") for row, value in _final_values(trials)),
    )
    yield (
        "trial_intermediate_values",
        ("trial_id", "step", "intermediate_value", "intermediate_value_type"),
        ((row + 1, step, value, "FINITE") for row, step, value in _curve_points(trials)),
    )


def _times(trial_id: int) -> tuple[str, str]:
    start = FIRST_START + timedelta(seconds=trial_id)
    return str(start), str(start + timedelta(seconds=30))


def _final_values(trials: Draw) -> Iterator[tuple[int, float]]:
    """Give (row, value); a pruned trial with a curve keeps the last value it reported."""
    last_reported = {row: value for row, _, value in _curve_points(trials)}
    for row in np.flatnonzero(trials.state != "FAIL").tolist():
        value = trials.objective[row].item()
        yield row, last_reported.get(row, value) if trials.state[row] == "PRUNED" else value


def _curve_points(trials: Draw) -> Iterator[tuple[int, int, float]]:
    """Give (row, step, value): each curve rises towards its trial's objective."""
    steps = np.arange(1, CURVE_STEPS + 1)
    rise = (1.0 - np.exp(-steps / 5.0)) / (1.0 - np.exp(-CURVE_STEPS / 5.0))
    for row in np.flatnonzero(trials.has_curve).tolist():
        length = CURVE_STEPS // 2 if trials.state[row] == "PRUNED" else CURVE_STEPS
        values = (trials.objective[row] * rise[:length]).tolist()
        yield from ((row, step, value) for step, value in enumerate(values, 1))


def synthetic_study(n: int, seed: int = 0) -> Path:
    """Return a file with the study of `draw(n, seed)`: from the cache, or made now and kept there."""
    folder = Path(tempfile.gettempdir()) / "hypertendril-benchmarks"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"synthetic-{FORMAT}-{n}-{seed}.db"
    if not path.exists():
        fresh = folder / f"{os.getpid()}-{path.name}"
        fresh.unlink(missing_ok=True)
        write(fresh, n, seed)
        fresh.replace(path)
    return path


def main() -> None:
    """Write a study where the command line says."""
    parser = argparse.ArgumentParser(description="Write a synthetic Optuna study.")
    parser.add_argument("trials", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.path.exists():
        parser.error(f"{arguments.path} exists already; name a new file.")
    write(arguments.path, arguments.trials, arguments.seed)


if __name__ == "__main__":
    main()
