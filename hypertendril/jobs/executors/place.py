"""Where trials run: on this machine, or on the cluster its settings name.

The settings of the machine that runs jobs decide, never a job: a job, and so a page, can
name neither an executor nor an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hypertendril.errors import ClusterError
from hypertendril.jobs.executors.cluster import ClusterExecutor, Engine
from hypertendril.jobs.executors.local import LocalExecutor
from hypertendril.jobs.segments import Executor
from hypertendril.jobs.spec.objectives import RegisteredObjective
from hypertendril.settings import Settings

# (what to run, how many segments at a time, time limit of each in seconds) -> what runs them
MakeExecutor = Callable[[RegisteredObjective, int, float | None], Executor]


@dataclass(frozen=True, slots=True)
class Place:
    """Where trials run.

    Attributes:
        checkpoints: Folder for the checkpoints of all studies.
        registry: What may be run; None for nothing.
    """

    checkpoints: Path
    registry: Path | None = None
    make_executor: MakeExecutor = LocalExecutor


@contextmanager
def open_place(settings: Settings) -> Iterator[Place]:
    """Give the place of the settings, connected to its cluster for as long as it is used.

    Raises:
        ClusterError: The engine is not installed, or its cluster cannot be reached.
    """
    place = Place(settings.checkpoints, settings.objectives)
    if settings.executor == "local" or settings.objectives is None:
        yield place
        return
    engine = _connect(settings.executor, settings.address)
    try:
        make = partial(ClusterExecutor, engine, settings.objectives)
        yield Place(place.checkpoints, place.registry, make)
    finally:
        engine.close()


def _connect(executor: str, address: str | None) -> Engine:
    """Return a connection; the engine is imported only here."""
    try:
        if executor == "dask":
            from hypertendril.jobs.executors.dask_engine import DaskEngine  # noqa: PLC0415

            return DaskEngine(address)
        from hypertendril.jobs.executors.ray_engine import RayEngine  # noqa: PLC0415

        return RayEngine(address)
    except ImportError as error:
        raise ClusterError(
            f"The executor {executor} is not installed ({error}): "
            f"pip install 'hypertendril[{executor}]'"
        ) from None
