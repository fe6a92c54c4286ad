"""Folders as Ray Tune leaves them: a state of the experiment, and a folder with results a trial."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

# What Ray adds to each row; readers have no use for it.
_ABOUT = {
    "should_checkpoint": True,
    "done": False,
    "date": "2026-11-22_10-00-00",
    "time_this_iter_s": 0.5123456789,
    "pid": 12345,
    "hostname": "a-worker-of-the-cluster",
    "node_ip": "10.0.0.12",
    "checkpoint_dir_name": "checkpoint_000001",
}


def make_ray_run(folder: Path, trials: int, results: int) -> int:
    """Write an experiment into `folder`; return how many bytes its results have.

    All trials have the same curves: what is drawn anew for each takes longer than reading it.
    """
    dice, states, size = random.Random(1), [], 0
    rows = "".join(json.dumps(_row(dice, step)) + "\n" for step in range(1, results + 1))
    for number in range(trials):
        trial_id, config = f"0a1b2_{number:05d}", _config(dice)
        text = rows.replace('"@trial"', f'"{trial_id}"').replace('"@config"', json.dumps(config))
        name = f"Train_{trial_id}_{number}"
        (folder / name).mkdir(parents=True)
        (folder / name / "params.json").write_text(json.dumps(config))
        size += (folder / name / "result.json").write_text(text)
        states.append(_state(trial_id, number, name, config))
    state = {"trial_data": states, "runner_data": {}, "stats": {}}
    (folder / "experiment_state-2026-11-22_10-00-00.json").write_text(json.dumps(state))
    return size


def _config(dice: random.Random) -> dict[str, Any]:
    return {
        "learning_rate": 10 ** dice.uniform(-5, -1),
        "weight_decay": 10 ** dice.uniform(-6, -2),
        "momentum": dice.uniform(0.0, 0.99),
        "batch_size": dice.choice([16, 32, 64, 128]),
        "layers": dice.randint(1, 6),
        "activation": dice.choice(["relu", "tanh", "logistic"]),
    }


def _row(dice: random.Random, step: int) -> dict[str, Any]:
    return _ABOUT | {
        "val_accuracy": 1.0 - 0.9 / step + dice.gauss(0.0, 0.01),
        "val_loss": 2.0 / step + dice.random(),
        "train_loss": 1.5 / step + dice.random(),
        "inference_ms": dice.uniform(1.0, 2.0),
        "training_iteration": step,
        "trial_id": "@trial",
        "timestamp": 1795340859 + step,
        "time_total_s": 0.5 * step,
        "time_since_restore": 0.5 * step,
        "iterations_since_restore": step,
        "config": "@config",
    }


def _state(trial_id: str, number: int, name: str, config: dict[str, Any]) -> list[str]:
    about = {
        "trial_id": trial_id,
        "config": config,
        "evaluated_params": config,
        "experiment_tag": f"{number}_learning_rate=0.1",
        "stopping_criterion": {},
        "status": "TERMINATED",
        "relative_logdir": name,
    }
    times = {"start_time": 1795340859.0 + 60 * number, "num_failures": 0, "error_filename": None}
    return [json.dumps(about), json.dumps(times)]
