"""Search methods: ask for values, tell results.

A new method is one module with a `METHOD` in it and one line in `METHODS`.
"""

from hypertendril.errors import JobError
from hypertendril.model import Objective, SearchSpace
from hypertendril.search import random, tpe
from hypertendril.search.method import MethodInfo, SearchMethod, Setting, Settings

__all__ = [
    "METHODS",
    "MethodInfo",
    "SearchMethod",
    "Setting",
    "Settings",
    "make_method",
    "method_info",
]

METHODS: dict[str, MethodInfo] = {info.name: info for info in (random.METHOD, tpe.METHOD)}


def method_info(name: str) -> MethodInfo:
    """Return what is known of the method `name`.

    Raises:
        JobError: There is no such method.
    """
    if name not in METHODS:
        raise JobError(f"Field 'method': {name!r} is not one of {', '.join(METHODS)}.")
    return METHODS[name]


def make_method(
    name: str,
    settings: Settings,
    space: SearchSpace,
    objectives: tuple[Objective, ...],
    seed: int,
) -> SearchMethod:
    """Return a fresh method `name` over `space`.

    Raises:
        JobError: No such method, or a setting is invalid.
        SpaceError: The conditions of the space cannot be met.
    """
    info = method_info(name)
    return info.make(info.checked_settings(settings), space, objectives, seed)
