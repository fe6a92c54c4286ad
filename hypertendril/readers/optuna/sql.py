"""The SQL by which an Optuna storage is read; the same text serves every database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from hypertendril.readers.optuna.attributes import (
    CONSTRAINTS,
    EXPORTED,
    GENERATION,
    METRIC_NAMES,
    RETRIED,
    RUNG,
    WARNINGS,
)

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]


class Connection(Protocol):
    """A database as the readers need it: named parameters as `:name`, short transactions."""

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]:
        """Return the rows of a query."""

    def columns(self, tables: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return the column names of those of the tables that exist."""

    def begin(self) -> None:
        """Start a read transaction."""

    def end(self) -> None:
        """End it."""

    def is_damage(self, error: Exception) -> bool:
        """Return whether one table can't be read while others may."""


NEEDED = {"studies": ("study_id", "study_name"), "trials": ("trial_id", "number", "state")}
TRIALS = (
    "SELECT t.trial_id, t.study_id, t.number, t.state, t.datetime_start, t.datetime_complete"
    " FROM trials t"
)
# `key` is a reserved word somewhere; behind an alias and a dot it is a plain name everywhere.
_CHILDREN = {
    "trial_params": "a.trial_id, a.param_name, a.param_value, a.distribution_json, a.param_id",
    "trial_values": "a.trial_id, a.objective, a.value, a.value_type",
    "trial_intermediate_values": (
        "a.trial_id, a.step, a.intermediate_value, a.intermediate_value_type"
    ),
    "trial_user_attributes": "a.trial_id, a.key, a.value_json",
    # Samplers keep their whole state here, some of it pickled: only what is understood is fetched.
    "trial_system_attributes": (
        "a.trial_id, a.key, CASE WHEN a.key LIKE :rung OR a.key LIKE :generation"
        " OR a.key LIKE :constraint OR a.key IN (:warning, :reason, :exported, :tried, :tries)"
        " THEN a.value_json END"
    ),
}
_UNDERSTOOD = {
    "rung": f"{RUNG}%",
    "generation": f"%{GENERATION}",
    "constraint": f"{CONSTRAINTS}%",
    "warning": WARNINGS[0],
    "reason": WARNINGS[1],
    "exported": EXPORTED,
    "tried": RETRIED[0],
    "tries": RETRIED[1],
}
_OF_STUDIES = {
    "study_directions": (
        "SELECT study_id, objective, direction FROM study_directions ORDER BY objective"
    ),
    "study_user_attributes": "SELECT a.study_id, a.key, a.value_json FROM study_user_attributes a",
    "study_system_attributes": (
        "SELECT a.study_id, a.key, CASE WHEN a.key IN (:names, :exported) THEN a.value_json END"
        " FROM study_system_attributes a"
    ),
    "version_info": "SELECT library_version FROM version_info",
}
TABLES = (*NEEDED, *_CHILDREN, *_OF_STUDIES)


def next_trials(db: Connection, after: int, count: int) -> Sequence[Row]:
    """Return rows of the first `count` trials with an id above `after`."""
    sql = f"{TRIALS} WHERE t.trial_id > :after ORDER BY t.trial_id LIMIT :count"
    return db.rows(sql, {"after": after, "count": count})


def some_trials(db: Connection, ids: Sequence[int]) -> Sequence[Row]:
    """Return rows of the trials `ids`."""
    condition, parameters = among(ids)
    return db.rows(f"{TRIALS} WHERE t.{condition}", parameters)


def among(ids: Sequence[int]) -> tuple[str, Parameters]:
    """Return the condition for the trials `ids`, to stand behind the alias of a table."""
    parameters = {f"i{k}": i for k, i in enumerate(ids)}
    return f"trial_id IN ({', '.join(':' + name for name in parameters)})", parameters


def between(above: int, to: int) -> tuple[str, Parameters]:
    """Return the condition for a range of trials, to stand behind the alias of a table."""
    return "trial_id > :above AND a.trial_id <= :last", {"above": above, "last": to}


def children(
    db: Connection, table: str, columns: frozenset[str], condition: tuple[str, Parameters]
) -> Sequence[Row]:
    """Return the rows a table has of some trials; a column that came later may lack."""
    wanted = _CHILDREN[table]
    late = wanted.rpartition("a.")[2]
    if late.endswith("value_type") and late not in columns:
        wanted = wanted.removesuffix(f"a.{late}") + "NULL"  # all values were finite before it came
    sql = f"SELECT {wanted} FROM {table} a WHERE a.{condition[0]}"  # noqa: S608 (only literals)
    understood = _UNDERSTOOD if table == "trial_system_attributes" else {}
    return db.rows(sql, {**condition[1], **understood})


def of_studies(db: Connection, table: str) -> Sequence[Row]:
    """Return all rows of a table about studies: study id, key, value; or the versions of Optuna."""
    wanted = {"names": METRIC_NAMES, "exported": EXPORTED}
    return db.rows(_OF_STUDIES[table], wanted if table == "study_system_attributes" else None)
