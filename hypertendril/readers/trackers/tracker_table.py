"""Tables of programs known by the names of their columns: exports of trackers and of searches."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Sequence

from hypertendril.errors import SourceFormatError
from hypertendril.model import Direction, Objective
from hypertendril.readers.about import About, Tested
from hypertendril.readers.drafts.directions import direction_of
from hypertendril.readers.losses import Losses
from hypertendril.readers.result import ReadStudy, Tail
from hypertendril.readers.source import Source
from hypertendril.readers.tables.reader import Rows, TableTail, first_line, with_losses
from hypertendril.readers.tables.record_rows import holds_records, is_object
from hypertendril.readers.tables.rest import Rest
from hypertendril.readers.tables.runs import RunRows
from hypertendril.readers.tables.trials import Filled
from hypertendril.readers.trackers.dialects import Dialect, dialect_of
from hypertendril.readers.trackers.wandb import is_export


class TrackerTable:
    """Reads such tables; a row is a trial, or a step of one."""

    name = "tracker-table"
    about = About(
        title="Tables of known programs",
        source="a CSV, JSON or Parquet file with the columns they write",
        kept="parameters, metrics, objective, states, times, ids; steps as curves, resources as rungs",
        lost="ranges; what no column tells is guessed: most often the direction; other columns",
        tested=Tested.REAL,
        logs=(
            "scikit-learn 1.9 (`cv_results_` of grid, random and halving search), Optuna 5.0 "
            "(`trials_dataframe`), Ray 2.60 (`get_dataframe`), MLflow 3.17.2 (`search_runs`), "
            "bayesian-optimization 1.4 and nevergrad 1.0 (their JSON loggers); made after their "
            "documentation: Syne Tune, NNI, SageMaker, Determined, Optuna Dashboard, Neptune "
            "(`parameters/`, `metrics/`), ClearML (`Hyperparameters/General/`) and Comet (`param.`, "
            "`metric.`)"
        ),
    )

    def detects(self, source: Source) -> bool:
        """Return whether the columns are those of a program."""
        # Runs with a config and a summary each are columns of those names too.
        if source.path is None or source.is_folder or is_export(source.head()):
            return False
        if is_object(source) and not holds_records(source):
            return False
        try:
            return dialect_of(first_line(source)[0]) is not None
        except (SourceFormatError, csv.Error):
            return False

    def read(self, source: Source) -> tuple[ReadStudy, ...]:
        """Return the study of the table.

        Raises:
            SourceFormatError: It can't be read.
        """
        return self.follow(source).advance()

    def change_token(self, source: Source) -> Hashable:
        """Return what the file system says of the file."""
        return source.stat_token()

    def follow(self, source: Source) -> Tail:
        """Return a tail that parses new rows only."""
        return _KnownTail(source)


class _KnownTail(TableTail):
    def _study(self, names: Sequence[str], rows: Rows) -> ReadStudy:
        dialect = dialect_of(names)
        if dialect is None:
            raise self._source.error("has other columns than before.", line=1)
        doubts, losses = Losses(self._source.shown), Losses(self._source.shown)
        filled = self._filled(names, rows, dialect.roles(names), Rest(), doubts)
        objectives = _objectives(filled, dialect, losses)
        table = RunRows(filled, len(rows.lines), losses, dialect.without_value)
        found = table.study(self._source, dialect.framework, objectives)
        return with_losses(found, (losses, doubts, rows.losses))


def _objectives(filled: Sequence[Filled], dialect: Dialect, losses: Losses) -> list[Objective]:
    """Return the objectives; a direction that no column tells is guessed by the name."""
    found = []
    for one in filled:
        if one.column.group != "values":
            continue
        name, told = one.column.name, one.column.direction
        if told is None:
            way, _ = direction_of(name)
            losses.guess(f"the direction of {name!r} is not recorded; {way} is assumed")
        found.append(Objective(name, Direction(told) if told else way))
    others = [one.column.name for one in filled if one.column.name.startswith("mean_test_")]
    if dialect.is_single and len(others) > 1:
        losses.guess(f"which score decided is not recorded; {found[0].name!r} is assumed")
    return found
