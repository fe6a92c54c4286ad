"""The hyperparameters that TensorBoard's plugin stores: an experiment, and sessions of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypertendril.model import TrialState
from hypertendril.readers.drafts.draft import NAN
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.files.protobuf import Value, fields, floating, message, signed, text

STATES = {1: TrialState.COMPLETE, 2: TrialState.FAILED, 3: TrialState.RUNNING}


@dataclass
class Declared:
    """A hyperparameter as the experiment declares it: a list of values, or a range, or neither."""

    values: list[Any] = field(default_factory=list)
    low: float = NAN
    high: float = NAN


@dataclass
class Session:
    """All that the plugin stored in one folder.

    Attributes:
        params: None as long as no session was started.
        metrics: Tags the experiment declares, as (folder below the session, tag).
    """

    params: dict[str, Any] | None = None
    state: TrialState = TrialState.RUNNING
    started: float = NAN
    ended: float = NAN
    name: str = ""
    declared: dict[str, Declared] = field(default_factory=dict)
    metrics: list[tuple[str, str]] = field(default_factory=list)

    def take(self, content: bytes, time: float) -> None:
        """Add one record of the plugin.

        Raises:
            BadMessageError: It is damaged.
        """
        for number, value in fields(content):
            if number == 2:
                self._experiment(message(value))
            elif number == 3:
                self._start(message(value), time)
            elif number == 4:
                self._end(message(value), time)

    def _experiment(self, data: bytes) -> None:
        for number, value in fields(data):
            if number == 6:
                self.name = clean(text(value))
            elif number == 4:
                name, declared = _hparam(message(value))
                self.declared[name] = declared
            elif number == 5:
                self.metrics += _metric(message(value))

    def _start(self, data: bytes, time: float) -> None:
        self.params, self.started = self.params or {}, time
        for number, value in fields(data):
            if number == 1:
                parts = dict(fields(message(value)))
                if 1 in parts and 2 in parts:
                    self.params[clean(text(parts[1]))] = any_value(message(parts[2]))
            elif number == 5:
                self.started = floating(value) or time

    def _end(self, data: bytes, time: float) -> None:
        self.ended, status = time, 0
        for number, value in fields(data):
            if number == 1:
                status = signed(value)
            elif number == 2:
                self.ended = floating(value) or time
        self.state = STATES.get(status, TrialState.COMPLETE)


def _hparam(data: bytes) -> tuple[str, Declared]:
    name, declared = "", Declared()
    for number, value in fields(data):
        if number == 1:
            name = clean(text(value))
        elif number == 5:
            declared.values = list(_listed(message(value)))
        elif number == 6:
            declared.low = declared.high = 0.0  # as protocol buffers leave zeros out
            for bound, limit in fields(message(value)):
                if bound == 1:
                    declared.low = floating(limit)
                elif bound == 2:
                    declared.high = floating(limit)
    return name, declared


def _metric(data: bytes) -> Iterator[tuple[str, str]]:
    for number, value in fields(data):
        if number == 1:
            parts: dict[int, Value] = dict(fields(message(value)))
            group, tag = (clean(text(parts.get(i, b""))) for i in (1, 2))
            if tag:
                yield group, tag


def _listed(data: bytes) -> Iterator[Any]:
    for number, value in fields(data):
        if number == 1:
            yield any_value(message(value))


def any_value(data: bytes) -> Any:
    """Return a `google.protobuf.Value`: a number, text, truth value, list or None."""
    for number, value in fields(data):
        if number == 2:
            return floating(value)
        if number == 3:
            return clean(text(value))
        if number == 4:
            return bool(signed(value))
        if number == 6:
            return list(_listed(message(value)))
    return None
