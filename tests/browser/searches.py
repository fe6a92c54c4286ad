"""Searches by several methods over one imagined network, played truthfully and written in the generic form.

The network is the one of the paper's story: deep ones end better but learn slowly, so a method
that looks early keeps the shallow ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DEPTHS = [20, 32, 44, 56, 110, 164]
OPTIMIZERS = ["sgd", "adam", "adamw"]
SPACE: list[dict[str, Any]] = [
    {"name": "depth", "kind": "ordinal", "choices": DEPTHS},
    {"name": "lr", "kind": "float", "low": 1e-4, "high": 0.1, "log": True},
    {"name": "weight_decay", "kind": "float", "low": 1e-6, "high": 0.01, "log": True},
    {"name": "optimizer", "kind": "categorical", "choices": OPTIMIZERS},
    {
        "name": "momentum",
        "kind": "float",
        "low": 0.0,
        "high": 0.99,
        "condition": {"parent": "optimizer", "values": ["sgd"]},
    },
    {"name": "n_blocks", "kind": "int", "low": 1, "high": 5},
]
STARTED = "2026-01-05T{:02d}:{:02d}:{:02d}Z"
SECONDS_AN_EPOCH = 3
Params = dict[str, Any]


@dataclass
class Member:
    """A trial being trained; `progress` is what its weights have learnt, 0 to 1."""

    params: Params
    parent: int | None = None
    progress: float = 0.0
    epoch: int = 0
    state: str = "running"
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    curve: list[list[float]] = field(default_factory=list)
    began: int = 0
    ended: int = 0


class Search:
    """The trials of one search, trained on one imagined machine one after the other."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.members: list[Member] = []
        self.clock = 0

    def add(self, params: Params, parent: int | None = None) -> int:
        member = Member(params, parent, began=self.clock)
        if parent is not None:
            member.progress = self.members[parent].progress
            member.epoch = self.members[parent].epoch
        self.members.append(member)
        return len(self.members) - 1

    def sample(self) -> Params:
        """Return one random set of values."""
        optimizer = OPTIMIZERS[int(self.random.integers(3))]
        params: Params = {
            "depth": DEPTHS[int(self.random.integers(6))],
            "lr": float(10 ** self.random.uniform(-4, -1)),
            "weight_decay": float(10 ** self.random.uniform(-6, -2)),
            "optimizer": optimizer,
            "n_blocks": int(self.random.integers(1, 6)),
        }
        if optimizer == "sgd":
            params["momentum"] = float(self.random.uniform(0, 0.99))
        return params

    def train(self, number: int, until: int) -> float:
        """Train to epoch `until`; return the accuracy there."""
        member = self.members[number]
        while member.epoch < until:
            member.epoch += 1
            self.clock += SECONDS_AN_EPOCH
            member.progress += (1 - member.progress) / patience(member.params)
            seen = ceiling(member.params) * member.progress + self.random.normal(0, 0.004)
            member.curve.append([member.epoch, round(float(np.clip(seen, 0, 1)), 5)])
        member.ended = self.clock
        return member.curve[-1][1]

    def look(self, number: int, outcome: str, **place: int) -> None:
        member = self.members[number]
        seen = {"resource": member.epoch, "value": member.curve[-1][1], "outcome": outcome}
        member.evaluations.append(place | seen | {"time": moment(member.ended)})
        if outcome in ("final", "discarded"):
            member.state = "complete" if outcome == "final" else "pruned"

    def study(self, name: str, method: str, **settings: Any) -> dict[str, Any]:
        return {
            "name": name,
            "objectives": [{"name": "accuracy", "direction": "maximize"}],
            "method": {"name": method, "settings": settings},
            "space": SPACE,
            "trials": [trial(number, member) for number, member in enumerate(self.members)],
        }


def ceiling(params: Params) -> float:
    """Return the accuracy reached after endless training."""
    place = DEPTHS.index(params["depth"])
    lr, decay = math.log10(params["lr"]) + 2.1, math.log10(params["weight_decay"]) + 3.6
    best = 0.62 + 0.045 * place - 0.07 * lr**2 - 0.025 * decay**2 - 0.01 * lr * decay
    best += {"sgd": 0.02, "adam": 0.0, "adamw": 0.015}[params["optimizer"]]
    return max(0.05, best - 0.004 * (params["n_blocks"] - 3) ** 2)


def patience(params: Params) -> float:
    """Return the epochs in which the network learns two thirds of what it can."""
    return 4.0 + 3.5 * DEPTHS.index(params["depth"]) + 3.0 * abs(math.log10(params["lr"]) + 1.8)


def moment(second: int) -> str:
    return STARTED.format(second // 3600 % 24, second // 60 % 60, second % 60)


def trial(number: int, member: Member) -> dict[str, Any]:
    written: dict[str, Any] = {
        "number": number,
        "state": member.state,
        "params": member.params,
        "parent": member.parent,
        "started": moment(member.began),
        "evaluations": member.evaluations,
        "curves": {"accuracy": member.curve},
    }
    if member.state in ("complete", "pruned"):
        written |= {"ended": moment(member.ended), "values": {"accuracy": member.curve[-1][1]}}
    return written


def random_search(n: int = 60, epochs: int = 27, seed: int = 1) -> dict[str, Any]:
    search = Search(seed)
    for _ in range(n):
        number = search.add(search.sample())
        search.train(number, epochs)
        search.look(number, "final")
    return search.study("random", "random", trials=n, epochs=epochs)


def hyperband(maximum: int = 27, eta: int = 3, seed: int = 2) -> dict[str, Any]:
    """Return Hyperband with brackets from the boldest to plain random search."""
    search = Search(seed)
    deepest = math.floor(math.log(maximum) / math.log(eta) + 1e-9)
    for bracket, s in enumerate(range(deepest, -1, -1)):
        count = math.ceil((deepest + 1) / (s + 1) * eta**s)
        alive = [search.add(search.sample()) for _ in range(count)]
        for rung in range(s + 1):
            epochs = round(maximum * eta ** (rung - s))
            keep = 0 if rung == s else max(1, len(alive) // eta)
            alive = halve(search, alive, epochs, keep, bracket=bracket, rung=rung)
    return search.study("hyperband", "hyperband", R=maximum, eta=eta)


def halve(search: Search, alive: Sequence[int], epochs: int, keep: int, **place: int) -> list[int]:
    """Train all of a rung, then let the best `keep` go on; none means the last rung."""
    values = {number: search.train(number, epochs) for number in alive}
    best = sorted(alive, key=lambda number: -values[number])[:keep]
    for number in alive:
        outcome = "promoted" if number in best else "discarded" if keep else "final"
        search.look(number, outcome, **place)
    return best


def pbt(
    population: int = 20, generations: int = 6, rate: float = 0.5, interval: int = 8, seed: int = 3
) -> dict[str, Any]:
    """Return population-based training: the best share `rate` survives, mutated copies fill up."""
    search = Search(seed)
    alive = [search.add(search.sample()) for _ in range(population)]
    for generation in range(generations):
        values = {number: search.train(number, (generation + 1) * interval) for number in alive}
        is_end = generation == generations - 1
        kept = sorted(alive, key=lambda number: -values[number])[: round(population * rate)]
        for number in alive:
            outcome = "final" if is_end else "survived" if number in kept else "discarded"
            search.look(number, outcome, iteration=generation)
        if not is_end:
            parents = search.random.choice(kept, population - len(kept))
            alive = kept + [search.add(mutated(search, int(p)), int(p)) for p in parents]
    told = {"population": population, "generations": generations}
    return search.study("pbt", "pbt", **told, survivor_rate=rate, interval_epochs=interval)


def mutated(search: Search, parent: int) -> Params:
    """Return the parent's values with each number a factor 1.25 up or down."""
    params = dict(search.members[parent].params)
    for name, low, high in (("lr", 1e-4, 0.1), ("weight_decay", 1e-6, 0.01)):
        factor = 1.25 ** float(search.random.choice([-2, -1, 1, 2]))
        params[name] = float(np.clip(params[name] * factor, low, high))
    return params


def with_troubles(study: dict[str, Any]) -> dict[str, Any]:
    """Return the study with some trials failed, still running or infeasible."""
    for number, written in enumerate(study["trials"]):
        if number % 17 == 3:
            written |= {"state": "failed", "values": {}, "evaluations": [], "curves": {}}
        elif number % 17 == 9:
            written |= {"state": "running", "values": {}, "evaluations": []}
            written.pop("ended", None)
        elif number % 17 == 13:
            written["violation"] = 1.5
    return study | {"name": f"{study['name']} with troubles"}


SEARCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "random": lambda: with_troubles(random_search()),
    "hyperband_eta3": hyperband,
    "hyperband_eta2": lambda: hyperband(16, 2, 4) | {"name": "hyperband, eta 2"},
    "pbt": pbt,
    "pbt_early": lambda: pbt(rate=0.5, interval=3, seed=5) | {"name": "pbt, early looks"},
    "pbt_gentle": lambda: pbt(rate=0.75, interval=8, seed=6) | {"name": "pbt, more survivors"},
}


def write_searches(folder: Path, names: Sequence[str] = tuple(SEARCHES)) -> list[Path]:
    """Write the named searches to `folder`, a file each."""
    paths = []
    for name in names:
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(SEARCHES[name]()), encoding="utf-8")
    return paths
