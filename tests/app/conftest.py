"""Callbacks called as functions, over a store in memory and a real queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hypertendril.jobs.queue.job_queue import JobQueue
from hypertendril.jobs.spec.objectives import RegisteredObjective, Registry
from hypertendril.model import (
    CurvePoints,
    Direction,
    Evaluations,
    Method,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
    TrialState,
)
from hypertendril.settings import Settings
from hypertendril.store import ExperimentStore

LR = Parameter("lr", ParameterKind.FLOAT, 1e-4, 0.1, log=True)
WIDTH = Parameter("width", ParameterKind.INT, 8, 64)
OPTIMIZER = Parameter("optimizer", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))
SPACE = SearchSpace((LR, WIDTH, OPTIMIZER))
ACCURACY = Objective("accuracy", Direction.MAXIMIZE)
StudyOf = Callable[..., Study]


def make_study(
    n: int = 20,
    *,
    study_id: str = "s",
    name: str = "digits",
    space: SearchSpace = SPACE,
    refined_from: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> Study:
    """`n` complete trials; accuracy grows with the row, so the last one is the best."""
    random = np.random.default_rng(3)
    trials = Trials.empty(n, len(space), 1, 1)
    trials.state[:] = TrialState.COMPLETE
    for i, parameter in enumerate(space):
        trials.values[:, i] = parameter.from_unit(random.random(n))
    trials.objectives[:, 0] = np.linspace(0.5, 0.9, n)
    trials.metrics[:, 0] = np.arange(n) * 1000.0
    header = StudyHeader(
        name,
        space,
        (ACCURACY,),
        Method("tpe"),
        metric_names=("size",),
        refined_from=refined_from,
        attributes=attributes or {},
    )
    return Study(study_id, header, trials, Evaluations.empty(), CurvePoints.empty(), 1)


@pytest.fixture
def study_of() -> StudyOf:
    return make_study


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    entry = RegisteredObjective(
        name="digits",
        function="digits:train",
        folder=tmp_path,
        objectives=(ACCURACY,),
        curves=("accuracy",),
        metrics=("size",),
        space=SPACE,
    )
    return Registry(tmp_path / "objectives.toml", {"digits": entry})


@pytest.fixture
def services(tmp_path: Path, registry: Registry) -> Iterator[Any]:
    queue = JobQueue(tmp_path / "queue")
    store = ExperimentStore.open(None)
    settings = Settings.find(tmp_path / "data")
    yield SimpleNamespace(store=store, queue=queue, registry=registry, settings=settings)
    store.close()
    queue.close()


def put(services: Any, study: Study) -> Study:
    """Make `study` one the page can show."""
    services.store.put(study.id, study.header, study.trials, study.evaluations, study.curves)
    return services.store.snapshot(study.id)
