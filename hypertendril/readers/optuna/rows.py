"""What an Optuna storage holds, as long tables of numbers: the common ground of its readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Column = NDArray[Any]


class Codes(dict[Any, int]):
    """Gives every new text the next number: `codes[text]`."""

    def __missing__(self, key: Any) -> int:
        code = self[key] = len(self)
        return code

    def texts(self) -> list[Any]:
        """Return the texts in the order of their numbers."""
        return list(self)


class Table:
    """Columns that grow by blocks of rows; the first column is the storage's trial id."""

    def __init__(self, *dtypes: DTypeLike) -> None:
        self._dtypes = dtypes
        self._blocks: list[tuple[Column, ...]] = []

    def add(self, columns: Sequence[Any]) -> None:
        """Append rows given as columns of equal length.

        Raises:
            ValueError, TypeError, OverflowError: A cell doesn't fit its column; nothing is appended.
        """
        self._blocks.append(
            tuple(
                np.asarray(column, dtype=dtype)
                for column, dtype in zip(columns, self._dtypes, strict=True)
            )
        )

    def columns(self) -> tuple[Column, ...]:
        """Return the columns of all rows."""
        if len(self._blocks) != 1:
            joined = tuple(
                np.concatenate([np.empty(0, dtype), *(block[i] for block in self._blocks)])
                for i, dtype in enumerate(self._dtypes)
            )
            self._blocks = [joined]
        return self._blocks[0]


@dataclass
class OptunaTables:
    """All studies of a storage. Ids are the storage's own; a later row of the same key wins.

    Attributes:
        trials: trial, study, number, state (`TrialState`), started, ended (POSIX seconds).
        params: trial, name code, distribution code, value as stored (index of a choice).
        objectives: trial, position, value.
        reports: trial, step, value.
        user: trial, key code, number the user attached.
        texts: trial, key code of attributes that are no numbers.
        system: trial, key code, value: rungs, constraints, generations (NaN: key only).
        notes: Trial id to a remark of Optuna about it.
        told: Trial id to its generic form, where this program wrote it.
    """

    trials: Table = field(
        default_factory=lambda: Table(np.int64, np.int64, np.int64, np.int8, float, float)
    )
    params: Table = field(default_factory=lambda: Table(np.int64, np.int32, np.int32, float))
    objectives: Table = field(default_factory=lambda: Table(np.int64, np.int64, float))
    reports: Table = field(default_factory=lambda: Table(np.int64, float, float))
    user: Table = field(default_factory=lambda: Table(np.int64, np.int32, float))
    texts: Table = field(default_factory=lambda: Table(np.int64, np.int32))
    system: Table = field(default_factory=lambda: Table(np.int64, np.int32, float))
    notes: dict[int, str] = field(default_factory=dict)
    told: dict[int, Any] = field(default_factory=dict)


LONG = ("params", "objectives", "reports", "user", "texts", "system")


@dataclass
class Texts:
    """The texts behind the codes of `OptunaTables`."""

    names: Codes = field(default_factory=Codes)
    distributions: Codes = field(default_factory=Codes)
    keys: Codes = field(default_factory=Codes)


@dataclass(frozen=True)
class StudyRecord:
    """What a storage says of a study besides its trials."""

    id: int
    name: str
    directions: tuple[str, ...]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]


@dataclass(frozen=True)
class StudyRows:
    """One study's share of the tables; the first column of the long ones is now the row of the trial.

    Attributes:
        number, state, started, ended: (n,) sorted by number.
    """

    number: NDArray[np.int64]
    state: NDArray[np.int8]
    started: NDArray[np.float64]
    ended: NDArray[np.float64]
    params: tuple[Column, ...]
    objectives: tuple[Column, ...]
    reports: tuple[Column, ...]
    user: tuple[Column, ...]
    texts: tuple[Column, ...]
    system: tuple[Column, ...]
    notes: Mapping[int, str]
    told: Mapping[int, Any]


def split(parts: Sequence[OptunaTables], studies: Sequence[int]) -> Iterator[StudyRows]:
    """Yield the rows of each of `studies` (ids), out of tables that hold all of them."""
    trial, study, number, state, started, ended = _joined([part.trials for part in parts])
    order = np.lexsort((number, study))
    by_id = np.argsort(trial[order], kind="stable")
    sorted_ids = trial[order][by_id]
    located = {
        name: _located(_joined([getattr(part, name) for part in parts]), sorted_ids, by_id)
        for name in LONG
    }
    notes = _located_rare([part.notes for part in parts], sorted_ids, by_id)
    told = _located_rare([part.told for part in parts], sorted_ids, by_id)
    number, state, started, ended = (c[order] for c in (number, state, started, ended))
    for one in studies:
        low, high = np.searchsorted(study[order], [one, one + 1])
        cut = {}
        for name, columns in located.items():
            a, b = np.searchsorted(columns[0], [low, high])
            cut[name] = (columns[0][a:b] - low, *(column[a:b] for column in columns[1:]))
        yield StudyRows(
            number=number[low:high],
            state=state[low:high],
            started=started[low:high],
            ended=ended[low:high],
            notes=_cut(notes, int(low), int(high)),
            told=_cut(told, int(low), int(high)),
            **cut,
        )


def _joined(tables: Sequence[Table]) -> tuple[Column, ...]:
    return tuple(np.concatenate(c) for c in zip(*(t.columns() for t in tables), strict=True))


def _located(columns: tuple[Column, ...], sorted_ids: Column, by_id: Column) -> tuple[Column, ...]:
    """Return the table with rows instead of trial ids, sorted by row; rows of no trial are dropped."""
    where = np.searchsorted(sorted_ids, columns[0])
    known = where < len(sorted_ids)
    known[known] = sorted_ids[where[known]] == columns[0][known]
    row = by_id[where[known]]
    order = np.argsort(row, kind="stable")
    return (row[order], *(column[known][order] for column in columns[1:]))


def _located_rare(
    found: Sequence[Mapping[int, Any]], sorted_ids: Column, by_id: Column
) -> dict[int, Any]:
    """Return what few trials have, by row; what is of no trial is dropped."""
    if not any(found):
        return {}
    row_of = dict(zip(sorted_ids.tolist(), by_id.tolist(), strict=True))
    return {
        row_of[trial]: value
        for of_trials in found
        for trial, value in of_trials.items()
        if trial in row_of
    }


def _cut(of_rows: Mapping[int, Any], low: int, high: int) -> dict[int, Any]:
    return {row - low: value for row, value in of_rows.items() if low <= row < high}


def last_of_each(keys: Sequence[Column], *values: Column) -> tuple[Column, ...]:
    """Return `keys` and `values` sorted by the keys, the last row kept where keys are equal."""
    if not len(keys[0]):
        return (*keys, *values)
    order = np.lexsort((np.arange(len(keys[0])), *reversed(keys)))
    differs = np.zeros(len(order) - 1, dtype=bool)
    for key in keys:
        differs |= key[order][1:] != key[order][:-1]
    kept = order[np.append(differs, True)]
    return tuple(column[kept] for column in (*keys, *values))
