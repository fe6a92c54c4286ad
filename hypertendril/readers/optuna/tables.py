"""An Optuna SQL storage, read piece by piece.

A trial that has ended never changes in Optuna, so it is read once. Trials that have not ended are
read again at each look. Each piece is one short transaction: a writer is never held up for long,
and all rows of a trial come from the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers.files.json_text import BadJsonError, brief, clean, parse
from hypertendril.readers.files.times import posix_column
from hypertendril.readers.losses import Losses
from hypertendril.readers.optuna.attributes import EXPORTED, WARNINGS, note_of, system_values
from hypertendril.readers.optuna.rows import LONG, OptunaTables, StudyRecord, Texts
from hypertendril.readers.optuna.sql import (
    NEEDED,
    TABLES,
    Connection,
    Parameters,
    Row,
    among,
    between,
    children,
    next_trials,
    of_studies,
    some_trials,
)
from hypertendril.readers.optuna.study import build_studies
from hypertendril.readers.progress import counted
from hypertendril.readers.result import ReadStudy

PIECE = 2000  # trials a transaction
FIRST_WITH_UTC = 5
SOME = 500  # ids in one IN list; SQLite allows 999 in old versions
STATES = {
    "WAITING": TrialState.WAITING,
    "RUNNING": TrialState.RUNNING,
    "COMPLETE": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAILED,
}

Found = list[tuple[str, tuple[Any, ...]]]  # table of `OptunaTables`, its columns


class OptunaStorage:
    """All that has been read of one storage, and how to read on."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._forget()
        self._read: dict[str, Callable[[Sequence[Row]], Found]] = {
            "trial_params": self._params,
            "trial_values": _values,
            "trial_intermediate_values": _reports,
            "trial_user_attributes": self._user,
            "trial_system_attributes": self._system,
        }

    def _forget(self) -> None:
        self._texts = Texts()
        self._ended = OptunaTables()  # trials that can't change any more
        self._open = OptunaTables()  # the others, read anew at each look
        self._open_ids: list[int] = []
        self._last_id = 0
        self._count = 0
        self._mark: Row | None = None  # an ended trial, by which the file is known again
        self._losses = Losses(self._shown)
        self._told: set[str] = set()

    def advance(self, db: Connection) -> tuple[ReadStudy, ...]:
        """Read what is new and return all studies.

        Raises:
            SourceFormatError: Not a storage of Optuna, or one of a version that is too old.
        """
        self._check_schema(db)
        if not self._still_the_same(db):
            self._forget()
        open_before, self._open, self._open_ids = self._open_ids, OptunaTables(), []
        for start in range(0, len(open_before), SOME):
            self._take_again(db, open_before[start : start + SOME])
        newest = db.rows("SELECT MAX(trial_id) FROM trials")[0][0] or 0
        with counted(int(newest), "trials") as counter:
            while self._take_next(db):
                counter.reached(self._last_id)
        records = self._studies(db)
        parts = [self._ended, self._open]
        return build_studies(records, parts, self._texts, self._shown, self._losses)

    def _check_schema(self, db: Connection) -> None:
        self._tables = db.columns(TABLES)
        for table, columns in NEEDED.items():
            missing = [column for column in columns if column not in self._tables.get(table, ())]
            if missing:
                raise SourceFormatError(
                    "is a database without the tables of an Optuna storage of version 2.4 or later.",
                    path=self._shown,
                    field=f"{table}.{missing[0]}",
                    hint="If it is an older one, run `optuna storage upgrade` on a copy.",
                )
        self._is_utc = self._keeps_utc(db)

    def _keeps_utc(self, db: Connection) -> bool:
        """Return whether times are UTC, as Optuna 5 keeps them, and not local to the writer, as before."""
        is_told = "library_version" in self._tables.get("version_info", ())
        versions = self._of_studies(db, "version_info") if is_told else ()
        majors = [str(version).partition(".")[0] for (version,) in versions]
        return any(major.isdecimal() and int(major) >= FIRST_WITH_UTC for major in majors)

    def _still_the_same(self, db: Connection) -> bool:
        """Return whether what was read before is still there: no trial deleted, no new file."""
        if not self._last_id:
            return True
        db.begin()
        try:
            last = {"last": self._last_id}
            count = db.rows("SELECT COUNT(*) FROM trials WHERE trial_id <= :last", last)
            mark = some_trials(db, [self._mark[0]]) if self._mark else []
        finally:
            db.end()
        if self._mark and (not mark or tuple(mark[0]) != self._mark):
            return False
        return int(count[0][0]) == self._count

    def _take_again(self, db: Connection, ids: Sequence[int]) -> None:
        db.begin()
        try:
            trials = some_trials(db, ids)
            if trials:
                self._children(db, among(ids), self._add_trials(trials))
        finally:
            db.end()

    def _take_next(self, db: Connection) -> bool:
        db.begin()
        try:
            trials = self._rising(next_trials(db, self._last_id, PIECE))
            if trials:
                newest = int(trials[-1][0])
                self._children(db, between(self._last_id, newest), self._add_trials(trials))
                self._last_id = newest
                self._count += len(trials)
        finally:
            db.end()
        return bool(trials)

    def _rising(self, trials: Sequence[Row]) -> list[Row]:
        """Return the rows in rising order of ids; a damaged index gives others, again and again."""
        found: list[Row] = []
        newest = self._last_id
        for row in trials:
            if row[0] > newest:
                found.append(row)
                newest = row[0]
        if len(found) < len(trials):
            self._tell(f"trials out of order: the database is damaged behind trial {newest}")
        return found

    def _add_trials(self, trials: Sequence[Row]) -> set[int]:
        """Store rows of the table `trials`; return the ids of those that have not ended."""
        ids, studies, numbers, states, started, ended = zip(*trials, strict=True)
        for state in states:
            if state not in STATES:
                self._losses.count(f"the unknown state {brief(state, 40)!r}, shown as failed")
        arrays = [
            np.asarray(ids, dtype=np.int64),
            np.array([_whole(study, -1) for study in studies]),
            # Before it is numbered a trial has none for a moment; ids keep the order.
            np.array([_whole(number, i) for i, number in zip(ids, numbers, strict=True)]),
            np.array([STATES.get(state, TrialState.FAILED) for state in states]),
            posix_column(started, is_utc=self._is_utc),
            posix_column(ended, is_utc=self._is_utc),
        ]
        is_open = arrays[3] <= TrialState.RUNNING
        self._ended.trials.add([array[~is_open] for array in arrays])
        self._open.trials.add([array[is_open] for array in arrays])
        still_open: list[int] = arrays[0][is_open].tolist()
        self._open_ids += still_open
        if not is_open.all():
            self._mark = tuple(trials[int(np.flatnonzero(~is_open)[-1])])
        return set(still_open)

    def _children(
        self, db: Connection, condition: tuple[str, Parameters], still_open: set[int]
    ) -> None:
        """Read the rows that belong to trials, table by table; a broken table is left out."""
        for table, read in self._read.items():
            if table not in self._tables:
                continue
            try:
                rows = children(db, table, self._tables[table], condition)
            except Exception as error:
                if not db.is_damage(error):
                    raise
                self._tell(f"table {table} can't be read fully: {error}")
                continue
            for name, columns in self._usable(table, read, rows) if rows else ():
                self._store(name, columns, still_open)

    def _usable(
        self, table: str, read: Callable[[Sequence[Row]], Found], rows: Sequence[Row]
    ) -> Found:
        """Return what `read` makes of rows; if some hold a wrong type, of the others."""
        try:
            return _of_trials(read, rows)
        except (ValueError, TypeError, OverflowError):
            good = [row for row in rows if _is_readable(read, row)]
        self._losses.count(f"table {table}: a value of the wrong type", len(rows) - len(good))
        return _of_trials(read, good) if good else []

    def _store(self, name: str, columns: tuple[Any, ...], still_open: set[int]) -> None:
        assert name in LONG
        if not still_open:
            getattr(self._ended, name).add(columns)
            return
        arrays = [np.asarray(column) for column in columns]
        is_open = np.isin(arrays[0], list(still_open))
        getattr(self._ended, name).add([array[~is_open] for array in arrays])
        getattr(self._open, name).add([array[is_open] for array in arrays])

    def _params(self, rows: Sequence[Row]) -> Found:
        trial, name, value, distribution, written = zip(*rows, strict=True)
        names, distributions = self._texts.names, self._texts.distributions
        codes = [names[x] for x in name], [distributions[x] for x in distribution]
        # The index gives them by name; the order they were asked in is the better column order.
        order = np.argsort(np.asarray(written, dtype=np.int64))
        columns = (trial, *codes, np.asarray(value, dtype=np.float64))
        return [("params", tuple(np.asarray(column)[order] for column in columns))]

    def _user(self, rows: Sequence[Row]) -> Found:
        numbers: list[tuple[int, int, float]] = []
        others: list[tuple[int, int]] = []
        keys = self._texts.keys
        for trial, key, text in rows:
            value = _number(text)
            if value is None:
                others.append((trial, keys[str(key)]))
            else:
                numbers.append((trial, keys[str(key)], value))
        return [*_columns("user", numbers), *_columns("texts", others)]

    def _system(self, rows: Sequence[Row]) -> Found:
        found: list[tuple[int, int, float]] = []
        keys = self._texts.keys
        for trial, key, text in rows:
            if key in WARNINGS:
                self._ended.notes[trial] = note_of(_parsed(text))
            elif key == EXPORTED:
                self._ended.told[trial] = _parsed(text)
            else:
                number = _number(text)
                value = _parsed(text) if number is None else number
                found += [(trial, keys[k], v) for k, v in system_values(str(key), value)]
        return _columns("system", found)

    def _studies(self, db: Connection) -> list[StudyRecord]:
        db.begin()
        try:
            studies = db.rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
            directions = self._of_studies(db, "study_directions")
            user = self._of_studies(db, "study_user_attributes")
            system = self._of_studies(db, "study_system_attributes")
        finally:
            db.end()
        return [
            StudyRecord(
                id=int(study),
                name=str(name),
                directions=tuple(str(d) for s, _, d in directions if s == study),
                user_attrs=self._attributes(user, study),
                system_attrs=self._attributes(system, study),
            )
            for study, name in studies
        ]

    def _of_studies(self, db: Connection, table: str) -> Sequence[Row]:
        try:
            return of_studies(db, table) if table in self._tables else ()
        except Exception as error:
            if not db.is_damage(error):
                raise
            self._tell(f"table {table} can't be read: {error}")
            return ()

    def _attributes(self, rows: Sequence[Row], study: Any) -> dict[str, Any]:
        found = {}
        for owner, key, text in rows:
            if owner != study:
                continue
            try:
                found[clean(str(key))] = parse(text) if isinstance(text, (str, bytes)) else None
            except BadJsonError as error:
                self._tell(f"study attribute {brief(key)!r} is {error.reason}")
        return found

    def _tell(self, loss: str) -> None:
        """Record a loss that every look meets again."""
        if loss not in self._told:
            self._losses.add(loss)
        self._told.add(loss)


_SPECIAL = {"INF_POS": np.inf, "INF_NEG": -np.inf, "NAN": np.nan}


def _values(rows: Sequence[Row]) -> Found:
    trial, position, value, kind = zip(*rows, strict=True)
    positions = np.asarray(position, dtype=np.int64)
    return [("objectives", (trial, positions, _typed(value, kind)))]


def _reports(rows: Sequence[Row]) -> Found:
    trial, step, value, kind = zip(*rows, strict=True)
    steps = np.asarray(step, dtype=np.float64)
    if not np.isfinite(steps).all():
        raise ValueError("a step without end")
    return [("reports", (trial, steps, _typed(value, kind)))]


def _typed(values: Sequence[Any], kinds: Sequence[Any]) -> Any:
    column = np.asarray(values, dtype=np.float64)
    if set(kinds) - {"FINITE", None}:
        for i, kind in enumerate(kinds):
            if kind in _SPECIAL:
                column[i] = _SPECIAL[kind]
    return column


def _columns(name: str, rows: Sequence[tuple[Any, ...]]) -> Found:
    return [(name, tuple(zip(*rows, strict=True)))] if rows else []


def _of_trials(read: Callable[[Sequence[Row]], Found], rows: Sequence[Row]) -> Found:
    """Return what `read` makes of rows, with the ids of their trials as whole numbers."""
    return [
        (name, (np.asarray(columns[0], dtype=np.int64), *columns[1:]))
        for name, columns in read(rows)
    ]


def _is_readable(read: Callable[[Sequence[Row]], Found], row: Row) -> bool:
    try:
        _of_trials(read, [row])
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) else default


def _number(text: Any) -> float | None:
    """Return the number a JSON text holds, None if it holds something else."""
    if isinstance(text, (int, float)):
        return float(text)
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        return float(text)  # JSON numbers, NaN and Infinity; no other JSON text parses as a float
    except ValueError:
        return None


def _parsed(text: Any) -> Any:
    try:
        return parse(text) if isinstance(text, str) else text
    except BadJsonError:
        return text
