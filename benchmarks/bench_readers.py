"""What reading costs: Optuna studies, beside what Optuna itself needs, and large folders of Ray Tune.

Targets: SQLite with 10,000 and 50,000 trials x 8 into columns in at most 0.5 and 2.0 s of CPU; a
folder of 2 GiB in at most 512 MiB above the columns of the study.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from benchmarks.harness import peak_memory_bytes, print_cells
from benchmarks.make_ray_run import make_ray_run
from benchmarks.make_study import SPACE, STUDY_NAME, Draw, draw, synthetic_study
from hypertendril.readers import ReadStudy, Source, detect, read
from hypertendril.readers.result import Tail
from hypertendril.readers.uncollected import uncollected

SIZES = (10_000, 50_000)
GROWN = 50_000  # trials of the sources that grow
DOCUMENT_TRIALS = 1_000_000  # of one JSON document
REPEATS = 3
TARGETS = {("sqlite", 10_000): "0.5", ("sqlite", 50_000): "2.0"}
RAY_SIZES = ((1_000, 100), (3_000, 1_000))  # the second one has 2 GiB
MOST_ABOVE_MIB = 512
CODES = {"COMPLETE": 1, "PRUNED": 2, "FAIL": 3}
T = TypeVar("T")


def synthetic_journal(n: int) -> Path:
    """Return a journal of the trials of `synthetic_study(n)`: from the cache, or made now."""
    path = synthetic_study(n).with_suffix(".log")
    if not path.exists():
        fresh = path.with_name(f"{os.getpid()}-{path.name}")
        optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(fresh))),
            study_name=STUDY_NAME,
            direction="maximize",
        )
        with fresh.open("a", encoding="utf-8") as file:
            for operation in _operations(draw(n)):
                line = {"op_code": operation.pop("op_code"), "worker_id": "w-1"} | operation
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
        fresh.replace(path)
    return path


def _operations(trials: Draw) -> Iterator[dict[str, Any]]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    texts = {name: distribution_to_json(distribution) for name, distribution in SPACE.items()}
    for row, state in enumerate(trials.state.tolist()):
        begun = start + timedelta(seconds=row)
        yield {"op_code": 4, "study_id": 0, "datetime_start": begun.isoformat()}
        for name, values in trials.values.items():
            value = values[row].item()
            yield {
                "op_code": 5,
                "trial_id": row,
                "param_name": name,
                "param_value_internal": value,
                "distribution": texts[name],
            }
        objective = trials.objective[row].item()
        for step in range(1, 21 if trials.has_curve[row] else 1):
            report = {"step": step, "intermediate_value": objective * step / 20}
            yield {"op_code": 7, "trial_id": row} | report
        yield {
            "op_code": 6,
            "trial_id": row,
            "state": CODES[state],
            "values": None if state == "FAIL" else [objective],
            "datetime_complete": (begun + timedelta(seconds=30)).isoformat(),
        }


def timed(action: Callable[[], T], repeats: int = 1) -> tuple[float, T]:
    """Return the least CPU seconds of some runs, and what the last one returned."""
    costs = []
    for _ in range(repeats):
        begun = time.process_time()
        found = action()
        costs.append(time.process_time() - begun)
    return min(costs), found


def idle_poll_seconds(path: Path) -> float:
    """Return the CPU of asking whether an unchanged source has changed."""
    source = Source.parse(path)
    reader = detect(source)
    return timed(lambda: [reader.change_token(source) for _ in range(1000)])[0] / 1000


def append_poll_seconds(path: Path) -> float:
    """Return the CPU of a second look at a source that has been read."""
    source = Source.parse(path)
    tail = detect(source).follow(source)
    look(tail)
    return timed(partial(look, tail))[0]


def differences(ours: ReadStudy, theirs: list[optuna.trial.FrozenTrial]) -> int:
    """Return how many cells differ between our columns and what Optuna reads."""
    study, wrong = ours.as_study(), 0
    curve_points = 0
    for row, trial in enumerate(theirs):
        wrong += study.params(row) != trial.params
        wrong += int(study.trials.number[row]) != trial.number
        value = trial.values[0] if trial.values else np.nan
        if trial.state is not optuna.trial.TrialState.PRUNED or trial.values:
            wrong += not np.array_equal(study.trials.objectives[row, 0], value, equal_nan=True)
        started = trial.datetime_start.timestamp() if trial.datetime_start else np.nan
        wrong += abs(study.trials.started[row] - started) > 1e-5
        steps, values = study.curves.of(row, 0)
        points = trial.intermediate_values
        wrong += steps.tolist() != sorted(points) or values.tolist() != [points[s] for s in steps]
        curve_points += len(points)
    return wrong + abs(len(study) - len(theirs)) + abs(len(study.curves) - curve_points)


def print_optuna() -> None:
    """Print what Optuna studies cost, in a database and in a journal."""
    rows = []
    for kind, make in (("sqlite", synthetic_study), ("journal", synthetic_journal)):
        for n in SIZES:
            path = make(n)
            cost, (study,) = timed(partial(read, path), REPEATS)
            cells = [f"{kind} {n:,}", f"{cost:.3f}", TARGETS.get((kind, n), "")]
            cells += [f"{append_poll_seconds(path):.3f}", f"{idle_poll_seconds(path) * 1e6:.0f}"]
            rows.append([*cells, *_optuna_cells(kind, path, study)])
    heads = ["", "read s", "target s", "look again s", "unchanged us"]
    heads += ["Optuna trials s", "Optuna dataframe s", "differences"]
    title = "Reading Optuna studies into columns; CPU seconds, ours least of 3"
    print_cells(title, heads, rows)


def _optuna_cells(kind: str, path: Path, study: ReadStudy) -> list[str]:
    def load() -> optuna.Study:
        storage: Any = f"sqlite:///{path}"
        if kind == "journal":
            storage = JournalStorage(JournalFileBackend(str(path)))
        return optuna.load_study(study_name=STUDY_NAME, storage=storage)

    cost, trials = timed(lambda: load().trials)
    frame_cost, _ = timed(lambda: load().trials_dataframe())
    return [f"{cost:.2f}", f"{frame_cost:.2f}", str(differences(study, trials))]


@dataclass(frozen=True)
class Reading:
    """What reading a folder in a process of its own took.

    Attributes:
        peak_bytes: The most memory the process ever had.
        column_bytes: Of that, what the study is made of.
    """

    cpu_seconds: float
    peak_bytes: int
    column_bytes: int
    trials: int
    points: int


def reading(path: Path) -> Reading:
    """Read the one study there is at `path`; to be called in a fresh process."""
    cost, (found,) = timed(lambda: read(path))
    study = found.as_study()
    parts = (study.trials, study.evaluations, study.curves)
    columns = [getattr(part, f.name) for part in parts for f in fields(part)]
    return Reading(
        cost,
        peak_memory_bytes(),
        sum(column.nbytes for column in columns if isinstance(column, np.ndarray)),
        len(study),
        len(study.curves),
    )


def print_ray() -> None:
    """Print what folders of Ray Tune cost, and the memory a large one needs."""
    rows = []
    for trials, results in RAY_SIZES:
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(1, get_context("spawn")) as fresh,
        ):
            path = Path(folder) / "run"
            size = make_ray_run(path, trials, results)
            found = fresh.submit(reading, path).result()
        above = (found.peak_bytes - found.column_bytes) / 2**20
        cells = [f"{size / 2**20:.0f}", f"{found.cpu_seconds:.1f}", f"{found.points:,}"]
        cells += [f"{found.column_bytes / 2**20:.0f}", f"{above:.0f}", str(MOST_ABOVE_MIB)]
        rows.append([f"{trials:,} trials x {results:,} results", *cells])
    heads = ["", "MiB", "read s", "curve points", "columns MiB", "peak above MiB", "target MiB"]
    print_cells("Reading folders of Ray Tune; CPU seconds, memory of the process", heads, rows)


def growing_table(folder: Path) -> tuple[Path, Path, str]:
    """Return a CSV table, the file that grows, and the row that comes."""
    path, chance = folder / "runs.csv", np.random.default_rng(0)
    columns = [*(f"param:x{i}" for i in range(8)), "objective:y:minimize", "started", "ended"]
    with path.open("w") as file:
        file.write(",".join(["number", "state", *columns]) + "\n")
        for n, row in enumerate(chance.random((GROWN, len(columns)))):
            file.write(f"{n},complete," + ",".join(map(repr, row.tolist())) + "\n")
    return path, path, f"{GROWN},complete" + ",0.5" * len(columns) + "\n"


def growing_history(folder: Path) -> tuple[Path, Path, str]:
    """Return a run of DeepCAVE, the file that grows, and the row that comes."""
    run, values = folder / "run", np.random.default_rng(0).random((GROWN, 8)).tolist()
    run.mkdir()
    names = [f"x{i}" for i in range(8)]
    floats = [{"name": n, "type": "uniform_float", "lower": 0, "upper": 1} for n in names]
    (run / "configspace.json").write_text(json.dumps({"hyperparameters": floats}))
    configs = {str(n): dict(zip(names, row, strict=True)) for n, row in enumerate(values)}
    (run / "configs.json").write_text(json.dumps(configs))
    goal = {"name": "loss", "lower": 0, "upper": 1, "optimize": "lower"}
    (run / "meta.json").write_text(json.dumps({"objectives": [goal], "budgets": [1]}))
    rows = [json.dumps([n, 1, -1, [values[n][0]], n, n + 1, 1, {}]) for n in range(GROWN)]
    (run / "history.jsonl").write_text("\n".join(rows) + "\n")
    return run, run / "history.jsonl", rows[0] + "\n"


def growing_hiplot(folder: Path) -> tuple[Path, Path, str]:
    """Return a table of HiPlot, which is the file that grows, and the row that comes."""
    path, chance = folder / "hiplot.csv", np.random.default_rng(0)
    columns = [*(f"x{i}" for i in range(8)), "loss"]
    with path.open("w") as file:
        file.write(",".join(["uid", "from_uid", *columns]) + "\n")
        for n, row in enumerate(chance.random((GROWN, len(columns)))):
            file.write(f"{n},," + ",".join(map(repr, row.tolist())) + "\n")
    return path, path, f"{GROWN}," + ",0.5" * len(columns) + "\n"


def growing_journal(folder: Path) -> tuple[Path, Path, str]:
    """Return a journal of Optuna, which is the file that grows, and the line that comes."""
    path = folder / "journal.log"
    shutil.copyfile(synthetic_journal(GROWN), path)
    return path, path, '{"op_code":4,"worker_id":"w-1","study_id":0,"datetime_start":null}\n'


def look(tail: Tail) -> tuple[ReadStudy, ...]:
    """Return what a tail reads, in the way a follower lets it read."""
    with uncollected():
        return tail.advance()


def large_document(path: Path) -> Path:
    """Return a study in the generic form of some 300 MB, one JSON object."""
    chance = np.random.default_rng(0)
    with path.open("w") as file:
        file.write('{"objectives": ["loss"], "trials": [')
        for n in range(DOCUMENT_TRIALS):
            row = chance.random(9).tolist()
            params = {f"x{i}": value for i, value in enumerate(row[:8])}
            trial = {"number": n, "params": params, "values": {"loss": row[8]}}
            file.write((", " if n else "") + json.dumps(trial))
        file.write("]}")
    return path


def print_document() -> None:
    """Print what one large JSON document costs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn")) as fresh,
    ):
        path = large_document(Path(folder) / "study.json")
        size = path.stat().st_size
        found = fresh.submit(reading, path).result()
    cells = [f"{size / 2**20:.0f}", f"{found.cpu_seconds:.1f}", f"{found.peak_bytes / 2**20:.0f}"]
    title = "Reading one JSON document; CPU seconds, memory of the process"
    print_cells(title, ["", "MiB", "read s", "peak MiB"], [[f"{DOCUMENT_TRIALS:,} trials", *cells]])


def print_growing() -> None:
    """Print what a look at a source costs after a line has come."""
    rows = []
    for make in (growing_table, growing_history, growing_hiplot, growing_journal):
        with tempfile.TemporaryDirectory() as folder:
            path, file, line = make(Path(folder))
            source = Source.parse(path)
            tail = detect(source).follow(source)
            first, _ = timed(partial(look, tail))
            costs = []
            for _ in range(REPEATS):
                with file.open("a") as grown:
                    grown.write(line)
                costs.append(timed(partial(look, tail))[0])
        rows.append([file.name, f"{first:.2f}", f"{min(costs):.3f}"])
    title = (
        f"A source of {GROWN:,} trials x 8 to which a line comes; CPU seconds, least of {REPEATS}"
    )
    print_cells(title, ["", "first look s", "look after a line s"], rows)


def main() -> None:
    """Print the tables."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print_growing()
    print_document()
    print_optuna()
    print_ray()


if __name__ == "__main__":
    main()
