"""Tree-structured Parzen estimator: Optuna's sampler, fed from what was told and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from hypertendril.model import Choice
from hypertendril.search.method import MethodInfo, Setting
from hypertendril.search.optuna_study import MirroredStudy
from hypertendril.search.scheduler import Result
from hypertendril.search.setup import Setup


class TreeParzen:
    """Optuna's multivariate TPE with running trials counted as mediocre (constant liar).

    Each ask gets a sampler seeded by (seed, number), so a proposal does not depend on how
    many were drawn before it in this process.
    """

    def __init__(self, setup: Setup) -> None:
        self._settings = setup.settings
        self._study = MirroredStudy(setup.space, setup.objectives)
        self._seed = setup.seed

    def ask(self, number: int) -> dict[str, Choice]:
        """Return the active parameters of trial `number`, and count it as running from now on."""
        return self._study.ask(number, self._sampler(number))

    def tell(self, number: int, values: Mapping[str, Choice], result: Result) -> None:
        """Take note of where trial `number` stands."""
        self._study.tell(number, values, result)

    def _sampler(self, number: int) -> Any:
        from optuna.exceptions import ExperimentalWarning  # noqa: PLC0415 - see optuna_study

        source = np.random.SeedSequence(entropy=self._seed, spawn_key=(number,))
        with warnings.catch_warnings():
            # Optuna 4 calls these options experimental; 5 takes constraints in another way too,
            # which 4 does not know.
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)
            sampler = _sampler_class()(
                n_startup_trials=self._settings["n_startup_trials"],
                n_ei_candidates=self._settings["n_candidates"],
                multivariate=True,
                constant_liar=True,
                constraints_func=self._study.constraints,
                seed=int(source.generate_state(1)[0]),
            )
        sampler.joint_space = self._study.joint_distributions()
        return sampler


@cache
def _sampler_class() -> Any:
    from optuna.samplers import TPESampler  # noqa: PLC0415 - see optuna_study

    class JointSampler(TPESampler):
        """TPE that knows the joint space and need not intersect all trials at each ask."""

        joint_space: dict[str, Any]

        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            del study, trial
            return self.joint_space

    return JointSampler


METHOD = MethodInfo(
    name="tpe",
    title="TPE",
    text="Models where good trials lie and draws the next ones there (Parzen estimators).",
    settings=(
        Setting(
            "n_startup_trials",
            "int",
            10,
            "Trials drawn at random before the model is used.",
            low=1,
            high=100_000,
        ),
        Setting(
            "n_candidates",
            "int",
            24,
            "Candidates drawn from the model for each trial; the most promising one is run.",
            low=1,
            high=10_000,
        ),
    ),
    make=TreeParzen,
    learns=True,
)
