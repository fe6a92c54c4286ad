"""How good the searches are: our methods beside Optuna's, Ray Tune's and HpBandSter's own.

Every search may train as many steps as 40 full trainings have, whether it spends them on few
trials or many. Each pair of rows below a family is compared task by task, seed by seed. What
training would cost is left out: the searches run in this process, one segment at a time.

Optuna comes with HyperTendril; the others with `pip install --group bench`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

# Networks this small are trained faster by one thread; read when numpy is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from tqdm import tqdm

from benchmarks.harness import print_cells
from benchmarks.search_rivals import RIVALS, Rival, run
from benchmarks.search_tasks import DIGITS_TRAININGS, FULL_TRAININGS, NAMES, make_task

SEEDS = 20
NORMAL_95 = 1.96
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What one search found, and the CPU seconds it took, training included."""

    rival: str
    task: str
    seed: int
    loss: float
    cpu_seconds: float


def search(name: str, task_name: str, seed: int) -> Found:
    """Run one search."""
    rival = next(rival for rival in RIVALS if rival.name == name)
    with tempfile.TemporaryDirectory() as folder:
        task = make_task(task_name, Path(folder))
        begun = time.process_time()
        loss = run(rival, task, seed)
        return Found(name, task_name, seed, loss, time.process_time() - begun)


def search_all(rivals: Sequence[Rival]) -> list[Found]:
    """Run every search with every seed on every task, on all cores."""
    cases = list(product((r.name for r in rivals), NAMES, range(SEEDS)))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        found = pool.map(search, *zip(*cases, strict=True), chunksize=4)
        return list(tqdm(found, total=len(cases), unit="search", mininterval=10))


def regrets(found: Iterable[Found], rivals: Sequence[Rival]) -> Floats:
    """Return (rivals, tasks, seeds) losses above the optimum, or above the best that any found."""
    losses = np.full((len(rivals), len(NAMES), SEEDS), np.nan)
    rows = {rival.name: row for row, rival in enumerate(rivals)}
    for item in found:
        losses[rows[item.rival], NAMES.index(item.task), item.seed] = item.loss
    for column, name in enumerate(NAMES):
        optimum = make_task(name, Path()).optimum
        losses[:, column] -= np.min(losses[:, column]) if optimum is None else optimum
    return losses


def mean_and_margin(values: Floats) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % interval."""
    return float(values.mean()), NORMAL_95 * float(values.std(ddof=1)) / np.sqrt(values.size)


def print_regrets(found: Sequence[Found], rivals: Sequence[Rival]) -> None:
    """Print mean regret on each task, mean rank over all of them, and the CPU of the search alone."""
    over = regrets(found, rivals)
    ranks = rankdata(over, axis=0)
    rows = []
    for k, rival in enumerate(rivals):
        rank, margin = mean_and_margin(ranks[k])
        own = [f.cpu_seconds for f in found if f.rival == rival.name and f.task != "digits"]
        cells = [f"{over[k, column].mean():.4f}" for column in range(len(NAMES))]
        mark = "  " if rival.needs == "hypertendril" else "    "
        cpu = f"{statistics.median(own):.2f}"
        rows.append([mark + rival.name, *cells, f"{rank:.2f} ± {margin:.2f}", cpu])
    title = (
        f"Mean regret of {SEEDS} searches, each the steps of {FULL_TRAININGS} full trainings "
        f"(digits {DIGITS_TRAININGS}); rank among all"
    )
    print_cells(title, ["", *NAMES, "mean rank", "median CPU s"], rows)


def print_pairs(found: Sequence[Found], rivals: Sequence[Rival]) -> None:
    """Print how our row of each family ranks against each peer: 1 always better, 2 always worse."""
    over = regrets(found, rivals)
    rows = []
    for k, rival in enumerate(rivals):
        if rival.needs == "hypertendril":
            ours = over[k]
            continue
        pair = rankdata(np.stack([ours, over[k]]), axis=0)[0]
        rank, margin = mean_and_margin(pair)
        verdict = "within noise" if abs(rank - 1.5) <= margin else "better"
        verdict = "worse" if rank - 1.5 > margin else verdict
        each = [f"{value:.2f}" for value in pair.mean(axis=1)]
        rows.append([f"{rival.family}, {rival.name}", *each, f"{rank:.3f} ± {margin:.3f}", verdict])
    title = f"Our mean rank of two beside each peer, 1.5 is equal; 95 % interval, {SEEDS} seeds"
    print_cells(title, ["", *NAMES, "all", "ours is"], rows)


def main() -> None:
    """Print the tables."""
    rivals = [rival for rival in RIVALS if rival.is_installed]
    for rival in RIVALS:
        if rival not in rivals:
            print(f"{rival.name}: not compared, {rival.needs} is not installed here.")
    found = search_all(rivals)
    print_regrets(found, rivals)
    print_pairs(found, rivals)


if __name__ == "__main__":
    main()
