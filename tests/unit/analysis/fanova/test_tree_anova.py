from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from hypertendril.analysis.fanova.axes import (
    Axis,
    ChoiceAxis,
    Inactive,
    RangeAxis,
    Restriction,
    StepAxis,
    column_axis,
    encode,
)
from hypertendril.analysis.fanova.tree_anova import Fanova, boxed
from hypertendril.analysis.fanova.trees import FlatTree, trees_of_boosting, trees_of_forest

ROOT = Path(__file__).parents[4]
OWN = ROOT / "tests" / "data" / "fanova"
SHARED = ROOT / ".." / "shared" / "data" / "fanova"
TOLERANCE = 1e-9

Floats = NDArray[np.float64]
Case = dict[str, Any]


def cases() -> list[Any]:
    own = [pytest.param(path, id=path.stem) for path in sorted(OWN.glob("exact_*.json"))]
    if not SHARED.is_dir():
        skip = pytest.mark.skip(reason="the wider set of exact answers is not on this machine")
        return [*own, pytest.param(SHARED, id="shared", marks=skip)]
    shared = [
        pytest.param(p, id=f"shared-{p.stem}")
        for p in sorted(SHARED.glob("exact_*.json"))
        if p.read_bytes() != (OWN / p.name).read_bytes()
    ]
    return own + shared


@pytest.fixture(params=cases())
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = json.loads(request.param.read_text())
    return found


def axis_of(spec: Case) -> Axis:
    inactive = spec.get("p_inactive", 0.0)
    if spec["kind"] == "cat":
        return ChoiceAxis.over(len(spec["choices"]), inactive)
    step = spec.get("step") or (1.0 if spec["kind"] == "int" else None)
    low, high, log = float(spec["low"]), float(spec["high"]), spec["log"]
    if step:
        values = np.arange(low, high + step / 2, step)
        return StepAxis.over(values, step, log=log, inactive=inactive)
    ends = (np.log(low), np.log(high)) if log else (low, high)
    return RangeAxis(float(ends[0]), float(ends[1]), log, inactive)


class Oracle:
    """A case with its trees in our form."""

    def __init__(self, case: Case) -> None:
        self.space = case["space"]
        self.names = [spec["name"] for spec in self.space]
        self.axes = [axis_of(spec) for spec in self.space]
        self.first = np.searchsorted(column_axis(self.axes), np.arange(len(self.axes)))
        self.trees = [self._tree(nodes) for nodes in case["forest"]]

    def _tree(self, nodes: list[Case]) -> FlatTree:
        rows = [self._row(node) for node in nodes]
        left, right, feature, threshold, value = (
            np.array(column) for column in zip(*rows, strict=True)
        )
        return FlatTree(left, right, feature, threshold.astype(float), value.astype(float))

    def _row(self, node: Case) -> tuple[float, ...]:
        if "value" in node:
            return (-1, -1, -2, 0.0, node["value"])
        i = self.names.index(node["dim"])
        spec, axis, column = self.space[i], self.axes[i], int(self.first[i])
        if spec["kind"] == "cat":
            choice = [*spec["choices"], "__inactive__"].index(node["category"])
            return (node["left"], node["right"], column + choice, 0.5, 0.0)
        threshold = node["threshold"]
        if threshold is None:
            threshold = float(axis.encode(np.array([np.nan]))[0, 0]) + 1e-3
        elif spec["log"]:
            threshold = np.log(threshold)
        return (node["left"], node["right"], column, threshold, 0.0)

    def restrictions(self, ranges: Case) -> dict[int, Restriction]:
        found: dict[int, Restriction] = {}
        for name, part in ranges.items():
            i = self.names.index(name)
            choices = self.space[i].get("choices")
            found[i] = frozenset(choices.index(c) for c in part) if choices else (part[0], part[1])
        return found


def ours(oracle: Oracle, expected: Case) -> Fanova:
    cutoff = (expected["cutoff"][0], np.inf) if expected["cutoff"] else None
    restrictions = oracle.restrictions(expected["ranges"])
    return Fanova(
        oracle.axes, boxed(oracle.axes, oracle.trees), restrictions=restrictions, cutoff=cutoff
    )


def test_means_and_variances_of_every_tree_are_exact(case: Case) -> None:
    oracle = Oracle(case)
    for expected in case["expected"]:
        found = ours(oracle, expected)
        trees = expected["trees"]
        assert found.mean == pytest.approx([t["mean"] for t in trees], abs=TOLERANCE)
        assert found.total == pytest.approx([t["total_variance"] for t in trees], abs=TOLERANCE)
        main = np.array([[t["main"][name] for name in oracle.names] for t in trees])
        assert found.main == pytest.approx(main, abs=TOLERANCE)


def test_pairs_of_every_tree_are_exact_in_both_orders(case: Case) -> None:
    oracle = Oracle(case)
    for expected in case["expected"]:
        found = ours(oracle, expected)
        for key in expected["interaction"]:
            i, j = (oracle.names.index(name) for name in key.split(","))
            joint = [t["joint"][key] for t in expected["trees"]]
            interaction = [t["interaction"][key] for t in expected["trees"]]
            for pair in ((i, j), (j, i)):
                assert found.interaction(*pair)[0] == pytest.approx(joint, abs=TOLERANCE)
                assert found.interaction(*pair)[1] == pytest.approx(interaction, abs=TOLERANCE)


def test_shares_are_the_exact_means_over_trees(case: Case) -> None:
    oracle = Oracle(case)
    for expected in case["expected"]:
        found = ours(oracle, expected)
        shares = found.main / found.total[:, None]
        for i, name in enumerate(oracle.names):
            exact = expected["importance"][name]
            assert shares[:, i].mean() == pytest.approx(exact["mean"], abs=TOLERANCE)
            assert shares[:, i].std() == pytest.approx(exact["std"], abs=TOLERANCE)


def test_marginals_are_exact(case: Case) -> None:
    oracle = Oracle(case)
    found = Fanova(oracle.axes, boxed(oracle.axes, oracle.trees))
    for i, name in enumerate(oracle.names):
        exact, axis = case["curves"][name], oracle.axes[i]
        if isinstance(axis, ChoiceAxis):
            at = np.arange(len(exact["mean"]), dtype=float)
        else:
            at = axis.encode(np.array(exact["x"], dtype=float))[:, 0]
        if isinstance(axis, StepAxis):  # trees see steps in single precision
            at = at.astype(np.float32).astype(float)
        curves = found.curve(i, at)
        assert curves.mean(axis=0) == pytest.approx(np.array(exact["mean"]), abs=TOLERANCE)
        assert curves.std(axis=0) == pytest.approx(np.array(exact["std"]), abs=TOLERANCE)


MIXED: list[Axis] = [
    RangeAxis(float(np.log(1e-4)), float(np.log(1.0)), log=True, inactive=0.25),
    StepAxis.over(np.arange(1.0, 7.0), 1.0, log=True),
    ChoiceAxis.over(3, inactive=0.2),
]


@pytest.fixture
def mixed_data(rng: np.random.Generator) -> tuple[NDArray[np.float32], Floats]:
    n = 80
    values = np.column_stack(
        [10.0 ** rng.uniform(-4, 0, n), rng.integers(1, 7, n), rng.integers(0, 3, n)]
    ).astype(float)
    values[rng.random(n) < 0.25, 0] = np.nan
    values[rng.random(n) < 0.2, 2] = np.nan
    y = np.nan_to_num(np.log10(values[:, 0])) * values[:, 1] + np.nan_to_num(values[:, 2], nan=5)
    return encode(MIXED, values), y + 0.1 * rng.standard_normal(n)


def atoms(axis: Axis, thresholds: Floats) -> list[tuple[Floats, float]]:
    """Every cell of an axis: what trees see there, and its mass."""
    if isinstance(axis, ChoiceAxis):
        return [(row, mass) for row, mass in zip(np.eye(len(axis.mass)), axis.mass, strict=True)]
    inactive = axis.encode(np.array([np.nan]))[0]
    found = [(inactive, axis.inactive)] if axis.inactive else []
    active = 1.0 - axis.inactive
    if isinstance(axis, StepAxis):
        masses = np.diff(axis.cumulative) * active
        return found + [(np.array([z]), m) for z, m in zip(axis.encoded, masses, strict=True)]
    inner = thresholds[(thresholds > axis.low) & (thresholds < axis.high)]
    edges = np.unique([axis.low, *inner, axis.high])
    cells = itertools.pairwise(edges)
    width = axis.high - axis.low
    return found + [(np.array([(a + b) / 2]), (b - a) / width * active) for a, b in cells]


def brute_force(predict: Any, trees: list[FlatTree]) -> dict[tuple[int, ...], float]:
    """Variances of the marginals of all sets of axes, by direct sums over all joint cells."""
    of_column = column_axis(MIXED)
    thresholds = np.concatenate([t.threshold[t.feature >= 0] for t in trees])
    columns = np.concatenate([of_column[t.feature[t.feature >= 0]] for t in trees])
    cells = [atoms(axis, thresholds[columns == i]) for i, axis in enumerate(MIXED)]
    rows = [np.concatenate([z for z, _ in cell]) for cell in itertools.product(*cells)]
    mass = np.array([np.prod([m for _, m in cell]) for cell in itertools.product(*cells)])
    shape = [len(cell) for cell in cells]
    value = predict(np.array(rows, dtype=np.float32)).reshape(shape)
    mass = mass.reshape(shape)
    mean = float((mass * value).sum())
    found = {(): mean, (0, 1, 2): float((mass * (value - mean) ** 2).sum())}
    for size in (1, 2):
        for kept in itertools.combinations(range(3), size):
            away = tuple(i for i in range(3) if i not in kept)
            weight = mass.sum(axis=away)
            level = (mass * value).sum(axis=away) / weight
            found[kept] = float((weight * (level - mean) ** 2).sum())
    return found


def test_a_forest_over_mixed_axes_equals_brute_force(
    mixed_data: tuple[NDArray[np.float32], Floats],
) -> None:
    model = RandomForestRegressor(5, random_state=0).fit(*mixed_data)
    trees = trees_of_forest(model)
    found = Fanova(MIXED, boxed(MIXED, trees))
    for t, tree in enumerate(trees):
        exact = brute_force(model.estimators_[t].predict, [tree])
        assert found.mean[t] == pytest.approx(exact[()], abs=1e-9)
        assert found.total[t] == pytest.approx(exact[0, 1, 2], abs=1e-9)
        for i in range(3):
            assert found.main[t, i] == pytest.approx(exact[(i,)], abs=1e-9)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            assert found.interaction(i, j)[0][t] == pytest.approx(exact[i, j], abs=1e-9)


def test_a_sum_of_boosted_trees_equals_brute_force(
    mixed_data: tuple[NDArray[np.float32], Floats],
) -> None:
    model = HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=5, min_samples_leaf=3)
    model.fit(*mixed_data)
    trees = trees_of_boosting(model)
    found = Fanova(MIXED, boxed(MIXED, trees, np.zeros(len(trees), dtype=np.int64)))
    exact = brute_force(model.predict, trees)
    for i in range(3):
        assert found.main[0, i] == pytest.approx(exact[(i,)], abs=1e-9)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert found.interaction(i, j)[0][0] == pytest.approx(exact[i, j], abs=1e-9)


def test_many_chunks_and_blocks_give_what_one_gives(
    mixed_data: tuple[NDArray[np.float32], Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = trees_of_forest(RandomForestRegressor(7, random_state=0).fit(*mixed_data))
    whole = Fanova(MIXED, boxed(MIXED, trees))
    monkeypatch.setattr("hypertendril.analysis.fanova.tree_anova._CHUNK_NODES", 200)
    monkeypatch.setattr("hypertendril.analysis.fanova.tree_anova._BLOCK_CELLS", 600)
    parts = Fanova(MIXED, boxed(MIXED, trees))
    assert parts.main == pytest.approx(whole.main, abs=1e-12)
    assert parts.interaction(0, 2)[0] == pytest.approx(whole.interaction(0, 2)[0], abs=1e-12)
    at = MIXED[1].grid(6)[1], np.arange(3.0)
    assert parts.surface(1, 2, *at) == pytest.approx(whole.surface(1, 2, *at), abs=1e-12)


def test_a_surface_averages_to_the_marginals(
    mixed_data: tuple[NDArray[np.float32], Floats],
) -> None:
    trees = trees_of_forest(RandomForestRegressor(6, random_state=0).fit(*mixed_data))
    found = Fanova(MIXED, boxed(MIXED, trees))
    steps, choices = MIXED[1], MIXED[2]
    assert isinstance(steps, StepAxis)
    assert isinstance(choices, ChoiceAxis)
    codes = np.arange(4.0)  # the inactive state too
    surface = found.surface(1, 2, steps.encoded, codes)
    along_steps = found.curve(1, steps.encoded).mean(axis=0)
    assert surface @ choices.mass == pytest.approx(along_steps, abs=1e-9)
    along_choices = found.curve(2, codes).mean(axis=0)
    assert np.diff(steps.cumulative) @ surface == pytest.approx(along_choices, abs=1e-9)


def test_the_inactive_state_can_be_asked_for_alone(
    mixed_data: tuple[NDArray[np.float32], Floats],
) -> None:
    model = RandomForestRegressor(3, random_state=0).fit(*mixed_data)
    found = Fanova(
        MIXED,
        boxed(MIXED, trees_of_forest(model)),
        restrictions={0: Inactive.ONLY, 2: Inactive.ONLY},
    )
    steps = MIXED[1]
    assert isinstance(steps, StepAxis)
    x = encode(MIXED, np.column_stack([np.full(6, np.nan), steps.values, np.full(6, np.nan)]))
    expected = model.predict(x) @ np.diff(steps.cumulative)
    assert found.mean.mean() == pytest.approx(expected, abs=1e-9)
    assert found.main[:, 0] == pytest.approx(0)


def test_a_tree_without_a_split_has_no_variance() -> None:
    nothing = np.full(1, -1)
    leaf = FlatTree(nothing, nothing, nothing, np.zeros(1), np.array([3.5]))
    found = Fanova(MIXED, boxed(MIXED, [leaf]))
    assert found.mean.tolist() == [3.5]
    assert found.total.tolist() == [0.0]
    assert found.curve(1, np.zeros(2)).tolist() == [[3.5, 3.5]]
    assert found.interaction(0, 1)[1].tolist() == [0.0]
