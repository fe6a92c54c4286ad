"""Rungs of NNI's Hyperband and BOHB: each time a configuration runs it is a job of its own.

Their parameter ids say where: `<bracket>_<rung>_<configuration>`, of Hyperband `<loop>-<bracket>_...`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypertendril.model import Outcome
from hypertendril.readers.drafts.draft import Draft
from hypertendril.readers.drafts.rungs import MOST_RUNGS
from hypertendril.readers.nni.trials import NniTrial

BUDGET = "TRIAL_BUDGET"
_ID = re.compile(r"((?:\d{1,9}-)?\d{1,9})_(\d{1,3})_(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job ran."""

    bracket: str
    rung: int
    config: str


def places_of(trials: Sequence[NniTrial]) -> dict[str, Place]:
    """Return the place of each job that got a budget at a rung, by its id."""
    found = {}
    for trial in trials:
        match = _ID.fullmatch(trial.ran_id) if BUDGET in trial.config else None
        if match:
            found[trial.job] = Place(match[1], int(match[2]), match[3])
    return found


def link_rungs(
    draft: Draft, trials: Sequence[NniTrial], places: Mapping[str, Place], top: float
) -> None:
    """Make the job at the rung below the parent of each, and tell who was promoted."""
    at = [places.get(trial.job) for trial in trials]
    row_of = {place: row for row, place in enumerate(at) if place}
    for row, place in enumerate(at):
        if place:
            below = Place(place.bracket, place.rung - 1, place.config)
            draft.trials[row].parent = row_of.get(below, -1)
    went_on = {trial.parent for trial in draft.trials}
    last = {(place.bracket, place.rung): row for row, place in enumerate(at) if place}
    for look in draft.looks:
        place = at[look.trial]
        if place is None or look.outcome is not Outcome.FINAL or look.resource >= top:
            continue
        # A rung is decided when jobs of a higher one follow; ids of BOHB come again in each loop.
        higher = range(place.rung + 1, place.rung + MOST_RUNGS)
        is_over = any(last.get((place.bracket, rung), -1) > look.trial for rung in higher)
        rest = Outcome.DISCARDED if is_over else Outcome.PENDING
        look.outcome = Outcome.PROMOTED if look.trial in went_on else rest
