"""What every executor promises, here and on clusters of several processes that are partly killed."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.errors import JobError
from hypertendril.jobs.executors import cluster as cluster_module
from hypertendril.jobs.executors.cluster import ClusterExecutor, Engine
from hypertendril.jobs.executors.dask_engine import DaskEngine
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.executors.place import MakeExecutor, Place
from hypertendril.jobs.running.orders import Ending, Order
from hypertendril.jobs.running.runner import run_study
from hypertendril.jobs.segments import Ended, Event, Executor, Reported, Segment
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.spec.objectives import load_registry
from hypertendril.model import Study, TrialState
from hypertendril.store.experiment_store import ExperimentStore
from tests.contract.clusters import (
    IS_RAY_INSTALLED,
    Cluster,
    DaskCluster,
    RayCluster,
    environment_of,
    parent_of,
)
from tests.waiting import events_until, is_running, wait_until

REGISTRY_FILE = Path(__file__).parents[1] / "data" / "jobs" / "objectives.toml"
REGISTRY = load_registry(REGISTRY_FILE)
NEEDS_RAY = pytest.mark.skipif(not IS_RAY_INSTALLED, reason="Ray (hypertendril[ray]) is missing")
CLUSTERS = ("dask", pytest.param("ray", marks=NEEDS_RAY))


@dataclass
class Site:
    """Where segments run."""

    folder: Path
    make: MakeExecutor
    cluster: Cluster | None = None

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def segment(self, number: int = 0, **params: Any) -> Segment:
        saved = self.folder / "checkpoints" / str(number)
        return Segment(number, params, seed=1, checkpoint_dir=saved, to_step=3)

    def pids(self) -> list[int]:
        """Return the processes that ran gated trials, the latest last."""
        found = self.folder / "pids"
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def lose_the_machine_of(self, pid: int) -> None:
        os.kill(parent_of(pid), signal.SIGKILL)
        wait_until(lambda: not is_running(pid))


def local_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("TOY_GATE", str(folder / "gate"))
    return Site(folder, LocalExecutor)


@contextmanager
def connected(cluster: Cluster, connect: Callable[[str], Engine], folder: Path) -> Iterator[Site]:
    with closing(cluster), closing(connect(cluster.address)) as engine:
        yield Site(folder, partial(ClusterExecutor, engine, REGISTRY_FILE), cluster)


@pytest.fixture(scope="module")
def dask_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("dask")
    cluster = DaskCluster(folder, environment_of(folder / "gate"))
    with connected(cluster, DaskEngine, folder) as site:
        yield site


@pytest.fixture(scope="module")
def ray_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from hypertendril.jobs.executors.ray_engine import RayEngine  # loading Ray takes seconds

    folder = tmp_path_factory.mktemp("ray")
    cluster = RayCluster(folder, environment_of(folder / "gate"))
    with connected(cluster, RayEngine, folder) as site:
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return the place a test names, with its gate closed and nothing left of the test before."""
    if request.param == "local":
        return local_site(tmp_path, request.getfixturevalue("monkeypatch"))
    found: Site = request.getfixturevalue(f"{request.param}_site")
    for name in ("gate", "pids"):
        (found.folder / name).unlink(missing_ok=True)
    assert found.cluster is not None
    found.cluster.replace_workers()
    return found


everywhere = pytest.mark.parametrize("site", ["local", *CLUSTERS], indirect=True)
on_clusters = pytest.mark.parametrize("site", CLUSTERS, indirect=True)


@pytest.fixture
def make(site: Site) -> Iterator[Callable[..., Executor]]:
    made: list[Executor] = []

    def factory(name: str, size: int = 1, timeout_seconds: float | None = None) -> Executor:
        made.append(site.make(REGISTRY[name], size, timeout_seconds))
        return made[-1]

    yield factory
    for executor in made:
        executor.close()


def ends(n: int) -> Callable[[list[Event]], bool]:
    return lambda events: sum(isinstance(event, Ended) for event in events) >= n


@everywhere
def test_reports_arrive_while_the_trial_goes_on_and_in_order(make: Any, site: Site) -> None:
    executor = make("gated")
    executor.start(site.segment(3, x=0.5))
    assert events_until(executor, lambda events: len(events) > 0) == [
        Reported(3, 1.0, {"score": 0.5})
    ]
    assert executor.free == 0
    site.gate.touch()
    assert events_until(executor, ends(1)) == [Ended(3, {"score": 0.5})]
    executor = make("sphere")
    executor.start(site.segment(0, x=1.0, n=4))
    steps = [Reported(0, float(step), {"score": -float(step)}) for step in (1, 2, 3)]
    assert events_until(executor, ends(1)) == [*steps, Ended(0, {"size": 4.0})]
    assert executor.free == 1


@everywhere
def test_trials_fail_alone_and_say_why(make: Any, site: Site) -> None:
    executor = make("odd", size=4)
    for number, how in enumerate(("raises", "is killed", "well")):
        executor.start(site.segment(number, how=how))
    found = {e.number: e for e in events_until(executor, ends(3)) if isinstance(e, Ended)}
    assert "ValueError: trial 0 is unlucky" in str(found[0].error)
    assert "SIGKILL" in str(found[1].error)
    assert found[2] == Ended(2, {"score": 1.0, "extra": 2.0})


@everywhere
def test_a_trial_ends_at_its_time_limit(make: Any, site: Site) -> None:
    executor = make("odd", timeout_seconds=0.5)
    executor.start(site.segment(how="hangs"))
    (end,) = events_until(executor, ends(1))
    assert end == Ended(0, {}, "it took more than its limit of 0.5 s")


@everywhere
def test_one_trial_is_stopped_and_the_others_go_on(make: Any, site: Site) -> None:
    executor = make("gated", size=2)
    for number in (3, 4):
        executor.start(site.segment(number, x=0.5))
    events_until(executor, lambda events: len(events) >= 2)
    executor.stop(3, "by hand")
    assert events_until(executor, ends(1)) == [Ended(3, {}, "by hand")]
    wait_until(lambda: sum(is_running(pid) for pid in site.pids()) == 1)
    site.gate.touch()
    assert events_until(executor, ends(1)) == [Ended(4, {"score": 0.5})]


@everywhere
def test_closing_ends_everything_that_was_started(make: Any, site: Site) -> None:
    executor = make("forks")
    executor.start(site.segment(0, x=0.0))
    (event,) = events_until(executor, lambda events: len(events) > 0)
    assert isinstance(event, Reported)
    child = int(event.metrics["score"])
    assert is_running(child)
    executor.close()
    wait_until(lambda: not is_running(child))


@everywhere
def test_objectives_of_every_kind_run(make: Any, site: Site) -> None:
    executor = make("shell")
    executor.start(site.segment(0, x=0.5))
    assert events_until(executor, ends(1))[-1] == Ended(0, {"score": 0.5})
    executor = make("optuna_gives_up")
    executor.start(site.segment(1, x=0.5))
    end = events_until(executor, ends(1))[-1]
    assert isinstance(end, Ended)
    assert end.is_pruned


@everywhere
def test_an_objective_that_cannot_be_loaded_fails_everything(make: Any, site: Site) -> None:
    executor = make("cannot_load")
    executor.start(site.segment(0, x=0.0))
    with pytest.raises(JobError, match="library of this objective is missing"):
        events_until(executor, lambda _: False)


@everywhere
def test_a_checkpoint_is_handed_from_segment_to_segment(make: Any, site: Site) -> None:
    executor = make("grows")
    first = site.segment(7, x=1.0)
    executor.start(first)
    events_until(executor, ends(1))
    executor.start(
        replace(
            first,
            from_step=3,
            to_step=4,
            checkpoint=first.checkpoint_dir,
            checkpoint_dir=first.checkpoint_dir.with_name("8"),
        )
    )
    assert events_until(executor, ends(1))[-1] == Ended(7, {"length": 4.0})
    assert (site.folder / "checkpoints" / "8" / "life").read_text() == "7:1 7:2 7:3 7:4"
    assert [*site.folder.glob("checkpoints/*.*")] == []


@on_clusters
def test_the_segment_of_a_lost_machine_is_run_again_elsewhere(make: Any, site: Site) -> None:
    executor = make("gated")
    executor.start(site.segment(5, x=0.5))
    events_until(executor, lambda events: len(events) > 0)
    site.lose_the_machine_of(wait_until(site.pids)[0])
    assert events_until(executor, lambda events: len(events) > 0) == [
        Reported(5, 1.0, {"score": 0.5})
    ]
    wait_until(lambda: len(site.pids()) == 2)
    site.gate.touch()
    assert events_until(executor, ends(1)) == [Ended(5, {"score": 0.5})]


@on_clusters
def test_a_trial_that_ends_its_machines_is_given_up_in_the_end(make: Any, site: Site) -> None:
    executor = make("kills_worker")
    executor.start(site.segment(2, x=0.5))
    (end,) = events_until(executor, ends(1))
    assert isinstance(end, Ended)
    assert "it ran" in str(end.error) and "lost" in str(end.error)


@on_clusters
def test_a_checkpoint_that_is_not_there_is_said_to_be_in_a_folder_nobody_shares(
    make: Any, site: Site
) -> None:
    executor = make("grows")
    executor.start(replace(site.segment(0, x=1.0), checkpoint=site.folder / "elsewhere"))
    with pytest.raises(JobError, match=r"elsewhere: this folder is not there.*--checkpoints"):
        events_until(executor, lambda _: False)


@on_clusters
def test_what_no_machine_can_run_is_said_in_the_log(
    make: Any, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cluster_module, "PATIENCE_SECONDS", 0.1)
    executor = make("needs_gpu")
    executor.start(site.segment(0, x=0.5))
    with caplog.at_level(logging.WARNING):
        wait_until(lambda: executor.wait(0.1) or caplog.messages)
    assert "1 segments wait for a machine with CPU=1, GPU=1; the cluster has: " in caplog.text


@on_clusters
def test_a_study_is_the_same_here_and_on_a_cluster_that_loses_a_machine(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = {"trials": 6, "parallel": 1}
    data = {"name": "s", "objective": "gated", "method": "tpe", "seed": 4, "budget": budget}
    job = JobSpec.from_json(data | {"settings": {"n_startup_trials": 2}}, REGISTRY)
    with ExperimentStore.open(None) as store:
        there = study_at(site, job, store, "cluster", lose_at=4)
        assert len(site.pids()) == 7
        here = local_site(tmp_path, monkeypatch)
        here.gate.touch()
        expected = study_at(here, job, store, "local")
    np.testing.assert_array_equal(there.trials.values, expected.trials.values)
    np.testing.assert_array_equal(there.trials.objectives, expected.trials.objectives)
    assert there.counts() == expected.counts()
    assert there.counts()[TrialState.COMPLETE] == 6
    for trial in range(6):
        np.testing.assert_array_equal(there.curves.of(trial, 0), expected.curves.of(trial, 0))


@on_clusters
def test_a_population_goes_on_from_checkpoints_whichever_machine_saved_them(site: Site) -> None:
    settings = {"population": 4, "interval": 2, "generations": 3, "survivors": 0.5}
    budget = {"parallel": 2, "trials": 99}
    data = {"name": "s", "objective": "grows", "method": "pbt", "seed": 4, "budget": budget}
    job = JobSpec.from_json(data | {"settings": settings}, REGISTRY)
    with ExperimentStore.open(None) as store:
        study = study_at(site, job, store, "population")
    is_child = study.trials.parent >= 0
    assert is_child.sum() == 4
    assert study.counts()[TrialState.COMPLETE] == 4
    trained = study.column("metric:length")[study.trials.state == TrialState.COMPLETE]
    assert trained.tolist() == [6.0] * 4  # over the lives of parents and children
    left = [path.name for path in site.folder.glob("checkpoints/population/*/*")]
    assert left and all(name.isdecimal() for name in left)


def study_at(
    site: Site, job: JobSpec, store: ExperimentStore, name: str, lose_at: int | None = None
) -> Study:
    """Return a study that was run somewhere; at a trial, its machine is lost on the way."""

    def watch(_: object) -> Order:
        pids = site.pids()
        if lose_at is not None and len(pids) > lose_at:
            site.gate.touch()  # it was begun anew
        elif len(pids) == lose_at and is_running(pids[-1]):
            site.lose_the_machine_of(pids[-1])
        return Order.GO_ON

    place = Place(site.folder / "checkpoints", REGISTRY_FILE, site.make)
    assert run_study(job, REGISTRY[job.objective], store, name, watch, place) is Ending.DONE
    return store.snapshot(name)
