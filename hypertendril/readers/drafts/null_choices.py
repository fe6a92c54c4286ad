"""Which parameters are inactive where, in configurations of frameworks that keep no space.

One that is absent is inactive. Null stands for that, and for a choice like others: it is taken for
inactive where another parameter says when it is there, else for a choice: a search that leaves a
parameter out for no reason is rarer than one over `[None, "l1", "l2"]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hypertendril.model import Parameter, ParameterKind
from hypertendril.readers.drafts.conditions import infer_conditions
from hypertendril.readers.drafts.draft import TrialRow
from hypertendril.readers.files.json_text import as_choice, as_number
from hypertendril.readers.losses import Losses

MOST_NUMBERS = 8  # that are a list to choose from, each drawn twice or more on average


def with_null_choices(
    parameters: list[Parameter], trials: Sequence[TrialRow], losses: Losses
) -> list[Parameter]:
    """Return the parameters; null is a choice of some, and what lacks somewhere has its condition.

    Args:
        parameters: As told from all values but null.
        trials: Null is a parameter whose value is None; an absent one is inactive in any case.
        losses: Gets the numbers of a range that are null without a reason.
    """
    nulls = {name for trial in trials for name, value in trial.params.items() if value is None}
    if all(trial.params.get(p.name) is not None for p in parameters for trial in trials):
        return parameters
    found = _explained(parameters, trials)
    chosen = [_with_null(p) if _is_open(p, nulls) and p.is_discrete_choice else p for p in found]
    if chosen != found:
        found = _explained(chosen, trials)  # what depends on one that is null is told now
    return [_listed(p, trials, losses) if _is_open(p, nulls) else p for p in found]


def _explained(parameters: list[Parameter], trials: Sequence[TrialRow]) -> list[Parameter]:
    """Return the parameters with the conditions found."""
    values = np.array(
        [[p.encode(as_choice(trial.params.get(p.name))) for p in parameters] for trial in trials]
    )
    states = np.array([trial.state for trial in trials], dtype=np.int8)
    return infer_conditions(parameters, values, states)


def _is_open(parameter: Parameter, nulls: set[str]) -> bool:
    """Return whether it is not yet told what null of a parameter is."""
    has_reason = parameter.condition is not None or None in parameter.choices
    return parameter.name in nulls and not has_reason


def _with_null(parameter: Parameter) -> Parameter:
    choices = (*parameter.choices, None)
    return Parameter(parameter.name, ParameterKind.CATEGORICAL, choices=choices)


def _listed(parameter: Parameter, trials: Sequence[TrialRow], losses: Losses) -> Parameter:
    """Return the few numbers that were drawn, and null, as choices; else the range as it is."""
    drawn = [trial.params.get(parameter.name) for trial in trials]
    numbers: list[Any] = [value for value in drawn if as_number(value) is not None]
    choices = sorted(set(numbers))
    if len(choices) > MOST_NUMBERS or len(numbers) < 2 * len(choices):
        losses.add(
            f"{parameter.name!r} is null in some trials and no other parameter says why; "
            "it is taken to be inactive there"
        )
        return parameter
    return Parameter(parameter.name, ParameterKind.CATEGORICAL, choices=(*choices, None))
