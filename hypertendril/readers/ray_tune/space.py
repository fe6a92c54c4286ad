"""The search space of a Ray Tune experiment, told from what was drawn; Ray keeps it in pickles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hypertendril.model import Choice, Parameter, ParameterKind, SearchSpace
from hypertendril.readers.drafts.draft import Draft, ordinal_of
from hypertendril.readers.drafts.inferred import infer_parameter
from hypertendril.readers.drafts.null_choices import with_null_choices
from hypertendril.readers.files.json_text import as_choice, as_number

FACTORS = (0.8, 1.2)  # by which Ray perturbs unless told otherwise
EARLY = 10  # values at least that are looked at for the scale
SURE = 3.0  # standard deviations of a count
ENOUGH_DISTINCT = 8  # whole numbers before a common step of theirs is believed


def space_of(draft: Draft) -> SearchSpace:
    """Return the space told from the values that were drawn, not perturbed."""
    names = dict.fromkeys(name for trial in draft.trials for name in trial.params)
    factors = _factors(draft)
    found = []
    for name in names:
        drawn = [as_choice(v) for v in _drawn(draft, name, factors)]
        parameter = ordinal_of(name, drawn) or infer_parameter(name, drawn)
        if parameter is not None:
            found.append(_stepped(_scaled(parameter, drawn), drawn))
    return SearchSpace(tuple(with_null_choices(found, draft.trials, draft.losses)))


def _drawn(draft: Draft, name: str, factors: Iterable[float]) -> list[Any]:
    found = []
    for trial in draft.trials:
        if name not in trial.params:
            continue
        value = trial.params[name]
        before = draft.trials[trial.parent].params.get(name) if trial.parent >= 0 else None
        if before is None or not _is_perturbed(value, before, factors):
            found.append(value)
    return found


def _is_perturbed(value: Any, before: Any, factors: Iterable[float]) -> bool:
    a, b = as_number(value), as_number(before)
    if a is None or b is None:
        return False
    is_int = isinstance(value, int) and math.isfinite(b)
    return any(
        math.isclose(a, b * f, rel_tol=1e-9) or (is_int and a == int(b * f)) for f in (1, *factors)
    )


def _factors(draft: Draft) -> list[float]:
    """Return the factors by which numbers were perturbed: those seen again and again."""
    ratios: Counter[float] = Counter()
    for trial in draft.trials:
        if trial.parent < 0:
            continue
        parent = draft.trials[trial.parent].params
        for name, value in trial.params.items():
            a, b = as_number(value), as_number(parent.get(name))
            if isinstance(value, float) and a and b:
                ratios[round(a / b, 9)] += 1
    often = [ratio for ratio, n in ratios.items() if n >= 3 and ratio != 1]
    return [*FACTORS, *often]


def _scaled(parameter: Parameter, values: Sequence[Choice]) -> Parameter:
    """Return the parameter on the scale its first values tell of.

    A model soon draws from one end of a range only; what was drawn before it learned is spread
    over the declared scale.
    """
    early = infer_parameter(parameter.name, values[: max(EARLY, len(values) // 3)])
    is_log = early is not None and early.log and parameter.low is not None and parameter.low > 0
    return replace(parameter, log=parameter.log or is_log or _is_bottom_heavy(parameter, values))


def _is_bottom_heavy(parameter: Parameter, values: Sequence[Choice]) -> bool:
    """Return whether more values lie below the geometric middle than a linear draw could give."""
    low, high = parameter.low, parameter.high
    if parameter.is_discrete_choice or low is None or high is None or low <= 0 or high < 100 * low:
        return False
    numbers = [n for v in values if (n := as_number(v)) is not None]
    expected = len(numbers) * (math.sqrt(low * high) - low) / (high - low)
    found = sum(n < math.sqrt(low * high) for n in numbers)
    return found > expected + SURE * math.sqrt(expected) + 1


def _stepped(parameter: Parameter, values: Sequence[Choice]) -> Parameter:
    """Return an integer with the step all of many values share."""
    if parameter.kind is not ParameterKind.INT or parameter.low is None:
        return parameter
    distinct = sorted({v for v in values if isinstance(v, int)})
    if len(distinct) < ENOUGH_DISTINCT:
        return parameter
    step = math.gcd(*(v - distinct[0] for v in distinct))
    return replace(parameter, step=float(step)) if step > 1 else parameter


def is_grid(configs: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether every combination of the values occurs.

    Cost O(1) for most that is no grid: a few configurations have more combinations than all.
    """
    values: dict[str, set[str]] = {}
    for config in configs:
        for key, value in config.items():
            values.setdefault(key, set()).add(str(value))
        if math.prod(map(len, values.values())) > len(configs):
            return False
    seen = {tuple(sorted((k, str(v)) for k, v in config.items())) for config in configs}
    varied = [found for found in values.values() if len(found) > 1]
    if len(varied) == 1:  # any numbers are all combinations of one parameter
        return len(seen) > 3 and _are_spaced(varied[0])
    return len(seen) > 3 and math.prod(map(len, varied)) == len(seen)


def _are_spaced(texts: Iterable[str]) -> bool:
    """Return whether numbers lie at equal distances or ratios; texts that are none may always."""
    try:
        numbers = np.sort(np.array([float(text) for text in texts]))
    except ValueError:
        return True
    scales = [numbers, np.log(numbers)] if numbers[0] > 0 else [numbers]
    return any(np.allclose(np.diff(scale), scale[1] - scale[0], rtol=0.01) for scale in scales)
