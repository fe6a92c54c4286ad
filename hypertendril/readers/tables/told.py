"""Tables whose column names don't tell what they are: a preview, a guess, and reading as told."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, Parameter
from hypertendril.readers.drafts.directions import direction_of, rank_of
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.files.json_text import clean
from hypertendril.readers.losses import Losses
from hypertendril.readers.ray_tune.trials import OWN_KEYS
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.tables.cells import typed_cells
from hypertendril.readers.tables.reader import (
    GROUPS,
    PLAIN,
    TableCsv,
    TableTail,
    first_line,
    is_read_whole,
    read_table,
    rows_of,
)
from hypertendril.readers.tables.record_rows import holds_records

ROWS_LOOKED_AT = 2000
ROWS_SHOWN = 5
MOST_COLUMNS = 2000  # a person can be asked about
MOST_GUESSED = 100_000
SOME_COLUMNS = 20  # named in a report
IGNORED = ""
NO_ROWS = ("looks like the header of a table.", "No row has been written to it yet.")
# Of W&B, MLflow, HiPlot and their kin: groups of columns by what stands before the name.
_PARAMETERS = re.compile(
    r"^(?:config|params?|hparams?|hp|hyperparameters?|parameters)[./: _](?=.)", re.IGNORECASE
)
_METRICS = re.compile(
    r"^(?:metrics?|summary|results?|scores?|user_attrs|values)[./: _](?=.)", re.IGNORECASE
)
_TIMES = {  # of Optuna's tables, and as many others call them
    **dict.fromkeys(("datetime_start", "start_time", "started_at"), "started"),
    **dict.fromkeys(("datetime_complete", "end_time", "finished", "finished_at"), "ended"),
}
# The goal by its bare name; Optuna has a column each of several.
_GOAL = re.compile(r"^(?:value|objective|values_.+)$", re.IGNORECASE)
_COUNTERS = re.compile(
    r"^(?:#|idx|nr\.?|trial|number|trial[_ ]?(?:id|number|index)|config[_ ]?id)$", re.IGNORECASE
)
_STATES = re.compile(r"^(?:state|status)$", re.IGNORECASE)
# What counts the steps of a training: no parameter, whatever its values are.
_STEPS = re.compile(
    r"^(?:_?step|epochs?|iterations?|training_iteration|global_step)$", re.IGNORECASE
)
_ADMINISTRATION = re.compile(
    r"^(?:unnamed: \d+|index|id|uid|from_uid|uuid|name|run[_ ]?(?:id|name|uuid)|tags?|notes?|user"
    r"|host(?:name)?|pid|seed|.*timestamp|date.*|created.*|updated.*|started.*|ended.*|_.*|state|status"
    r"|runtime|duration|sweep|group|job type|logdir|system_attrs_.*|)$",
    re.IGNORECASE,
)


class UntoldTableError(SourceFormatError):
    """A table that can be read once somebody has said what its columns are."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table that nobody has explained yet.

    Attributes:
        name: As it stands in the first line.
        role: The guess, as `read_table` takes it; empty for a column to be left out.
        cells: Its first cells, as written.
        is_number: Whether all its cells that are not empty are numbers.
        can_be_log: Whether all of them are above 0.
    """

    name: str
    role: str
    cells: tuple[str, ...]
    is_number: bool
    can_be_log: bool


def is_untold_table(source: Source) -> bool:
    """Return whether a file looks like a table with a header, of which no name tells anything."""
    return _has_rows(source) is True


def refusal(source: Source) -> SourceFormatError | None:
    """Return why what looks like a table is not read: its columns, or its rows; None for others."""
    has_rows = _has_rows(source)
    if has_rows is None:
        return None
    return untold(source) if has_rows else source.error(*NO_ROWS)


def _has_rows(source: Source) -> bool | None:
    """Return whether rows stand below what looks like a header; None where nothing does."""
    if source.path is None or source.is_folder:
        return None
    try:
        head = source.head()
        is_whole = is_read_whole(source)
        if b"\0" in head and not is_whole:
            return None
        names, has_rows = first_line(source)
    except (SourceFormatError, csv.Error):
        return None
    has_names = len(set(names)) >= 2 and not any(_number(name) is not None for name in names)
    starts_as_json = (names or [""])[0][:1] in ("{", "[", "<")
    is_header = has_names and (holds_records(source) or not starts_as_json)
    return has_rows if is_header else None


def preview(source: Source, most: int = MOST_COLUMNS) -> tuple[TableColumn, ...]:
    """Return the columns of a table, each with a guess of what it is.

    Raises:
        SourceFormatError: Not a table that can be read, or one with more than `most` columns.
    """
    header, rows = rows_of(source)
    if len(header) > most:
        raise source.error(f"has more than {most} columns.")
    looked_at = [cells for _, cells in itertools.islice(rows, ROWS_LOOKED_AT)]
    if not looked_at:
        raise source.error(*NO_ROWS)
    columns = [[row[i] if i < len(row) else "" for row in looked_at] for i in range(len(header))]
    return _guessed(header, columns)


def _guessed(names: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[TableColumn, ...]:
    numbers = [_numbers(cells) for cells in columns]
    roles = [_role(n, c, v) for n, c, v in zip(names, columns, numbers, strict=True)]
    _leave_one_of_each(names, roles)
    _choose_objective(names, numbers, roles)
    return tuple(
        TableColumn(
            name=name,
            role=role,
            cells=tuple(cells[:ROWS_SHOWN]),
            is_number=bool(values),
            can_be_log=bool(values) and min(values) > 0,
        )
        for name, role, cells, values in zip(names, roles, columns, numbers, strict=True)
    )


def _role(name: str, cells: Sequence[str], numbers: Sequence[float]) -> str:
    itself = _role_itself(name, cells, numbers)
    if itself is not None:
        return itself
    if _PARAMETERS.match(name):
        return _parameter_role(_PARAMETERS.sub("", name), cells)
    is_measured = any(known.match(name) for known in (_METRICS, _STEPS, _GOAL))
    if numbers and (is_measured or rank_of(name) < 3):
        return f"metric:{_METRICS.sub('', name)}"
    return _parameter_role(name, cells) if _may_be_parameter(name, cells, numbers) else IGNORED


def _role_itself(name: str, cells: Sequence[str], numbers: Sequence[float]) -> str | None:
    """Return the role of a column that says something of the trial itself, None for others."""
    if name in PLAIN or name.startswith(tuple(f"{group}:" for group in GROUPS)):
        return name
    if name in _TIMES:
        return _TIMES[name]
    if _STATES.match(name) and all(state_of(cell) is not None for cell in cells if cell.strip()):
        return "state"
    if _COUNTERS.match(name):
        is_count = len({*numbers}) == len(cells) and all(v.is_integer() for v in numbers)
        return "number" if numbers and is_count else IGNORED
    return None


def _may_be_parameter(name: str, cells: Sequence[str], numbers: Sequence[float]) -> bool:
    if name in OWN_KEYS or _ADMINISTRATION.match(name) or _METRICS.match(name) or not any(cells):
        return False
    is_name_of_each = len(cells) > 3 and len(set(cells)) == len(cells)
    return bool(numbers) or not is_name_of_each


def _leave_one_of_each(names: Sequence[str], roles: list[str]) -> None:
    """Of several columns that say the same of a trial, keep the one of that name, or the first."""
    for plain in PLAIN:
        same = [i for i, role in enumerate(roles) if role == plain]
        kept = next((i for i in same if names[i] == plain), same[0] if same else None)
        for i in same:
            if i != kept:
                roles[i] = IGNORED


def _parameter_role(name: str, cells: Sequence[str]) -> str:
    found: Parameter | None = infer_parameter(name, typed_cells(cells))
    if found is None or found.is_discrete_choice:
        return f"param:{name}"
    return f"param:{name}:{'log' if found.log else 'linear'}"


def _choose_objective(
    names: Sequence[str], numbers: Sequence[Sequence[float]], roles: list[str]
) -> None:
    """Make the likeliest metrics the objectives; without one, the last column of numbers."""
    if any(role.startswith("objective:") for role in roles):
        return
    metrics = [i for i, role in enumerate(roles) if role.startswith("metric:")]
    measured = [i for i, role in enumerate(roles) if role.startswith("param:") and numbers[i]]
    if not metrics and any(rank_of(names[i]) < 3 for i, some in enumerate(numbers) if not some):
        return  # what looks like the goal is made of texts: somebody has to say
    chosen = [i for i in metrics if _GOAL.match(names[i])]
    if metrics and not chosen:
        chosen = [min(metrics, key=lambda i: _unlikeliness(names[i]))]
    for i in chosen or measured[-1:]:
        name = roles[i].split(":", 1)[1] if i in metrics else names[i]
        roles[i] = f"objective:{name}:{direction_of(name)[0].value}"


def _unlikeliness(name: str) -> tuple[int, bool]:
    return rank_of(name), direction_of(name)[0] is Direction.MINIMIZE  # a score goes before a loss


def _numbers(cells: Sequence[str]) -> list[float]:
    """Return the numbers of a column; none where a cell is something else."""
    found = [cell for cell in typed_cells(cells) if cell is not None]
    is_number = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in found)
    return [float(cell) for cell in found] if is_number else []


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class ToldTable(TableCsv):
    """Reads a table by what somebody said of its columns."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self.roles = dict(roles)

    def detects(self, source: Source) -> bool:
        """Return whether it has the columns that were told of."""
        return source.path is not None and set(self.roles) <= set(first_line(source)[0])

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the one study of the table."""
        self.require_columns(source)
        return (read_table(source, self.roles),)

    def require_columns(self, source: Source) -> None:
        """Check that the columns that were told of are there.

        Raises:
            UntoldTableError: One of them isn't.
        """
        names, _ = first_line(source)
        missing = [name for name in self.roles if name not in names]
        if missing:
            raise untold(source, f"has no column {clean(missing[0])!r} any more")

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the table and of its curves."""
        return super().change_token(source), tuple(self.roles.items())

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new rows only, as long as the columns are there."""
        return _ToldTail(self, source)


class _ToldTail(TableTail):
    def __init__(self, reader: ToldTable, source: Source) -> None:
        super().__init__(source, reader.roles)
        self._reader = reader

    def advance(self) -> tuple[ReadStudy, ...]:
        self._reader.require_columns(self._source)
        return super().advance()


def untold(
    source: Source, what: str = "is a table whose columns don't say what they are"
) -> UntoldTableError:
    """Return the error that asks what the columns of a table are."""
    return UntoldTableError(
        f"{what}.",
        path=source.shown,
        hint="Say which column is the objective and which are parameters.",
    )


def read_as_guessed(source: Source) -> ReadStudy:
    """Return the study of a table nobody has explained; what its columns were taken for is told.

    Raises:
        SourceFormatError: Not a table that can be read.
    """
    roles = {column.name: column.role for column in preview(source, MOST_GUESSED)}
    if not any(role.startswith("objective:") for role in roles.values()):
        raise untold(source)
    study = read_table(source, roles)
    losses = Losses(source.shown)
    known = [f"{name!r} as {role}" for name, role in roles.items() if role][:SOME_COLUMNS]
    losses.guess(f"its columns don't say what they are; taken: {', '.join(known)}")
    left = [repr(name) for name, role in roles.items() if not role][:SOME_COLUMNS]
    if left:
        losses.guess(f"columns that were left out: {', '.join(left)}")
    skipped = (*losses.listed(), *study.header.skipped)
    return replace(study, header=replace(study.header, skipped=skipped))


def checked_roles(roles: Mapping[str, str], columns: Sequence[TableColumn]) -> dict[str, str]:
    """Return the roles of the columns of a table, held against the table.

    Raises:
        ValueError: No objective, or an objective that is not made of numbers, or a name twice.
    """
    known = {column.name: column for column in columns}
    told = {name: role for name, role in roles.items() if name in known}
    objectives = [name for name, role in told.items() if role.startswith("objective:")]
    if not objectives:
        raise ValueError("Objective: choose the column that was optimised.")
    for name, role in told.items():
        if role.startswith(("objective:", "metric:")) and not known[name].is_number:
            kind = role.partition(":")[0]
            raise ValueError(f"{clean(name)}: a column with texts in it can't be the {kind}.")
        if role.endswith(":log") and not known[name].can_be_log:
            raise ValueError(f"{clean(name)}: a log scale needs numbers above 0.")
    taken = [role for role in told.values() if role]
    if len(set(taken)) < len(taken):
        raise ValueError("Two columns have the same role and name.")
    return told
