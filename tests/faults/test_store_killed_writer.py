"""A writer killed at any instant loses nothing it was told is kept, and writers lose nothing to each other.

Run as a program, this file is the writer: it appends batches whose every number follows
from the batch's own number, and says so after each acknowledgement.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from hypertendril.errors import StoreError
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

STUDY = "study"
TRIALS_A_BATCH = 20
EVALUATIONS_A_TRIAL = 10
DEADLINE_SECONDS = 240


def header() -> StudyHeader:
    space = SearchSpace(tuple(Parameter(f"p{i}", ParameterKind.FLOAT, 0, 1) for i in range(4)))
    objectives = (Objective("loss", Direction.MINIMIZE),)
    return StudyHeader("killed", space, objectives, curve_names=("loss",))


def batch_of(first: int, writer: int = 0) -> Batch:
    """New running trials from row `first` on, with evaluations and a curve point each."""
    rows = np.arange(first, first + TRIALS_A_BATCH)
    trials = Trials.empty(TRIALS_A_BATCH, 4, 1, 0)
    trials.number[:] = rows + 1_000_000 * writer
    trials.state[:] = TrialState.RUNNING
    trials.values[:] = np.sin(rows[:, None] * [1, 2, 3, 4])
    evaluations = Evaluations.empty(TRIALS_A_BATCH * EVALUATIONS_A_TRIAL)
    evaluations.trial[:] = np.repeat(rows, EVALUATIONS_A_TRIAL)
    evaluations.value[:] = np.cos(np.arange(len(evaluations)) + EVALUATIONS_A_TRIAL * first)
    steps = rows.astype(np.float64)
    points = CurvePoints(rows, np.zeros(len(rows), np.int16), steps * 2, steps * 3)
    return Batch(trials, None, evaluations, points, expected_trials=first)


def completed(store: ExperimentStore, first: int) -> Batch:
    """The trials from row `first` on, now complete."""
    rows = np.arange(first, first + TRIALS_A_BATCH)
    updates = TrialUpdates.like(store.snapshot(STUDY).trials, rows)
    updates.state[:] = TrialState.COMPLETE
    updates.objectives[:, 0] = -rows
    return Batch(updates=updates)


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def write(folder: Path, n_batches: int) -> None:
    """Go on from where the store stands; say each acknowledged number of batches."""
    with ExperimentStore.open(folder) as store:
        if STUDY not in store.versions():
            store.create(header(), study_id=STUDY)
        trials = store.snapshot(STUDY).trials
        unfinished = np.flatnonzero(trials.state == TrialState.RUNNING)
        if len(unfinished):
            store.append(STUDY, completed(store, int(unfinished[0])))
        for number in range(len(trials) // TRIALS_A_BATCH, n_batches):
            store.append(STUDY, batch_of(number * TRIALS_A_BATCH))
            store.append(STUDY, completed(store, number * TRIALS_A_BATCH))
            say(number + 1)


def write_beside_another(folder: Path, writer: int, n_batches: int) -> None:
    """Append batches to a study somebody else appends to as well."""
    with ExperimentStore.open(folder) as store:
        say("ready")
        sys.stdin.readline()
        written = 0
        while written < n_batches:
            store.refresh()
            try:
                store.append(STUDY, batch_of(len(store.snapshot(STUDY)), writer))
                written += 1
            except StoreError as error:
                if "another writer was faster" not in str(error):
                    raise


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def check(folder: Path, acknowledged: int) -> int:
    """Assert the store holds whole batches, right in every number; return how many."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with ExperimentStore.open(folder) as store:
        assert store.problems == ()
        if STUDY not in store.versions():
            assert acknowledged == 0
            return 0
        study = store.snapshot(STUDY)
    batches, rest = divmod(len(study), TRIALS_A_BATCH)
    rows = np.arange(len(study))
    assert rest == 0
    assert batches >= acknowledged
    np.testing.assert_array_equal(study.trials.number, rows)
    np.testing.assert_array_equal(study.trials.values, np.sin(rows[:, None] * [1, 2, 3, 4]))
    sure = slice(0, acknowledged * TRIALS_A_BATCH)
    assert (study.trials.state[sure] == TrialState.COMPLETE).all()
    np.testing.assert_array_equal(study.trials.objectives[sure, 0], -rows[sure])
    looks = np.arange(len(study) * EVALUATIONS_A_TRIAL)
    np.testing.assert_array_equal(study.evaluations.trial, looks // EVALUATIONS_A_TRIAL)
    np.testing.assert_array_equal(study.evaluations.value, np.cos(looks))
    np.testing.assert_array_equal(study.curves.value, rows * 3.0)
    return batches


def kill_at_random(folder: Path, chance: random.Random, n_batches: int, most: int) -> int:
    """Start a writer, kill it after some acknowledgements and a moment; return the last it said."""
    writer = start("write", folder, n_batches)
    assert writer.stdout is not None
    acknowledged = 0
    for _ in range(chance.randint(0, most)):
        line = writer.stdout.readline()
        if not line:
            break
        acknowledged = int(line)
    time.sleep(chance.uniform(0, 0.02))  # anywhere inside the appends that follow
    writer.send_signal(signal.SIGKILL)
    said, _ = writer.communicate(timeout=DEADLINE_SECONDS)
    return max([acknowledged, *(int(line) for line in said.split())])


def test_a_writer_killed_at_random_points_loses_nothing_it_acknowledged(tmp_path):
    chance = random.Random(4)
    folder = tmp_path / "store"
    acknowledged = 0
    for _ in range(6):
        acknowledged = max(acknowledged, kill_at_random(folder, chance, 10_000, 25))
        assert check(folder, acknowledged) >= acknowledged
    assert acknowledged > 0


def test_two_processes_appending_to_one_study_lose_and_double_nothing(tmp_path):
    folder = tmp_path / "store"
    n_batches = 30
    with ExperimentStore.open(folder) as store:
        store.create(header(), study_id=STUDY)
        writers = [start("beside", folder, number, n_batches) for number in (1, 2)]
        for writer in writers:
            assert writer.stdout is not None and writer.stdin is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        seen = [0]
        until = time.monotonic() + DEADLINE_SECONDS
        while any(writer.poll() is None for writer in writers) and time.monotonic() < until:
            if store.refresh():
                seen.append(len(store.snapshot(STUDY)))
        assert [writer.wait(DEADLINE_SECONDS) for writer in writers] == [0, 0]
        for writer in writers:
            writer.communicate()
        store.refresh()
        study = store.snapshot(STUDY)
    assert seen == sorted(seen)
    rows = np.arange(2 * n_batches * TRIALS_A_BATCH)
    np.testing.assert_array_equal(study.trials.number % 1_000_000, rows)
    by_writer = np.bincount(study.trials.number // 1_000_000)
    assert by_writer.tolist() == [0, n_batches * TRIALS_A_BATCH, n_batches * TRIALS_A_BATCH]
    looks = np.arange(len(rows) * EVALUATIONS_A_TRIAL)
    np.testing.assert_array_equal(study.evaluations.trial, looks // EVALUATIONS_A_TRIAL)
    np.testing.assert_array_equal(study.evaluations.value, np.cos(looks))
    with ExperimentStore.open(folder) as store:
        np.testing.assert_array_equal(store.snapshot(STUDY).trials.number, study.trials.number)


if __name__ == "__main__":
    task, place, *numbers = sys.argv[1:]
    if task == "write":
        write(Path(place), int(numbers[0]))
    else:
        write_beside_another(Path(place), int(numbers[0]), int(numbers[1]))
