"""Reading without the collector of cyclic garbage, which would walk over all that was read so far."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_guard = threading.Lock()
_resting: list[bool] = []  # for each reading under way, whether the collector ran until then


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector rest in this block, and in those of other threads that began meanwhile.

    A reader makes millions of objects and no cycles. The collector would look at each of them
    again and again, a third of the time of reading, in which all other threads stand still.
    """
    with _guard:
        _resting.append(gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _guard:
            was_running = any(_resting)
            _resting.pop()
            if not _resting and was_running:
                gc.enable()
