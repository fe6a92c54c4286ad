"""A support vector machine that reads handwritten digits: an objective as it is written for Optuna.

It runs here as it is, and with Optuna alone: `study.optimize(objective, n_trials=40)`.
"""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC


def objective(trial: Any) -> float:
    """Return the accuracy of one machine in a cross-validation of three parts."""
    kernel = trial.suggest_categorical("kernel", ["rbf", "poly"])
    machine = SVC(
        C=trial.suggest_float("C", 1e-2, 1e3, log=True),
        gamma=trial.suggest_float("gamma", 1e-5, 1e-1, log=True),
        kernel=kernel,
        degree=trial.suggest_int("degree", 2, 5) if kernel == "poly" else 3,
    )
    images, digits = load_digits(return_X_y=True)
    accuracy = cross_val_score(machine, images, digits, cv=3).mean()
    trial.set_user_attr("support_vectors", int(machine.fit(images, digits).n_support_.sum()))
    return float(accuracy)
