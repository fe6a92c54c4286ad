"""What is said about columns on a command line, in the words of `read_table`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypertendril.errors import HyperTendrilError, did_you_mean
from hypertendril.model import Direction
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.tables.guess import IGNORED
from hypertendril.readers.tables.reader import OF_ROWS, PLAIN
from hypertendril.readers.tables.told import TableColumn

KINDS = (
    "param",
    "param:log",
    "param:linear",
    "objective:minimize",
    "objective:maximize",
    "metric",
    "number",
    "state",
    "started",
    "ended",
    "id",
    "step",
    "resource",
    "ignore",
)


def roles_said(
    columns: Sequence[TableColumn],
    objectives: Sequence[str] = (),
    directions: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> dict[str, str]:
    """Return the roles of all columns: the guess, corrected by what was said.

    Args:
        columns: With what each is taken for.
        objectives: Names of columns, the leading one first; all others are then none.
        directions: `minimize` or `maximize`, one an objective, in their order.
        kinds: `NAME=KIND`, KIND being one of `KINDS`.

    Raises:
        HyperTendrilError: A column that is not there, or a word that means nothing.
    """
    roles = {column.name: column.role for column in columns}
    for item in kinds:
        name, _, kind = item.rpartition("=")
        _require_column(name, roles)
        roles[name] = _role(name, kind, roles[name])
    goals = list(objectives) or [n for n, role in roles.items() if role.startswith("objective:")]
    if len(directions) > len(goals):
        raise HyperTendrilError(f"--direction: {len(directions)} for {len(goals)} objectives.")
    if objectives:
        roles = {name: _without_goal(role) for name, role in roles.items()}
    leading = {}
    for i, goal in enumerate(goals):
        _require_column(goal, roles)
        way = directions[i] if i < len(directions) else _way(goal, roles[goal])
        leading[goal] = f"objective:{_stem(goal, roles[goal])}:{way}"
    return leading | {name: role for name, role in roles.items() if name not in leading}


def kind_of(column: TableColumn) -> str:
    """Return what a column is taken for, as one of `KINDS`."""
    group, _, rest = column.role.partition(":")
    way = rest.rpartition(":")[2]
    is_way = way in ("log", "linear", *Direction) and way != rest
    return (f"{group}:{way}" if is_way else group) or "ignore"


def _require_column(name: str, roles: Mapping[str, str]) -> None:
    if name not in roles:
        raise HyperTendrilError(
            f"There is no column {name!r}; there are {', '.join(roles)}.{did_you_mean(name, roles)}"
        )


def _role(name: str, kind: str, now: str) -> str:
    if kind not in KINDS:
        raise HyperTendrilError(f"--column {name}: {kind!r} is none of {', '.join(KINDS)}.")
    if kind == "ignore":
        return IGNORED
    if kind in (*PLAIN, *OF_ROWS):
        return kind
    group, _, way = kind.partition(":")
    stem = _stem(name, now)
    return f"{group}:{stem}:{way}" if way else f"{group}:{stem}"


def _stem(name: str, role: str) -> str:
    """Return the name a column goes by, without what stands before it in its source."""
    group, _, rest = role.partition(":")
    stem, _, way = rest.rpartition(":")
    if group not in ("param", "objective", "metric") or not rest:
        return name
    return stem if stem and way in ("log", "linear", *Direction) else rest


def _without_goal(role: str) -> str:
    return f"metric:{_stem('', role)}" if role.startswith("objective:") else role


def _way(name: str, role: str) -> str:
    way = role.rpartition(":")[2]
    is_told = role.startswith("objective:") and way in list(Direction)
    return way if is_told else direction_of(name)[0].value
