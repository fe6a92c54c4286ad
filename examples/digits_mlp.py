"""A neural network that reads handwritten digits: small enough for a second, real enough to tune.

The data are the 1,797 images of 8 x 8 pixels that come with scikit-learn; 30 % of them,
always the same ones, are kept for validation.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from hypertendril.jobs.training import TrialContext

CLASSES = np.arange(10)
SPLIT_SEED = 0
TIMED_RUNS = 7
CHECKPOINT = "network.npz"


def train(trial: TrialContext) -> dict[str, float]:
    """Train one network; report after each epoch, return its size and its speed."""
    train_x, val_x, train_y, val_y = data()
    model = build(trial.params, trial.seed)
    if trial.checkpoint is not None:
        load(model, trial.checkpoint)
    for epoch in trial.steps():
        model.partial_fit(train_x, train_y, classes=CLASSES)
        probabilities = model.predict_proba(val_x)
        trial.report(
            epoch,
            val_accuracy=accuracy_score(val_y, probabilities.argmax(axis=1)),
            val_loss=log_loss(val_y, probabilities, labels=CLASSES),
            train_loss=model.loss_,
        )
    save(model, trial.checkpoint_dir)
    return {
        "model_size": sum(part.size for part in weights_of(model)),
        "inference_ms": milliseconds_to_predict(model, val_x),
    }


def build(params: dict[str, Any], seed: int) -> MLPClassifier:
    """Return the untrained network that the parameters describe."""
    return MLPClassifier(
        hidden_layer_sizes=(params["width"],) * params["hidden_layers"],
        activation=params["activation"],
        solver=params["optimizer"],
        momentum=params.get("momentum", 0.9),  # a parameter of sgd alone
        learning_rate_init=params["learning_rate"],
        alpha=params["weight_decay"],
        batch_size=params["batch_size"],
        random_state=seed,
    )


def weights_of(model: MLPClassifier) -> list[NDArray[np.float64]]:
    """Return all that training moves, layer by layer."""
    return [*model.coefs_, *model.intercepts_]


def memory_of(model: MLPClassifier) -> list[NDArray[np.float64]]:
    """Return what the optimizer remembers of earlier steps: Adam's moments, or velocities."""
    optimizer = model._optimizer  # noqa: SLF001 - scikit-learn shows it nowhere else
    if model.solver == "adam":
        return [*optimizer.ms, *optimizer.vs]
    return [*optimizer.velocities]


def save(model: MLPClassifier, folder: Path) -> None:
    """Save plain arrays: nothing that is loaded can run."""
    arrays: dict[str, Any] = {f"weight_{i}": part for i, part in enumerate(weights_of(model))}
    arrays |= {f"memory_{i}": part for i, part in enumerate(memory_of(model))}
    solver, count = np.array(model.solver), np.array(getattr(model._optimizer, "t", 0))  # noqa: SLF001
    np.savez(folder / CHECKPOINT, solver=solver, updates=count, **arrays)


def load(model: MLPClassifier, folder: Path) -> None:
    """Go on from a checkpoint, its own or that of a parent with the same layers."""
    train_x, _, train_y, _ = data()
    # One small step makes the arrays, which are then overwritten where they stand.
    model.partial_fit(train_x[: model.batch_size], train_y[: model.batch_size], classes=CLASSES)
    with np.load(folder / CHECKPOINT, allow_pickle=False) as saved:
        for i, part in enumerate(weights_of(model)):
            part[...] = saved[f"weight_{i}"]
        is_same = str(saved["solver"]) == model.solver
        for i, part in enumerate(memory_of(model)):
            part[...] = saved[f"memory_{i}"] if is_same else 0.0
        if model.solver == "adam":
            model._optimizer.t = int(saved["updates"]) if is_same else 0  # noqa: SLF001


@cache
def data() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return training and validation images in [0, 1], then their labels."""
    digits = load_digits()
    train_x, val_x, train_y, val_y = train_test_split(
        digits.data / 16.0,
        digits.target,
        test_size=0.3,
        random_state=SPLIT_SEED,
        stratify=digits.target,
    )
    return train_x, val_x, train_y, val_y


def milliseconds_to_predict(model: MLPClassifier, images: NDArray[Any]) -> float:
    """Return how long the network takes for all validation images: the least of a few runs.

    The slower ones measure what else the machine is doing.
    """
    seconds = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        model.predict(images)
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)
