"""Results that take long, computed once in the background and kept while they fit."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a computation left in place of a value.

    Attributes:
        message: The error in words.
    """

    message: str


class StoppedError(Exception):
    """What a computation raises that was told to stop: nothing of it is kept."""


class Derived:
    """Values by key, computed by a few background threads.

    The key must name everything a value depends on (study, version, settings): a value is
    never computed again while it is kept. Newest requests come first, since a page asks for
    what it shows now; requests that were waiting too long are dropped until asked again.

    Args:
        workers: Threads that compute.
        size: Values kept, and requests waiting, at most.
    """

    def __init__(self, workers: int = 1, size: int = 256) -> None:
        self._size = size
        self._change = threading.Condition()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._waiting: OrderedDict[Hashable, Callable[[], Any]] = OrderedDict()
        self._running: set[Hashable] = set()
        self._count = 0
        self._is_closed = False
        # Daemons: a long computation must not keep the program from ending.
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    @property
    def count(self) -> int:
        """How many computations have finished so far."""
        with self._change:
            return self._count

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the value of `key`, a `Failure`, or None while it is being computed.

        Args:
            key: Names the value and all it depends on.
            compute: Called in a background thread if the value is not there; must not
                return None, and may raise `StoppedError`.
        """
        with self._change:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            if key not in self._running:
                self._waiting.setdefault(key, compute)
                self._waiting.move_to_end(key)
                _shrink(self._waiting, self._size)
                self._change.notify()
            return None

    def wait(self, key: Hashable, compute: Callable[[], Any], timeout_seconds: float) -> Any:
        """Return as `get` does, but wait so long for the value first."""
        value = self.get(key, compute)
        if value is not None:
            return value
        with self._change:
            self._change.wait_for(lambda: key in self._values, timeout_seconds)
            return self._values.get(key)

    def drop(self, key: Hashable) -> None:
        """Compute `key` no more if it is still waiting; a running computation must be told."""
        with self._change:
            self._waiting.pop(key, None)

    def close(self) -> None:
        """Compute nothing more; a running computation ends by itself."""
        with self._change:
            self._is_closed = True
            self._waiting.clear()
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                key, compute = self._waiting.popitem()
                self._running.add(key)
            value = _outcome(compute)
            with self._change:
                self._running.discard(key)
                if value is not None:
                    self._values[key] = value
                    _shrink(self._values, self._size)
                self._count += 1
                self._change.notify_all()
            del key, compute, value  # while it waits, a thread must not keep a study alive


def _outcome(compute: Callable[[], Any]) -> Any:
    try:
        value = compute()
    except StoppedError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, the page must say it
        _LOG.exception("A background computation failed")
        return Failure(str(error) or type(error).__name__)
    return Failure("The computation gave no result.") if value is None else value


def _shrink(items: OrderedDict[Hashable, Any], size: int) -> None:
    while len(items) > size:
        items.popitem(last=False)
