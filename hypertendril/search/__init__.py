"""Search methods: ask what to run next, tell results.

A new method is one module with a `METHOD` in it and one line in `METHODS`.
"""

from hypertendril.errors import JobError, did_you_mean
from hypertendril.search import (
    asha,
    bohb,
    cmaes,
    gaussian_process,
    grid,
    hyperband,
    nsga2,
    pb2,
    pbt,
    random,
    replay,
    sobol,
    tpe,
)
from hypertendril.search.method import MethodInfo, SearchMethod, Setting
from hypertendril.search.scheduler import Assignment, Look, Recorded, Result, Scheduler
from hypertendril.search.setup import Limits, Settings, Setup
from hypertendril.search.starting import EarlierStudy, EarlierTrial, Origin, StartingSet, Stretch
from hypertendril.search.whole_trials import WholeTrials

__all__ = [
    "METHODS",
    "Assignment",
    "EarlierStudy",
    "EarlierTrial",
    "Limits",
    "Look",
    "MethodInfo",
    "Origin",
    "Recorded",
    "Result",
    "Scheduler",
    "SearchMethod",
    "Setting",
    "Settings",
    "Setup",
    "StartingSet",
    "Stretch",
    "make_method",
    "make_scheduler",
    "method_info",
]

METHODS: dict[str, MethodInfo] = {
    info.name: info
    for info in (
        random.METHOD,
        tpe.METHOD,
        gaussian_process.METHOD,
        cmaes.METHOD,
        nsga2.METHOD,
        sobol.METHOD,
        grid.METHOD,
        hyperband.HALVING,
        hyperband.HYPERBAND,
        bohb.METHOD,
        asha.METHOD,
        pbt.METHOD,
        pb2.METHOD,
    )
}
# The last one searches nothing, so nobody is offered it.
_KNOWN = METHODS | {replay.METHOD.name: replay.METHOD}


def method_info(name: str) -> MethodInfo:
    """Return what is known of the method `name`.

    Raises:
        JobError: There is no such method.
    """
    if name not in _KNOWN:
        hint = did_you_mean(name, _KNOWN)
        raise JobError(f"Field 'method': {name!r} is not one of {', '.join(_KNOWN)}.{hint}")
    return _KNOWN[name]


def make_method(name: str, setup: Setup) -> SearchMethod:
    """Return a fresh method `name` that trains each trial in one go.

    Raises:
        JobError: No such method, it is a scheduler, or a setting is invalid.
        SpaceError: The conditions of the space cannot be met.
    """
    info = method_info(name)
    if info.make is None:
        raise JobError(f"The method {name!r} chooses more than values; use make_scheduler.")
    return info.make(info.checked(setup))


def make_scheduler(name: str, setup: Setup) -> Scheduler:
    """Return a fresh scheduler for the method `name`, whichever kind of method it is.

    Raises:
        JobError: No such method, or a setting is invalid.
        SpaceError: The conditions of the space cannot be met.
    """
    info = method_info(name)
    if info.schedule is None:
        return WholeTrials(make_method(name, setup), setup)
    return info.schedule(info.checked(setup))
