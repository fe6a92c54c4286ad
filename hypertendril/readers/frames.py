"""Studies for Python programs: from sources of any format, and from data frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from hypertendril.errors import SpaceError
from hypertendril.model import (
    Choice,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
)
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.files.json_text import as_choice
from hypertendril.readers.generic.reader import from_generic
from hypertendril.readers.registry import read
from hypertendril.readers.source import Source
from hypertendril.readers.tables.reader import PLAIN
from hypertendril.readers.tables.told import UntoldTableError, read_as_guessed

_MISSING = ("NAType", "NaTType")  # of pandas, which need not be loaded to know them

SpaceLike = SearchSpace | Mapping[str, Any]
Objectives = str | Mapping[Any, str] | Sequence[Any]  # labels, or `Objective`s


class Frame(Protocol):
    """A table with named columns: a pandas DataFrame, say."""

    @property
    def columns(self) -> Iterable[Any]:
        """Names of the columns."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return a column with a method `tolist`."""


def read_studies(source: str | Path) -> tuple[Study, ...]:
    """Return all studies of a file, folder or storage URL; `header.skipped` lists what was left out.

    A table whose columns don't say what they are is read by a guess, which is listed there too.

    Raises:
        SourceFormatError: It can't be read.
    """
    try:
        found = read(source)
    except UntoldTableError:
        found = (read_as_guessed(Source.parse(source)),)
    return tuple(study.as_study() for study in found)


def from_dataframe(
    frame: Frame,
    objectives: Objectives,
    params: Sequence[Any] | None = None,
    *,
    metrics: Sequence[Any] = (),
    space: SpaceLike | None = None,
    name: str = "dataframe",
) -> Study:
    """Return the study of a table with one row a trial.

    Args:
        frame: A pandas DataFrame, or anything with `columns` whose columns have `tolist`.
            Columns named number, state, parent, bracket, started, ended, violation and note
            mean what they mean in the generic form. NaN and None are missing values.
        objectives: Columns to be optimised: `{"loss": "minimize"}`, or names alone, whose
            direction is then guessed from the name and reported.
        params: Columns of parameters; all that are left over where this is None.
        metrics: Columns of other numbers.
        space: As `space_of` takes it; the parameters it lacks are told from the values.
        name: Of the study.

    Raises:
        SpaceError: A column that was named is missing, two have one name, or the space makes no
            sense.

    Example:
        >>> study = from_dataframe(frame, {"loss": "minimize"}, ["lr", "layers"])
        >>> study.best()
    """
    columns = _columns(frame)
    goals, guesses = objectives_of(objectives)
    names, numbers = [goal.name for goal in goals], [str(metric) for metric in metrics]
    taken = {*names, *numbers, *PLAIN}
    parameters = [c for c in columns if c not in taken] if params is None else [*map(str, params)]
    for column in (*names, *numbers, *parameters):
        if column not in columns:
            known = ", ".join(columns) or "none"
            raise SpaceError(f"The table has no column {column!r}; it has {known}.")
    cells = {name: _cells(column) for name, column in columns.items()}
    declared = space_of(space or {})
    told = [declared[p] if p in declared else _told(p, columns[p], cells[p]) for p in parameters]
    groups = {"params": parameters, "values": names, "metrics": numbers}
    plain = [c for c in columns if c in PLAIN and c not in parameters]
    count = len(next(iter(cells.values()), ()))
    data = {
        "name": name,
        "objectives": [{"name": g.name, "direction": g.direction.value} for g in goals],
        "metrics": numbers,
        "space": [p.to_json() for p in told if p is not None],
        "trials": [_trial(row, cells, groups, plain) for row in range(count)],
    }
    found = from_generic(data, Source(path=Path(name)), framework="dataframe")
    skipped = (*(replace(s, file=name) for s in found.header.skipped),)
    attributes = {"guessed": guesses} if guesses else {}
    header = replace(found.header, source=None, skipped=skipped, attributes=attributes)
    return replace(found, header=header).as_study()


def _columns(frame: Frame) -> dict[str, Any]:
    """Return the columns by name; labels that are no texts (0, 1, ...) go by what they look like."""
    columns: dict[str, Any] = {}
    for label in frame.columns:
        if str(label) in columns:
            raise SpaceError(f"The table has two columns {str(label)!r}; rename one.")
        columns[str(label)] = frame[label]
    return columns


def objectives_of(told: Objectives) -> tuple[tuple[Objective, ...], list[str]]:
    """Return the objectives a person named, and a sentence for each guessed direction.

    Raises:
        SpaceError: There is none, or a direction is neither minimize nor maximize.
    """
    named = [told] if isinstance(told, str) else told
    pairs = named.items() if isinstance(named, Mapping) else [(item, None) for item in named]
    found: dict[str, Objective] = {}
    guesses = []
    for label, direction in pairs:
        if isinstance(label, Objective):
            found[label.name] = label
            continue
        name = str(label)
        if direction is None:
            guess, _ = direction_of(name)
            guesses.append(f"the direction of {name!r} was not given; {guess} is assumed")
            found[name] = Objective(name, guess)
        elif direction not in ("min", "max", *Direction):
            raise SpaceError(f"The direction of {name!r} is {direction!r}: minimize or maximize.")
        else:
            is_max = direction in ("max", Direction.MAXIMIZE)
            found[name] = Objective(name, Direction.MAXIMIZE if is_max else Direction.MINIMIZE)
    if not found:
        raise SpaceError("At least one objective must be named.")
    return tuple(found.values()), guesses


def space_of(told: SpaceLike) -> SearchSpace:
    """Return the space a person wrote down in short.

    Args:
        told: Name to `(low, high)` or `(low, high, "log")` for numbers (an int where both bounds
            are), to a list of choices, or to a `Parameter`.

    Raises:
        SpaceError: A parameter is written in another way or makes no sense.
    """
    if isinstance(told, SearchSpace):
        return told
    return SearchSpace(tuple(_parameter(str(name), item) for name, item in told.items()))


def _parameter(name: str, item: Any) -> Parameter:
    if isinstance(item, Parameter):
        return replace(item, name=name)
    if isinstance(item, list):
        choices: tuple[Choice, ...] = tuple(as_choice(_plain(choice)) for choice in item)
        return Parameter(name, ParameterKind.CATEGORICAL, choices=choices)
    is_range = isinstance(item, tuple) and 2 <= len(item) <= 3 and item[2:] in ((), ("log",))
    bounds = item[:2] if is_range else ()
    if not bounds or not all(isinstance(b, (int, float)) for b in bounds):
        raise SpaceError(
            f"Parameter {name!r} is {item!r}; write (low, high), (low, high, 'log') or a list."
        )
    is_int = all(isinstance(bound, int) for bound in bounds)
    kind = ParameterKind.INT if is_int else ParameterKind.FLOAT
    return Parameter(name, kind, float(bounds[0]), float(bounds[1]), log=len(item) == 3)


def _told(name: str, column: Any, cells: Sequence[Any]) -> Parameter | None:
    """Return a parameter told from its column; a categorical one of pandas tells its choices."""
    kind = getattr(column, "dtype", None)
    categories = getattr(kind, "categories", None)
    if categories is None:
        return infer_parameter(name, [as_choice(cell) for cell in cells])
    is_ordered = bool(getattr(kind, "ordered", False))
    choices = tuple(as_choice(_plain(c)) for c in categories.tolist())
    order = ParameterKind.ORDINAL if is_ordered else ParameterKind.CATEGORICAL
    return Parameter(name, order, choices=choices) if choices else None


def _trial(
    row: int,
    cells: Mapping[str, Sequence[Any]],
    groups: Mapping[str, Sequence[str]],
    plain: Sequence[str],
) -> dict[str, Any]:
    trial: dict[str, Any] = {
        group: {c: cells[c][row] for c in columns if cells[c][row] is not None}
        for group, columns in groups.items()
    }
    for column in plain:
        value = cells[column][row]
        if value is not None:
            is_whole = isinstance(value, float) and value.is_integer()
            trial[column] = int(value) if is_whole and column in PLAIN[:1] + PLAIN[2:4] else value
    return trial


def _cells(column: Any) -> list[Any]:
    return [_plain(value) for value in column.tolist()]


def _plain(value: Any) -> Any:
    """Return a cell as a JSON value; None where it is missing."""
    if value is None or type(value).__name__ in _MISSING:
        return None
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, (str, bool, int, list, dict)) else str(value)
