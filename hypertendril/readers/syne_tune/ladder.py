"""How far trials of Syne Tune may get and where they are compared: declared, or told from the rows.

Releases before 0.14 record the name of the scheduler and none of its settings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from hypertendril.readers.drafts.rungs import levels_of
from hypertendril.readers.files.json_text import as_number
from hypertendril.readers.losses import Losses
from hypertendril.readers.syne_tune.setup import Setup
from hypertendril.readers.syne_tune.trials import SyneTrial, as_float, is_metric

REPLACED = ("STOP", "PAUSE")  # what the scheduler says to a member it replaces
_RESOURCE = re.compile("epoch|iter|step|resource|budget|max_t|fidelity", re.IGNORECASE)
STEPS = ("epoch", "step", "iteration", "training_iteration", "resource")


@dataclass(frozen=True)
class Ladder:
    """Where trials are compared.

    Attributes:
        column: The one that counts the resource, None where only the order of rows tells.
        levels: Rungs of a halving scheduler, lowest first; empty for others.
        limit: The most a trial may get, infinite where that is not known.
        top: The most any trial got, where it is not declared.
        interval: Every how many steps a population is compared.
    """

    column: str | None
    levels: Sequence[float] = ()
    limit: float = math.inf
    top: float = math.inf
    interval: int = 1

    def steps(self, trial: SyneTrial) -> list[float]:
        """Return the resource each row of a trial had reached."""
        found: list[float] = []
        for row in trial.rows:
            step = as_float(row.get(self.column or "", ""))
            before = found[-1] if found else 0.0
            found.append(before + 1 if math.isnan(step) else step)
        return found


def ladder_of(setup: Setup, trials: Sequence[SyneTrial], losses: Losses) -> Ladder:
    """Return where the trials of an experiment were compared."""
    bare = Ladder(_column(setup, trials))
    ends = [(trial, bare.steps(trial)[-1]) for trial in trials if trial.rows]
    declared = as_number(setup.options.get("max_t"))
    top = max((end for _, end in ends), default=math.inf) if declared is None else declared
    # Those the scheduler took out stopped at a rung; others may have been killed anywhere.
    compared = [end for trial, end in ends if trial.decision in REPLACED]
    levels = levels_of(compared, top) if setup.is_halving else ()
    interval = setup.interval
    if setup.is_population and interval is None:
        interval = _interval(trials, bare)
        losses.add(f"the perturbation interval is not recorded; told from the rows: {interval}")
    limit = _fixed_limit(setup, top) if declared is None else declared
    return Ladder(bare.column, levels, limit, top, interval or 1)


def _fixed_limit(setup: Setup, top: float) -> float:
    """Return the most a trial may get where a constant of the space, such as `max_epochs`, says so.

    Some trial must have got there: a constant of such a name may as well be another thing.
    """
    named = (value for name, value in setup.space.fixed.items() if _RESOURCE.search(name))
    return top if any(as_number(value) == top for value in named) else math.inf


def _column(setup: Setup, trials: Sequence[SyneTrial]) -> str | None:
    columns = {name for trial in trials for row in trial.rows[:1] for name in row}
    told = setup.options.get("time_attr") or setup.options.get("resource_attr")
    names = (told, *STEPS) if isinstance(told, str) else STEPS
    known = next((name for name in names if name in columns), None)
    return known or next((name for name in sorted(columns) if _counts(name, trials)), None)


def _counts(name: str, trials: Sequence[SyneTrial]) -> bool:
    """Return whether a column grows by one from row to row, as a count of epochs does."""
    if not is_metric(name, ()):
        return False
    columns = [[as_float(row.get(name, "")) for row in trial.rows] for trial in trials]
    pairs = [pair for values in columns for pair in pairwise(values)]
    return bool(pairs) and all(after == before + 1 for before, after in pairs)


def _interval(trials: Sequence[SyneTrial], bare: Ladder) -> int:
    """Return the steps between two comparisons: members are replaced only at the end of some."""
    replaced = [bare.steps(t)[-1] for t in trials if t.decision in REPLACED]
    whole = [int(step) for step in replaced if step.is_integer()]
    return reduce(math.gcd, whole, 0) or 1
