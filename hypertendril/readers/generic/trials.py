"""The trials of the generic form, from a list of objects to columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Outcome,
    Parameter,
    SearchSpace,
    Trials,
    TrialState,
)
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.files.json_text import HUGE, as_choice, as_number, brief, clean
from hypertendril.readers.files.times import posix
from hypertendril.readers.losses import Losses
from hypertendril.readers.progress import each

TRIAL_KEYS = frozenset(
    {"number", "state", "params", "values", "metrics", "parent", "started", "ended", "bracket"}
    | {"violation", "note", "evaluations", "curves"}
)
EVALUATION_KEYS = frozenset(
    {"iteration", "bracket", "rung", "resource", "value", "outcome", "time", "order"}
)
OUTCOMES = {outcome.name.lower(): outcome for outcome in Outcome}
NOT_FINITE = {
    "inf": np.inf,
    "-inf": -np.inf,
    "nan": np.nan,
    "infinity": np.inf,
    "-infinity": -np.inf,
}

Floats = NDArray[np.float64]

_UNTOLD = -1  # the state of a trial of which none is known yet


class _Seen(NamedTuple):
    """One evaluation, as in `Evaluations`; `order` is its place in the whole study, if it has one."""

    trial: int
    iteration: int
    bracket: int
    rung: int
    resource: float
    value: float
    outcome: Outcome
    time: float
    order: int = -1


class TrialList:
    """The trials of one file, checked one by one; what is wrong with one of them is a loss."""

    def __init__(
        self, items: Sequence[Any], losses: Losses, line_of: Callable[[int], int] | None = None
    ) -> None:
        self.losses = losses
        self._line_of = line_of
        self._items: list[dict[str, Any]] = []
        self._places: list[int] = []  # position in the file of each kept trial
        for i, item in enumerate(items):
            if isinstance(item, dict):
                self._places.append(i)
                self._items.append(item)
            else:
                self._lose_at(i, "not an object")
        for i, item in enumerate(self._items):
            if not item:
                continue
            if not item.keys() <= TRIAL_KEYS:
                for key in item:
                    if key not in TRIAL_KEYS:
                        losses.count(f"unknown key {brief(key)!r} of a trial")
            for group in ("params", "values", "metrics", "curves"):
                if not isinstance(item.get(group) or {}, dict):
                    self._lose(i, f"{group}: not an object")

    def _lose_at(self, place: int, reason: str) -> None:
        line = self._line_of(place) if self._line_of else None
        self.losses.add(f"trials[{place}].{reason}" if line is None else reason, line)

    def _lose(self, row: int, reason: str) -> None:
        self._lose_at(self._places[row], reason)

    def _entries(self, group: str) -> Iterator[tuple[int, str, Any]]:
        """Yield row, name and value of everything in `params`, `values`, `metrics` or `curves`."""
        for row, item in enumerate(each(self._items, "trials")):
            entries = item.get(group)
            if isinstance(entries, dict):
                for name, value in entries.items():
                    yield row, clean(name), value

    def found_names(self, group: str) -> list[str]:
        """Return the names used in `params`, `values`, `metrics` or `curves`, first seen first."""
        return list(dict.fromkeys(name for _, name, _ in self._entries(group)))

    def undeclared(self, declared: Collection[str]) -> dict[str, list[Any]]:
        """Return all values of each parameter that is not declared, the first seen first."""
        found: dict[str, list[Any]] = {}
        for _, name, value in self._entries("params"):
            if name not in declared:
                found.setdefault(name, []).append(as_choice(value))
        return found

    def trials(
        self, space: SearchSpace, objective_names: Sequence[str], metric_names: Sequence[str]
    ) -> Trials:
        """Return the columns of the trials; the arguments name and order the columns."""
        blank = self._begun(space, objective_names, metric_names)
        columns = {
            name: (i, encoder(p))
            for i, (name, p) in enumerate(zip(space.names, space, strict=True))
        }
        for row, name, value in self._entries("params"):
            if name in columns:
                i, encode = columns[name]
                code = encode(value)
                if code is None and value is None:
                    continue  # null is a choice of some parameters, of the others it says: inactive
                if code is None:
                    self._lose(row, f"params.{name}: {brief(value)!r} is no value of it")
                else:
                    blank.values[row, i] = code
        self._fill("values", objective_names, blank.objectives)
        self._fill("metrics", metric_names, blank.metrics)
        for row, item in enumerate(each(self._items, "trials")):
            if item:
                self._scalars(row, item, blank)
        self._assume_states(blank)
        self._parents(blank)
        return blank

    def _begun(
        self, space: SearchSpace, objective_names: Sequence[str], metric_names: Sequence[str]
    ) -> Trials:
        """Return blank columns, to be filled from the objects; states are not known yet."""
        blank = Trials.empty(len(self._items), len(space), len(objective_names), len(metric_names))
        blank.state[:] = _UNTOLD
        return blank

    def _fill(self, group: str, names: Sequence[str], columns: Any) -> None:
        positions = {name: i for i, name in enumerate(names)}
        for row, name, value in self._entries(group):
            number = self._number(row, f"{group}.{name}", value)
            if name not in positions:
                self._lose(row, f"{group}.{name}: no such objective")
            else:
                columns[row, positions[name]] = number

    def _number(self, row: int, field: str, value: Any) -> float:
        """Return a number of trial `row`; NaN for null and, with a loss, for anything else."""
        if value is None:
            return np.nan
        number = parsed_number(value)
        if number is None:
            self._lose(row, f"{field}: {brief(value)!r} is not a number")
            return np.nan
        return number

    def _integer(self, row: int, field: str, value: Any, default: int, bits: int = 32) -> int:
        if value is None:
            return default
        limit = 1 << (bits - 1)
        if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
            self._lose(row, f"{field}: {brief(value)!r} is not a whole number")
            return default
        return value

    def _time(self, row: int, field: str, value: Any) -> float:
        if value is None:
            return np.nan
        moment = as_number(value)
        moment = posix(value) if moment is None else moment
        if np.isnan(moment) and value == value:  # noqa: PLR0124 (a NaN is a way to say unknown)
            self._lose(row, f"{field}: {brief(value)!r} is not a time")
        return moment

    def _scalars(self, row: int, item: dict[str, Any], into: Trials) -> None:
        if item.get("number") is not None:
            into.number[row] = self._integer(row, "number", item["number"], row, bits=64)
        if item.get("bracket") is not None:
            into.bracket[row] = self._integer(row, "bracket", item["bracket"], -1)
        for name, column in (("started", into.started), ("ended", into.ended)):
            if item.get(name) is not None:
                column[row] = self._time(row, name, item[name])
        if item.get("violation") is not None:
            into.violation[row] = self._number(row, "violation", item["violation"])
        state, note = item.get("state"), item.get("note")
        known = state_of(state) if isinstance(state, str) else None
        if known is not None:
            into.state[row] = known
        elif state is not None:
            name = _assumed(into.objectives[row]).name.lower()
            self._lose(row, f"state: {brief(state, 40)!r} is unknown; {name} is assumed")
        if isinstance(note, str):
            into.notes[row] = clean(note)
        elif note is not None:
            self._lose(row, "note: not a text")

    def _assume_states(self, into: Trials) -> None:
        for row in np.flatnonzero(into.state == _UNTOLD).tolist():
            into.state[row] = _assumed(into.objectives[row])

    def _parents(self, into: Trials) -> None:
        if not any(item.get("parent") is not None for item in self._items):
            return
        row_of: dict[int, int] = {}
        for row, number in enumerate(into.number.tolist()):
            row_of.setdefault(number, row)
        for row, item in enumerate(self._items):
            parent = item.get("parent")
            if parent is None:
                continue
            found = row_of.get(parent) if isinstance(parent, int) else None
            if found is None or found == row:
                self._lose(row, f"parent: {brief(parent, 40)!r} is no other trial's number")
            else:
                into.parent[row] = found

    def evaluations(self, trials: Trials) -> Evaluations:
        """Return what the method saw, in order.

        A trial that has ended and lists no evaluations gets one: final if complete, discarded if
        pruned.
        """
        if not any("evaluations" in item for item in self._items):
            return _closings(trials)
        rows: list[_Seen] = []
        for row, item in enumerate(self._items):
            listed = item.get("evaluations")
            if listed is None:
                rows += _closing(row, trials)
            elif isinstance(listed, list):
                rows += [
                    found
                    for i, one in enumerate(listed)
                    if (found := self._evaluation(row, i, one)) is not None
                ]
            else:
                self._lose(row, "evaluations: not a list")
        if not rows:
            return Evaluations.empty()
        rows.sort(key=_order(rows))
        columns = list(zip(*rows, strict=True))
        dtypes = (np.int64, np.int32, np.int32, np.int32, float, float, np.int8, float)
        return Evaluations(
            *(np.array(c, dtype=d) for c, d in zip(columns[:8], dtypes, strict=True))
        )

    def _evaluation(self, row: int, i: int, item: Any) -> _Seen | None:
        field = f"evaluations[{i}]"
        if not isinstance(item, dict):
            self._lose(row, f"{field}: not an object")
            return None
        for key in item:
            if key not in EVALUATION_KEYS:
                self.losses.count(f"unknown key {brief(key)!r} of an evaluation")
        outcome = item.get("outcome", "pending")
        known = OUTCOMES.get(outcome.lower()) if isinstance(outcome, str) else None
        if known is None:
            self._lose(row, f"{field}.outcome: {brief(outcome, 40)!r} is unknown")
            known = Outcome.PENDING
        iteration, bracket, rung = (
            self._integer(row, f"{field}.{key}", item.get(key), -1)
            for key in ("iteration", "bracket", "rung")
        )
        resource, value = (
            self._number(row, f"{field}.{key}", item.get(key)) for key in ("resource", "value")
        )
        time = self._time(row, f"{field}.time", item.get("time"))
        order = self._integer(row, f"{field}.order", item.get("order"), -1, bits=64)
        return _Seen(row, iteration, bracket, rung, resource, value, known, time, order)

    def curves(self, names: Sequence[str]) -> CurvePoints:
        """Return the curve points, trial by trial; `names` are the metrics that may have curves."""
        positions = {name: i for i, name in enumerate(names)}
        found: list[tuple[int, int, Floats]] = []
        for row, name, points in self._entries("curves"):
            if isinstance(points, list):
                found.append((row, positions[name], self._points(row, name, points)))
            else:
                self._lose(row, f"curves.{name}: not a list of [step, value]")
        if not found:
            return CurvePoints.empty()
        lengths = [len(points) for *_, points in found]
        table = np.concatenate([points for *_, points in found])
        return CurvePoints(
            np.repeat(np.array([row for row, *_ in found], dtype=np.int64), lengths),
            np.repeat(np.array([metric for _, metric, _ in found], dtype=np.int16), lengths),
            table[:, 0].copy(),
            table[:, 1].copy(),
        )

    def _points(self, row: int, name: str, points: list[Any]) -> Floats:
        """Return the (n, 2) steps and values of one curve."""
        plain = _plain_points(points)
        if plain is not None:
            return plain
        found = []
        for point in points:
            step = as_number(point[0]) if isinstance(point, list) and len(point) == 2 else None
            if step is None or not np.isfinite(step):
                self._lose(row, f"curves.{name}: {brief(point)!r} is no [step, value]")
            else:
                found.append((step, self._number(row, f"curves.{name}", point[1])))
        return np.array(found, dtype=np.float64).reshape(-1, 2)


def _plain_points(points: list[Any]) -> Floats | None:
    """Return points where all are two floats or short whole numbers, as nearly always; else None."""
    if not all(type(point) is list and len(point) == 2 for point in points):
        return None
    numbers = list(chain.from_iterable(points))
    if not all(type(n) is float or (type(n) is int and abs(n) < HUGE) for n in numbers):
        return None
    table = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    return table if np.isfinite(table[:, 0]).all() else None


def _assumed(objectives: Floats) -> TrialState:
    """Return the state of a trial that tells none."""
    return TrialState.WAITING if np.isnan(objectives).all() else TrialState.COMPLETE


def _closings(trials: Trials) -> Evaluations:
    """Return an evaluation of each trial that has ended."""
    row = np.flatnonzero(np.isin(trials.state, (TrialState.COMPLETE, TrialState.PRUNED)))
    if np.isfinite(trials.ended[row]).all():
        row = row[np.argsort(trials.ended[row], kind="stable")]
    is_complete = trials.state[row] == TrialState.COMPLETE
    return replace(
        Evaluations.empty(len(row)),
        trial=row,
        bracket=trials.bracket[row],
        value=trials.objectives[row, 0],
        outcome=np.where(is_complete, Outcome.FINAL, Outcome.DISCARDED).astype(np.int8),
        time=trials.ended[row],
    )


def _closing(row: int, trials: Trials) -> list[_Seen]:
    state = trials.state[row]
    if state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return []
    outcome = Outcome.FINAL if state == TrialState.COMPLETE else Outcome.DISCARDED
    value, ended = float(trials.objectives[row, 0]), float(trials.ended[row])
    bracket = int(trials.bracket[row])
    return [_Seen(row, -1, bracket, -1, np.nan, value, outcome, ended)]


def _order(rows: Sequence[_Seen]) -> Callable[[_Seen], float]:
    """Return the key to sort evaluations by: the first of order, time and iteration all have."""
    if all(row.order >= 0 for row in rows):
        return lambda row: row.order
    if all(np.isfinite(row.time) for row in rows):
        return lambda row: row.time
    if all(row.iteration >= 0 for row in rows):
        return lambda row: row.iteration
    return lambda _: 0.0  # as they stand, trial by trial


def parsed_number(value: Any) -> float | None:
    """Return a JSON number, or a text that stands for one JSON lacks; None for anything else."""
    return NOT_FINITE.get(value.lower()) if isinstance(value, str) else as_number(value)


def encoder(parameter: Parameter) -> Callable[[Any], float | None]:
    """Return the function from what was written to the column value; None for what isn't one."""
    if not parameter.is_discrete_choice:
        return parsed_number
    codes = {(isinstance(c, bool), c): float(code) for code, c in enumerate(parameter.choices)}

    def encode(value: Any) -> float | None:
        choice = as_choice(value)
        return codes.get((isinstance(choice, bool), choice))

    return encode
