"""Several studies as one, with the study as one more parameter: what differs between them, and why.

Common are the parameters that all of them have in one kind and scale. A common range is the
smallest that holds the range of every study, common choices are those of any; a condition stays
where all agree on it. What is not common is left out, and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypertendril.model import (
    CurvePoints,
    Evaluations,
    Parameter,
    ParameterKind,
    SearchSpace,
    Study,
    StudyHeader,
    Trials,
)

MOST = 8
FACTOR = "study"


def is_joinable(first: StudyHeader, other: StudyHeader) -> bool:
    """Tell whether two studies share the leading objective and at least one parameter."""
    return first.objectives[0] == other.objectives[0] and any(
        _is_common([first.space, other.space], name) for name in first.space.names
    )


def joined(studies: Sequence[Study]) -> tuple[Study, tuple[str, ...]]:
    """Return the trials of all studies over their common parameters and the study, and what to know.

    Args:
        studies: The first one decides what is compared; at most eight count.

    Returns:
        A study with the id of the first one and a version that grows with any of theirs, without
        evaluations; and a sentence for each thing left out or guessed. The first study itself
        where no other can be compared with it.
    """
    first = studies[0]
    kept = [s for s in studies if is_joinable(first.header, s.header)][:MOST]
    said = [
        f"{s.name}: left out, it shares no objective or parameter."
        for s in studies
        if s not in kept
    ]
    if len(kept) < 2:
        return first, tuple(said)
    spaces = [study.space for study in kept]
    names = [name for name in first.space.names if _is_common(spaces, name)]
    absent = sorted({name for space in spaces for name in space.names} - set(names))
    if absent:
        said.append(f"Not in all studies alike, and left out: {', '.join(absent)}.")
    common = _with_conditions(tuple(_hull([space[n] for space in spaces]) for n in names), spaces)
    unequal = [p.name for p in common if any(_range(s[p.name]) != _range(p) for s in spaces)]
    if unequal:
        said.append(
            f"Of another range in some studies: {', '.join(unequal)}. "
            "Where a study never looked, the model guesses."
        )
    factor = Parameter(_factor_name(names), ParameterKind.CATEGORICAL, choices=_titles(kept))
    return _assembled(kept, (*common, factor)), tuple(said)


def _is_common(spaces: Sequence[SearchSpace], name: str) -> bool:
    if not all(name in space for space in spaces):
        return False
    return len({(space[name].kind, space[name].log, _order(space[name])) for space in spaces}) == 1


def _order(parameter: Parameter) -> tuple[object, ...]:
    """Return the choices where their order means something: such can only be common as they are."""
    return parameter.choices if parameter.kind is ParameterKind.ORDINAL else ()


def _range(parameter: Parameter) -> tuple[object, ...]:
    return parameter.low, parameter.high, frozenset(parameter.choices)


def _hull(parts: Sequence[Parameter]) -> Parameter:
    """Return the smallest parameter that holds all `parts`, without its condition."""
    first = replace(parts[0], condition=None)
    if first.is_discrete_choice:
        choices = tuple(dict.fromkeys(choice for part in parts for choice in part.choices))
        return replace(first, choices=choices)
    lows, highs = (
        [p.low for p in parts if p.low is not None],
        [p.high for p in parts if p.high is not None],
    )
    is_one_grid = len({(p.step, p.low) for p in parts}) == 1
    return replace(first, low=min(lows), high=max(highs), step=first.step if is_one_grid else None)


def _with_conditions(
    common: tuple[Parameter, ...], spaces: Sequence[SearchSpace]
) -> tuple[Parameter, ...]:
    names = {parameter.name for parameter in common}
    found = []
    for parameter in common:
        conditions = {space[parameter.name].condition for space in spaces}
        condition = conditions.pop() if len(conditions) == 1 else None
        is_kept = condition is not None and condition.parent in names
        found.append(replace(parameter, condition=condition) if is_kept else parameter)
    return tuple(found)


def _factor_name(names: Sequence[str]) -> str:
    name = FACTOR
    while name in names:
        name += " "
    return name


def _titles(studies: Sequence[Study]) -> tuple[str, ...]:
    """Return the names of the studies, told apart where they are equal."""
    seen: Counter[str] = Counter()
    titles = []
    for study in studies:
        seen[study.name] += 1
        n = seen[study.name]
        titles.append(study.name if n == 1 else f"{study.name} ({n})")
    return tuple(titles)


def _assembled(studies: Sequence[Study], parameters: tuple[Parameter, ...]) -> Study:
    objectives = [o for o in studies[0].objectives if all(o in s.objectives for s in studies)]
    metrics = [
        name
        for name in studies[0].header.metric_names
        if all(name in study.header.metric_names for study in studies)
    ]
    n = sum(map(len, studies))
    trials = Trials.empty(n, len(parameters), len(objectives), len(metrics))
    start = 0
    for code, study in enumerate(studies):
        rows = slice(start, start + len(study))
        for i, parameter in enumerate(parameters[:-1]):
            trials.values[rows, i] = _recoded(study, parameter)
        trials.values[rows, -1] = code
        for i, objective in enumerate(objectives):
            trials.objectives[rows, i] = study.column(f"objective:{objective.name}")
        for i, name in enumerate(metrics):
            trials.metrics[rows, i] = study.column(f"metric:{name}")
        trials.state[rows], trials.violation[rows] = study.trials.state, study.trials.violation
        start += len(study)
    header = replace(
        studies[0].header,
        space=SearchSpace(parameters),
        objectives=tuple(objectives),
        metric_names=tuple(metrics),
        curve_names=(),
    )
    version = sum(study.version for study in studies)
    first = studies[0]
    return Study(first.id, header, trials, Evaluations.empty(), CurvePoints.empty(), version)


def _recoded(study: Study, parameter: Parameter) -> NDArray[np.float64]:
    """Return the column of a parameter of `study` in the codes of the common one."""
    values = study.column(f"param:{parameter.name}")
    if not parameter.is_discrete_choice:
        return values
    own = study.space[parameter.name].choices
    codes = np.array([parameter.encode(choice) for choice in own])
    found = np.full(len(values), np.nan)
    known = np.isfinite(values)
    found[known] = codes[values[known].astype(np.int64)]
    return found
