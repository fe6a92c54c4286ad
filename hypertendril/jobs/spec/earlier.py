"""Trials of earlier studies, found and taken for a new study to be told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypertendril.errors import JobError
from hypertendril.jobs.spec.starting import MAX_EARLIER
from hypertendril.model import Objective, Outcome, Study, TrialState
from hypertendril.readers import read
from hypertendril.search import EarlierStudy, EarlierTrial
from hypertendril.store.experiment_store import ExperimentStore


class StudyFinder:
    """Finds the studies a job file names.

    Args:
        store: Folder of the store that ids are looked up in.
        folder: What relative paths begin at: where the job file lies.
    """

    def __init__(self, store: Path, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def __call__(self, named: Mapping[str, str], objectives: Sequence[Objective]) -> EarlierStudy:
        """Return the trials of the study with an `id`, or in a `source` (with a `name`).

        Raises:
            HyperTendrilError: There is no such study, it has no trials, or it cannot be read.
        """
        study = self._stored(named["id"]) if "id" in named else self._read(named)
        found = earlier_study(study, objectives)
        if not found.trials:
            wanted = ", ".join(objective.name for objective in objectives)
            raise JobError(f"the study {study.name!r} has no trial with a value of {wanted}.")
        return found

    def _stored(self, study_id: str) -> Study:
        with ExperimentStore.open(self._store) as store:
            return store.snapshot(study_id)

    def _read(self, named: Mapping[str, str]) -> Study:
        text = named["source"]
        source = text if "://" in text else str(self._folder / text)
        studies = [found.as_study() for found in read(source)]
        if "name" in named:
            studies = [study for study in studies if study.name == named["name"]]
        if len(studies) != 1:
            raise JobError(f"{text} holds {len(studies)} such studies; give the name of one.")
        return studies[0]


def earlier_study(
    study: Study, objectives: Sequence[Objective], rows: NDArray[np.int64] | None = None
) -> EarlierStudy:
    """Return the trials of `study` that a new study can be told.

    Those that came to an end with a value of each objective, and those that were looked at on
    the way where the leading objective is the same. Of too many the latest half and, of the
    rest, the best are taken.

    Args:
        study: Any study; metrics count where they are objectives of the new one.
        objectives: Of the new study.
        rows: Rows to take, None for all.
    """
    names = [objective.name for objective in objectives]
    wanted = np.arange(len(study)) if rows is None else rows
    looks = _looks(study) if study.objectives[0].name == names[0] else {}
    columns = {name: study.measured(name) for name in names}
    trials = [_earlier_trial(study, int(row), columns, looks.get(int(row), ())) for row in wanted]
    known = [trial for trial in trials if trial.objectives or trial.looks]
    return EarlierStudy(study.name, _kept(known, objectives[0]), study.id)


def _kept(trials: list[EarlierTrial], leading: Objective) -> tuple[EarlierTrial, ...]:
    if len(trials) <= MAX_EARLIER:
        return tuple(trials)

    def badness(trial: EarlierTrial) -> float:
        value = trial.objectives.get(leading.name, math.nan)
        return math.inf if math.isnan(value) else -leading.direction.sign * value

    half = MAX_EARLIER // 2
    best = sorted(trials[:-half], key=badness)[:half]
    chosen = {trial.number for trial in [*best, *trials[-half:]]}
    return tuple(trial for trial in trials if trial.number in chosen)


def _earlier_trial(
    study: Study,
    row: int,
    columns: Mapping[str, NDArray[np.float64]],
    looks: tuple[tuple[float, float], ...],
) -> EarlierTrial:
    values = {name: float(column[row]) for name, column in columns.items()}
    is_whole = study.trials.state[row] == TrialState.COMPLETE
    violation = float(study.trials.violation[row])
    return EarlierTrial(
        number=int(study.trials.number[row]),
        values=study.params(row),
        objectives=values if is_whole and not any(map(math.isnan, values.values())) else {},
        violation=0.0 if math.isnan(violation) else max(violation, 0.0),
        looks=looks,
    )


def _looks(study: Study) -> dict[int, tuple[tuple[float, float], ...]]:
    found: dict[int, list[tuple[float, float]]] = {}
    seen = study.evaluations
    for row, steps, value, outcome in zip(
        seen.trial, seen.resource, seen.value, seen.outcome, strict=True
    ):
        is_known = math.isfinite(steps) and not math.isnan(value)
        if is_known and outcome != Outcome.PENDING:
            found.setdefault(int(row), []).append((float(steps), float(value)))
    return {row: tuple(looks) for row, looks in found.items()}
