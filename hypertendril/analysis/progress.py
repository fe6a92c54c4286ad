"""How far a long computation is: told to whoever waits, who may stop it by raising."""

from __future__ import annotations

from collections.abc import Callable

# Is given the share that is done, 0 to 1; what it raises ends the computation.
Tell = Callable[[float], None]


def unheard(share: float) -> None:
    """Tell nobody."""


def part(tell: Tell, start: float, end: float) -> Tell:
    """Return what a step tells that is the work from `start` to `end` of the whole."""
    return lambda share: tell(start + share * (end - start))
