"""A small study with everything that makes counting hard, written in the generic form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

N_TRIALS = 240
LR = {"name": "lr", "kind": "float", "low": 1e-5, "high": 0.1, "log": True}
DEPTH = {"name": "depth", "kind": "int", "low": 1, "high": 6}
OPTIMIZER = {
    "name": "optimizer",
    "kind": "categorical",
    "choices": ["sgd", "<b>x</b>", "__proto__"],
}
MOMENTUM = {
    "name": "momentum",
    "kind": "float",
    "low": 0.0,
    "high": 0.99,
    "condition": {"parent": "optimizer", "values": ["sgd"]},
}


def write_awkward_study(folder: Path) -> Path:
    """Write a study with pruned, failed and running trials, conditions and hostile categories."""
    random = np.random.default_rng(5)
    path = folder / "awkward.json"
    study = {
        "name": "awkward",
        "objectives": [{"name": "accuracy", "direction": "maximize"}],
        "method": {"name": "random", "settings": {}},
        "space": [LR, DEPTH, OPTIMIZER, MOMENTUM],
        "trials": [_trial(number, random) for number in range(N_TRIALS)],
    }
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def write_wide_study(folder: Path) -> Path:
    """Write a study of 30 parameters with long names, of which `group.part_7` alone matters."""
    random = np.random.default_rng(2)
    names = [f"group.part_{k}" if k % 2 else f"block_{k}.attention_dropout_rate" for k in range(30)]
    values = random.uniform(size=(100, len(names)))
    study = {
        "name": "wide",
        "objectives": [{"name": "loss", "direction": "minimize"}],
        "method": {"name": "random", "settings": {}},
        "space": [{"name": name, "kind": "float", "low": 0.0, "high": 1.0} for name in names],
        "trials": [
            {
                "number": number,
                "state": "complete",
                "params": dict(zip(names, row.tolist(), strict=True)),
                "values": {"loss": float(row[7] ** 2)},
            }
            for number, row in enumerate(values)
        ],
    }
    path = folder / "wide.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def _trial(number: int, random: np.random.Generator) -> dict[str, Any]:
    lr = float(10 ** random.uniform(-5, -1))
    depth = int(random.integers(1, 7))
    optimizer = OPTIMIZER["choices"][int(random.integers(3))]
    params: dict[str, Any] = {"lr": lr, "depth": depth, "optimizer": optimizer}
    if optimizer == "sgd":
        params["momentum"] = float(random.uniform(0, 0.99))
    accuracy = float(0.9 - 0.08 * (np.log10(lr) + 3) ** 2 + random.normal(0, 0.02))
    state = {0: "failed", 1: "pruned", 2: "running"}.get(number % 19, "complete")
    trial: dict[str, Any] = {
        "number": number,
        "state": state,
        "params": params,
        "metrics": {"size": float(depth * 1000 + number)},
    }
    if state in ("complete", "pruned"):
        curve = [[step, accuracy * (1 - 0.5**step)] for step in range(1, 8)]
        trial |= {"values": {"accuracy": accuracy}, "curves": {"accuracy": curve}}
    return trial


WEIGHT_DECAY = {"name": "weight_decay", "kind": "float", "low": 1e-6, "high": 0.1, "log": True}
RATE = {"name": "lr", "kind": "float", "low": 1e-4, "high": 1.0, "log": True}


def write_known_study(folder: Path, name: str = "known", bonus: float = 0.0) -> Path:
    """Write a random search whose truth is known.

    Weight decay decides (0.68 of the variance), best between 1e-4 and 1e-3, and together with the
    learning rate (0.30); depth and optimizer do nothing to accuracy, and depth alone makes the size.
    """
    random = np.random.default_rng(11)
    path = folder / f"{name}.json"
    study = {
        "name": name,
        "objectives": [{"name": "accuracy", "direction": "maximize"}],
        "method": {"name": "random", "settings": {}},
        "space": [DEPTH, WEIGHT_DECAY, OPTIMIZER, RATE],
        "trials": [_known_trial(number, random, bonus) for number in range(N_TRIALS)],
    }
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def _known_trial(number: int, random: np.random.Generator, bonus: float) -> dict[str, Any]:
    decay, rate = random.uniform(-2.5, 2.5), random.uniform(-2, 2)
    depth = int(random.integers(1, 7))
    accuracy = 0.9 - 0.04 * decay**2 + 0.03 * decay * rate - 0.01 * rate**2 + bonus
    return {
        "number": number,
        "state": "complete",
        "params": {
            "weight_decay": 10 ** (decay - 3.5),
            "lr": 10 ** (rate - 2),
            "depth": depth,
            "optimizer": OPTIMIZER["choices"][int(random.integers(3))],
        },
        "values": {"accuracy": accuracy + float(random.normal(0, 0.01))},
        "metrics": {"size": float(depth * 1000 + number % 7)},
    }
