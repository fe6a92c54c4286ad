"""The experiment store: what appends, snapshots, opening and a million trials cost, and what kills lose.

python -m benchmarks.bench_store [--trials 100000] [--large 1000000] [--kills 25]

Targets: a snapshot in under 1 ms, also while others write; 1,000,000 trials x 16 within 1 GiB;
100,000 trials with 10 evaluations each written by a process that is killed again and again: nothing
acknowledged is missing.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.harness import peak_memory_bytes, print_cells
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.store import Batch, ExperimentStore, TrialUpdates
from tests.faults import test_store_killed_writer as killed

WIDTH = 16
EVALUATIONS_A_TRIAL = 10
TRIALS_A_BATCH = 100
ROWS_AT_ONCE = 50_000
STREAMED_TRIALS, REPORTS_A_TRIAL = 1_000, 10


@dataclass
class Times:
    """How long something took, each time it was done; seconds."""

    all: list[float] = field(default_factory=list)

    def measure(self, action: Callable[[], object]) -> None:
        start = time.perf_counter()
        action()
        self.all.append(time.perf_counter() - start)

    def cells(self) -> list[str]:
        """Return median, 99th percentile and maximum in ms, and how often it was done."""
        ms = 1000 * np.array(self.all)
        return [
            f"{np.median(ms):.4f}",
            f"{np.percentile(ms, 99):.4f}",
            f"{ms.max():.4f}",
            str(len(ms)),
        ]


def header() -> StudyHeader:
    space = tuple(Parameter(f"p{i}", ParameterKind.FLOAT, 0, 1) for i in range(WIDTH))
    objectives = (Objective("loss", Direction.MINIMIZE),)
    return StudyHeader("bench", SearchSpace(space), objectives, curve_names=("loss",))


def batch_of(first: int, n: int, evaluations_a_trial: int) -> Batch:
    rng = np.random.default_rng(first)
    trials = Trials.empty(n, WIDTH, 1, 0)
    trials.number[:] = np.arange(first, first + n)
    trials.state[:] = TrialState.COMPLETE
    trials.values[:] = rng.random((n, WIDTH))
    trials.objectives[:, 0] = rng.random(n)
    evaluations = Evaluations.empty(n * evaluations_a_trial)
    evaluations.trial[:] = np.repeat(trials.number, evaluations_a_trial)
    evaluations.value[:] = rng.random(len(evaluations))
    return Batch(trials, None, evaluations)


def update_of(store: ExperimentStore, study_id: str, row: int) -> Batch:
    updates = TrialUpdates.like(store.snapshot(study_id).trials, [row])
    updates.objectives[:] += 1
    return Batch(updates=updates)


def in_a_process_of_its_own(*arguments: object) -> str:
    """Run a part of this benchmark apart, so that its memory is its own; return what it prints."""
    command = [sys.executable, "-m", "benchmarks.bench_store", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def fill(folder: Path, n: int) -> None:
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header())
        for first in range(0, n, ROWS_AT_ONCE):
            store.append(study_id, batch_of(first, min(ROWS_AT_ONCE, n - first), 1))


def load(folder: Path) -> None:
    """Print what opening costs: before, after and peak MiB, wall and CPU seconds, update ms."""
    before, wall, cpu = peak_memory_bytes() / 2**20, time.perf_counter(), time.process_time()
    with ExperimentStore.open(folder) as store:
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        (summary,) = store.studies()
        opened, updating = peak_memory_bytes() / 2**20, Times()
        for row in range(5):
            batch = update_of(store, summary.id, row)  # a snapshot in between: columns are copied
            updating.measure(lambda batch=batch: store.append(summary.id, batch))  # type: ignore[misc]
        median = 1000 * float(np.median(updating.all))
        print(
            f"{before:.0f} {opened:.0f} {peak_memory_bytes() / 2**20:.0f} {wall:.2f} {cpu:.2f} {median:.1f}"
        )


def bench_large(place: Path, n: int) -> None:
    folder = place / "large"
    in_a_process_of_its_own("--fill", folder, "--large", n)
    size = (folder / "store.sqlite").stat().st_size / 2**20
    before, opened, peak, wall, cpu, update = in_a_process_of_its_own("--load", folder).split()
    rows = [
        ["file, MiB", f"{size:.0f}", ""],
        ["resident before, MiB", before, ""],
        ["resident peak while opening, MiB", opened, "1024"],
        ["resident peak with updates between snapshots, MiB", peak, "1024"],
        ["opening, wall s", wall, ""],
        ["opening, CPU s", cpu, ""],
        ["one update after a snapshot, ms", update, ""],
    ]
    print_cells(f"{n:,} trials x {WIDTH}, one evaluation each", ["", "measured", "target"], rows)
    shutil.rmtree(folder)


def bench_appends(place: Path, n: int) -> None:
    folder = place / "appends"
    append, first_snapshot, again, refresh, beside = (Times() for _ in range(5))
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header())
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.001):
                beside.measure(lambda: store.snapshot(study_id))

        reader = threading.Thread(target=look)
        for first in range(0, n, TRIALS_A_BATCH):
            batch = batch_of(first, TRIALS_A_BATCH, EVALUATIONS_A_TRIAL)
            append.measure(lambda batch=batch: store.append(study_id, batch))  # type: ignore[misc]
            first_snapshot.measure(lambda: store.snapshot(study_id))
            again.measure(lambda: store.snapshot(study_id))
            refresh.measure(store.refresh)
        reader.start()
        for row in range(500):
            store.append(study_id, update_of(store, study_id, row))
        done.set()
        reader.join()
    opening = Times()
    opening.measure(lambda: ExperimentStore.open(folder).close())
    rows = [
        [f"append of {TRIALS_A_BATCH} trials, durable", *append.cells(), ""],
        ["snapshot of a new version", *first_snapshot.cells(), "1"],
        ["snapshot of a known version", *again.cells(), "1"],
        ["snapshot beside a busy writer", *beside.cells(), "1"],
        ["refresh without news", *refresh.cells(), ""],
        ["opening all of it", *opening.cells(), ""],
    ]
    heads = ["ms", "median", "p99", "max", "times", "target"]
    print_cells(f"{n:,} trials, {EVALUATIONS_A_TRIAL} evaluations each", heads, rows)
    shutil.rmtree(folder)


def bench_streaming(place: Path) -> None:
    """One running study: each trial begins, reports every epoch, and ends, each in its own append."""
    folder = place / "streaming"
    append, opening = Times(), Times()
    with ExperimentStore.open(folder) as store:
        study_id = store.create(header())
        for row in range(STREAMED_TRIALS):
            batches = [batch_of(row, 1, 1)]
            for step in range(REPORTS_A_TRIAL):
                place_of = np.array([row]), np.array([0], np.int16)
                batches.append(Batch(curves=CurvePoints(*place_of, np.array([step]), np.ones(1))))
            for batch in batches:
                append.measure(lambda batch=batch: store.append(study_id, batch))  # type: ignore[misc]
            ending = update_of(store, study_id, row)
            append.measure(lambda ending=ending: store.append(study_id, ending))  # type: ignore[misc]
    opening.measure(lambda: ExperimentStore.open(folder).close())
    rows = [
        ["append of one change, durable", *append.cells()],
        [f"opening {len(append.all):,} small appends", *opening.cells()],
    ]
    print_cells(
        f"{STREAMED_TRIALS:,} trials, streamed", ["ms", "median", "p99", "max", "times"], rows
    )
    shutil.rmtree(folder)


def bench_kills(place: Path, n: int, kills: int) -> None:
    folder = place / "kills"
    chance = random.Random(1)
    n_batches = n // killed.TRIALS_A_BATCH
    acknowledged, checked = 0, []
    for _ in range(kills):
        said = killed.kill_at_random(folder, chance, n_batches, 2 * n_batches // (kills + 1))
        acknowledged = max(acknowledged, said)
        checked.append(killed.check(folder, acknowledged))
    last = killed.start("write", folder, n_batches)
    last.communicate()
    rows = [
        ["kills", str(kills)],
        ["batches acknowledged before the last kill", f"{acknowledged:,}"],
        ["whole batches found after it", f"{checked[-1]:,}"],
        ["acknowledged batches lost, doubled or wrong", "0"],  # or `check` would have raised
        ["trials in the end", f"{killed.check(folder, n_batches) * killed.TRIALS_A_BATCH:,}"],
        ["integrity_check", "ok"],
    ]
    title = f"{n:,} trials, {killed.EVALUATIONS_A_TRIAL} evaluations each, writer killed at random"
    print_cells(title, ["", "counted"], rows)
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        return fill(options.fill, options.large)
    if options.load:
        return load(options.load)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        bench_appends(place, options.trials)
        bench_streaming(place)
        bench_large(place, options.large)
        bench_kills(place, options.trials, options.kills)
    return None


if __name__ == "__main__":
    main()
