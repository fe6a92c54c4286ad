"""What is added to a study in one go: all of it is kept, or none of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import CurvePoints, Evaluations, Trials


@dataclass(frozen=True)
class TrialUpdates:
    """New contents of trials that exist already; each row is replaced as a whole.

    Number, parent and bracket of a trial never change. Where a row is named twice, the
    later one stands. `like` gives the present contents, ready to be changed.

    Attributes:
        row: (u,) int64 rows of the study.
        state: (u,) int8, a `TrialState`.
        objectives: (u, m) float64, NaN where there is none yet.
        metrics: (u, k) float64, NaN where absent. Fewer columns than the study has are
            filled up with NaN.
        started, ended: (u,) float64 POSIX seconds UTC, NaN where unknown.
        violation: (u,) float64, NaN where the study has no constraints.
        values: (u, d) float64, or None to leave the parameters as they are.
        notes: Row of the study to its new note; an empty text removes the note.
    """

    row: NDArray[np.int64]
    state: NDArray[np.int8]
    objectives: NDArray[np.float64]
    metrics: NDArray[np.float64]
    started: NDArray[np.float64]
    ended: NDArray[np.float64]
    violation: NDArray[np.float64]
    values: NDArray[np.float64] | None = None
    notes: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def like(cls, trials: Trials, rows: Sequence[int] | NDArray[np.int64]) -> TrialUpdates:
        """Return updates that change nothing yet: writeable copies of what `rows` hold now."""
        row = np.asarray(rows, dtype=np.int64)
        return cls(
            row=row,
            state=trials.state[row],
            objectives=trials.objectives[row],
            metrics=trials.metrics[row],
            started=trials.started[row],
            ended=trials.ended[row],
            violation=trials.violation[row],
        )


@dataclass(frozen=True)
class Batch:
    """One append.

    Attributes:
        trials: New rows, appended in order. `parent` is a row of the study (the new rows
            count on from those there are); `notes` are keyed by position in the batch.
        updates: Changes to rows that exist already.
        evaluations: `trial` is a row of the study, new ones included.
        curves: `trial` is a row of the study, new ones included.
        expected_trials: How many trials the writer believes the study has. Another number
            refuses the batch, so that two writers of one study cannot mistake each
            other's rows for their own. None asks nothing.
    """

    trials: Trials | None = None
    updates: TrialUpdates | None = None
    evaluations: Evaluations | None = None
    curves: CurvePoints | None = None
    expected_trials: int | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch.

    Attributes:
        version: Version of the study that first holds it.
        first_trial_row: Row of its first new trial (the number of trials before it).
    """

    version: int
    first_trial_row: int
