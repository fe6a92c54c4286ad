"""What is left of searches whose workers are killed (SIGKILL) 200 times over 2,000 trials.

Every method runs as a job of its own; each kill comes at a random moment after the job has moved
on, and a worker that stood by goes on. Afterwards the study is compared with what the method
asks for when nobody disturbs it.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmarks.harness import print_cells
from hypertendril.search import METHODS
from tests.faults.killed_studies import OBJECTIVE, Damage, damage_to, kill_workers
from tests.faults.worker_bench import WorkerBench

SEED = 1


@dataclass(frozen=True)
class Attack:
    """One study and how often its workers are killed.

    Attributes:
        parallel: One where what is asked depends on the order of results, so that it can be
            compared with a search that nobody disturbs.
    """

    trials: int
    kills: int
    parallel: int
    settings: dict[str, Any] = field(default_factory=dict)


ATTACKS = {
    "random": Attack(180, 17, 2),
    "sobol": Attack(180, 17, 2),
    "grid": Attack(176, 17, 2, {"points": 11}),
    "tpe": Attack(180, 17, 1),
    "gp": Attack(50, 8, 1),  # its proposals cost the more the more it knows
    "cmaes": Attack(180, 17, 1),
    "nsga2": Attack(180, 17, 1),
    "successive_halving": Attack(180, 17, 2, {"eta": 3}),
    "hyperband": Attack(180, 17, 2, {"eta": 3}),
    "asha": Attack(180, 17, 1, {"eta": 3}),
    "bohb": Attack(180, 17, 1, {"eta": 3}),
    "pbt": Attack(
        168, 22, 2, {"population": 28, "interval": 1, "generations": 11, "survivors": 0.5}
    ),
    "pb2": Attack(50, 8, 2, {"population": 10, "interval": 1, "generations": 9, "survivors": 0.5}),
}


def attack(name: str, dice: random.Random) -> tuple[int, int, float, Damage]:
    """Run one study under fire; return its trials, the kills, the seconds it took, and the damage."""
    plan = ATTACKS[name]
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(Path(folder))
        begun = time.perf_counter()
        job_id = bench.submit(
            OBJECTIVE,
            plan.trials,
            method=name,
            parallel=plan.parallel,
            settings=plan.settings,
            seed=SEED,
        )
        kills = kill_workers(bench, job_id, plan.kills, dice)
        seconds = time.perf_counter() - begun
        found = damage_to(bench, job_id)
        trials = bench.job(job_id).spec.budget.trials
        bench.close()
    return trials, kills, seconds, found


def main() -> None:
    """Print a line a method, and the sums."""
    assert set(ATTACKS) == set(METHODS), "a method is missing"
    dice, rows, sums = random.Random(SEED), [], [0] * (2 + len(fields(Damage)))
    for name in ATTACKS:
        trials, kills, seconds, found = attack(name, dice)
        numbers = [trials, kills, *astuple(found)]
        sums = [a + b for a, b in zip(sums, numbers, strict=True)]
        rows.append([name, *map(str, numbers), f"{seconds:.0f}"])
        print(f"{name}: {kills} kills", flush=True)
    rows.append(["all", *map(str, sums), ""])
    heads = ["", "trials", "kills", *(f.name for f in fields(Damage)), "wall s"]
    print_cells("Searches whose workers were killed", heads, rows)


if __name__ == "__main__":
    main()
