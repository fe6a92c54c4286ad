"""A part of a study as a study of its own, for what leaves the program."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import CurvePoints, Evaluations, Study, Trials

Columns = TypeVar("Columns", Evaluations, CurvePoints)


def part_of(study: Study, rows: NDArray[np.int64]) -> Study:
    """Return `study` with the trials of `rows` only, in that order.

    Args:
        study: Any study.
        rows: (k,) rows to keep, each at most once.

    Returns:
        Evaluations and curve points of the kept trials stay in the order they arrived. The
        parent of a kept trial that was itself left out is -1.
    """
    place = np.full(len(study) + 1, -1, dtype=np.int64)  # the last one answers for "no parent"
    place[rows] = np.arange(len(rows))
    trials = study.trials
    kept: dict[str, Any] = {
        field.name: getattr(trials, field.name)[rows]
        for field in fields(Trials)
        if field.name != "notes"
    }
    kept["parent"] = place[kept["parent"]]
    notes = {int(place[row]): note for row, note in trials.notes.items() if place[row] >= 0}
    return replace(
        study,
        trials=Trials(**kept, notes=notes),
        evaluations=_kept(study.evaluations, place),
        curves=_kept(study.curves, place),
    )


def _kept(columns: Columns, place: NDArray[np.int64]) -> Columns:
    where = place[columns.trial] >= 0
    kept: dict[str, Any] = {
        field.name: getattr(columns, field.name)[where] for field in fields(columns)
    }
    kept["trial"] = place[kept["trial"]]
    return type(columns)(**kept)
