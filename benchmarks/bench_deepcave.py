"""What loading costs beside DeepCAVE's loader: the same logs of HpBandSter, SMAC3 and tables.

    python -m benchmarks.bench_deepcave --peer PYTHON [FOLDER ...]

The peer is a Python of the same version with `pip install deepcave`; 1.4.1 asks for one below
3.11, but its loader runs on 3.11 too (`pip install --ignore-requires-python --no-deps deepcave`,
then ConfigSpace 1.2.0, pandas, pyarrow, hpbandster, jsonlines and optuna). One search is written
in each of the three forms; folders that are named are loaded too.

Counted is the CPU from the files to what views need: of ours the choice of the reader and all
columns (also of what each run recorded beside its loss, which DeepCAVE leaves out), of DeepCAVE
what its run handler does, which asks every converter, and the table its views draw from. Medians
of five, after a first load that imports.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.deepcave_peer import LOADS
from benchmarks.harness import print_cells
from hypertendril.readers import read

TRIALS = 1_943  # as the largest real log of HpBandSter at hand has
NUMBERS = tuple(f"x{i}" for i in range(6))
ACTS = ("relu", "tanh", "logistic")
SEED = 7
PEER = Path(__file__).with_name("deepcave_peer.py")

Config = dict[str, float | str]


def configs() -> list[Config]:
    """Return configurations of eight parameters, all different."""
    chance = np.random.default_rng(1)
    return [
        {name: float(chance.random()) for name in NUMBERS}
        | {"act": ACTS[chance.integers(3)], "solver": ("adam", "sgd")[chance.integers(2)]}
        for _ in range(TRIALS)
    ]


def _space() -> dict[str, Any]:
    floats = [
        {"name": name, "type": "uniform_float", "lower": 0.0, "upper": 1.0, "log": False}
        | {"default_value": 0.5, "meta": None}
        for name in NUMBERS
    ]
    texts = [
        {"name": name, "type": "categorical", "choices": choices, "weights": None}
        | {"default_value": choices[0], "meta": None}
        for name, choices in (("act", ACTS), ("solver", ("adam", "sgd")))
    ]
    about: dict[str, Any] = {
        "name": None,
        "conditions": [],
        "forbiddens": [],
        "format_version": 0.4,
    }
    return about | {"hyperparameters": [*floats, *texts], "python_module_version": "1.2.0"}


def hpbandster(folder: Path) -> None:
    """Write the search as HpBandSter logs it."""
    lines, results = [], []
    for n, config in enumerate(configs()):
        key = [n // 9, 0, n % 9]
        lines.append(json.dumps([key, config, {"model_based_pick": bool(n % 2)}]))
        times = {"submitted": 1.8e9 + n, "started": 1.8e9 + n, "finished": 1.8e9 + n + 0.5}
        results.append(json.dumps([key, 9.0, times, {"loss": config["x0"], "info": {}}, None]))
    (folder / "configs.json").write_text("\n".join(lines) + "\n")
    (folder / "results.json").write_text("\n".join(results) + "\n")
    (folder / "configspace.json").write_text(json.dumps(_space()))


def smac(folder: Path) -> None:
    """Write the search as SMAC3 2.x logs it."""
    rows: list[list[Any]] = [
        [n + 1, None, SEED, 9.0, config["x0"], 0.5, 1, 1.8e9 + n, 1.8e9 + n + 0.5, {}]
        for n, config in enumerate(configs())
    ]
    history = {
        "stats": {"submitted": TRIALS, "finished": TRIALS, "running": 0},
        "data": rows,
        "configs": {str(n + 1): config for n, config in enumerate(configs())},
        "config_origins": {str(n + 1): "Random Search" for n in range(TRIALS)},
    }
    scenario = {"name": "made", "objectives": "cost", "n_trials": TRIALS, "seed": SEED}
    (folder / "runhistory.json").write_text(json.dumps(history))
    (folder / "scenario.json").write_text(json.dumps(scenario | {"_meta": {}}))
    (folder / "configspace.json").write_text(json.dumps(_space()))


def tables(folder: Path) -> None:
    """Write the search as the two tables DeepCAVE takes for a data frame."""
    own = ["config_id", "budget", "status", "seed", "metric:loss [0.0; 1.0] (minimize)"]
    with (folder / "trials.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*own, *NUMBERS, "act", "solver", "start_time", "end_time"])
        for n, config in enumerate(configs()):
            times = (1.8e9 + n, 1.8e9 + n + 0.5)
            writer.writerow([n, 9.0, "success", SEED, config["x0"], *config.values(), *times])
    with (folder / "configspace.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        heads = "name type log lower upper default distribution item_0 item_1 item_2 ordered"
        writer.writerow([*heads.split(), *(f"distribution_{k}" for k in ("mu", "sigma"))])
        for name in NUMBERS:
            writer.writerow([name, "float", False, 0.0, 1.0, 0.5, "uniform", *[""] * 6])
        blank = ["categorical", "", "", ""]
        writer.writerow(["act", *blank, ACTS[0], "", *ACTS, False, "", ""])
        writer.writerow(["solver", *blank, "adam", "", "adam", "sgd", "", False, "", ""])


def ours(folder: Path) -> float:
    """Return the milliseconds of CPU of reading a folder."""
    costs = []
    for _ in range(LOADS):
        begun = time.process_time()
        read(folder)
        costs.append((time.process_time() - begun) * 1000)
    return statistics.median(costs[1:])


def print_loads(folders: list[Path], peer: str) -> None:
    """Print what each folder costs on both sides."""
    command = [peer, str(PEER), *map(str, folders)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = []
    for folder, found in zip(folders, json.loads(answer), strict=True):
        alone, handler, encoded = (
            statistics.median(found[key][1:]) for key in ("alone", "handler", "encoded")
        )
        own = ours(folder)
        cells = [f"{found['trials']:,}", f"{own:.1f}", f"{alone:.0f}", f"{handler + encoded:.0f}"]
        ratios = [f"{alone / own:.1f}", f"{(handler + encoded) / own:.1f}"]
        rows.append(["/".join(folder.parts[-2:]), *cells, *ratios])
    heads = ["", "trials", "ours", "its converter", "to its views", "times", "times to views"]
    print_cells("Loading beside DeepCAVE; CPU ms, medians of 5", heads, rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default=sys.executable, help="Python that has DeepCAVE")
    parser.add_argument("folders", nargs="*", type=Path, help="logs to load too")
    options = parser.parse_args()
    known = [options.peer, "-c", "import deepcave"]
    if subprocess.run(known, check=False, capture_output=True).returncode:
        print("DeepCAVE is not installed; name a Python that has it with --peer")
        return
    with tempfile.TemporaryDirectory() as place:
        made = []
        for make in (hpbandster, smac, tables):
            made.append(Path(place) / "made" / make.__name__)
            made[-1].mkdir(parents=True)
            make(made[-1])
        print_loads([*made, *options.folders], options.peer)


if __name__ == "__main__":
    main()
