"""Regimes of a conditional space: which parameters are active together.

`momentum` exists only with `sgd`. Averaging over a space in which every value goes with every
other would ask the model about trials that cannot be (`sgd` without momentum, `adam` with it), and
would credit to momentum what the optimizer does. So each combination of branches is a regime of its
own: in it the parents keep to their branch, and every conditional parameter is either always or
never active.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypertendril.analysis.fanova.axes import Axis, ChoiceAxis, Inactive, Restriction
from hypertendril.model import Parameter, ParameterKind, SearchSpace

# A space with more branches is treated as one, its inactive states as further values.
MAX_REGIMES = 16
ALL_ACTIVE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Regime:
    """A part of the space in which the same parameters are active.

    Attributes:
        weight: Its share of the space; the weights of all regimes sum to 1.
        restrictions: Position of an axis to the part of it that counts here.
        branch: Per parent (in the order of `Conditions.parents`) the number of its branch.
    """

    weight: float
    restrictions: dict[int, Restriction]
    branch: tuple[int, ...]


@dataclass(frozen=True)
class Conditions:
    """How parameters depend on each other.

    Attributes:
        parents: Axes on whose choice others depend, each after its own parents.
        ancestors: Parent to the parents it depends on itself.
        conditional: Axes that are active in some regimes only.
        regimes: At least one.
    """

    parents: tuple[int, ...]
    ancestors: dict[int, frozenset[int]]
    conditional: frozenset[int]
    regimes: tuple[Regime, ...]


def conditions_of(
    space: SearchSpace, axes: Sequence[Axis], restrictions: Mapping[int, Restriction]
) -> Conditions:
    """Return the regimes of the part of a space that `restrictions` leave.

    Args:
        space: Parameters in the order of `axes`.
        axes: One per parameter. Only those with an inactive state can be conditional.
        restrictions: Position of an axis to the part of it that counts.

    Returns:
        One regime where nothing is conditional, where a condition is not on a choice, or where the
        branches are too many.
    """
    plain = Conditions((), {}, frozenset(), (Regime(1.0, dict(restrictions), ()),))
    conditional = frozenset(
        i for i, p in enumerate(space) if axes[i].inactive and _parent(space, p)
    )
    parents = _in_order(
        space, {space.index(_parent(space, space.parameters[i])) for i in conditional}
    )
    if not parents or not all(_is_usable(space, i, conditional) for i in parents):
        return plain
    branches = {p: _branches(space, p, conditional) for p in parents}
    if math.prod(len(found) for found in branches.values()) > MAX_REGIMES:
        return plain
    regimes = []
    for numbers in itertools.product(*(range(len(branches[p])) for p in parents)):
        chosen = {p: branches[p][k] for p, k in zip(parents, numbers, strict=True)}
        regimes.append(_regime(space, axes, chosen, conditional, numbers))
    kept = [r for r in (_restricted(r, restrictions) for r in _distinct(regimes)) if r]
    total = sum(regime.weight for regime in kept)
    if not kept or total <= 0:
        return plain
    return Conditions(
        parents,
        {p: frozenset(_ancestors(space, p)) for p in parents},
        conditional,
        tuple(Regime(r.weight / total, r.restrictions, r.branch) for r in kept),
    )


def _parent(space: SearchSpace, parameter: Parameter) -> str:
    condition = parameter.condition
    return condition.parent if condition is not None and condition.parent in space else ""


def _ancestors(space: SearchSpace, i: int) -> list[int]:
    found: list[int] = []
    name = _parent(space, space.parameters[i])
    while name and space.index(name) not in found:
        found.append(space.index(name))
        name = _parent(space, space[name])
    return found


def _in_order(space: SearchSpace, parents: set[int]) -> tuple[int, ...]:
    return tuple(sorted(parents, key=lambda i: (len(_ancestors(space, i)), i)))


def _is_usable(space: SearchSpace, i: int, conditional: frozenset[int]) -> bool:
    """Tell whether axis `i` can be cut into branches, and is itself free or handled here."""
    parameter = space.parameters[i]
    is_free = i in conditional or not _parent(space, parameter)
    return is_free and parameter.kind is ParameterKind.CATEGORICAL and i not in _ancestors(space, i)


def _branches(space: SearchSpace, i: int, conditional: frozenset[int]) -> list[frozenset[int]]:
    """Return the codes of parent `i`, those together that make the same parameters active."""
    by_children: dict[frozenset[int], set[int]] = {}
    for code in range(len(space.parameters[i].choices)):
        children = frozenset(
            c for c in conditional if i in _ancestors(space, c)[:1] and code in _codes(space, c)
        )
        by_children.setdefault(children, set()).add(code)
    return [frozenset(codes) for codes in by_children.values()]


def _codes(space: SearchSpace, child: int) -> set[int]:
    """Return the codes of its parent that make `child` active."""
    condition = space.parameters[child].condition
    assert condition is not None
    encoded = [space[condition.parent].encode(value) for value in condition.values]
    return {int(code) for code in encoded if not math.isnan(code)}


def _regime(
    space: SearchSpace,
    axes: Sequence[Axis],
    chosen: Mapping[int, frozenset[int]],
    conditional: frozenset[int],
    numbers: tuple[int, ...],
) -> Regime:
    """Return the regime of one branch per parent; branches of parents that are inactive do not count."""
    weight, branch = 1.0, []
    restrictions: dict[int, Restriction] = {}
    for (parent, codes), number in zip(chosen.items(), numbers, strict=True):
        is_active = _is_active(space, parent, chosen)
        weight *= len(codes) / len(space.parameters[parent].choices)
        restrictions[parent] = codes if is_active else Inactive.ONLY
        branch.append(number if is_active else -1)
    for i in conditional - set(chosen):
        restrictions[i] = _active(axes[i]) if _is_active(space, i, chosen) else Inactive.ONLY
    return Regime(weight, restrictions, tuple(branch))


def _active(axis: Axis) -> Restriction:
    return frozenset(range(axis.n_columns - 1)) if isinstance(axis, ChoiceAxis) else ALL_ACTIVE


def _is_active(space: SearchSpace, i: int, chosen: Mapping[int, frozenset[int]]) -> bool:
    child = i
    for parent in _ancestors(space, i):
        if not chosen[parent] <= _codes(space, child):
            return False
        child = parent
    return True


def _distinct(regimes: list[Regime]) -> list[Regime]:
    """Return the regimes with those put together that differ only in branches of inactive parents."""
    found: dict[tuple[int, ...], Regime] = {}
    for regime in regimes:
        seen = found.get(regime.branch)
        weight = regime.weight + (seen.weight if seen else 0.0)
        found[regime.branch] = Regime(weight, regime.restrictions, regime.branch)
    return list(found.values())


def _restricted(regime: Regime, restrictions: Mapping[int, Restriction]) -> Regime | None:
    """Return the part of a regime inside `restrictions`; None where there is none."""
    weight, merged = regime.weight, dict(regime.restrictions)
    for i, part in restrictions.items():
        own = merged.get(i)
        if own is not None and (own is Inactive.ONLY) != (part is Inactive.ONLY):
            return None
        if isinstance(own, frozenset):
            merged[i] = left = _common(own, part)
            weight *= len(left) / len(own)
        else:
            merged[i] = part
    return Regime(weight, merged, regime.branch) if weight > 0 else None


def _common(codes: frozenset[int], part: Restriction) -> frozenset[int]:
    if isinstance(part, tuple):
        return frozenset(code for code in codes if part[0] <= code <= part[1])
    return codes & part if isinstance(part, frozenset) else codes
