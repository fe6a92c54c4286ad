"""Optuna's journal file: one operation a line, replayed as Optuna replays it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.files.growing import GrowingFile
from hypertendril.readers.files.json_text import BadJsonError, as_number, brief, parse
from hypertendril.readers.files.times import posix
from hypertendril.readers.losses import Losses
from hypertendril.readers.optuna.attributes import EXPORTED, WARNINGS, note_of, system_values
from hypertendril.readers.optuna.rows import LONG, OptunaTables, StudyRecord, Texts
from hypertendril.readers.optuna.space import are_alike
from hypertendril.readers.optuna.study import build_studies
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source

TOGETHER = 128  # lines parsed in one go; one that is no strict JSON slows them all down
WAITING, RUNNING = int(TrialState.WAITING), int(TrialState.RUNNING)  # plain: compared per line
STATES = (  # by Optuna's numbers
    RUNNING,
    int(TrialState.COMPLETE),
    int(TrialState.PRUNED),
    int(TrialState.FAILED),
    WAITING,
)
DIRECTIONS = {1: "minimize", 2: "maximize"}
_OPERATION = b'{"op_code"'

Operation = dict[str, Any]


class OptunaJournal:
    """Reads journal files."""

    name = "optuna-journal"
    about = About(
        title="Optuna journal",
        source="the file of a `JournalStorage`",
        kept="as of a database",
        lost="as of a database; lines that were cut short",
        tested=Tested.REAL,
        logs="3.6 and 5.0, the same studies",
    )

    def detects(self, source: Source) -> bool:
        """Return whether a line near the start is an operation."""
        head = source.head()
        if b'"op_code"' not in head:
            return False
        return any(_is_operation(line) for line in head.split(b"\n"))

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the studies of the journal; a half-written last line is listed as skipped."""
        return _JournalTail(source, at_once=True).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads new lines only and waits for a half-written last line."""
        return _JournalTail(source)


def _is_operation(line: bytes) -> bool:
    try:
        operation = parse(line) if line.lstrip()[:1] == b"{" else None
    except BadJsonError:
        return line.startswith(_OPERATION)
    return isinstance(operation, dict) and isinstance(operation.get("op_code"), int)


class _JournalTail:
    def __init__(self, source: Source, *, at_once: bool = False) -> None:
        self._source = source
        self._at_once = at_once
        self._file = GrowingFile(source.file)
        self._restart()

    def _restart(self) -> None:
        self._losses = Losses(self._source.shown)
        self._replay = Replay(self._losses)

    def advance(self) -> tuple[ReadStudy, ...]:
        """Replay the new lines and return all studies."""
        self._source.require_file()
        try:
            self._read_on()
        except OSError as error:
            raise self._source.error(f"can't be read ({error.strerror}).") from None
        return self._replay.studies(self._source.shown)

    def _read_on(self) -> None:
        if self._file.is_anew():
            self._restart()
        for lines in self._file.new_lines():
            self._lines(lines, self._file.line_count + 1)
        if self._file.rest:
            self._last_line(self._file.rest)

    def _last_line(self, text: bytes) -> None:
        """Take a last line without an end if it is whole; otherwise it is still being written."""
        if _is_whole(text):
            self._lines([text], self._file.line_count + 1)
            self._file.pass_rest()
        elif self._at_once:
            self._losses.add("the last line is not complete", self._file.line_count + 1)

    def _lines(self, lines: Sequence[bytes], first_line: int) -> None:
        for start in range(0, len(lines), TOGETHER):
            some = lines[start : start + TOGETHER]
            try:
                operations = parse(b"[" + b",".join(some) + b"]")
            except BadJsonError:
                operations = []
            if len(operations) == len(some):
                self._apply(operations, first_line + start)
            else:
                for i, line in enumerate(some, first_line + start):
                    self._one_line(line, i)
        self._replay.flush()

    def _one_line(self, line: bytes, number: int) -> None:
        if not line.strip():
            return
        try:
            self._apply([parse(line)], number)
        except BadJsonError as error:
            # A writer died in the middle of a line and the next one went on behind it.
            at = line.rfind(_OPERATION)
            if at > 0 and _is_whole(line[at:]):
                self._losses.add("a line cut short; the operation behind it was read", number)
                self._apply([parse(line[at:])], number)
            else:
                self._losses.add(f"a line that is {error.reason}", number)

    def _apply(self, operations: Sequence[Any], first_line: int) -> None:
        apply = self._replay.apply
        for i, operation in enumerate(operations):
            try:
                apply[operation["op_code"]](operation)
            except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
                reason = f"{type(error).__name__}: {brief(str(error))}"
                self._losses.add(f"an operation that makes no sense ({reason})", first_line + i)


def _is_whole(text: bytes) -> bool:
    try:
        return isinstance(parse(text), dict)
    except BadJsonError:
        return False


class Replay:
    """The state of all studies after the operations so far.

    As in Optuna, ids count creations in the whole journal, a trial that has ended changes no more,
    and a second study of the same name is ignored.
    """

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._texts = Texts()
        self._tables = OptunaTables()
        self._records: dict[int, StudyRecord] = {}
        self._studies_made = 0
        self._sizes: dict[int, int] = {}
        self._study: list[int] = []
        self._number: list[int] = []
        self._state: list[int] = []
        self._started: list[float] = []
        self._ended: list[float] = []
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in LONG}
        self._params = self._rows["params"]
        self._distributions: dict[tuple[int, str], str] = {}  # the first one of each parameter
        # By operation code. Each raises one of a few built-in errors where it makes no sense.
        self.apply: dict[int, Callable[[Operation], None]] = {
            0: self._create_study,
            1: self._delete_study,
            2: self._study_user,
            3: self._study_system,
            4: self._create_trial,
            5: self._param,
            6: self._state_and_values,
            7: self._report,
            8: self._user,
            9: self._system,
            10: lambda _: None,  # asks to forget trials; Optuna doesn't either
        }

    def flush(self) -> None:
        """Move the rows gathered from lines into columns."""
        for name, rows in self._rows.items():
            if rows:
                getattr(self._tables, name).add(tuple(zip(*rows, strict=True)))
                rows.clear()

    def studies(self, shown: str) -> tuple[ReadStudy, ...]:
        """Return all studies as they stand."""
        tables = OptunaTables(**{name: getattr(self._tables, name) for name in LONG})
        tables.notes, tables.told = self._tables.notes, self._tables.told
        ids = range(len(self._study))
        tables.trials.add((ids, self._study, self._number, self._state, self._started, self._ended))
        records = list(self._records.values())
        return build_studies(records, [tables], self._texts, shown, self._losses)

    def _create_study(self, operation: Operation) -> None:
        name = str(operation["study_name"])
        directions = tuple(DIRECTIONS.get(d, "NOT_SET") for d in operation["directions"])
        if any(record.name == name for record in self._records.values()):
            return
        made = self._studies_made
        self._records[made] = StudyRecord(made, name, directions, {}, {})
        self._sizes[made] = 0
        self._studies_made += 1

    def _delete_study(self, operation: Operation) -> None:
        self._records.pop(operation["study_id"], None)

    def _study_user(self, operation: Operation) -> None:
        record = self._records.get(operation["study_id"])
        if record is not None:
            record.user_attrs.update(operation["user_attr"])

    def _study_system(self, operation: Operation) -> None:
        record = self._records.get(operation["study_id"])
        if record is not None:
            record.system_attrs.update(operation["system_attr"])

    def _create_trial(self, operation: Operation) -> None:
        study = operation["study_id"]
        if study not in self._records:
            return
        state = STATES[operation.get("state", 0)]
        trial = len(self._study)
        self._study.append(study)
        self._number.append(self._sizes[study])
        self._sizes[study] += 1
        self._state.append(state)
        self._started.append(posix(operation.get("datetime_start")))
        self._ended.append(posix(operation.get("datetime_complete")))
        if len(operation) > _PLAIN_CREATION:
            self._whole_trial(trial, operation)

    def _whole_trial(self, trial: int, operation: Operation) -> None:
        """Take what a trial that was added as a whole brings along."""
        distributions = operation.get("distributions", {})
        for name, value in operation.get("params", {}).items():
            self._params.append(self._param_row(trial, name, value, distributions[name]))
            self._distributions.setdefault((self._study[trial], name), distributions[name])
        one = operation.get("value")
        self._add_values(trial, operation.get("values") or ([] if one is None else [one]))
        for step, value in operation.get("intermediate_values", {}).items():
            self._rows["reports"].append((trial, _step(step), float(value)))
        for key, value in operation.get("user_attrs", {}).items():
            self._add_user(trial, key, value)
        for key, value in operation.get("system_attrs", {}).items():
            self._add_system(trial, key, value)

    def _can_change(self, trial: int) -> bool:
        if not 0 <= trial < len(self._state):
            self._losses.count("operations on a trial that was never created")
            return False
        return self._state[trial] <= RUNNING

    def _param(self, operation: Operation) -> None:
        trial = operation["trial_id"]
        if not self._can_change(trial):
            return
        name, distribution = operation["param_name"], operation["distribution"]
        row = self._param_row(trial, name, operation["param_value_internal"], distribution)
        before = self._distributions.setdefault((self._study[trial], name), distribution)
        if before == distribution or are_alike(before, distribution):
            self._params.append(row)
        else:
            self._losses.count("a parameter of another kind than before, which Optuna refused")

    def _param_row(
        self, trial: int, name: str, value: Any, distribution: str
    ) -> tuple[int, int, int, float]:
        texts = self._texts
        return trial, texts.names[name], texts.distributions[distribution], float(value)

    def _state_and_values(self, operation: Operation) -> None:
        trial = operation["trial_id"]
        if not self._can_change(trial):
            return
        state = STATES[operation["state"]]
        if state == RUNNING:
            if self._state[trial] == RUNNING:
                return  # another process was quicker
            self._started[trial] = posix(operation.get("datetime_start"))
        if state > RUNNING:
            self._ended[trial] = posix(operation.get("datetime_complete"))
        self._add_values(trial, operation.get("values") or [])
        self._state[trial] = state

    def _add_values(self, trial: int, values: Sequence[Any]) -> None:
        rows = [(trial, i, float(value)) for i, value in enumerate(values)]
        self._rows["objectives"] += rows

    def _report(self, operation: Operation) -> None:
        trial = operation["trial_id"]
        if self._can_change(trial):
            row = (trial, _step(operation["step"]), float(operation["intermediate_value"]))
            self._rows["reports"].append(row)

    def _user(self, operation: Operation) -> None:
        trial = operation["trial_id"]
        if self._can_change(trial):
            for key, value in operation["user_attr"].items():
                self._add_user(trial, key, value)

    def _add_user(self, trial: int, key: str, value: Any) -> None:
        number = as_number(value)
        if number is None:
            self._rows["texts"].append((trial, self._texts.keys[key]))
        else:
            self._rows["user"].append((trial, self._texts.keys[key], number))

    def _system(self, operation: Operation) -> None:
        trial = operation["trial_id"]
        if self._can_change(trial):
            for key, value in operation["system_attr"].items():
                self._add_system(trial, key, value)

    def _add_system(self, trial: int, key: str, value: Any) -> None:
        if key in WARNINGS:
            self._tables.notes[trial] = note_of(value)
            return
        if key == EXPORTED:
            self._tables.told[trial] = value
            return
        keys = self._texts.keys
        self._rows["system"] += [(trial, keys[k], v) for k, v in system_values(key, value)]


def _step(value: Any) -> float:
    step = float(value)
    if not math.isfinite(step):
        raise ValueError("a step without end")
    return step


_PLAIN_CREATION = 4  # keys of the operation that `study.ask` writes
