"""Studies whose workers are killed over and over, and what is wrong with them afterwards."""

from __future__ import annotations

import importlib.util
import random
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial

from hypertendril.jobs.queue.job_queue import Job, JobId, JobState
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.model import Choice, Study, TrialState
from hypertendril.search import Limits, Result, Setup, make_scheduler
from tests.faults.worker_bench import REGISTRY, REGISTRY_FILE, WorkerBench
from tests.waiting import wait_until

OBJECTIVE = "climbs"
LONGEST_WAIT_SECONDS = 0.5  # from the first progress after a kill to the next kill
PATIENCE_SECONDS = 600.0
_AT_REST = (TrialState.COMPLETE, TrialState.PRUNED)
_UNDER_WAY = (TrialState.RUNNING, TrialState.WAITING)


def kill_workers(bench: WorkerBench, job_id: JobId, kills: int, dice: random.Random) -> int:
    """Kill the worker of a job again and again, another one standing by, until the job has ended.

    The kills are spread over the trials of the job, each at a random moment after it moved on.

    Returns:
        How many kills there were: fewer than `kills` where the job ended before.
    """
    worker, job = bench.start_worker(), bench.job(job_id)
    for hit in range(kills):
        due = hit * job.spec.budget.trials // (kills + 1)
        wait_until(partial(_is_due, bench, job, due), "a kill to be due", PATIENCE_SECONDS)
        # Only now, so that the one that goes on with the job is known.
        standby = bench.start_worker()
        time.sleep(dice.uniform(0.0, LONGEST_WAIT_SECONDS))
        job = bench.job(job_id)
        if not job.state.is_open:
            return hit
        worker.kill()
        worker.wait()
        worker = standby
    wait_until(lambda: not bench.job(job_id).state.is_open, "its end", PATIENCE_SECONDS)
    return kills


def _is_due(bench: WorkerBench, before: Job, trials: int) -> bool:
    """Return whether the job has moved on and started that many trials, or has ended."""
    now, study = bench.job(before.id), bench.study(before.id)
    is_far = study is not None and len(study) > trials
    return not now.state.is_open or (is_far and now.progress.is_beyond(before.progress))


@dataclass(frozen=True)
class Damage:
    """What kills have done to a study; all zero where nothing.

    Attributes:
        lost: Trials that are not there, or have not come to their end.
        doubled: Rows, or results at the same step of a trial, that are there again.
        stuck: Trials that nobody will ever go on with; 1 for a job that did not end as done.
        mistrained: Steps of models that were trained twice or left out, in what was kept.
        misled: Trials with other values than in a search that nobody disturbed.
    """

    lost: int
    doubled: int
    stuck: int
    mistrained: int
    misled: int


def damage_to(bench: WorkerBench, job_id: JobId) -> Damage:
    """Return what is wrong with the study of a job that has ended."""
    job, study = bench.job(job_id), bench.study(job_id)
    assert study is not None
    expected = undisturbed(job.spec)
    counts = study.counts()
    numbers = Counter(study.trials.number.tolist())
    seen = study.evaluations
    looks = Counter(zip(seen.trial.tolist(), seen.resource.tolist(), strict=True))
    alike = sum(study.params(k) == params for k, params in enumerate(expected[: len(study)]))
    return Damage(
        lost=len(expected) - sum(counts[state] for state in _AT_REST),
        doubled=sum(n - 1 for n in (*numbers.values(), *looks.values())),
        stuck=sum(counts[state] for state in _UNDER_WAY) + (job.state is not JobState.DONE),
        mistrained=_steps_amiss(study),
        misled=len(expected) - alike,
    )


def _steps_amiss(study: Study) -> int:
    """Return by how much the steps that models count differ from the steps of the latest look."""
    column = study.header.metric_names.index("trained")
    latest = dict(zip(study.evaluations.trial, study.evaluations.resource, strict=True))
    trained = study.trials.metrics[:, column]
    return int(sum(abs(trained[row] - resource) for row, resource in latest.items()))


def undisturbed(spec: JobSpec) -> list[dict[str, Choice]]:
    """Return the values of all trials of a job, searched in this process, one at a time."""
    source = importlib.util.spec_from_file_location(
        "toy_objectives", REGISTRY_FILE.with_name("toy_objectives.py")
    )
    assert source is not None and source.loader is not None
    toys = importlib.util.module_from_spec(source)
    source.loader.exec_module(toys)
    structural = frozenset(REGISTRY[OBJECTIVE].structural)
    limits = Limits(spec.budget.trials, spec.budget.steps, structural, spec.start)
    scheduler = make_scheduler(
        spec.method, Setup(spec.settings, spec.space, spec.objectives, spec.seed, limits)
    )
    values: dict[int, dict[str, Choice]] = {}
    while (asked := scheduler.ask()) is not None:
        values[asked.number] = dict(asked.values)
        step = spec.budget.steps if asked.to_step is None else asked.to_step
        score = toys.height(values[asked.number], step)
        scheduler.tell(asked.number, Result(TrialState.COMPLETE, [score]))
    return [values[number] for number in sorted(values)]
