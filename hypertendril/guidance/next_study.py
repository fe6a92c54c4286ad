"""What the search space of the next study could be, and why, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypertendril.analysis.importance.promising import promising_ranges
from hypertendril.analysis.ranges import space_of_selection, space_of_trials
from hypertendril.errors import SpaceError
from hypertendril.guidance.diagnosis import beyond_bounds
from hypertendril.model import Parameter, SearchSpace, Selection, Study
from hypertendril.model.space import narrowed


@dataclass(frozen=True, slots=True)
class Proposal:
    """A search space for the next study, and where it comes from."""

    space: SearchSpace
    reason: str


def from_brushes(study: Study, selection: Selection) -> Proposal:
    """Return the space a person has brushed.

    Brushes on parameters give their ranges. Where only other columns are brushed (the best
    fifth of an objective, a pick), the ranges hold the trials those brushes leave.

    Raises:
        SpaceError: Nothing is brushed, or the brushes leave nothing.
    """
    if not selection.brushes:
        raise SpaceError("Nothing is brushed: brush a parameter or an objective first.")
    brushed = {dim for brush in selection.brushes for dim in brush.dims}
    names = [name for name in study.space.names if f"param:{name}" in brushed]
    if names:
        return Proposal(
            space_of_selection(study, selection), f"Ranges of the brushes on {', '.join(names)}."
        )
    mask = selection.mask(study)
    count = int(mask.sum())
    trials = "the selected trial" if count == 1 else f"the {count:,} selected trials"
    return Proposal(space_of_trials(study, mask), f"Ranges that hold {trials}.")


def from_best(study: Study) -> Proposal:
    """Return the space around the best trials.

    Raises:
        SpaceError: There are too few scored trials to say anything.
    """
    found = promising_ranges(study)
    if not found.n_best:
        raise SpaceError(" ".join(found.warnings))
    words = f"Ranges of the best {found.n_best} trials: {found.kept_volume:.1%} of the space"
    inside = f"{found.n_inside} of the best {found.n_shown} lie inside"
    return Proposal(found.space, " ".join((f"{words}, {inside}.", *found.warnings)))


def wider_ranges(study: Study) -> tuple[Parameter, ...]:
    """Return the parameters at whose bounds the best trials crowd, with more room there.

    Raises:
        SpaceError: They crowd at none.
    """
    found = beyond_bounds(study)
    if not found:
        raise SpaceError("The best trials crowd at no bound.")
    return found


def widened(space: SearchSpace, wider: Iterable[Parameter]) -> SearchSpace:
    """Return `space` with the ranges of its parameters grown to hold those in `wider`."""
    for parameter in wider:
        if parameter.name in space:
            space = space.with_parameter(_holding(space[parameter.name], parameter))
    return space


def _holding(given: Parameter, other: Parameter) -> Parameter:
    if None in (given.low, given.high, other.low, other.high):
        return given
    assert given.low is not None and given.high is not None
    assert other.low is not None and other.high is not None
    return narrowed(given, low=min(given.low, other.low), high=max(given.high, other.high))


def carried_over(declared: SearchSpace, space: SearchSpace) -> SearchSpace:
    """Return `declared` with the ranges that `space` has for parameters of the same name and kind.

    Ranges are cut to the declared bounds; a parameter `space` lacks, or shares no value with,
    keeps its declared range.
    """
    return SearchSpace(
        tuple(_carried(p, space[p.name]) if p.name in space else p for p in declared)
    )


def _carried(declared: Parameter, given: Parameter) -> Parameter:
    if declared.is_discrete_choice and given.is_discrete_choice:
        kept = tuple(choice for choice in declared.choices if choice in given.choices)
        return narrowed(declared, choices=kept) if kept else declared
    if declared.is_discrete_choice or given.is_discrete_choice:
        return declared
    assert declared.low is not None and declared.high is not None
    assert given.low is not None and given.high is not None
    low, high = max(declared.low, given.low), min(declared.high, given.high)
    return narrowed(declared, low=low, high=high) if low <= high else declared
