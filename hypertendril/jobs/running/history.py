"""What an interrupted study left behind, as its method takes it up."""

from __future__ import annotations

import numpy as np

from hypertendril.model import Outcome, Study, TrialState
from hypertendril.search import Recorded


def has_unseen_end(trial: Recorded) -> bool:
    """Return whether the latest segment of a trial ended and no look was taken at it."""
    is_discarded = any(outcome is Outcome.DISCARDED for _, outcome in trial.looks)
    is_pruned = trial.state is TrialState.PRUNED and not is_discarded
    return is_pruned or trial.state in (TrialState.WAITING, TrialState.FAILED)


def recorded_trials(study: Study) -> list[Recorded]:
    """Return the trials of a study with what the method saw of them."""
    looks: list[list[tuple[float, Outcome]]] = [[] for _ in range(len(study))]
    seen = study.evaluations
    for trial, value, outcome in zip(seen.trial, seen.value, seen.outcome, strict=True):
        looks[trial].append((float(value), Outcome(outcome)))
    return [
        Recorded(
            number,
            study.params(number),
            TrialState(study.trials.state[number]),
            tuple(study.trials.objectives[number].tolist()),
            tuple(looks[number]),
            float(np.nan_to_num(study.trials.violation[number], nan=0.0)),
        )
        for number in range(len(study))
    ]
