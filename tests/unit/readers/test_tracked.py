"""Runs of experiment trackers as a study, whatever wrote them."""

from __future__ import annotations

from hypertendril.model import Direction, Objective
from hypertendril.readers.losses import Losses
from hypertendril.readers.trackers.tracked import Known, TrackedRun, study_of

NAMES = ("loss", "top5", "recall", "f1", "bleu", "auc")


def test_curves_stand_in_the_order_of_their_metrics_also_where_a_run_recorded_them_once() -> None:
    short, long = TrackedRun("short"), TrackedRun("long")
    for name in NAMES:
        short.add_points(name, [(1.0, 0.5)])
        long.add_points(name, [(1.0, 0.5), (2.0, 0.25)])
    known = Known(objectives=(Objective("loss", Direction.MINIMIZE),))
    found = study_of([short, long], "runs", "tracker", Losses("runs"), known)
    assert tuple(found.header.curve_names) == NAMES
