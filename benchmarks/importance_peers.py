"""Time one other package on numbers from stdin; run by `bench_importance`, in any interpreter.

Reads {"x": rows in the unit cube, "y": targets, "is_pairs": bool} and writes CPU seconds, fit
included, or `not installed`. It imports nothing of this project: the packages ask for other
versions of nearly everything.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

NOT_INSTALLED = "not installed"


def official_fanova(x: np.ndarray, y: np.ndarray, *, is_pairs: bool) -> None:
    """Hutter's package as its documentation calls it: 16 trees."""
    hyperparameters = import_module("ConfigSpace.hyperparameters")
    space = import_module("ConfigSpace").ConfigurationSpace()
    names = [f"p{i:02d}" for i in range(x.shape[1])]
    for name in names:
        space.add_hyperparameter(hyperparameters.UniformFloatHyperparameter(name, 0.0, 1.0))
    model = import_module("fanova").fANOVA(x, y, config_space=space)
    for i in range(x.shape[1]):
        model.quantify_importance((i,))
        for j in range(i if is_pairs else 0):
            model.quantify_importance((j, i))


def fast_fanova(x: np.ndarray, y: np.ndarray, *, is_pairs: bool) -> None:
    """optuna-fast-fanova: Optuna's evaluator with its inner loops compiled; it has no pairs."""
    optuna: Any = import_module("optuna")
    assert not is_pairs
    vars(np)["int"] = int  # its last release uses a name that numpy has dropped
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    axes = {f"p{i}": optuna.distributions.FloatDistribution(0.0, 1.0) for i in range(x.shape[1])}
    for row, value in zip(x.tolist(), y.tolist(), strict=True):
        params = dict(zip(axes, row, strict=True))
        made = optuna.trial.create_trial(params=params, distributions=axes, value=value)
        study.add_trial(made)
    import_module("optuna_fast_fanova").FanovaImportanceEvaluator(seed=0).evaluate(study)


PEERS: dict[str, Any] = {"fanova": official_fanova, "optuna_fast_fanova": fast_fanova}


def main(name: str) -> str:
    """Return what the package called `name` needed."""
    told = json.load(sys.stdin)
    try:
        import_module(name)
    except ImportError:
        return NOT_INSTALLED
    x, y = np.array(told["x"]), np.array(told["y"])
    begun = time.process_time()
    PEERS[name](x, y, is_pairs=told["is_pairs"])
    return f"{time.process_time() - begun:.2f}"


if __name__ == "__main__":
    print(main(sys.argv[1]))
