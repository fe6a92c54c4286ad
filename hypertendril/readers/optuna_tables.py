"""The tables of an Optuna SQL storage, read piece by piece; the same SQL serves every database.

A trial that has ended never changes in Optuna, so it is read once. Trials that have not ended are
read again at each look. Each piece is one short transaction: a writer is never held up for long,
and all rows of a trial come from the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from hypertendril.errors import SourceFormatError
from hypertendril.model import TrialState
from hypertendril.readers.json_text import BadJsonError, clean, parse
from hypertendril.readers.losses import Losses
from hypertendril.readers.optuna_attributes import (
    CONSTRAINTS,
    GENERATION,
    METRIC_NAMES,
    RUNG,
    WARNINGS,
    note_of,
    system_values,
)
from hypertendril.readers.optuna_rows import LONG, OptunaTables, StudyRecord, Texts
from hypertendril.readers.optuna_study import build_studies
from hypertendril.readers.result import ReadStudy
from hypertendril.readers.times import posix_column

PIECE = 2000  # trials a transaction
SOME = 500  # ids in one IN list; SQLite allows 999 in old versions
STATES = {
    "WAITING": TrialState.WAITING,
    "RUNNING": TrialState.RUNNING,
    "COMPLETE": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAILED,
}
NEEDED = {"studies": ("study_id", "study_name"), "trials": ("trial_id", "number", "state")}

Row = tuple[Any, ...]


class Connection(Protocol):
    """A database as this module needs it: named parameters as `:name`, short transactions."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """Return the rows of a query."""

    def columns(self) -> Mapping[str, frozenset[str]]:
        """Return the column names of every table."""

    def begin(self) -> None:
        """Start a read transaction."""

    def end(self) -> None:
        """End it."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the database raises when a table can't be read."""


class OptunaStorage:
    """All that has been read of one storage, and how to read on."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._forget()

    def _forget(self) -> None:
        self._texts = Texts()
        self._ended = OptunaTables()  # trials that can't change any more
        self._open = OptunaTables()  # the others, read anew at each look
        self._open_ids: list[int] = []
        self._last_id = 0
        self._count = 0
        self._mark: Row | None = None
        self._losses = Losses(self._shown)
        self._broken: set[str] = set()

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
            self._take(db, open_before[start : start + SOME])
        while self._take(db, None):
            pass
        records = self._studies(db)
        parts = [self._ended, self._open]
        return build_studies(records, parts, self._texts, self._shown, self._losses)

    def _check_schema(self, db: Connection) -> None:
        self._tables = db.columns()
        for table, columns in NEEDED.items():
            missing = [column for column in columns if column not in self._tables.get(table, ())]
            if missing:
                raise SourceFormatError(
                    "is a database without the tables of an Optuna storage of version 2.4 or later.",
                    path=self._shown,
                    field=f"{table}.{missing[0]}",
                    hint="If it is an older one, run `optuna storage upgrade` on a copy.",
                )

    def _still_the_same(self, db: Connection) -> bool:
        """Return whether what was read before is still there: no trial deleted, no new file."""
        if self._mark is None:
            return True
        db.begin()
        try:
            count = db.rows(
                "SELECT COUNT(*) FROM trials WHERE trial_id <= :last", {"last": self._last_id}
            )
            mark = db.rows(_TRIALS + " WHERE t.trial_id = :last", {"last": self._last_id})
        finally:
            db.end()
        same_trial = bool(mark) and tuple(mark[0][:3]) == self._mark
        return same_trial and int(count[0][0]) == self._count

    def _take(self, db: Connection, ids: Sequence[int] | None) -> int:
        """Read one piece in one transaction, the trials `ids` or the next ones; return how many."""
        db.begin()
        try:
            if ids is None:
                trials = db.rows(
                    _TRIALS + " WHERE t.trial_id > :last ORDER BY t.trial_id LIMIT :piece",
                    {"last": self._last_id, "piece": PIECE},
                )
            else:
                where, parameters = _among(ids)
                trials = db.rows(_TRIALS + where.replace("a.", "t."), parameters)
            if not trials:
                return 0
            read_ids = [int(row[0]) for row in trials]
            still_open = self._add_trials(trials)
            if ids is None:
                where = " WHERE a.trial_id > :low AND a.trial_id <= :high"
                parameters = {"low": self._last_id, "high": read_ids[-1]}
            self._children(db, where, parameters, still_open)
        finally:
            db.end()
        if ids is None:
            self._last_id, self._mark = read_ids[-1], tuple(trials[-1][:3])
            self._count += len(read_ids)
        return len(read_ids)

    def _add_trials(self, trials: Sequence[Row]) -> set[int]:
        """Store rows of the table `trials`; return the ids of those that have not ended."""
        ids, studies, numbers, states, started, ended = zip(*trials, strict=True)
        known = [STATES.get(state, TrialState.FAILED) for state in states]
        for state in states:
            if state not in STATES:
                self._losses.count(f"the unknown state {str(state)[:40]!r}, shown as failed")
        columns = (
            ids,
            [-1 if study is None else study for study in studies],
            # Before it is numbered a trial has none for a moment; ids keep the order.
            [i if number is None else number for i, number in zip(ids, numbers, strict=True)],
            known,
            posix_column(started),
            posix_column(ended),
        )
        arrays = [np.asarray(column) for column in columns]
        is_open = arrays[3] <= TrialState.RUNNING
        self._ended.trials.add([array[~is_open] for array in arrays])
        self._open.trials.add([array[is_open] for array in arrays])
        still_open = [int(i) for i in arrays[0][is_open]]
        self._open_ids += still_open
        return set(still_open)

    def _children(
        self, db: Connection, where: str, parameters: Mapping[str, Any], still_open: set[int]
    ) -> None:
        """Read the rows that belong to trials, table by table; a broken table is left out."""
        take: dict[str, Callable[[Sequence[Row]], list[tuple[str, tuple[Any, ...]]]]] = {
            "trial_params": self._params,
            "trial_values": _values,
            "trial_intermediate_values": _reports,
            "trial_user_attributes": self._user,
            "trial_system_attributes": self._system,
        }
        for table, read in take.items():
            if table not in self._tables:
                continue
            try:
                rows = db.rows(
                    _select(table, self._tables[table]) + where, dict(parameters) | _KEYS
                )
                found = read(rows) if rows else []
            except db.errors as error:
                if "locked" in str(error) or "UTF-8" in str(error):
                    raise
                self._losses.count(f"table {table} can't be read fully: {error}")
                continue
            except (ValueError, TypeError, OverflowError) as error:
                self._losses.count(f"table {table} holds a value of the wrong type: {error}")
                continue
            for name, columns in found:
                self._store(name, columns, still_open)

    def _store(self, name: str, columns: tuple[Any, ...], still_open: set[int]) -> None:
        assert name in LONG
        if not still_open:
            getattr(self._ended, name).add(columns)
            return
        trial = np.asarray(columns[0], dtype=np.int64)
        is_open = np.isin(trial, list(still_open))
        arrays = [np.asarray(column) for column in columns]
        getattr(self._ended, name).add([array[~is_open] for array in arrays])
        getattr(self._open, name).add([array[is_open] for array in arrays])

    def _params(self, rows: Sequence[Row]) -> list[tuple[str, tuple[Any, ...]]]:
        trial, name, value, distribution, written = zip(*rows, strict=True)
        names, distributions = self._texts.names, self._texts.distributions
        codes = [names[x] for x in name], [distributions[x] for x in distribution]
        # The index gives them by name; the order they were asked in is the better column order.
        order = np.argsort(np.asarray(written))
        columns = (trial, *codes, np.asarray(value, dtype=np.float64))
        return [("params", tuple(np.asarray(column)[order] for column in columns))]

    def _user(self, rows: Sequence[Row]) -> list[tuple[str, tuple[Any, ...]]]:
        numbers: list[tuple[int, int, float]] = []
        others: list[tuple[int, int]] = []
        for trial, key, text in rows:
            code, value = self._texts.keys[str(key)], _number(text)
            if value is None:
                others.append((trial, code))
            else:
                numbers.append((trial, code, value))
        found: list[tuple[str, tuple[Any, ...]]] = []
        if numbers:
            found.append(("user", tuple(zip(*numbers, strict=True))))
        if others:
            found.append(("texts", tuple(zip(*others, strict=True))))
        return found

    def _system(self, rows: Sequence[Row]) -> list[tuple[str, tuple[Any, ...]]]:
        read: list[tuple[int, int, float]] = []
        keys = self._texts.keys
        for trial, key, text in rows:
            if key in WARNINGS:
                self._ended.notes[trial] = note_of(_parsed(text))
            else:
                number = _number(text)
                value = _parsed(text) if number is None else number
                read += [(trial, keys[k], v) for k, v in system_values(str(key), value)]
        return [("system", tuple(zip(*read, strict=True)))] if read else []

    def _studies(self, db: Connection) -> list[StudyRecord]:
        db.begin()
        try:
            studies = db.rows("SELECT study_id, study_name FROM studies ORDER BY study_id")
            directions = self._optional(
                db,
                "study_directions",
                "SELECT study_id, objective, direction FROM study_directions ORDER BY objective",
            )
            user = self._optional(
                db,
                "study_user_attributes",
                "SELECT a.study_id, a.key, a.value_json FROM study_user_attributes a",
            )
            system = self._optional(
                db,
                "study_system_attributes",
                "SELECT a.study_id, a.key, CASE WHEN a.key = :names THEN a.value_json END"
                " FROM study_system_attributes a",
                {"names": METRIC_NAMES},
            )
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

    def _optional(
        self, db: Connection, table: str, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row]:
        try:
            return db.rows(sql, parameters) if table in self._tables else ()
        except db.errors as error:
            if "locked" in str(error) or "UTF-8" in str(error):
                raise
            if table not in self._broken:
                self._losses.add(f"table {table} can't be read: {error}")
            self._broken.add(table)
            return ()

    def _attributes(self, rows: Sequence[Row], study: Any) -> dict[str, Any]:
        found = {}
        for owner, key, text in rows:
            if owner != study:
                continue
            try:
                found[clean(str(key))] = parse(text) if isinstance(text, (str, bytes)) else None
            except BadJsonError as error:
                reason = f"study attribute {clean(str(key))!r} is {error.reason}"
                if reason not in self._broken:
                    self._losses.add(reason)
                self._broken.add(reason)
        return found


_TRIALS = (
    "SELECT t.trial_id, t.study_id, t.number, t.state, t.datetime_start, t.datetime_complete"
    " FROM trials t"
)
# `key` is a reserved word somewhere; behind an alias and a dot it is a plain name everywhere.
_SYSTEM_VALUE = (
    "CASE WHEN a.key LIKE :rung OR a.key LIKE :generation OR a.key LIKE :constraint"
    " OR a.key IN (:warning, :reason) THEN a.value_json END"
)
_KEYS = {
    "rung": f"{RUNG}%",
    "generation": f"%{GENERATION}",
    "constraint": f"{CONSTRAINTS}%",
    "warning": WARNINGS[0],
    "reason": WARNINGS[1],
}


def _select(table: str, columns: frozenset[str]) -> str:
    """Return the query of a table without its condition; columns that came later may lack."""
    wanted = {
        "trial_params": "a.trial_id, a.param_name, a.param_value, a.distribution_json, a.param_id",
        "trial_values": "a.trial_id, a.objective, a.value, a.value_type",
        "trial_intermediate_values": (
            "a.trial_id, a.step, a.intermediate_value, a.intermediate_value_type"
        ),
        "trial_user_attributes": "a.trial_id, a.key, a.value_json",
        "trial_system_attributes": f"a.trial_id, a.key, {_SYSTEM_VALUE}",
    }[table]
    late = wanted.rpartition("a.")[2]
    if late.endswith("value_type") and late not in columns:
        wanted = wanted.removesuffix(f"a.{late}") + "NULL"  # all values were finite before it came
    return f"SELECT {wanted} FROM {table} a"  # noqa: S608 (both from the literals above)


def _among(ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
    parameters = {f"i{k}": i for k, i in enumerate(ids)}
    return f" WHERE a.trial_id IN ({', '.join(':' + name for name in parameters)})", parameters


_SPECIAL = {"INF_POS": np.inf, "INF_NEG": -np.inf, "NAN": np.nan}


def _values(rows: Sequence[Row]) -> list[tuple[str, tuple[Any, ...]]]:
    trial, position, value, kind = zip(*rows, strict=True)
    return [("objectives", (trial, position, _typed(value, kind)))]


def _reports(rows: Sequence[Row]) -> list[tuple[str, tuple[Any, ...]]]:
    trial, step, value, kind = zip(*rows, strict=True)
    return [("reports", (trial, np.asarray(step, dtype=np.float64), _typed(value, kind)))]


def _typed(values: Sequence[Any], kinds: Sequence[Any]) -> Any:
    column = np.asarray(values, dtype=np.float64)
    if set(kinds) - {"FINITE", None}:
        for i, kind in enumerate(kinds):
            if kind in _SPECIAL:
                column[i] = _SPECIAL[kind]
    return column


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
