"""What opening and closing results does, as functions of what the page sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash.development.base_component import Component

from hypertendril.callbacks.services import Services
from hypertendril.callbacks.study_lines import dismissed
from hypertendril.errors import HyperTendrilError, JobError, StoreError
from hypertendril.jobs.disk import disk_trouble
from hypertendril.jobs.queue.job_queue import JobState
from hypertendril.layouts.control_import import (
    ITSELF,
    ROLES,
    ColumnChoice,
    import_rows,
    way_options,
)
from hypertendril.layouts.control_open import Notice, undo_message
from hypertendril.layouts.labels import plain
from hypertendril.readers import Source
from hypertendril.readers.tables.guess import IGNORED, curve_role
from hypertendril.readers.tables.told import TableColumn, UntoldTableError
from hypertendril.store.opened import Closed

MAX_COLUMNS = 300  # a dialog with more rows is no dialog
COMMANDS = ("close", "close-source", "dismiss", "undo", "show-closed", "columns", "keep-guess")
_NAMED = {"param": "parameter", "objective": "objective", "metric": "metric"}
_GROUPS = {**_NAMED, "curve": "curve"}


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        text: What to say; `said` instead where it holds more than words.
        awaited: Study to show as soon as the page knows it.
        asks: Tables whose columns have to be told, the first one now.
    """

    text: str = ""
    is_error: bool = False
    awaited: str | None = None
    asks: tuple[str, ...] = ()
    said: Component | None = None


def open_all(services: Services, texts: Sequence[str], found: Sequence[str] = ()) -> Outcome:
    """Open sources one after the other; `found` are studies that were opened just before."""
    studies, asks, errors = list(found), [], []
    for text in texts:
        try:
            studies += services.opened.open(text)
        except UntoldTableError:
            asks.append(text)
        except HyperTendrilError as error:
            errors.append(services.opened.spoken(str(error)))
    if errors:
        return Outcome(" ".join(errors), True, next(iter(studies), None), tuple(asks))
    if asks:
        return Outcome("Say what the columns are.", False, None, tuple(asks))
    if not studies:
        return Outcome("Being read; its studies appear as soon as they are there.")
    words = "1 study" if len(studies) == 1 else f"{len(studies)} studies"
    return Outcome(f"Opened {words}.", awaited=studies[0])


def close_command(services: Services, command: Mapping[str, Any]) -> Outcome:
    """Do what a button of a list asks for."""
    verb = command.get("do")
    try:
        if verb == "close":
            return _closed(services, str(command.get("study")))
        if verb == "close-source":
            source = str(command.get("source"))
            name = plain(services.opened.spoken(source), 120)
            return _undoable(f"Closed {name}.", services.opened.close_source(source))
        if verb == "dismiss":
            return _dismissed(services, str(command.get("job")))
        return _settled(services, command)
    except HyperTendrilError as error:
        return Outcome(str(error), is_error=True)


def _settled(services: Services, command: Mapping[str, Any]) -> Outcome:
    verb = command.get("do")
    if verb == "undo":
        back = services.opened.undo(str(command.get("token")))
        return Outcome("Shown again.", awaited=next(iter(back), None))
    if verb == "columns":
        return Outcome(asks=(_source_text(services, command),))
    if verb == "keep-guess":
        services.opened.keep_guess(str(command.get("source")))
        return Outcome("Kept.")
    services.opened.show_all()
    return Outcome("All studies are shown.")


def _source_text(services: Services, command: Mapping[str, Any]) -> str:
    named = command.get("source")
    if isinstance(named, str):
        return named
    source = services.follower.source_of(str(command.get("study")))
    if source is None:
        raise StoreError("This study comes from no table.")
    return source.shown


def _closed(services: Services, study_id: str) -> Outcome:
    name = services.store.snapshot(study_id).name
    for job in services.queue.jobs():
        if str(job.id) == study_id and job.state.is_open:
            raise JobError(f"{plain(name)} has a job that is not over; stop it first.")
    return _undoable(f"Closed {plain(name)}.", services.opened.close(study_id))


def _dismissed(services: Services, job_id: str) -> Outcome:
    name = services.queue.job(job_id).spec.name
    closed = services.opened.close(dismissed(job_id))
    return _undoable(f"Dismissed {plain(name, 120)}.", closed)


def _undoable(text: str, closed: Closed) -> Outcome:
    return Outcome(said=undo_message(text, closed.token))


def notices(services: Services) -> list[Notice]:
    """Return what stays in the panel until it is mended."""
    found = [
        Notice("problem", services.opened.spoken(text), source, services.opened.can_be_told(source))
        for source, text in sorted(services.follower.problems.items())
    ]
    spoken = services.opened.spoken
    found += [
        Notice("guess", spoken(text), source)
        for source, text in sorted(services.follower.guesses.items())
    ]
    found += [
        Notice("reading", words, source, share=share)
        for source, words, share in reading_words(services)
    ]
    if services.worker.is_missed():
        waiting = sum(job.state is JobState.QUEUED for job in services.queue.jobs())
        words = "1 job waits" if waiting == 1 else f"{waiting} jobs wait"
        text = f"{words}, and no worker is active. Start one with: hypertendril worker"
        found.insert(0, Notice("worker", text))
    trouble = disk_trouble(services.settings.data)
    return [Notice("problem", trouble), *found] if trouble else found


def reading_words(services: Services) -> list[tuple[str, str, float | None]]:
    """Return source, words and share done of everything that is read for the first time."""
    found = []
    for source, progress in services.follower.progress.items():
        words = f"Reading {services.opened.spoken(source)} …"
        share = min(1.0, progress.done / progress.total) if progress.total else None
        if share is not None:
            words += f" {amount(progress.done, progress.unit)} of "
            words += f"{amount(progress.total, progress.unit)} {progress.unit}".removesuffix(
                " bytes"
            )
        found.append((source, words, share))
    return found


def amount(count: int, unit: str) -> str:
    """Return a count as people read it: `1,200`, or `3.1 MB` of bytes."""
    return f"{count / 1e6:,.1f} MB" if unit == "bytes" else f"{count:,}"


def dialog_of(services: Services, asks: Sequence[str]) -> dict[str, Any]:
    """Return the dialog that asks for the columns of the first table."""
    try:
        columns = services.opened.columns(asks[0])
    except HyperTendrilError as error:
        return {"is_open": False, "message": str(error)}
    choices = [choice_of(column) for column in _asked(columns)]
    name = plain(Source.parse(asks[0]).shown.rpartition("/")[2], 60)
    rest = f" ({MAX_COLUMNS} of {len(columns):,})" if len(columns) > MAX_COLUMNS else ""
    return {
        "is_open": True,
        "title": f"What are the columns of {name}?{rest}",
        "columns": import_rows(choices),
        "source": asks[0],
        "next": list(asks[1:]),
        "complaint": None,
    }


def choice_of(column: TableColumn) -> ColumnChoice:
    """Return a column as the dialog shows it."""
    group, _, rest = column.role.partition(":")
    role = _GROUPS.get(group, column.role if column.role in ITSELF else "ignore")
    way = rest.rpartition(":")[2]
    known = [option["value"] for option in way_options(role, is_number=column.is_number)]
    return ColumnChoice(
        column.name,
        role,
        way if way in known else next(iter(known), ""),
        column.cells,
        column.is_number,
    )


def told(services: Services, source: str, roles: Any, ways: Any) -> tuple[str, ...]:
    """Open a table as the dialog says; return the ids of its studies.

    Raises:
        HyperTendrilError: The answers make no sense, or don't fit the table.
    """
    columns = services.opened.columns(source)
    if not isinstance(roles, list) or not isinstance(ways, list) or len(roles) != len(ways):
        raise StoreError("The dialog's answers are incomplete; open it again.")
    answers = {
        column.name: role_text(column, role, way)
        for column, role, way in zip(_asked(columns), roles, ways, strict=False)
    }
    others = {column.name: column.role for column in columns}
    return services.opened.tell(source, others | answers)


def _asked(columns: Sequence[TableColumn]) -> Sequence[TableColumn]:
    """Return the columns a person is asked about, of too many the goals first; others stay as guessed."""
    if len(columns) <= MAX_COLUMNS:
        return columns
    return sorted(columns, key=lambda c: not c.role.startswith("objective:"))[:MAX_COLUMNS]


def role_text(column: TableColumn, role: Any, way: Any) -> str:
    """Return a choice of the dialog as `read_table` takes it."""
    if role not in ROLES or role == "ignore":
        return IGNORED
    if role in ITSELF:
        return str(role)
    if role == "curve":
        return curve_role(column.name) or IGNORED
    group, colon, rest = column.role.partition(":")
    name = column.name.strip() or "column"
    if colon and group in _NAMED:  # the guess knows the name without its prefix
        start, _, end = rest.rpartition(":")
        name = start if start and end in ("linear", "log", "minimize", "maximize") else rest
    if role == "metric":
        return f"metric:{name}"
    if role == "objective":
        return f"objective:{name}:{way if way in ('minimize', 'maximize') else 'minimize'}"
    return (
        f"param:{name}:{'log' if way == 'log' else 'linear'}"
        if column.is_number
        else f"param:{name}"
    )
