"""Objectives written for Optuna, for the tests of the running side."""

from __future__ import annotations

from typing import Any

import optuna


def net(trial: Any) -> float:
    """Ask for a parameter of each kind, report ten steps, stop when told to."""
    lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    depth = trial.suggest_int("depth", 1, 4)
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", "lion"])
    momentum = trial.suggest_float("momentum", 0.0, 1.0) if optimizer == "sgd" else 0.5
    trial.set_user_attr("size", 10 * depth)
    trial.set_user_attr("who", "somebody")
    value = 0.0
    for step in range(1, 11):
        value = step * (lr + momentum + depth)
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


def two(trial: Any) -> tuple[float, float]:
    """Return two objectives."""
    x = trial.suggest_float("x", 0.0, 1.0)
    return x, 1.0 - x


def gives_up(trial: Any) -> float:
    """Give every trial from number 1 on up after a report."""
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.report(x, 1)
    if trial.number:
        raise optuna.TrialPruned
    return float(x)
