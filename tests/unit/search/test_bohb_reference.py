"""BOHB beside its reference: HpBandSter's own logs, and the kernel densities of statsmodels.

Source: Falkner, Klein, Hutter: BOHB (ICML 2018); how the data were made: tests/data/bohb/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertendril.model import (
    Choice,
    Direction,
    Objective,
    Outcome,
    Parameter,
    ParameterKind,
    SearchSpace,
    TrialState,
)
from hypertendril.search import METHODS, Limits, Result, Setup
from hypertendril.search.bohb import MODEL_BASED, TwoDensities
from hypertendril.search.density import Axes, Density
from hypertendril.search.ladder import brackets
from hypertendril.search.races import AtRandom, Races

ROOT = Path(__file__).parents[3]
OWN = ROOT / "tests" / "data" / "bohb"
LARGER = ROOT.parent / "shared" / "data" / "frameworks" / "hpbandster" / "bohb"
LOSS = (Objective("loss", Direction.MINIMIZE),)
LOGS = pytest.mark.parametrize(
    "folder",
    [
        OWN,
        pytest.param(
            LARGER, marks=pytest.mark.skipif(not LARGER.is_dir(), reason=f"{LARGER} is not here")
        ),
    ],
    ids=["own", "larger"],
)
Key = tuple[int, int, int]


@dataclass(frozen=True)
class Evaluated:
    """A line of `results.json`; the loss is None where the evaluation failed."""

    key: Key
    budget: int
    loss: float | None
    submitted: float
    finished: float


@dataclass(frozen=True)
class Log:
    """What HpBandSter wrote."""

    values: dict[Key, dict[str, Choice]]
    is_from_model: dict[Key, bool]
    evaluated: list[Evaluated]

    @classmethod
    def read(cls, folder: Path) -> Log:
        lines, results = (
            [json.loads(line) for line in (folder / name).read_text().splitlines()]
            for name in ("configs.json", "results.json")
        )
        return cls(
            {tuple(key): values for key, values, _ in lines},
            {tuple(key): info["model_based_pick"] for key, _, info in lines},
            [_evaluated(*line) for line in results],
        )

    @property
    def top(self) -> int:
        return max(e.budget for e in self.evaluated)

    @property
    def settings(self) -> dict[str, Any]:
        """Ours that stand for theirs; the least budget is the first rung."""
        least = min(e.budget for e in self.evaluated)
        given = {"max_resource": self.top, "min_resource": least}
        return METHODS["bohb"].checked_settings(given)

    def space(self) -> SearchSpace:
        """A space that holds all configurations: numbers evenly, texts as categories."""
        columns = {
            name: [v[name] for v in self.values.values()]
            for v in self.values.values()
            for name in v
        }
        return SearchSpace(tuple(_parameter(name, found) for name, found in columns.items()))


def _evaluated(key: Any, budget: float, times: Any, result: Any, error: Any) -> Evaluated:
    loss = None if error else result["loss"]
    return Evaluated(tuple(key), round(budget), loss, times["submitted"], times["finished"])


def _parameter(name: str, found: list[Any]) -> Parameter:
    if isinstance(found[0], str):
        return Parameter(name, ParameterKind.CATEGORICAL, choices=tuple(sorted(set(found))))
    return Parameter(name, ParameterKind.FLOAT, float(min(found)), float(max(found)))


class Logged(AtRandom):
    """Proposes the configurations of a log, in their order."""

    def __init__(self, log: Log) -> None:
        self.keys = sorted(log.values)
        self._log = log

    def ask(self, number: int) -> dict[str, Choice]:
        return self._log.values[self.keys[number]]


@LOGS
def test_the_values_of_a_log_lead_to_its_budgets_brackets_and_promotions(folder: Path) -> None:
    log = Log.read(folder)
    last = {e.key: e.budget for e in log.evaluated}
    # Of equal losses HpBandSter's sort promotes any; here a hair better is the one it did.
    loss = {
        (e.key, e.budget): None if e.loss is None else e.loss - 1e-12 * (e.budget < last[e.key])
        for e in log.evaluated
    }
    proposer = Logged(log)
    setup = Setup(log.settings, log.space(), LOSS, 0, Limits(len(proposer.keys)))
    races = Races(setup, brackets(setup.settings, setup.limits), proposer, setup.opening())
    evaluated: dict[tuple[Key, int], int] = {}
    promoted: set[tuple[Key, int]] = set()
    while (task := races.ask()) is not None:
        key = proposer.keys[task.number]
        assert task.to_step is not None
        evaluated[key, task.to_step] = task.bracket
        found = loss[key, task.to_step]
        state = TrialState.FAILED if found is None else TrialState.COMPLETE
        for look in races.tell(task.number, Result(state, None if found is None else [found])):
            if look.outcome is Outcome.PROMOTED:
                promoted.add((proposer.keys[look.number], round(look.resource)))
    assert evaluated == {(e.key, e.budget): e.key[0] for e in log.evaluated}
    assert promoted == {(e.key, e.budget) for e in log.evaluated if e.budget < last[e.key]}


@LOGS
def test_a_model_is_there_whenever_the_log_drew_from_one(folder: Path) -> None:
    """And of the times it is there, about two thirds were drawn from it."""
    log = Log.read(folder)
    begun = {e.key: e.submitted for e in reversed(log.evaluated)}
    settings = log.settings | {"random_fraction": 0.0}
    model = TwoDensities(Setup(settings, log.space(), LOSS, 1))
    waiting = sorted(log.evaluated, key=lambda e: e.finished)
    numbers = {key: n for n, key in enumerate(log.values)}
    there: list[bool] = []
    for key in sorted(begun, key=begun.__getitem__):
        while waiting and waiting[0].finished <= begun[key]:
            known = waiting.pop(0)
            quality = None if known.loss is None else (0.0, -known.loss)
            model.learn(numbers[known.key], log.values[known.key], known.budget, quality)
        model.ask(numbers[key])
        if model.remarks(numbers[key])[MODEL_BASED]:
            there.append(log.is_from_model[key])
        else:
            assert not log.is_from_model[key], key
    assert len(there) > 10
    assert 0.4 < sum(there) / len(there) < 0.9


def test_the_densities_are_those_of_statsmodels() -> None:
    oracle: Mapping[str, Any] = json.loads((OWN / "statsmodels.json").read_text())
    density = Density(np.array(oracle["data"]), Axes(np.array([0, 0])), 1e-3)
    np.testing.assert_allclose(density.widths, oracle["bandwidths"], rtol=1e-12)
    found = density.at(np.array(oracle["points"]))
    np.testing.assert_allclose(found, oracle["densities"], rtol=1e-12)


def test_the_kernel_of_categories_is_that_of_statsmodels() -> None:
    oracle: Mapping[str, Any] = json.loads((OWN / "statsmodels.json").read_text())
    rows = np.array(oracle["categories"])[:, None]
    density = Density(rows, Axes(np.array([3])), least=oracle["category_bandwidth"])
    density.widths = np.array([oracle["category_bandwidth"]])
    found = density.at(np.array([[0.0], [1.0], [2.0]]))
    np.testing.assert_allclose(found, oracle["category_densities"], rtol=1e-12)


def test_the_point_run_has_the_highest_ratio_of_the_candidates() -> None:
    """As HpBandSter: the least max(1e-32, g) / max(1e-32, l) of 64 drawn about good points."""
    space = SearchSpace((Parameter("x", ParameterKind.FLOAT, 0.0, 1.0),))
    settings = METHODS["bohb"].checked_settings({"random_fraction": 0.0})
    model = TwoDensities(Setup(settings, space, LOSS, 3))
    values = np.linspace(0.0, 1.0, 40)
    for number, x in enumerate(values.tolist()):
        model.learn(number, {"x": x}, 9, (0.0, -abs(x - 0.4)))
    order = np.argsort(np.abs(values - 0.4), kind="stable")
    n_good = max(2, 15 * 40 // 100)
    good, bad = (
        Density(values[rows][:, None], Axes(np.array([0])), 1e-3)
        for rows in (order[:n_good], order[n_good:])
    )
    asked = np.array([[float(model.ask(number)["x"])] for number in range(40, 80)])  # type: ignore[arg-type]
    ratio = good.at(asked) / bad.at(asked)
    # The best of 64 is hardly ever below the upper tenth of what a draw would give.
    drawn = good.draw(4000, 3.0, np.random.default_rng(0))
    assert np.mean(ratio > np.quantile(good.at(drawn) / bad.at(drawn), 0.9)) > 0.95
