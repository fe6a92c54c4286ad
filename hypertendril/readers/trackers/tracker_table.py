"""CSV exports of trackers whose columns say what they are by what stands before the name.

MLflow's `search_runs` writes `params.lr` and `metrics.loss`, Neptune `parameters/lr` and
`metrics/loss` beside `sys/id`, ClearML `Hyperparameters/General/lr`, Comet `param.lr`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Hashable, Mapping

from hypertendril.model import TrialState
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.state_words import state_of
from hypertendril.readers.drafts.typed_text import number_in, typed
from hypertendril.readers.files.csv_rows import csv_rows
from hypertendril.readers.files.times import posix
from hypertendril.readers.folders import small_enough
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Rereading, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.trackers.tracked import Known, TrackedRun, by_start, study_of

_PARAMETER = re.compile(
    r"(?:params?|parameters|hparams|hyper ?parameters(?:[./](?:general|args))?|config)[./]+(?=.)",
    re.IGNORECASE,
)
_METRIC = re.compile(r"(?:metrics?|scalars|summary|last metrics)[./]+(?=.)", re.IGNORECASE)
_IDS = ("run_id", "sys/id", "id", "experiment_key", "experimentkey", "task id", "name", "sys/name")
_STATUSES = ("status", "state", "sys/state")
_STARTS = ("start_time", "sys/creation_time", "started", "created", "start_server_timestamp")
_ENDS = ("end_time", "sys/ping_time", "completed", "ended", "end_server_timestamp")


class TrackerTable:
    """Reads such tables; a row is a trial."""

    name = "tracker-table"
    about = About(
        title="Trackers' CSV exports",
        source="a CSV file",
        kept="parameters, metrics, status, times, ids",
        lost="objective guessed; other columns; curves",
        tested=Tested.REAL,
        logs=(
            "MLflow 3.17.2 (`search_runs` to CSV, `params.`, `metrics.`); made after their "
            "documentation, as their servers don't run here: Neptune (`parameters/`, `metrics/`), "
            "ClearML (`Hyperparameters/General/`) and Comet (`param.`, `metric.`)"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether the first line has columns of parameters and columns of metrics."""
        if source.path is None or source.is_folder:
            return False
        names = _names(source.head().partition(b"\n")[0])
        has_params = any(_PARAMETER.match(name) for name in names)
        return has_params and any(_METRIC.match(name) for name in names)

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of the table.

        Raises:
            SourceFormatError: It can't be read.
        """
        losses = Losses(source.shown)
        _, rows = csv_rows(small_enough(source.file), losses)
        runs = [_run(row, f"row {n}") for n, row in enumerate(rows)]
        name = source.file.name.partition(".")[0]
        return (study_of(by_start(runs), name, self.name, losses, Known(), source.shown),)

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that reads the file again."""
        return Rereading(self, source)


def _names(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8-sig", "replace").strip()]), [])
    except csv.Error:
        return []


def _run(row: Mapping[str, str], key: str) -> TrackedRun:
    lowered = {name.lower(): value for name, value in row.items()}
    run = TrackedRun(next((lowered[i] for i in _IDS if lowered.get(i)), key))
    for name, cell in row.items():
        if not cell:
            continue
        if _PARAMETER.match(name):
            run.params[_PARAMETER.sub("", name, count=1)] = typed(cell)
        elif _METRIC.match(name):
            number = number_in(cell)
            if number is not None:
                run.metrics[_METRIC.sub("", name, count=1)] = number
    status = next((lowered[s].lower() for s in _STATUSES if lowered.get(s)), "")
    run.state = state_of(status) or TrialState.COMPLETE
    if run.state is TrialState.FAILED:
        run.note = status
    run.started = posix(next((lowered[s] for s in _STARTS if lowered.get(s)), None))
    run.ended = posix(next((lowered[s] for s in _ENDS if lowered.get(s)), None))
    return run
