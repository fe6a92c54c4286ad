"""Rungs and brackets: how many trials stop where.

Source: Li et al., Hyperband (JMLR 2018), Jamieson and Talwalkar (2016); the numbers of trials
a bracket are those of HpBandSter (Falkner et al., BOHB, ICML 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

from hypertendril.search.method import Setting
from hypertendril.search.setup import Limits, Settings

DEFAULT_STEPS = 27  # where neither job nor objective says how long a full training is

LADDER_SETTINGS = (
    Setting(
        "max_resource",
        "int",
        0,
        "R: steps of a full training; 0 takes the steps of the job.",
        low=0,
        high=10**9,
    ),
    Setting("eta", "int", 3, "One in eta trials goes on, eta times as far.", low=2, high=1000),
    Setting("min_resource", "int", 1, "The fewest steps a trial is judged by.", low=1, high=10**9),
)


@dataclass(frozen=True, slots=True)
class Bracket:
    """A race: `counts[k]` trials are trained up to `resources[k]` steps, the best go on.

    Attributes:
        resources: Steps at each rung, ascending.
        counts: Trials at each rung.
    """

    resources: tuple[int, ...]
    counts: tuple[int, ...]

    def limited(self, n: int, eta: int) -> Bracket:
        """Return the bracket begun with at most `n` trials."""
        if n >= self.counts[0]:
            return self
        return Bracket(self.resources, _halved(n, eta, len(self.resources)))


def rungs(settings: Settings, limits: Limits) -> tuple[int, ...]:
    """Return the steps of all rungs, ascending: R, R / eta, R / eta^2 ... down to the minimum."""
    top = settings["max_resource"] or limits.steps or DEFAULT_STEPS
    eta, least = settings["eta"], min(settings["min_resource"], top)
    count = 1
    while least * eta**count <= top:
        count += 1
    # Steps are whole; rungs that would fall together are one.
    return tuple(sorted({max(1, round(top / eta**k)) for k in range(count)}))


def brackets(settings: Settings, limits: Limits) -> tuple[Bracket, ...]:
    """Return the brackets of one round of Hyperband, the most daring first.

    With s + 1 rungs of m a bracket begins with floor(m / (s + 1)) * eta^s trials:
    27, 9, 6, 4 for eta 3 and budgets 1 to 27.
    """
    eta, resources = settings["eta"], rungs(settings, limits)
    m = len(resources)
    return tuple(
        Bracket(resources[m - 1 - s :], _halved(m // (s + 1) * eta**s, eta, s + 1))
        for s in reversed(range(m))
    )


def repeats(settings: Settings, limits: Limits) -> int:
    """Return how many earlier configurations are run first: as many as the first rung lets go on.

    The rest of the first bracket stays for what is new.
    """
    first, enqueued = brackets(settings, limits)[0], len(limits.start.enqueued)
    counts = first.limited(max(limits.trials, 1), settings["eta"]).counts
    return max(0, min(counts[min(1, len(counts) - 1)], limits.trials - enqueued))


def _halved(n: int, eta: int, length: int) -> tuple[int, ...]:
    return tuple(max(1, n // eta**k) for k in range(length))
