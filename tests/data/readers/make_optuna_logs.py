"""Make the small Optuna logs the tests read, with Optuna itself: `python -m tests.data.readers.make_optuna_logs`.

The objectives are formulas, so it takes a minute; seeds are fixed, but times differ on a re-run.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.data.readers.facts import facts

HERE = Path(__file__).parent
HOSTILE_CHOICES = ["__proto__", "<b>x</b>", "constructor", "a|b", ""]

Objective = Callable[[optuna.Trial], float | tuple[float, float]]


def conditional(trial: optuna.Trial) -> float:
    """Conditional parameters of two kinds, attributes, failures, NaN and infinite objectives."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    width = trial.suggest_int("width", 8, 512, log=True)
    n_layers = trial.suggest_int("n_layers", 1, 3)
    for layer in range(1, n_layers):
        trial.suggest_float(f"dropout_{layer}", 0.0, 0.5, step=0.1)
    if trial.suggest_categorical("solver", ["sgd", "adam"]) == "sgd":
        trial.suggest_float("momentum", 0.0, 0.99)
        trial.suggest_categorical("nesterov", [True, False])
    trial.set_user_attr("n_weights", width * n_layers)
    trial.set_user_attr("comment", f"trial {trial.number}")
    if trial.number == 5:
        raise RuntimeError("simulated crash")
    if trial.number == 6:
        return math.nan
    if trial.number == 7:
        return math.inf
    return -abs(math.log10(lr) + 2.5) + 0.01 * n_layers


def curve(epochs: int) -> Objective:
    """A learning curve that rises to a height set by the parameters; may be pruned."""

    def objective(trial: optuna.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        batch = trial.suggest_categorical("batch_size", [16, 32, 64])
        height = 0.95 - 0.1 * abs(math.log10(lr) + 2) - batch / 2000
        value = 0.0
        for epoch in range(1, epochs + 1):
            value = round(height * (1 - math.exp(-epoch / 4)), 3)  # rounded: equal values happen
            trial.report(math.nan if trial.number == 4 and epoch == 2 else value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    return objective


def two(trial: optuna.Trial) -> tuple[float, float]:
    """Two objectives and a constraint."""
    x = trial.suggest_float("x", 0.0, 5.0)
    y = trial.suggest_float("y", 0.0, 3.0)
    trial.set_user_attr("slack", (x - 5) ** 2 + y**2 - 25)
    return 4 * x**2 + 4 * y**2, (x - 5) ** 2 + (y - 5) ** 2


def hostile(trial: optuna.Trial) -> float:
    """Names that break pages."""
    a = trial.suggest_categorical("__proto__", HOSTILE_CHOICES)
    b = trial.suggest_float("<img src=x onerror=alert(1)>", -1.0, 1.0)
    trial.suggest_categorical("mixed", [None, True, 1.5, 2, "2"])
    trial.set_user_attr("</script>", b)
    return b + HOSTILE_CHOICES.index(a)


def make(storage: str | JournalStorage) -> dict[str, dict[str, object]]:
    """Run the studies into `storage`; return the facts of each."""
    samplers, pruners = optuna.samplers, optuna.pruners
    quiet: dict[str, Any] = {"catch": (RuntimeError,)}
    study = optuna.create_study(
        storage=storage,
        study_name="conditional",
        sampler=samplers.TPESampler(seed=1),
        direction="maximize",
    )
    study.set_user_attr("sampler", "TPESampler")
    study.set_user_attr("nested", {"a": [1, None, {"b": "c"}]})
    study.optimize(conditional, n_trials=40, **quiet)
    study.enqueue_trial({"lr": 0.01})
    study.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)})
    study.enqueue_trial({"lr": 0.02})
    for name, pruner, epochs, n in (
        ("halving", pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2), 16, 30),
        (
            "hyperband",
            pruners.HyperbandPruner(min_resource=1, max_resource=27, reduction_factor=3),
            27,
            40,
        ),
        ("median", pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2), 8, 12),
    ):
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            sampler=samplers.RandomSampler(seed=2),
            pruner=pruner,
            direction="maximize",
        )
        study.set_metric_names(["accuracy"])
        study.optimize(curve(epochs), n_trials=n)
        if isinstance(pruner, pruners.HyperbandPruner):
            brackets = [pruner._get_bracket_id(study, trial) for trial in study.trials]
    sampler = samplers.NSGAIISampler(
        seed=3, population_size=10, constraints_func=lambda t: (t.user_attrs["slack"], -1.0)
    )
    study = optuna.create_study(
        storage=storage, study_name="two", sampler=sampler, directions=["minimize", "minimize"]
    )
    study.optimize(two, n_trials=40)
    study = optuna.create_study(
        storage=storage, study_name="<i>hostile</i>", sampler=samplers.RandomSampler(seed=4)
    )
    study.optimize(hostile, n_trials=15)
    optuna.create_study(storage=storage, study_name="empty")
    names = [summary.study_name for summary in optuna.get_all_study_summaries(storage)]
    found = {n: facts(optuna.load_study(study_name=n, storage=storage)) for n in names}
    found["hyperband"]["brackets"] = brackets
    return found


def main() -> None:
    """Write the logs and what must be recovered from them."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    database, journal = HERE / "optuna.db", HERE / "optuna.journal.log"
    for path in (database, journal):
        path.unlink(missing_ok=True)
    expected = {
        database.name: make(f"sqlite:///{database}"),
        journal.name: make(JournalStorage(JournalFileBackend(str(journal)))),
    }
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
