"""The trials of a table: whole columns at once, and cell by cell only where something is wrong."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import Choice, Parameter, SearchSpace, Trials
from hypertendril.readers.drafts.inferred import infer_number, infer_parameter
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.files.json_text import as_choice, brief
from hypertendril.readers.files.times import posix
from hypertendril.readers.generic.trials import TrialList, encoder, parsed_number
from hypertendril.readers.losses import Losses
from hypertendril.readers.tables.cells import Cell, Cells, cell_of_text, typed_cells

TEXTS = ("state", "note")
_EMPTY: dict[str, Any] = {}
_ABSENT = object()  # of a cell: the parameter is inactive; null may be a choice

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """Where the cells of a column go.

    Attributes:
        group: `params`, `values`, `metrics`, `curves`, or None for the trial itself.
        scale: Told, `log` or `linear`.
        step: At which the points of a curve stand.
    """

    group: str | None
    name: str
    scale: str | None = None
    direction: str | None = None
    step: float | None = None


@dataclass(frozen=True)
class Filled:
    """A column with its cells; `choices` are those of a parameter that declares them, by text."""

    column: Column
    cells: Cells
    choices: Mapping[str, Choice] | None = None

    def values(self, texts: Sequence[str]) -> list[Any]:
        """Return texts as values of the parameter, `_ABSENT` for those that are none."""
        if self.choices is None:
            return [_ABSENT if value is None else value for value in typed_cells(texts)]
        return [self.choices.get(t, cell_of_text(t)) if t else _ABSENT for t in texts]

    def doubts(self) -> list[str]:
        """Return how its cells were read where they might be meant otherwise."""
        is_told = self.choices is not None or self.column.group != "params"
        strays = None if is_told else self.cells.strays()
        return [*self.cells.doubts(), *([strays] if strays else [])]

    def is_used(self) -> bool:
        """Return whether a cell holds something."""
        if self.column.group != "params":
            return any(text.strip() for text in self.cells.texts)
        if self.cells.is_numeric and self.choices is None:
            return not np.isnan(self.cells.numbers()).all()
        return any(v is not _ABSENT for v in self.cells.told(self.values))

    def inferred(self) -> Parameter | None:
        """Return the narrowest parameter that holds the cells."""
        cells, name = self.cells, self.column.name
        if cells.is_numeric and self.choices is None:
            return infer_number(name, cells.numbers(), is_int=cells.is_whole)
        return infer_parameter(name, [v for v in cells.told(self.values) if v is not _ABSENT])


class TableTrials(TrialList):
    """The trials of a table, a row each.

    Args:
        filled: Its columns.
        lines: Line of each row in the file.
        losses: Gets what can't be used.
    """

    def __init__(self, filled: Sequence[Filled], lines: Sequence[int], losses: Losses) -> None:
        super().__init__([_EMPTY] * len(lines), losses, lines.__getitem__)
        self._filled = filled

    def numbers(self) -> list[Any]:
        """Return the number of each trial, as it is told or by its row."""
        for filled in self._filled:
            if filled.column == Column(None, "number"):
                cells = filled.cells.told(_typed)
                return [row if cell is None else cell for row, cell in enumerate(cells)]
        return list(range(len(self._items)))

    def own(self, row: int) -> dict[str, Any]:
        """Return the object of a trial; what stands in it is used as in the generic form."""
        if self._items[row] is _EMPTY:
            self._items[row] = {}
        return self._items[row]

    def add_points(self) -> None:
        """Add the points of the curves that have a column for each step."""
        stepped = [one for one in self._filled if one.column.step is not None]
        for one in sorted(stepped, key=lambda one: one.column.step or 0.0):
            for row, value in enumerate(self._measured(one).tolist()):
                if not math.isnan(value):
                    curves = self.own(row).setdefault("curves", {})
                    curves.setdefault(one.column.name, []).append([one.column.step, value])

    def found_names(self, group: str) -> list[str]:
        """Return the names of the columns of a group that hold something."""
        if group == "curves":
            return super().found_names(group)
        used = [f.column.name for f in self._filled if f.column.group == group and f.is_used()]
        return list(dict.fromkeys(used))

    def undeclared(self, declared: Collection[str]) -> dict[str, list[Any]]:
        """Return all values of each parameter that is not declared, in the order of the columns."""
        found: dict[str, list[Any]] = {}
        for filled in self._filled:
            column = filled.column
            if column.group == "params" and column.name not in declared and filled.is_used():
                values = [v for v in filled.cells.told(filled.values) if v is not _ABSENT]
                found.setdefault(column.name, []).extend(map(as_choice, values))
        return found

    def _begun(
        self, space: SearchSpace, objective_names: Sequence[str], metric_names: Sequence[str]
    ) -> Trials:
        begun = super()._begun(space, objective_names, metric_names)
        for filled in self._filled:
            column = filled.column
            if column.group is None:
                self._plain(column.name, filled.cells, begun)
            elif column.group == "params" and column.name in space.names:
                at = space.names.index(column.name)
                _lay(self._codes(filled, space[column.name]), begun.values[:, at])
            elif column.group == "values" and column.name in objective_names:
                at = objective_names.index(column.name)
                _lay(self._measured(filled), begun.objectives[:, at])
            elif column.group == "metrics" and column.name in metric_names:
                _lay(self._measured(filled), begun.metrics[:, metric_names.index(column.name)])
        return begun

    def _codes(self, filled: Filled, parameter: Parameter) -> Floats:
        cells = filled.cells
        if cells.is_numeric and filled.choices is None and not parameter.is_discrete_choice:
            return cells.numbers()
        encode = encoder(parameter)

        def tell(texts: list[str]) -> list[tuple[Any, float | None]]:
            found = filled.values(texts)
            return [(v, np.nan if v is _ABSENT else _or_nan(v, encode(v))) for v in found]

        return self._told_numbers(cells.told(tell), f"params.{parameter.name}", "no value of it")

    def _measured(self, filled: Filled) -> Floats:
        if filled.cells.is_numeric:
            return filled.cells.numbers()

        def tell(texts: list[str]) -> list[tuple[Any, float | None]]:
            return [(v, np.nan if v is None else parsed_number(v)) for v in _typed(texts)]

        field = f"{filled.column.group}.{filled.column.name}"
        return self._told_numbers(filled.cells.told(tell), field, "not a number")

    def _told_numbers(
        self, told: Sequence[tuple[Any, float | None]], field: str, what: str
    ) -> Floats:
        """Return the number of each value; NaN, and a loss, for a value without one."""
        for row, (value, number) in enumerate(told):
            if number is None:
                self._lose(row, f"{field}: {brief(value)!r} is {what}")
        return np.array([np.nan if number is None else number for _, number in told], dtype=float)

    def _plain(self, name: str, cells: Cells, into: Trials) -> None:
        """Fill a column of the trial itself; where that is not plain, by way of its objects."""
        is_full = cells.is_whole and not cells.has_blanks
        if name == "number" and is_full:
            into.number[:] = list(map(int, cells.texts))
        elif name in ("started", "ended", "violation") and cells.is_numeric:
            getattr(into, name)[:] = cells.numbers()
        elif name in ("started", "ended") and None not in (times := cells.told(_moments)):
            getattr(into, name)[:] = times
        elif name == "state" and None not in (states := cells.told(_states)):
            into.state[:] = np.array(states, dtype=np.int8)
        else:
            for row, value in enumerate(cells.told(_texts if name in TEXTS else _typed)):
                if value is not None:
                    self.own(row)[name] = value


def _lay(numbers: Floats, column: Floats) -> None:
    """Put numbers into a column; those that are missing leave what another one of its name told."""
    np.copyto(column, numbers, where=~np.isnan(numbers))


def _or_nan(value: Any, code: float | None) -> float | None:
    """Return the code of a value; null says that there is none, unless it is a choice."""
    return np.nan if value is None and code is None else code


def _moments(once: list[str]) -> list[float | None]:
    return [np.nan if not text.strip() else _moment(text.strip()) for text in once]


def _moment(text: str) -> float | None:
    moment = posix(text)
    return None if math.isnan(moment) else moment


def _states(once: list[str]) -> list[int | None]:
    return [None if (state := state_of(text)) is None else int(state) for text in once]


def _texts(once: list[str]) -> list[str | None]:
    return [text or None for text in once]


def _typed(once: list[str]) -> list[Cell]:
    return [cell_of_text(text) for text in once]
