"""What one model would have to be trained with: along the schedule of another, or to the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypertendril.analysis.exploration.picture import Exploration
from hypertendril.analysis.exploration.schedule import schedule_of
from hypertendril.model import Study, TrialState


@dataclass(frozen=True, slots=True)
class Plan:
    """A training, or the reason why there can be none.

    Attributes:
        stretches: Steps done in all, and values until then, from the beginning.
        why_not: Empty where it can be trained.
        from_step: Steps done already by the checkpoint it goes on from; 0 for none.
    """

    stretches: tuple[tuple[int, dict[str, Any]], ...] = ()
    why_not: str = ""
    from_step: int = 0


def replay_plan(study: Study, layout: Exploration, row: int) -> Plan:
    """Return the training that trial `row` and its ancestors had."""
    schedule = schedule_of(study, layout, row)
    if len(schedule.stretches) < 2:
        return Plan(why_not="This trial was copied from none, so its values never changed.")
    if not schedule.has_resource:
        return Plan(why_not="The study does not say after how many steps it was copied.")
    found: list[tuple[int, dict[str, Any]]] = []
    for stretch in schedule.stretches:
        steps = round(stretch.end)
        if steps > (found[-1][0] if found else 0):
            found.append((steps, study.params(stretch.row)))
    return Plan(tuple(found)) if found else Plan(why_not="It was not trained for a single step.")


def finish_plan(study: Study, row: int, steps: int | None, kept: int | None) -> Plan:
    """Return the full training of a trial that was stopped on its way, or what is left of it.

    Args:
        study: The trial's.
        row: Of the trial.
        steps: Of a full training, where the study itself does not show any.
        kept: The step whose checkpoint the trial has kept; None for none.
    """
    if study.trials.state[row] != TrialState.PRUNED:
        return Plan(why_not="This trial was not stopped on its way.")
    seen = study.evaluations.resource
    known = seen[np.isfinite(seen)]
    most = round(float(known.max())) if len(known) else steps
    if not most:
        return Plan(why_not="Neither the study nor the objective says how long a training is.")
    from_step = kept if kept is not None and kept < most else 0
    return Plan(((most, study.params(row)),), from_step=from_step)
